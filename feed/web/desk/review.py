"""The review: the queue of what was submitted, and the page on which an editor reads one text, and publishes it,
schedules it, or returns it with a note."""

from collections.abc import Callable
from typing import Any

from flask import Blueprint, g, redirect, render_template, request, url_for
from markupsafe import Markup

from feed import fields
from feed.errors import Gone, Invalid, Message, Reason, Stale, by_field
from feed.store import editors, feeds, permissions, reviewing, submissions
from feed.store.articles import Article
from feed.store.submissions import State, Submission
from feed.store.updates import Update
from feed.store.verbs import Verb
from feed.web import article_page
from feed.web.desk import article_form, conflict, edits, proposals
from feed.web.desk.done import done_in
from feed.web.desk.forms import revision_read
from feed.web.desk.moment import chooser, local_read, moment_read
from feed.web.services import services

pages = Blueprint("review", __name__, url_prefix="/review")


@pages.before_request
def editors_only() -> None:
    """What others submitted is for those who may publish it. Raises NotAllowed."""
    with services().store.read() as db:
        permissions.permit(db, g.editor, Verb.PUBLISH_SUBMISSION)


@pages.get("")
def queue() -> str:
    """What waits for review, the longest waiting first."""
    with services().store.read() as db:
        found, done = submissions.waiting(db), done_in(db, request.args)
        names = {feed.slug: feed.headline for feed in feeds.all_feeds(db)}
    return render_template("desk/review.html", submissions=found, feed_names=names, done=done)


@pages.get("/<int:submission_id>")
def submission(submission_id: int) -> str:
    """One text as readers will see it, what it changes, and the ways on."""
    return _page(_get(submission_id))


@pages.get("/<int:submission_id>/page")
def page(submission_id: int) -> str:
    """The page of a submitted article as readers will see it."""
    proposal = proposals.of(_get(submission_id))
    made = proposals.story_of(proposal)
    with services().store.read() as db:
        shown = article_page.load(db, made)
    return proposals.dressed(article_page.render(shown))


@pages.get("/<int:submission_id>/state")
def state(submission_id: int) -> Any:
    """What a page that is open is to say, which shows the text of `revision`: HTML, or 204 while nothing has
    happened. The desk's script asks."""
    found, read = _get(submission_id), request.args.get("revision", "")
    if found.state == State.SUBMITTED and str(found.revision) == read:
        return "", 204
    return render_template("desk/_reviewed.html", submission=found, newer=str(found.revision) != read)


@pages.post("/<int:submission_id>/publication")
def publish(submission_id: int) -> Any:
    """Publishes the text as it is in the form. 409 if somebody else decided on it, its author submitted another one, or
    what it edits was saved by somebody else meanwhile."""
    return _decide(submission_id, _published)


@pages.post("/<int:submission_id>/scheduled")
def schedule(submission_id: int) -> Any:
    """Schedules the text as it is in the form, for the moment that it has. Otherwise as `publish`."""
    return _decide(submission_id, _scheduled)


@pages.post("/<int:submission_id>/return")
def give_back(submission_id: int) -> Any:
    """Returns the text to its author with the note of the form."""
    note = request.form.get("note")
    try:
        reviewing.return_(services().store, submission_id, revision_read(), {"note": note}, g.editor)
    except Stale as error:
        return _page(error.current, note=note), 409
    except Invalid as error:
        return _page(_get(submission_id), error=error, note=note), 422
    return redirect(url_for(".queue", did="sent-back"), 303)


def _decide(submission_id: int, decide: Callable[[Submission, dict[str, object], int], Any]) -> Any:
    found = _get(submission_id)
    given = _given(found)
    # The form of a new article has none, and may be sent once that is there: 0 overwrites nothing
    against = int(request.form["against"]) if request.form.get("against", "").isdecimal() else 0
    try:
        conflict.check(fields.EDIT if found.feed else fields.ARTICLE, given)
        return decide(found, given, against)
    except Stale as error:
        if isinstance(error.current, Submission):
            return _page(error.current, unused=given), 409
        return _page(found, unused=given), 409
    except Gone:
        return _page(found, given), 410
    except Invalid as error:
        return _page(_get(submission_id), given, error), 422


def _published(found: Submission, given: dict[str, object], against: int) -> Any:
    if any(local_read()):  # whoever presses Enter there does not mean to publish at once
        told = Message("Press “Schedule” to let it come out then, or clear date and time to publish it now.")
        raise Invalid(Reason("publish_at", told))
    made = reviewing.publish(services().store, found.id, revision_read(), given, against, g.editor)
    if isinstance(made, Update):
        did = "edited" if found.edits else "published"
        anchor = f"update-{made.id}"
        return redirect(url_for("desk.feeds.feed", slug=made.feed, did=did, update=made.id, _anchor=anchor), 303)
    return redirect(url_for("desk.articles.edit_article_form", slug=made.slug, did="saved"), 303)


def _scheduled(found: Submission, given: dict[str, object], against: int) -> Any:
    reviewing.schedule(services().store, found.id, revision_read(), given, against, moment_read(), g.editor)
    return redirect(url_for(".queue", did="scheduled"), 303)


def _get(submission_id: int) -> Submission:
    with services().store.read() as db:
        return submissions.get(db, submission_id)


def _given(found: Submission) -> dict[str, object]:
    """The fields of the form of that submission that was sent."""
    if not found.feed:
        with services().store.read() as db:
            current = proposals.current_of(db, found)
            before = current.author if isinstance(current, Article) else editors.by_id(db, found.author_id)
        slug = request.form.get("slug") or (current.slug if isinstance(current, Article) else None)
        return {**article_form.unless_chosen(article_form.sent(), before), "slug": slug}
    given = edits.sent()
    if found.edits:
        return given
    del given["note"]
    return {**given, "key": "key" in request.form, "pinned": "pinned" in request.form}


def _page(
    found: Submission,
    given: dict[str, object] | None = None,
    error: Invalid | None = None,
    *,
    unused: dict[str, object] | None = None,
    note: str | None = None,
) -> str:
    """The page of that submission. `given` is what the form holds that is refused with `error`; `unused` is what an
    editor made of a text that is not the current one any more; `note` is one that was not sent."""
    proposal = proposals.of(found, given)
    shown = proposals.rendered(proposal)
    with services().store.read() as db:
        name = feeds.get(db, found.feed, drafts=True).headline if found.feed else None
    return render_template(
        "desk/submission.html",
        submission=found,
        update=found.feed is not None,
        proposal=proposal,
        shown=shown,
        feed_name=name,
        dressed=lambda html: Markup(proposals.dressed(html)),  # noqa: S704 - of our own templates
        article=proposal.current,
        given=proposal.given,
        errors=by_field(error or shown.error),
        unused=_unused(found, proposal.given, unused),
        note=note,
        read=revision_read() if request.method == "POST" else found.revision,
        chooser=chooser(local_read()) if reviewing.can_wait(found, proposal.current) else None,
        **({} if found.feed else article_form.choices()),
    )


def _unused(found: Submission, now: Any, typed: dict[str, object] | None) -> list[tuple[str, str]]:
    """The texts that an editor typed, as far as they are not in the form."""
    if typed is None:
        return []
    return [
        (name, value) for name, value in typed.items()
        if isinstance(value, str) and value.strip() and value.replace("\r\n", "\n").strip() != (now.get(name) or "")
    ]  # fmt: skip
