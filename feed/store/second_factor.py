"""Second factors: what an editor shows besides the password. One of an authenticator app (store.totp) and passkeys
(store.passkeys) is enough; recovery codes (store.recovery_codes) stand in for a phone that is lost.

Who has one never gets a session by the password alone; a trigger holds that. With the first one all other sessions end,
because they began without it. An admin can take all of somebody's second factors away (`reset`).
"""

from dataclasses import dataclass

from sqlite_utils import Database

from feed.errors import Message, NotAllowed
from feed.store import actions, editors, permissions, recovery_codes, sessions
from feed.store.actors import Actor
from feed.store.database import Store, insert
from feed.store.editors import Editor
from feed.store.verbs import Verb

# What a session remembers of how it began
APP, PASSKEY, RECOVERY_CODE = "app", "passkey", "recovery code"

_TABLES = {
    "totp": "editor_id, salt, created_at, last_step, wrong",
    "passkeys": "id, editor_id, name, public_key, sign_count, created_at, used_at",
    "recovery_codes": "hash, editor_id, created_at, used_at",
}


@dataclass(frozen=True)
class Factors:
    """What an editor has: since when an app, how many passkeys, and how many recovery codes that still work."""

    app_since: str | None
    passkeys: int
    codes: int

    @property
    def any(self) -> bool:
        """Whether a sign-in has a second step."""
        return self.app_since is not None or self.passkeys > 0


def of_editor(db: Database, editor_id: int) -> Factors:
    """What that editor has."""
    app = db.execute("SELECT created_at FROM totp WHERE editor_id = ?", [editor_id]).fetchone()
    (keys,) = db.execute("SELECT count(*) FROM passkeys WHERE editor_id = ?", [editor_id]).fetchone()
    return Factors(app and app["created_at"], keys, recovery_codes.left(db, editor_id))


def added(db: Database, editor: Editor, session_hash: str, factor: str, detail: str) -> None:
    """Records, in the transaction that does it, that the editor has one more. The session that added it has shown it;
    the others end with the first one. Raises NotAllowed."""
    db.execute("UPDATE sessions SET second_factor = coalesce(second_factor, ?) WHERE hash = ?", [factor, session_hash])
    db.execute("DELETE FROM sessions WHERE editor_id = ? AND second_factor IS NULL", [editor.id])
    actions.record(db, editor, Verb.ADD_SECOND_FACTOR, editor.name, detail=detail)


def removed(db: Database, editor: Editor, detail: str) -> None:
    """Records, in the transaction that does it, that the editor has one less. With the last one the recovery codes end,
    and sessions no longer count as begun with one. Raises NotAllowed."""
    if not of_editor(db, editor.id).any:
        _forget_rest(db, editor.id)
        db.execute("UPDATE sessions SET second_factor = NULL WHERE editor_id = ?", [editor.id])
    actions.record(db, editor, Verb.REMOVE_SECOND_FACTOR, editor.name, detail=detail)


def reset(store: Store, name: str, actor: Actor | None) -> int:
    """Takes all second factors of that editor away and ends all their sessions: the password alone lets them in again.
    Returns how many sessions ended. Raises Missing, NotFresh, and NotAllowed,
    also for an editor's own, for which there is the page of the account."""
    return store.write(_reset, name, actor)


def _reset(db: Database, name: str, actor: Actor | None) -> int:
    editor = editors.by_name(db, name)
    if actor is not None and actor.id == editor.id:
        raise NotAllowed(Message("Remove your own second factors on the page of your account."))
    permissions.permit(db, actor, Verb.RESET_SECOND_FACTOR)
    db.execute("DELETE FROM totp WHERE editor_id = ?", [editor.id])
    db.execute("DELETE FROM passkeys WHERE editor_id = ?", [editor.id])
    _forget_rest(db, editor.id)
    ended = sessions.end_others_in(db, editor.id, "")
    actions.record(db, actor, Verb.RESET_SECOND_FACTOR, editor.name)
    return ended


def _forget_rest(db: Database, editor_id: int) -> None:
    db.execute("DELETE FROM recovery_codes WHERE editor_id = ?", [editor_id])


def rows(db: Database) -> dict[str, list[dict[str, object]]]:
    """All second factors of all editors, as they are stored, for a restore."""
    sql = "SELECT {} FROM {}"
    return {
        table: [dict(row) for row in db.execute(sql.format(columns, table)).fetchall()]
        for table, columns in _TABLES.items()
    }


def restore_rows(db: Database, kept: dict[str, list[dict[str, object]]], people: dict[int, str]) -> None:
    """Gives the editors of this older copy the second factors that they had in the newer one, and no others, in a
    transaction of the caller's. `people` are the names of the newer one by id."""
    here = db.execute("SELECT id, name FROM editors").fetchall()
    same = {row["id"] for row in here if people.get(row["id"]) == row["name"]}
    for table, each in kept.items():
        db.execute(f"DELETE FROM {table}")
        for row in each:
            if row["editor_id"] in same:
                insert(db, table, row)
