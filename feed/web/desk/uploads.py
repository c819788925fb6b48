"""Pictures that are put into a text while it is written, as JSON for the desk's script. Each is uploaded at once, and
is its editor's alone until a text that shows it is published."""

from typing import Any

from flask import Blueprint, Response, g, jsonify, request
from werkzeug.exceptions import Unauthorized

from feed.errors import Message, Missing
from feed.picture import UPLOAD_BYTES
from feed.store import pictures, waiting
from feed.store.pictures import Picture
from feed.store.waiting import Waiting
from feed.web.bodies import FORM_BYTES, json_object, read_at_most
from feed.web.picture_files import file_of
from feed.web.services import services

MOST_ASKED = 100  # pictures of one text; an article with more has its first shown
TOO_LARGE = Message("This file is over {size} MB; make it smaller.", size=UPLOAD_BYTES // 1024**2)

pages = Blueprint("uploads", __name__, url_prefix="/uploads")


@pages.before_request
def same_editor() -> None:
    """Raises Unauthorized when another editor has signed in since the page was loaded whose picture this is."""
    if request.args.get("editor", str(g.editor.id)) != str(g.editor.id):
        raise Unauthorized(Message("Somebody else is signed in here now. Sign in again; what you typed is kept."))


@pages.get("")
def listed() -> Response:
    """What is known of the pictures in a text, whose ids the address has as `id`: those that are public, and the
    editor's own uploads. The others are left out."""
    ids = request.args.getlist("id")[:MOST_ASKED]
    with services().store.read() as db:
        public, kept = pictures.of_ids(db, ids), waiting.of_ids(db, ids, g.editor)
    found = [_of_public(each) for each in public.values()] + [_of_waiting(each) for each in kept.values()]
    return jsonify({"pictures": found})


@pages.put("/<picture_id>")
def upload(picture_id: str) -> Response:
    """Keeps the picture that is the body of this request, under the id that the client made. Sending it again changes
    nothing. `name` in the address is the name of the file."""
    content = read_at_most(UPLOAD_BYTES, TOO_LARGE)
    name, media = request.args.get("name", ""), services().settings.media
    return jsonify(_of_waiting(waiting.keep(services().store, media, content, name, g.editor, picture_id)))


@pages.put("/<picture_id>/words")
def describe(picture_id: str) -> Response:
    """Stores what the editor says of an upload: alt, decorative, caption, credit. 404 when it is not kept any more, or
    is public."""
    kept = waiting.set_words(services().store, picture_id, json_object(FORM_BYTES), g.editor)
    if kept is None:
        raise Missing(picture_id)
    return jsonify(_of_waiting(kept))


@pages.get("/<picture_id>/file")
def file(picture_id: str) -> Response:
    """The editor's own upload as a file; `?small` and `?small=192` as for a public picture."""
    with services().store.read() as db:
        kept = waiting.get(db, picture_id, g.editor)
    if kept is None:
        raise Missing(picture_id)
    return file_of(kept.id, kept.format)


def _of_waiting(each: Waiting) -> dict[str, Any]:
    described = {"alt": each.alt or "", "decorative": each.alt == "", "caption": each.caption, "credit": each.credit}
    return {"id": each.id, "public": False, "name": each.name, "animated": each.animated, **described}


def _of_public(each: Picture) -> dict[str, Any]:
    return {
        "id": each.id,
        "public": True,
        "alt": each.alt,
        "decorative": each.decorative,
        "caption": each.caption,
        "credit": each.credit,
    }
