"""Setting up and removing second factors. Each change needs a fresh session; one that is not is led to `confirm`."""

import io
from typing import Any

from flask import Blueprint, Response, g, redirect, render_template, request, url_for

from feed.errors import Invalid, Message, by_field
from feed.store import passkeys, recovery_codes, second_factor, signing_in, steps, totp
from feed.store.signing_in import Begun
from feed.store.steps import Purpose
from feed.web.cookies import drop_step, hold_step, step_held
from feed.web.desk.account_page import account_page
from feed.web.services import services
from feed.web.way_in import next_page, party, party_here, second_step, visit

QR_SCALE = 6  # pixels for each module; the page shows it smaller
ACCOUNT = "desk.account.account"

pages = Blueprint("factors", __name__, url_prefix="/account")


@pages.get("/confirm")
def confirm() -> str:
    """The form in which an editor says once more that it is them."""
    return _confirmation()


@pages.post("/confirm")
def check() -> Any:
    """Makes this session fresh, after the second factor of who has one."""
    key, password = services().settings.secret_key, request.form.get("current", "")
    found = signing_in.again_by_password(services().store, key, g.editor, password, g.session.hash, visit())
    if found is None:
        return _confirmation({"current": Message("This is not your password.")}), 422
    return redirect(next_page(), 303) if isinstance(found, Begun) else second_step(found)


@pages.post("/app")
def set_up_app() -> Any:
    """Begins to set up an authenticator app."""
    totp.set_up(services().store, g.editor, g.session.hash)
    return redirect(url_for(".app"), 303)


@pages.get("/app")
def app() -> Any:
    """The QR code of the app that is being set up, and the form for its first code."""
    return _app_page()


@pages.get("/app/qr.svg")
def qr_code() -> Response:
    """That QR code. Raises Missing once the app is set up."""
    import segno

    drawn = io.BytesIO()
    code = segno.make(totp.uri(_secret(), g.editor.name, services().settings.site_name), error="m")
    code.save(drawn, kind="svg", scale=QR_SCALE, light="#fff", xmldecl=False)
    return Response(drawn.getvalue(), mimetype="image/svg+xml")


@pages.post("/app/confirmation")
def confirm_app() -> Any:
    """Uses the app from now on, if this is its code."""
    key, code = services().settings.secret_key, request.form.get("code", "")
    try:
        totp.confirm(services().store, key, g.editor, code, g.session.hash)
    except Invalid as error:
        return _app_page(by_field(error)), 422
    return _after_adding("app")


@pages.post("/app/removal")
def remove_app() -> Any:
    """Removes the app."""
    return _after_removing(totp.remove(services().store, g.editor, g.session.hash))


@pages.post("/passkeys/question")
def question() -> Any:
    """What the browser needs to make a passkey, as JSON. Raises NotFresh."""
    with services().store.read() as db:
        step = steps.begin(db, services().settings.secret_key, Purpose.ADD_PASSKEY, g.editor, g.session.hash)
    made = passkeys.creation(services().store, party_here(), g.editor, step)
    return hold_step(Response(made, content_type="application/json"), step)


@pages.post("/passkeys")
def add_passkey() -> Any:
    """Adds the passkey that the browser made."""
    key, given = services().settings.secret_key, request.form
    try:
        step = step_held(Purpose.ADD_PASSKEY)
        credential, name = given.get("credential", ""), given.get("name", "")
        passkeys.add(services().store, key, party_here(), g.editor, step, credential, name)
    except Invalid as error:
        return drop_step(Response(account_page(error), 422))
    return drop_step(_after_adding("passkey"))


@pages.post("/passkeys/<passkey_id>/removal")
def remove_passkey(passkey_id: str) -> Any:
    """Removes that passkey."""
    return _after_removing(passkeys.remove(services().store, g.editor, passkey_id, g.session.hash))


@pages.post("/recovery-codes")
def new_codes() -> str:
    """Makes new recovery codes, and shows them, which no other page does."""
    codes = recovery_codes.make(services().store, g.editor, g.session.hash)
    return render_template("desk/recovery_codes.html", codes=codes)


def _after_adding(did: str) -> Any:
    """The page after a factor was added: who has no recovery codes gets them now."""
    with services().store.read() as db:
        have = second_factor.of_editor(db, g.editor.id).codes
    return redirect(url_for(ACCOUNT, did=did), 303) if have else Response(new_codes())


def _after_removing(removed: bool) -> Any:
    """The page of the account, which says nothing of what was not there."""
    return redirect(url_for(ACCOUNT, did="removed" if removed else None), 303)


def _confirmation(errors: dict[str, str] | None = None) -> str:
    with services().store.read() as db:
        factors = second_factor.of_editor(db, g.editor.id)
    return render_template("desk/confirm.html", errors=errors or {}, next=next_page(), factors=factors, party=party())


def _app_page(errors: dict[str, str] | None = None) -> str:
    secret = _secret()
    uri = totp.uri(secret, g.editor.name, services().settings.site_name)
    return render_template("desk/app.html", secret=secret, uri=uri, errors=errors or {})


def _secret() -> str:
    with services().store.read() as db:
        return totp.pending(db, services().settings.secret_key, g.session.hash)
