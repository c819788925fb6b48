"""Updates at the desk: publish, edit, make key or pinned, retract."""

import uuid
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from flask import Blueprint, g, redirect, render_template, request, url_for

from feed import fields
from feed.errors import Invalid, KeyUsed, Message, Reason, Stale, by_field
from feed.store import drafts, idempotency, publishing, retracting, revisions, updates
from feed.store.drafts import Draft
from feed.store.updates import Update
from feed.web.desk import composer, conflict
from feed.web.desk.conflict import Choice, Conflict, Sides
from feed.web.desk.forms import draft_named, revision_read
from feed.web.services import services

pages = Blueprint("updates", __name__)


@pages.post("/feeds/<slug>/updates")
def publish(slug: str) -> Any:
    """Publishes what is in the composer. The form names its draft, so a second click publishes nothing more. A form of
    the release before has an idempotency key in its place."""
    given, idempotency_key = _fields(), request.form.get("idempotency_key") or None
    draft_id = _draft_id()
    try:
        update = publishing.publish(services().store, slug, g.editor, given, idempotency_key, draft_id=draft_id)
    except KeyUsed:
        # The answer to the first text was lost. No other text can have its key, so the form gets a new one.
        again = Message("Your first text was published already; sending this makes a second update.")
        return composer.page(slug, given=given, error=Invalid(Reason("body", again))), 422
    except Invalid as error:
        return composer.page(slug, given=given, error=error, draft_id=draft_id), 422
    return _back_to(update, "published")


@pages.get("/feeds/<slug>/published/<key>")
def published(slug: str, key: str) -> Any:
    """Whether the text of that draft, or of that idempotency key, was published: the desk's script asks when no answer
    came. 204 if it was not, else the redirect that follows publishing."""
    with services().store.read() as db:
        update = drafts.published_from(db, key, g.editor) or idempotency.published_with(db, g.editor, key)
    return _back_to(update, "published") if update and update.feed == slug else ("", 204)


@pages.get("/updates/<int:update_id>")
def edit_form(update_id: int) -> str:
    """The form of an update, with what the editor's draft of it holds if the address names one. The desk's script
    fetches this page to edit in place."""
    update = _update(update_id)
    with services().store.read() as db:
        draft = draft_named(db, update.feed, update.id)
    return _edit_form(update, asdict(draft) if draft else None, draft=draft, revision=draft.revision if draft else None)


@pages.post("/updates/<int:update_id>")
def edit(update_id: int) -> Any:
    """Saves an edit. Where somebody else has saved one since the form was made, the form comes back with what both
    changed, and with the choice between them; a form with that choice comes back as it was chosen, to be saved."""
    revision, given = revision_read(), _edited()
    if choice := conflict.chosen():
        return _chosen(update_id, given, revision, choice), 409
    try:
        conflict.check(fields.EDIT, given)
        sent = {name: value for name, value in given.items() if name != "language" or _language_changed()}
        update = publishing.edit(services().store, update_id, g.editor, sent, revision, draft_id=_draft_id())
    except Stale as error:
        return _in_conflict(error.current, given, revision), 409
    except Invalid as error:
        return _edit_form(_update(update_id), given, error=error, revision=revision), 422
    return _back_to(update, "edited")


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


def _draft_id() -> str | None:
    """The draft that the form names; None for a form of the release before, which names none."""
    draft_id = request.form.get("draft_id", "")
    return draft_id if drafts.valid_id(draft_id) else None


def _update(update_id: int) -> Update:
    with services().store.read() as db:
        return updates.get(db, update_id, drafts=True)


def _back_to(update: Update, deed: str) -> Any:
    """The redirect to the feed, with the update in view and a message of what was done."""
    anchor = None if update.retracted_at else f"update-{update.id}"
    return redirect(url_for("desk.feeds.feed", slug=update.feed, did=deed, update=update.id, _anchor=anchor), 303)


def _fields() -> dict[str, object]:
    texts: dict[str, object] = {name: request.form.get(name) for name in ("headline", "body", "language")}
    return {**texts, "key": "key" in request.form, "pinned": "pinned" in request.form}


def _edited() -> dict[str, object]:
    given: dict[str, object] = {name: request.form.get(name) for name in ("headline", "body", "note")}
    if "language" in request.form:  # a form of the release before has none, and takes none away
        given["language"] = request.form["language"]
    return given


def _language_changed() -> bool:
    """Whether this editor chose another language than the form had. An edit of the language is no revision, so a form
    that was not touched must not take back what somebody else chose."""
    return request.form.get("language_read") != request.form.get("language")


def _in_conflict(current: Update, given: dict[str, object], revision: int) -> str:
    """The form with the conflict, which keeps the revision that was read until its editor has chosen."""
    sides = _sides(current, given, revision)
    told = services().store.texts.run(conflict.compare, sides, *_words())
    return _edit_form(current, {**sides.mine}, conflict=told, revision=revision)


def _chosen(update_id: int, given: dict[str, object], revision: int, choice: Choice) -> str:
    """The form as it was chosen, or with a conflict again if a revision was saved that the editor has not seen."""
    current = _update(update_id)
    if not conflict.sees(current.revision):
        return _in_conflict(current, given, revision)
    sides = _sides(current, given, revision)
    fields_now, told = services().store.texts.run(conflict.choose, sides, choice, *_words())
    return _edit_form(current, fields_now, conflict=told)


def _sides(current: Update, given: dict[str, object], revision: int) -> Sides:
    with services().store.read() as db:
        began = revisions.text_of(db, current.id, revision)
        saves = revisions.saves_after(db, current.id, *conflict.since(revision, current.revision, known=bool(began)))
    theirs = {"headline": current.headline, "body": current.body, "language": current.language, "note": None}
    base = None
    if began:
        read = request.form.get("language_read", current.language or "")
        base = {"headline": began[0], "body": began[1], "language": read, "note": None}
    return conflict.sides(fields.EDIT, base, theirs, given, against=current.revision, saves=saves)


def _words() -> tuple[Callable[[str], str], conflict.Shown]:
    """Translates, and names what is chosen from a list, in the language of this page."""
    return conflict.words(services().languages.now, Message("The feed’s"))


def _edit_form(
    update: Update,
    given: dict[str, object] | None = None,
    *,
    error: Invalid | None = None,
    conflict: Conflict | None = None,
    revision: int | None = None,
    draft: Draft | None = None,
) -> str:
    draft_id = draft.id if draft else _draft_id() or str(uuid.uuid4())
    with services().store.read() as db:
        seq = drafts.seq_of(db, draft_id, g.editor)
    return render_template(
        "desk/update.html",
        update=update,
        given=given or {"headline": update.headline, "body": update.body, "language": update.language},
        errors=by_field(error),
        conflict=conflict,
        draft_id=draft_id,
        seq=seq,
        revision=update.revision if revision is None else revision,
    )


def _retraction_form(update: Update, given: dict[str, Any] | None = None, error: Invalid | None = None) -> str:
    return render_template("desk/retraction.html", update=update, given=given or {}, errors=by_field(error))
