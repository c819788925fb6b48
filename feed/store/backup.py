"""Backup, restore and check of the whole site: database and pictures in one file (feed.store.archive).

A restore replaces the live database through SQLite's backup API, in one transaction. Servers keep running and notice
it, and every feed begins a new epoch, so that open pages reload.
"""

import filecmp
import os
import re
import shutil
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from sqlite_utils import Database

from feed import private, times
from feed.picture import STALE_SECONDS, UNFINISHED
from feed.store import archive, carried, log, migrations, picture_files, restoring, since_backup
from feed.store.database import Damaged, DatabaseError, OperationalError, Store, sqlite3
from feed.store.search import INDEXES

UNPACKED = "restore-"  # begins the name of the folder in which a backup is unpacked
ENDING = ".backup"  # of the names that `backup_into` gives

_OUT_OF_STEP = """
    SELECT id FROM updates LEFT JOIN {0} ON {0}.rowid = id
    WHERE ((retracted_at IS NULL) <> ({0}.rowid IS NOT NULL) OR {0}.revision <> updates.revision)
    AND id NOT IN (SELECT update_id FROM search_due) -- these are taken in before the next search
    UNION SELECT rowid FROM {0} WHERE rowid NOT IN (SELECT id FROM updates)
"""


class NoBackup(ValueError):
    """The file is no backup of ours, or it or the live database is damaged. Nothing was changed."""


def backup(store: Store, media: Path, target: Path) -> None:
    """Writes a consistent copy while editors go on writing, and reads it again. `target` is replaced only when the copy
    is complete and on disk. Raises OSError, and NoBackup when the live database is damaged."""
    private.make_folder(target.parent)
    copy, unfinished = (target.with_name(target.name + each) for each in (f".db{UNFINISHED}", UNFINISHED))
    try:
        _copy_database(store, copy)
        # Pictures come after the database: files are written before rows, so every picture in the copy has its files.
        archive.write(unfinished, copy, media)
        unfinished.replace(target)
        _sync(target.parent)
    except archive.NotWhole as error:
        raise NoBackup(f"the backup cannot be read again: {error}") from None
    finally:
        for each in (copy, unfinished):
            each.unlink(missing_ok=True)


def backup_into(store: Store, media: Path, folder: Path, keep: int) -> Path:
    """Writes a backup into that folder, named by the present moment, and removes older ones of that kind but for the
    latest `keep`. Returns its path. Raises what `backup` does."""
    target = folder / f"{store.path.stem}-{times.now()[:19].replace(':', '-')}Z{ENDING}"
    backup(store, media, target)
    dated = re.compile(rf"{re.escape(store.path.stem)}-\d{{4}}-\d\d-\d\dT\d\d-\d\d-\d\dZ{re.escape(ENDING)}")
    for old in sorted(each for each in folder.iterdir() if dated.fullmatch(each.name))[:-keep]:
        old.unlink()
    return target


def _copy_database(store: Store, path: Path) -> None:
    """Makes a checked copy at rest. Raises NoBackup when it is damaged."""
    path.unlink(missing_ok=True)
    private.touch(path)
    source, copy = store.connect(), sqlite3.connect(str(path))
    try:
        source.conn.backup(copy)
        copy.execute("PRAGMA journal_mode = DELETE")  # one file, nothing beside it
        problems = [row[0] for row in copy.execute("PRAGMA integrity_check") if row[0] != "ok"]
    except DatabaseError as error:
        raise _unusable(store, error) from None
    finally:
        source.close()
        copy.close()
    if problems:
        raise NoBackup(f"the live database {store.path} is damaged: {problems[0]}")


def _sync(folder: Path) -> None:
    """Brings the names in that folder to the disk."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def restore(store: Store, media: Path, source: Path, *, without_pictures: bool = False) -> None:
    """Replaces the live database by the backup, and begins new epochs. Raises NoBackup and leaves everything as it was.
    Files of pictures that are neither in the backup nor in `media` are a reason, unless `without_pictures`.

    Everything that takes long is prepared first. Then the live database is told that a restore is under way, and its
    writers refuse to write (store.restoring). What a restore must not lose is read after that, so nothing that was
    answered with 200 can be missed. Then the file is replaced in one transaction. A restore that dies changes nothing.
    """
    if not source.is_file():
        raise NoBackup(f"{source} is no file")
    with tempfile.TemporaryDirectory(prefix=UNPACKED, dir=_room(store)) as name:
        folder = Path(name)
        staged = _staged(source, folder)
        try:
            lost = picture_files.missing(staged, folder / archive.PICTURES, media)
            if lost and not without_pictures:
                raise NoBackup(
                    f"{source} lacks {len(lost)} files of pictures, such as {lost[0]}, and {media} does too. Copy them "
                    "there first, or restore with --without-pictures; pages then have gaps"
                )
            # The sums of an archive were compared, so a file here that differs from it is the damaged one.
            _copy_pictures(folder / archive.PICTURES, media, replace=archive.is_one(source))
            _upgrade_live(store)
            _replace(store, staged)
        finally:
            staged.close()


def _room(store: Store) -> Path | None:
    """The folder in which to unpack a backup: where the site is, since the system's own may be small, and in memory.
    Removes what a restore left there that was killed."""
    folder = store.path.parent
    for left in folder.glob(f"{UNPACKED}*"):
        if time.time() - left.stat().st_mtime > STALE_SECONDS:
            shutil.rmtree(left, ignore_errors=True)
    return folder if folder.is_dir() else None


def _staged(source: Path, folder: Path) -> Store:
    """A checked copy of the backup's database, in the current schema. Its pictures are beside it in that folder."""
    path = folder / archive.DATABASE
    if archive.is_one(source):
        try:
            archive.extract(source, folder)
        except archive.NotWhole as error:
            raise NoBackup(f"{source} is damaged: {error}") from None
    else:  # of an earlier release: the database alone, and a folder beside it
        shutil.copyfile(source, path)
        _copy_pictures(source.with_name(f"{source.name}.media"), folder / archive.PICTURES)
    staged = Store(path)
    try:
        if not migrations.begun(staged):  # an empty file is a database to SQLite, and would empty the site
            raise NoBackup(f"{source} is no backup of this site")
        if newer := migrations.unknown(staged):
            raise NoBackup(
                f"{source} was made by a newer release, whose schema this one does not know ({', '.join(newer)}). "
                "Install that release, then restore"
            )
        migrations.upgrade(staged)
        problems = check(staged)
    except DatabaseError as error:
        raise NoBackup(f"{source} cannot be read: {error}") from None
    if problems:
        raise NoBackup(f"{source} is damaged: {problems[0]}")
    return staged


def _upgrade_live(store: Store) -> None:
    try:
        migrations.upgrade(store)
    except DatabaseError as error:
        raise _unusable(store, error) from None


def _replace(store: Store, staged: Store) -> None:
    """Replaces the live file. From the first commit here until then nobody else writes; editors are asked to wait."""
    live = store.connect()
    try:
        with restoring.locked(store.path):
            _commit(live, restoring.begin)
            try:
                with staged.read() as copied:
                    before, common = since_backup.last(copied), log.common(copied, live)
                kept = carried.read(live, before, common)
                staged.write(carried.put, kept)
                copy = staged.connect()
                try:
                    copy.conn.backup(live.conn)
                finally:
                    copy.close()
            except BaseException:
                with suppress(DatabaseError):  # otherwise the first writer after this process is gone does it
                    _commit(live, restoring.end)
                raise
    except DatabaseError as error:
        raise _unusable(store, error) from None
    finally:
        live.close()


def _commit(db: Database, verb: Callable[[Database], None]) -> None:
    db.execute("BEGIN IMMEDIATE")
    verb(db)
    db.execute("COMMIT")


def _unusable(store: Store, error: Exception) -> Exception:
    """The error to raise. A lock or a full disk is temporary and stays what it is; damage becomes NoBackup."""
    if isinstance(error, OperationalError) and not isinstance(error, Damaged):
        return error
    return NoBackup(
        f"the live database {store.path} is damaged ({error}), so what was revoked or retracted since the backup "
        "cannot be carried over. Stop the site, move that file away with its -wal and -shm, then restore again"
    )


def check(store: Store) -> list[str]:
    """What is wrong with the database, one sentence each; empty when all is well."""
    db = store.connect()  # a new one: FTS5 remembers what a connection read before, and would report a false difference
    try:
        db.execute("BEGIN")
        problems = [row[0] for row in db.execute("PRAGMA integrity_check") if row[0] != "ok"]
        problems += [f"row {row[1]} of {row[0]} points nowhere" for row in db.execute("PRAGMA foreign_key_check")]
        return problems or _check_log(db)
    finally:
        db.close()


def _check_log(db: Database) -> list[str]:
    """What is wrong with the log, of what no constraint of the schema can hold."""
    checks = {
        "feed {} is behind its own updates": "SELECT slug FROM feeds WHERE version < "
        "(SELECT coalesce(max(version), 0) FROM updates WHERE feed_id = feeds.id)",
        "update {} lacks a revision": "SELECT id FROM updates WHERE revision <> "
        "(SELECT count(*) FROM revisions WHERE update_id = updates.id)",
        "update {} has a notice, and was not retracted": "SELECT id FROM updates WHERE notice AND retracted_at IS NULL",
        "the search is not in step with update {}": " UNION ".join(_OUT_OF_STEP.format(each) for each in INDEXES),
        "the feeds share the tick {}": "SELECT tick FROM feeds GROUP BY tick HAVING count(*) > 1",
        "the counter of what pages show beside feeds is missing{}": "SELECT '' WHERE NOT EXISTS (SELECT 1 FROM site)",
        "feed {} has several pinned updates": "SELECT feed_id FROM updates "
        "WHERE pinned AND retracted_at IS NULL GROUP BY feed_id HAVING count(*) > 1",
    }
    return [sentence.format(row[0]) for sentence, sql in checks.items() for row in db.execute(sql)]


def _copy_pictures(source: Path, target: Path, *, replace: bool = False) -> None:
    """Copies the files that are missing. Files never change under their name, so those that exist are right; with
    `replace`, those are copied too that differ."""
    for file in source.iterdir() if source.is_dir() else ():
        there = target / file.name
        if file.name.endswith(UNFINISHED):
            continue
        if there.exists() and (not replace or filecmp.cmp(file, there, shallow=False)):
            continue
        private.make_folder(target)
        unfinished = target / (file.name + UNFINISHED)
        private.touch(unfinished)
        shutil.copyfile(file, unfinished)
        unfinished.replace(there)
