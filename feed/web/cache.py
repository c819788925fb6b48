"""The pages of this worker, as bytes, for as long as the versions they show stand.

Readers' pages are the same for everybody, so one rendering serves all until something on it changes, and the change is
seen by the counters before the page is served: nothing here can outlive a retraction (invariant 4). A hit asks SQLite
one pragma, and touches neither Flask nor Jinja. ETags, 304 and compression are made here, for hit and miss alike.
"""

import gzip
import hashlib
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any

from flask import request
from werkzeug.datastructures import Accept
from werkzeug.http import parse_accept_header, parse_etags
from werkzeug.wsgi import ClosingIterator

from feed.store import versions
from feed.store.database import Database
from feed.store.feeds import Feed
from feed.store.versions import Stamp, Versions

MOST_BYTES = 32 * 1024 * 1024  # of one worker: some 600 article pages with their compressed twins
ZIP_LEVEL = 5  # half a millisecond for a page of 40 kB; 9 takes twice that for 2 % less
LEAST_ZIPPED = 1_000  # bytes; a shorter answer is one packet either way
FOR_EVER = Stamp(-1, ())  # of what never changes under its address

_SHOWS = "liveline.shows"

Headers = list[tuple[str, str]]


def shows(db: Database, *feeds: Feed) -> None:
    """Says that the answer to this request is the same for everybody until one of these feeds, or something else that
    the site shows, has changed. Call it in the read transaction that the answer is made from."""
    request.environ[_SHOWS] = versions.stamp(db, *feeds)


def shows_all(db: Database) -> None:
    """Says that the answer to this request is the same for everybody until anything that the site shows has changed."""
    request.environ[_SHOWS] = versions.stamp_of_all(db)


def shows_for_ever() -> None:
    """Says that the answer to this request never changes."""
    request.environ[_SHOWS] = FOR_EVER


@dataclass
class Page:
    """An answer of 200."""

    stamp: Stamp
    headers: Headers
    body: bytes

    @cached_property
    def zipped(self) -> bytes:
        """The body, compressed."""
        return gzip.compress(self.body, ZIP_LEVEL, mtime=0)

    @property
    def size(self) -> int:
        """Bytes in the cache, about: the compressed twin, headers and address are counted before they are there."""
        return len(self.body) * 5 // 4 + 2_000


class Cache:
    """WSGI, in front of Flask."""

    def __init__(self, app: Callable[..., Iterable[bytes]], versions: Versions) -> None:
        self._app = app
        self._versions = versions
        self._pages: OrderedDict[tuple[str, str], Page] = OrderedDict()
        self._size = 0
        self._lock = threading.Lock()

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        """Answers from the cache, or asks the application and keeps what may be kept."""
        if environ["REQUEST_METHOD"] not in ("GET", "HEAD"):
            return self._app(environ, start_response)
        address = (environ["PATH_INFO"], environ.get("QUERY_STRING", ""))
        with self._lock:
            if page := self._pages.get(address):
                self._pages.move_to_end(address)
        if page and (page.stamp is FOR_EVER or self._versions.stand(page.stamp)):
            return _answer(page, environ, start_response)
        return self._ask(address, environ, start_response)

    def _ask(
        self, address: tuple[str, str], environ: dict[str, Any], start_response: Callable[..., Any]
    ) -> Iterable[bytes]:
        head: list[Any] = []
        asked = {**environ, "REQUEST_METHOD": "GET"}  # a HEAD too: the page may be wanted next
        answer = self._app(asked, lambda *given: head.extend(given))
        status, headers = head[0], head[1]
        stamp = asked.get(_SHOWS)
        if stamp is None or not status.startswith("200 ") or any(name == "Set-Cookie" for name, _ in headers):
            start_response(*head)
            return answer if environ["REQUEST_METHOD"] == "GET" else ClosingIterator([], _closing(answer))
        try:
            page = Page(stamp, headers, b"".join(answer))
        finally:
            _closing(answer)()
        page.headers = _headers(page)
        with self._lock:
            self._keep(address, page)
        return _answer(page, environ, start_response)

    def _keep(self, address: tuple[str, str], page: Page) -> None:
        before = self._pages.pop(address, None)
        self._size += page.size - (before.size if before else 0)
        self._pages[address] = page
        while self._size > MOST_BYTES:
            self._size -= self._pages.popitem(last=False)[1].size


def _closing(answer: Any) -> Callable[[], None]:
    return getattr(answer, "close", lambda: None)


def _headers(page: Page) -> Headers:
    own = ("ETag", "Content-Length", "Vary", "Last-Modified", "Accept-Ranges", "Date")
    etag = hashlib.sha256(page.body).hexdigest()[:32]
    return [*(each for each in page.headers if each[0] not in own), ("Vary", "Accept-Encoding"), ("ETag", f'"{etag}"')]


def _answer(page: Page, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    headers, etag = page.headers, page.headers[-1][1]
    zips = len(page.body) >= LEAST_ZIPPED and _takes_gzip(environ.get("HTTP_ACCEPT_ENCODING", ""))
    if zips:
        etag = f'{etag[:-1]}-gzip"'
        headers = [*headers[:-1], ("ETag", etag)]
    known = environ.get("HTTP_IF_NONE_MATCH")
    if known and (known == etag or parse_etags(known).contains_weak(etag.strip('"'))):
        start_response("304 Not Modified", [each for each in headers if each[0] != "Content-Type"])
        return []
    body = page.zipped if zips else page.body
    if zips:
        headers = [*headers, ("Content-Encoding", "gzip")]
    start_response("200 OK", [*headers, ("Content-Length", str(len(body)))])
    return [body] if environ["REQUEST_METHOD"] == "GET" else []


@lru_cache(256)
def _takes_gzip(accepts: str) -> bool:
    return bool(parse_accept_header(accepts, Accept)["gzip"]) if accepts else False
