"""The desk's first page: articles and feeds."""

from flask import Blueprint, render_template

from feed.store import articles, feeds
from feed.web.services import services

ARTICLES_SHOWN = 200

pages = Blueprint("overview", __name__)


@pages.get("/")
def overview() -> str:
    """The desk's first page: articles, drafts too, and feeds."""
    with services().store.read() as db:
        found, known = articles.newest_first(db, ARTICLES_SHOWN, drafts=True), feeds.all_feeds(db)
    return render_template("desk/overview.html", articles=found, feeds=known)
