"""Pictures in the API."""

from flask import Blueprint, Response, jsonify, request
from werkzeug.exceptions import UnsupportedMediaType

from feed.picture import UPLOAD_BYTES
from feed.store import pictures
from feed.web.api.answers import picture_json
from feed.web.api.requests import editor_of_token
from feed.web.services import services

FLAGS = {"true": True, "1": True, "false": False, "0": False, "": False}  # how a form writes them

views = Blueprint("pictures", __name__)


@views.post("/pictures")
def upload_picture() -> tuple[Response, int, dict[str, str]]:
    """Stores a picture. The form is multipart with `file`, `alt` or `decorative`, and optionally `caption`, `credit`.
    Of an animation only the first picture is stored, and the answer says so with `animation_lost`."""
    editor = editor_of_token()
    if request.mimetype != "multipart/form-data":
        raise UnsupportedMediaType("Send multipart/form-data with file and alt.")
    upload = request.files.get("file")
    content = upload.stream.read(UPLOAD_BYTES + 1) if upload else b""
    given: dict[str, object] = dict(request.form.to_dict())
    if "decorative" in given:
        given["decorative"] = FLAGS.get(str(given["decorative"]).lower(), given["decorative"])
    added = pictures.take(services().store, services().settings.media, content, given, editor)
    body = picture_json(added.picture) | ({"animation_lost": True} if added.animated else {})
    return jsonify(body), 201, {"Location": body["url"]}
