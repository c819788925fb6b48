"""Articles in the API: create, read, edit."""

from flask import Blueprint, Response, jsonify

from feed.store import reading, writing
from feed.web.api.answers import article_json, etag
from feed.web.api.requests import editor_of_token, editor_of_token_if_any, revision_read, sent
from feed.web.services import services

views = Blueprint("articles", __name__)


@views.post("/articles")
def create_article() -> tuple[Response, int, dict[str, str]]:
    """Creates an article. Its address is made of the headline unless a `slug` is given."""
    article = writing.create(services().store, editor_of_token(), sent())
    body = article_json(article)
    return jsonify(body), 201, {"Location": body["url"], **etag(article)}


@views.get("/articles/<slug>")
def read_article(slug: str) -> tuple[Response, int, dict[str, str]]:
    """Gives an article as it is now; with a token, a draft too."""
    editor = editor_of_token_if_any()
    with services().store.read() as db:
        article = reading.article(db, slug, editor)
    return jsonify(article_json(article, stranger=editor is None)), 200, etag(article)


@views.patch("/articles/<slug>")
def edit_article(slug: str) -> tuple[Response, int, dict[str, str]]:
    """Edits an article. Where the revision that the editor read is given, the edit is refused if it is no longer the
    latest."""
    editor = editor_of_token()
    given = dict(sent())
    revision = revision_read(given.pop("revision", None))
    article = writing.edit(services().store, slug, editor, given, revision)
    return jsonify(article_json(article)), 200, etag(article)
