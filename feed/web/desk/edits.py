"""The form of an update, and what it says when somebody else saved or retracted the update meanwhile."""

from collections.abc import Callable

from flask import g, render_template, request

from feed import fields, times
from feed.errors import Invalid, Message, by_field
from feed.store import feeds, permissions, retracting, revisions
from feed.store.drafts import Draft
from feed.store.revisions import WORDS
from feed.store.updates import Update
from feed.store.verbs import Verb
from feed.web.desk import conflict
from feed.web.desk.conflict import Choice, Conflict, Retraction, Sides
from feed.web.desk.forms import draft_id_read, draft_of_form
from feed.web.services import services


def sent() -> dict[str, object]:
    """The fields of the form that was sent."""
    given: dict[str, object] = {name: request.form.get(name) for name in ("headline", "body", "note")}
    for name in ("language", "status", "source"):
        if name in request.form:  # a form of the release before has none, and takes none away
            given[name] = request.form[name]
    return given


def as_minor(given: dict[str, object]) -> dict[str, object]:
    """These fields of the form, for an edit without the mark if that was chosen. A draft does not keep the choice,
    which is made when an edit is saved."""
    return {**given, "minor": True} if "minor" in request.form else given


def language_changed() -> bool:
    """Whether this editor chose another language than the form had. An edit of the language is no revision, so a form
    that was not touched must not take back what somebody else chose."""
    return request.form.get("language_read") != request.form.get("language")


def in_conflict(current: Update, given: dict[str, object], revision: int) -> str:
    """The form with the conflict, which keeps the revision that was read until its editor has chosen."""
    sides = _sides(current, given, revision)
    told = services().store.texts.run(conflict.compare, sides, *_words())
    return page(current, {**sides.mine}, conflict=told, revision=revision)


def chosen(current: Update, given: dict[str, object], revision: int, choice: Choice) -> str:
    """The form as it was chosen, or with a conflict again if a revision was saved that the editor has not seen."""
    if not conflict.sees(current.revision):
        return in_conflict(current, given, revision)
    sides = _sides(current, given, revision)
    fields_now, told = services().store.texts.run(conflict.choose, sides, choice, *_words())
    return page(current, fields_now, conflict=told)


def _sides(current: Update, given: dict[str, object], revision: int) -> Sides:
    with services().store.read() as db:
        began = revisions.words_of(db, current.id, revision)
        saves = revisions.saves_after(db, current.id, *conflict.since(revision, current.revision, known=bool(began)))
    theirs = {**_held(current), "note": None}
    base = None
    if began:
        read = request.form.get("language_read", current.language or "")
        base = {**began, "language": read, "note": None}
    return conflict.sides(fields.EDIT, base, theirs, given, against=current.revision, saves=saves)


def _held(update: Update) -> dict[str, object]:
    """The fields of the form as the update has them."""
    return {name: getattr(update, name) for name in (*WORDS, "language")}


def _words() -> tuple[Callable[[str], str], conflict.Shown]:
    """Translates, and names what is chosen from a list, in the language of this page."""
    return conflict.words(services().languages.now, Message("The feed’s"))


def page(
    update: Update,
    given: dict[str, object] | None = None,
    *,
    error: Invalid | None = None,
    conflict: Conflict | None = None,
    retraction: Retraction | None = None,
    revision: int | None = None,
    draft: Draft | None = None,
    draft_id: str | None = None,
) -> str:
    """The form of that update, with what it holds now, and what there is to say about it. `draft` is the one that it
    goes on with, or `draft_id` a new one; `revision` the one that its text was made of, if not the current one."""
    with services().store.read() as db:
        saved = draft_of_form(db, draft_id or (draft.id if draft else draft_id_read()))
        feed = feeds.get(db, update.feed, drafts=True)
    return render_template(
        "desk/update.html",
        update=update,
        given=given or _held(update),
        errors=by_field(error),
        conflict=conflict,
        retraction=retraction,
        **saved,
        writes=permissions.may(g.editor.role, Verb.EDIT, draft=feed.draft),
        in_draft=feed.draft,
        minor="minor" in request.form,
        revision=update.revision if revision is None else revision,
    )


def refused(update: Update, given: dict[str, object], error: Invalid, revision: int) -> str:
    """The form with the reasons why it was not taken."""
    return page(update, given, error=error, revision=revision, retraction=_retraction(update, given, revision))


def retracted(update: Update, given: dict[str, object], revision: int, *, draft: Draft | None = None) -> str:
    """The form of an update that was retracted: its text is there, and can be published as another update,
    or the update put back with it."""
    told = _retraction(update, given, revision)
    return page(update, given, retraction=told, revision=revision, draft=draft)


def meanwhile(update: Update, given: dict[str, object], revision: int) -> str | None:
    """What an open form is to say of a change of its update; None where it says so already, or its text stayed."""
    if update.retracted_at:
        return render_template("desk/_meanwhile.html", retraction=_retraction(update, given, revision), conflict=None)
    if update.revision == revision or conflict.sees(update.revision):
        return None
    told = services().store.texts.run(conflict.compare, _sides(update, given, revision), *_words())
    return render_template("desk/_meanwhile.html", conflict=told, retraction=None)


def _retraction(update: Update, given: dict[str, object], revision: int) -> Retraction | None:
    if not update.retracted_at:
        return None
    missed = None
    if revision and update.revision != revision and not update.erased:
        missed = services().store.texts.run(conflict.compare, _sides(update, given, revision), *_words())
    with services().store.read() as db:
        by = retracting.retracted_by(db, update)
    return Retraction(by, update.retracted_at, update.reason, times.now(), missed, update.erased)
