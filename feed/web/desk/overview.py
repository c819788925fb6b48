"""The desk's first page: the editor's drafts, articles and feeds."""

from typing import Any

from flask import Blueprint, g, redirect, render_template, url_for

from feed.store import articles, drafts, feeds
from feed.web.services import services

ARTICLES_SHOWN = 200

pages = Blueprint("overview", __name__)


@pages.get("/")
def overview() -> str:
    """The desk's first page: what the editor has not published yet, articles, drafts too, and feeds."""
    with services().store.read() as db:
        found, known = articles.newest_first(db, ARTICLES_SHOWN, drafts=True), feeds.all_feeds(db)
        unpublished = drafts.of_editor(db, g.editor)
    return render_template("desk/overview.html", articles=found, feeds=known, drafts=unpublished)


@pages.post("/discarded/<draft_id>")
def discard(draft_id: str) -> Any:
    """Discards a draft. Saving it again within seven days has it back."""
    drafts.discard(services().store, draft_id, g.editor)
    return redirect(url_for(".overview"), 303)
