"""Backup, restore and check of the whole site: the database as one file, the pictures in a folder beside it.

A restore goes into the live file through SQLite's backup API, as one transaction: servers keep running, see it, and
send their readers to reload, because every feed begins a new epoch.
"""

import secrets
import shutil
import tempfile
from pathlib import Path

from sqlite_utils import Database

from feed.store import feeds, migrations, tokens, updates, websub
from feed.store.database import DatabaseError, OperationalError, Store, sqlite3

# The tails of running servers wait for ticks above the last they saw, so a restored database goes on above that, and
# above whatever is written while it is being restored.
TICKS_AHEAD = 1_000_000


class NoBackup(ValueError):
    """That file is no backup of ours, or it or the live one is damaged. Nothing was restored."""


def backup(store: Store, media: Path, target: Path) -> None:
    """Writes a consistent copy while editors go on writing; replaces `target` only when it is whole."""
    target.parent.mkdir(parents=True, exist_ok=True)
    unfinished = target.with_name(f"{target.name}.unfinished")
    unfinished.unlink(missing_ok=True)
    source, copy = store.connect(), sqlite3.connect(str(unfinished))
    try:
        source.conn.backup(copy)
        copy.execute("PRAGMA journal_mode = DELETE")  # one file, nothing beside it
    finally:
        source.close()
        copy.close()
    # After the database: a picture it names is there already, because files are written before rows.
    _copy_pictures(media, _media_of(target))
    unfinished.replace(target)


def restore(store: Store, media: Path, source: Path) -> None:
    """Puts the backup in the place of what is there, with new epochs. Raises NoBackup and leaves all as it was."""
    if not source.is_file():
        raise NoBackup(f"{source} is no file")
    with tempfile.TemporaryDirectory() as folder:
        staged = Store(Path(folder) / "restored.db")
        shutil.copyfile(source, staged.path)
        try:
            if not migrations.begun(staged):  # an empty file is a database to SQLite, and would empty the site
                raise NoBackup(f"{source} is no backup of this site")
            migrations.upgrade(staged)
            problems = check(staged)
        except DatabaseError as error:
            raise NoBackup(f"{source} cannot be read: {error}") from None
        if problems:
            raise NoBackup(f"{source} is damaged: {problems[0]}")
        _copy_pictures(_media_of(source), media)
        tick, revoked, retracted, hubs = _to_carry_over(store)
        staged.write(_begin_epochs, tick + TICKS_AHEAD)
        # Since the backup, for a reason: neither may come back to life.
        staged.write(tokens.end, revoked)
        staged.write(updates.retract_again, retracted)
        staged.write(websub.begin_anew, hubs)  # what their subscribers have may be newer than any feed now is
        copy, live = staged.connect(), store.connect()
        try:
            copy.conn.backup(live.conn)
        finally:
            copy.close()
            live.close()
            staged.close()


def _to_carry_over(store: Store) -> tuple[int, list[str], list[updates.Update], list[str]]:
    """What of the live database a restore must not lose: its last tick, revoked tokens, retracted updates, and hubs."""
    try:
        migrations.upgrade(store)
        with store.read() as db:
            return feeds.last_tick(db), tokens.ended(db), updates.retracted(db), websub.hubs(db)
    except OperationalError:  # locked, or a full disk: no reason to give the file up
        raise
    except DatabaseError as error:
        raise NoBackup(
            f"the live database {store.path} is damaged ({error}), so what was revoked or retracted since the backup "
            "cannot be carried over. Stop the site, move that file away with its -wal and -shm, then restore again"
        ) from None


def check(store: Store) -> list[str]:
    """What is wrong with the database, a sentence each; empty when all is well."""
    db = store.connect()  # one that has searched before would compare with what it remembers, and find fault
    try:
        db.execute("BEGIN")
        problems = [row[0] for row in db.execute("PRAGMA integrity_check") if row[0] != "ok"]
        problems += [f"row {row[1]} of {row[0]} points nowhere" for row in db.execute("PRAGMA foreign_key_check")]
        return problems or _check_log(db)
    finally:
        db.close()


def _check_log(db: Database) -> list[str]:
    """The promises of the log that no constraint can hold."""
    checks = {
        "feed {} is behind its own updates": "SELECT slug FROM feeds WHERE version < "
        "(SELECT coalesce(max(version), 0) FROM updates WHERE feed_id = feeds.id)",
        "update {} lacks a revision": "SELECT id FROM updates WHERE revision <> "
        "(SELECT count(*) FROM revisions WHERE update_id = updates.id)",
        "update {} has a notice, and was not retracted": "SELECT id FROM updates WHERE notice AND retracted_at IS NULL",
        "the search is not in step with update {}": "SELECT id FROM updates LEFT JOIN search ON search.rowid = id "
        "WHERE ((retracted_at IS NULL) <> (search.rowid IS NOT NULL) OR search.revision <> updates.revision) "
        "AND id NOT IN (SELECT update_id FROM search_due) "  # it takes those in before it is asked
        "UNION SELECT rowid FROM search WHERE rowid NOT IN (SELECT id FROM updates)",
        "the feeds share the tick {}": "SELECT tick FROM feeds GROUP BY tick HAVING count(*) > 1",
        "the counter of what pages show beside feeds is missing{}": "SELECT '' WHERE NOT EXISTS (SELECT 1 FROM site)",
        "feed {} has several pinned updates": "SELECT feed_id FROM updates "
        "WHERE pinned AND retracted_at IS NULL GROUP BY feed_id HAVING count(*) > 1",
    }
    return [sentence.format(row[0]) for sentence, sql in checks.items() for row in db.execute(sql)]


def _begin_epochs(db: Database, tick: int) -> None:
    for (feed_id,) in db.execute("SELECT id FROM feeds").fetchall():
        tick += 1
        db.execute("UPDATE feeds SET epoch = ?, tick = ? WHERE id = ?", [secrets.token_hex(8), tick, feed_id])
    db.execute("DELETE FROM sessions")  # a session ended since the backup must not come back to life
    db.execute("DELETE FROM presence")


def _media_of(database: Path) -> Path:
    return database.with_name(f"{database.name}.media")


def _copy_pictures(source: Path, target: Path) -> None:
    """Copies what is missing. Files never change under their name, so what is there already is right."""
    for file in source.iterdir() if source.is_dir() else ():
        if not (target / file.name).exists():
            target.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(file, target / f"{file.name}.unfinished")
            (target / f"{file.name}.unfinished").replace(target / file.name)
