"""Receipts and peaks: to how many sockets all workers have handed a change, counted honestly, and how many read."""

import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from werkzeug.test import TestResponse

from feed import times
from feed.store import backup, feeds, presence, receipts
from feed.store.feeds import NEWS, Feed
from feed.store.receipts import Handed
from feed.store.updates import Update
from feed.store.workers import new_worker
from tests.conftest import Site
from tests.pages import element, words
from tests.reader import Reader
from tests.server import Server, serving
from tests.test_transport import Slow
from tests.waiting import eventually


@pytest.fixture
def two_workers(tmp_path: Path) -> Iterator[Server]:
    with serving(tmp_path, WEB_CONCURRENCY="2") as running:
        yield running


def news(site: Site) -> Feed:
    with site.services.store.read() as db:
        return feeds.get(db, NEWS)


def receipt(site: Site, version: int) -> receipts.Receipt | None:
    with site.services.store.read() as db:
        return receipts.of(db, feeds.get(db, NEWS), version)


def handed(site: Site, worker: str, after: int, version: int, sockets: int, followers: int | None = None) -> None:
    """That worker has just handed out the versions after+1 … version."""
    told = Handed(news(site).epoch, after, version, sockets, sockets if followers is None else followers, times.now())
    receipts.report(site.services.store, worker, [told])


def committed(site: Site, update: Update) -> str:
    with site.services.store.read() as db:
        return str(db.execute("SELECT at FROM actions WHERE version = ?", [update.version]).fetchone()[0])


def test_a_receipt_adds_up_the_workers_and_says_whom_it_waits_for(site: Site) -> None:
    for worker, readers in (("one", 3), ("two", 2), ("idle", 0)):
        presence.report(site.services.store, worker, {NEWS: readers} if readers else {})
    update = site.publish("Handed out")
    found = receipt(site, update.version)
    assert found
    assert (found.on_disk, found.milliseconds, found.waiting) == (committed(site, update), None, 2)
    handed(site, "one", 0, 1, 3)
    found = receipt(site, update.version)
    assert found
    assert (found.sockets, found.followers, found.waiting) == (3, 3, 1)
    assert found.milliseconds is not None
    later = site.publish("Handed out with the next")
    handed(site, "two", 0, 2, 1, followers=2)
    handed(site, "desk alone", 0, 2, 1)
    handed(site, "whose first reader came after it", 1, 2, 50)
    receipts.report(site.services.store, "of another history", [Handed("x", 0, 2, 50, 50, times.now())])
    found, after = receipt(site, update.version), receipt(site, later.version)
    assert found
    assert after
    assert (found.sockets, found.followers, found.waiting) == (5, 6, 0)
    assert (after.sockets, after.followers, after.waiting) == (52, 53, 1), "the first has not handed out this one"


def test_a_receipt_is_of_one_history_and_of_the_last_minute(
    site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, media = site.services.store, site.services.settings.media
    backup.backup(store, media, tmp_path / "site.backup")
    site.publish("Before")
    handed(site, "one", 0, 1, 7)
    backup.restore(store, media, tmp_path / "site.backup")
    assert receipt(site, 1) is None
    update = site.publish("The same version of another history")
    found = receipt(site, update.version)
    assert found
    assert (found.sockets, found.milliseconds) == (0, None)
    handed(site, "one", 0, 1, 7)
    real_after = times.after
    monkeypatch.setattr(times, "after", lambda seconds: real_after(seconds + receipts.KEPT_SECONDS + 1))
    assert receipt(site, update.version) is None
    receipts.report(store, "one", [])
    with store.read() as db:
        assert db.execute("SELECT count(*) FROM receipts").fetchone()[0] == 0


def test_the_peak_is_of_the_day_and_of_all_workers(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    store = site.services.store
    site.write_article("plain")
    monkeypatch.setattr(times, "after", lambda seconds: "2026-07-25T00:00:00.000Z")
    monkeypatch.setattr(times, "now", lambda: "2026-07-26T21:59:59.000Z")
    presence.report(store, "one", {NEWS: 90, "article:1": 4, "no feed": 1})
    monkeypatch.setattr(times, "now", lambda: "2026-07-26T22:00:00.000Z")  # midnight in Berlin
    for worker, readers in (("one", 5), ("two", 7), ("two", 2)):
        presence.report(store, worker, {NEWS: readers})
    with store.read() as db:
        assert presence.peaks(db, "2026-07-26T22:00:00.000Z") == {NEWS: 12}
        assert presence.peaks(db, "2026-07-25T22:00:00.000Z") == {NEWS: 90}, "the quiet feed of an article has none"
    monkeypatch.undo()
    presence.report(store, "one", {})
    with store.read() as db:
        assert presence.peaks(db, "2026-01-01T00:00:00.000Z") == {}, "of days long past"


def test_a_worker_that_was_killed_has_no_readers(site: Site) -> None:
    """They come back to another one. A process of another container cannot be seen, and is waited for."""
    ended = subprocess.Popen(["true"])
    ended.wait()
    own = new_worker()
    killed, elsewhere = own.replace(str(os.getpid()), str(ended.pid), 1), f"{ended.pid}-1-x"
    for worker in (killed, elsewhere, own):
        presence.report(site.services.store, worker, {NEWS: 5})
    with site.services.store.read() as db:
        assert presence.workers(db, NEWS) == {elsewhere, own}
        assert presence.peaks(db, "2026-01-01T00:00:00.000Z") == {NEWS: 10}


def test_the_desk_says_how_many_read_and_since_when_nothing_is_new(site: Site) -> None:
    bob, store = site.at_desk(), site.services.store
    assert said(bob.get("/desk/feeds/news")) == "0 reading now · peak 0 today"
    site.publish("Imported", published_at="2026-07-26T12:00:00Z")
    site.retract(site.publish("Wrong"))
    presence.report(store, "one", {NEWS: 2410})
    presence.report(store, "one", {NEWS: 1203})
    for path in ("/desk/feeds/news", "/desk/feeds/news/reading"):
        page = bob.get(path)
        assert said(page).startswith("1,203 reading now · peak 2,410 today · last update 26 July 2026, 14:00")
        assert element(page.text, "p", class_="reading").find("time").get("datetime") == "2026-07-26T12:00:00.000Z"
    metrics = site.charlie.get("/metrics").text
    assert 'liveline_readers{feed="news"} 1203.0' in metrics
    assert 'liveline_readers_peak{feed="news"} 2410.0' in metrics


def said(page: TestResponse) -> str:
    return words(element(page.text, "p", class_="reading"))


def test_only_the_desk_gets_receipts(site: Site) -> None:
    update = site.publish("x")
    path = f"/desk/feeds/news/receipts/{update.version}"
    assert site.at_desk().get(path).get_json()["version"] == update.version
    for other in (f"news/receipts/{update.version + 1}", f"news/receipts/{2**63}", "nowhere/receipts/1"):
        assert site.at_desk().get(f"/desk/feeds/{other}").status_code == 404
    for closed in (path, "/desk/feeds/news/reading"):
        assert site.charlie.get(closed).status_code in (303, 401)


# With real sockets


def test_two_workers_count_every_socket_once(two_workers: Server) -> None:
    readers = [Reader(two_workers.url) for _ in range(9)]
    eventually(lambda: all(each.following for each in readers))
    bob = two_workers.at_desk()
    for number in range(1, 4):
        made = two_workers.publish(f"Number {number}")
        path = f"{two_workers.url}/desk/feeds/news/receipts/{made['version']}"

        def complete(path: str = path) -> Any:
            told = bob.get(path, timeout=9).json()
            return told if told["sockets"] == 9 else None

        told = eventually(complete)
        assert (told["followers"], told["waiting"]) == (9, 0)
        assert 0 <= told["milliseconds"] < 15_000
    for each in readers:
        each.close()


def test_a_peak_counts_nobody_twice_when_workers_end(server: Server) -> None:
    readers = [Reader(server.url) for _ in range(5)]

    def said(number: int) -> bool:
        metrics = requests.get(f"{server.url}/metrics", timeout=9).text
        told = dict(line.split(" ") for line in metrics.splitlines() if line.startswith("liveline_readers"))
        assert float(told.get('liveline_readers_peak{feed="news"}', 0)) <= 5
        return float(told['liveline_readers{feed="news"}']) == number

    eventually(lambda: said(5), within=30)
    for how in (signal.SIGKILL, signal.SIGTERM):
        (before,) = server.workers()
        os.kill(before, how)
        eventually(lambda before=before: before not in server.workers() and said(5), within=60)  # type: ignore[misc]
    for each in readers:
        each.close()


def test_a_socket_whose_bytes_wait_is_not_counted_as_handed(server: Server) -> None:
    good = Reader(server.url)
    eventually(lambda: good.following)
    slow = Slow(server)
    bob = server.at_desk()

    def fell_behind() -> Any:
        made = server.publish("The quay is full of people. " * 600)
        told = eventually(lambda: _told(bob, server, made["version"]))
        assert told["followers"] == 2
        return told if told["sockets"] == 1 else None

    assert eventually(fell_behind, within=60)["milliseconds"] is not None
    assert fell_behind(), "the next waits behind it"
    slow.socket.close()
    good.close()


def _told(bob: requests.Session, server: Server, version: int) -> Any:
    """The receipt, once a worker has reported."""
    told = bob.get(f"{server.url}/desk/feeds/news/receipts/{version}", timeout=9).json()
    return told if told["milliseconds"] is not None else None


def test_the_stock_driver_gives_no_receipt_because_it_cannot_know(tmp_path: Path) -> None:
    with serving(tmp_path, FEED_TRANSPORT="stock") as server:
        reader = Reader(server.url)
        eventually(lambda: reader.following)
        made = server.publish("Queued")
        eventually(lambda: reader.sees("Queued"))
        told = server.at_desk().get(f"{server.url}/desk/feeds/news/receipts/{made['version']}", timeout=9).json()
        assert (told["sockets"], told["milliseconds"]) == (0, None)
        reader.close()
