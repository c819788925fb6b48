"""Updates at the desk: publish, edit, mark as key or pinned, retract."""

from typing import Any

from flask import Blueprint, g, redirect, render_template, request, url_for

from feed.errors import Invalid, KeyUsed, Message, Reason, Stale, by_field
from feed.store import idempotency, publishing, updates
from feed.store.updates import Update
from feed.web.desk import composer
from feed.web.desk.forms import revision_read
from feed.web.services import services

pages = Blueprint("updates", __name__)


@pages.post("/feeds/<slug>/updates")
def publish(slug: str) -> Any:
    """Publishes what the composer holds. The form's own key makes a second click harmless."""
    given, idempotency_key = _fields(), request.form.get("idempotency_key") or None
    try:
        update = publishing.publish(services().store, slug, g.editor, given, idempotency_key)
    except KeyUsed:
        # The answer to the first text was lost on its way; with its key no other would ever be taken.
        again = Message("Your first text was published already; sending this makes a second update.")
        return composer.page(slug, given=given, error=Invalid(Reason("body", again))), 422
    except Invalid as error:
        return composer.page(slug, given=given, error=error, idempotency_key=idempotency_key), 422
    return _back_to(update, "published")


@pages.get("/feeds/<slug>/published/<idempotency_key>")
def published(slug: str, idempotency_key: str) -> Any:
    """What became of the text that was sent with that key: the editor's page asks when no answer came.
    204 where it was not published, or else the page that a published one leads to."""
    with services().store.read() as db:
        update = idempotency.published_with(db, g.editor, idempotency_key)
    return _back_to(update, "published") if update and update.feed == slug else ("", 204)


@pages.get("/updates/<int:update_id>")
def edit_form(update_id: int) -> str:
    """An update in its form. The page's script takes this form to edit in place."""
    return _edit_form(_update(update_id))


@pages.post("/updates/<int:update_id>")
def edit(update_id: int) -> Any:
    """Saves an edit, unless somebody else saved one since: then both texts come back."""
    revision = revision_read()
    given: dict[str, object] = {name: request.form.get(name) for name in ("headline", "body", "note")}
    if "language" in request.form:  # a form of the release before has none, and takes none away
        given["language"] = request.form["language"]
    try:
        update = publishing.edit(services().store, update_id, g.editor, given, revision)
    except Stale as error:
        return _edit_form(error.current, given, conflict=True), 409
    except Invalid as error:
        return _edit_form(_update(update_id), given, error=error, revision=revision), 422
    return _back_to(update, "edited")


@pages.post("/updates/<int:update_id>/marks")
def mark(update_id: int) -> Any:
    """Marks an update as key or pinned, or takes the mark off. What the text says meanwhile does not matter."""
    given: dict[str, object] = {name: request.form[name] == "1" for name in ("key", "pinned") if name in request.form}
    update = publishing.edit(services().store, update_id, g.editor, given, None)
    if "key" in given:
        return _back_to(update, "keyed" if update.key else "unkeyed")
    return _back_to(update, "pinned" if update.pinned else "unpinned")


@pages.get("/updates/<int:update_id>/retraction")
def retraction_form(update_id: int) -> str:
    """Asks for the reason."""
    return _retraction_form(_update(update_id))


@pages.post("/updates/<int:update_id>/retraction")
def retract(update_id: int) -> Any:
    """Takes the update off every page."""
    given = {"reason": request.form.get("reason"), "notice": "notice" in request.form}
    try:
        update = publishing.retract(services().store, update_id, given, g.editor)
    except Invalid as error:
        return _retraction_form(_update(update_id), given, error), 422
    return _back_to(update, "retracted")


def _update(update_id: int) -> Update:
    with services().store.read() as db:
        return updates.get(db, update_id, drafts=True)


def _back_to(update: Update, deed: str) -> Any:
    """To the feed, where the update is in view, with a word of what was done."""
    anchor = None if update.retracted_at else f"update-{update.id}"
    return redirect(url_for("desk.feeds.feed", slug=update.feed, did=deed, update=update.id, _anchor=anchor), 303)


def _fields() -> dict[str, object]:
    texts: dict[str, object] = {name: request.form.get(name) for name in ("headline", "body", "language")}
    return {**texts, "key": "key" in request.form, "pinned": "pinned" in request.form}


def _edit_form(
    update: Update,
    given: dict[str, object] | None = None,
    *,
    error: Invalid | None = None,
    conflict: bool = False,
    revision: int | None = None,
) -> str:
    return render_template(
        "desk/update.html",
        update=update,
        given=given or {"headline": update.headline, "body": update.body, "language": update.language},
        errors=by_field(error),
        conflict=conflict,
        revision=update.revision if revision is None else revision,
    )


def _retraction_form(update: Update, given: dict[str, Any] | None = None, error: Invalid | None = None) -> str:
    return render_template("desk/retraction.html", update=update, given=given or {}, errors=by_field(error))
