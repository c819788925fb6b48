"""What the worker answers without gunicorn is what gunicorn would have answered, byte for byte."""

import re
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from flask import Flask
from gunicorn.config import Config
from gunicorn.http.parser import RequestParser
from gunicorn.workers.base_async import AsyncWorker
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from feed.live.admission import READY
from feed.live.direct import heads
from feed.web.static import static_hash
from tests.conftest import Site, site_in
from tests.test_cache import WRITES, furnish

HERE, THERE = ("127.0.0.1", 8000), ("192.0.2.7", 4242)
PLAIN = b"GET /feeds/news HTTP/1.1\r\nHost: x\r\n\r\n"
# Not the same in two answers to one request.
OWN = re.compile(rb"(?<=\r\nDate: )[^\r]+|(?<=\r\nX-Request-ID: )[0-9a-f]{16}(?=\r)")


class Sent(bytearray):
    """A socket that keeps what is sent."""

    def sendall(self, data: bytes) -> None:
        """See socket."""
        self.extend(data)

    send = sendall


def by_gunicorn(app: Flask, head: bytes) -> bytes:
    """What gunicorn's worker answers to the first request in these bytes; nothing where it cannot read one."""
    config, sent = Config(), Sent()
    for name, value in {"forwarded_allow_ips": "", "forwarder_headers": "", "secure_scheme_headers": {}}.items():
        config.set(name, value)
    worker: Any = SimpleNamespace(
        cfg=config, nr=0, max_requests=100, alive=True, wsgi=app, is_already_handled=lambda answer: False,
        log=SimpleNamespace(access=lambda *told: None, exception=lambda *told: None, debug=lambda *told: None),
    )  # fmt: skip
    try:
        request = next(RequestParser(config, iter([head]), THERE))
    except Exception:
        return b""
    try:
        AsyncWorker.handle_request(worker, HERE, request, sent, THERE)
    except StopIteration:  # the connection is not kept
        assert b"\r\nConnection: close\r\n" in sent
    return bytes(sent)


def at_once(app: Flask, head: bytes) -> bytes | None:
    """What is answered without it; None where nothing is."""
    ready = app.extensions[READY]
    found = heads.read(head)
    request = found and ready.request(*found)
    return request and ready.answers([request], lambda *given: heads.write(Config(), *given))[0]


def but_for_its_own(answer: bytes | None) -> bytes | None:
    """The answer without what is its own."""
    return answer and OWN.sub(b"", answer)


@pytest.fixture(scope="module", params=["0", "1"], ids=["direct", "behind a proxy"])
def shared(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A furnished site, which the examples write to."""
    with site_in(tmp_path_factory.mktemp("site"), FEED_PROXIES=request.param) as site:
        furnish(site)
        yield site


PATHS = (
    "/", "/articles/harbour", "/articles/harbour?order=oldest&fbclid=1", "/articles/secret", "/feeds/news",
    "/feeds/news?", "/feeds/n%65ws?key=1", "/feeds/news?%6bey=1&key=2", "/feeds/news?q=%ed%a0%80", "/feeds/news?q=a#b",
    "/feeds/news.atom", "/feeds/news/changes?after=1", "/feeds/news/changes?after=x", "//feeds/news", "/feeds//news",
    "/feeds/./news", "/feeds/news;a", "/feeds/news%00", "/%C3%A9", "/updates/1", "/nothing", "/desk/", "/healthz",
    "/socket.io/", "/%73ocket.io/?EIO=4", "http://x/feeds/news", "*", "/api/v1/feeds/news/updates", "/feeds/\xe9",
    f"/static/{static_hash()}/css/page.css", f"/static/{static_hash()}/nothing.css",
)  # fmt: skip
DATES = (
    "Thu, 01 Jan 1970 00:00:00 GMT", "Fri, 01 Jan 2100 00:00:00 GMT", "Friday, 01-Jan-99 00:00:00 GMT",
    "Fri, 32 Jan 2100 00:00:00 GMT", "tomorrow", "", "Fri, 01 Jan 2100 00:00:00 GMT" + " " * 20,
)  # fmt: skip
# "{etag}" is the tag of the page without compression.
FIELDS = {
    "Accept-Encoding": ("gzip", "gzip, deflate, br, zstd", "gzip;q=0", "*;q=0.1", "identity", "GZIP ;Q=1.0", ""),
    "If-None-Match": ("{etag}", "W/{etag}", '"x", {etag}', "{gzip}", "*", " * ", '"x"', "", "{etag"),
    "If-Modified-Since": DATES,
    "X-Request-ID": ("given-1", "", "not good", "x" * 65, "0123456789abcdef"),
    "Connection": ("keep-alive", "Keep-Alive", "close", "", "keep-alive, close", "upgrade"),
    "Host": ("x", "", "evil.example:80", "x, y", "\xe9"),
    "Cookie": ("session=abc; a=b", ""),
    "Authorization": ("Bearer x",),
    "Range": ("bytes=0-9",),
    "Cache-Control": ("no-cache",),
    "X-Forwarded-For": ("203.0.113.9", "203.0.113.9, 10.0.0.1"),
    "X-Forwarded-Proto": ("https",),
    "X-Forwarded-Host": ("evil.example",),
    "X-Forwarded-Prefix": ("/evil",),
    "Script-Name": ("/evil",),
    "SCRIPT_NAME": ("/feeds",),
    "Content-Length": ("0", "5", "x"),
    "Content-Type": ("text/plain",),
    "Transfer-Encoding": ("chunked", "identity"),
    "Expect": ("100-continue", "x"),
    "Upgrade": ("websocket", "h2c"),
    "Upgrade-Insecure-Requests": ("1",),
    "X Space": ("1",),
    "X-Odd!": ("1",),
    "": ("1",),
}
# Those that make a new name by chance fail at a second time, as Hypothesis always begins the same chance.
CHANGES = sorted(name for name in WRITES if not name.startswith("a new "))
VALUES = [(name, value) for name, values in FIELDS.items() for value in values]
CASES = (str, str, str.lower, str.upper)
COLONS = (": ", ": ", ": ", ":", ":\t ", " : ")
ENDS = ("\r\n", "\r\n", "\r\n", "\r\n", " \t\r\n", "\n", "\r\n ", "\x00\r\n", "\r\r\n")


@st.composite
def requests(draw: st.DrawFn) -> str:
    """The head of a request: most are such as clients send, some have something odd in them."""
    odd = draw(st.sampled_from((False, False, True)))
    names = [("Host", "x")] if not odd or draw(st.booleans()) else []
    plain = [each for each in VALUES if each[0] in list(FIELDS)[:4] or each[0] in ("Cookie", "X-Forwarded-For")]
    names += draw(
        st.lists(st.sampled_from(VALUES), max_size=5)
        if odd
        else st.lists(st.sampled_from(plain), max_size=5, unique_by=lambda each: each[0])
    )
    lines = "".join(
        draw(st.sampled_from(CASES))(name)
        + (draw(st.sampled_from(COLONS)) + value + draw(st.sampled_from(ENDS)) if odd else f": {value}\r\n")
        for name, value in draw(st.permutations(names))
    )
    method = draw(st.sampled_from(("GET", "GET", "HEAD", "OPTIONS", "get", "POST") if odd else ("GET", "HEAD")))
    version = draw(st.sampled_from(("1.1", "1.1", "1.1", "1.0", "2.0", "1.1 ")) if odd else st.just("1.1"))
    more = draw(st.sampled_from(("", "", "", "x", "GET / HTTP/1.1\r\n\r\n"))) if odd else ""
    return f"{method} {draw(st.sampled_from(PATHS))} HTTP/{version}\r\n{lines}\r\n{more}"


@given(asked=st.lists(requests(), min_size=1, max_size=4), write=st.sampled_from([None, *CHANGES]))
@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
def test_whatever_is_answered_at_once_gunicorn_would_have_answered_alike(
    shared: Site, asked: list[str], write: str | None
) -> None:
    app = shared.app
    known = re.search(r'ETag: "(\w+)"', by_gunicorn(app, PLAIN).decode("latin-1"))
    assert known
    raw = [
        each.replace("{etag}", f'"{known[1]}"').replace("{gzip}", f'"{known[1]}-gzip"').encode("latin-1")
        for each in asked
    ]
    for each in raw:
        by_gunicorn(app, each)
    if write:
        WRITES[write](shared)
    for each in raw:
        before, answer, after = at_once(app, each), by_gunicorn(app, each), at_once(app, each)
        assert before is None or but_for_its_own(before) == but_for_its_own(answer)
        assert after is None or but_for_its_own(after) == but_for_its_own(answer)
        assert after is None or b"\r\nConnection: keep-alive\r\n" in answer


BROWSERS = (
    b"GET /feeds/news HTTP/1.1\r\nHost: news.example\r\nConnection: keep-alive\r\nCookie: session=abc\r\n"
    b"Upgrade-Insecure-Requests: 1\r\nUser-Agent: A browser; \xe9\r\nAccept: text/html,*/*;q=0.8\r\n"
    b"Sec-Fetch-Site: none\r\nAccept-Encoding: gzip, deflate, br, zstd\r\nAccept-Language: uk,en;q=0.5\r\n\r\n"
)


def test_what_a_page_is_asked_for_with_is_answered_at_once_when_it_is_cached(site: Site) -> None:
    furnish(site)
    tag = but_for_its_own(by_gunicorn(site.app, BROWSERS))
    assert tag
    found = re.search(rb"ETag: (\S+)", tag)
    assert found
    known = BROWSERS.replace(b"Cookie: session=abc", b"If-None-Match: " + found[1])
    for head in (BROWSERS, PLAIN, known, PLAIN.replace(b"GET", b"HEAD"), PLAIN.replace(b"news", b"n%65ws?fbclid=x")):
        by_gunicorn(site.app, head)
        answer = at_once(site.app, head)
        assert answer
        assert but_for_its_own(answer) == but_for_its_own(by_gunicorn(site.app, head))
        assert answer.startswith(b"HTTP/1.1 304 " if head == known else b"HTTP/1.1 200 ")
        assert answer.endswith(b"\r\n\r\n") == (head is known or head.startswith(b"HEAD"))
    site.publish("A change")
    assert [at_once(site.app, head) for head in (BROWSERS, PLAIN, known)] == [None] * 3


def test_what_is_asked_for_together_is_answered_in_order_and_counted(site: Site) -> None:
    catch_up = PLAIN.replace(b"news", b"news/changes?after=0&epoch=")
    heads_asked = [PLAIN, catch_up, PLAIN.replace(b"news", b"nothing"), PLAIN.replace(b"GET", b"HEAD"), catch_up]
    expected = [but_for_its_own(by_gunicorn(site.app, head)) for head in heads_asked]
    before = caught_up(site)
    ready = site.app.extensions[READY]
    asked = [ready.request(*(heads.read(head) or ())) for head in heads_asked]
    answers = ready.answers(asked, lambda *given: heads.write(Config(), *given))
    assert [but_for_its_own(answer) for answer in answers] == [*expected[:2], None, *expected[3:]]
    assert caught_up(site) == before + 2
    numbers = [re.search(rb"X-Request-ID: (\w{16})", answer or b"") for answer in (answers[0], answers[3])]
    assert numbers[0]
    assert numbers[1]
    assert numbers[0][1] != numbers[1][1]


def caught_up(site: Site) -> float:
    """How many catch-ups have been counted."""
    told = site.charlie.get("/metrics").text
    return sum(float(number) for number in re.findall(r"^liveline_catch_ups_total\S* (\S+)", told, re.M))


@pytest.mark.parametrize(
    "head",
    [
        b"",
        PLAIN[:-2],  # not all of it yet
        PLAIN[:-2] + b"Cookie: x",
        PLAIN + b"\r\n",
        PLAIN + PLAIN,
        b"\r\n" + PLAIN,
        PLAIN.replace(b"GET", b"POST"),
        PLAIN.replace(b"HTTP/1.1", b"HTTP/1.0"),
        PLAIN.replace(b"/feeds", b"//feeds"),
        PLAIN.replace(b"/feeds", b"http://x/feeds"),
        PLAIN.replace(b"news", b"news#top"),
        PLAIN.replace(b"news", b"n\xe9ws"),
        PLAIN.replace(b"/feeds/news", b"/socket.io/"),
        PLAIN.replace(b"/feeds/news", b"/%73ocket.io/?EIO=4"),
        PLAIN.replace(b"Host: x\r\n", b""),
        PLAIN.replace(b"Host: x", b"Host: x\r\nHost: x"),
        PLAIN.replace(b"Host: x", b"Host: x\r\nHOST: y"),
        PLAIN.replace(b"Host: x", b"Host: x\r\nAccept-Encoding: gzip\r\naccept-encoding: br"),
        PLAIN.replace(b"Host: x", b"Host: x\r\nConnection: close"),
        PLAIN.replace(b"Host: x", b"Host: x\r\nConnection: keep-alive\r\nConnection: close"),
        PLAIN.replace(b"Host: x", b"Host: x\r\nContent-Length: 0"),
        PLAIN.replace(b"Host: x", b"Host: x\r\ncontent-length: 5"),
        PLAIN.replace(b"Host: x", b"Host: x\r\nTransfer-Encoding: chunked"),
        PLAIN.replace(b"Host: x", b"Host: x\r\nExpect: 100-continue"),
        PLAIN.replace(b"Host: x", b"Host: x\r\nUpgrade: h2c"),
        PLAIN.replace(b"Host: x", b"Host: x\r\nContent-Length : 5"),
        PLAIN.replace(b"Host: x", b"Host: x\r\nContent_Length: 5"),
        PLAIN.replace(b"Host: x", b"Host: x\r\n folded"),
        PLAIN.replace(b"Host: x", b"Host: x\nCookie: y"),
        PLAIN.replace(b"Host: x", b"Host: x\r\nCookie: \x00"),
        PLAIN.replace(b"Host: x", b"Host: x\r\n" + b"A: 1\r\n" * heads.MOST_FIELDS),
    ],
)
def test_what_is_not_plain_is_left_to_gunicorn(head: bytes) -> None:
    assert heads.read(PLAIN)
    assert heads.read(head) is None
