"""What is known, at the desk: the points above a feed, which are added, edited, moved, taken out, and confirmed when
what one rests on has changed."""

import re
from typing import Any

from flask import Blueprint, g, redirect, render_template, request, url_for

from feed import fields
from feed.errors import Invalid, Message, Missing, Stale, by_field
from feed.store import feeds, pointing, points, updates
from feed.store.database import Database
from feed.store.feeds import Feed
from feed.store.points import Point
from feed.store.search import Holding
from feed.store.updates import Update, Which
from feed.web.desk.forms import revision_read
from feed.web.services import services

MOST_CHOSEN = fields.GROUNDS + 1  # updates of a form that are looked up: one too many is told
RECENT = 20  # updates to choose from, the newest or those that hold the words that are searched for

_NUMBER = re.compile(r"[0-9]{1,15}")
# Of an update, alone or in one of its addresses.
_NAMED = re.compile(r"(?:^|[\s,;#]|/updates/|#update-)([0-9]{1,15})(?![\w.:-])")

pages = Blueprint("points", __name__, url_prefix="/feeds/<slug>")


@pages.get("/new-point")
def new_form(slug: str) -> str:
    """The form of a new point. The address may name an update that it rests on."""
    number = request.args.get("update", "")
    return _page(slug, None, {"updates": [int(number)] if _NUMBER.fullmatch(number) else []})


@pages.post("/points")
def add(slug: str) -> Any:
    """Adds a point, or looks for updates to choose from."""
    given = _given()
    if "find" in request.form:
        return _page(slug, None, given)
    try:
        pointing.add(services().store, slug, given, g.editor)
    except Invalid as error:
        return _page(slug, None, given, error=error), 422
    return _back(slug, "pointed")


@pages.get("/points/<int:point_id>")
def edit_form(slug: str, point_id: int) -> str:
    """The form of a point."""
    return _page(slug, _point(slug, point_id))


@pages.post("/points/<int:point_id>")
def edit(slug: str, point_id: int) -> Any:
    """Saves a point, or looks for updates to choose from. Where somebody else has saved it since the form was made, the
    form comes back with what was typed, beside theirs; a point that was taken out meanwhile can be added again."""
    given = _given()
    try:
        point = _point(slug, point_id)
        if "find" in request.form:
            return _page(slug, point, given, revision=revision_read(), seen=_seen())
        pointing.edit(services().store, slug, point_id, given, revision_read(), _seen(), g.editor)
    except Missing:
        return _page(slug, None, given, told=Message("Somebody took this point out meanwhile. Saving adds it.")), 409
    except Stale as error:
        told = Message(
            "Somebody else saved this meanwhile: “{text}” Saving yours replaces it.", text=error.current.text
        )
        return _page(slug, error.current, given, told=told), 409
    except Invalid as error:
        return _page(slug, point, given, error=error, revision=revision_read(), seen=_seen()), 422
    return _back(slug, "pointed")


@pages.post("/points/<int:point_id>/confirmation")
def confirm(slug: str, point_id: int) -> Any:
    """Says that a point stands. Where what it rests on has changed again meanwhile, or is gone, its form says so."""
    try:
        pointing.confirm(services().store, slug, point_id, _seen() or 0, g.editor)
    except Stale as error:
        return _page(slug, error.current, told=Message("What it rests on has changed again. Look once more.")), 409
    except Invalid as error:
        return _page(slug, _point(slug, point_id), error=error), 422
    return _back(slug, "stands")


@pages.post("/points/<int:point_id>/place")
def move_up(slug: str, point_id: int) -> Any:
    """Puts a point above the one before it."""
    pointing.move_up(services().store, slug, point_id, g.editor)
    return _back(slug, "pointed")


@pages.post("/points/<int:point_id>/removal")
def remove(slug: str, point_id: int) -> Any:
    """Takes a point out."""
    try:
        pointing.remove(services().store, slug, point_id, revision_read(), g.editor)
    except Stale as error:
        return _page(slug, error.current, told=Message("Somebody else saved this meanwhile. Look once more.")), 409
    return _back(slug, "unpointed")


def _given() -> dict[str, object]:
    """What the form holds: the text, and the updates that were chosen or named by number or address."""
    named = [int(each) for each in _NAMED.findall(request.form.get("others", ""))]
    chosen = [int(each) for each in request.form.getlist("updates") if _NUMBER.fullmatch(each)]
    return {"text": request.form.get("text"), "updates": chosen + named}


def _seen() -> int | None:
    seen = request.form.get("checking", "")
    return int(seen) if _NUMBER.fullmatch(seen) else None


def _point(slug: str, point_id: int) -> Point:
    with services().store.read() as db:
        return points.get(db, feeds.get(db, slug, drafts=True), point_id)


def _page(
    slug: str,
    point: Point | None,
    given: dict[str, Any] | None = None,
    *,
    error: Invalid | None = None,
    told: Message | None = None,
    revision: int | None = None,
    seen: int | None = None,
) -> str:
    """The form of that point, or of a new one. `revision` and `seen` are those that the form had, if it only comes
    back."""
    if given is None and point:
        given = {"text": point.text, "updates": [each.id for each in point.grounds]}
    with services().store.read() as db:
        feed = feeds.get(db, slug, drafts=True)
        chosen = _chosen(db, feed, given["updates"] if given else [])
        offered = _offered(db, feed, request.form.get("words", ""))
    return render_template(
        "desk/point.html",
        feed=feed,
        point=point,
        given=given or {},
        errors=by_field(error),
        told=told,
        revision=point.revision if point and revision is None else revision,
        seen=point.checking if point and revision is None else seen,
        chosen=chosen,
        offered=[each for each in offered if each not in chosen],
    )


def _chosen(db: Database, feed: Feed, numbers: list[int]) -> list[Update]:
    """The updates of that feed among these, retracted ones too, in the order in which they were published."""
    found = []
    for number in {*numbers[:MOST_CHOSEN]}:
        try:
            found.append(updates.get_any(db, number))
        except Missing:
            continue
    return sorted((each for each in found if each.feed == feed.slug), key=lambda each: each.place)


def _offered(db: Database, feed: Feed, words: str) -> list[Update]:
    """The newest updates of that feed to choose from, or the newest that hold these words."""
    which = Holding(words) if words.strip() else Which.NOT_RETRACTED
    return updates.newest_first(db, feed, None, RECENT, which)


def _back(slug: str, deed: str) -> Any:
    return redirect(url_for("desk.feeds.feed", slug=slug, did=deed, _anchor="what-we-know"), 303)
