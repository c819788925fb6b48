"""Renders the stored texts anew, by the current rules, when somebody runs the command. Nothing else re-renders a text.

Replaced revisions and retracted updates stay as they are, because only the history shows them.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from sqlite_utils import Database

from feed.errors import Invalid
from feed.store import actions, coverage, feeds, publishing, writing
from feed.store.database import Store
from feed.store.verbs import Verb

_UPDATES = """
    SELECT updates.id, updates.revision, updates.body, updates.html, feed_id,
        coalesce(updates.language, articles.language) AS language
    FROM updates JOIN feeds ON feeds.id = feed_id LEFT JOIN articles ON articles.id = feeds.article_id
    WHERE retracted_at IS NULL AND updates.id > ? ORDER BY updates.id LIMIT ?
"""
_ARTICLES = """
    SELECT id, revision, body, html, NULL AS feed_id, language FROM articles WHERE id > ? ORDER BY id LIMIT ?
"""
_CLOSINGS = """
    SELECT feed_id AS id, closings.revision, summary AS body, closings.html, feed_id, articles.language
    FROM closings JOIN feeds ON feeds.id = feed_id LEFT JOIN articles ON articles.id = feeds.article_id
    WHERE feed_id > ? ORDER BY feed_id LIMIT ?
"""
AT_ONCE = 500  # texts in a transaction; others can publish between two transactions


@dataclass(frozen=True)
class _Change:
    id: int
    revision: int
    feed_id: int | None  # None for an article, whose clock is looked up when the change is stored
    html: str


def rerender(store: Store, *, dry_run: bool = False) -> Iterator[str]:
    """Re-renders all texts; one sentence for each thing done, or that would be done in a dry run. Each feed with a
    changed text begins a new epoch, so that its open pages reload. A text that would be refused today keeps its HTML
    and is named. Safe while the site runs: a text that is edited meanwhile is left as edited."""
    changed: Counter[int] = Counter()
    if not dry_run:
        store.write(actions.record, None, Verb.RERENDER)
    yield from _each(store, "updates", _UPDATES, publishing.html_of, changed, dry_run=dry_run)
    yield from _each(store, "articles", _ARTICLES, writing.html_of, changed, dry_run=dry_run)
    yield from _each(store, "closings", _CLOSINGS, coverage.html_of, changed, dry_run=dry_run)
    for feed_id, count in sorted(changed.items()):
        with store.read() as db:
            (slug,) = db.execute("SELECT slug FROM feeds WHERE id = ?", [feed_id]).fetchone()
        if not dry_run:
            store.write(feeds.begin_epoch, feed_id)
        does = "would begin" if dry_run else "begins"
        yield f"feed {slug}: {count} changed; it {does} a new epoch, so that open pages reload"


def _each(
    store: Store,
    table: str,
    sought: str,
    html_of: Callable[[Store, str, str | None], str],
    changed: Counter[int],
    *,
    dry_run: bool,
) -> Iterator[str]:
    last, seen, count = 0, 0, 0
    while True:
        with store.read() as db:
            rows = db.execute(sought, [last, AT_ONCE]).fetchall()
        if not rows:
            break
        last, seen, changes = rows[-1]["id"], seen + len(rows), []
        for row in rows:
            try:
                html = html_of(store, row["body"], row["language"]) if row["body"] else ""
            except Invalid as error:
                yield f"{table} {row['id']} keeps its HTML: {' '.join(reason.message for reason in error.reasons)}"
                continue
            if html != row["html"]:
                changes.append(_Change(row["id"], row["revision"], row["feed_id"], html))
        done = store.write(_put, table, changes, dry_run=dry_run) if changes else []
        changed.update(done)
        count += len(done)
    yield f"{table}: {count} of {seen} {'would become' if dry_run else 'became'} other HTML"


def _put(db: Database, table: str, changes: list[_Change], *, dry_run: bool) -> list[int]:
    """Stores the changes to texts that nobody edited since; returns the feed of each."""
    key = "feed_id" if table == "closings" else "id"
    condition = f"{key} = ? AND revision = ?" + (" AND retracted_at IS NULL" if table == "updates" else "")
    fed = []
    for change in changes:
        where = [change.id, change.revision]
        if dry_run or db.execute(f"UPDATE {table} SET html = ? WHERE {condition}", [change.html, *where]).rowcount:
            fed.append(change.feed_id or feeds.clock_of(db, change.id).id)
    return fed
