"""Undo and Restore at the desk: what was just published is taken off again, and what was retracted comes back."""

from typing import Any

from flask import Blueprint, g, redirect, render_template, request, url_for

from feed.store import retracting, undoing, updates
from feed.store.undoing import NotUndone
from feed.web.services import services

pages = Blueprint("undo", __name__)


@pages.post("/updates/<int:update_id>/undo")
def undo(update_id: int) -> Any:
    """Takes an update off that this editor has just published, and opens its text in the composer, as the draft whose
    id the form has. Where that is not possible any more, the form of a retraction comes back with the reason."""
    draft_id = request.form.get("draft", "")
    try:
        gone = undoing.undo(services().store, update_id, g.editor, draft_id, services().settings.undo_seconds)
    except NotUndone as error:
        with services().store.read() as db:
            found = updates.get_any(db, update_id)
        return render_template("desk/retraction.html", update=found, given={}, errors={}, why=error.reason), 409
    return redirect(url_for("desk.feeds.feed", slug=gone.feed, did="undone", update=gone.id, draft=draft_id), 303)


@pages.post("/updates/<int:update_id>/restoration")
def restore(update_id: int) -> Any:
    """Puts a retracted update back at its old place."""
    back = retracting.restore(services().store, update_id, g.editor)
    anchor = f"update-{back.id}"
    return redirect(url_for("desk.feeds.feed", slug=back.feed, did="restored", update=back.id, _anchor=anchor), 303)
