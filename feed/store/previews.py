"""What an update would be if it were published now. Nothing is stored."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from feed import applied, fields, times
from feed.errors import Message
from feed.store import bylines, editors, feeds, moments, pictures, publishing, waiting, writing
from feed.store.articles import Article
from feed.store.database import Store
from feed.store.editors import Editor
from feed.store.updates import Update

NO_ID = 0  # the id of an update that is not published; SQLite's begin with 1


@dataclass(frozen=True)
class Preview:
    """The update with NO_ID, and what the rules for texts did to it, in sentences."""

    update: Update
    applied: list[Message]


def preview(
    store: Store,
    slug: str,
    editor: Editor,
    given: Mapping[str, object],
    mastodon: tuple[str, ...] = (),
    *,
    byline: str | None = None,
    edits: Update | None = None,
) -> Preview:
    """The update that `publishing.publish` would make of these fields, or `publishing.edit` of the update that it
    `edits`. The text is rendered by the same function on the same threads, so it waits for the editor's turn.
    `mastodon` is that of `external.find`; without a `byline` it is the editor's. Raises Missing for the feed, Invalid
    for the fields, Crowded."""
    with store.read() as db:
        feed = feeds.get(db, slug, drafts=True)
        moment = moments.now(db, feed)
    cleaned = fields.clean(fields.UPDATE, given)
    language = cleaned["language"] or feed.language
    html = publishing.html_of(store, cleaned["body"], language, editor)
    update = Update(
        **cleaned,
        id=NO_ID,
        feed=slug,
        version=feed.version,
        revision=1,
        html=html,
        byline=byline or editor.display_name,
        published_at=moment,
        edited_at=None,
        retracted_at=None,
        reason=None,
        notice=False,
        restored_at=None,
        feed_language=feed.language,
    )
    if edits:
        update = replace(
            update,
            id=edits.id,
            key=edits.key,
            pinned=edits.pinned,
            byline=edits.byline,
            published_at=edits.published_at,
            edited_at=max(times.now(), edits.edited_at or edits.published_at),
        )
    known = waiting.known_in(store, update.body, editor)
    told = store.texts.run(
        applied.rules_applied, update.headline, update.body, language or store.language, known, mastodon
    )
    return Preview(update, told)


def article(
    store: Store, editor: Editor, author: Editor, given: Mapping[str, object], current: Article | None
) -> Article:
    """The article that `writing.create` would make of these fields of that author's, or `writing.edit` of the current
    one. It may show the uploads that the editor may see. Raises Invalid, Crowded."""
    new: dict[str, Any] = (
        writing.edited_fields(store, editor, given, current) if current else writing.new_fields(store, editor, given)
    )
    with store.read() as db:
        bylines.settle(db, new, author, current)
        signed, shown = new.pop("author_id", None), new.pop("picture_id", None)
        new["picture"] = pictures.get(db, shown) if shown else None
        new["author"] = editors.by_id(db, signed) if signed else current.author if current else None
    values = {name: new[name] for name in Article.__dataclass_fields__ if name in new}
    if current:
        return replace(current, **values)
    values |= {"id": NO_ID, "slug": new["slug"] or new["made_slug"], "revision": 1, "feed": None}
    return Article(**values, published_at=times.now(), edited_at=None)
