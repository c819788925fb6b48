"""What a request to the API says: whose token it has, the JSON in its body, the revision that its editor read."""

import re
from collections.abc import Mapping
from contextlib import suppress

from flask import request
from werkzeug.datastructures import WWWAuthenticate
from werkzeug.exceptions import BadRequest, PreconditionRequired, Unauthorized

from feed import logs
from feed.errors import Missing
from feed.store import tokens
from feed.store.database import OperationalError
from feed.store.editors import Editor
from feed.turns import orderer
from feed.web.bodies import JSON_BYTES, json_object
from feed.web.origins import network
from feed.web.services import services

_REVISION = re.compile(r'(?:W/)?("?)(\d{1,9})\1\Z')


def editor_of_token() -> Editor:
    """The editor whose token this request has. Raises Unauthorized (401), which says how to send one."""
    token = bearer()
    if token is None:
        raise Unauthorized("Send a token: Authorization: Bearer TOKEN.", www_authenticate=_challenge())
    try:
        with services().store.read() as db:
            editor = tokens.editor_of(db, token, network())
    except Missing:
        raise Unauthorized(
            "This token is unknown, revoked or expired.", www_authenticate=_challenge("invalid_token")
        ) from None
    orderer.set(editor.id)
    logs.know(editor=editor.name)
    if editor.origin and editor.origin.token_id:
        with suppress(OperationalError):  # during a restore programs go on reading
            tokens.note_use(services().store, editor.origin.token_id)
    return editor


def editor_of_token_if_any() -> Editor | None:
    """The same, and None for a request without a token. Raises Unauthorized."""
    return None if bearer() is None else editor_of_token()


def bearer() -> str | None:
    """The bearer token of this request, unchecked; None where it has none."""
    auth = request.authorization
    return auth.token if auth is not None and auth.type == "bearer" else None


def sent() -> Mapping[str, object]:
    """The JSON object that was sent. Raises BadRequest, RequestEntityTooLarge or UnsupportedMediaType."""
    return json_object(JSON_BYTES)


def revision_read(in_body: object) -> int | None:
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


def revision_needed(given: dict[str, object]) -> int | None:
    """The revision that the editor read, taken out of `given`, the body, or from If-Match. None for `If-Match: *`,
    which means any. Raises BadRequest, and PreconditionRequired where neither says it."""
    revision = revision_read(given.pop("revision", None))
    if revision is None and request.headers.get("If-Match") != "*":
        raise PreconditionRequired('Say which revision you read: If-Match: "1", or "revision": 1 in the body.')
    return revision


def _challenge(error: str | None = None) -> WWWAuthenticate:
    return WWWAuthenticate("bearer", {"realm": "liveline", **({"error": error} if error else {})})
