"""The desk's first page: the editor's drafts, articles and feeds."""

from flask import Blueprint, g, render_template, request

from feed.store import all_drafts, articles, coverage, feeds, presence, submissions
from feed.store.all_drafts import AnyDraft
from feed.store.submissions import Submission
from feed.web.desk.done import done_in
from feed.web.desk.forms import address_of, address_of_submission
from feed.web.desk.page_read import page_read
from feed.web.desk.scheduled_list import listed
from feed.web.services import services

ARTICLES_SHOWN = 200

pages = Blueprint("overview", __name__)


@pages.get("/")
def overview() -> str:
    """The desk's first page: what the editor has not published yet, articles, drafts too, and feeds."""
    with services().store.read() as db:
        found, known = articles.newest_first(db, ARTICLES_SHOWN, drafts=True), feeds.all_feeds(db)
        kept, discarded = all_drafts.kept_and_discarded(db, g.editor)
        submitted = submissions.of_author(db, g.editor)
        reading, latest = presence.readers(db), coverage.latest_updates(db)
        done, read = done_in(db, request.args), page_read(db)
        scheduled = listed(db)
    hours = services().settings.remind_hours
    return render_template(
        "desk/overview.html",
        done=done,
        scheduled=scheduled,
        articles=found,
        feeds=known,
        drafts=_not_listed_above(kept, submitted),
        submissions=submitted,
        discarded=discarded,
        address_of=address_of,
        address_of_submission=address_of_submission,
        read=read,
        readers=reading,
        silent={each.slug: coverage.silent(each, latest.get(each.slug), hours) for each in known},
    )


def _not_listed_above(kept: list[AnyDraft], submitted: list[Submission]) -> list[AnyDraft]:
    """The drafts of which nothing was submitted."""
    listed = {each.draft_id for each in submitted}
    return [each for each in kept if each.id not in listed]
