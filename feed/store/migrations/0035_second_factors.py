"""Second factors, and what a session tells its editor. A trigger keeps a worker of the release before from letting in
with a password alone whoever has a second factor.

`totp.salt` makes the app's secret together with the site's key, so the table holds no secret. `last_step` is the step
(30 s since 1970) of the last code that was accepted, `wrong` how many codes in a row were not. `totp_pending` is an app
whose first code has not come yet. `used_steps` has the steps of signing in that may not be taken again.
"""

from sqlite_utils import Database


def apply(db: Database) -> None:
    db.executescript("""
        CREATE TABLE totp (
            editor_id INTEGER PRIMARY KEY REFERENCES editors ON DELETE CASCADE, salt TEXT NOT NULL,
            created_at TEXT NOT NULL, last_step INTEGER NOT NULL, wrong INTEGER NOT NULL DEFAULT 0
        ) STRICT;
        CREATE TABLE totp_pending (
            session TEXT PRIMARY KEY REFERENCES sessions ON DELETE CASCADE, salt TEXT NOT NULL, at TEXT NOT NULL
        ) STRICT;
        CREATE TABLE passkeys (
            id TEXT PRIMARY KEY, editor_id INTEGER NOT NULL REFERENCES editors ON DELETE CASCADE, name TEXT NOT NULL,
            public_key TEXT NOT NULL, sign_count INTEGER NOT NULL, created_at TEXT NOT NULL, used_at TEXT
        ) STRICT;
        CREATE INDEX passkeys_of_editor ON passkeys (editor_id);
        CREATE TABLE recovery_codes (
            hash TEXT PRIMARY KEY, editor_id INTEGER NOT NULL REFERENCES editors ON DELETE CASCADE,
            created_at TEXT NOT NULL, used_at TEXT
        ) STRICT;
        CREATE INDEX recovery_codes_of_editor ON recovery_codes (editor_id);
        CREATE TABLE used_steps (challenge TEXT PRIMARY KEY, until TEXT NOT NULL) STRICT;
        ALTER TABLE sessions ADD COLUMN second_factor TEXT;
        ALTER TABLE sessions ADD COLUMN proved_at TEXT;
        ALTER TABLE sessions ADD COLUMN used_at TEXT;
        ALTER TABLE sessions ADD COLUMN network TEXT;
        CREATE TRIGGER no_session_by_password_alone BEFORE INSERT ON sessions WHEN new.second_factor IS NULL AND (
            EXISTS (SELECT 1 FROM totp WHERE editor_id = new.editor_id)
            OR EXISTS (SELECT 1 FROM passkeys WHERE editor_id = new.editor_id)
        ) BEGIN SELECT RAISE(IGNORE); END;
    """)
