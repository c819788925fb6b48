"""The page of a feed at the desk: the composer above, which may hold a text that was refused, and the tools beside."""

from dataclasses import asdict

from flask import g, render_template, request

from feed.errors import Invalid, Message, by_field
from feed.store import actions, feeds, moments, permissions, retracting
from feed.store.verbs import Verb
from feed.web import feed_page
from feed.web.desk.done import done_in
from feed.web.desk.forms import draft_named, draft_of_form
from feed.web.desk.scheduled_list import listed
from feed.web.reading import reading_of
from feed.web.services import services
from feed.web.snippet import snippet

ACTIONS_SHOWN = 30  # below a feed: the last hours of a busy day
RETRACTED_SHOWN = 20  # below a feed: what an editor may want back is among the last few


def page(
    slug: str,
    given: dict[str, object] | None = None,
    error: Invalid | None = None,
    draft_id: str | None = None,
) -> str:
    """The page of that feed. `given` and `error` are of a text that was refused, and `draft_id` is the draft that its
    form had, if it is still the same text."""
    with services().store.read() as db:
        found = feeds.get(db, slug, drafts=True)
        opened = draft_named(db, slug) if given is None else None
        saved = draft_of_form(db, opened.id if opened else draft_id)
        shown = feed_page.asked_for(db, found)
        behind = moments.ahead(db, found)
        taken = actions.of_feed(db, found.id, ACTIONS_SHOWN)
        gone = retracting.listed(db, found, RETRACTED_SHOWN)
        read = reading_of(db, found)
        done = done_in(db, request.args)
        scheduled, stays_draft = listed(db, found), permissions.stays_draft(db, found.draft, found.id)
    role, covering = g.editor.role, Verb.CLOSE if found.headline else Verb.CLOSE_NEWS
    return render_template(
        "desk/feed.html",
        actions=taken,
        scheduled=scheduled,
        schedules=found.open and permissions.may(role, Verb.SCHEDULE, draft=stays_draft),
        retracted=gone,
        reading=read,
        writes=permissions.may(role, Verb.PUBLISH, draft=stays_draft),
        knows=permissions.may(role, Verb.EDIT_POINT, draft=stays_draft),
        covers=permissions.may(role, covering, draft=found.draft),
        exports=not found.draft and permissions.may(role, Verb.EXPORT),
        page=shown,
        clock=_of_clock(behind) if behind else None,
        done=done,
        snippet=snippet(found) if services().settings.embed_origins and not found.draft else None,
        given=asdict(opened) if opened else given or {},
        errors=by_field(error),
        **saved,
    )


def _of_clock(seconds: int) -> Message:
    return Message(
        "The newest update is {minutes} min ahead of the server's clock, which was set back, or was ahead before. New "
        "updates are dated just after that one. Ask whoever runs the server to set its clock right.",
        minutes=-(-seconds // 60),
    )
