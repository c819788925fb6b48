"""Updates at the desk: publish, edit, make key or pinned, retract."""

from dataclasses import asdict
from typing import Any

from flask import Blueprint, g, redirect, render_template, request, url_for

from feed import fields, logs
from feed.errors import Gone, Invalid, KeyUsed, Message, Reason, Stale, by_field
from feed.store import erasing, permissions, publishing, retracting, scrubbing, updates
from feed.store.scrubbing import Scrubbed
from feed.store.updates import Update
from feed.store.verbs import Verb
from feed.web.desk import composer, conflict, edits
from feed.web.desk.conflict import Choice
from feed.web.desk.forms import draft_id_read, draft_named, fields_of_update, revision_read
from feed.web.services import services

pages = Blueprint("updates", __name__)


@pages.post("/feeds/<slug>/updates")
def publish(slug: str) -> Any:
    """Publishes what is in the composer. The form names its draft, so a second click publishes nothing more. A form of
    the release before has an idempotency key in its place."""
    given, idempotency_key = fields_of_update(), request.form.get("idempotency_key") or None
    draft_id = draft_id_read()
    try:
        update = publishing.publish(services().store, slug, g.editor, given, idempotency_key, draft_id=draft_id)
    except KeyUsed:
        # The answer to the first text was lost. No other text can have its key, so the form gets a new one.
        again = Message("Your first text was published already; sending this makes a second update.")
        return composer.page(slug, given=given, error=Invalid(Reason("body", again))), 422
    except Invalid as error:
        return composer.page(slug, given=given, error=error, draft_id=draft_id), 422
    return _back_to(update, "published")


@pages.get("/updates/<int:update_id>")
def edit_form(update_id: int) -> str:
    """The form of an update, with what the editor's draft of it holds if the address names one. The desk's script
    fetches this page to edit in place."""
    with services().store.read() as db:
        update = updates.get_any(db, update_id)
        draft = draft_named(db, update.feed, update.id)
        if draft is None:
            update = updates.get(db, update_id, drafts=True)
    if draft is None:
        return edits.page(update)
    if update.retracted_at:
        return edits.retracted(update, asdict(draft), draft.revision or 0, draft=draft)
    return edits.page(update, asdict(draft), draft=draft, revision=draft.revision)


@pages.post("/updates/<int:update_id>")
def edit(update_id: int) -> Any:
    """Saves an edit. Where somebody else has saved one since the form was made, or has retracted the update, the form
    comes back with what happened, and with the choice what to do; a form with that choice comes back as it was chosen,
    to be saved."""
    revision, given, choice = revision_read(), edits.sent(), conflict.chosen()
    try:
        if choice == Choice.NEW:
            return _publish_as_new(update_id, given)
        if choice == Choice.RESTORE:
            return _restore_edited(update_id, given, revision)
        if choice:
            return edits.chosen(_update(update_id), given, revision, choice), 409
        conflict.check(fields.EDIT, given)
        changed = {name: value for name, value in given.items() if name != "language" or edits.language_changed()}
        sent, draft_id = edits.as_minor(changed), draft_id_read()
        update = publishing.edit(services().store, update_id, g.editor, sent, revision, draft_id=draft_id)
    except Stale as error:
        return edits.in_conflict(error.current, given, revision), 409
    except Gone:
        return edits.retracted(_any(update_id), given, revision), 410
    except Invalid as error:
        return edits.refused(_any(update_id), given, error, revision), 422
    return _back_to(update, "edited")


@pages.post("/updates/<int:update_id>/changed")
def changed(update_id: int) -> Any:
    """What the form, which is open still, is to say of a change of its update: HTML, or 204 for nothing. The desk's
    script asks when the update on the page has changed, or is gone."""
    return edits.meanwhile(_any(update_id), edits.sent(), revision_read()) or ("", 204)


@pages.post("/updates/<int:update_id>/marks")
def set_flags(update_id: int) -> Any:
    """Makes an update key or pinned, or no longer so, whatever its text is by now."""
    given: dict[str, object] = {name: request.form[name] == "1" for name in ("key", "pinned") if name in request.form}
    update = publishing.edit(services().store, update_id, g.editor, given, None)
    if "key" in given:
        return _back_to(update, "keyed" if update.key else "unkeyed")
    return _back_to(update, "pinned" if update.pinned else "unpinned")


@pages.get("/updates/<int:update_id>/retraction")
def retraction_form(update_id: int) -> str:
    """The form of a retraction, which asks for the reason."""
    return _retraction_form(_update(update_id))


@pages.post("/updates/<int:update_id>/retraction")
def retract(update_id: int) -> Any:
    """Retracts an update: it disappears from every page."""
    given = {"reason": request.form.get("reason"), "notice": "notice" in request.form}
    try:
        update = retracting.retract(services().store, update_id, given, g.editor)
    except Invalid as error:
        return _retraction_form(_update(update_id), given, error), 422
    return _back_to(update, "retracted")


@pages.get("/updates/<int:update_id>/erasure")
def erasure_form(update_id: int) -> str:
    """The form of an erasure, which asks for the reason."""
    with services().store.read() as db:
        permissions.permit(db, g.editor, Verb.ERASE)
    return _erasure_form(_any(update_id))


@pages.post("/updates/<int:update_id>/erasure")
def erase(update_id: int) -> Any:
    """Erases an update for good, and takes it out of the file before the answer."""
    try:
        update = erasing.erase(services().store, update_id, request.form.get("reason"), g.editor)
    except Invalid as error:
        return _erasure_form(_any(update_id), error), 422
    scrubbed = services().store.exports.run(scrubbing.scrub, services().store)
    return _back_to(update, "erased" if scrubbed is Scrubbed.WHOLLY else "erased-not-wholly")


def _erasure_form(update: Update, error: Invalid | None = None) -> str:
    given = {"reason": request.form.get("reason", "")}
    with services().store.read() as db:
        others = erasing.goes_with(db, update)
    return render_template("desk/erasure.html", update=update, others=others, given=given, errors=by_field(error))


def _publish_as_new(update_id: int, given: dict[str, object]) -> Any:
    """Publishes what the form of a retracted update holds as another update. The form's draft is the key, so a second
    click publishes nothing more."""
    conflict.check(fields.UPDATE, given)
    new = {name: value for name, value in given.items() if name != "note"}
    feed, draft_id = _any(update_id).feed, draft_id_read()
    try:
        update = publishing.publish(services().store, feed, g.editor, new, draft_id=draft_id, of=update_id)
    except KeyUsed as error:  # of the draft, which no field shows
        raise Invalid(Reason("body", error.reasons[0].message)) from None
    return _back_to(update, "published")


def _restore_edited(update_id: int, given: dict[str, object], revision: int) -> Any:
    """Puts a retracted update back with what the form holds."""
    conflict.check(fields.EDIT, given)
    sent, draft_id = edits.as_minor(given), draft_id_read()
    update = publishing.restore_edited(services().store, update_id, g.editor, sent, revision, draft_id=draft_id)
    return _back_to(update, "restored")


def _any(update_id: int) -> Update:
    with services().store.read() as db:
        return updates.get_any(db, update_id)


def _update(update_id: int) -> Update:
    with services().store.read() as db:
        return updates.get(db, update_id, drafts=True)


def _back_to(update: Update, deed: str) -> Any:
    """The redirect to the feed, with the update in view and a message of what was done."""
    logs.know(feed=update.feed, update=update.id)
    anchor = None if update.retracted_at else f"update-{update.id}"
    return redirect(url_for("desk.feeds.feed", slug=update.feed, did=deed, update=update.id, _anchor=anchor), 303)


def _retraction_form(update: Update, given: dict[str, Any] | None = None, error: Invalid | None = None) -> str:
    return render_template("desk/retraction.html", update=update, given=given or {}, errors=by_field(error))
