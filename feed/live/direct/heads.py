"""Reads and writes the heads of requests and answers as gunicorn does, for what the worker answers without it.

Two readings of one request is how requests are smuggled. So only what can be read in one way is taken: one whole
request without a body, in the plainest form of HTTP/1.1. Everything else is left to gunicorn.
"""

import re
from types import SimpleNamespace
from typing import Any, NamedTuple
from urllib.parse import unquote_to_bytes

from gunicorn.http.wsgi import Response

from feed.live.admission import SOCKET_PATH

LONGEST = 4096  # bytes of a head that are looked at; browsers' have 500 to 1,500
MOST_FIELDS = 100  # of a head, as in gunicorn

# A path with one slash at its beginning, without fragment; fields without folding. A space before a colon, and names of
# unusual characters, are left to gunicorn.
_HEAD = re.compile(
    rb"(GET|HEAD) (/(?!/)[!\"$->@-~]*)(?:\?([!\"$-~]*))? HTTP/1\.1\r\n((?:[A-Za-z0-9-]+:[\t -~\x80-\xff]*\r\n)+)\r\n"
)
# Fields that decide about an answer, or how the bytes are read. gunicorn joins or refuses those that are repeated.
_ONCE = frozenset(
    ("host", "connection", "accept-encoding", "if-none-match", "if-modified-since", "x-request-id")
)  # fmt: skip
# Fields after which there is more to read, or that ask for more than a page.
_NEVER = frozenset(
    ("content-length", "content-type", "transfer-encoding", "trailer", "expect", "upgrade", "http2-settings")
)  # fmt: skip


class Head(NamedTuple):
    """A request that has no body and keeps its connection."""

    method: str
    path: str
    """As WSGI has it: unquoted, each byte a character."""
    query: str
    fields: dict[str, str]
    """By their names in small letters. Of a repeated one, the last."""


def read(head: bytes) -> Head | None:
    """Returns the request if these bytes are exactly one that is plain, else None."""
    found = _HEAD.fullmatch(head)
    if found is None:
        return None
    method, path, query, lines = (each.decode("latin-1") for each in found.groups(b""))
    fields: dict[str, str] = {}
    for line in lines.split("\r\n")[:-1]:
        name, _, value = line.partition(":")
        name = name.lower()
        if name in _NEVER or (name in fields and name in _ONCE):
            return None
        fields[name] = value.strip(" \t")
    if "host" not in fields or fields.get("connection", "keep-alive").lower() != "keep-alive":
        return None
    if "%" in path:
        path = unquote_to_bytes(path).decode("latin-1")
    if path.startswith(SOCKET_PATH) or lines.count("\r\n") > MOST_FIELDS:
        return None
    return Head(method, path, query, fields)


def write(config: Any, method: str, status: str, headers: list[tuple[str, str]]) -> bytes:
    """Returns the head of an answer after which the connection is kept, without the empty line at its end. gunicorn
    itself writes it, by its `config`."""
    request = SimpleNamespace(method=method, version=(1, 1), should_close=lambda: False)
    answer = Response(request, None, config)
    answer.start_response(status, headers)
    lines = [*answer.default_headers(), *(f"{name}: {value}\r\n" for name, value in answer.headers)]
    return "".join(lines).encode("latin-1")
