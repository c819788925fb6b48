"""How much of a request's body is read: every limit by its name, and one function that holds a request to it.

What no view bounds further, Werkzeug reads up to MOST_BYTES.
"""

from collections.abc import Mapping

from flask import Flask, json, request
from werkzeug.exceptions import BadRequest, RequestEntityTooLarge, UnsupportedMediaType

from feed.errors import Message
from feed.picture import UPLOAD_BYTES

JSON_BYTES = 512 * 1024  # the longest article in UTF-8, with room for escapes
PASTE_BYTES = 1024 * 1024  # the longest paste, with room for escapes and letters of several bytes
FORM_BYTES = 1024 * 1024  # the longest article in UTF-8, percent-encoded, fits twice
STRANGERS_FORM_BYTES = 16 * 1024  # name, password and the way back; nobody need sign in to send it
FORM_FIELDS = 100  # the article's form has ten; each costs time to read, however short
MOST_BYTES = UPLOAD_BYTES + FORM_BYTES  # of any body: a picture and its words
REFUSED_BYTES = 100 * 1024**2  # of a form whose file is too large: a whole answer can follow only when all is read


def install(app: Flask) -> None:
    """Bounds what Werkzeug reads by itself."""
    app.config["MAX_CONTENT_LENGTH"] = MOST_BYTES
    app.config["MAX_FORM_MEMORY_SIZE"] = FORM_BYTES
    app.config["MAX_FORM_PARTS"] = FORM_FIELDS


def bound(size: int) -> None:
    """From now on no more than that many bytes are read of this request's body, also where it is sent in chunks and
    does not say how many they are. Whoever reads more gets RequestEntityTooLarge."""
    request.max_content_length = size


def read_at_most(size: int, too_long: Message | str) -> bytes:
    """The body of this request. Raises RequestEntityTooLarge with that message for a longer one, of which no more is
    read."""
    bound(size)
    refusal = RequestEntityTooLarge(too_long)
    if (request.content_length or 0) > size:
        raise refusal
    try:
        body = request.get_data(cache=True)
    except RequestEntityTooLarge:
        raise refusal from None
    if len(body) > size:  # it was read before
        raise refusal
    return body


def json_object(size: int) -> Mapping[str, object]:
    """The JSON object in the body of this request, of so many bytes at most. Its type, nesting and encoding are checked
    too. Raises BadRequest, RequestEntityTooLarge or UnsupportedMediaType."""
    if request.mimetype != "application/json":
        raise UnsupportedMediaType("Send JSON, with Content-Type: application/json.")
    raw = read_at_most(size, f"At most {size // 1024} kB of JSON.")
    try:
        given = json.loads(raw.decode())
    except UnicodeDecodeError:
        raise BadRequest("This is not UTF-8.") from None
    except (ValueError, RecursionError):
        raise BadRequest("This is not JSON, or it is nested too deep.") from None
    if not isinstance(given, dict):
        raise BadRequest('Send a JSON object, like {"body": "Text"}.')
    return given
