"""Editors are told who else is at the desk and what each is editing, at every worker; nobody else ever is."""

import json
import os
import signal
import uuid
from collections.abc import Iterator
from typing import Any

import pytest
import websocket

from feed import times
from feed.live.desk import MOST_HEARTBEATS
from feed.store import editors, people, reviewing, scheduled, scheduling
from feed.store.database import Store
from feed.store.sessions import COOKIE
from tests.server import PASSWORD, Server
from tests.submitting import submitted
from tests.waiting import eventually

NEWS = {"feed": "news"}


@pytest.fixture(scope="module")
def two_workers(two_workers: Server) -> Server:
    """With carl among the editors."""
    with two_workers.store() as store:
        editors.add(store, "carl", PASSWORD, "contributor", actor=None)
    return two_workers


@pytest.fixture
def store(two_workers: Server) -> Iterator[Store]:
    """Another process than the workers."""
    with two_workers.store() as opened:
        people.enable(opened, "bob", None)
        people.change_role(opened, "bob", "editor", None)
        yield opened


class Socket:
    """A page's socket; of nobody, if no editor's name is given."""

    def __init__(self, server: Server, name: str | None = None, cookie: str = "theme=dark") -> None:
        self.cookie = cookie if name is None else signed_in(server, name)
        address = f"ws://127.0.0.1:{server.port}/socket.io/?EIO=4&transport=websocket"
        self._bare = websocket.create_connection(address, timeout=9, origin=server.url, cookie=self.cookie)
        self.told: list[Any] = []
        self.events: list[str] = []
        self.packets: list[str] = []
        self.counts: list[Any] = []
        self._bare.recv()
        self._bare.send("40")
        while not str(self._bare.recv()).startswith("40"):
            pass

    def say(self, event: str, payload: object) -> Any:
        """Sends an event, and returns the answer."""
        self._bare.settimeout(9)
        self._bare.send(f"421{json.dumps([event, payload])}")
        while not (packet := str(self._bare.recv())).startswith("431"):
            self._take(packet)
        answer = json.loads(packet[3:])[0]
        if "editors" in answer:
            self.told.append(answer["editors"])
        if "changed" in answer:
            self.counts.append(answer)
        return answer

    def tidings(self) -> Any:
        """What this page was told last of submissions."""
        self.hear()
        return self.counts[-1]

    def others(self) -> dict[str, list[dict[str, Any]]]:
        """Who is at the desk, by name, as this page was told last."""
        self.hear()
        return {each["name"]: each["places"] for each in self.told[-1]} if self.told else {}

    def hear(self) -> None:
        """Takes what came meanwhile."""
        self._bare.settimeout(0.01)
        try:
            while packet := self._bare.recv():
                self._take(str(packet))
        except websocket.WebSocketTimeoutException:
            pass

    def closed(self) -> bool:
        """Whether the server has ended it."""
        try:
            self.hear()
        except (websocket.WebSocketConnectionClosedException, OSError):
            return True
        return not self._bare.connected

    def leave(self) -> None:
        """Closes it, as a closed tab does."""
        self._bare.close()

    def _take(self, packet: str) -> None:
        self.packets.append(packet)
        if packet.startswith("42"):
            name, payload = json.loads(packet[2:])
            if name == "review":
                self.counts.append(payload)
            self.events.append(name)
            if name == "desk":
                self.told.append(payload["editors"])
        elif packet == "2":
            self._bare.send("3")


def signed_in(server: Server, name: str) -> str:
    """The cookie of a new session of that editor."""
    return f"{COOKIE}={server.at_desk(name).cookies[COOKIE]}"


@pytest.fixture
def alice(two_workers: Server) -> Iterator[Socket]:
    """At the desk of the News Feed, alone."""
    page = Socket(two_workers, "alice")
    assert "editors" in page.say("present", NEWS)
    eventually(lambda: page.others() == {"Alice Adams": [NEWS]})
    yield page
    page.leave()


def test_editors_see_where_each_other_are_once_for_all_their_windows(
    two_workers: Server, store: Store, alice: Socket
) -> None:
    bob = Socket(two_workers, "bob")
    windows = [bob, *(Socket(two_workers, cookie=bob.cookie) for _ in range(5))]
    for window in windows:
        assert "editors" in window.say("present", NEWS)
    with store.read() as db:
        eventually(lambda: alice.others().get("Bob Brown") == [NEWS])
        workers = db.execute("SELECT count(DISTINCT worker) FROM editing").fetchone()[0]
    bob.say("present", {"feed": "news", "updates": [17, 18]})
    editing = [NEWS, {**NEWS, "update": 17}, {**NEWS, "update": 18}]
    eventually(lambda: alice.others().get("Bob Brown") == editing)
    bob.leave()
    eventually(lambda: alice.others().get("Bob Brown") == [NEWS])
    for window in windows[1:]:
        window.leave()
    eventually(lambda: alice.others() == {"Alice Adams": [NEWS]})
    assert workers <= 2


def test_readers_and_contributors_are_told_nothing(two_workers: Server, alice: Socket) -> None:
    reader, forged = Socket(two_workers), Socket(two_workers, cookie=f"{COOKIE}=made-up")
    carl = Socket(two_workers, "carl")
    for stranger in (reader, forged, carl):
        assert "feed" in stranger.say("follow", NEWS)
        assert set(stranger.say("present", NEWS)) == {"error"}
    alice.say("present", {"article": 5})
    eventually(lambda: alice.others() == {"Alice Adams": [{"article": 5}]})
    for stranger in (reader, forged, carl):
        assert set(stranger.say("present", NEWS)) == {"error"}
        assert "desk" not in stranger.events
        stranger.leave()


@pytest.mark.parametrize(
    "payload",
    [None, [], "news", {"feed": 5}, {"feed": "no slug!"}, {"feed": "x" * 300}, {"article": True}, {"article": -1},
     {"updates": 17}, {"updates": [17] * 9}, {"updates": ["17"]}, {"updates": [2**70]}, {"feed": "\ud800"}],
)  # fmt: skip
def test_what_is_no_heartbeat_is_refused_and_changes_nothing(alice: Socket, payload: object) -> None:
    assert set(alice.say("present", payload)) == {"error"}
    # The page of the test before may be leaving: between its end and this one's entry nobody is at the desk
    eventually(lambda: alice.others() == {"Alice Adams": [NEWS]})


def test_a_flood_of_heartbeats_is_answered_and_no_more(two_workers: Server, alice: Socket) -> None:
    bob = Socket(two_workers, "bob")
    answers = [bob.say("present", {"feed": "news", "updates": [n]}) for n in range(MOST_HEARTBEATS + 5)]
    assert ["editors" in each for each in answers] == [True] * MOST_HEARTBEATS + [False] * 5
    assert answers[-1] == {"error": "too often"}
    eventually(lambda: "Bob Brown" in alice.others())
    assert len(alice.told) < MOST_HEARTBEATS / 2, "what changes in a quarter of a second is told at once"
    bob.leave()
    eventually(lambda: "Bob Brown" not in alice.others())


def test_the_queue_is_counted_in_all_workers_and_an_author_is_told_what_was_returned(
    two_workers: Server, store: Store
) -> None:
    carl = Socket(two_workers, "carl")
    editors_pages = [Socket(two_workers, name) for name in ("alice", "bob", "alice", "bob")]
    for stranger in (Socket(two_workers), Socket(two_workers, cookie=f"{COOKIE}=made-up")):
        assert stranger.say("review", {}) == {"error": "sign in"}
        stranger.leave()
    before = editors_pages[0].say("review", {})
    for page in editors_pages[1:]:
        assert page.say("review", {}) == before
    nothing = {"waiting": None, "returned": 0, "changed": 0, "scheduled": "0.0.0.0"}
    assert carl.say("review", {}) == nothing
    with store.read() as db:
        author, bob = editors.by_name(db, "carl"), editors.by_name(db, "bob")
    sent = submitted(store, author, "A canaryword")
    for page in editors_pages:
        eventually(lambda page=page: page.tidings()["waiting"] == before["waiting"] + 1)  # type: ignore[misc]
    eventually(lambda: carl.tidings() == {**nothing, "changed": sent.changed})
    reviewing.return_(store, sent.id, 1, {"note": "Who says so?"}, bob)
    for page in editors_pages:
        eventually(lambda page=page: page.tidings()["waiting"] == before["waiting"])  # type: ignore[misc]
    eventually(lambda: carl.tidings()["returned"] == 1)
    submitted(store, bob, "Of no concern to carl")
    eventually(lambda: editors_pages[0].tidings()["waiting"] == before["waiting"] + 1)
    assert carl.tidings()["changed"] == sent.changed + 1
    marks = {editors_pages[0].tidings()["scheduled"]}
    one = scheduling.schedule(store, "news", bob, {"body": "Of canaryword"}, times.after(3600), str(uuid.uuid4()))
    for change in (
        lambda: scheduling.change(store, one.id, bob, {"body": "A canaryword"}, one.publish_at, 1),
        lambda: store.write(scheduled.fail, one.id, 2, scheduled.RESTORED),
        lambda: scheduling.cancel(store, one.id, bob, 3),
    ):
        for page in editors_pages:
            eventually(lambda page=page: page.tidings()["scheduled"] not in marks)  # type: ignore[misc]
        marks.add(editors_pages[0].tidings()["scheduled"])
        change()
    for page in editors_pages:
        eventually(lambda page=page: page.tidings()["scheduled"] == nothing["scheduled"])  # type: ignore[misc]
    assert carl.tidings()["scheduled"] == nothing["scheduled"]
    for page in (carl, *editors_pages):
        assert not [packet for packet in page.packets if "canaryword" in packet or "Who says so" in packet]
        page.leave()


def _expire(store: Store) -> None:
    store.write(lambda db: db.execute("UPDATE sessions SET expires_at = ? WHERE editor_id = 2", [times.after(0.1)]))


@pytest.mark.parametrize(
    ("end", "said"),
    [
        (_expire, "sign in"),
        (lambda store: people.disable(store, "bob", None), "sign in"),
        (lambda store: people.change_role(store, "bob", "contributor", None), "for editors only"),
    ],
    ids=["expired", "disabled", "demoted"],
)
def test_an_editor_who_may_not_be_there_any_more_is_gone_and_told_nothing(
    two_workers: Server, store: Store, alice: Socket, end: Any, said: str
) -> None:
    bob = Socket(two_workers, "bob")
    bob.say("present", NEWS)
    eventually(lambda: "Bob Brown" in alice.others())
    end(store)
    eventually(bob.closed)
    eventually(lambda: alice.others() == {"Alice Adams": [NEWS]})
    again = Socket(two_workers, cookie=bob.cookie)
    assert again.say("present", NEWS) == {"error": said}
    again.leave()


def test_the_editors_of_a_worker_that_was_killed_are_forgotten(
    two_workers: Server, store: Store, alice: Socket
) -> None:
    def worker_of(editor_id: int) -> int:
        with store.read() as db:
            rows = db.execute("SELECT worker FROM editing WHERE editor_id = ?", [editor_id]).fetchall()
        return int(rows[0]["worker"].split("-")[0]) if len(rows) == 1 else 0

    eventually(lambda: worker_of(1))

    windows = []
    while True:  # until bob is at another worker than alice
        windows.append(bob := Socket(two_workers, "bob"))
        bob.say("present", NEWS)
        eventually(lambda: worker_of(2))
        if worker_of(2) != worker_of(1):
            break
        bob.leave()
        eventually(lambda: not worker_of(2))
    eventually(lambda: "Bob Brown" in alice.others())
    killed = worker_of(2)
    os.kill(killed, signal.SIGKILL)
    eventually(bob.closed)
    # Time passes
    store.write(lambda db: db.execute("UPDATE editing SET at = ? WHERE editor_id = 2", [times.after(-60)]))
    eventually(lambda: alice.others() == {"Alice Adams": [NEWS]})
    eventually(lambda: len(set(two_workers.workers()) - {killed}) == 2)
