"""Passkeys (WebAuthn): a key of the editor's device, which signs a challenge of the site and asks for a finger or a PIN
first. So one alone signs an editor in, and it is good as a second factor too.

What a browser sends is checked by the library `webauthn`, on a thread of its own: it takes 15 MB and a fifth of a
second to import, and is not imported before.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from ipaddress import ip_address
from typing import Any, TypeVar
from urllib.parse import urlsplit

from sqlite_utils import Database

from feed import fields, times
from feed.errors import Invalid, Message, Missing, Reason
from feed.settings import LOOPBACK_NAMES
from feed.store import freshness, second_factor, steps
from feed.store.database import Store, insert
from feed.store.editors import Editor
from feed.store.steps import Step

MOST = 20  # of one editor: more devices than anybody has
NAME = fields.Text(60)  # "Mara's phone"
REFUSED = Message("This passkey was not accepted. Try again, or sign in another way.")

T = TypeVar("T")


@dataclass(frozen=True)
class Passkey:
    """A passkey in a list. `used_at` is when it last signed its editor in."""

    id: str
    name: str
    created_at: str
    used_at: str | None


@dataclass(frozen=True)
class Party:
    """This site, as passkeys know it: WebAuthn's relying party. `id` is its host, `origin` that of its pages."""

    id: str
    name: str
    origin: str


def party(public_url: str, site_name: str) -> Party | None:
    """The site at that address. On this machine it is `localhost`, whatever number it has; at any other number there
    are no passkeys, so that is None."""
    parts = urlsplit(public_url)
    host = parts.hostname or ""
    if f"[{host}]" in LOOPBACK_NAMES or host in LOOPBACK_NAMES:
        port = f":{parts.port}" if parts.port else ""
        return Party("localhost", site_name, f"{parts.scheme}://localhost{port}")
    try:
        ip_address(host)
    except ValueError:
        return Party(host, site_name, public_url)
    return None


def of_editor(db: Database, editor_id: int) -> list[Passkey]:
    """The passkeys of that editor, the oldest first."""
    rows = db.execute(
        "SELECT id, name, created_at, used_at FROM passkeys WHERE editor_id = ? ORDER BY created_at, id", [editor_id]
    )
    return [Passkey(**dict(row)) for row in rows]


def creation(store: Store, here: Party, editor: Editor, step: Step) -> str:
    """What the browser needs to make a passkey for that editor, as JSON."""
    with store.read() as db:
        have = [each.id for each in of_editor(db, editor.id)]
    return store.passwords.run(_creation, here, editor, step.challenge, have)


def question(store: Store, here: Party, step: Step) -> str:
    """What the browser needs to sign with a passkey of the step's editor, or of anybody's, as JSON."""
    allowed: list[str] = []
    if step.editor_id is not None:
        with store.read() as db:
            allowed = [each.id for each in of_editor(db, step.editor_id)]
    return store.passwords.run(_question, here, step.challenge, allowed)


def add(store: Store, secret_key: bytes, here: Party, editor: Editor, step: Step, answer: str, name: str) -> None:
    """Adds the passkey that the browser made for that step. Raises Invalid, NotFresh, and Missing for a step that is
    over."""
    if step.editor_id != editor.id or step.session is None:
        raise Missing("step")
    try:
        called = NAME.clean(name) or "Passkey"
    except ValueError as error:
        raise Invalid(Reason("name", error.args[0])) from None
    made = store.passwords.run(_tried, _check_creation, here, step.challenge, answer)
    store.write(_add, secret_key, editor, step, {"name": called, **made})


def remove(store: Store, editor: Editor, passkey_id: str, session_hash: str) -> bool:
    """Removes that passkey of the editor. Whether there was one. Raises NotFresh."""
    return store.write(_remove, editor, passkey_id, session_hash)


@dataclass(frozen=True)
class Signed:
    """A passkey that has signed the step's challenge. `counted` is how often it says that it has signed (some never
    count), `before` how often it had when it was last here."""

    id: str
    editor_id: int
    before: int
    counted: int


def check(store: Store, here: Party, step: Step, answer: str) -> Signed:
    """Checks what a passkey answered to that step's question. Raises Invalid."""
    with store.read() as db:
        row = db.execute(
            "SELECT id, editor_id, public_key, sign_count FROM passkeys WHERE id = ?", [_id_in(answer)]
        ).fetchone()
    if row is None or step.editor_id not in (None, row["editor_id"]):
        raise Invalid(Reason("passkey", REFUSED))
    counted = store.passwords.run(
        _tried, _check_answer, here, step.challenge, answer, row["public_key"], row["sign_count"], row["editor_id"]
    )
    return Signed(row["id"], row["editor_id"], row["sign_count"], counted)


def note_use(db: Database, signed: Signed) -> None:
    """Notes that it was used, in a transaction of the caller's. Raises Invalid when it is gone, or has signed
    elsewhere meanwhile."""
    used = db.execute(
        "UPDATE passkeys SET sign_count = ?, used_at = ? WHERE id = ? AND editor_id = ? AND sign_count = ?",
        [signed.counted, times.now(), signed.id, signed.editor_id, signed.before],
    )
    if not used.rowcount:
        raise Invalid(Reason("passkey", REFUSED))


def _add(db: Database, secret_key: bytes, editor: Editor, step: Step, row: dict[str, Any]) -> None:
    freshness.require(db, step.session or "", editor.id)
    steps.editor_of(db, secret_key, step)
    steps.use(db, step)
    if len(of_editor(db, editor.id)) >= MOST:
        raise Invalid(Reason("passkey", Message("You have {count} passkeys. Remove one first.", count=MOST)))
    if db.execute("SELECT 1 FROM passkeys WHERE id = ?", [row["id"]]).fetchone():
        raise Invalid(Reason("passkey", Message("This passkey is here already.")))
    insert(db, "passkeys", {**row, "editor_id": editor.id, "created_at": times.now()})
    second_factor.added(db, editor, step.session or "", second_factor.PASSKEY, f"passkey {row['name']}")


def _remove(db: Database, editor: Editor, passkey_id: str, session_hash: str) -> bool:
    freshness.require(db, session_hash, editor.id)
    named = db.execute("SELECT name FROM passkeys WHERE id = ? AND editor_id = ?", [passkey_id, editor.id]).fetchone()
    if named:
        db.execute("DELETE FROM passkeys WHERE id = ?", [passkey_id])
        second_factor.removed(db, editor, f"passkey {named['name']}")
    return named is not None


def _id_in(answer: str) -> str:
    try:
        found = json.loads(answer)
    except (ValueError, RecursionError):
        found = None
    return str(found.get("id")) if isinstance(found, dict) else ""


def _tried(check: Callable[..., T], *args: object) -> T:
    """What a check of the library returns. It raises many kinds of errors for what it cannot read or trust. Raises
    Invalid."""
    try:
        return check(*args)
    except Exception as error:
        raise Invalid(Reason("passkey", REFUSED)) from error


def _handle(here: Party, editor_id: int) -> bytes:
    """What the device stores as the account. It tells nothing of the editor."""
    return sha256(f"{here.id} editor {editor_id}".encode()).digest()


def _creation(here: Party, editor: Editor, challenge: str, have: list[str]) -> str:
    import webauthn
    from webauthn.helpers import structs

    options = webauthn.generate_registration_options(
        rp_id=here.id,
        rp_name=here.name,
        user_id=_handle(here, editor.id),
        user_name=editor.name,
        user_display_name=editor.display_name,
        challenge=_bytes(challenge),
        authenticator_selection=structs.AuthenticatorSelectionCriteria(
            resident_key=structs.ResidentKeyRequirement.REQUIRED,
            user_verification=structs.UserVerificationRequirement.REQUIRED,
        ),
        exclude_credentials=_descriptors(have),
    )
    return webauthn.options_to_json(options)


def _question(here: Party, challenge: str, allowed: list[str]) -> str:
    import webauthn
    from webauthn.helpers import structs

    options = webauthn.generate_authentication_options(
        rp_id=here.id,
        challenge=_bytes(challenge),
        allow_credentials=_descriptors(allowed),
        user_verification=structs.UserVerificationRequirement.REQUIRED,
    )
    return webauthn.options_to_json(options)


def _check_creation(here: Party, challenge: str, answer: str) -> dict[str, Any]:
    import webauthn
    from webauthn.helpers import bytes_to_base64url

    made = webauthn.verify_registration_response(
        credential=answer,
        expected_challenge=_bytes(challenge),
        expected_rp_id=here.id,
        expected_origin=here.origin,
        require_user_verification=True,
    )
    return {
        "id": bytes_to_base64url(made.credential_id),
        "public_key": bytes_to_base64url(made.credential_public_key),
        "sign_count": made.sign_count,
    }


def _check_answer(here: Party, challenge: str, answer: str, public_key: str, before: int, editor_id: int) -> int:
    import webauthn
    from webauthn.helpers import parse_authentication_credential_json

    credential = parse_authentication_credential_json(answer)
    if credential.response.user_handle not in (None, b"", _handle(here, editor_id)):
        raise ValueError("another account")
    done = webauthn.verify_authentication_response(
        credential=credential,
        expected_challenge=_bytes(challenge),
        expected_rp_id=here.id,
        expected_origin=here.origin,
        credential_public_key=_bytes(public_key),
        credential_current_sign_count=before,
        require_user_verification=True,
    )
    return int(done.new_sign_count)


def _descriptors(ids: list[str]) -> list[Any]:
    from webauthn.helpers.structs import PublicKeyCredentialDescriptor

    return [PublicKeyCredentialDescriptor(id=_bytes(each)) for each in ids]


def _bytes(text: str) -> bytes:
    from webauthn.helpers import base64url_to_bytes

    return bytes(base64url_to_bytes(text))
