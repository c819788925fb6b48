"""The second step of signing in, and signing in with a passkey alone. Both end with a session; or, where an editor who
is signed in had to say once more that it is them, on the page that asked."""

from typing import Any

from flask import Blueprint, Response, redirect, render_template, request

from feed.errors import Invalid, Message, Missing, by_field
from feed.store import passkeys, second_factor, signing_in, steps, totp
from feed.store.signing_in import Begun
from feed.store.steps import Purpose, Step
from feed.web.cookies import drop_step, hold_step, start_session, step_held
from feed.web.guards import check_strangers_form, editor_at_desk
from feed.web.services import services
from feed.web.way_in import next_page, party, party_here, sign_in_page, visit

OVER = Message("That took too long. Sign in again.")

second_step_pages = Blueprint("second_step", __name__, url_prefix="/desk/sign-in")
second_step_pages.before_request(check_strangers_form)


@second_step_pages.errorhandler(Missing)
def over(_: Missing) -> Any:
    """The step is over, or never was: it has to be begun again."""
    return drop_step(Response(sign_in_page(error=OVER), 403))


@second_step_pages.get("/second-step")
def second_step() -> Any:
    """The form for a code, with the button for a passkey."""
    return _form(step_held(Purpose.SECOND_FACTOR))


@second_step_pages.post("/second-step")
def check() -> Any:
    """Ends the sign-in with a code of the app or a recovery code. Otherwise the form comes back."""
    step = step_held(Purpose.SECOND_FACTOR)
    code = request.form.get("code", "")
    begun = signing_in.by_code(services().store, services().settings.secret_key, step, code, visit())
    if begun is None:
        return _form(step, {"code": totp.WRONG}), 403
    return _end(begun)


@second_step_pages.post("/passkey/question")
def question() -> Any:
    """What a passkey has to sign, as JSON: after the password for that editor's, otherwise for anybody's."""
    step, here = _step_for_passkey(), party_here()
    found = Response(passkeys.question(services().store, here, step), content_type="application/json")
    return hold_step(found, step)


@second_step_pages.post("/passkey")
def passkey() -> Any:
    """Ends the sign-in with what a passkey has signed. Otherwise the form comes back."""
    step, answer = _step_begun(), request.form.get("credential", "")
    store, key = services().store, services().settings.secret_key
    try:
        begun = signing_in.by_passkey(store, key, party_here(), step, answer, visit())
    except Invalid as error:
        if step.purpose == Purpose.SECOND_FACTOR:
            return _form(step, by_field(error)), 403
        return sign_in_page(error=by_field(error)["passkey"]), 403
    return _end(begun)


def _step_begun() -> Step:
    try:
        return step_held(Purpose.SECOND_FACTOR)
    except Missing:
        return step_held(Purpose.PASSKEY)


def _step_for_passkey() -> Step:
    """The step that is under way; otherwise a new one, for a passkey alone."""
    try:
        return step_held(Purpose.SECOND_FACTOR)
    except Missing:
        found = editor_at_desk()
    editor, session_hash = (found[1], found[0].hash) if found else (None, None)
    with services().store.read() as db:
        return steps.begin(db, services().settings.secret_key, Purpose.PASSKEY, editor, session_hash)


def _form(step: Step, errors: dict[str, str] | None = None) -> str:
    with services().store.read() as db:
        editor = steps.editor_of(db, services().settings.secret_key, step)
        factors = second_factor.of_editor(db, editor.id)
    return render_template("second_step.html", errors=errors or {}, next=next_page(), party=party(), factors=factors)


def _end(begun: Begun) -> Any:
    answer = drop_step(redirect(next_page(), 303))
    return start_session(answer, begun.token) if begun.token else answer
