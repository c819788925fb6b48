"""Writing articles: create and edit."""

import json
from collections.abc import Mapping
from typing import Any

from sqlite_utils import Database

from feed import fields, slugs, text, times
from feed.errors import Invalid, KeyUsed, Message, Reason, Stale
from feed.store import (
    actions,
    addresses,
    article_drafts,
    articles,
    bylines,
    feeds,
    moments,
    permissions,
    pictures,
    publishing,
    scheduled,
    scheduling,
    submissions,
    waiting,
)
from feed.store.articles import Article
from feed.store.database import Store, insert
from feed.store.editors import Editor
from feed.store.scheduling import Timing
from feed.store.verbs import Verb

_PARTS = {
    "kicker": "kicker",
    "headline": "headline",
    "standfirst": "standfirst",
    "author_id": "author",
    "picture_id": "picture",
    "html": "body",
}  # the part of the page that shows each column (see store.parts); every edit changes the byline, too
_ON_CARDS = {"headline", "standfirst", "picture_id", "draft", "language"}  # what a card in another article shows
_WORDS = ("kicker", "headline", "standfirst", "body")  # by these a text that is sent again is known
_STORED = (
    "slug", "headline", "standfirst", "body", "byline", "author_id", "kicker", "picture_id", "language", "draft", "html"
)  # fmt: skip

_LOGGED = [name for name in _STORED if name not in ("author_id", "html")]  # a new author is a new byline


def create(
    store: Store,
    editor: Editor,
    given: Mapping[str, object],
    *,
    draft_id: str | None = None,
    timing: Timing | None = None,
) -> Article:
    """Creates an article. Without a byline it gets the author's name; without an author, the editor, unless the byline
    names somebody else; without a slug, one made of the headline. The same draft gives the same article again. `timing`
    schedules it.

    Raises Invalid, also for a given slug that is taken; KeyUsed for a draft from which another article was made."""
    return store.write(put, editor, new_fields(store, editor, given), draft_id, actor=editor, timing=timing)


def edit(
    store: Store,
    slug: str,
    editor: Editor,
    given: Mapping[str, object],
    revision: int | None = None,
    *,
    draft_id: str | None = None,
    timing: Timing | None = None,
) -> Article:
    """Changes the fields that are given. `revision` is the one that the editor read; None overwrites what others
    changed since. Another slug is another address, and the old address leads to it. `draft_id` is the draft of this
    edit: sending the same again, because no answer came, changes nothing. `timing` schedules it. A `minor` edit
    leaves the mark "Updated" and its time as they are.

    Raises Missing, Invalid, NotAllowed, or Stale with the current article.
    """
    with store.read() as db:
        current = articles.get(db, slug, drafts=True)
    edited = edited_fields(store, editor, given, current)
    return store.write(put_edit, slug, editor, edited, revision, draft_id, actor=editor, timing=timing)


def withdraw_again(db: Database, gone: list[tuple[int, str]]) -> None:
    """Makes those of these articles drafts that are public in this older copy, in a transaction of the caller's in
    which all feeds begin a new epoch."""
    for article_id, created_at in gone:
        taken = db.execute(
            "UPDATE articles SET draft = 1, revision = revision + 1 WHERE id = ? AND created_at = ? AND NOT draft",
            [article_id, created_at],
        )
        if taken.rowcount:
            keep_revision(db, article_id, None, times.now())


def html_of(store: Store, body: str, language: str | None, editor: Editor | None = None) -> str:
    """The HTML of an article's text in that language; None is the site's. It may show public pictures and the editor's
    own uploads. Raises Invalid."""
    known = waiting.known_in(store, body, editor)
    return store.stories.run(text.to_html, body, fields.ARTICLE_BODY, language or store.language, known)


def new_fields(store: Store, editor: Editor, given: Mapping[str, object]) -> dict[str, Any]:
    """The fields of a new article, cleaned, with the HTML of its text, and a slug made of its headline. Raises
    Invalid."""
    cleaned = _cleaned(store, editor, given, None)
    cleaned["made_slug"] = slugs.slug_of(cleaned["headline"], cleaned["language"] or store.language)
    if "author" not in given:
        del cleaned["author"]
    return cleaned


def edited_fields(store: Store, editor: Editor, given: Mapping[str, object], current: Article) -> dict[str, Any]:
    """The fields of an edit of that article, cleaned, with the HTML of a new text. Raises Invalid."""
    return _cleaned(store, editor, given, current)


def _cleaned(store: Store, editor: Editor, given: Mapping[str, object], current: Article | None) -> dict[str, Any]:
    table = fields.ARTICLE_EDIT if current else fields.ARTICLE
    cleaned = fields.clean(table, given, partial=current is not None)
    if "slug" in given and cleaned["slug"] is None and (current or given["slug"] is not None):
        raise Invalid(Reason("slug", Message("This is empty. Write something first.")))
    if cleaned.get("slug") == feeds.NEWS:
        raise Invalid(Reason("slug", Message("“news” is the site-wide feed; choose another.")))
    if "body" in cleaned:
        cleaned["body"] = cleaned["body"] or ""
        language = cleaned.get("language", current and current.language)
        cleaned["html"] = html_of(store, cleaned["body"], language, editor)
    if "picture" in cleaned:
        cleaned["picture_id"] = cleaned.pop("picture")
    return cleaned


def put(
    db: Database,
    author: Editor,
    new: dict[str, Any],
    draft_id: str | None = None,
    *,
    actor: Editor | None,
    timing: Timing | None = None,
) -> Article:
    """Creates an article with these fields of `new_fields`, in a transaction of the caller's. `author` wrote it, and
    `actor` creates it. Raises what `create` does, and NotAllowed for the actor."""
    if draft_id and (made := _made_from(db, draft_id, author, new)):
        return articles.get(db, made, drafts=True)
    new["slug"] = new["slug"] or addresses.free(db, new["made_slug"])
    _take_address(db, new["slug"])
    pictures.check(db, new["picture_id"])
    waiting.publish(db, new["html"], author, actor)
    bylines.settle(db, new, author, None)
    moment = times.now()
    row: dict[str, Any] = {name: new[name] for name in _STORED}
    row |= {"revision": 1, "created_at": moment, "published_at": None if new["draft"] else moment, "draft_id": draft_id}
    article_id = insert(db, "articles", row)
    if new["live"]:
        feeds.add(db, new["slug"], article_id)
    keep_revision(db, article_id, author, moment)
    _record(db, actor, Verb.CREATE_ARTICLE, article_id, None, row, draft=new["draft"])
    if draft_id:
        article_drafts.set_published(db, draft_id, author, article_id)
        submissions.set_saved(db, draft_id, actor, article_id, 1, draft=new["draft"])
    article = articles.get(db, new["slug"], drafts=True)
    if timing and actor:
        scheduling.set_article(db, article, actor, timing)
    return article


def _made_from(db: Database, draft_id: str, editor: Editor, new: dict[str, Any]) -> str | None:
    """The slug of the article that was made from that draft before, None if none was. Raises KeyUsed if it was another
    text, or another editor's: then what was typed since must not be taken for it."""
    row = db.execute(
        "SELECT slug, editor_id, article_revisions.fields FROM articles "
        "JOIN article_revisions ON article_id = articles.id AND article_revisions.revision = 1 WHERE draft_id = ?",
        [draft_id],
    ).fetchone()
    if row is None:
        return None
    if row["editor_id"] != editor.id or not _same_words(new, json.loads(row["fields"])):
        raise KeyUsed(Reason("draft_id", Message("This draft was saved as an article already, with another text.")))
    return str(row["slug"])


def _same_words(given: Mapping[str, Any], stored: Mapping[str, Any]) -> bool:
    return all(given[name] == stored[name] for name in _WORDS if name in given)


def put_edit(
    db: Database,
    slug: str,
    author: Editor,
    given: dict[str, Any],
    revision: int | None,
    draft_id: str | None = None,
    *,
    actor: Editor | None,
    timing: Timing | None = None,
) -> Article:
    """Applies an edit with these fields of `edited_fields`, in a transaction of the caller's. `author` wrote it, and
    `actor` saves it. Raises what `edit` does, and NotAllowed for the actor."""
    article = articles.get(db, slug, drafts=True)
    feed_id = article.feed.id if article.feed else None
    minor = given.pop("minor", False)
    verb = Verb.MINOR_EDIT if minor else Verb.EDIT_ARTICLE
    # Before anything is told, or noted
    permissions.permit(db, actor, verb, draft=article.draft and given.get("draft", True), feed_id=feed_id)
    if revision is not None and revision != article.revision:
        if draft_id and _sent_again(db, article, author, given, draft_id):
            return article
        raise Stale(article)
    if minor:
        publishing.check_minor(draft=article.draft or given.get("draft", False))
    if draft_id:
        article_drafts.set_published(db, draft_id, author, article.id)
        submissions.set_saved(
            db, draft_id, actor, article.id, article.revision, draft=given.get("draft", article.draft)
        )
    pictures.check(db, given.get("picture_id"))
    bylines.settle(db, given, author, article)
    before = dict(db.execute("SELECT * FROM articles WHERE id = ?", [article.id]).fetchone())
    changed = {name: given[name] for name in _STORED if name in given and given[name] != before[name]}
    if "slug" in changed:
        _take_address(db, changed["slug"])
        addresses.retire(db, article.id, slug)
        slug = changed["slug"]
        feeds.rename(db, article.id, slug)
    waiting.publish(db, changed.get("html", ""), author, actor)
    if changed:
        moment = times.now()
        published = article.published_at or (moment if changed.get("draft") is False else None)
        edited = article.edited_at if minor else _edited_at(db, article, before | changed, moment)
        row = {**changed, "revision": article.revision + 1, "published_at": published, "edited_at": edited}
        db.table("articles").update(article.id, row)
        if changed.get("draft") is False:
            if planned := scheduled.forget_article(db, article.id):
                submissions.set_published(db, planned, actor, article_id=article.id)
            moments.date_drafted(db, article.id, moment)
        keep_revision(db, article.id, author, moment)
        still_draft = article.draft and changed.get("draft", True)
        if "draft" in changed:  # which a token may do only if it may publish or retract
            permissions.permit(db, actor, Verb.RETRACT if changed["draft"] else Verb.PUBLISH, feed_id=feed_id)
        _record(db, actor, verb, article.id, before, changed, draft=still_draft)
    if "live" in given and given["live"] != article.live:
        _set_live(db, article, slug, actor, live=given["live"])
    if changed:
        _tell_followers(db, article, changed)
    article = articles.get(db, slug, drafts=True)
    if timing and actor:
        scheduling.set_article(db, article, actor, timing)
    return article


def _sent_again(db: Database, article: Article, editor: Editor, given: dict[str, Any], draft_id: str) -> bool:
    """Whether these words are those of the article, and were saved from that draft."""
    return article_drafts.is_published(db, draft_id, editor, article.id) and _same_words(given, vars(article))


def _edited_at(db: Database, article: Article, now: Mapping[str, Any], moment: str) -> str | None:
    """When readers last got another text. What is changed in a draft reaches readers, if at all, when the draft is
    published."""
    if now["draft"] or not article.published_at:
        return article.edited_at
    if not article.draft:
        return moment
    seen = db.execute(
        "SELECT fields FROM article_revisions WHERE article_id = ? AND NOT json_extract(fields, '$.draft') "
        "ORDER BY revision DESC LIMIT 1",
        [article.id],
    ).fetchone()
    stored = json.loads(seen["fields"]) if seen else {}
    same = all(stored.get(name) == now[name] for name in _STORED if name != "draft")
    return article.edited_at if same else moment


def _take_address(db: Database, slug: str) -> None:
    if addresses.taken(db, slug):
        raise Invalid(Reason("slug", Message("An article has this address already; choose another.")))
    addresses.take(db, slug)


def _record(
    db: Database,
    actor: Editor | None,
    verb: Verb,
    article_id: int,
    before: Mapping[str, Any] | None,
    after: Mapping[str, Any],
    *,
    draft: bool,
) -> None:
    feed = db.execute("SELECT id FROM feeds WHERE article_id = ?", [article_id]).fetchone()
    actions.record(
        db, actor, verb,
        feed_id=feed and feed["id"], article_id=article_id, draft=draft,
        before=before, after={name: after[name] for name in _LOGGED if name in after},
    )  # fmt: skip


def _set_live(db: Database, article: Article, slug: str, actor: Editor | None, *, live: bool) -> None:
    """Opens or closes the coverage of the article; the first time, this gives it a feed."""
    if article.feed is None:
        # The open pages of the article have no place for coverage, so a new epoch makes them reload.
        feeds.begin_epoch(db, feeds.clock_of(db, article.id).id)
        feeds.add(db, slug, article.id)
        feed = feeds.clock_of(db, article.id)
        actions.record(db, actor, Verb.OPEN, feed_id=feed.id, draft=feed.draft)
    else:
        feeds.set_closed(db, article.feed, None if live else times.now(), actor)


def _tell_followers(db: Database, article: Article, changed: Mapping[str, Any]) -> None:
    """Sends the edit to open pages. They reload when the article became a draft, when its address changed, because they
    follow the old one, and when its language changed, because that changes the HTML of every update and the version of
    none."""
    if changed.keys() & _ON_CARDS and not (article.draft and changed.get("draft", True)):
        tell_followers_of_cards(db, article)
    clock = feeds.clock_of(db, article.id)
    if changed.keys() & {"draft", "language", "slug"}:
        feeds.begin_epoch(db, clock.id)
        return
    feeds.stamp_story(db, clock, {"byline", *(part for name, part in _PARTS.items() if name in changed)})


def tell_followers_of_cards(db: Database, article: Article) -> None:
    """Sends the new card of the article to open pages of the articles that link to it, in a transaction of the
    caller's. Looking through all texts takes 1 ms for about a hundred articles."""
    names = {article.slug, *addresses.of(db, article.id)}
    linked = " OR ".join(["instr(html, ?)"] * len(names))
    linking = f"SELECT id FROM articles WHERE NOT draft AND id <> ? AND ({linked})"
    for (article_id,) in db.execute(linking, [article.id, *(f'/articles/{name}"' for name in names)]).fetchall():
        feeds.stamp_story(db, feeds.clock_of(db, article_id), ("body",))


def keep_revision(db: Database, article_id: int, editor: Editor | None, moment: str) -> None:
    """Stores the current fields of the article as a revision, saved by that editor at that moment. None is nobody who
    signs in here."""
    row = dict(db.execute("SELECT * FROM articles WHERE id = ?", [article_id]).fetchone())
    revision = {"article_id": article_id, "revision": row["revision"], "fields": json.dumps(row)}
    insert(db, "article_revisions", {**revision, "editor_id": editor and editor.id, "at": moment})
