"""An editor's own page: what readers see of them. How they sign in is in `account`."""

from typing import Any

from flask import Blueprint, g, redirect, render_template, request, url_for

from feed import fields
from feed.errors import Invalid, by_field
from feed.store import editors, pictures
from feed.web.desk.done import done_in
from feed.web.desk.forms import PICTURES_SHOWN
from feed.web.services import services

pages = Blueprint("profile", __name__)


@pages.get("/profile")
def profile() -> str:
    """The page with what readers see of the editor."""
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


def _page(given: dict[str, Any], error: Invalid | None = None) -> str:
    with services().store.read() as db:
        choice, done = pictures.latest(db, PICTURES_SHOWN), done_in(db, request.args)
    values = {"given": given, "errors": by_field(error), "pictures": choice}
    return render_template("desk/profile.html", done=done, **values)
