"""How far a change has got, and how many are reading, for the desk's script."""

from dataclasses import asdict

from flask import Blueprint, Response, jsonify, render_template

from feed.errors import Missing
from feed.store import feeds, receipts
from feed.web.reading import reading_of
from feed.web.services import services

pages = Blueprint("receipts", __name__)


@pages.get("/feeds/<slug>/receipts/<int:version>")
def receipt(slug: str, version: int) -> Response:
    """To how many sockets a version of the feed was handed, as JSON. There is one for a minute after the change."""
    with services().store.read() as db:
        found = receipts.of(db, feeds.get(db, slug, drafts=True), version)
    if found is None:
        raise Missing(version)
    return jsonify(asdict(found))


@pages.get("/feeds/<slug>/reading")
def reading(slug: str) -> str:
    """The line that says how many are reading, as HTML."""
    with services().store.read() as db:
        shown = reading_of(db, feeds.get(db, slug, drafts=True))
    return render_template("desk/_reading.html", reading=shown)
