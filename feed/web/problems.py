"""Errors: problem+json (RFC 9457) for programs, a page for people; never a stack trace."""

import logging
from typing import Any

from flask import Flask, Response, json, render_template, request
from werkzeug.exceptions import HTTPException, NotFound

from feed.errors import Gone, Invalid, Missing, Stale, Throttled
from feed.store.database import OperationalError

log = logging.getLogger(__name__)

Answer = Response | tuple[str, int] | tuple[str, int, dict[str, str]]


def install(app: Flask) -> None:
    """Answers the domain's refusals and HTTP's own."""
    app.register_error_handler(Missing, lambda _: answer(404, "There is nothing at this address."))
    app.register_error_handler(Gone, lambda _: answer(410, "This update has been retracted."))
    app.register_error_handler(Invalid, _invalid)
    app.register_error_handler(Stale, lambda _: answer(409, "Somebody else changed this in the meantime."))
    app.register_error_handler(Throttled, _throttled)
    app.register_error_handler(OperationalError, _store_trouble)
    app.register_error_handler(HTTPException, _http)
    app.register_error_handler(Exception, _bug)


def answer(status: int, detail: str, headers: dict[str, str] | None = None, **more: Any) -> Answer:
    """A refusal in the form that the door's clients read."""
    if request.path.startswith("/api/") or request.path.endswith("/changes"):
        return problem(status, detail, headers, **more)
    return render_template("error.html", status=status, detail=detail), status, headers or {}


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
    400: "Bad request", 401: "Not signed in", 403: "Not allowed", 404: "Not found", 405: "Method not allowed",
    409: "Conflict", 410: "Retracted", 413: "Too large", 415: "Unsupported type", 422: "Cannot be stored",
    428: "Revision needed", 429: "Too many tries", 500: "Our mistake", 503: "Not now",
}  # fmt: skip


def _invalid(error: Invalid) -> Answer:
    reasons = [{"field": reason.field, "message": reason.message} for reason in error.reasons]
    return answer(422, " ".join(f"{r.field}: {r.message}" for r in error.reasons), errors=reasons)


def _throttled(error: Throttled) -> Answer:
    minutes = -(-error.retry_after // 60)
    detail = f"Too many tries. Wait {minutes} minutes, then try again."
    return answer(429, detail, {"Retry-After": str(error.retry_after)})


def _store_trouble(error: Exception) -> Answer:
    log.error("the database cannot be used: %s; `flask db upgrade` and `flask db check` may help", error)
    return answer(503, "The database cannot be used just now. Try again in a moment.", {"Retry-After": "5"})


def _http(error: HTTPException) -> Any:
    if error.code is None or error.code < 400:
        return error  # a redirect
    headers = {k: v for k, v in error.get_headers() if k in ("Allow", "WWW-Authenticate", "Retry-After")}
    # Werkzeug's own words for an unknown address speak of URLs and servers.
    unknown = isinstance(error, NotFound)
    detail = "There is nothing at this address." if unknown else error.description or error.name
    return answer(error.code, detail, headers)


def _bug(error: Exception) -> Answer:
    log.exception("bug at %s %s", request.method, request.path)
    return answer(500, "Something went wrong on our side. Nothing of what you sent was stored.")
