"""The path of an update to open pages: real servers, the official client, and clients that misbehave."""

import json
import secrets
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
import socketio
import websocket
from websocket import WebSocket

from feed.store import editors, publishing, writing
from feed.store.database import Store
from tests.reader import Reader, updates_in
from tests.server import Server, serving
from tests.waiting import eventually


@pytest.fixture(scope="module", params=["direct", "stock"])
def server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """What is promised here is promised of both drivers: one server of each for this file."""
    with serving(tmp_path_factory.mktemp("live"), FEED_TRANSPORT=str(request.param)) as running:
        yield running


@pytest.fixture
def story(server: Server) -> str:
    """The feed of a new article, for tests that compare versions or count readers."""
    slug = f"a-{secrets.token_hex(4)}"
    server.api("POST", "/api/v1/articles", {"slug": slug, "headline": "A story", "live": True})
    return slug


@pytest.fixture
def reader(server: Server) -> Iterator[Reader]:
    """Charlie, with the News Feed open."""
    charlie = Reader(server.url)
    eventually(lambda: charlie.following)
    yield charlie
    charlie.close()


def test_publish_edit_and_retract_reach_every_open_page_in_order(server: Server, story: str) -> None:
    readers = [Reader(server.url, story) for _ in range(6)]
    eventually(lambda: all(reader.following for reader in readers))
    first = server.publish("First", story)
    second = server.publish("Second", story, headline="A headline", pinned=True)
    server.api("PATCH", f"/api/v1/updates/{first['id']}", {"body": "First, corrected", "revision": 1})
    server.api("DELETE", f"/api/v1/updates/{second['id']}", {"reason": "wrong"})
    for each in readers:
        eventually(lambda each=each: each.page.version == 4)  # type: ignore[misc]
        assert each.sees("First, corrected")
        assert len(each.page.items) == 1
        # Exactly once, in order, without a hole: whatever was put together in one envelope.
        covered = [range(envelope["after"], envelope["version"]) for envelope in each.envelopes]
        assert [version for versions in covered for version in versions] == [0, 1, 2, 3]
        assert each.page.shown == list(updates_in(requests.get(f"{server.url}/feeds/{story}").text, story).values())
        each.close()


def test_readers_of_another_feed_get_nothing_of_it(server: Server, reader: Reader) -> None:
    server.api("POST", "/api/v1/articles", {"slug": "harbour", "headline": "The harbour", "live": True})
    live = Reader(server.url, "harbour")
    eventually(lambda: live.following)
    server.publish("In the harbour", feed="harbour")
    server.publish("In the news")
    eventually(lambda: live.sees("In the harbour") and reader.sees("In the news"))
    assert {envelope["feed"] for envelope in live.envelopes} == {"harbour"}
    assert {envelope["feed"] for envelope in reader.envelopes} == {"news"}
    assert live.client.call("unfollow", {"feed": "harbour"}) == {}
    server.publish("Nobody listens", feed="harbour")
    server.publish("Still in the news")
    eventually(lambda: reader.sees("Still in the news"))
    assert not live.sees("Nobody listens")
    live.close()


def test_a_write_of_another_process_reaches_the_readers_of_every_worker(tmp_path: Path) -> None:
    server = Server(tmp_path, WEB_CONCURRENCY="2")
    server.prepare()
    server.start()
    readers = [Reader(server.url) for _ in range(12)]
    eventually(lambda: all(reader.following for reader in readers))
    assert len(server.workers()) == 2
    server.publish("By one of the workers")
    store = Store(tmp_path / "feed.db")
    with store.read() as db:
        bob = editors.by_name(db, "bob")
    publishing.publish(store, "news", bob, {"body": "By the command line"})
    for reader in readers:
        eventually(lambda reader=reader: reader.sees("By the command line", "By one of the workers"))  # type: ignore[misc]
        reader.close()
    server.stop()
    store.close()


def test_a_draft_has_no_socket_either_and_leaves_open_pages_when_it_becomes_one(server: Server) -> None:
    server.api("POST", "/api/v1/articles", {"slug": "secret", "headline": "A secret", "live": True, "draft": True})
    assert follow(server, {"feed": "secret"}) == follow(server, {"feed": "nosuch"}) == {"error": "no such feed"}
    server.api("PATCH", "/api/v1/articles/secret", {"draft": False})
    open_page = Reader(server.url, "secret")
    eventually(lambda: open_page.following)
    with server.store() as store:
        with store.read() as db:
            bob = editors.by_name(db, "bob")
        writing.edit(store, "secret", bob, {"draft": True})
        eventually(lambda: open_page.page.reloads == 1)
        publishing.publish(store, "secret", bob, {"body": "Nobody may see this"})
        server.publish("A later sign of life")
        other = Reader(server.url)
        eventually(lambda: other.sees("A later sign of life"))
        assert "Nobody may see this" not in json.dumps(open_page.envelopes)
        assert requests.get(f"{server.url}/feeds/secret/changes?after=0&epoch=x").status_code == 404
        open_page.close()
        other.close()


JUNK = [
    None,
    [],
    {},
    "news",
    7,
    {"feed": 7},
    {"feed": None},
    {"feed": ["news"]},
    {"feed": "no\u0000such"},
    {"x": "news"},
]


def test_junk_in_follow_gets_an_error_and_the_socket_lives_on(server: Server) -> None:
    with socketio.SimpleClient() as client:
        client.connect(server.url, transports=["websocket"])
        for payload in JUNK:
            assert set(client.call("follow", payload, timeout=5)) == {"error"}
            assert client.call("unfollow", payload, timeout=5).keys() <= {"error"}
        assert client.call("follow", {"feed": "news"}, timeout=5)["feed"] == "news"
    assert "Traceback" not in server.log.read_text()


BROKEN = [
    "42", "42[", '42["follow"', "42{}", "42[]", "42[7]", '42["nosuch",1]', '421["follow"]', "43[]", "439[1]", "4",
    "9", "x", "", '42/admin,["follow",{}]', '451-["follow",{"_placeholder":true,"num":0}]', "41", "3", "6", "1",
    "42" + "[" * 5000, "42[" + "9" * 6000 + "]",
]  # fmt: skip


def test_a_broken_packet_harms_nobody(server: Server, reader: Reader) -> None:
    for number, packet in enumerate(BROKEN):
        vandal = connect(server)
        vandal.send(packet)
        vandal.send_binary(b"\x00\xff\xfe")
        server.publish(f"Still here {number}")
        eventually(lambda number=number: reader.sees(f"Still here {number}"))  # type: ignore[misc]
        vandal.close()
    assert "Traceback" not in server.log.read_text()


def test_a_message_over_the_limit_ends_the_socket_and_no_other(server: Server, reader: Reader) -> None:
    vandal = connect(server)
    vandal.send('42["follow",{"feed":"' + "x" * 20_000 + '"}]')
    eventually(lambda: closed(vandal))
    vandal.close()
    server.publish("Still here")
    eventually(lambda: reader.sees("Still here"))


def test_a_page_of_another_site_cannot_open_the_socket(server: Server) -> None:
    for origin in ("http://evil.example", "null", f"http://127.0.0.1:{server.port}.evil.example"):
        with pytest.raises(websocket.WebSocketBadStatusException):
            connect(server, origin)
    connect(server, server.url).close()
    connect(server, f"http://localhost:{server.port}").close()


def test_a_socket_follows_a_handful_of_feeds_at_most(server: Server) -> None:
    for number in range(9):
        server.api("POST", "/api/v1/articles", {"slug": f"story-{number}", "headline": "A story", "live": True})
    with socketio.SimpleClient() as client:
        client.connect(server.url, transports=["websocket"])
        answers = [client.call("follow", {"feed": f"story-{number}"}, timeout=5) for number in range(9)]
        assert [sorted(answer) for answer in answers[:8]] == [["epoch", "feed", "readers", "version"]] * 8
        assert answers[8] == {"error": "at most 8 feeds"}
        client.call("unfollow", {"feed": "story-0"}, timeout=5)
        assert client.call("follow", {"feed": "story-8"}, timeout=5)["feed"] == "story-8"


def test_what_a_client_missed_comes_with_the_answer_if_it_says_where_it_is(server: Server, story: str) -> None:
    begun = follow(server, {"feed": story})
    server.publish("Missed", story)
    own = {"epoch": begun["epoch"], "version": begun["version"]}
    answer = follow(server, {"feed": story, **own})
    asked = f"{server.url}/feeds/{story}/changes?after={own['version']}&epoch={own['epoch']}"
    assert answer == {**begun, "version": 1, "missed": requests.get(asked, timeout=5).json()}
    assert follow(server, {"feed": story}) == {**begun, "version": 1}
    for other in ({"epoch": "other", "version": 0}, {**own, "version": 1}, {**own, "version": "0"}):
        assert "missed" not in follow(server, {"feed": story, **other})


def test_readers_are_counted_and_told_how_many_they_are(server: Server, story: str) -> None:
    reader, other = Reader(server.url, story), Reader(server.url, story)
    eventually(lambda: 2 in reader.readers)
    other.close()
    eventually(lambda: reader.readers and reader.readers[-1] == 1)
    reader.close()


def test_an_editor_at_the_desk_is_told_how_many_read_and_is_not_among_them(server: Server, story: str) -> None:
    reader = Reader(server.url, story)
    signed_in = server.at_desk()
    cookies = ["liveline={}", "theme=dark; __Host-liveline={}", "liveline=x; __Host-liveline={}"]
    editors = [Reader(server.url, story, Cookie=cookie.format(signed_in.cookies["liveline"])) for cookie in cookies]
    other = Reader(server.url, story, Cookie="theme=dark; liveline=unknown")
    eventually(lambda: all(2 in each.readers for each in (reader, *editors)))
    for event in ("unfollow", "follow"):
        editors[0].client.emit(event, {"feed": story})
    for each in (*editors, other):
        each.close()
    eventually(lambda: reader.readers[-1] == 1)
    assert max(reader.readers) == 2
    reader.close()


def test_a_full_server_refuses_sockets_and_still_serves_pages(tmp_path: Path) -> None:
    server = Server(tmp_path, FEED_MAX_READERS="3", FEED_MAX_READERS_PER_ADDRESS="2")
    server.prepare()
    server.start()
    inside = [Reader(server.url) for _ in range(2)]
    with socketio.SimpleClient() as client, pytest.raises(socketio.exceptions.ConnectionError):
        client.connect(server.url, transports=["websocket"])
    assert requests.get(f"{server.url}/feeds/news", timeout=5).ok
    inside[0].close()
    eventually(lambda: connected(server))
    inside[1].close()
    server.stop()


def follow(server: Server, payload: Any) -> Any:
    """What the server answers to `follow`."""
    with socketio.SimpleClient() as client:
        client.connect(server.url, transports=["websocket"])
        return client.call("follow", payload, timeout=5)


def connected(server: Server) -> bool:
    """Whether another reader is let in."""
    try:
        return "error" not in follow(server, {"feed": "news"})
    except socketio.exceptions.ConnectionError:
        return False


def test_letters_are_sent_as_they_are(server: Server, story: str) -> None:
    bare = connect(server)
    bare.send(f'420["follow",{{"feed":"{story}"}}]')
    server.publish("Порт відкрито 🚢", story)
    while "updated" not in (pushed := str(bare.recv())):
        pass
    bare.close()
    assert "Порт відкрито 🚢" in pushed


def connect(server: Server, origin: str | None = None) -> WebSocket:
    """A bare WebSocket that has joined the namespace."""
    address = f"ws://127.0.0.1:{server.port}/socket.io/?EIO=4&transport=websocket"
    raw = socket.create_connection(("127.0.0.1", server.port), timeout=5)
    try:
        bare = websocket.create_connection(address, timeout=5, origin=origin, socket=raw)
    except websocket.WebSocketException:
        raw.close()
        raise
    assert bare.recv().startswith("0")
    bare.send("40")
    while (answer := str(bare.recv())) == "2":  # all sockets are pinged at once, so also one that has just come
        bare.send("3")
    assert answer.startswith("40")
    return bare


def closed(bare: WebSocket) -> bool:
    """Whether the server has ended that socket."""
    try:
        return bare.recv() == ""
    except (websocket.WebSocketConnectionClosedException, OSError):
        return True
