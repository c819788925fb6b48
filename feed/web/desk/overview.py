"""The desk's first page: the editor's drafts, articles and feeds."""

from flask import Blueprint, g, render_template, request

from feed.store import all_drafts, articles, coverage, feeds, presence
from feed.web.desk.done import done_in
from feed.web.desk.forms import address_of
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
        reading, silent = presence.readers(db), coverage.silent(db, services().settings.remind_hours)
        done, read = done_in(db, request.args), page_read(db)
        scheduled = listed(db)
    return render_template(
        "desk/overview.html",
        done=done,
        scheduled=scheduled,
        articles=found,
        feeds=known,
        drafts=kept,
        discarded=discarded,
        address_of=address_of,
        read=read,
        readers=reading,
        silent=silent,
    )
