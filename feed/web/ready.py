"""What the cache holds, as bytes for a server that sends them itself, without WSGI.

Nothing but `answers` gives them out, so they are counted and numbered as the layers in front of the cache do it
(request_ids.py), and are as current as what the cache gives to anybody.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from feed.logs import HEADER
from feed.web import cached_page, request_ids
from feed.web.cache import Address, Cache
from feed.web.cached_page import Asked, Headers, Page

Write = Callable[[str, str, Headers], bytes]
"""Gives the head of an answer, without the empty line at its end, for a method, a status and headers."""


class Request(NamedTuple):
    """A GET or HEAD of a page that may be cached."""

    address: Address
    asked: Asked
    request_id: str
    """As a proxy sent it; "" where none was sent."""


class Ready:
    """The answers that need nobody but the cache. Request ids that a proxy sends are taken if they are `trusted`."""

    def __init__(self, cache: Cache, *, trusted: bool) -> None:
        self._cache = cache
        self._trusted = trusted

    def request(self, method: str, path: str, query: str, fields: Mapping[str, str]) -> Request | None:
        """Returns what is asked for, if an answer to it may be cached. Path and query are as WSGI has them; the names
        of the header fields are in small letters."""
        address = self._cache.address_of(path, query)
        if address is None:
            return None
        asked = cached_page.asked_by(
            method,
            fields.get("accept-encoding", ""),
            fields.get("if-none-match"),
            fields.get("if-modified-since", ""),
        )
        return Request(address, asked, fields.get("x-request-id", ""))

    def answers(self, requests: Sequence[Request], write: Write) -> list[bytes | None]:
        """Returns the answers to requests that have all arrived; None for what the cache does not hold. Pages are found
        current after the arrival of each request, so no answer is older than what was committed before it."""
        now = time.time()
        found: dict[Address, Page | None] = {}
        given: list[bytes | None] = []
        for request in requests:
            if request.address not in found:
                found[request.address] = self._cache.current(request.address)
            page = found[request.address]
            given.append(self._answer(page, request, now, write) if page else None)
        return given

    def _answer(self, page: Page, request: Request, now: float, write: Write) -> bytes:
        form = cached_page.form_for(page, request.asked)
        written = page.written.get(form)
        if written is None or written.second != int(now):
            status, headers, body = cached_page.in_form(page, form, now)
            head = write("GET" if form.whole else "HEAD", status, headers) + f"{HEADER}: ".encode()
            written = page.written[form] = cached_page.Written(int(now), head, body)
        if page.counter:
            page.counter.inc()
        request_id = request_ids.id_of(request.request_id, trusted=self._trusted)
        return b"".join((written.head, request_id.encode(), b"\r\n\r\n", written.body))
