"""The log: a chain of entries, which can only be added to, and their texts beside it, which an erasure may take away.

`log_head` says where the chain ends, and which row of `actions` its last entry is of. The rows after that were written
by the release before, which knows no chain; the next writer takes them in.
"""

from sqlite_utils import Database


def apply(db: Database) -> None:
    # The log names things by what they were called then. It references nothing: a restore takes feeds and updates back
    # to what they were, and the log stays.
    db.executescript("""
        CREATE TABLE log (
            id INTEGER PRIMARY KEY, at TEXT NOT NULL, who TEXT, account TEXT, door TEXT, network TEXT, token TEXT,
            verb TEXT NOT NULL, subject TEXT, feed TEXT, article TEXT, update_id INTEGER, version INTEGER, texts TEXT,
            digest TEXT NOT NULL
        ) STRICT;
        CREATE INDEX log_of_who ON log (who, id);
        CREATE INDEX log_of_feed ON log (feed, id);
        CREATE INDEX log_of_update ON log (update_id, id) WHERE update_id IS NOT NULL;
        CREATE TABLE log_texts (entry INTEGER PRIMARY KEY, salt TEXT NOT NULL, text TEXT NOT NULL) STRICT;
        CREATE TABLE log_head (
            id INTEGER PRIMARY KEY CHECK (id = 1), entries INTEGER NOT NULL, digest TEXT NOT NULL,
            action INTEGER NOT NULL
        ) STRICT;
        INSERT INTO log_head VALUES (1, 0, '', 0);
        CREATE TABLE erasures (
            update_id INTEGER PRIMARY KEY, published_at TEXT NOT NULL, draft_id TEXT, at TEXT NOT NULL
        ) STRICT;
    """)
    for table, key in (("log", "id"), ("log_texts", "entry")):
        db.executescript(f"""
            CREATE TRIGGER {table}_is_never_changed BEFORE UPDATE ON {table}
            BEGIN SELECT RAISE(ABORT, 'the log can only be added to'); END;
            CREATE TRIGGER {table}_is_never_replaced BEFORE INSERT ON {table}
            WHEN EXISTS (SELECT 1 FROM {table} WHERE {key} = new.{key})
            BEGIN SELECT RAISE(ABORT, 'the log can only be added to'); END;
        """)
    db.executescript("""
        CREATE TRIGGER log_is_never_shortened BEFORE DELETE ON log
        BEGIN SELECT RAISE(ABORT, 'the log can only be added to'); END;
        CREATE TRIGGER log_texts_go_by_erasure BEFORE DELETE ON log_texts WHEN NOT EXISTS (
            SELECT 1 FROM log JOIN erasures ON erasures.update_id = log.update_id OR draft_id = log.subject
            WHERE log.id = old.entry AND verb <> 'erase'
        ) BEGIN SELECT RAISE(ABORT, 'a text of the log goes only when its update is erased'); END;
    """)
