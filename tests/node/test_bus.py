"""A reader node in this process, with a real broker: its readers miss nothing, see nothing twice and nothing after its
retraction, whatever happens to the broker, and a page that has caught up is as the writer's."""

import json
import logging
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from feed.errors import Missing
from feed.followers.broker import followed, node, reading, sources
from feed.followers.broker.connection import connect
from feed.followers.broker.seal import Seal
from feed.followers.broker.streams import FEEDS, WRITER, Place, Streams, Write, change_id, end_id, stream
from feed.followers.bus import Away, Envelope, Position
from feed.store import coverage, feeds, writing
from tests.broker import SECRET, Broker
from tests.conftest import Site, site_in
from tests.node.local import LocalNode, Served, local_node
from tests.waiting import eventually


def exists(local: LocalNode, slug: str) -> bool:
    """Whether the node knows that feed."""
    with suppress(Missing):
        return bool(local.bus.position(slug))
    return False


def edit(site: Site, **given: object) -> None:
    writing.edit(site.services.store, "harbour", site.bob, given, None)


def test_each_change_reaches_readers_of_a_node_once_and_in_order(site: Site, local: LocalNode) -> None:
    site.write_article("harbour", live=True)
    eventually(lambda: exists(local, "harbour"))
    news, harbour = local.open(), local.open("harbour")
    first = site.publish("One", "harbour", headline="The *first*", key=True)
    second = site.publish("Two", "harbour", pinned=True)
    site.publish("For all")
    site.edit(first, body="One, and more")
    local.all_current()
    site.retract(second, "It was wrong.", notice=True)
    site.retract(first)
    coverage.close(site.services.store, "harbour", site.bob)
    local.all_current()
    for page in (news, harbour):
        assert page.reloads == 0
        covered = [(each["after"], each["version"]) for each in page.envelopes]
        assert [after for after, _ in covered[1:]] == [version for _, version in covered[:-1]], "twice, or left out"
    assert local.bus.sources.used == sources.BROKER


@pytest.mark.parametrize("change", ["draft", "address", "language", "epoch"])
def test_what_cannot_be_sent_makes_readers_reload(site: Site, local: LocalNode, change: str) -> None:
    site.write_article("harbour", live=True)
    site.publish("One", "harbour")
    eventually(lambda: exists(local, "harbour"))
    page = local.open("harbour")
    if change == "draft":
        edit(site, draft=True)
        eventually(lambda: local.ended == ["harbour"])
        local.all_current()
        assert page.gone
        with pytest.raises(Missing):
            local.bus.position("harbour")
        assert local.get("/feeds/harbour/changes?after=0").status_code == 404
        edit(site, draft=False)
        eventually(lambda: exists(local, "harbour"))
        return
    if change == "address":
        edit(site, slug="quay")
        eventually(lambda: local.ended == ["harbour"])
        eventually(lambda: local.bus.address("harbour") == "quay")
        moved = local.get("/feeds/harbour/changes?after=3&epoch=x")
        assert (moved.status_code, moved.location) == (301, "/feeds/quay/changes?after=3&epoch=x")
    elif change == "language":
        edit(site, language="uk")
    else:
        with site.services.store.read() as db:
            feed_id = feeds.get(db, "harbour").id
        site.services.store.write(feeds.begin_epoch, feed_id)
    local.all_current()
    assert page.reloads > 0
    site.publish("Two", page.feed)
    local.all_current()
    assert "Two" in page.shown[0]


def stopped(broker: Broker) -> Callable[[], None]:
    broker.stop()
    return broker.start


def paused(broker: Broker) -> Callable[[], None]:
    broker.freeze()
    return broker.thaw


def full(broker: Broker) -> Callable[[], None]:
    broker.client.config_set("maxmemory-policy", "noeviction")
    broker.client.config_set("maxmemory", "1")
    return lambda: broker.client.config_set("maxmemory", "0")  # type: ignore[return-value]


def without_relay(broker: Broker) -> Callable[[], None]:
    """A worker of the same database had the lease, and hangs."""
    database, *_ = str(broker.client.get(WRITER), "ascii").split()
    broker.client.flushall()
    broker.client.set(WRITER, f"{database} hung")
    return lambda: broker.client.flushall()  # type: ignore[return-value]


@pytest.mark.parametrize("trouble", [stopped, paused, full, without_relay])
def test_readers_stay_live_without_the_broker_and_after_it(
    site: Site, local: LocalNode, broker: Broker, served: Served,
    trouble: Callable[[Broker], Callable[[], None]], monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setattr("feed.followers.broker.streams.LEASE_MILLISECONDS", 600)
    monkeypatch.setattr("feed.followers.broker.connection.ANSWER_SECONDS", 0.3)
    monkeypatch.setattr(sources, "AWAY_SECONDS", 0.6)
    monkeypatch.setattr("feed.followers.broker.fallback.ROUND_SECONDS", 0.1)
    page = local.open()
    kept = site.publish("Before")
    wrong = site.publish("Wrong")
    local.all_current()
    end = trouble(broker)
    try:
        site.publish("Meanwhile")
        site.retract(wrong)
        eventually(lambda: page.version == 4)
        # A node that was held up asks the writer early, and may see the last sign of life in the broker after that.
        eventually(lambda: local.bus.sources.used == sources.WRITER)
        late = local.open()  # the writer tells where the feed is
        assert local.get(f"/feeds/news/changes?after=1&epoch={page.epoch}").status_code == 503
        assert local.parts.bus.sources.ready
    finally:
        end()
    site.edit(kept, body="Before, and more")
    eventually(lambda: local.bus.sources.used == sources.BROKER)
    asked = len(served.asked)
    site.publish("After")
    local.all_current()
    assert len(served.asked) == asked, "the writer is asked no longer"
    assert page.reloads == late.reloads == 0


def test_what_was_missed_comes_from_the_stream_as_far_as_it_goes_back(
    site: Site, local: LocalNode, broker: Broker
) -> None:
    page = local.open()
    begun = local.bus.position("news")
    for number in range(4):
        site.publish(f"Number {number}")
        local.all_current()  # one by one: the relay may put several into one entry
    now = local.bus.position("news")
    missed = local.bus.missed("news", begun, now)
    assert missed
    assert json.loads(missed) == local.get(f"/feeds/news/changes?after=0&epoch={page.epoch}").get_json()
    broker.client.xtrim(stream("news", page.epoch), maxlen=2, approximate=False)
    site.publish("The last")
    local.all_current()
    now = local.bus.position("news")
    assert local.bus.missed("news", begun, now) is None
    assert local.bus.missed("news", Position(now.epoch, now.version - 1), now)


@pytest.mark.parametrize("loss", ["emptied", "trimmed", "a stranger's entry"])
def test_what_the_broker_lost_is_fetched(site: Site, local: LocalNode, broker: Broker, loss: str) -> None:
    page = local.open()
    site.publish("Before")
    local.all_current()
    key = stream("news", page.epoch)
    if loss == "emptied":
        broker.client.flushall()
        eventually(lambda: broker.client.exists(FEEDS))
    elif loss == "a stranger's entry":
        broker.client.xadd(key, {"e": b"{}"}, id="900-0")  # so that none of ours can follow
    else:
        with local.bus.feeds._lock:  # this node stands still
            for number in range(5):
                site.publish(f"Lost {number}")  # one by one: the relay may put several into one entry
                eventually(lambda number=number: broker.client.xlen(key) == number + 2)  # type: ignore[misc]
            broker.client.xtrim(key, maxlen=1, approximate=False)
    site.publish("After")
    local.all_current()
    assert page.version >= 2


def test_nobody_elses_words_reach_a_page(
    site: Site, local: LocalNode, broker: Broker, caplog: pytest.LogCaptureFixture
) -> None:
    page = local.open()
    site.publish("Before")
    local.all_current()
    key = stream("news", page.epoch)
    ((_, genuine),) = broker.client.xrange(key)
    evil = Seal(b"another key").close(f"{key} 2-0", {"epoch": page.epoch, "version": 2, "changes": []})
    for number, content in enumerate((b"", evil, genuine[b"e"]), start=2):
        broker.client.xadd(key, {"e": content}, id=f"1-{number}")
    eventually(lambda: local.bus.forged == 3)
    site.publish("After")
    local.all_current()
    assert (local.bus.forged, page.version, page.reloads) == (3, 2, 0)
    broker.client.hset(FEEDS, "news", b"f" * 64 + b'{"version": 99}')
    local.bus.reading.look(["news"])
    assert (local.ended, page.reloads) == ([], 0), "a place that is not ours says nothing"


class Hand:
    """Writes into the broker by hand, as the relay does."""

    def __init__(self, broker: Broker) -> None:
        self.streams = Streams(connect(broker.url), Seal(SECRET.encode()))
        self.client = broker.client
        assert self.streams.take("me") == "me"

    def put(self, version: int, epoch: str = "a", slug: str = "news", *, ended: bool = False) -> None:
        self.client.set(WRITER, "me")
        number = end_id(version) if ended else change_id(version)
        envelope = envelope_of(version, epoch)
        self.streams.write("me", [Write(slug, Place(1, slug, epoch, version), epoch, number, envelope)])

    def place(self, version: int, epoch: str = "a", *, feed: str = "news", draft: bool = False) -> None:
        """Only says where the feed is."""
        self.client.set(WRITER, "me")
        self.streams.write("me", [Write("news", Place(1, feed, epoch, version, draft))])


def envelope_of(version: int, epoch: str = "a") -> Envelope:
    change = {"id": f"update-{version}", "version": version, "html": "<li>"}
    return {"feed": "news", "epoch": epoch, "after": version - 1, "version": version, "changes": [change]}


@pytest.fixture
def alone(tmp_path: Path, broker: Broker) -> Iterator[LocalNode]:
    """A node whose writer is this test."""
    with site_in(tmp_path) as nobody, local_node(nobody, broker, "http://127.0.0.1:9", begin=False) as running:
        yield running


def test_a_feed_that_is_new_to_a_waiting_node_is_read_at_once(
    broker: Broker, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    monkeypatch.setattr(reading, "BLOCK_SECONDS", 30)
    monkeypatch.setattr(reading, "LOOK_SECONDS", 30)
    alone: LocalNode = request.getfixturevalue("alone")
    hand = Hand(broker)
    hand.put(1)
    hand.streams.say_complete("me")
    alone.bus.begin()
    eventually(lambda: "xread" in str(broker.client.client_list()))
    assert alone.bus.position("news") == ("a", 1)
    hand.put(2)
    eventually(lambda: alone.pushed == [envelope_of(2)])


def test_a_node_never_tells_a_page_that_it_is_behind_what_it_shows(
    alone: LocalNode, broker: Broker, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A page comes from the writer, which may be ahead of the broker by a moment."""
    hand = Hand(broker)
    hand.put(41)
    with pytest.raises(Away):
        alone.bus.position("other")  # nobody has said yet that all feeds are there
    hand.streams.say_complete("me")
    position = alone.bus.position
    assert position("news", Position("a", 40)) == position("news", Position("a", 41)) == ("a", 41)
    assert position("news", Position("a", 42)) == ("a", 42)
    hand.place(43, "b")
    assert position("news", Position("a", 42)) == ("a", 42), "what this node knows"
    assert position("news", Position("b", 43)) == ("b", 43), "it has looked again"
    assert [each["epoch"] for each in alone.pushed] == ["b"], "and those of the old epoch reload"
    assert position("news", Position("older", 9)) == ("b", 43)
    for missing in ("other", ":complete", "x" * 5_000):
        with pytest.raises(Missing):
            position(missing)
    with pytest.raises(Away):
        position("new", Position("a", 1))  # somebody has its page: it may be on its way
    monkeypatch.setattr(node, "NEW_SECONDS", 0.0)
    with pytest.raises(Missing):
        position("new", Position("a", 1))
    broker.client.delete(WRITER)
    with pytest.raises(Away):
        position("news", Position("c", 44))  # it may be that the writer has begun that epoch


def test_while_the_writer_is_silent_a_node_knows_feeds_by_the_broker_but_no_page_is_told_to_reload(
    alone: LocalNode, broker: Broker, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The writer may have begun another epoch just before it fell silent."""
    hand = Hand(broker)
    hand.put(41)
    hand.streams.say_complete("me")
    monkeypatch.setattr(sources, "AWAY_SECONDS", -1.0)
    with pytest.raises(Away):
        alone.bus.position("news", Position("b", 42))
    assert alone.bus.position("news", Position("a", 40)) == ("a", 41)


def test_who_joins_while_something_is_pushed_is_told_of_it(alone: LocalNode, broker: Broker) -> None:
    """The push may have passed their place in the room already."""
    hand = Hand(broker)
    hand.put(41)
    hand.streams.say_complete("me")
    alone.bus.position("news")
    told = []
    alone.bus.feeds.push = lambda slug, envelope: told.append(alone.bus.position(slug))
    hand.put(42)
    alone.bus.reading.read(0.01)
    hand.place(43)
    alone.bus.reading.look(["news"])
    assert told == [("a", 42), ("a", 43)]


def test_what_a_look_finds_is_pushed_once(alone: LocalNode, broker: Broker) -> None:
    hand = Hand(broker)
    hand.put(41)
    hand.streams.say_complete("me")
    alone.bus.position("news")
    for version in (42, 43):
        hand.put(version)
    for _ in range(2):
        alone.bus.reading.look(["news"])  # before the stream was read
        alone.bus.reading.read(0.01)
    assert alone.pushed == [envelope_of(42), envelope_of(43)]


def test_what_the_relay_fills_in_is_not_pushed_again(alone: LocalNode, broker: Broker) -> None:
    hand = Hand(broker)
    hand.put(41)
    hand.streams.say_complete("me")
    alone.bus.position("news")
    hand.put(42)
    alone.bus.reading.read(0.01)
    broker.client.delete(stream("news", "a"))
    all_of_it = {**envelope_of(43), "after": 0, "changes": [envelope_of(n)["changes"][0] for n in (7, 42, 43)]}
    hand.streams.write("me", [Write("news", Place(1, "news", "a", 43), "a", change_id(43), all_of_it)])
    alone.bus.reading.read(0.01)
    assert alone.pushed == [envelope_of(42), envelope_of(43)]


def test_a_draft_is_taken_from_its_readers_by_the_stream_alone(alone: LocalNode, broker: Broker) -> None:
    hand = Hand(broker)
    hand.put(41)
    hand.streams.say_complete("me")
    alone.bus.position("news")
    hand.streams.write("me", [Write("news", Place(1, "news", "b", 42, True), "a", end_id(41))])
    broker.client.delete(WRITER)  # the writer ends just then
    alone.bus.reading.read(0.01)
    assert alone.ended == ["news"]
    assert [(each["epoch"], each["changes"]) for each in alone.pushed] == [("", [])], "they load the page again"


def test_a_push_that_failed_is_repeated(alone: LocalNode, broker: Broker) -> None:
    hand = Hand(broker)
    hand.put(41)
    hand.streams.say_complete("me")
    alone.bus.position("news")
    push, alone.bus.feeds.push = alone.bus.feeds.push, lambda *_: 1 / 0
    hand.put(42)
    with pytest.raises(ZeroDivisionError):
        alone.bus.reading.read(0.01)
    alone.bus.feeds.push = push
    alone.bus.reading.read(0.01)
    assert alone.pushed == [envelope_of(42)]


def test_a_catch_up_from_a_stream_without_its_end_is_refused(alone: LocalNode, broker: Broker) -> None:
    hand = Hand(broker)
    for version in (41, 42):
        hand.put(version)
    hand.place(44)
    hand.streams.say_complete("me")
    alone.bus.reading.look([])
    assert alone.get("/feeds/news/changes?after=41&epoch=a").json == {
        "feed": "news", "epoch": "a", "version": 44, "reload": True
    }  # fmt: skip
    hand.put(44)
    assert alone.get("/feeds/news/changes?after=42&epoch=a").json["reload"], "44 follows 43"
    assert alone.get("/feeds/news/changes?after=43&epoch=a").json == envelope_of(44)


def test_a_relay_that_begins_takes_back_that_all_is_there(
    tmp_path: Path, broker: Broker, monkeypatch: pytest.MonkeyPatch
) -> None:
    hand = Hand(broker)
    hand.streams.say_complete("me")
    hand.streams.give_back("me")
    complete, places = [], Streams.places

    def counted(streams: Streams) -> dict[str, Place]:
        complete.append(hand.streams.look([])[1])
        return places(streams)

    monkeypatch.setattr(Streams, "places", counted)
    with site_in(tmp_path, FEED_BROKER=broker.url, FEED_SECRET_KEY=SECRET) as site:
        site.services.channel.begin()
        eventually(lambda: complete and hand.streams.look([])[1])
        assert hand.streams.look(["news"])[2][0], "also a feed in which nothing has happened yet"
    assert complete == [False]


def test_an_older_look_does_not_undo_what_came_since(alone: LocalNode, broker: Broker) -> None:
    hand = Hand(broker)
    hand.put(41)
    hand.streams.say_complete("me")
    alone.bus.position("news")
    old = Place(1, "news", "a", 41)
    asked = followed.monotonic()
    hand.put(42, "b")
    alone.bus.reading.look(["news"])
    alone.bus.feeds.settle("news", old, asked)
    alone.bus.feeds.deliver("news", envelope_of(41), asked)
    assert [(each["epoch"], each["version"]) for each in alone.pushed] == [("b", 42)]


def test_the_places_of_a_broker_that_is_being_filled_are_not_believed(alone: LocalNode, broker: Broker) -> None:
    """After trouble it may hold an older epoch than the writer has told this node."""
    hand = Hand(broker)
    hand.put(41)
    hand.streams.say_complete("me")
    alone.bus.position("news")
    hand.streams.remove(":complete")
    hand.place(7, "older", draft=True)
    alone.bus.reading.look(["news"])
    assert (alone.pushed, alone.ended) == ([], [])


def test_a_feed_without_readers_is_not_read_for_ever(
    alone: LocalNode, broker: Broker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(followed, "KEPT_SECONDS", 0.0)
    hand = Hand(broker)
    hand.put(1)
    hand.streams.say_complete("me")
    alone.bus.position("news")
    alone.bus.report({"news": 1})
    assert alone.bus.feeds.known("news")
    alone.bus.report({})
    assert not alone.bus.feeds.known("news")
    assert alone.bus.position("news") == ("a", 1)


def test_a_node_without_broker_and_writer_lets_its_readers_go_until_one_is_back(
    site: Site, local: LocalNode, broker: Broker, served: Served,
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture,
) -> None:  # fmt: skip
    monkeypatch.setattr(reading, "LOOK_SECONDS", 0.05)
    monkeypatch.setattr(reading, "BLOCK_SECONDS", 0.05)
    monkeypatch.setattr(sources, "AWAY_SECONDS", 0.4)
    monkeypatch.setattr(sources, "CUT_OFF_SECONDS", 0.5)
    monkeypatch.setattr(sources, "RECENT_SECONDS", 0.2)
    monkeypatch.setattr("feed.followers.broker.fallback.ROUND_SECONDS", 0.1)
    handshake = {"Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Version": "13"}
    gate = local.parts.channel.gate
    with caplog.at_level(logging.WARNING):
        served.answers = False
        broker.stop()
        eventually(lambda: gate.away)
        refused = local.get("/socket.io/?EIO=4&transport=websocket", **handshake)
        assert (refused.status_code, refused.headers["Retry-After"]) == (503, "10")
        assert local.get("/readyz").status_code == 503
        assert local.get("/healthz").status_code == 200
        with pytest.raises(Away):
            local.bus.position("news")
        served.answers = True
        eventually(lambda: not gate.away)
        assert local.get("/readyz").status_code == 200
        broker.start()
        eventually(lambda: local.bus.sources.used == sources.BROKER)
    assert "Broker and writer are away" in caplog.text
