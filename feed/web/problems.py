"""Errors as answers: problem+json (RFC 9457) for programs, a page for people. No answer holds a stack trace."""

import traceback
from pathlib import Path
from typing import Any, NamedTuple

from flask import Flask, Response, json, render_template, request
from werkzeug.exceptions import ClientDisconnected, HTTPException, NotFound
from werkzeug.wrappers import Response as BaseResponse

from feed import repeats
from feed.errors import (
    Crowded,
    Gone,
    Invalid,
    LinkOver,
    Message,
    Missing,
    NotAllowed,
    OtherEditor,
    Stale,
    Throttled,
    Unsaved,
)
from feed.store.database import OperationalError, Restoring
from feed.web import moved, resend
from feed.web.guards import FRAMED, is_for_script
from feed.web.services import services

NOTHING = Message("There is nothing at this address.")
HALF_A_CHARACTER = Message("What was sent holds half of a character.")  # JSON may: "\\ud800"

OTHER_EDITOR = {"Liveline-Refused": "other-editor"}  # tells the desk's script that it is not about the text
LATER = (Crowded, Unsaved, OperationalError)  # errors after which the same request may succeed a moment later

Answer = BaseResponse | tuple[str, int] | tuple[str, int, dict[str, str]]


def install(app: Flask) -> None:
    """Installs the handlers of the store's refusals, of HTTP's errors, and of all others."""
    app.register_error_handler(Missing, lambda _: moved.redirection() or answer(404, NOTHING))
    app.register_error_handler(Gone, lambda _: answer(410, Message("This update has been retracted.")))
    app.register_error_handler(LinkOver, lambda error: answer(410, error.reason))
    app.register_error_handler(Invalid, _invalid)
    app.register_error_handler(Stale, lambda _: answer(409, Message("Somebody else changed this in the meantime.")))
    app.register_error_handler(NotAllowed, lambda error: answer(403, error.reason))
    app.register_error_handler(OtherEditor, lambda error: answer(403, error.reason, OTHER_EDITOR))
    app.register_error_handler(Throttled, _throttled)
    app.register_error_handler(UnicodeEncodeError, lambda _: answer(422, HALF_A_CHARACTER))
    for later in LATER:
        app.register_error_handler(later, _not_now)
    app.register_error_handler(HTTPException, _http)
    app.register_error_handler(Exception, _bug)


def answer(status: int, detail: str, headers: dict[str, str] | None = None, **more: Any) -> Answer:
    """An error as the clients of the requested address read it: as JSON or as a page."""
    if request.path.startswith("/api/") or request.path.endswith(("/changes", "/oembed")) or is_for_script():
        return problem(status, detail, headers, **more)
    return (
        render_template(
            "error.html",
            status=status,
            detail=detail,
            framed=request.path.startswith(FRAMED),
            again=resend.form_sent(status),
        ),
        status,
        headers or {},
    )


def problem(status: int, detail: str, headers: dict[str, str] | None = None, **more: Any) -> Response:
    """A problem+json. `more` are its extension members."""
    title = HTTP_TITLES.get(status, "Error")
    body = {"type": "about:blank", "title": title, "status": status, "detail": detail, **more}
    return Response(
        json.dumps(body),
        status,
        {**(headers or {}), "Cache-Control": "no-store"},
        content_type="application/problem+json",
    )


HTTP_TITLES = {
    400: Message("Bad request"),
    401: Message("Not signed in"),
    403: Message("Not allowed"),
    404: Message("Not found"),
    408: Message("What was sent did not come in time"),
    405: Message("Method not allowed"),
    409: Message("Conflict"),
    410: Message("Retracted"),
    413: Message("Too large"),
    415: Message("Unsupported type"),
    422: Message("Cannot be stored"),
    428: Message("Revision needed"),
    429: Message("Too many tries"),
    500: Message("Our mistake"),
    503: Message("Not now"),
}


def _invalid(error: Invalid) -> Answer:
    reasons = [{"field": reason.field, "message": reason.message} for reason in error.reasons]
    return answer(422, " ".join(f"{r.field}: {r.message}" for r in error.reasons), errors=reasons)


def _throttled(error: Throttled) -> Answer:
    services().channel.refusals.count("throttled")
    minutes = -(-error.retry_after // 60)
    detail = Message("Too many tries. Wait {minutes} minutes, then try again.", minutes=minutes)
    return answer(429, detail, {"Retry-After": str(error.retry_after)})


def _not_now(error: Exception) -> Answer:
    said = not_now(error)
    return answer(said.status, said.detail, said.headers)


class NotNow(NamedTuple):
    """An error after which the same request may succeed a moment later."""

    status: int
    detail: Message
    headers: dict[str, str]


def not_now(error: Exception) -> NotNow:
    """The answer for one of the errors in LATER, which is also logged."""
    if isinstance(error, Crowded):
        told = Message(
            "{most} of your texts and pictures are in work already. Nothing of this was stored; send it again in a "
            "moment.",
            most=error.most,
        )
        return NotNow(429, told, {"Retry-After": str(error.retry_after)})
    if isinstance(error, Unsaved):
        repeats.say(str(error))
        told = Message("The site has no room for this file just now. Nothing was stored; tell whoever runs the site.")
        return NotNow(503, told, {"Retry-After": "60"})
    if isinstance(error, Restoring):
        told = Message("The site is being restored from a backup. Nothing was stored; try again in a minute.")
        return NotNow(503, told, {"Retry-After": "10"})
    repeats.say(f"the database cannot be used: {error}; `flask db upgrade` and `flask db check` may help")
    return NotNow(503, Message("The database cannot be used just now. Try again in a moment."), {"Retry-After": "5"})


def _http(error: HTTPException) -> Any:
    if error.code is None or error.code < 400:
        return error  # a redirect
    if isinstance(error, NotFound) and (found := moved.redirection()):
        return found
    headers = {k: v for k, v in error.get_headers() if k in ("Allow", "WWW-Authenticate", "Retry-After")}
    if isinstance(error, ClientDisconnected):  # or the worker's patience is over
        return answer(408, HTTP_TITLES[408])
    # Werkzeug's own descriptions are in English only, and about URLs and servers.
    its_own = error.description == type(error).description
    detail = NOTHING if isinstance(error, NotFound) else HTTP_TITLES.get(error.code) if its_own else error.description
    return answer(error.code, detail or error.name, headers)


def _bug(error: Exception) -> Answer:
    *_, last = traceback.extract_tb(error.__traceback__)
    where = f"{request.method} {request.url_rule or 'no route'}, {Path(last.filename).name} line {last.lineno}"
    repeats.say(f"bug at {where}: {type(error).__name__}", error)
    return answer(500, Message("Something went wrong on our side. Nothing of what you sent was stored."))
