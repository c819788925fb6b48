"""Fills the database of a server, with the code of the tree that will serve it.

    python bench/seeds.py TREE DATABASE SEED COUNT

Makes the database, calls the function of this file that SEED names, and prints a token for the API. It is a program of
its own, because two trees of Liveline do not fit into one process.
"""

import sys
from pathlib import Path

from servers import ARTICLE

_TREE = 1  # its argument

if __name__ == "__main__":
    sys.path.insert(0, sys.argv[_TREE])

from feed.store import backup, editors, migrations, publishing, tokens, writing  # noqa: E402 - see above
from feed.store.database import Database, Store  # noqa: E402
from feed.store.editors import Editor  # noqa: E402

WHOLE = 60  # of the updates in a long feed have the size that editors give them: three pages

# As many updates as if they had been published a second apart, one version each; see `flask db check`.
SEED = (
    "INSERT INTO updates (feed_id, version, revision, body, html, key, pinned, byline, editor_id, published_at) "
    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < :size) "
    "SELECT feeds.id, i, 1, 'Number ' || i, '<p>Number ' || i || '</p>', 0, 0, :byline, :editor, "
    "strftime('%Y-%m-%dT%H:%M:%fZ', 'now', (i - :size - 60) || ' seconds') FROM n, feeds WHERE slug = 'news'",
    "INSERT INTO revisions (update_id, revision, headline, body, html, editor_id, byline, at) "
    "SELECT id, 1, headline, body, html, editor_id, byline, published_at FROM updates",
    "INSERT INTO search (rowid, feed, headline, text, revision) SELECT id, feed_id, '', body, 1 FROM updates",
    "INSERT INTO words (rowid, feed, headline, text, signs, revision) "
    "SELECT id, feed_id, '', lower(body), '', 1 FROM updates",
    "DELETE FROM search_due",  # a trigger took them down, and they are in
    "UPDATE feeds SET version = :size, tick = (SELECT max(tick) + 1 FROM feeds) WHERE slug = 'news'",
)


def nothing(store: Store, editor: Editor, count: int) -> None:
    """An empty News Feed."""


def story(store: Store, editor: Editor, count: int) -> None:
    """An article under live coverage, and as many updates of it as of the News Feed."""
    body = "\n\n".join(
        ["The harbour bridge is open again after a night of work, and traffic moves in both lanes."] * 12
    )
    writing.create(store, editor, {"slug": ARTICLE, "headline": "The bridge is open", "body": body, "live": True})
    for number in range(count):
        for slug in (ARTICLE, "news"):
            text = f"Number {number}: the **bridge** was closed for inspection; the ferry takes cars until then."
            publishing.publish(store, slug, editor, {"headline": f"What happened at {number}", "body": text})


def many(store: Store, editor: Editor, count: int) -> None:
    """Short updates in the News Feed, in one transaction, and an article."""
    writing.create(store, editor, {"slug": ARTICLE, "headline": "The bridge is open", "body": "At last."})
    store.write(_insert, {"size": count, "byline": editor.display_name, "editor": editor.id})
    if problems := backup.check(store):
        raise SystemExit("\n".join(problems))


def long_feed(store: Store, editor: Editor, count: int) -> None:
    """Like `many`, but the latest updates are as long as editors make them."""
    many(store, editor, count - WHOLE)
    for number in range(WHOLE):
        text = f"Number {number}: the **bridge** was closed for inspection; the ferry takes cars until then. " * 4
        given = {"headline": f"What happened at {number}", "body": text, "key": number % 10 == 0}
        publishing.publish(store, "news", editor, given)


def _insert(db: Database, values: dict[str, object]) -> None:
    for statement in SEED:
        db.execute(statement, {name: value for name, value in values.items() if f":{name}" in statement})


def main() -> None:
    """Fills it and prints the token."""
    _, _, database, seed, count = sys.argv
    store = Store(Path(database))
    migrations.upgrade(store)
    editor = editors.add(store, "bob", "correct horse battery", "editor", actor=None)
    token = tokens.add(store, "bob", "bench", actor=None)
    {each.__name__: each for each in (nothing, story, many, long_feed)}[seed](store, editor, int(count))
    store.close()
    print(token)


if __name__ == "__main__":
    main()
