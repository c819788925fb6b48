"""Updates that are to come out at a moment: the form with date and time, and what is done with what is scheduled."""

from collections.abc import Callable
from typing import Any

from flask import Blueprint, g, redirect, render_template, request, url_for

from feed import fields
from feed.errors import Invalid, KeyUsed, Message, Missing, Reason, Stale, by_field
from feed.local_times import Local
from feed.store import all_drafts, coming_out, drafts, feeds, permissions, scheduled, scheduling, submissions
from feed.store.revisions import Save
from feed.store.scheduled import Scheduled
from feed.store.updates import Update
from feed.store.verbs import Verb
from feed.web.desk import composer, conflict, edits
from feed.web.desk.conflict import Choice, Conflict, Sides
from feed.web.desk.forms import draft_id_read, draft_of_form, fields_of_update, new_id, revision_read
from feed.web.desk.moment import chooser, local_of, local_read, moment_read
from feed.web.desk.scheduled_list import listed
from feed.web.services import services

# What two editors may have changed; the moment is compared as it is stored.
_COMPARED: fields.Table = {**fields.UPDATE, "publish_at": fields.Text(fields.LINE)}

pages = Blueprint("scheduled", __name__)


@pages.post("/feeds/<slug>/schedule")
def ask_when(slug: str) -> Any:
    """The form that asks when what is in the composer is to come out."""
    given = fields_of_update()
    try:
        fields.clean(fields.UPDATE, given)
    except Invalid as error:
        return composer.page(slug, given=given, error=error, draft_id=draft_id_read()), 422
    return _new(slug, given, None)


@pages.get("/feeds/<slug>/scheduled")
def here(slug: str) -> str:
    """What is scheduled in that feed, which open pages of it fetch again."""
    with services().store.read() as db:
        feed = feeds.get(db, slug, drafts=True)
        found = listed(db, feed)
    return render_template("desk/_scheduled_here.html", feed=feed, scheduled=found)


@pages.post("/feeds/<slug>/scheduled")
def schedule(slug: str) -> Any:
    """Schedules an update. The form names its draft, so a second click schedules nothing more."""
    given = fields_of_update()
    try:
        scheduling.schedule(services().store, slug, g.editor, given, moment_read(), draft_id_read() or new_id())
    except KeyUsed as error:
        return _new(slug, given, Invalid(Reason("body", error.reasons[0].message))), 409
    except Invalid as error:
        return _new(slug, given, error), 422
    return redirect(url_for("desk.feeds.feed", slug=slug, did="scheduled"), 303)


@pages.post("/feeds/<slug>/unscheduled")
def back(slug: str) -> Any:
    """Leads back to the composer with the text."""
    draft_id, given = draft_id_read() or new_id(), fields_of_update()
    typed = {**given, "body": (request.form.get("body") or "").replace("\r\n", "\n"), "feed": slug}
    with services().store.read() as db:
        seq = all_drafts.seq_of(db, draft_id, g.editor) + 1
    drafts.save(services().store, draft_id, g.editor, {**typed, "seq": seq})
    return redirect(url_for("desk.feeds.feed", slug=slug, draft=draft_id), 303)


@pages.get("/scheduled/<scheduled_id>")
def form(scheduled_id: str) -> str:
    """The form of an update that is scheduled."""
    return _page(_updates(scheduled_id))


@pages.post("/scheduled/<scheduled_id>")
def change(scheduled_id: str) -> Any:
    """Saves text and moment. Where somebody else has saved since the form was made, it comes back with what both
    changed, and with the choice. Where it came out or was cancelled meanwhile, the text is in the form that goes on."""
    given, revision, choice = fields_of_update(), revision_read(), conflict.chosen()
    try:
        current = _updates(scheduled_id)
        if choice:
            return _chosen(current, given, choice), 409
        one = scheduling.change(services().store, scheduled_id, g.editor, given, moment_read(), revision)
    except Missing:
        return _too_late(scheduled_id, given)
    except Stale as error:
        return _in_conflict(error.current, given, revision), 409
    except Invalid as error:
        return _page(current, given, local_read(), error=error, revision=revision), 422
    return redirect(url_for("desk.feeds.feed", slug=one.feed, did="scheduled"), 303)


@pages.post("/scheduled/<scheduled_id>/publication")
def publish_now(scheduled_id: str) -> Any:
    """Publishes at once what was to come out later. Once it is out, that is said again."""
    try:
        made = coming_out.publish_now(services().store, scheduled_id, g.editor, revision_read())
    except Missing:
        made = _published(scheduled_id)
    except Stale as error:
        return _stale(error)
    except Invalid as error:
        return _page(_updates(scheduled_id), error=error), 422
    if not isinstance(made, Update):
        return redirect(url_for("desk.overview.overview", did="published"), 303)
    address = url_for("desk.feeds.feed", slug=made.feed, did="published", update=made.id, _anchor=f"update-{made.id}")
    return redirect(address, 303)


@pages.post("/scheduled/<scheduled_id>/cancellation")
def cancel(scheduled_id: str) -> Any:
    """Cancels it: what was submitted waits for review again; another update is a draft again, an article stays one."""
    try:
        draft = scheduling.cancel(services().store, scheduled_id, g.editor, revision_read())
    except Stale as error:
        return _stale(error)
    if draft.waits:
        return redirect(url_for("desk.review.queue", did="waits"), 303)
    if draft.feed is None:
        return redirect(url_for("desk.overview.overview", did="cancelled"), 303)
    if draft.editor_id != g.editor.id:
        return redirect(url_for("desk.feeds.feed", slug=draft.feed, did="returned"), 303)
    return redirect(url_for("desk.feeds.feed", slug=draft.feed, draft=draft.draft_id, did="cancelled"), 303)


def _updates(scheduled_id: str) -> Scheduled:
    """An update that is scheduled. Raises Missing; an article is scheduled in its own form."""
    with services().store.read() as db:
        one = scheduled.get(db, scheduled_id)
    if one.feed is None:
        raise Missing(scheduled_id)
    return one


def _published(scheduled_id: str) -> Update:
    with services().store.read() as db:
        return coming_out.what_came_out(db, scheduled_id)


def _stale(error: Stale) -> Any:
    if error.current.feed is None:
        raise error
    return _page(error.current, stale=True), 409


def _too_late(scheduled_id: str, given: dict[str, object]) -> Any:
    """The text that was typed for something that is scheduled no more, in the form of what it became."""
    try:
        update = _published(scheduled_id)
    except Missing:
        told = Message(
            "Somebody cancelled this meanwhile. Your text is kept here: publish it, schedule it, or discard it."
        )
        error = Invalid(Reason("body", told))
        return composer.page(request.form.get("feed", ""), given=given, error=error, draft_id=new_id()), 409
    told = Message(
        "This came out meanwhile, as it was before. Your text is kept here: saving it edits what readers see."
    )
    return edits.refused(update, given, Invalid(Reason("body", told)), update.revision), 409


def _in_conflict(current: Scheduled, given: dict[str, object], revision: int) -> str:
    sides = _sides(current, given)
    told = services().store.texts.run(conflict.compare, sides, *_words())
    return _page(current, given, local_read(), conflict=told, revision=revision)


def _chosen(current: Scheduled, given: dict[str, object], choice: Choice) -> str:
    """The form as it was chosen, or with a conflict again if something was saved that the editor has not seen."""
    if not conflict.sees(current.revision):
        return _in_conflict(current, given, revision_read())
    now, told = services().store.texts.run(conflict.choose, _sides(current, given), choice, *_words())
    local = local_of(current.publish_at) if choice == Choice.THEIRS else local_read()
    return _page(current, now, local, conflict=told)


def _sides(current: Scheduled, given: dict[str, object]) -> Sides:
    theirs = {name: getattr(current, name) for name in _COMPARED}
    save = Save(current.revision, current.editor, current.saved_at)
    mine = {**given, "publish_at": _moment_or_typed()}
    return conflict.sides(_COMPARED, None, theirs, mine, against=current.revision, saves=[save])


def _moment_or_typed() -> str:
    try:
        return moment_read()
    except Invalid:
        return " ".join(local_read()).strip()


def _words() -> tuple[Callable[[str], str], conflict.Shown]:
    translate, shown = conflict.words(services().languages.now, Message("The feed’s"))
    now = services().languages.now
    return translate, lambda name, value: _shown_moment(now, value) if name == "publish_at" else shown(name, value)


def _shown_moment(language: Any, value: object) -> str:
    try:
        return str(language.to_second(str(value)))
    except ValueError:
        return str(value)


def _new(slug: str, given: dict[str, object], error: Invalid | None) -> str:
    with services().store.read() as db:
        feed, saved = feeds.get(db, slug, drafts=True), draft_of_form(db, draft_id_read())
    local = local_read() if error else None
    return render_template(
        "desk/scheduled.html",
        feed=feed,
        scheduled=None,
        given=given,
        errors=by_field(error),
        chooser=chooser(local),
        conflict=None,
        **saved,
    )


def _page(
    one: Scheduled,
    given: dict[str, object] | None = None,
    local: Local | None = None,
    *,
    error: Invalid | None = None,
    conflict: Conflict | None = None,
    stale: bool = False,
    revision: int | None = None,
) -> str:
    """The form of what is scheduled, also as an answer to what is refused. Raises NotAllowed for whom it is not listed
    to (see scheduled_list.py)."""
    with services().store.read() as db:
        feed = feeds.get(db, one.feed or "", drafts=True)
        permissions.permit(db, g.editor, Verb.SCHEDULE, draft=one.in_draft)
        submitted = submissions.is_known(db, one.id)
    return render_template(
        "desk/scheduled.html",
        feed=feed,
        scheduled=one,
        given=given or {name: getattr(one, name) for name in fields.UPDATE},
        errors=by_field(error),
        chooser=chooser(local or local_of(one.publish_at)),
        conflict=conflict,
        stale=stale,
        submitted=submitted,
        revision=one.revision if revision is None else revision,
    )
