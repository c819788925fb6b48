"""Gives each request an id, which its answer has in X-Request-ID, and so has each line of the log about it."""

import re
import secrets
from collections.abc import Callable, Iterable
from typing import Any

from flask import Flask, request

from feed import logs

ID_BYTES = 8  # that we make; enough for all requests that a log is searched for

_GIVEN = re.compile(r"[A-Za-z0-9_-]{1,64}\Z")  # as proxies make them; no address fits, as caches keep answers
_FEED = "/feeds/<slug>"


class RequestIds:
    """WSGI middleware. The id that a proxy sends is taken only if `trusted`."""

    def __init__(self, app: Callable[..., Iterable[bytes]], *, trusted: bool) -> None:
        self._app = app
        self._trusted = trusted

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        """Answers as the application does, with the id."""
        request_id = id_of(environ.get("HTTP_X_REQUEST_ID", ""), trusted=self._trusted)
        logs.begin_request(request_id)

        def start(status: str, headers: list[tuple[str, str]], *more: Any) -> Any:
            return start_response(status, [*headers, (logs.HEADER, request_id)], *more)

        return self._app(environ, start)


def id_of(given: str, *, trusted: bool) -> str:
    """The id of a request: the one `given` with it if that is `trusted` and well-formed, else a new one."""
    return given if trusted and _GIVEN.match(given) else secrets.token_hex(ID_BYTES)


def install(app: Flask) -> None:
    """Lets the log know which feed and update a request is about."""
    app.before_request(_know)


def _know() -> None:
    named = request.view_args or {}
    if "update_id" in named:
        logs.know(update=named["update_id"])
    if request.url_rule and _FEED in request.url_rule.rule:
        logs.know(feed=named["slug"])
