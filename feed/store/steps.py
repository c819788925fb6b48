"""A step of signing in that one browser has begun: the right password, after which a second factor has to come, or a
challenge that a passkey has to sign.

The browser holds it as a signed cookie, so strangers who begin one cost no row. It is for one purpose, ends after
VALID_SECONDS, and can be completed once: `used_steps` has those that were, until they are over.
"""

import json
import secrets
from dataclasses import asdict, dataclass
from enum import StrEnum

from itsdangerous import BadData, URLSafeSerializer
from sqlite_utils import Database

from feed import times
from feed.errors import Missing
from feed.store import editors
from feed.store.editors import Editor
from feed.store.hashes import hashed

VALID_SECONDS = 5 * 60  # long enough to fetch a phone from the next room
CHALLENGE_BYTES = 32  # WebAuthn asks for 16 at least


class Purpose(StrEnum):
    """What the step is for."""

    SECOND_FACTOR = "second factor"  # the password was right
    PASSKEY = "passkey"  # signing in with a passkey alone
    ADD_PASSKEY = "add passkey"


@dataclass(frozen=True)
class Step:
    """`challenge` names it, and is what a passkey signs. `editor_id` is whose it is, None where a passkey will tell.
    `session` is the session that shows again that it is its editor, None for one that is to begin. `password` is a
    fingerprint of the password's hash: with another password the step is void."""

    purpose: str
    challenge: str
    until: str
    editor_id: int | None = None
    session: str | None = None
    password: str | None = None


def begin(
    db: Database, secret_key: bytes, purpose: Purpose, editor: Editor | None = None, session_hash: str | None = None
) -> Step:
    """A new step of that editor."""
    challenge = secrets.token_urlsafe(CHALLENGE_BYTES)
    until = times.after(VALID_SECONDS)
    if editor is None:
        return Step(purpose, challenge, until)
    return Step(purpose, challenge, until, editor.id, session_hash, _fingerprint(db, secret_key, editor.id))


def sealed(step: Step, secret_key: bytes) -> str:
    """The step as text that nobody else can write."""
    return str(_seal(secret_key).dumps(asdict(step)))


def opened(text: str | None, secret_key: bytes, purpose: Purpose) -> Step:
    """The step of that text. Raises Missing when it is not ours, for another purpose, or over."""
    try:
        step = Step(**_seal(secret_key).loads(text or ""))
    except BadData:
        raise Missing("step") from None
    if step.purpose != purpose or step.until < times.now():
        raise Missing("step")
    return step


def editor_of(db: Database, secret_key: bytes, step: Step) -> Editor:
    """Whose step it is. Raises Missing when it was completed before, or when that editor may not sign in any more or
    has another password since."""
    used = db.execute("SELECT 1 FROM used_steps WHERE challenge = ?", [step.challenge]).fetchone()
    if step.editor_id is None or used:
        raise Missing("step")
    editor = editors.by_id(db, step.editor_id)
    if editor.disabled_at or _fingerprint(db, secret_key, editor.id) != step.password:
        raise Missing("step")
    return editor


def use(db: Database, step: Step) -> None:
    """Completes it, in a transaction of the caller's. Raises Missing when it was completed before."""
    db.execute("DELETE FROM used_steps WHERE until < ?", [times.now()])
    used = db.execute("INSERT OR IGNORE INTO used_steps (challenge, until) VALUES (?, ?)", [step.challenge, step.until])
    if not used.rowcount:
        raise Missing("step")


def _seal(secret_key: bytes) -> URLSafeSerializer:
    return URLSafeSerializer(secret_key, "step of signing in", serializer=json)


def _fingerprint(db: Database, secret_key: bytes, editor_id: int) -> str:
    (stored,) = db.execute("SELECT password_hash FROM editors WHERE id = ?", [editor_id]).fetchone()
    return hashed(stored, secret_key)
