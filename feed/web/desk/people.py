"""Who writes here: inviting people, their roles, and who may not sign in any more. For admins, whose session has to be
fresh for all but revoking (see permissions.FRESH)."""

from typing import Any

from flask import Blueprint, g, redirect, render_template, request, url_for

from feed.errors import Invalid, by_field
from feed.store import invitations, people, permissions, second_factor
from feed.store.permissions import ROLES
from feed.store.verbs import Verb
from feed.web.desk.done import done_in
from feed.web.services import services

VALID_DAYS = (1, invitations.DAYS, invitations.MOST_DAYS)  # that the form offers

pages = Blueprint("people", __name__)


@pages.get("/people")
def everyone() -> str:
    """Everybody who may sign in or signs texts, the open links, and the form to invite somebody."""
    return _page()


@pages.post("/people/invitations")
def invite() -> Any:
    """Makes a one-time link for somebody new. The answer alone shows it."""
    given = {name: request.form.get(name, "") for name in ("name", "display_name", "role", "days")}
    name = given["name"].strip().lower()
    try:
        token = invitations.invite(services().store, name, given["role"], given["display_name"], _days(), g.editor)
    except Invalid as error:
        return _page(given, by_field(error)), 422
    return _page(link=token), 201


@pages.post("/people/invitations/<digest>/end")
def revoke(digest: str) -> Any:
    """Ends a link that nobody has used."""
    invitations.revoke(services().store, digest, g.editor)
    return _done("revoked")


@pages.post("/people/<name>/invitations")
def reset_password(name: str) -> Any:
    """Makes a one-time link with which that editor sets a new password. The answer alone shows it."""
    try:
        token = invitations.reset_password(services().store, name, invitations.DAYS, g.editor)
    except Invalid as error:
        return _page(refused=error), 422
    return _page(link=token), 201


@pages.post("/people/<name>/role")
def change_role(name: str) -> Any:
    """Gives that editor another role."""
    try:
        people.change_role(services().store, name, request.form.get("role", ""), g.editor)
    except Invalid as error:
        return _page(refused=error), 422
    return _done("saved")


@pages.post("/people/<name>/disabled")
def disable(name: str) -> Any:
    """Keeps that editor from signing in, or lets them again: `disabled` is 1 or 0."""
    try:
        if request.form.get("disabled") == "1":
            people.disable(services().store, name, g.editor)
            return _done("disabled")
    except Invalid as error:
        return _page(refused=error), 422
    people.enable(services().store, name, g.editor)
    return _done("enabled")


@pages.post("/people/<name>/second-factor/removal")
def reset_second_factor(name: str) -> Any:
    """Takes all second factors of that editor away, as for a lost phone."""
    second_factor.reset(services().store, name, g.editor)
    return _done("removed")


def _done(deed: str) -> Any:
    return redirect(url_for(".everyone", did=deed), 303)


def _days() -> int:
    text = request.form.get("days", str(invitations.DAYS))
    return int(text) if text.isdecimal() and len(text) < 4 else 0


def _page(
    given: dict[str, str] | None = None,
    errors: dict[str, str] | None = None,
    link: str | None = None,
    refused: Invalid | None = None,
) -> str:
    """`link` is the secret of a link that was just made, `refused` why something else was not done."""
    with services().store.read() as db:
        permissions.permit(db, g.editor, Verb.INVITE)
        values = {"people": people.everyone(db), "open_links": invitations.open_links(db)}
        made = invitations.get(db, link) if link else None
        done = done_in(db, request.args)
    return render_template(
        "desk/people.html",
        given=given or {"role": "editor", "days": str(invitations.DAYS)},
        errors=errors or {},
        refused=refused and refused.reasons[0].message,
        made=made,
        link=link and services().settings.public_url + url_for("invitation.invitation", token=link),
        roles=ROLES,
        valid_days=VALID_DAYS,
        done=done,
        **values,
    )
