"""Submitting updates, taking back what was submitted, and what a form says of it, for authors. Articles are submitted
from their form (articles.py)."""

from typing import Any

from flask import Blueprint, g, redirect, render_template, url_for

from feed import fields
from feed.errors import Gone, Invalid, KeyUsed, Message, Stale
from feed.store import submissions, submitting, updates
from feed.store.submissions import State
from feed.web.desk import composer, conflict, edits
from feed.web.desk.forms import OF_UPDATE, draft_id_read, fields_of_update, new_id, revision_read, typed
from feed.web.problems import answer
from feed.web.services import services

# Why a text cannot be taken back any more.
_TOO_LATE = {
    State.PUBLISHED: Message("This was published already."),
    State.SCHEDULED: Message("This is accepted, and scheduled. Ask an editor to cancel that."),
    State.FAILED: Message("This is accepted, and has not come out. Ask an editor to cancel that."),
    State.REPLACED: Message("A later text was scheduled in its place."),
}

pages = Blueprint("submissions", __name__)


@pages.post("/feeds/<slug>/submissions")
def submit(slug: str) -> Any:
    """Submits what is in the composer. The form names its draft, so a second click submits nothing more."""
    given = fields_of_update()
    state = {**typed(OF_UPDATE), "feed": slug, "update": None}
    try:
        submitting.submit_update(services().store, draft_id_read() or new_id(), g.editor, state, given)
    except KeyUsed as error:
        return composer.page(slug, given=given, error=error), 422
    except Invalid as error:
        return composer.page(slug, given=given, error=error, draft_id=draft_id_read()), 422
    return redirect(url_for("desk.feeds.feed", slug=slug, did="submitted"), 303)


@pages.post("/updates/<int:update_id>/submissions")
def submit_edit(update_id: int) -> Any:
    """Submits what is in the form of an update. The form comes back where somebody else has saved the update since, as
    it does when an edit is saved."""
    revision, given = revision_read(), edits.sent()
    with services().store.read() as db:
        update = updates.get_any(db, update_id)
    state = {**typed(OF_UPDATE), "feed": update.feed, "update": update_id, "revision": revision}
    try:
        conflict.check(fields.EDIT, given)
        sent = {name: value for name, value in given.items() if name != "language" or edits.language_changed()}
        submitting.submit_update(services().store, draft_id_read() or new_id(), g.editor, state, sent)
    except Stale as error:
        return edits.in_conflict(error.current, given, revision), 409
    except Gone:
        return edits.retracted(update, given, revision), 410
    except KeyUsed as error:
        return edits.page(update, given, error=error, revision=revision, draft_id=new_id()), 422
    except Invalid as error:
        return edits.refused(update, given, error, revision), 422
    return redirect(url_for("desk.feeds.feed", slug=update.feed, did="submitted", _anchor=f"update-{update_id}"), 303)


@pages.post("/submissions/<int:submission_id>/taken-back")
def take_back(submission_id: int) -> Any:
    """Takes back what this editor submitted."""
    try:
        submitting.take_back(services().store, submission_id, g.editor)
    except Stale as error:
        return answer(409, _TOO_LATE[error.current.state])
    return redirect(url_for("desk.overview.overview", did="taken-back"), 303)


@pages.get("/submissions/<draft_id>")
def of_draft(draft_id: str) -> Any:
    """What the form of that draft says of what was submitted of it: HTML, or 204 for nothing. The desk's script
    asks."""
    with services().store.read() as db:
        found = submissions.of_draft(db, draft_id, g.editor)
    if found is None or found.state == State.TAKEN_BACK:
        return "", 204
    return render_template("desk/_submission.html", submission=found)
