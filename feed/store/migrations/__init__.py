"""The schema, as migrations: one file each, numbered in their order, appended and never edited.

Each file has a function `apply(db)`. Its name without the number is what databases record, so files are not renamed.

A migration only adds: workers of the release before write into the new schema until they are told to end. So a new
column has a default or may be NULL, and a table that old code writes without naming its columns gains no column
(tests/test_migrations.py lists those). What old code does not keep current is kept by a trigger, or is listed by a
trigger for this release to complete.

A migration imports nothing of ours, because that code will change and the migration must not. What only our code can
compute is listed in a table, as in `search_due`, and computed later.

sqlite-utils runs each migration in a transaction of its own but takes no lock around all of them, so two processes that
start together would race. `upgrade` holds a lock on a file beside the database.
"""

import pkgutil
from contextlib import suppress
from importlib import import_module

from sqlite_utils import Migrations

from feed.store import restoring, search
from feed.store.database import OperationalError, Store

migrations = Migrations("liveline")
for _file in sorted(each.name for each in pkgutil.iter_modules(__path__)):
    migrations(name=_file.partition("_")[2])(import_module(f"{__name__}.{_file}").apply)


def upgrade(store: Store) -> list[str]:
    """Applies what is missing and returns the names of it. Safe to call from several processes at once."""
    with restoring.locked(store.path):
        db = store.connect()
        try:
            names = [migration.name for migration in migrations.pending(db)]
            migrations.apply(db)
        finally:
            db.close()
    if names:
        with suppress(OperationalError):  # whatever is left is taken in before the next searches
            search.catch_up_all(store)
    return names


def begun(store: Store) -> bool:
    """Whether any migration of ours was applied, that is, whether this is a database of ours at all."""
    with store.read() as db:
        return bool(migrations.applied(db))


def unknown(store: Store) -> list[str]:
    """The names of migrations that were applied to this database and that this release does not have: a newer release
    wrote it."""
    with store.read() as db:
        ours = {migration.name for migration in migrations._migrations}
        return [migration.name for migration in migrations.applied(db) if migration.name not in ours]


def pending(store: Store) -> list[str]:
    """The names of the migrations that this database still lacks."""
    with store.read() as db:
        return [migration.name for migration in migrations.pending(db)]
