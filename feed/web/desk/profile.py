"""An editor's own page: what readers see of them, their password, and where they are signed in."""

from typing import Any

from flask import Blueprint, g, redirect, render_template, request, url_for

from feed import fields
from feed.errors import Invalid, by_field
from feed.store import editors, people, pictures, sessions
from feed.web.desk.done import done_in
from feed.web.desk.forms import PICTURES_SHOWN
from feed.web.services import services

pages = Blueprint("profile", __name__)


@pages.get("/profile")
def profile() -> str:
    """The page with what readers see of the editor, and where the editor is signed in."""
    values = {name: getattr(g.editor, name) for name in fields.PROFILE}
    return _page(values)


@pages.post("/profile")
def change_profile() -> Any:
    """Saves what readers see of the editor: name, role, biography, picture."""
    given = {name: request.form.get(name) for name in fields.PROFILE}
    try:
        editors.change_profile(services().store, g.editor.id, given, g.editor)
    except Invalid as error:
        return _page(given, error), 422
    return redirect(url_for(".profile", did="saved"), 303)


@pages.post("/password")
def change_password() -> Any:
    """Changes the editor's own password, and signs out every other browser."""
    current, new = request.form.get("current", ""), request.form.get("password", "")
    try:
        key, address = services().settings.secret_key, request.remote_addr or ""
        people.change_own_password(services().store, key, g.editor, current, new, g.session.hash, address)
    except Invalid as error:
        return _page({name: getattr(g.editor, name) for name in fields.PROFILE}, error), 422
    return redirect(url_for(".profile", did="saved"), 303)


@pages.post("/sessions/<session_hash>/end")
def end_session(session_hash: str) -> Any:
    """Ends one of the editor's sessions, such as one in another browser."""
    sessions.end(services().store, g.editor, session_hash)
    return redirect(url_for(".profile"), 303)


def _page(given: dict[str, Any], error: Invalid | None = None) -> str:
    with services().store.read() as db:
        mine = sessions.of_editor(db, g.editor)
        choice, done = pictures.latest(db, PICTURES_SHOWN), done_in(db, request.args)
    values = {"given": given, "errors": by_field(error), "sessions": mine, "pictures": choice}
    return render_template("desk/profile.html", done=done, **values)
