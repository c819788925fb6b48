"""Connections that wait for their next request: what is answered at once, what gunicorn gets, and deadlines."""

import re
import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from types import SimpleNamespace
from typing import Any

import gevent
import pytest
from gevent import socket as gevent_socket
from gunicorn.config import Config
from gunicorn.glogging import Logger
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from feed.live.admission import READY
from feed.live.direct import pages as direct_pages
from feed.live.direct import visitors
from feed.live.direct.pages import Pages, of_worker
from feed.live.direct.visitors import Visitor, Visitors
from feed.store import publishing, retracting, tokens
from tests.conftest import Site
from tests.server import Server, serving
from tests.test_heads import PLAIN, but_for_its_own, by_gunicorn

SIGN_IN = b"GET /desk/sign-in HTTP/1.1\r\nHost: x\r\n\r\n"
FORM = b"POST /desk/sign-in HTTP/1.1\r\nHost: x\r\nSec-Fetch-Site: same-origin\r\n"
FORM += b"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 7\r\n\r\nname=bo"
TAKEN = 16_384  # bytes for which the kernel has room
LONG_WAY = b"Host: x\r\nX_Long: way\r\n"  # gunicorn drops such a field, and heads.py leaves it to gunicorn


class Kept:
    """A connection to the pages of a site in this process, with its other side, on a greenlet as in the worker."""

    def __init__(self, pages: Pages, everybody: Visitors) -> None:
        listening = gevent_socket.socket()
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        self.client = gevent_socket.create_connection(listening.getsockname(), timeout=10)
        ours, address = listening.accept()
        ours.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # as gunicorn's
        listening.close()
        visitor = everybody.enter(ours, address)
        assert visitor
        self.visitor: Visitor = visitor
        self.greenlet = gevent.spawn(pages.serve, visitor)

    def ask(self, head: bytes) -> bytes:
        """The answer to a request that is answered at once."""
        self.client.sendall(head)
        return whole_answer(self.client, body=not head.startswith(b"HEAD"))

    def left(self) -> bytes | None:
        """What gunicorn is to read; None where the connection has ended."""
        return self.visitor.recv(8192) if self.greenlet.get(timeout=10) else None

    def close(self) -> None:
        """Ends both sides."""
        self.greenlet.kill()
        self.client.close()
        self.visitor.sock.close()


def whole_answer(client: Any, *, body: bool = True) -> bytes:
    """The next answer on that connection."""
    answer = b""
    while b"\r\n\r\n" not in answer:
        piece = client.recv(65536)
        assert piece, answer
        answer += piece
    length = re.search(rb"\r\nContent-Length: (\d+)", answer)
    whole = answer.index(b"\r\n\r\n") + 4 + (int(length[1]) if length and body else 0)
    while len(answer) < whole:
        answer += client.recv(65536)
    assert len(answer) == whole
    return answer


def worker_with(**settings: Any) -> Any:
    """What pages.py uses of gunicorn's worker."""
    config = Config()
    for name, value in ({"secure_scheme_headers": {}} | settings).items():
        config.set(name, value)
    return SimpleNamespace(cfg=config, alive=True, nr=0, max_requests=1_000, log=Logger(config))


@pytest.fixture
def worker() -> Any:
    """A worker whose connections are kept for a short time."""
    made = worker_with()
    made.cfg.settings["keepalive"].value = 0.5
    return made


@pytest.fixture
def counted() -> list[str]:
    """The reasons for which a connection was closed."""
    return []


@pytest.fixture
def everybody(counted: list[str], monkeypatch: pytest.MonkeyPatch) -> Visitors:
    """The visitors of a worker, at most three of an address, with a short patience."""
    monkeypatch.setattr(visitors, "STUCK_SECONDS", 0.3)
    return Visitors(100, 3, lambda: 0, counted.append)


@pytest.fixture
def pages(site: Site, worker: Any) -> Pages:
    """What answers for a site whose News Feed is in the cache."""
    by_gunicorn(site.app, PLAIN)
    made = of_worker(worker, site.app.extensions[READY])
    assert made
    return made


@pytest.fixture
def connect(pages: Pages, everybody: Visitors) -> Iterator[Callable[[], Kept]]:
    """Opens a connection, which is closed after the test."""
    with ExitStack() as stack:

        def made() -> Kept:
            opened = Kept(pages, everybody)
            stack.callback(opened.close)
            return opened

        yield made


@pytest.fixture
def kept(connect: Callable[[], Kept]) -> Kept:
    """A connection."""
    return connect()


def test_a_kept_connection_is_answered_until_something_is_for_gunicorn(site: Site, kept: Kept, worker: Any) -> None:
    expected = but_for_its_own(by_gunicorn(site.app, PLAIN))
    for number in range(1, 6):
        assert but_for_its_own(kept.ask(PLAIN)) == expected
        assert worker.nr == number
    assert kept.ask(PLAIN.replace(b"GET", b"HEAD")).endswith(b"\r\n\r\n")
    kept.client.sendall(SIGN_IN)
    assert kept.left() == SIGN_IN


def test_a_crowd_is_answered_a_few_at_a_time(
    connect: Callable[[], Kept], everybody: Visitors, worker: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(direct_pages, "MOST_AT_ONCE", 2)
    everybody._most_each = None
    crowd = [connect() for _ in range(7)]
    for each in crowd:
        each.client.sendall(PLAIN)
    answers = {but_for_its_own(whole_answer(each.client)) for each in crowd}
    assert (len(answers), worker.nr) == (1, 7)


@pytest.mark.parametrize("said", [PLAIN + PLAIN, PLAIN[:20], b"\0", SIGN_IN + PLAIN, FORM, PLAIN + b"x" * 5_000])
def test_gunicorn_reads_what_came_and_all_of_it(kept: Kept, said: bytes) -> None:
    assert kept.ask(PLAIN)
    kept.client.sendall(said)
    read = kept.left() or b""
    while len(read) < len(said):
        read += kept.visitor.recv(7)
    assert read == said


def test_a_page_that_is_no_longer_current_is_for_gunicorn(site: Site, kept: Kept) -> None:
    assert kept.ask(PLAIN)
    site.publish("A change")
    kept.client.sendall(PLAIN)
    assert kept.left() == PLAIN


def test_a_worker_that_ends_or_has_served_enough_leaves_its_last_words_to_gunicorn(
    connect: Callable[[], Kept], worker: Any
) -> None:
    connections = [connect(), connect()]
    for each in connections:
        assert each.ask(PLAIN)
    for each, change in zip(connections, ({"max_requests": 3}, {"alive": False, "max_requests": 1_000}), strict=True):
        vars(worker).update(change)
        each.client.sendall(PLAIN)
        assert each.left() == PLAIN


def test_an_idle_connection_is_closed_in_time_which_each_answer_begins_anew(kept: Kept, worker: Any) -> None:
    assert kept.ask(PLAIN)
    waiting = kept.visitor.parked
    waiting._since -= worker.cfg.keepalive
    assert kept.ask(PLAIN)
    waiting._late()  # the timer that began before
    assert kept.ask(PLAIN)
    assert kept.left() is None, "and then nothing comes"


def test_a_request_that_came_in_time_is_answered_when_the_loop_stood_still(kept: Kept, worker: Any) -> None:
    assert kept.ask(PLAIN)
    kept.visitor.parked._since -= worker.cfg.keepalive
    kept.client.sendall(PLAIN)
    kept.visitor.parked._late()
    assert whole_answer(kept.client)
    assert kept.ask(PLAIN)


def test_who_leaves_is_let_go(kept: Kept) -> None:
    assert kept.ask(PLAIN)
    kept.client.close()
    assert kept.left() is None


def test_a_connection_that_we_have_closed_meanwhile_has_ended(pages: Pages, kept: Kept) -> None:
    kept.client.sendall(SIGN_IN)
    assert kept.left() == SIGN_IN
    kept.visitor.hang_up()  # as for another client, while gunicorn answers
    assert not pages.serve(kept.visitor)


def test_an_idle_connection_gives_way(connect: Callable[[], Kept], counted: list[str]) -> None:
    connections = [connect() for _ in range(3)]
    for each in connections[::-1]:
        assert each.ask(PLAIN)
    newest = connect()
    assert counted == ["gave way"]
    assert connections[2].left() is None, "it has waited longest"
    for each in (*connections[:2], newest):
        assert each.ask(PLAIN)


def test_who_does_not_read_gives_way_too(site: Site, kept: Kept) -> None:
    read_little(site, kept)
    kept.client.sendall(PLAIN)
    with gevent.Timeout(5):
        while kept.visitor.parked or not kept.visitor.waiting:
            gevent.sleep(0)
    kept.visitor.hang_up()
    assert kept.left() is None


def read_little(site: Site, kept: Kept) -> bytes:
    """Lets the News Feed be longer than what the kernel takes for a client that reads nothing; returns the answer."""
    for _ in range(25):
        site.publish("so on and on " * 700)
    answer = by_gunicorn(site.app, PLAIN)
    assert len(answer) > 3 * TAKEN
    kept.client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    kept.visitor.sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, TAKEN)
    gevent.get_hub().loop.update_now()  # as if it had not stood still meanwhile
    return answer


def test_who_does_not_read_stops_nobody_and_is_given_up(
    site: Site, connect: Callable[[], Kept], counted: list[str]
) -> None:
    stuck, other = connect(), connect()
    answer = read_little(site, stuck)
    stuck.client.sendall(PLAIN)
    for _ in range(3):
        assert but_for_its_own(other.ask(PLAIN)) == but_for_its_own(answer)
    assert stuck.left() is None
    assert counted == ["slow"], stuck.greenlet
    slow = connect()
    slow.visitor.sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, TAKEN)
    assert but_for_its_own(slow.ask(PLAIN)) == but_for_its_own(answer), "in pieces"
    assert but_for_its_own(slow.ask(PLAIN)) == but_for_its_own(answer)


@pytest.mark.parametrize(
    "setting",
    [
        {"accesslog": "-"}, {"keepalive": 0}, {"proxy_protocol": "v1"}, {"limit_request_line": 100},
        {"limit_request_fields": 10}, {"pre_request": lambda worker, request: None}, {"certfile": __file__},
        {"secure_scheme_headers": {"X-FORWARDED-PROTO": "https"}}, {"http2_cleartext": "upgrade"},
    ],
    ids=lambda setting: next(iter(setting)),
)  # fmt: skip
def test_gunicorn_answers_everything_where_it_is_set_up_in_another_way(site: Site, setting: dict[str, Any]) -> None:
    ready = site.app.extensions[READY]
    assert of_worker(worker_with(), ready)
    assert of_worker(worker_with(), None) is None
    assert of_worker(worker_with(**setting), ready) is None


@pytest.fixture(scope="module")
def shared_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server, which the tests write to. Its log has each request that gunicorn reads."""
    with serving(tmp_path_factory.mktemp("kept-alive"), GUNICORN_CMD_ARGS="--log-level debug") as running:
        yield running


ASKED = (
    b"GET /feeds/news HTTP/1.1\r\n%s\r\n", b"HEAD /feeds/news HTTP/1.1\r\n%s\r\n",
    b"GET /feeds/news HTTP/1.1\r\n%sAccept-Encoding: gzip\r\n\r\n", b"GET /healthz HTTP/1.1\r\n%s\r\n",
    b"GET /feeds/news HTTP/1.1\r\n%sIf-None-Match: *\r\n\r\n", b"GET /nothing HTTP/1.1\r\n%s\r\n",
    b"POST /nothing HTTP/1.1\r\n%sContent-Length: 3\r\n\r\nabc", b"OPTIONS /feeds/news HTTP/1.1\r\n%s\r\n",
)  # fmt: skip


@given(asked=st.lists(st.sampled_from((*ASKED, None)), min_size=3, max_size=12))
@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
def test_a_connection_gets_the_same_answers_as_one_that_only_gunicorn_reads(
    shared_server: Server, asked: list[bytes | None]
) -> None:
    at = ("127.0.0.1", shared_server.port)
    with socket.create_connection(at, timeout=10) as one, socket.create_connection(at, timeout=10) as other:
        for each in asked:
            if each is None:
                shared_server.publish("In between")
                continue
            one.sendall(each % b"Host: x\r\n")
            other.sendall(each % LONG_WAY)
            answers = [whole_answer(client, body=not each.startswith(b"HEAD")) for client in (one, other)]
            assert but_for_its_own(answers[0]) == but_for_its_own(answers[1])


def test_gunicorn_reads_only_what_the_cache_does_not_hold(shared_server: Server) -> None:
    shared_server.publish("Something new")
    before = len(shared_server.log.read_text())
    with socket.create_connection(("127.0.0.1", shared_server.port), timeout=10) as client:
        for path in (b"/feeds/news", b"/healthz", b"/feeds/news", b"/feeds/news?utm_source=x", b"/nothing"):
            client.sendall(PLAIN.replace(b"/feeds/news", path))
            assert whole_answer(client)
    with socket.create_connection(("127.0.0.1", shared_server.port), timeout=10) as client:
        client.sendall(PLAIN)
        assert whole_answer(client)
    read = re.findall(r"\[DEBUG\] (GET \S+)", shared_server.log.read_text()[before:])
    assert read == ["GET /feeds/news", "GET /healthz", "GET /nothing"]


def test_what_another_process_has_retracted_is_in_no_later_answer(shared_server: Server) -> None:
    with shared_server.store() as store:
        with store.read() as db:
            bob = tokens.editor_of(db, shared_server.token)
        with socket.create_connection(("127.0.0.1", shared_server.port), timeout=10) as client:
            for number in range(20):
                words = f"words that were number {number}"
                update = publishing.publish(store, "news", bob, {"body": words})
                shown = []
                for _ in range(3):
                    client.sendall(PLAIN)
                    shown.append(words.encode() in whole_answer(client))
                    if len(shown) == 2:
                        retracting.retract(store, update.id, {}, None)
                assert shown == [True, True, False]
