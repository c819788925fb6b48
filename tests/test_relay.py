"""The relay: what the writer commits is in the broker, sealed and in order, whatever happens to the broker."""

import logging
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from feed.followers.broker.connection import connect
from feed.followers.broker.seal import Seal
from feed.followers.broker.streams import FEEDS, UNREADABLE, WRITER, Streams, merged, stream
from feed.store import coverage, feeds, writing
from tests.broker import SECRET, Broker, brokering
from tests.conftest import Site, application_in, site_in
from tests.metrics import numbers
from tests.server import ROOT
from tests.waiting import eventually


@pytest.fixture(scope="module")
def shared_broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    with brokering(tmp_path_factory.mktemp("broker")) as running:
        yield running


@pytest.fixture
def broker(shared_broker: Broker) -> Broker:
    shared_broker.client.flushall()
    return shared_broker


@contextmanager
def relaying(folder: Path, broker: Broker, **settings: str) -> Iterator[Site]:
    """A site whose relay runs."""
    with site_in(folder, FEED_BROKER=broker.url, FEED_SECRET_KEY=SECRET, **settings) as site:
        site.services.channel.begin()
        yield site


@pytest.fixture
def site(tmp_path: Path, broker: Broker) -> Iterator[Site]:
    with relaying(tmp_path, broker) as made:
        yield made


@pytest.fixture
def streams(broker: Broker) -> Streams:
    """As a node reads them."""
    return Streams(connect(broker.url), Seal(SECRET.encode()))


def version_in(streams: Streams, slug: str) -> int | None:
    (place,) = streams.look([slug])[2]
    return place.version if place and not place.draft else None


def caught_up(site: Site, streams: Streams, slug: str = "news") -> bool:
    """Whether the broker has the feed as it is in the database."""
    with site.services.store.read() as db:
        feed = feeds.get(db, slug)
    (place,) = streams.look([slug])[2]
    return place is not None and (place.epoch, place.version) == (feed.epoch, feed.version)


def asked(site: Site, slug: str, after: int, epoch: str) -> dict[str, Any]:
    answer = site.charlie.get(f"/feeds/{slug}/changes?after={after}&epoch={epoch}")
    found: dict[str, Any] = answer.json
    return found


def test_a_gap_filled_from_the_stream_is_what_the_writer_would_answer(site: Site, streams: Streams) -> None:
    site.write_article("harbour", live=True)
    first = site.publish("One", "harbour", headline="The *first*", key=True)
    second = site.publish("Two", "harbour", pinned=True)
    site.edit(first, body="One, and more")
    third = site.publish("Three", "harbour")
    eventually(lambda: caught_up(site, streams, "harbour"))
    site.retract(second, "It was wrong.", notice=True)
    site.retract(third)
    site.edit(first, key=False)
    writing.edit(site.services.store, "harbour", site.bob, {"headline": "Another headline"}, None)
    coverage.close(site.services.store, "harbour", site.bob)
    eventually(lambda: caught_up(site, streams, "harbour"))
    (place,) = streams.look(["harbour"])[2]
    assert place
    for version in range(place.version):
        entries = streams.after("harbour", place.epoch, version)
        assert merged(entries, version) == asked(site, "harbour", version, place.epoch), version
    assert streams.after("harbour", place.epoch, place.version) == []


@pytest.mark.parametrize("loss", ["emptied", "restarted", "an older copy"])
def test_a_broker_that_lost_what_it_had_is_filled_again(
    site: Site, streams: Streams, broker: Broker, loss: str
) -> None:
    site.publish("Before")
    eventually(lambda: caught_up(site, streams))
    old = broker.client.dump(FEEDS), broker.client.dump(stream("news", _epoch(site)))
    site.publish("Lost")
    eventually(lambda: caught_up(site, streams))
    if loss == "restarted":
        broker.stop()
        site.publish("While it is away")
        broker.start()
    else:
        broker.client.flushall()
    if loss == "an older copy":
        broker.client.restore(FEEDS, 0, old[0], replace=True)
        broker.client.restore(stream("news", _epoch(site)), 0, old[1], replace=True)
    eventually(lambda: caught_up(site, streams))
    site.publish("After")
    eventually(lambda: caught_up(site, streams))
    assert streams.look([])[:2] == (True, True)
    (place,) = streams.look(["news"])[2]
    assert place
    for version in range(place.version):
        found = merged(streams.after("news", place.epoch, version), version)
        assert found == asked(site, "news", version, place.epoch), version


def _epoch(site: Site) -> str:
    with site.services.store.read() as db:
        return feeds.get(db, "news").epoch


def test_a_second_writer_with_another_database_changes_nothing_and_says_so(
    site: Site, streams: Streams, broker: Broker, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    site.publish("Ours")
    eventually(lambda: caught_up(site, streams))
    before = broker.client.hgetall(FEEDS), broker.client.get(WRITER)
    with caplog.at_level(logging.ERROR), relaying(tmp_path / "other", broker) as other:
        other.publish("Theirs")
        other.publish("Theirs, too")
        eventually(lambda: "Another writer, with another database" in caplog.text)
        site.publish("Ours again")
        eventually(lambda: caught_up(site, streams))
        assert broker.client.get(WRITER) == before[1]
    assert "Theirs" not in str([each.envelope for each in streams.after("news", _epoch(site), 0)])


def test_what_nobody_of_ours_has_written_is_ignored_and_counted(
    site: Site, broker: Broker, caplog: pytest.LogCaptureFixture
) -> None:
    site.publish("Ours")
    seal = Seal(SECRET.encode())
    streams = Streams(connect(broker.url), seal)
    eventually(lambda: caught_up(site, streams))
    key = stream("news", _epoch(site))
    ((_, genuine),) = broker.client.xrange(key)
    evil = Seal(b"another key").close(f"{key} 2-0", {"changes": [{"html": "<script>"}]})
    for number, content in enumerate((b"", b"{}", evil, genuine[b"e"], genuine[b"e"][:-2], b"x" * 70), start=2):
        broker.client.xadd(key, {"e": content}, id=f"{number}-0")
    broker.client.xadd(key, {"other": "field"}, id="9-0")
    with caplog.at_level(logging.ERROR):
        entries = streams.after("news", _epoch(site), 1)
    assert [each.envelope for each in entries] == [None] * 7
    assert merged(entries, 1) is None
    assert seal.forged == 7
    broker.client.hset(FEEDS, "news", b"f" * 64 + b'{"version": 99}')
    assert streams.look(["news"])[2] == [UNREADABLE]


def test_the_lease_is_checked_where_it_is_written(site: Site, streams: Streams, broker: Broker) -> None:
    """A worker that stood still while another one took over must not write when it goes on."""
    site.publish("Ours")
    eventually(lambda: caught_up(site, streams))
    broker.client.set(WRITER, "another one", px=60_000)
    site.publish("Not relayed")
    relay = site.services.channel._bus.relay  # type: ignore[attr-defined]
    eventually(lambda: not relay.relays)
    assert version_in(streams, "news") == 1
    behind = numbers(site.charlie.get("/metrics").text)
    assert (behind["liveline_relaying"], behind["liveline_relay_lag_seconds"] > 0) == (0, True)
    broker.client.delete(WRITER)
    eventually(lambda: caught_up(site, streams) and relay.relays)
    now = numbers(site.charlie.get("/metrics").text)
    assert (now["liveline_relaying"], now["liveline_relay_lag_seconds"]) == (1, 0)
    assert now["liveline_relay_seconds_count"] > behind["liveline_relay_seconds_count"]


def test_a_draft_and_an_address_that_is_gone_end_their_streams(site: Site, streams: Streams) -> None:
    site.write_article("harbour", live=True)
    site.publish("One", "harbour")
    eventually(lambda: caught_up(site, streams, "harbour"))
    (place,) = streams.look(["harbour"])[2]
    assert place
    writing.edit(site.services.store, "harbour", site.bob, {"draft": True}, None)
    eventually(lambda: version_in(streams, "harbour") is None)
    assert streams.after("harbour", place.epoch, 0)[-1].ends
    site.publish("In secret", "harbour")
    writing.edit(site.services.store, "harbour", site.bob, {"draft": False}, None)
    eventually(lambda: caught_up(site, streams, "harbour"))
    writing.edit(site.services.store, "harbour", site.bob, {"slug": "quay"}, None)
    eventually(lambda: caught_up(site, streams, "quay"))
    (old,) = streams.look(["harbour"])[2]
    assert old
    assert old.feed == "quay"
    assert streams.after("harbour", place.epoch, 0)[-1].ends


def test_a_database_put_back_by_other_means_begins_a_new_epoch(
    tmp_path: Path, broker: Broker, streams: Streams, caplog: pytest.LogCaptureFixture
) -> None:
    """Open pages have versions that it never had, and would take later ones for what they know."""
    with relaying(tmp_path, broker) as site:
        site.publish("Kept")
        copying = site.services.store.connect()
        copying.execute("VACUUM INTO ?", [str(tmp_path / "copy")])
        copying.close()
        site.publish("Not in the copy")
        eventually(lambda: caught_up(site, streams))
        old = _epoch(site)
    (tmp_path / "again").mkdir()
    (tmp_path / "copy").rename(tmp_path / "again" / "feed.db")
    with application_in(tmp_path / "again", FEED_BROKER=broker.url, FEED_SECRET_KEY=SECRET) as app:
        services = app.extensions["liveline"]
        services.channel.begin()

        def epoch() -> str:
            with services.store.read() as db:
                return feeds.get(db, "news").epoch

        eventually(lambda: (place := streams.look(["news"])[2][0]) is not None and place.epoch == epoch() != old)
    assert "this database was replaced" in caplog.text
    assert streams.after("news", old, 0)[-1].ends, "who follows the old epoch is told to reload"


@pytest.mark.parametrize("broker", ["", "redis://127.0.0.1:1"])
def test_a_worker_imports_the_client_of_redis_for_a_broker_and_no_command(tmp_path: Path, broker: str) -> None:
    """Socket.IO's packages would import the client in any case."""
    program = (
        "import app, sys; app.create_app(); print(*sorted(sys.modules.keys() & {'redis', 'feed.commands', 'bs4'}))"
    )
    environ = {**os.environ, "FEED_DATABASE": str(tmp_path / "feed.db"), "FEED_BROKER": broker}
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, env=environ, capture_output=True, text=True)
    assert (done.stdout.strip(), done.stderr) == ("redis" if broker else "", "")
