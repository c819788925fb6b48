"""Recovery codes, for who has lost the phone: ten, shown once, each good for one sign-in after the password.

A code has 79 random bits, so a plain hash of it gives nothing away, and it still works with another FEED_SECRET_KEY.
"""

import secrets

from sqlite_utils import Database

from feed import times
from feed.store import actions, freshness
from feed.store.database import Store, insert
from feed.store.editors import Editor
from feed.store.hashes import hashed
from feed.store.verbs import Verb

CODES = 10
LETTERS = "23456789abcdefghjkmnpqrstuvwxyz"  # without those that look alike
GROUPS, GROUP = 4, 4  # like 7kq2-9fmd-x4hn-2trp


def make(store: Store, editor: Editor, session_hash: str) -> list[str]:
    """New codes of that editor; those before no longer work. Raises NotFresh."""
    codes = [_random() for _ in range(CODES)]
    store.write(_make, editor, codes, session_hash)
    return codes


def left(db: Database, editor_id: int) -> int:
    """How many of the editor's codes still work."""
    unused = "SELECT count(*) FROM recovery_codes WHERE editor_id = ? AND used_at IS NULL"
    return int(db.execute(unused, [editor_id]).fetchone()[0])


def accept(db: Database, editor_id: int, code: str) -> bool:
    """Whether this is a code of the editor that was not used before, in a transaction of the caller's."""
    return bool(
        db.execute(
            "UPDATE recovery_codes SET used_at = ? WHERE hash = ? AND editor_id = ? AND used_at IS NULL",
            [times.now(), _hash(code), editor_id],
        ).rowcount
    )


def _make(db: Database, editor: Editor, codes: list[str], session_hash: str) -> None:
    freshness.require(db, session_hash, editor.id)
    db.execute("DELETE FROM recovery_codes WHERE editor_id = ?", [editor.id])
    for code in codes:
        insert(db, "recovery_codes", {"hash": _hash(code), "editor_id": editor.id, "created_at": times.now()})
    actions.record(db, editor, Verb.MAKE_RECOVERY_CODES, editor.name)


def _random() -> str:
    return "-".join("".join(secrets.choice(LETTERS) for _ in range(GROUP)) for _ in range(GROUPS))


def _hash(code: str) -> str:
    return hashed("".join(letter for letter in code.lower() if letter.isalnum()))
