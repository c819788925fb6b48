"""Asks the writer itself, over HTTP, for what readers of this node missed: while the broker cannot be used, its readers
stay live that way, some seconds behind. It is the same catch-up as that of a page without a socket."""

import http.client
import json
from collections.abc import Callable
from time import monotonic
from typing import Any, NamedTuple
from urllib.parse import quote, unquote, urlencode, urlsplit

from feed.followers.bus import Envelope, Position

ANSWER_SECONDS = 2.0  # for one step, and for a whole answer: slower, and the next round would begin before
MOST_BYTES = 16_000_000  # of one answer, as of an envelope in the broker
PART_BYTES = 65_536  # read at a time
PROBLEM = "application/problem+json"  # what only the site itself answers, and no proxy or other program there
FIELDS: dict[str, type] = {"feed": str, "epoch": str, "version": int}


class NoAnswer(Exception):
    """The writer cannot be reached, or what answered is not the writer."""


class Answer(NamedTuple):
    """What the writer said of a feed: its slug now, where it is, and the envelope up to there. Without an envelope
    readers need another page. `gone` says that nobody can follow it."""

    feed: str
    position: Position
    envelope: Envelope | None = None
    gone: bool = False


class Origin:
    """The writer at that address: scheme, host and port. One caller at a time."""

    def __init__(self, address: str) -> None:
        parts = urlsplit(address)
        made = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
        self._connect: Callable[[], http.client.HTTPConnection] = lambda: made(parts.netloc, timeout=ANSWER_SECONDS)
        self._kept: http.client.HTTPConnection | None = None

    def ask(self, slug: str, own: Position) -> Answer:
        """What a page at that position missed. Raises NoAnswer."""
        query = urlencode({"after": own.version, "epoch": own.epoch})
        begun, kept = monotonic(), self._kept is not None
        try:
            try:
                return self._asked(slug, query, begun)
            except (OSError, http.client.HTTPException):
                self.close()
                # A connection that was kept may have been closed meanwhile, which says nothing about the writer.
                if not kept or monotonic() - begun > ANSWER_SECONDS / 2:
                    raise
                return self._asked(slug, query, monotonic())
        except (OSError, http.client.HTTPException, ValueError) as error:
            self.close()
            raise NoAnswer(str(error) or type(error).__name__) from error

    def close(self) -> None:
        """Closes the connection; the next question opens another."""
        if self._kept is not None:
            self._kept.close()
            self._kept = None

    def _asked(self, slug: str, query: str, begun: float) -> Answer:
        self._kept = self._kept or self._connect()
        path = f"/feeds/{quote(slug, safe='')}/changes"
        self._kept.request("GET", f"{path}?{query}", headers={"User-Agent": "Liveline-Node"})
        answer = self._kept.getresponse()
        body = _read(answer, begun + ANSWER_SECONDS)
        if answer.status == 301:
            return Answer(_moved_to(answer.headers.get("Location", ""), slug), Position("", 0), gone=True)
        if answer.status == 404 and answer.headers.get_content_type() == PROBLEM:
            return Answer(slug, Position("", 0), gone=True)
        if answer.status != 200:
            raise ValueError(f"it answered {answer.status}")
        return _read_answer(json.loads(body), slug)


def _read(answer: http.client.HTTPResponse, until: float) -> bytes:
    parts, size = [], 0
    while part := answer.read1(PART_BYTES):
        parts.append(part)
        size += len(part)
        if size > MOST_BYTES or monotonic() > until:
            raise ValueError("its answer is too long, or too slow")
    answer.close()  # or the connection would take no other request
    return b"".join(parts)


def _moved_to(location: str, before: str) -> str:
    """The slug in the address that an old one leads to. Nothing is fetched there: it only says what the feed is called
    now."""
    match urlsplit(location).path.split("/"):
        case ["", "feeds", slug, "changes"] if slug and unquote(slug) != before:
            return unquote(slug)
    raise ValueError(f"it leads to {location[:100]!r}")


def _read_answer(found: Any, slug: str) -> Answer:
    """Checks that it is the catch-up of that feed. Raises ValueError."""
    known = isinstance(found, dict) and all(isinstance(found.get(name), kind) for name, kind in FIELDS.items())
    if not known or found["feed"] != slug:
        raise ValueError("its answer is no catch-up")
    position = Position(found["epoch"], found["version"])
    if found.get("reload"):
        return Answer(slug, position)
    if not isinstance(found.get("after"), int) or not _are_changes(found.get("changes")):
        raise ValueError("its answer is no envelope")
    return Answer(slug, position, {name: found[name] for name in (*FIELDS, "after", "changes")})


def _are_changes(found: Any) -> bool:
    return isinstance(found, list) and all(
        isinstance(each, dict)
        and isinstance(each.get("id"), str)
        and isinstance(each.get("version"), int)
        and (each.get("html", 0) is None or isinstance(each.get("html"), str))
        for each in found
    )
