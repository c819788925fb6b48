"""An answer that is cached, and how it is sent: ETag, Last-Modified, 304, gzip, HEAD."""

import gzip
import hashlib
import re
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, NamedTuple

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
    written: "dict[Form, Written]" = field(default_factory=dict)
    """The bytes that were sent last in each form."""

    @cached_property
    def zipped(self) -> bytes:
        """The body, compressed."""
        return gzip.compress(self.body, BEST_ZIP_LEVEL if self.stamp is FOR_EVER else ZIP_LEVEL, mtime=0)

    @property
    def size(self) -> int:
        """Bytes that it takes in the cache, estimated: the compressed body, headers in some forms, and address are
        included before they are made."""
        return len(self.body) * 5 // 4 + 4_000


def headers_of(page: Page) -> Headers:
    """The headers with which that page is sent, whatever the request; the last is its ETag."""
    own = ("ETag", "Content-Length", "Vary", "Last-Modified", "Accept-Ranges", "Date")
    etag = hashlib.sha256(page.body).hexdigest()[:32]
    return [*(each for each in page.headers if each[0] not in own), ("Vary", "Accept-Encoding"), ("ETag", f'"{etag}"')]


class Asked(NamedTuple):
    """What of a request decides in which form it is given a page."""

    whole: bool
    """Whether the body is to be sent: it is for a GET, not for a HEAD."""
    gzip: bool
    """Whether the client takes gzip."""
    tags: str | None = None
    """If-None-Match."""
    since: float | None = None
    """If-Modified-Since, in seconds since 1970; None where it was not sent or is no date."""


class Form(NamedTuple):
    """One of the forms in which a page is sent."""

    whole: bool
    zipped: bool
    known: bool
    """Whether the client has the page already, and is told so."""


class Written(NamedTuple):
    """An answer as bytes. Between the two parts the id of the request is put, and an empty line."""

    second: int
    """In which its head is right, since 1970."""
    head: bytes
    body: bytes


class Answer(NamedTuple):
    """What is sent."""

    status: str
    headers: Headers
    body: bytes


def asked_by(method: str, accepts: str, tags: str | None, since: str) -> Asked:
    """What a request asks for that has this method, Accept-Encoding, If-None-Match (None where it was not sent) and
    If-Modified-Since ("" where it was not sent)."""
    date = parse_date(since) if tags is None and 0 < len(since) <= LONGEST_DATE else None
    return Asked(method == "GET", takes_gzip(accepts), tags, date.timestamp() if date else None)


def answer(page: Page, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    """Sends that page, or 304 to a client that has it, compressed where the client takes that. WSGI."""
    asked = asked_by(
        environ["REQUEST_METHOD"],
        environ.get("HTTP_ACCEPT_ENCODING", ""),
        environ.get("HTTP_IF_NONE_MATCH"),
        environ.get("HTTP_IF_MODIFIED_SINCE", ""),
    )
    made = in_form(page, form_for(page, asked), time.time())
    start_response(made.status, made.headers)
    return [made.body] if made.body else []


def form_for(page: Page, asked: Asked) -> Form:
    """The form in which that request is given the page."""
    zipped = asked.gzip and len(page.body) >= LEAST_ZIPPED
    return Form(asked.whole, zipped, _is_known(page, zipped, asked))


def in_form(page: Page, form: Form, now: float) -> Answer:
    """The page in that form, when it is `now` (seconds since 1970). It is the same for the whole of a second."""
    headers = [*page.headers[:-1], ("ETag", _etag(page, form.zipped))]
    if page.second is not None:
        headers.append(("Last-Modified", http_date(min(page.second, int(now) + MOST_AHEAD))))
    if form.known:
        return Answer("304 Not Modified", [each for each in headers if each[0] != "Content-Type"], b"")
    body = page.zipped if form.zipped else page.body
    if form.zipped:
        headers.append(("Content-Encoding", "gzip"))
    headers.append(("Content-Length", str(len(body))))
    return Answer("200 OK", headers, body if form.whole else b"")


def _etag(page: Page, zipped: bool) -> str:
    etag = page.headers[-1][1]
    return f'{etag[:-1]}-gzip"' if zipped else etag


def _is_known(page: Page, zipped: bool, asked: Asked) -> bool:
    """Whether the client has this answer already. A date counts only where no tag was sent (RFC 9110, 13.2.2)."""
    if asked.tags is not None:
        # Compared weakly: a W/ before the tag does not matter.
        return _etag(page, zipped) in asked.tags or asked.tags.strip() == "*"
    return asked.since is not None and page.second is not None and asked.since >= page.second


def takes_gzip(accepts: str) -> bool:
    """Whether the client accepts gzip (RFC 9110, 12.5.3)."""
    if len(accepts) > LONGEST_ACCEPT:
        accepts = accepts[:LONGEST_ACCEPT].rpartition(",")[0]
    accepted: dict[str, float] = {}
    for coding, quality in _CODING.findall(accepts):
        accepted[coding.lower()] = max(accepted.get(coding.lower(), 0), float(quality or 1))
    return accepted.get("gzip", accepted.get("*", 0)) > 0
