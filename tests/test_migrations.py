"""Migrations: each runs once, in one order, and needs no code that can change; the release before goes on working."""

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from feed.store import backup, feeds, migrations, updates
from feed.store.database import OperationalError, Store
from feed.store.feeds import NEWS
from feed.store.search import Holding
from tests import processes
from tests.server import ROOT
from tests.test_layers import SOURCES, imports_of
from tests.test_store import rows

MIGRATIONS = sorted((ROOT / "feed" / "store" / "migrations").glob("[0-9]*.py"))

# The order and the names that databases have recorded. A release that ships another appends it.
RECORDED = [
    "people_and_pictures", "articles_feeds_updates", "presence_and_probe", "site_counter", "corrections_in_the_open",
    "notices", "key_events", "search_of_updates", "languages_of_articles", "retractions", "language_of_the_site",
    "websub", "clocks_of_articles", "search_due", "second_of_the_last_change", "before_publication", "old_addresses",
    "imports", "languages_of_updates", "words_of_updates", "people_who_left", "who_did_what", "authors",
    "known_networks", "contributors", "actions_of_who_is_not_here", "looks_of_pictures", "drafts",
    "words_of_waiting_pictures", "restored_updates", "article_drafts", "receipts_and_peaks", "words_of_retracted",
    "editors_at_the_desk", "second_factors", "closings", "status_of_updates", "log", "scheduled", "one_time_links",
    "points", "sources_of_imports", "scopes_of_tokens", "submissions", "lineage", "minor_edits", "point_keys",
    "replaced_submissions",
]  # fmt: skip


def test_migrations_keep_the_order_and_the_names_that_databases_recorded() -> None:
    numbers = [int(path.name.partition("_")[0]) for path in MIGRATIONS]
    assert numbers == list(range(1, len(MIGRATIONS) + 1)), "two migrations have one number, or one is missing"
    names = [path.stem.partition("_")[2] for path in MIGRATIONS]
    assert names[: len(RECORDED)] == RECORDED, "what is recorded under another name would be applied again"
    assert [each.name for each in migrations.migrations._migrations] == names


@pytest.mark.parametrize("path", MIGRATIONS, ids=lambda path: path.stem)
def test_a_migration_needs_no_code_that_can_change(path: Path) -> None:
    imported = {module.split(".")[0] for module, _ in imports_of(path)}
    assert imported <= {"sqlite_utils", "secrets"}


def test_servers_that_start_together_migrate_once(tmp_path: Path) -> None:
    code = "\n".join((
        "import pathlib, sys",
        "from feed.store import database, migrations",
        "store = database.Store(pathlib.Path(sys.argv[1]))",
        "sys.stdin.read()",
        "print(len(migrations.upgrade(store)))",
    ))  # fmt: skip
    path = tmp_path / "new" / "feed.db"
    racing = [
        processes.start(sys.executable, "-W", "error", "-c", code, str(path), cwd=ROOT, text=True,
                        stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        for _ in range(4)
    ]  # fmt: skip
    for each in racing:
        assert each.stdin
        each.stdin.close()
        each.stdin = None
    applied = [int(each.communicate(timeout=60)[0]) for each in racing]
    assert [each.returncode for each in racing] == [0] * 4
    assert sorted(applied)[:3] == [0, 0, 0]
    assert sorted(applied)[3] == len(migrations.migrations._migrations) > 0
    store = Store(path)
    assert (migrations.pending(store), backup.check(store)) == ([], [])
    assert rows(store, "SELECT slug, version FROM feeds") == [(NEWS, 0)]
    store.close()


def test_a_migration_that_fails_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = Store(tmp_path / "feed.db")
    migrations.upgrade(store)
    kept = list(migrations.migrations._migrations)
    monkeypatch.setattr(migrations.migrations, "_migrations", kept)

    def half_done(db: Any) -> None:
        db.executescript("CREATE TABLE new_one (id INTEGER PRIMARY KEY); INSERT INTO nowhere VALUES (1);")

    migrations.migrations()(half_done)
    with pytest.raises(OperationalError, match="nowhere"):
        migrations.upgrade(store)
    assert rows(store, "SELECT count(*) FROM sqlite_master WHERE name = 'new_one'") == [(0,)]
    assert migrations.pending(store) == ["half_done"]
    store.close()


def test_what_was_written_before_a_migration_comes_along(tmp_path: Path) -> None:
    store = Store(tmp_path / "feed.db")
    db = store.connect()
    migrations.migrations.apply(db, stop_before="corrections_in_the_open")
    db.executescript("""
        INSERT INTO editors (name, display_name, role, password_hash, created_at) VALUES
            ('bob', 'Robert Brown', 'editor', '', '2026-07-26T12:00:00.000Z');
        INSERT INTO updates (feed_id, version, revision, body, html, key, pinned, byline, editor_id, published_at)
            VALUES (1, 2, 2, 'Two', '<p>Two</p>', 1, 0, 'Bob Brown', 1, '2026-07-26T12:00:00.000Z');
        INSERT INTO revisions SELECT id, 1, NULL, 'One', '<p>One</p>', 1, published_at FROM updates;
        INSERT INTO revisions SELECT id, 2, NULL, body, html, 1, published_at FROM updates;
        UPDATE feeds SET version = 2;
    """)
    db.close()
    migrations.upgrade(store)
    kept = rows(store, "SELECT revision, byline, note FROM revisions ORDER BY revision")
    assert kept == [(1, "Bob Brown", None), (2, "Robert Brown", None)], "the name of then, where it is known"
    with store.read() as db:
        assert updates.newest_first(db, feeds.get(db, NEWS), None, 9, Holding("two"))
    assert backup.check(store) == []
    store.close()


# Where the schema of the release before (8fefe1b) ends: the first migration that it does not know.
NEW_SINCE_THE_RELEASE_BEFORE = "clocks_of_articles"

# The release before names no columns where it writes or reads these, so one more would end it: put what is new about
# such a thing into a table of its own.
CLOSED_TABLES = {"article_revisions", "attempts", "idempotency", "invitations", "parts", "pictures", "presence",
                 "probe", "site", "websub"}  # fmt: skip


def test_the_release_before_can_live_with_the_schema(tmp_path: Path) -> None:
    """During a deploy both write: columns may be added where that one names its own, with NULL or a default."""
    before, now = Store(tmp_path / "before.db"), Store(tmp_path / "now.db")
    with_old = before.connect()
    migrations.migrations.apply(with_old, stop_before=NEW_SINCE_THE_RELEASE_BEFORE)
    with_old.close()
    migrations.upgrade(now)
    old, new = columns_of(before), columns_of(now)
    assert old.keys() <= new.keys()
    for table, known in old.items():
        added = [column for column in new[table] if column not in known]
        assert [column for column in new[table] if column in known] == known, f"{table} lost or changed a column"
        assert not added or table not in CLOSED_TABLES, f"{table} may gain no column: {added}"
        assert all(optional for _, optional in added), f"{table} demands of old code what it does not know: {added}"
    before.close()
    now.close()


def columns_of(store: Store) -> dict[str, list[tuple[str, bool]]]:
    """The columns of each table, with whether a row may come without."""
    with store.read() as db:
        tables = [row[0] for row in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()]
        return {
            table: [(row["name"], not row["notnull"] or row["dflt_value"] is not None)
                    for row in db.execute(f"PRAGMA table_info({table})")]
            for table in tables
        }  # fmt: skip


def test_what_is_written_names_its_columns() -> None:
    """So that a later release may add some."""
    unnamed = re.compile(r"INTO\s+[a-z_]+\s+(?:VALUES|SELECT)")
    sources = [path for path in SOURCES if path not in MIGRATIONS]
    assert [path.name for path in sources if unnamed.search(path.read_text())] == []
