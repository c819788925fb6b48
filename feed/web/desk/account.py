"""An editor's account: where they are signed in, their password, and their second factors. How these change is in
`factors`."""

from typing import Any

from flask import Blueprint, g, redirect, request, url_for

from feed.errors import Invalid
from feed.store import people, sessions
from feed.web.desk.account_page import account_page
from feed.web.services import services

pages = Blueprint("account", __name__)


@pages.get("/account")
def account() -> str:
    """The page of the account."""
    return account_page()


@pages.post("/password")
def change_password() -> Any:
    """Changes the editor's own password, and signs out every other browser."""
    current, new = request.form.get("current", ""), request.form.get("password", "")
    try:
        key, address = services().settings.secret_key, request.remote_addr or ""
        people.change_own_password(services().store, key, g.editor, current, new, g.session.hash, address)
    except Invalid as error:
        return account_page(error), 422
    return redirect(url_for("desk.account.account", did="saved"), 303)


@pages.post("/sessions/<session_hash>/end")
def end_session(session_hash: str) -> Any:
    """Ends one of the editor's sessions, such as one in another browser."""
    sessions.end(services().store, g.editor, session_hash)
    return redirect(url_for("desk.account.account"), 303)


@pages.post("/account/other-sessions/end")
def end_other_sessions() -> Any:
    """Ends all sessions of the editor but this one."""
    sessions.end_others(services().store, g.editor, g.session.hash)
    return redirect(url_for("desk.account.account", did="elsewhere"), 303)
