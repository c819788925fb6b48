"""The API: it takes and gives JSON, knows its caller by a bearer token and never by a cookie, and describes errors as
problem+json (RFC 9457)."""

import re
from collections.abc import Mapping
from typing import Any

from flask import Blueprint, Response, json, jsonify, request, url_for
from werkzeug.datastructures import WWWAuthenticate
from werkzeug.exceptions import BadRequest, Unauthorized, UnsupportedMediaType

from feed.errors import Missing, Stale
from feed.picture import UPLOAD_BYTES
from feed.store import articles, feeds, pictures, publishing, tokens, updates
from feed.store.articles import Article
from feed.store.editors import Editor
from feed.store.pictures import Picture
from feed.store.updates import Update, Which
from feed.turns import orderer
from feed.web.bodies import JSON_BYTES, read_at_most
from feed.web.cache import cache_until_changed, reads
from feed.web.cursors import cursor_of, place_in
from feed.web.problems import problem
from feed.web.services import services

LISTED, MOST_LISTED = 20, 100  # updates of a list, unless asked otherwise, and at most

_REVISION = re.compile(r'(?:W/)?("?)(\d{1,9})\1\Z')

api = Blueprint("api", __name__, url_prefix="/api/v1")


@api.errorhandler(Stale)
def _conflict(error: Stale) -> Response:
    """Answers 409 with both texts, so that neither is lost and the editor can merge them."""
    current = error.current
    theirs = update_json(current) if isinstance(current, Update) else article_json(current)
    return problem(
        409,
        "Somebody else changed this since you read it. Merge your text with theirs, then send it with their revision.",
        revision=current.revision,
        yours=_sent(),
        theirs=theirs,
    )


@api.post("/feeds/<slug>/updates")
def publish(slug: str) -> tuple[Response, int, dict[str, str]]:
    """Publishes an update in that feed. A repeat with the same Idempotency-Key gives the same update."""
    editor = _editor()
    update = publishing.publish(services().store, slug, editor, _sent(), request.headers.get("Idempotency-Key"))
    body = update_json(update)
    return jsonify(body), 201, {"Location": body["url"], **_etag(update)}


@api.get("/feeds/<slug>/updates")
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
        following = _absolute(url_for("api.list_updates", slug=slug, before=before, limit=limit))
    return jsonify({"updates": [update_json(update) for update in shown], "next": following})


@api.get("/updates/<int:update_id>")
def read_update(update_id: int) -> tuple[Response, int, dict[str, str]]:
    """Gives an update as it is now; with a token, one of a draft article too."""
    drafts = _bearer() is not None and bool(_editor())
    with services().store.read() as db:
        update = updates.get(db, update_id, drafts=drafts)
    return jsonify(update_json(update)), 200, _etag(update)


@api.patch("/updates/<int:update_id>")
def edit_update(update_id: int) -> Response | tuple[Response, int, dict[str, str]]:
    """Edits an update, unless somebody else has since the editor read it."""
    editor = _editor()
    given = dict(_sent())
    in_body = given.pop("revision", None)
    revision = _revision(in_body)
    if revision is None and request.headers.get("If-Match") != "*":
        return problem(428, 'Say which revision you read: If-Match: "1", or "revision": 1 in the body.')
    update = publishing.edit(services().store, update_id, editor, given, revision)
    return jsonify(update_json(update)), 200, _etag(update)


@api.delete("/updates/<int:update_id>")
def retract(update_id: int) -> Response:
    """Retracts an update. The body may hold a `reason`, and `notice`, which shows readers that it was retracted."""
    editor = _editor()
    given = _sent() if request.get_data(cache=True) else {}
    update = publishing.retract(services().store, update_id, given, editor)
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


@api.post("/articles")
def create_article() -> tuple[Response, int, dict[str, str]]:
    """Creates an article. Its address is made of the headline unless a `slug` is given."""
    article = articles.create(services().store, _editor(), _sent())
    body = article_json(article)
    return jsonify(body), 201, {"Location": body["url"], **_etag(article)}


@api.get("/articles/<slug>")
def read_article(slug: str) -> tuple[Response, int, dict[str, str]]:
    """Gives an article as it is now; with a token, a draft too."""
    drafts = _bearer() is not None and bool(_editor())
    with services().store.read() as db:
        article = articles.get(db, slug, drafts=drafts)
    return jsonify(article_json(article, stranger=not drafts)), 200, _etag(article)


@api.patch("/articles/<slug>")
def edit_article(slug: str) -> tuple[Response, int, dict[str, str]]:
    """Edits an article. Where the revision that the editor read is given, the edit is refused if it is no longer the
    latest."""
    editor = _editor()
    given = dict(_sent())
    revision = _revision(given.pop("revision", None))
    article = articles.edit(services().store, slug, editor, given, revision)
    return jsonify(article_json(article)), 200, _etag(article)


@api.post("/pictures")
def upload_picture() -> tuple[Response, int, dict[str, str]]:
    """Stores a picture. The form is multipart with `file`, `alt`, and optionally `caption` and `credit`. Of an
    animation only the first picture is stored, and the answer says so with `animation_lost`."""
    editor = _editor()
    if request.mimetype != "multipart/form-data":
        raise UnsupportedMediaType("Send multipart/form-data with file and alt.")
    upload = request.files.get("file")
    content = upload.stream.read(UPLOAD_BYTES + 1) if upload else b""
    added = pictures.take(services().store, services().settings.media, content, request.form.to_dict(), editor)
    body = picture_json(added.picture) | ({"animation_lost": True} if added.animated else {})
    return jsonify(body), 201, {"Location": body["url"]}


def update_json(update: Update) -> dict[str, Any]:
    """The update as every answer of the API has it."""
    return {
        "id": update.id,
        "feed": update.feed,
        "version": update.version,
        "revision": update.revision,
        "headline": update.headline,
        "body": update.body,
        "html": services().render.update(update),
        "key": update.key,
        "pinned": update.pinned,
        "language": update.language,
        "byline": update.byline,
        "published_at": update.published_at,
        "edited_at": update.edited_at,
        "url": _absolute(url_for("reader.update", update_id=update.id)),
    }


def article_json(article: Article, *, stranger: bool = False) -> dict[str, Any]:
    """The article as every answer of the API has it. A `stranger` does not get the name by which its author signs
    in."""
    names = (
        "slug",
        "revision",
        "kicker",
        "headline",
        "standfirst",
        "body",
        "html",
        "byline",
        "language",
        "draft",
        "live",
    )
    return {
        **{name: getattr(article, name) for name in names},
        **({} if stranger else {"author": article.author.name if article.author else None}),
        "picture": article.picture.id if article.picture else None,
        "feed": article.feed.slug if article.feed else None,
        "published_at": article.published_at,
        "edited_at": article.edited_at,
        "url": _absolute(url_for("reader.article", slug=article.slug)),
    }


def picture_json(picture: Picture) -> dict[str, Any]:
    """The picture as the API describes it."""
    names = ("id", "width", "height", "alt", "caption", "credit")
    url = _absolute(url_for("pictures.picture_file", picture_id=picture.id))
    return {**{name: getattr(picture, name) for name in names}, "url": url}


def _editor() -> Editor:
    token = _bearer()
    if token is None:
        raise Unauthorized("Send a token: Authorization: Bearer TOKEN.", www_authenticate=_challenge())
    try:
        with services().store.read() as db:
            editor = tokens.editor_of(db, token)
    except Missing:
        raise Unauthorized(
            "This token is unknown, revoked or expired.", www_authenticate=_challenge("invalid_token")
        ) from None
    orderer.set(editor.id)
    return editor


def _bearer() -> str | None:
    auth = request.authorization
    return auth.token if auth is not None and auth.type == "bearer" else None


def _sent() -> Mapping[str, object]:
    """The JSON object that was sent. Its type, size, nesting and encoding are all checked. Raises BadRequest,
    RequestEntityTooLarge or UnsupportedMediaType."""
    if request.mimetype != "application/json":
        raise UnsupportedMediaType("Send JSON, with Content-Type: application/json.")
    raw = read_at_most(JSON_BYTES, f"At most {JSON_BYTES // 1024} kB of JSON.")
    try:
        sent = json.loads(raw.decode())
    except UnicodeDecodeError:
        raise BadRequest("This is not UTF-8.") from None
    except (ValueError, RecursionError):
        raise BadRequest("This is not JSON, or it is nested too deep.") from None
    if not isinstance(sent, dict):
        raise BadRequest('Send a JSON object, like {"body": "Text"}.')
    return sent


def _limit(text: str) -> int:
    """How many updates to list. Raises BadRequest."""
    if not text.isdecimal() or len(text) > len(str(MOST_LISTED)) or not 1 <= int(text) <= MOST_LISTED:
        raise BadRequest(f"Write limit=NUMBER from 1 to {MOST_LISTED}.")
    return int(text)


def _revision(in_body: object) -> int | None:
    """The revision that the editor read, from the body or from If-Match, which must agree. Raises BadRequest."""
    if in_body is not None and (isinstance(in_body, bool) or not isinstance(in_body, int)):
        raise BadRequest("Write the revision as a whole number.")
    header = request.headers.get("If-Match", "*")
    if header == "*":
        return in_body
    found = _REVISION.match(header)
    if not found:
        raise BadRequest('Write If-Match with the revision, like "1".')
    if in_body not in (None, int(found[2])):
        raise BadRequest("If-Match and the body name two different revisions.")
    return int(found[2])


def _etag(thing: Update | Article) -> dict[str, str]:
    return {"ETag": f'"{thing.revision}"', "Cache-Control": "no-store"}


def _absolute(path: str) -> str:
    return services().settings.public_url + path


def _challenge(error: str | None = None) -> WWWAuthenticate:
    return WWWAuthenticate("bearer", {"realm": "liveline", **({"error": error} if error else {})})
