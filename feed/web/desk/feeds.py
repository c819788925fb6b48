"""A feed at the desk, and whether its coverage goes on."""

from typing import Any

from flask import Blueprint, g, redirect, render_template, request, url_for

from feed.store import feeds
from feed.web.desk import composer
from feed.web.services import services

pages = Blueprint("feeds", __name__)


@pages.get("/feeds/<slug>")
def feed(slug: str) -> str:
    """The page of a feed, as readers see it, with the composer above and the tools beside."""
    return composer.page(slug)


@pages.get("/feeds/<slug>/coverage")
def coverage_form(slug: str) -> str:
    """The page that asks whether coverage is to be closed."""
    with services().store.read() as db:
        found = feeds.get(db, slug, drafts=True)
    return render_template("desk/coverage.html", feed=found)


@pages.post("/feeds/<slug>/coverage")
def coverage(slug: str) -> Any:
    """Opens or closes coverage."""
    opening = request.form.get("open") == "1"
    (feeds.open_coverage if opening else feeds.close_coverage)(services().store, slug, g.editor)
    return redirect(url_for(".feed", slug=slug, did="opened" if opening else "closed"), 303)
