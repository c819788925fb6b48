"""A third role.

SQLite can widen a CHECK only by a new definition of the table, which is safe where no row changes
(sqlite.org/lang_altertable.html, section 7). With a column beside `role`, the release before would take contributors
for editors; as it is, it refuses a role that it does not know.
"""

from sqlite_utils import Database


def apply(db: Database) -> None:
    before, now = "role IN ('editor', 'admin')", "role IN ('contributor', 'editor', 'admin')"
    schema = db.execute("PRAGMA schema_version").fetchone()[0]
    db.execute("PRAGMA writable_schema = ON")
    db.execute(
        "UPDATE sqlite_schema SET sql = replace(sql, ?, ?) WHERE type = 'table' AND name = 'editors'", [before, now]
    )
    db.execute(f"PRAGMA schema_version = {schema + 1}")  # other connections read the definitions again
    db.execute("PRAGMA writable_schema = RESET")  # so does this one
