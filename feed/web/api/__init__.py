"""The API: it takes and gives JSON, knows its caller by a bearer token and never by a cookie, and describes errors as
problem+json (RFC 9457)."""

from flask import Blueprint, Response

from feed.errors import Stale
from feed.store.points import Point
from feed.store.updates import Update
from feed.web.api import articles, pictures, points, updates
from feed.web.api.answers import article_json, point_json, update_json
from feed.web.api.requests import sent
from feed.web.problems import problem

api = Blueprint("api", __name__, url_prefix="/api/v1")
for each in (updates, points, articles, pictures):
    api.register_blueprint(each.views)


@api.errorhandler(Stale)
def _conflict(error: Stale) -> Response:
    """Answers 409 with both texts, so that neither is lost and the editor can merge them."""
    current = error.current
    if isinstance(current, Point):
        theirs = point_json(current)
    else:
        theirs = update_json(current) if isinstance(current, Update) else article_json(current)
    return problem(
        409,
        "Somebody else changed this since you read it. Merge your text with theirs, then send it with their revision.",
        revision=current.revision,
        yours=sent(),
        theirs=theirs,
    )
