"""A locked or damaged database: requests are refused soon, with one line in the log and no stack traces."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from time import monotonic

import pytest
import requests

from feed.repeats import Repeats
from feed.store import readiness, repair
from feed.store.database import WRITE_SECONDS, sqlite3
from feed.threads import NotYet, Pool
from tests.conftest import Site
from tests.server import Server
from tests.waiting import eventually

SOON = WRITE_SECONDS + 6  # seconds, on a busy machine; it took 30 when each waited for the one before


def published(server: Server, body: str) -> requests.Response:
    """The answer to an attempt."""
    headers = {"Authorization": f"Bearer {server.token}"}
    return requests.post(f"{server.url}/api/v1/feeds/news/updates", json={"body": body}, headers=headers, timeout=SOON)


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Somebody else writes, and does not come to an end."""
    foreign = sqlite3.connect(path, isolation_level=None)
    foreign.execute("BEGIN IMMEDIATE")
    try:
        yield
    finally:
        foreign.rollback()
        foreign.close()


def test_a_foreign_lock_refuses_everybody_at_the_same_deadline(server: Server, tmp_path: Path) -> None:
    server.publish("Before")
    with locked(tmp_path / "feed.db"), ThreadPoolExecutor(8) as pool:
        waiting = [pool.submit(published, server, f"Number {number}") for number in range(6)]
        eventually(lambda: "locked" in requests.get(f"{server.url}/readyz", timeout=SOON).text)
        assert requests.get(f"{server.url}/feeds/news?key=1", timeout=SOON).ok, "readers are not held up"
        answers = [each.result() for each in waiting]
        assert {(answer.status_code, answer.headers["Content-Type"]) for answer in answers} == {
            (503, "application/problem+json")
        }
        assert all(answer.headers["Retry-After"] for answer in answers)
    assert published(server, "After").status_code == 201
    assert server.version() == 2, "what was refused was not done later"
    eventually(lambda: requests.get(f"{server.url}/readyz", timeout=SOON).ok)
    log = server.log.read_text()
    assert "Traceback" not in log
    assert 1 <= log.count("the database cannot be used") <= 2, "each sentence once, however many were refused"


def test_what_has_begun_is_waited_for_and_what_has_not_is_never_done() -> None:
    """Only so is an answer of 503 true: nothing of it is there, now or later."""
    pool, hold, done = Pool(1), threading.Event(), list[str]()

    def slow() -> str:
        hold.wait(10)
        done.append("begun in time")
        return "its end"

    with ThreadPoolExecutor(1) as others:
        begun = others.submit(pool.run_by, monotonic() + 0.2, slow)
        with pytest.raises(NotYet):
            pool.run_by(monotonic() + 0.3, done.append, "never")
        hold.set()
        assert begun.result() == "its end"
    assert pool.run(str, 1) == "1"
    assert done == ["begun in time"]
    pool.close()


@pytest.mark.parametrize("where", ["header", "pages"])
def test_damage_is_said_once_and_every_request_gets_an_answer(server: Server, tmp_path: Path, where: str) -> None:
    path = tmp_path / "feed.db"
    for number in range(20):
        server.publish(f"{number} " + "word " * 3_000)
    server.stop()
    db = sqlite3.connect(path)
    db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    db.close()
    with open(path, "r+b") as file:
        if where == "pages":  # the first holds the schema
            file.seek(4096)
        file.write(b"\xa5" * (path.stat().st_size - file.tell()))

    server.launch()
    eventually(lambda: requests.get(f"{server.url}/healthz", timeout=SOON).ok, within=30)
    addresses = ("/", "/feeds/news", "/feeds/news?q=word", "/news-sitemap.xml", "/updates/1", "/api/v1/updates/1")
    for _ in range(5):
        for address in addresses:
            assert requests.get(server.url + address, timeout=SOON).status_code == 503, address
        assert published(server, "More").status_code == 503
        assert requests.get(f"{server.url}/readyz", timeout=SOON).status_code == 503
    log = server.log.read_text()
    assert "Traceback" not in log
    assert len([line for line in log.splitlines() if "cannot be used" in line]) <= 3, "a sentence for each fault"


def test_damage_that_only_some_requests_meet_is_told_by_readiness_until_it_is_mended(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(readiness, "CHECK_AGAIN_SECONDS", 0)
    for number in range(3):
        site.publish(f"Number {number}")
    cached = site.charlie.get("/feeds/news")
    assert cached.status_code == site.charlie.get("/readyz").status_code == 200
    site.services.store.write(lambda db: db.execute("DELETE FROM words_data").rowcount)
    assert site.charlie.get("/feeds/news?q=number").status_code == 503
    assert site.charlie.get("/feeds/news").text == cached.text, "what is right is still served"
    eventually(lambda: "damaged" in site.charlie.get("/readyz").text)
    repair.repair(site.services.store)
    assert "Number 2" in site.charlie.get("/feeds/news?q=number").text
    eventually(lambda: site.charlie.get("/readyz").status_code == 200, within=30)


def test_a_page_in_the_cache_hides_no_database_that_is_gone(site: Site, tmp_path: Path) -> None:
    """Whether it is still right can no longer be found out."""
    site.publish("Something")
    assert site.charlie.get("/feeds/news").status_code == 200
    site.services.store.close()
    for path in tmp_path.glob("feed.db*"):
        path.write_bytes(b"\xa5" * 8192)
    assert site.charlie.get("/feeds/news").status_code == 503
    assert site.charlie.get("/readyz").status_code == 503


def test_text_that_nobody_wrote_is_damage_and_not_quoted(site: Site, caplog: pytest.LogCaptureFixture) -> None:
    update = site.publish("A secret word")
    site.services.store.write(
        lambda db: db.execute("UPDATE updates SET body = CAST(x'ff' || ' secret' AS TEXT)").rowcount
    )
    for _ in range(3):
        assert site.charlie.get(f"/updates/{update.id}").status_code == 503
    assert "not UTF-8" in str(site.services.store.damage) or "decode" in str(site.services.store.damage)
    assert len(caplog.messages) == 1
    assert "secret" not in caplog.text
    eventually(lambda: "damaged" in site.charlie.get("/readyz").text)


def test_a_bug_leaves_one_stack_trace_however_often_it_is_met(site: Site, caplog: pytest.LogCaptureFixture) -> None:
    """A moment that is none, as a broken byte leaves it: SQLite cannot know."""
    update = site.publish("Something")
    site.services.store.write(lambda db: db.execute("UPDATE updates SET published_at = 'then'").rowcount)
    for _ in range(5):
        assert site.charlie.get(f"/updates/{update.id}").status_code == 500
    assert caplog.text.count("Traceback") == 1


def test_a_sentence_is_said_once_then_counted(caplog: pytest.LogCaptureFixture) -> None:
    repeats = Repeats(summary_seconds=3_600)
    for _ in range(5):
        repeats.say("the disk is full")
    repeats.say("the disk is gone")
    repeats.sum_up()
    repeats.say("the disk is full")
    repeats.sum_up()
    repeats.sum_up()
    repeats.say("the disk is full")
    assert caplog.messages == [
        "the disk is full",
        "the disk is gone",
        "the disk is full (4 more times in 3600 s)",
        "the disk is full (1 more times in 3600 s)",
        "the disk is full",
    ]


def test_many_different_sentences_do_not_fill_the_log(caplog: pytest.LogCaptureFixture) -> None:
    repeats = Repeats(summary_seconds=3_600)
    for number in range(1_000):
        repeats.say(f"trouble {number}")
    assert len(caplog.messages) < 100
