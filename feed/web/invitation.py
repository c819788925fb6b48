"""The pages of one-time links: the first editor's, an invitation, and a new password."""

from typing import Any

from flask import Blueprint, redirect, render_template, request, url_for

from feed.errors import Invalid, by_field
from feed.store import invitations, signing_in
from feed.store.invitations import Invitation
from feed.web import origins
from feed.web.cookies import start_session
from feed.web.guards import check_strangers_form
from feed.web.services import services
from feed.web.way_in import second_step, visit

invitation_pages = Blueprint("invitation", __name__, url_prefix="/desk")
invitation_pages.before_request(check_strangers_form)


@invitation_pages.get("/first/<token>", endpoint="first")
@invitation_pages.get("/invitations/<token>")
def invitation(token: str) -> Any:
    """The form of a one-time link. Raises Missing for an unknown link, and LinkOver."""
    with services().store.read() as db:
        return _page(invitations.get(db, token), {})


@invitation_pages.post("/first/<token>", endpoint="accept_first")
@invitation_pages.post("/invitations/<token>")
def accept(token: str) -> Any:
    """Uses the link, and signs its editor in, or asks for the second factor of who has one."""
    given = request.form.to_dict()
    name, password = given.get("name", "").strip().lower(), given.get("password", "")
    with services().store.read() as db:
        found = invitations.get(db, token)
    try:
        shown = given.get("display_name", "")
        editor = invitations.accept(services().store, token, name, password, shown, origins.at_desk())
    except Invalid as error:
        return _page(found, given, error), 422
    begun = signing_in.by_link(services().store, services().settings.secret_key, editor, visit())
    if isinstance(begun, signing_in.Begun):
        return start_session(redirect(url_for("desk.overview.overview"), 303), begun.token)
    return second_step(begun)


def _page(found: Invitation, given: dict[str, str], error: Invalid | None = None) -> str:
    shown = {"display_name": found.display_name} | given
    return render_template("invitation.html", invitation=found, given=shown, errors=by_field(error))
