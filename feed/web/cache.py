"""A cache of answers as bytes, in each worker.

Readers' pages are the same for everybody, so one rendering serves all until something on it changes. The counters of
what it was made from are compared before it is served, so no cached page outlives a retraction (invariant 4). A hit
asks SQLite one pragma, and runs neither Flask nor Jinja. ETags, 304 and compression are made by cached_page.py, for hit
and miss alike.

An answer is cached under its path and those query parameters that its view reads, which the view declares with
`@reads`. The view gets no others, so `fbclid` or `utm_source` can neither cause a miss, nor fill the cache, nor appear
in a page.

A page that is out of date is no use to anybody, and its address may never be asked for again: what an open page missed
since version 41 is asked for by those who were at 41. So with each page that is added some others are looked at, in
turn, and forgotten if they are not current.
"""

import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable
from functools import lru_cache
from itertools import islice
from typing import Any, Protocol, TypeVar
from urllib.parse import unquote_plus

from flask import Flask, request
from prometheus_client import Counter
from werkzeug.exceptions import HTTPException
from werkzeug.wsgi import ClosingIterator

from feed.store import versions
from feed.store.database import Database, OperationalError
from feed.store.feeds import Feed
from feed.web import cached_page
from feed.web.cached_page import FOR_EVER, Page

MOST_BYTES = 32 * 1024 * 1024  # of one worker: some 600 article pages with their compressed twins
LOOKED_AT = 4  # pages, for each that is added: so at most about half of those kept are out of date
MOST_PARAMETERS = 100  # of a query that are looked at; a page has seven
LONGEST_NAME = 30  # characters of a parameter's name, escaped or not; ours have nine
PATHS_KNOWN = 1_000  # whose view need not be looked up again, which takes 20 µs; 8 MB if strangers send long ones
_STAMP = "liveline.stamp"
_COUNTED = "liveline.counted"
_CHANGED = "liveline.changed"
_ZIPPED = "liveline.zipped"
View = TypeVar("View", bound=Callable[..., Any])
Address = tuple[str, str]
"""The path of a page, and those query parameters that its view reads."""


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


def cache_while_current(stamp: object) -> None:
    """Allows the answer to this request to be cached as long as the cache's `Current` says that this stamp is."""
    request.environ[_STAMP] = stamp


def cache_for_ever(zipped: bytes | None = None) -> None:
    """Says that the answer to this request never changes. `zipped` is its body in gzip, where that is known."""
    request.environ[_STAMP] = FOR_EVER
    request.environ[_ZIPPED] = zipped


def count_each(counter: Counter) -> None:
    """Counts the answer to this request, and again each time that it is given from the cache."""
    request.environ[_COUNTED] = counter
    counter.inc()


def changed(second: int) -> None:
    """Sets Last-Modified: the second since 1970 in which the answer to this request changed last (see
    store.feeds.Feed.changed)."""
    request.environ[_CHANGED] = second


class Current(Protocol):
    """Knows whether what an answer was made of is still current. `Versions` does, by the database."""

    def is_current(self, stamp: Any) -> bool:
        """Whether everything that the stamp was made of is unchanged."""


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

    def __init__(self, app: Callable[..., Iterable[bytes]], current: Current, parameters: Parameters) -> None:
        self._app = app
        self._current = current
        self._parameters = parameters
        self._pages: OrderedDict[Address, Page] = OrderedDict()
        self._size = 0
        self._turn = iter([*self._pages])
        """Addresses that are still to be looked at in this round."""
        self._lock = threading.Lock()

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        """Answers from the cache, or calls the application and caches what it allows."""
        if environ["REQUEST_METHOD"] not in ("GET", "HEAD"):
            return self._app(environ, start_response)
        address = self.address_of(environ["PATH_INFO"], environ.get("QUERY_STRING", ""))
        if address is None:
            return self._app(environ, start_response)
        if page := self.current(address):
            if page.counter:
                page.counter.inc()
            return cached_page.answer(page, environ, start_response)
        return self._ask(address, environ, start_response)

    def address_of(self, path: str, query: str) -> Address | None:
        """Where the answer to a GET is cached; None if it never is. Path and query are as WSGI has them."""
        names = self._parameters.of(path)
        return None if names is None else (path, _asked(query, names))

    def current(self, address: Address) -> Page | None:
        """The page of that address if it is cached and still current. Where the database cannot be read, it may not be
        served: the application then answers and says what is wrong."""
        with self._lock:
            if page := self._pages.get(address):
                self._pages.move_to_end(address)
        return page if page and self._is_current(page) else None

    def _is_current(self, page: Page) -> bool:
        try:
            return page.stamp is FOR_EVER or self._current.is_current(page.stamp)
        except OperationalError:
            return False

    def _ask(self, address: Address, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
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
            page = Page(stamp, headers, b"".join(answer), asked.get(_CHANGED), asked.get(_COUNTED))
        finally:
            _closing(answer)()
        page.headers = cached_page.headers_of(page)
        if zipped := asked.get(_ZIPPED):
            page.zipped = zipped
        with self._lock:
            self._keep(address, page)
        self._forget_some()
        return cached_page.answer(page, environ, start_response)

    def _keep(self, address: Address, page: Page) -> None:
        before = self._pages.pop(address, None)
        self._size += page.size - (before.size if before else 0)
        self._pages[address] = page
        while self._size > MOST_BYTES:
            self._size -= self._pages.popitem(last=False)[1].size

    def _forget_some(self) -> None:
        """Looks at the next LOOKED_AT pages, and forgets those that are not current."""
        with self._lock:
            looked_at = [*islice(self._turn, LOOKED_AT)]
            if len(looked_at) < LOOKED_AT:
                self._turn = iter([*self._pages])
        for address in looked_at:
            page = self._pages.get(address)
            if page and not self._is_current(page):
                with self._lock:
                    if self._pages.get(address) is page:  # and not already another one
                        del self._pages[address]
                        self._size -= page.size


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
