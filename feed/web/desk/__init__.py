"""The desk: where editors write. Every form works without JavaScript; with it, the same forms are sent in place.

A refused form comes back with what was typed in it and the reason beside the field: nothing is lost.
"""

from typing import Any

from flask import Blueprint, g, redirect, render_template, request, url_for

from feed.errors import NotFresh
from feed.store import permissions
from feed.store import tidings as told
from feed.store.verbs import Verb
from feed.web import resend
from feed.web.desk import (
    account,
    articles,
    discarded,
    drafts,
    exports,
    factors,
    feeds,
    log,
    on_page,
    overview,
    paste,
    people,
    pictures,
    points,
    preview,
    profile,
    receipts,
    review,
    scheduled,
    search,
    submissions,
    tokens,
    undo,
    updates,
    uploads,
)
from feed.web.desk.compressed import compress
from feed.web.desk.installable import allow_copy
from feed.web.guards import check_form_of_editor, require_editor
from feed.web.services import before_a_search, services

desk = Blueprint("desk", __name__, url_prefix="/desk")
desk.before_request(require_editor)
desk.before_request(check_form_of_editor)
desk.before_request(before_a_search)
desk.after_request(allow_copy)
desk.after_request(compress)
for each in (
    overview,
    feeds,
    exports,
    updates,
    undo,
    drafts,
    discarded,
    preview,
    paste,
    articles,
    pictures,
    points,
    uploads,
    profile,
    people,
    tokens,
    account,
    factors,
    on_page,
    receipts,
    scheduled,
    search,
    submissions,
    review,
    log,
):
    desk.register_blueprint(each.pages)


@desk.errorhandler(NotFresh)
def lead_to_confirmation(_: NotFresh) -> Any:
    """The editor has to say once more that it is them; nothing was changed. What was filled in is sent again then."""
    pages = {"desk.people": url_for("desk.people.everyone"), "desk.updates": request.path}
    page = pages.get(request.blueprint or "", url_for("desk.account.account"))
    sent = resend.form()
    if sent and {name for name, _ in (*sent.texts, *sent.others)} > {"editor"}:
        return render_template("desk/not_fresh.html", again=sent, next=page), 403
    return redirect(url_for("desk.factors.confirm", next=page), 303)


@desk.app_template_global()
def may(verb: str) -> bool:
    """Whether the editor's role may do that, for templates: `may("invite person")`."""
    return permissions.may(g.editor.role, Verb(verb))


@desk.app_template_global()
def tidings() -> Any:
    """What every page of the desk says of submissions and of what is scheduled (see store.tidings.Tidings)."""
    with services().store.read() as db:
        return told.of(db, g.editor)
