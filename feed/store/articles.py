"""Articles: the story pages. An article under live coverage has a feed of its own, with the same slug."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlite_utils import Database

from feed import fields, slugs, text, times
from feed.errors import Invalid, Message, Missing, Reason, Stale
from feed.store import actions, addresses, editors, feeds, moments, pictures
from feed.store.actions import Verb
from feed.store.database import Store, insert
from feed.store.editors import Editor
from feed.store.feeds import Feed, Row
from feed.store.pictures import Picture

_COLUMNS = """
    articles.id, articles.slug, articles.revision, articles.kicker, articles.headline, articles.standfirst,
    articles.body, articles.html, articles.byline, articles.author_id, articles.picture_id, articles.language,
    articles.draft, articles.published_at, articles.edited_at
    FROM articles LEFT JOIN feeds ON feeds.article_id = articles.id
"""
_PARTS = {
    "kicker": "kicker",
    "headline": "headline",
    "standfirst": "standfirst",
    "author_id": "author",
    "picture_id": "picture",
    "html": "body",
}  # the part of the page that shows each column (see store.parts); every edit changes the byline, too
_ON_CARDS = {"headline", "standfirst", "picture_id", "draft", "language"}  # what a card in another article shows
_STORED = (
    "slug", "headline", "standfirst", "body", "byline", "author_id", "kicker", "picture_id", "language", "draft", "html"
)  # fmt: skip


@dataclass(frozen=True)
class Article:
    """An article as it is now, with what its page shows. `author` is the editor whose card it shows, if any; `feed` is
    its own feed, if it has or had live coverage. `published_at` is None until it is first published. `language` is a
    BCP 47 tag, None for the site's."""

    id: int
    slug: str
    revision: int
    kicker: str | None
    headline: str
    standfirst: str | None
    body: str
    html: str
    byline: str
    language: str | None
    draft: bool
    published_at: str | None
    edited_at: str | None
    picture: Picture | None
    author: Editor | None
    feed: Feed | None

    @property
    def live(self) -> bool:
        """Whether it has a feed of its own with open coverage."""
        return self.feed is not None and self.feed.open


def create(store: Store, editor: Editor, given: Mapping[str, object]) -> Article:
    """Creates an article. Without a byline it gets the author's name; without an author, the editor, unless the byline
    names somebody else; without a slug, one made of the headline. Raises Invalid, also for a given slug that is
    taken."""
    cleaned = _cleaned(store, given, None)
    cleaned["made_slug"] = slugs.slug_of(cleaned["headline"], cleaned["language"] or store.language)
    if "author" not in given:
        del cleaned["author"]
    return store.write(_create, editor, cleaned)


def edit(store: Store, slug: str, editor: Editor, given: Mapping[str, object], revision: int | None = None) -> Article:
    """Changes the fields that are given. `revision` is the one that the editor read; None overwrites what others
    changed since. Another slug is another address, and the old address leads to it.

    Raises Missing, Invalid, or Stale with the current article.
    """
    with store.read() as db:
        current = get(db, slug, drafts=True)
    return store.write(_edit, slug, editor, _cleaned(store, given, current), revision)


def get(db: Database, slug: str, *, drafts: bool = False) -> Article:
    """The article with that slug. Raises Missing, for a draft too unless `drafts`."""
    row = db.execute(f"SELECT {_COLUMNS} WHERE articles.slug = ?", [slug]).fetchone()
    if row is None or (row["draft"] and not drafts):
        raise Missing(slug)
    return _article(db, row)


def as_of(db: Database, article: Article, revision: int) -> dict[str, Any]:
    """The fields of that article at that revision; empty when there is no such revision."""
    row = db.execute(
        "SELECT fields FROM article_revisions WHERE article_id = ? AND revision = ?", [article.id, revision]
    ).fetchone()
    stored: dict[str, Any] = json.loads(row["fields"]) if row else {}
    if stored:
        author_id = stored.get("author_id")
        stored["author"] = editors.by_id(db, author_id).name if author_id else None
        stored |= {"picture": stored["picture_id"], "draft": bool(stored["draft"])}
    return stored


def newest_first(db: Database, limit: int, *, drafts: bool = False) -> list[Article]:
    """Articles for the front page: those under live coverage first, then the latest. With `drafts`, also drafts, for
    the desk."""
    rows = db.execute(
        f"SELECT {_COLUMNS} {'' if drafts else 'WHERE NOT articles.draft'} ORDER BY "
        "(feeds.id IS NULL OR feeds.closed_at IS NOT NULL), articles.published_at IS NOT NULL, "
        "articles.published_at DESC, articles.id DESC LIMIT ?",
        [limit],
    ).fetchall()
    return [_article(db, row) for row in rows]


def by(db: Database, editor_id: int, limit: int) -> list[Article]:
    """Up to `limit` public articles of that author, the latest first."""
    rows = db.execute(
        f"SELECT {_COLUMNS} WHERE NOT articles.draft AND articles.author_id = ? "
        "ORDER BY articles.published_at DESC, articles.id DESC LIMIT ?",
        [editor_id, limit],
    ).fetchall()
    return [_article(db, row) for row in rows]


def headlines(db: Database, wanted: set[str]) -> dict[str, Article]:
    """The public articles that have or had these slugs, by that slug, for the cards that link to them."""
    found = {slug: addresses.current(db, slug) for slug in wanted}
    return {slug: get(db, name) for slug, name in found.items() if name and name != feeds.NEWS}


def _cleaned(store: Store, given: Mapping[str, object], current: Article | None) -> dict[str, Any]:
    cleaned = fields.clean(fields.ARTICLE, given, partial=current is not None)
    if "slug" in given and cleaned["slug"] is None and (current or given["slug"] is not None):
        raise Invalid(Reason("slug", Message("This is empty. Write something first.")))
    if cleaned.get("slug") == feeds.NEWS:
        raise Invalid(Reason("slug", Message("“news” is the site-wide feed; choose another.")))
    if "body" in cleaned:
        cleaned["body"] = cleaned["body"] or ""
        language = cleaned.get("language", current and current.language)
        cleaned["html"] = html_of(store, cleaned["body"], language)
    if "picture" in cleaned:
        cleaned["picture_id"] = cleaned.pop("picture")
    return cleaned


def html_of(store: Store, body: str, language: str | None) -> str:
    """The HTML of an article's text in that language; None is the site's. Raises Invalid."""
    known = pictures.named_in(store, body)
    return store.stories.run(text.to_html, body, fields.ARTICLE_BODY, language or store.language, known)


def _create(db: Database, editor: Editor, new: dict[str, Any]) -> Article:
    new["slug"] = new["slug"] or addresses.free(db, new["made_slug"])
    _take_address(db, new["slug"])
    pictures.check(db, new["picture_id"])
    _name(db, new, editor, None)
    moment = times.now()
    row: dict[str, Any] = {name: new[name] for name in _STORED}
    row |= {"revision": 1, "created_at": moment, "published_at": None if new["draft"] else moment}
    article_id = insert(db, "articles", row)
    if new["live"]:
        feeds.add(db, new["slug"], article_id)
    _keep_revision(db, article_id, editor, moment)
    _record(db, editor, Verb.CREATE_ARTICLE, article_id, draft=new["draft"])
    return get(db, new["slug"], drafts=True)


def _edit(db: Database, slug: str, editor: Editor, given: dict[str, Any], revision: int | None) -> Article:
    article = get(db, slug, drafts=True)
    if revision is not None and revision != article.revision:
        raise Stale(article)
    pictures.check(db, given.get("picture_id"))
    _name(db, given, editor, article)
    before = dict(db.execute("SELECT * FROM articles WHERE id = ?", [article.id]).fetchone())
    changed = {name: given[name] for name in _STORED if name in given and given[name] != before[name]}
    if "slug" in changed:
        _take_address(db, changed["slug"])
        addresses.retire(db, article.id, slug)
        slug = changed["slug"]
        feeds.rename(db, article.id, slug)
    if changed:
        moment = times.now()
        published = article.published_at or (moment if changed.get("draft") is False else None)
        edited = _edited_at(db, article, before | changed, moment)
        row = {**changed, "revision": article.revision + 1, "published_at": published, "edited_at": edited}
        db.table("articles").update(article.id, row)
        if changed.get("draft") is False:
            moments.date_drafted(db, article.id, moment)
        _keep_revision(db, article.id, editor, moment)
        _record(db, editor, Verb.EDIT_ARTICLE, article.id, draft=article.draft and changed.get("draft", True))
    if "live" in given and given["live"] != article.live:
        _set_live(db, article, slug, editor, live=given["live"])
    if changed:
        _tell_followers(db, article, changed)
    return get(db, slug, drafts=True)


def _name(db: Database, given: dict[str, Any], editor: Editor, current: Article | None) -> None:
    """Decides byline and author. A byline that names somebody else than the author removes the author's card, unless an
    author was given; a new author's name becomes the byline, unless a byline was given."""
    author, shown = current and current.author, "byline" in given and given["byline"]
    if "author" in given:
        name = given.pop("author")
        chosen = _author(db, name) if name else None
        if chosen and chosen != author and not shown:
            given["byline"] = chosen.display_name
        author = chosen
    elif shown and (current is None or shown != current.byline):
        author = next((each for each in (author, editor) if each and each.display_name == shown), None)
    elif "byline" in given and not shown:
        author = editor
    if "byline" in given and not given["byline"]:
        given["byline"] = (author or editor).display_name
    if current is None or author != current.author:
        given["author_id"] = author and author.id


def _author(db: Database, name: str) -> Editor:
    try:
        return editors.by_name(db, name)
    except Missing:
        raise Invalid(Reason("author", Message("There is no editor of this name."))) from None


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


def _record(db: Database, editor: Editor, verb: Verb, article_id: int, *, draft: bool) -> None:
    feed = db.execute("SELECT id FROM feeds WHERE article_id = ?", [article_id]).fetchone()
    actions.record(db, editor, verb, feed_id=feed and feed["id"], article_id=article_id, draft=draft)


def _set_live(db: Database, article: Article, slug: str, editor: Editor, *, live: bool) -> None:
    """Opens or closes the coverage of the article; the first time, this gives it a feed."""
    if article.feed is None:
        # The open pages of the article have no place for coverage, so a new epoch makes them reload.
        feeds.begin_epoch(db, feeds.clock_of(db, article.id).id)
        feeds.add(db, slug, article.id)
        feed = feeds.clock_of(db, article.id)
        actions.record(db, editor, Verb.OPEN, feed_id=feed.id, draft=feed.draft)
    else:
        feeds.set_closed(db, article.feed, None if live else times.now(), editor)


def _tell_followers(db: Database, article: Article, changed: Mapping[str, Any]) -> None:
    """Sends the edit to open pages. They reload when the article became a draft, when its address changed, because they
    follow the old one, and when its language changed, because that changes the HTML of every update and the version of
    none."""
    if changed.keys() & _ON_CARDS and not (article.draft and changed.get("draft", True)):
        _tell_followers_of_cards(db, article)
    clock = feeds.clock_of(db, article.id)
    if changed.keys() & {"draft", "language", "slug"}:
        feeds.begin_epoch(db, clock.id)
        return
    feeds.stamp_story(db, clock, {"byline", *(part for name, part in _PARTS.items() if name in changed)})


def _tell_followers_of_cards(db: Database, article: Article) -> None:
    """Sends the new card of the article to open pages of the articles that link to it. Looking through all texts takes
    1 ms for about a hundred articles."""
    names = {article.slug, *addresses.of(db, article.id)}
    linked = " OR ".join(["instr(html, ?)"] * len(names))
    linking = f"SELECT id FROM articles WHERE NOT draft AND id <> ? AND ({linked})"
    for (article_id,) in db.execute(linking, [article.id, *(f'/articles/{name}"' for name in names)]).fetchall():
        feeds.stamp_story(db, feeds.clock_of(db, article_id), ("body",))


def withdrawn(db: Database) -> list[tuple[int, str]]:
    """The articles that are drafts again after they were public: id, and when each was created."""
    found = db.execute("SELECT id, created_at FROM articles WHERE draft AND published_at IS NOT NULL").fetchall()
    return [(row["id"], row["created_at"]) for row in found]


def withdraw_again(db: Database, gone: list[tuple[int, str]]) -> None:
    """Makes those of these articles drafts that are public in this older copy, in a transaction of the caller's in
    which all feeds begin a new epoch."""
    for article_id, created_at in gone:
        taken = db.execute(
            "UPDATE articles SET draft = 1, revision = revision + 1 WHERE id = ? AND created_at = ? AND NOT draft",
            [article_id, created_at],
        )
        if taken.rowcount:
            _keep_revision(db, article_id, None, times.now())


def _keep_revision(db: Database, article_id: int, editor: Editor | None, moment: str) -> None:
    """Stores the current fields of the article as a revision, saved by that editor at that moment."""
    row = dict(db.execute("SELECT * FROM articles WHERE id = ?", [article_id]).fetchone())
    revision = {"article_id": article_id, "revision": row["revision"], "fields": json.dumps(row)}
    insert(db, "article_revisions", {**revision, "editor_id": editor and editor.id, "at": moment})


def _article(db: Database, row: Row) -> Article:
    values = dict(row)
    picture_id, author_id = values.pop("picture_id"), values.pop("author_id")
    feed = db.execute("SELECT 1 FROM feeds WHERE article_id = ?", [row["id"]]).fetchone()
    return Article(
        **{**values, "draft": bool(row["draft"])},
        picture=pictures.get(db, picture_id) if picture_id else None,
        author=editors.by_id(db, author_id) if author_id else None,
        feed=feeds.get(db, row["slug"], drafts=True) if feed else None,
    )
