"""A cache of answers as bytes, in each worker.

Readers' pages are the same for everybody, so one rendering serves all until something on it changes. The counters of
what it was made from are compared before it is served, so no cached page outlives a retraction (invariant 4). A hit
asks SQLite one pragma, and runs neither Flask nor Jinja. ETags, 304 and compression are made here, for hit and miss
alike.

An answer is cached under its path and those query parameters that its view reads, which the view declares with
`@reads`. The view gets no others, so `fbclid` or `utm_source` can neither cause a miss, nor fill the cache, nor appear
in a page.
"""

import gzip
import hashlib
import re
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any, TypeVar
from urllib.parse import unquote_plus

from flask import Flask, request
from werkzeug.exceptions import HTTPException
from werkzeug.http import http_date, parse_date
from werkzeug.wsgi import ClosingIterator

from feed.store import versions
from feed.store.database import Database, OperationalError
from feed.store.feeds import Feed
from feed.store.versions import Stamp, Versions

MOST_BYTES = 32 * 1024 * 1024  # of one worker: some 600 article pages with their compressed twins
ZIP_LEVEL = 5  # half a millisecond for a page of 40 kB; 9 takes twice that for 2 % less
BEST_ZIP_LEVEL = 9  # of files that are compressed once
LEAST_ZIPPED = 400  # bytes; below, what is saved is less than the header that says so
MOST_PARAMETERS = 100  # of a query that are looked at; a page has seven
LONGEST_NAME = 30  # characters of a parameter's name, escaped or not; ours have nine
PATHS_KNOWN = 1_000  # whose view need not be looked up again, which takes 20 µs; 8 MB if strangers send long ones
LONGEST_ACCEPT = 500  # characters of Accept-Encoding that are looked at, in 30 µs; browsers send 30
# Seconds by which Last-Modified may be ahead of Date, for every state of a feed has a second of its own, also of some
# in one second. It should not be, lest a later state has the same date (RFC 9110, 8.8.2.1): here none ever has.
MOST_AHEAD = 60
LONGEST_DATE = 40  # characters; HTTP's have 29
FOR_EVER = Stamp(-1, ())  # of what never changes under its address

_STAMP = "liveline.stamp"
_CHANGED = "liveline.changed"
_ZIPPED = "liveline.zipped"
_CODING = re.compile(r"(?:^|,)[ \t]*(gzip|\*)[ \t]*(?:;[ \t]*q[ \t]*=[ \t]*([01](?:\.\d{0,3})?)[ \t]*)?(?=,|$)", re.I)

Headers = list[tuple[str, str]]
View = TypeVar("View", bound=Callable[..., Any])


def reads(*parameters: str) -> Callable[[View], View]:
    """Declares which query parameters a view reads. Its answers may be cached then; without this they never are."""

    def named(view: View) -> View:
        view.reads = tuple(sorted(parameters))  # type: ignore[attr-defined]
        return view

    return named


def cache_until_changed(db: Database, *feeds: Feed) -> None:
    """Allows the answer to this request to be cached until one of these feeds changes, or something else that pages
    show and no feed counts. Call it in the read transaction that the answer is made from."""
    request.environ[_STAMP] = versions.stamp(db, *feeds)


def cache_until_any_change(db: Database) -> None:
    """Allows the answer to this request to be cached until anything on the site changes."""
    request.environ[_STAMP] = versions.stamp_of_all(db)


def cache_for_ever(zipped: bytes | None = None) -> None:
    """Says that the answer to this request never changes. `zipped` is its body in gzip, where that is known."""
    request.environ[_STAMP] = FOR_EVER
    request.environ[_ZIPPED] = zipped


def changed(second: int) -> None:
    """Sets Last-Modified: the second since 1970 in which the answer to this request changed last (see
    store.feeds.Feed.changed)."""
    request.environ[_CHANGED] = second


@dataclass
class Page:
    """A cached answer of 200. `second` is when its content changed last, None where that is not known."""

    stamp: Stamp
    headers: Headers
    body: bytes
    second: int | None = None

    @cached_property
    def zipped(self) -> bytes:
        """The body, compressed."""
        return gzip.compress(self.body, BEST_ZIP_LEVEL if self.stamp is FOR_EVER else ZIP_LEVEL, mtime=0)

    @property
    def size(self) -> int:
        """Bytes that it takes in the cache, estimated: the compressed body, headers and address are included before
        they are made."""
        return len(self.body) * 5 // 4 + 2_000


class Parameters:
    """Knows which query parameters each view of an application reads."""

    def __init__(self, app: Flask) -> None:
        self._app = app
        self._of_path = lru_cache(PATHS_KNOWN)(self._look)

    def of(self, path: str) -> tuple[str, ...] | None:
        """The names that the view of that path reads, sorted; None when it does not say."""
        return self._of_path(path)

    def _look(self, path: str) -> tuple[str, ...] | None:
        try:
            endpoint, _ = self._app.url_map.bind("").match(path, method="GET")
        except HTTPException:
            return None
        return getattr(self._app.view_functions[endpoint], "reads", None)


class Cache:
    """WSGI middleware in front of Flask."""

    def __init__(self, app: Callable[..., Iterable[bytes]], versions: Versions, parameters: Parameters) -> None:
        self._app = app
        self._versions = versions
        self._parameters = parameters
        self._pages: OrderedDict[tuple[str, str], Page] = OrderedDict()
        self._size = 0
        self._lock = threading.Lock()

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        """Answers from the cache, or calls the application and caches what it allows."""
        if environ["REQUEST_METHOD"] not in ("GET", "HEAD"):
            return self._app(environ, start_response)
        names = self._parameters.of(environ["PATH_INFO"])
        if names is None:
            return self._app(environ, start_response)
        address = (environ["PATH_INFO"], _asked(environ.get("QUERY_STRING", ""), names))
        with self._lock:
            if page := self._pages.get(address):
                self._pages.move_to_end(address)
        if page and self._is_current(page):
            return _answer(page, environ, start_response)
        return self._ask(address, environ, start_response)

    def _is_current(self, page: Page) -> bool:
        """Whether the page may be served. Where the database cannot be read, it may not: the application then answers
        and says what is wrong."""
        try:
            return page.stamp is FOR_EVER or self._versions.is_current(page.stamp)
        except OperationalError:
            return False

    def _ask(
        self, address: tuple[str, str], environ: dict[str, Any], start_response: Callable[..., Any]
    ) -> Iterable[bytes]:
        head: list[Any] = []
        # For a HEAD too, because a GET of the same page may follow.
        asked = {**environ, "REQUEST_METHOD": "GET", "QUERY_STRING": address[1]}
        answer = self._app(asked, lambda *given: head.extend(given))
        status, headers = head[0], head[1]
        stamp = asked.get(_STAMP)
        if stamp is None or not status.startswith("200 ") or any(name == "Set-Cookie" for name, _ in headers):
            start_response(*head)
            return answer if environ["REQUEST_METHOD"] == "GET" else ClosingIterator([], _closing(answer))
        try:
            page = Page(stamp, headers, b"".join(answer), asked.get(_CHANGED))
        finally:
            _closing(answer)()
        page.headers = _headers(page)
        if zipped := asked.get(_ZIPPED):
            page.zipped = zipped
        with self._lock:
            self._keep(address, page)
        return _answer(page, environ, start_response)

    def _keep(self, address: tuple[str, str], page: Page) -> None:
        before = self._pages.pop(address, None)
        self._size += page.size - (before.size if before else 0)
        self._pages[address] = page
        while self._size > MOST_BYTES:
            self._size -= self._pages.popitem(last=False)[1].size


def _asked(query: str, names: tuple[str, ...]) -> str:
    """The query reduced to these parameters, sorted by name, each with its first value."""
    if not query or not names:
        return ""
    found: dict[str, str] = {}
    for part in query.split("&", MOST_PARAMETERS)[:MOST_PARAMETERS]:
        name, _, value = part.partition("=")
        if len(name) <= LONGEST_NAME and (name := unquote_plus(name)) in names:
            found.setdefault(name, value)
    return "&".join(f"{name}={found[name]}" for name in names if name in found)


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
    if page.second is not None:
        headers = [*headers, ("Last-Modified", http_date(min(page.second, int(time.time()) + MOST_AHEAD)))]
    if _is_known(page, etag, environ):
        start_response("304 Not Modified", [each for each in headers if each[0] != "Content-Type"])
        return []
    body = page.zipped if zips else page.body
    if zips:
        headers = [*headers, ("Content-Encoding", "gzip")]
    start_response("200 OK", [*headers, ("Content-Length", str(len(body)))])
    return [body] if environ["REQUEST_METHOD"] == "GET" else []


def _is_known(page: Page, etag: str, environ: dict[str, Any]) -> bool:
    """Whether the client has this answer already. A date counts only where no tag was sent (RFC 9110, 13.2.2)."""
    tags: str | None = environ.get("HTTP_IF_NONE_MATCH")
    if tags is not None:
        return etag in tags or tags.strip() == "*"  # compared weakly: a W/ before the tag does not matter
    since = environ.get("HTTP_IF_MODIFIED_SINCE", "")
    if page.second is None or not 0 < len(since) <= LONGEST_DATE:
        return False
    date = parse_date(since)
    return date is not None and date.timestamp() >= page.second


def _takes_gzip(accepts: str) -> bool:
    """Whether the client accepts gzip (RFC 9110, 12.5.3)."""
    if len(accepts) > LONGEST_ACCEPT:
        accepts = accepts[:LONGEST_ACCEPT].rpartition(",")[0]
    wanted: dict[str, float] = {}
    for coding, quality in _CODING.findall(accepts):
        wanted[coding.lower()] = max(wanted.get(coding.lower(), 0), float(quality or 1))
    return wanted.get("gzip", wanted.get("*", 0)) > 0
