"""Updates in the API: publish, list, read, edit, retract."""

from flask import Blueprint, Response, jsonify, request, url_for
from werkzeug.exceptions import BadRequest

from feed import logs
from feed.store import feeds, publishing, reading, retracting, updates
from feed.store.updates import Which
from feed.web.api.answers import absolute, etag, update_json
from feed.web.api.requests import editor_of_token, editor_of_token_if_any, revision_needed, sent
from feed.web.cache import cache_until_changed, reads
from feed.web.cursors import cursor_of, place_in
from feed.web.services import services

LISTED, MOST_LISTED = 20, 100  # updates of a list, unless asked otherwise, and at most

views = Blueprint("updates", __name__)


@views.post("/feeds/<slug>/updates")
def publish(slug: str) -> tuple[Response, int, dict[str, str]]:
    """Publishes an update in that feed. A repeat with the same Idempotency-Key gives the same update."""
    editor = editor_of_token()
    update = publishing.publish(services().store, slug, editor, sent(), request.headers.get("Idempotency-Key"))
    logs.know(update=update.id)
    body = update_json(update)
    return jsonify(body), 201, {"Location": body["url"], **etag(update)}


@views.get("/feeds/<slug>/updates")
@reads("before", "limit")
def list_updates(slug: str) -> Response:
    """Lists the updates of a feed, newest first, from below the cursor `before` on."""
    limit = _limit(request.args.get("limit", str(LISTED)))
    with services().store.read() as db:
        feed = feeds.get(db, slug)
        cache_until_changed(db, feed)
        below = place_in(slug, request.args.get("before"))
        found = updates.newest_first(db, feed, below, limit + 1, Which.NOT_RETRACTED)
    shown = found[:limit]
    following = None
    if len(found) > len(shown):
        before = cursor_of(slug, shown[-1].place)
        following = absolute(url_for(".list_updates", slug=slug, before=before, limit=limit))
    return jsonify({"updates": [update_json(update) for update in shown], "next": following})


@views.get("/updates/<int:update_id>")
def read_update(update_id: int) -> tuple[Response, int, dict[str, str]]:
    """Gives an update as it is now; with a token, one of a draft article too."""
    editor = editor_of_token_if_any()
    with services().store.read() as db:
        update = reading.update(db, update_id, editor)
    return jsonify(update_json(update)), 200, etag(update)


@views.patch("/updates/<int:update_id>")
def edit_update(update_id: int) -> tuple[Response, int, dict[str, str]]:
    """Edits an update, unless somebody else has since the editor read it."""
    editor = editor_of_token()
    given = dict(sent())
    revision = revision_needed(given)
    update = publishing.edit(services().store, update_id, editor, given, revision)
    return jsonify(update_json(update)), 200, etag(update)


@views.delete("/updates/<int:update_id>")
def retract(update_id: int) -> Response:
    """Retracts an update. The body may hold a `reason`, and `notice`, which shows readers that it was retracted."""
    editor = editor_of_token()
    given = sent() if request.get_data(cache=True) else {}
    update = retracting.retract(services().store, update_id, given, editor)
    return jsonify(
        {
            "id": update.id,
            "feed": update.feed,
            "version": update.version,
            "retracted_at": update.retracted_at,
            "reason": update.reason,
            "notice": update.notice,
        }
    )


def _limit(text: str) -> int:
    """How many updates to list. Raises BadRequest."""
    if not text.isdecimal() or len(text) > len(str(MOST_LISTED)) or not 1 <= int(text) <= MOST_LISTED:
        raise BadRequest(f"Write limit=NUMBER from 1 to {MOST_LISTED}.")
    return int(text)
