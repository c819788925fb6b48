"""Signing in: the password, and the second factor of whoever has one; or a passkey alone.

Every try is counted before anything is checked. The tries of a sign-in are taken back when all of it was right: a right
password alone buys no further tries at codes. Whether somebody has a second factor is told only after their password.
"""

from typing import NamedTuple

from sqlite_utils import Database

from feed.errors import Missing
from feed.store import actions, attempts, editors, passkeys, recovery_codes, second_factor, sessions, steps, totp
from feed.store.database import Store
from feed.store.editors import Editor
from feed.store.passkeys import Party, Signed
from feed.store.sessions import Visit
from feed.store.steps import Purpose, Step
from feed.store.verbs import Verb


class Begun(NamedTuple):
    """A session that has begun: the token for its cookie. "" where the browser goes on with the session it has."""

    token: str


def by_password(store: Store, secret_key: bytes, name: str, password: str, visit: Visit) -> Begun | Step | None:
    """A session; or the step that is left, for an editor with a second factor; or None when name or password are wrong.
    Raises Throttled."""
    store.write(attempts.count, secret_key, name, visit.address)
    editor = editors.authenticate(store, name, password)
    if editor is None:
        store.write(_refused, name, visit, "password")
        return None
    return store.write(_after_password, secret_key, editor, visit, None)


def again_by_password(
    store: Store, secret_key: bytes, editor: Editor, password: str, session_hash: str, visit: Visit
) -> Begun | Step | None:
    """The same for an editor who is signed in and has to say that it is them: that session counts as fresh again."""
    store.write(attempts.count, secret_key, editor.name, visit.address)
    if editors.authenticate(store, editor.name, password) is None:
        store.write(_refused, editor.name, visit, "password")
        return None
    return store.write(_after_password, secret_key, editor, visit, session_hash)


def by_link(store: Store, secret_key: bytes, editor: Editor, visit: Visit) -> Begun | Step:
    """The same for an editor who has just set the password by a one-time link, which stands in for the password alone.
    No try is counted, because nothing can be guessed."""
    return store.write(_go_on, secret_key, editor, visit, None)


def by_code(store: Store, secret_key: bytes, step: Step, code: str, visit: Visit) -> Begun | None:
    """A session, after the password, if this is a code of the app or a recovery code; otherwise None. Raises Throttled,
    and Missing when the step is over."""
    with store.read() as db:
        editor = steps.editor_of(db, secret_key, step)
    store.write(attempts.count, secret_key, editor.name, visit.address)
    return store.write(_by_code, secret_key, step, code, visit)


def by_passkey(store: Store, secret_key: bytes, here: Party, step: Step, answer: str, visit: Visit) -> Begun:
    """A session, with a passkey alone or after the password. No try is counted, because nothing can be guessed. Raises
    Invalid, and Missing when the step is over."""
    signed = passkeys.check(store, here, step, answer)
    return store.write(_by_passkey, secret_key, step, signed, visit)


def prove(store: Store, secret_key: bytes, editor: Editor, password: str, address: str) -> bool:
    """Whether whoever is signed in as that editor knows the password. Counts as a try. Raises Throttled."""
    store.write(attempts.count, secret_key, editor.name, address)
    right = editors.authenticate(store, editor.name, password) is not None
    if right:
        store.write(attempts.forgive, editor.name, address)
    else:
        store.write(_refused, editor.name, Visit(address, ""), "password")
    return right


def _refused(db: Database, name: str, visit: Visit, wrong: str) -> None:
    """Records that somebody did not know the password or a code of an editor: once for each network and window of
    tries, so that nobody fills the log. Names that nobody has are not recorded, because people type passwords there;
    it is done and undone for these, since whether somebody has a name must not be measured."""
    if not attempts.is_first_refusal(db, wrong, name, visit.address):
        return
    known = db.execute("SELECT 1 FROM editors WHERE name = ?", [name]).fetchone()
    db.execute("SAVEPOINT refusal")
    actions.record(db, None, Verb.REFUSE_SIGN_IN, name, origin=visit.origin, after={"wrong": wrong})
    if not known:
        db.execute("ROLLBACK TO refusal")
    db.execute("RELEASE refusal")


def _after_password(
    db: Database, secret_key: bytes, editor: Editor, visit: Visit, session_hash: str | None
) -> Begun | Step:
    found = _go_on(db, secret_key, editor, visit, session_hash)
    if isinstance(found, Begun):
        attempts.forgive(db, editor.name, visit.address)
    return found


def _go_on(db: Database, secret_key: bytes, editor: Editor, visit: Visit, session_hash: str | None) -> Begun | Step:
    if second_factor.of_editor(db, editor.id).any:
        return steps.begin(db, secret_key, Purpose.SECOND_FACTOR, editor, session_hash)
    return _begin(db, secret_key, editor.id, session_hash, visit, None)


def _by_code(db: Database, secret_key: bytes, step: Step, code: str, visit: Visit) -> Begun | None:
    editor = steps.editor_of(db, secret_key, step)
    known = attempts.is_known(db, secret_key, editor.name, visit.address)
    if totp.accept(db, secret_key, editor.id, code, known=known):
        factor = second_factor.APP
    elif recovery_codes.accept(db, editor.id, code):
        factor = second_factor.RECOVERY_CODE
    else:
        _refused(db, editor.name, visit, "code")
        return None
    steps.use(db, step)
    attempts.forgive(db, editor.name, visit.address, steps=2)
    return _begin(db, secret_key, editor.id, step.session, visit, factor)


def _by_passkey(db: Database, secret_key: bytes, step: Step, signed: Signed, visit: Visit) -> Begun:
    editor = editors.by_id(db, signed.editor_id) if step.editor_id is None else steps.editor_of(db, secret_key, step)
    if editor.disabled_at or editor.id != signed.editor_id:
        raise Missing("editor")
    steps.use(db, step)
    passkeys.note_use(db, signed)
    if step.editor_id is not None:
        attempts.forgive(db, editor.name, visit.address)  # the password's
    return _begin(db, secret_key, editor.id, step.session, visit, second_factor.PASSKEY)


def _begin(
    db: Database, secret_key: bytes, editor_id: int, session_hash: str | None, visit: Visit, factor: str | None
) -> Begun:
    if session_hash:
        sessions.prove_in(db, session_hash, editor_id, factor)
        return Begun("")
    token = sessions.new_token()
    sessions.begin_in(db, secret_key, token, editor_id, visit, factor)
    return Begun(token)
