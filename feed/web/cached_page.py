"""An answer that is cached, and how it is sent: ETag, Last-Modified, 304, gzip, HEAD."""

import gzip
import hashlib
import re
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from prometheus_client import Counter
from werkzeug.http import http_date, parse_date

from feed.store.versions import Stamp

ZIP_LEVEL = 5  # half a millisecond for a page of 40 kB; 9 takes twice that for 2 % less
BEST_ZIP_LEVEL = 9  # of files that are compressed once
LEAST_ZIPPED = 400  # bytes; below, what is saved is less than the header that says so
LONGEST_ACCEPT = 500  # characters of Accept-Encoding that are looked at, in 30 µs; browsers send 30
# Seconds by which Last-Modified may be ahead of Date, for every state of a feed has a second of its own, also of some
# in one second. It should not be, lest a later state has the same date (RFC 9110, 8.8.2.1): here none ever has.
MOST_AHEAD = 60
LONGEST_DATE = 40  # characters; HTTP's have 29
FOR_EVER = Stamp(-1, ())  # of what never changes under its address

_CODING = re.compile(r"(?:^|,)[ \t]*(gzip|\*)[ \t]*(?:;[ \t]*q[ \t]*=[ \t]*([01](?:\.\d{0,3})?)[ \t]*)?(?=,|$)", re.I)

Headers = list[tuple[str, str]]


@dataclass
class Page:
    """A cached answer of 200. `stamp` says what it was made of, to the cache's `Current`; `second` is when its content
    changed last, None where that is not known."""

    stamp: object
    headers: Headers
    body: bytes
    second: int | None = None
    counter: Counter | None = None
    """What counts each time that it is given."""

    @cached_property
    def zipped(self) -> bytes:
        """The body, compressed."""
        return gzip.compress(self.body, BEST_ZIP_LEVEL if self.stamp is FOR_EVER else ZIP_LEVEL, mtime=0)

    @property
    def size(self) -> int:
        """Bytes that it takes in the cache, estimated: the compressed body, headers and address are included before
        they are made."""
        return len(self.body) * 5 // 4 + 2_000


def headers_of(page: Page) -> Headers:
    """The headers with which that page is sent, whatever the request; the last is its ETag."""
    own = ("ETag", "Content-Length", "Vary", "Last-Modified", "Accept-Ranges", "Date")
    etag = hashlib.sha256(page.body).hexdigest()[:32]
    return [*(each for each in page.headers if each[0] not in own), ("Vary", "Accept-Encoding"), ("ETag", f'"{etag}"')]


def answer(page: Page, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    """Sends that page, or 304 to a client that has it, compressed where the client takes that. WSGI."""
    headers, etag = page.headers, page.headers[-1][1]
    zips = len(page.body) >= LEAST_ZIPPED and takes_gzip(environ.get("HTTP_ACCEPT_ENCODING", ""))
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


def takes_gzip(accepts: str) -> bool:
    """Whether the client accepts gzip (RFC 9110, 12.5.3)."""
    if len(accepts) > LONGEST_ACCEPT:
        accepts = accepts[:LONGEST_ACCEPT].rpartition(",")[0]
    accepted: dict[str, float] = {}
    for coding, quality in _CODING.findall(accepts):
        accepted[coding.lower()] = max(accepted.get(coding.lower(), 0), float(quality or 1))
    return accepted.get("gzip", accepted.get("*", 0)) > 0
