"""A socket that an editor's session opened is closed with the session, in every worker, whoever ended it."""

from collections.abc import Callable, Iterator
from time import monotonic

import pytest
import requests
import websocket
from websocket import WebSocket

from feed import times
from feed.store import invitations, people, sessions
from feed.store.database import Store
from feed.store.sessions import COOKIE
from tests.server import PASSWORD, Server
from tests.waiting import eventually

SOCKETS = 12  # enough that each of two workers has some
OTHER_PASSWORD = "another horse battery"


@pytest.fixture
def store(two_workers: Server) -> Iterator[Store]:
    """Another process than the workers, as the command line is. Bob signs in anew in each test."""
    with two_workers.store() as opened:
        people.enable(opened, "bob", None)
        people.change_role(opened, "bob", "editor", None)
        people.set_password(opened, "bob", PASSWORD, None)
        yield opened


class Browser:
    """Bob's browser, signed in, with the page of a desk open in many tabs."""

    def __init__(self, server: Server) -> None:
        self._url, self._sent = server.url, server.at_desk()
        self.cookie = f"{COOKIE}={self._sent.cookies[COOKIE]}"
        self.sockets = [_follow(server, self.cookie) for _ in range(SOCKETS)]

    def post(self, path: str, **form: str) -> None:
        """Sends a form that must be taken."""
        address = f"{self._url}/desk/{path}"
        answer = self._sent.post(address, form, allow_redirects=False, timeout=9)
        assert answer.status_code == 303, answer.text

    def closed(self) -> int:
        """How many of the sockets the server has ended."""
        return sum(_closed(each) for each in self.sockets)

    def leave(self) -> None:
        """Closes what is open."""
        for each in self.sockets:
            each.shutdown()


@pytest.fixture
def bob(two_workers: Server, store: Store) -> Iterator[Browser]:
    """See Browser."""
    browser = Browser(two_workers)
    yield browser
    browser.leave()


def _follow(server: Server, cookie: str) -> WebSocket:
    address = f"ws://127.0.0.1:{server.port}/socket.io/?EIO=4&transport=websocket"
    bare = websocket.create_connection(address, timeout=9, origin=server.url, cookie=cookie)
    for sent, answered in ((None, "0"), ("40", "40"), ('420["follow",{"feed":"news"}]', "430")):
        if sent:
            bare.send(sent)
        while not str(bare.recv()).startswith(answered):
            pass  # the number of readers may come before
    return bare


def _closed(bare: WebSocket) -> bool:
    bare.settimeout(0.001)
    try:
        while bare.recv():
            pass
    except websocket.WebSocketTimeoutException:
        return False
    except (websocket.WebSocketConnectionClosedException, OSError):
        return True
    return True


def _expire(store: Store) -> None:
    soon = times.after(0.1)  # when nobody commits anything any more
    store.write(lambda db: db.execute("UPDATE sessions SET expires_at = ? WHERE editor_id = 2", [soon]))


def _end_in_list(store: Store) -> None:
    with store.read() as db:
        (session,) = [row["hash"] for row in db.execute("SELECT hash FROM sessions WHERE editor_id = 2")]
        editor = people.editors.by_id(db, 2)
    sessions.end(store, editor, session)


ENDS: dict[str, Callable[[Server, Store, Browser], object]] = {
    "signed out": lambda server, store, bob: bob.post("sign-out"),
    "signed in again, which ends the session presented": lambda server, store, bob: bob.post(
        "sign-in", name="bob", password=PASSWORD
    ),
    "disabled, as by a command": lambda server, store, bob: people.disable(store, "bob", None),
    "given a link for another password": lambda server, store, bob: invitations.reset_password(store, "bob", 1, None),
    "given another role": lambda server, store, bob: people.change_role(store, "bob", "contributor", None),
    "given another password": lambda server, store, bob: people.set_password(store, "bob", OTHER_PASSWORD, None),
    "ended in the list of sessions": lambda server, store, bob: _end_in_list(store),
    "over by time alone": lambda server, store, bob: _expire(store),
}


@pytest.mark.parametrize("end", ENDS.values(), ids=ENDS)
def test_the_sockets_of_a_session_end_with_it_at_every_worker(
    two_workers: Server, store: Store, bob: Browser, end: Callable[[Server, Store, Browser], object]
) -> None:
    assert bob.closed() == 0
    end(two_workers, store, bob)
    eventually(lambda: bob.closed() == SOCKETS)
    again = _follow(two_workers, bob.cookie)  # a reader's now, whatever cookie the browser has still
    assert not _closed(again)
    again.shutdown()


def test_other_sessions_and_readers_stay(two_workers: Server, store: Store, bob: Browser) -> None:
    other, reader = Browser(two_workers), _follow(two_workers, "theme=dark")
    other.post("password", current=PASSWORD, password=OTHER_PASSWORD)
    eventually(lambda: bob.closed() == SOCKETS)
    assert other.closed() == 0
    assert not _closed(reader)
    other.leave()
    reader.shutdown()


def test_who_is_disabled_at_the_desk_is_out_of_every_worker_within_a_second(two_workers: Server, bob: Browser) -> None:
    alice, sessions = two_workers.at_desk("alice"), [two_workers.at_desk() for _ in range(4)]
    publish, token = f"{two_workers.url}/api/v1/feeds/news/updates", f"Bearer {two_workers.token}"
    address = f"{two_workers.url}/desk/people/bob/disabled"
    assert alice.post(address, {"disabled": "1"}, allow_redirects=False, timeout=9).status_code == 303
    begun = monotonic()
    eventually(lambda: bob.closed() == SOCKETS)
    assert monotonic() - begun < 1
    for session in sessions:
        assert session.get(f"{two_workers.url}/desk/", allow_redirects=False, timeout=9).status_code == 303
        answer = requests.post(publish, json={"body": "x"}, headers={"Authorization": token}, timeout=9)
        assert answer.status_code == 401
