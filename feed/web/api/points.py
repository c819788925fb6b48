"""Points of "What we know" in the API: list, read, add, edit, confirm, move, take out."""

from flask import Blueprint, Response, jsonify, request, url_for

from feed import fields
from feed.errors import Stale
from feed.store import pointing, points, reading
from feed.store.points import Point
from feed.web.api.answers import absolute, etag, point_json
from feed.web.api.requests import editor_of_token, editor_of_token_if_any, revision_needed, sent
from feed.web.problems import problem
from feed.web.services import services

Answer = tuple[Response, int, dict[str, str]]

views = Blueprint("points", __name__, url_prefix="/feeds/<slug>/points")


@views.get("")
def list_points(slug: str) -> Answer:
    """Lists the points of a feed in their order; with a token, also of a draft article."""
    editor = editor_of_token_if_any()
    with services().store.read() as db:
        found = points.of_feed(db, reading.feed(db, slug, editor))
    return _list(found)


@views.post("")
def add_point(slug: str) -> Answer:
    """Adds a point below the others. A repeat with the same Idempotency-Key gives the same point."""
    editor = editor_of_token()
    point = pointing.add(services().store, slug, sent(), editor, request.headers.get("Idempotency-Key"))
    where = absolute(url_for(".read_point", slug=slug, point_id=point.id))
    return jsonify(point_json(point)), 201, {"Location": where, **etag(point)}


@views.get("/<int:point_id>")
def read_point(slug: str, point_id: int) -> Answer:
    """Gives a point as it is now."""
    editor = editor_of_token_if_any()
    with services().store.read() as db:
        point = points.get(db, reading.feed(db, slug, editor), point_id)
    return _one(point)


@views.patch("/<int:point_id>")
def edit_point(slug: str, point_id: int) -> Answer:
    """Edits a point, unless somebody else has since the editor read it. With the `checking` that the editor read it
    stands then, if nothing that it rests on has changed since."""
    editor = editor_of_token()
    given = dict(sent())
    revision = revision_needed(given)
    seen = fields.clean(fields.POINT_SEEN, {"checking": given.pop("checking", None)})["checking"]
    return _one(pointing.edit(services().store, slug, point_id, given, revision, seen, editor))


@views.delete("/<int:point_id>")
def remove_point(slug: str, point_id: int) -> Answer:
    """Takes a point out, unless somebody else has edited it since the editor read it. Gives it as it was."""
    editor = editor_of_token()
    given = dict(sent()) if request.get_data(cache=True) else {}
    revision = revision_needed(given)
    fields.clean({}, given)
    return _one(pointing.remove(services().store, slug, point_id, revision, editor))


@views.post("/<int:point_id>/confirmation")
def confirm_point(slug: str, point_id: int) -> Response | Answer:
    """Says that a point stands, unless what it rests on has changed again since the editor read its `checking`."""
    editor = editor_of_token()
    seen = fields.clean(fields.POINT_CONFIRMATION, sent())["checking"]
    try:
        return _one(pointing.confirm(services().store, slug, point_id, seen, editor))
    except Stale as error:
        told = "What it rests on has changed again since you read it. Look once more, then send the new number."
        return problem(409, told, theirs=point_json(error.current))


@views.post("/<int:point_id>/place")
def move_point(slug: str, point_id: int) -> Answer:
    """Puts a point at that place, from 1, and gives all points of the feed in their new order."""
    editor = editor_of_token()
    place = fields.clean(fields.POINT_PLACE, sent())["place"]
    return _list(pointing.move(services().store, slug, point_id, place, editor))


def _one(point: Point) -> Answer:
    return jsonify(point_json(point)), 200, etag(point)


def _list(found: list[Point]) -> Answer:
    return jsonify({"points": [point_json(each) for each in found]}), 200, {"Cache-Control": "no-store"}
