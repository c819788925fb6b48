"""What an update would be if it were published now. Nothing is stored."""

from collections.abc import Mapping
from dataclasses import dataclass

from feed import applied, fields
from feed.errors import Message
from feed.store import feeds, moments, publishing, waiting
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
    store: Store, slug: str, editor: Editor, given: Mapping[str, object], mastodon: tuple[str, ...] = ()
) -> Preview:
    """The update that `publishing.publish` would make of these fields. The text is rendered by the same function on the
    same threads, so it waits for the editor's turn. `mastodon` is that of `external.find`. Raises Missing for the feed,
    Invalid for the fields, Crowded."""
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
        byline=editor.display_name,
        published_at=moment,
        edited_at=None,
        retracted_at=None,
        reason=None,
        notice=False,
        restored_at=None,
        feed_language=feed.language,
    )
    known = waiting.known_in(store, update.body, editor)
    words = (update.headline, update.body, language or store.language)
    told = store.texts.run(applied.rules_applied, *words, known, mastodon)
    return Preview(update, told)
