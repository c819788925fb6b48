"""Changing the words of a public picture: description, caption and credit.

A text has the words of its pictures in its HTML, so the figure is replaced in every text that shows the picture. The
rest of the text keeps the HTML that it has (see rerender). Each update and each article gets a new version, so open
pages get the new words; they are not marked as edited, because what was written is as it was. A retracted update gets
the new words too, because it can be restored.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from sqlite_utils import Database

from feed import fields, text
from feed.errors import Invalid
from feed.figures import Known, Picture
from feed.store import actions, feeds, flags, pictures, search, updates
from feed.store.actors import Actor
from feed.store.database import Store
from feed.store.feeds import Row
from feed.store.updates import Update
from feed.store.verbs import Verb
from feed.turns import Turns

_FIGURE = re.compile(r"<figure>.*?</figure>", re.DOTALL)
_UPDATES = """
    SELECT updates.id, updates.body, updates.html, coalesce(updates.language, articles.language) AS language
    FROM updates JOIN feeds ON feeds.id = feed_id LEFT JOIN articles ON articles.id = feeds.article_id
    WHERE instr(updates.html, ?)
"""
_ARTICLES = "SELECT id, body, html, language FROM articles WHERE instr(html, ?)"


@dataclass(frozen=True)
class _Change:
    """What becomes of a text, if its HTML is still `before`."""

    id: int
    before: str
    after: str


def reword(store: Store, picture_id: str, given: Mapping[str, object], actor: Actor) -> None:
    """Changes the words of a public picture, here and in every text that shows it. A text that gives the picture a
    description of its own keeps that one. Raises Missing, Invalid and NotAllowed."""
    cleaned = fields.picture(given)
    with store.read() as db:
        before = pictures.get(db, picture_id)
        shown = f'src="/pictures/{picture_id}"'
        found = [db.execute(sought, [shown]).fetchall() for sought in (_UPDATES, _ARTICLES)]
    after = replace(before, **cleaned)
    if after == before:
        return
    in_updates, in_articles = (
        list(_changes(store, pool, limit, rows, before, after))
        for pool, limit, rows in zip(
            (store.texts, store.stories), (fields.BODY, fields.ARTICLE_BODY), found, strict=True
        )
    )
    store.write(_reword, picture_id, cleaned, in_updates, in_articles, actor)


def _changes(
    store: Store, pool: Turns, limit: int, rows: list[Row], before: Picture, after: Picture
) -> Iterator[_Change]:
    for row in rows:
        known = pictures.named_in(store, row["body"])
        try:
            old, new = (
                _figures(pool, row["body"], limit, row["language"] or store.language, {**known, each.id: each})
                for each in (before, after)
            )
        except Invalid:  # today's rules refuse the text, so it keeps its HTML
            continue
        html = row["html"]
        for was, becomes in zip(old, new, strict=True):
            html = html.replace(was, becomes)
        if html != row["html"]:
            yield _Change(row["id"], row["html"], html)


def _figures(pool: Turns, body: str, limit: int, language: str, known: Known) -> list[str]:
    """The figures of that text, in their order."""
    return _FIGURE.findall(pool.run(text.to_html, body, limit, language, known))


def _reword(
    db: Database,
    picture_id: str,
    words: Mapping[str, Any],
    in_updates: list[_Change],
    in_articles: list[_Change],
    actor: Actor,
) -> None:
    before = pictures.get(db, picture_id)
    db.table("pictures").update(picture_id, dict(words))
    actions.record(db, actor, Verb.EDIT_PICTURE, picture_id, before=vars(before), after=words)
    for change in in_updates:
        if _put(db, "updates", change):
            _tell(db, updates.get_any(db, change.id))
    stories = {change.id: {"body"} for change in in_articles if _put(db, "articles", change)}
    for (article_id,) in db.execute("SELECT id FROM articles WHERE picture_id = ?", [picture_id]).fetchall():
        stories.setdefault(article_id, set()).add("picture")
    for article_id, parts in stories.items():
        feeds.stamp_story(db, feeds.clock_of(db, article_id), parts)


def _put(db: Database, table: str, change: _Change) -> bool:
    """Whether the text got the new words. One that was edited since it was read stays as edited."""
    row = [change.after, change.id, change.before]
    return bool(db.execute(f"UPDATE {table} SET html = ? WHERE id = ? AND html = ?", row).rowcount)


def _tell(db: Database, update: Update) -> None:
    """Lets the search know of the new words, and open pages, unless they do not show the update."""
    if not update.retracted_at:
        feed = feeds.get(db, update.feed, drafts=True)
        version = feeds.bump(db, feed.id)
        db.table("updates").update(update.id, {"version": version})
        flags.stamp(db, feed.id, version, flags.of(update))
    search.put(db, update.id)
