"""Signing in and out. The second step is in second_step."""

from typing import Any

from flask import Blueprint, redirect, request, url_for

from feed.errors import Message
from feed.store import sessions, signing_in
from feed.web.cookies import end_session, start_session
from feed.web.guards import check_strangers_form, editor_at_desk
from feed.web.services import services
from feed.web.way_in import next_page, second_step, sign_in_page, visit

sign_in_pages = Blueprint("sign_in", __name__, url_prefix="/desk")
sign_in_pages.before_request(check_strangers_form)


@sign_in_pages.get("/sign-in")
def sign_in() -> Any:
    """The form to sign in; who is signed in already is sent on."""
    if editor_at_desk():
        return redirect(next_page())
    return sign_in_page()


@sign_in_pages.post("/sign-in")
def check() -> Any:
    """Begins a session for a name with its password, or asks for the second factor of who has one. Otherwise the form
    comes back, and does not say which of the two was wrong."""
    name, password = request.form.get("name", "").strip().lower(), request.form.get("password", "")
    found = signing_in.by_password(services().store, services().settings.secret_key, name, password, visit())
    if found is None:
        return sign_in_page(name=name, error=Message("Name and password do not fit together. Try again.")), 403
    if isinstance(found, signing_in.Begun):
        return start_session(redirect(next_page(), 303), found.token)
    return second_step(found)


@sign_in_pages.post("/sign-out")
def sign_out() -> Any:
    """Ends the session of this browser."""
    if found := editor_at_desk():
        session, editor = found
        sessions.end(services().store, editor, session.hash)
    return end_session(redirect(url_for("sign_in.sign_in"), 303))
