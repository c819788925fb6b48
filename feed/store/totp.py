"""One-time codes of an authenticator app (RFC 6238): six digits that change every 30 seconds.

The app's secret is computed of the site's key and a random salt. Only the salt is stored, so a copy of the database
makes no codes; with another FEED_SECRET_KEY, apps have to be set up anew.
"""

import hashlib
import hmac
import secrets
from base64 import b32encode
from datetime import datetime

from sqlite_utils import Database

from feed import times
from feed.errors import Invalid, Message, Missing, Reason
from feed.store import freshness, permissions, second_factor
from feed.store.database import Store
from feed.store.editors import Editor
from feed.store.verbs import Verb

STEP_SECONDS = 30
DRIFT_STEPS = 1  # a code is accepted a step early or late: clocks differ, and people type
SECRET_BYTES = 20  # what RFC 4226 recommends
DIGITS = 6
PENDING_SECONDS = 30 * 60  # to install an app and scan the code
WRONG_IN_A_ROW = 100  # NIST 800-63B-4, 3.2.2. Then codes count only where the editor has signed in before
WRONG = Message("This code is not right, or was used before. Wait for the next one.")


def set_up(store: Store, editor: Editor, session_hash: str) -> None:
    """Begins to set up an app in that session. What was begun there before is void; an app that is in use stays so.
    Raises NotFresh."""
    store.write(_set_up, editor, session_hash, secrets.token_urlsafe(SECRET_BYTES))


def pending(db: Database, secret_key: bytes, session_hash: str) -> str:
    """The secret, in base32, of the app that is being set up in that session. Raises Missing when there is none."""
    row = db.execute(
        "SELECT salt FROM totp_pending WHERE session = ? AND at > ?", [session_hash, times.after(-PENDING_SECONDS)]
    ).fetchone()
    if row is None:
        raise Missing("app")
    return _secret(secret_key, row["salt"])


def uri(secret: str, name: str, site_name: str) -> str:
    """What the QR code says: the address by which apps take a secret."""
    import pyotp

    return pyotp.TOTP(secret).provisioning_uri(name=name, issuer_name=site_name)


def confirm(store: Store, secret_key: bytes, editor: Editor, code: str, session_hash: str) -> None:
    """Uses the app that is being set up in that session from now on, if this is its present code. Raises Invalid,
    NotFresh, and Missing when none is being set up."""
    store.write(_confirm, secret_key, editor, code, session_hash)


def remove(store: Store, editor: Editor, session_hash: str) -> bool:
    """Removes the editor's app. Whether there was one. Raises NotFresh."""
    return store.write(_remove, editor, session_hash)


def accept(db: Database, secret_key: bytes, editor_id: int, code: str, *, known: bool) -> bool:
    """Whether this is a code of the editor's app that was not accepted before, in a transaction of the caller's, which
    must be committed in either case. `known` says whether they have signed in from there before."""
    row = db.execute("SELECT salt, last_step, wrong FROM totp WHERE editor_id = ?", [editor_id]).fetchone()
    if row is None or (row["wrong"] >= WRONG_IN_A_ROW and not known):
        return False
    step = _step_of(_secret(secret_key, row["salt"]), code)
    if step is None or step <= row["last_step"]:
        db.execute("UPDATE totp SET wrong = wrong + 1 WHERE editor_id = ?", [editor_id])
        return False
    db.execute("UPDATE totp SET last_step = ?, wrong = 0 WHERE editor_id = ?", [step, editor_id])
    return True


def _set_up(db: Database, editor: Editor, session_hash: str, salt: str) -> None:
    freshness.require(db, session_hash, editor.id)
    permissions.permit(db, editor, Verb.ADD_SECOND_FACTOR)
    db.execute(
        "INSERT OR REPLACE INTO totp_pending (session, salt, at) VALUES (?, ?, ?)", [session_hash, salt, times.now()]
    )


def _confirm(db: Database, secret_key: bytes, editor: Editor, code: str, session_hash: str) -> None:
    freshness.require(db, session_hash, editor.id)
    step = _step_of(pending(db, secret_key, session_hash), code)
    if step is None:
        raise Invalid(Reason("code", WRONG))
    db.execute(
        "INSERT OR REPLACE INTO totp (editor_id, salt, created_at, last_step) "
        "SELECT ?, salt, ?, ? FROM totp_pending WHERE session = ?",
        [editor.id, times.now(), step, session_hash],
    )
    db.execute("DELETE FROM totp_pending WHERE session = ?", [session_hash])
    second_factor.added(db, editor, session_hash, second_factor.APP, "app")


def _remove(db: Database, editor: Editor, session_hash: str) -> bool:
    freshness.require(db, session_hash, editor.id)
    had = db.execute("DELETE FROM totp WHERE editor_id = ?", [editor.id]).rowcount > 0
    if had:
        second_factor.removed(db, editor, "app")
    return had


def _secret(secret_key: bytes, salt: str) -> str:
    return b32encode(hmac.digest(secret_key, f"totp {salt}".encode(), hashlib.sha256)[:SECRET_BYTES]).decode()


def _step_of(secret: str, code: str) -> int | None:
    """The step whose code this is, near the present one."""
    import pyotp

    typed, app = "".join(code.split()), pyotp.TOTP(secret, digits=DIGITS, interval=STEP_SECONDS)
    now = int(datetime.fromisoformat(times.now()).timestamp()) // STEP_SECONDS
    near = range(now - DRIFT_STEPS, now + DRIFT_STEPS + 1)
    return next((step for step in near if hmac.compare_digest(app.generate_otp(step).encode(), typed.encode())), None)
