"""WebSub: a hub is told of every change of a feed, once, whatever happens meanwhile, and of nothing else."""

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from time import monotonic
from typing import Any
from xml.etree import ElementTree

import feedparser
import pytest
import requests
from websocket import WebSocketTimeoutException

from feed.followers import hub as telling
from feed.live.direct.engine import LET_GO
from feed.store import backup, coverage, feeds, publishing, tokens, websub, writing
from feed.store.database import Store
from tests.conftest import Site, application_in, site_in
from tests.faults.test_crash import COMMIT_AND_DIE
from tests.hub import Hub, Subscriber
from tests.reader import Reader
from tests.server import ROOT, Server, serving
from tests.test_live import closed, connect
from tests.test_syndication import FORMATS, TOMBSTONE
from tests.waiting import eventually

ADDRESS = "https://hub.example.org/publish?key=1&more=2"
URL = "http://127.0.0.1:8000"


@pytest.fixture(scope="module")
def one_hub() -> Iterator[Hub]:
    """A hub that listens."""
    running = Hub()
    running.start()
    yield running
    running.stop()


@pytest.fixture
def hub(one_hub: Hub) -> Iterator[Hub]:
    """The same, which was told nothing yet."""
    one_hub.forget()
    yield one_hub
    assert one_hub.faults == []


@pytest.fixture
def subscriber() -> Iterator[Subscriber]:
    """Somebody who wants to know."""
    running = Subscriber()
    running.start()
    yield running
    running.stop()


@pytest.fixture(scope="module")
def one_server(tmp_path_factory: pytest.TempPathFactory, one_hub: Hub) -> Iterator[Server]:
    """A server that tells the hub."""
    with serving(tmp_path_factory.mktemp("told"), FEED_HUB=one_hub.address) as running:
        yield running


@pytest.fixture
def told(one_server: Server, hub: Hub) -> Iterator[Server]:
    """The same. Whatever a test has left to tell is told before the next one; the updates of all are in its feeds."""
    yield one_server
    eventually(lambda: all_told(one_server))


@pytest.fixture
def alone(tmp_path: Path, hub: Hub) -> Iterator[Server]:
    """A server for one test, which ends it."""
    with serving(tmp_path, FEED_HUB=hub.address) as running:
        yield running


@pytest.fixture
def telling_site(tmp_path: Path, hub: Hub) -> Iterator[Site]:
    """A site in this process whose hub is told when the test says so, and knows it already."""
    with site_in(tmp_path, FEED_HUB=hub.address) as made:
        websub.begin(made.services.store, hub.address)
        yield made


def topics(url: str, *names: str) -> set[str]:
    """The addresses of those feeds' documents."""
    return {f"{url}/feeds/{name}.{ending}" for name in names for ending in FORMATS}


def metrics(server: Server) -> dict[str, float]:
    """What Prometheus is told of the hub."""
    lines = requests.get(f"{server.url}/metrics", timeout=5).text.splitlines()
    return {name: float(value) for name, _, value in (line.partition(" ") for line in lines) if "_hub_" in name}


def all_told(server: Server) -> bool:
    """Whether no change waits any more, so that no ping can come without another change."""
    return metrics(server) == {"liveline_hub_untold": 0, "liveline_hub_failures": 0}


def warnings(server: Server) -> list[str]:
    """What the log says of the hub."""
    return [line for line in server.log.read_text().splitlines() if "the hub" in line]


# What a subscriber receives


@pytest.mark.parametrize("ending", FORMATS)
def test_who_subscribes_where_the_document_says_gets_what_is_published_edited_and_retracted(
    told: Server, hub: Hub, subscriber: Subscriber, ending: str
) -> None:
    feed = f"bridge-{ending}"
    told.api("POST", "/api/v1/articles", {"slug": feed, "headline": "The bridge", "live": True})
    topic = subscriber.subscribe(f"{told.url}/feeds/{feed}.{ending}")
    assert topic == f"{told.url}/feeds/{feed}.{ending}"
    eventually(lambda: subscriber.verified)

    update = told.publish("The bridge is open", feed)
    eventually(lambda: subscriber.received and texts(subscriber.received[-1]) == ["<p>The bridge is open</p>"])
    first = subscriber.received[-1]
    told.api("PATCH", f"/api/v1/updates/{update['id']}", {"body": "The bridge is closed", "revision": 1})
    eventually(lambda: texts(subscriber.received[-1]) == ["<p>The bridge is closed</p>"])
    assert ids(subscriber.received[-1]) == ids(first)
    told.api("DELETE", f"/api/v1/updates/{update['id']}", {"reason": "It was another bridge", "notice": True})
    eventually(lambda: texts(subscriber.received[-1]) == [])
    if ending == "atom":
        (stone,) = ElementTree.fromstring(subscriber.received[-1]).findall(f"{TOMBSTONE}deleted-entry")
        assert [stone.attrib["ref"]] == ids(first)
        assert stone.findtext(f"{TOMBSTONE}comment") == "It was another bridge"


def test_a_change_of_another_process_reaches_the_hub(told: Server, hub: Hub, subscriber: Subscriber) -> None:
    subscriber.subscribe(f"{told.url}/feeds/news.atom")
    eventually(lambda: subscriber.verified)
    died = subprocess.run([sys.executable, "-c", COMMIT_AND_DIE, told.environ["FEED_DATABASE"]], cwd=ROOT)
    assert died.returncode == -signal.SIGKILL
    eventually(lambda: subscriber.received and texts(subscriber.received[-1])[0] == "<p>Committed by the dead</p>")
    with told.store() as store:
        with store.read() as db:
            bob = tokens.editor_of(db, told.token)
        writing.create(store, bob, {"slug": "quay", "headline": "The quay", "live": True})
    eventually(lambda: topics(told.url, "news", "quay") == set(hub.told()))


# Once


def test_two_workers_tell_the_hub_once(tmp_path: Path, hub: Hub) -> None:
    server = Server(tmp_path, FEED_HUB=hub.address, WEB_CONCURRENCY="2")
    server.prepare()
    server.start()
    eventually(lambda: len(server.workers()) == 2)
    for number in range(1, 6):
        server.publish(f"Number {number}")
        eventually(lambda number=number: len(hub.pings) >= 3 * number and all_told(server))  # type: ignore[misc]
    server.stop()
    assert hub.told() == dict.fromkeys(topics(server.url, "news"), 5)


def test_a_burst_is_a_ping_a_second_and_the_last_change_is_in_it(
    told: Server, hub: Hub, subscriber: Subscriber
) -> None:
    subscriber.subscribe(f"{told.url}/feeds/news.json")
    eventually(lambda: subscriber.verified)
    began = monotonic()
    for number in range(40):
        told.publish(f"Number {number}")
    eventually(lambda: all_told(told))
    took = monotonic() - began
    eventually(lambda: texts(subscriber.received[-1])[0] == "<p>Number 39</p>")
    assert set(hub.told()) == topics(told.url, "news")
    # The first at once, and the others not sooner than a second after the round before.
    assert max(hub.told().values()) <= 1 + took / telling.PAUSE_SECONDS
    atom = [at for at, topic in hub.pings if topic.endswith(".atom")]
    assert all(later - earlier >= telling.PAUSE_SECONDS for earlier, later in pairwise(atom))


def test_nothing_is_sent_or_written_while_nothing_changes(telling_site: Site, hub: Hub) -> None:
    store = telling_site.services.store
    telling_site.publish()
    assert not telling_site.services.websub.step()
    assert hub.told() == dict.fromkeys(topics(URL, "news"), 1)
    moment = store.data_version()
    assert telling_site.services.websub.step()
    telling_site.at_desk()  # a commit that changes no feed
    after = store.data_version()
    assert after != moment
    assert telling_site.services.websub.step()
    assert store.data_version() == after
    assert sum(hub.told().values()) == 3


def test_a_claim_is_one_workers_until_its_lease_is_over(telling_site: Site, hub: Hub) -> None:
    store = telling_site.services.store
    telling_site.publish()
    assert [feed.slug for feed in websub.claim(store, hub.address)] == ["news"]
    assert websub.claim(store, hub.address) == []
    assert not telling_site.services.websub.step()
    assert hub.pings == []
    store.write(lambda db: db.execute("UPDATE websub SET next_at = '2000-01-01T00:00:00.000Z'"))
    telling_site.services.websub.step()
    assert set(hub.told()) == topics(URL, "news")
    # A clock that was ahead, and set back since, does not silence the hub.
    store.write(lambda db: db.execute("UPDATE websub SET next_at = '2999-01-01T00:00:00.000Z'"))
    telling_site.publish()
    telling_site.services.websub.step()
    assert hub.told() == dict.fromkeys(topics(URL, "news"), 2)


# Whatever happened


def test_a_hub_that_was_down_is_told_when_it_is_back(tmp_path: Path) -> None:
    hub = Hub()
    server = Server(tmp_path, FEED_HUB=hub.address)
    server.prepare()
    server.start()
    server.publish("Nobody hears")
    eventually(lambda: metrics(server).get("liveline_hub_failures", 0) >= 2)
    assert metrics(server)["liveline_hub_untold"] == 1
    hub.start()
    eventually(lambda: all_told(server), within=30)
    assert hub.told() == dict.fromkeys(topics(server.url, "news"), 1)
    server.stop()
    hub.stop()
    (warning,) = warnings(server)
    assert "the hub at 127.0.0.1 could not be told" in warning
    assert "key=" not in server.log.read_text(), "the address of a hub may hold a key"
    assert "Traceback" not in server.log.read_text()


def test_kill_9_between_commit_and_ping_loses_no_ping(alone: Server, hub: Hub) -> None:
    alone.kill()
    died = subprocess.run([sys.executable, "-c", COMMIT_AND_DIE, alone.environ["FEED_DATABASE"]], cwd=ROOT)
    assert died.returncode == -signal.SIGKILL
    assert hub.pings == []
    alone.start()
    eventually(lambda: all_told(alone))
    assert hub.told() == dict.fromkeys(topics(alone.url, "news"), 1)


@pytest.mark.long
def test_kill_9_while_the_hub_is_told_loses_no_ping(tmp_path: Path, hub: Hub) -> None:
    server = Server(tmp_path, FEED_HUB=hub.address)
    server.prepare()
    server.start()
    hub.speaks.clear()
    server.publish("In the middle of it")
    eventually(lambda: hub.pings)
    (worker,) = server.workers()
    os.kill(worker, signal.SIGKILL)
    hub.speaks.set()
    before = len(hub.pings)
    eventually(lambda: set(hub.told()) == topics(server.url, "news") and all_told(server), within=30)
    assert len(hub.pings) == before + 3, "told anew by the next worker, when the lease of the dead one was over"
    server.stop()


def test_a_hub_that_never_answers_holds_up_neither_readers_nor_writers_nor_the_stop(alone: Server, hub: Hub) -> None:
    reader = Reader(alone.url)
    eventually(lambda: reader.following)
    hub.speaks.clear()
    for number in range(5):
        asked = monotonic()
        alone.publish(f"Number {number}")
        eventually(lambda number=number: reader.sees(f"Number {number}"))  # type: ignore[misc]
        assert requests.get(f"{alone.url}/feeds/news", timeout=5).ok
        assert monotonic() - asked < telling.POST_SECONDS / 2
    eventually(lambda: hub.pings)
    assert metrics(alone)["liveline_hub_untold"] == 1
    reader.close()
    began = monotonic()
    alone.stop()
    assert alone.exit_code == 0
    assert monotonic() - began < telling.POST_SECONDS, "the stop did not wait for the hub"


def test_a_hub_that_hangs_counts_as_down_and_is_told_when_it_speaks_again(told: Server, hub: Hub) -> None:
    hub.speaks.clear()
    told.publish("Nobody hears")
    eventually(lambda: metrics(told)["liveline_hub_failures"] >= 1, within=telling.POST_SECONDS + 5)
    assert len(hub.pings) == 1, "who does not answer is not asked the next thing in the same round"
    hub.speaks.set()
    eventually(lambda: all_told(told), within=20)
    assert set(hub.told()) == topics(told.url, "news")


@pytest.mark.parametrize("status", [301, 302, 307, 308, 304, 429, 408, 500, 503])
def test_what_is_no_success_is_tried_again(telling_site: Site, hub: Hub, status: int) -> None:
    """Although the hub takes the other topics."""
    hub.status = lambda topic: status if topic.endswith(".rss") else 202
    telling_site.publish()
    telling_site.services.websub.step()
    assert hub.told() == dict.fromkeys(topics(URL, "news"), 1)
    assert hub.strays == [], "a redirect is not followed"
    hub.status = lambda topic: 204
    eventually(telling_site.services.websub.step)
    assert hub.told() == dict.fromkeys(topics(URL, "news"), 2)


def test_a_topic_that_the_hub_does_not_want_keeps_no_other_waiting(telling_site: Site, hub: Hub) -> None:
    hub.status = lambda topic: 404 if topic.endswith(".json") else 200
    telling_site.publish()
    telling_site.services.websub.step()
    assert telling_site.services.websub.step(), "nothing is left to tell"
    telling_site.publish()
    eventually(telling_site.services.websub.step, within=telling.PAUSE_SECONDS + 2)
    assert hub.told() == dict.fromkeys(topics(URL, "news"), 2)


def test_a_topic_with_which_the_hub_is_in_trouble_keeps_no_other_from_being_told(telling_site: Site, hub: Hub) -> None:
    telling_site.write_article("harbour", live=True)
    hub.status = lambda topic: 500 if "harbour" in topic else 200
    telling_site.publish()
    telling_site.services.websub.step()
    assert set(hub.told()) == topics(URL, "harbour", "news")
    hub.status = lambda topic: 200
    eventually(telling_site.services.websub.step)
    assert hub.told()[f"{URL}/feeds/harbour.atom"] == 2


@pytest.mark.long
def test_a_worker_that_drains_leaves_the_hub_to_the_next_one(tmp_path: Path, hub: Hub) -> None:
    """Else it might be killed in the middle, and the next one had to wait for its lease."""
    server = Server(tmp_path, FEED_HUB=hub.address, FEED_DRAIN_SECONDS="15")
    server.prepare()
    server.start()
    readers = [connect(server) for _ in range(LET_GO + 5)]
    server.ask_to_stop()
    assert closed(readers[0])
    server.coverage("news", is_open=False)
    last = readers[-1]
    last.settimeout(4 * telling.POLL_SECONDS)
    with pytest.raises(WebSocketTimeoutException):  # this worker is still there, and has seen that
        last.recv()
    for each in readers:
        each.close()
    server.stop()
    assert hub.pings == []
    server.start()
    eventually(lambda: all_told(server))
    assert hub.told() == dict.fromkeys(topics(server.url, "news"), 1)
    server.stop()


def test_who_is_told_to_stop_in_the_middle_ends_after_that_feed_and_leaves_the_rest(
    telling_site: Site, hub: Hub
) -> None:
    telling_site.publish()
    telling_site.write_article("harbour", live=True)

    def status(topic: str) -> int:
        telling_site.services.websub.stop()
        return 200

    hub.status = status
    telling_site.services.websub.step()
    assert set(hub.told()) == topics(URL, "news")
    with application_in(telling_site.services.settings.database.parent, FEED_HUB=hub.address) as app:
        eventually(app.extensions["liveline"].websub.step, within=telling.PAUSE_SECONDS + 2)
    assert hub.told() == dict.fromkeys(topics(URL, "news", "harbour"), 1)


def test_a_hub_that_refuses_everything_is_told_once_it_takes_something(telling_site: Site, hub: Hub) -> None:
    hub.status = lambda topic: 403
    telling_site.publish()
    telling_site.services.websub.step()
    assert not telling_site.services.websub.step(), "an account that has lapsed, or a wrong address: nothing was told"
    hub.status = lambda topic: 200
    eventually(telling_site.services.websub.step)
    assert hub.told() == dict.fromkeys(topics(URL, "news"), 2)


def test_tries_are_further_and_further_apart(telling_site: Site, hub: Hub) -> None:
    store = telling_site.services.store
    telling_site.publish()

    def waits() -> float:
        websub.fail(store, hub.address, 0)
        with store.read() as db:
            current = websub.state(db, hub.address)
            assert current
            (seconds,) = db.execute(
                "SELECT (julianday(next_at) - julianday('now')) * 86400 FROM websub WHERE hub = ?", [hub.address]
            ).fetchone()
            assert not current.due
            return float(seconds)

    assert [round(waits()) for _ in range(10)] == [1, 2, 4, 8, 16, 32, 64, 120, 120, 120]


# What it is not told


def test_a_draft_is_never_named_and_is_told_of_when_it_comes_out(told: Server, hub: Hub) -> None:
    told.api("POST", "/api/v1/articles", {"slug": "secret", "headline": "A secret", "live": True, "draft": True})
    told.publish("Nobody may know", feed="secret")
    told.publish("A sign of life")
    eventually(lambda: len(hub.pings) >= 3 and all_told(told))
    assert set(hub.told()) == topics(told.url, "news")
    told.api("PATCH", "/api/v1/articles/secret", {"draft": False})
    eventually(lambda: set(hub.told()) == topics(told.url, "news", "secret") and all_told(told))
    named = hub.told()[f"{told.url}/feeds/secret.atom"]
    told.api("PATCH", "/api/v1/articles/secret", {"draft": True})
    told.publish("Nobody may know this either", feed="secret")
    told.publish("Another sign of life")
    eventually(lambda: hub.told()[f"{told.url}/feeds/news.atom"] >= 2 and all_told(told))
    assert hub.told()[f"{told.url}/feeds/secret.atom"] == named


def test_what_becomes_a_draft_while_the_hub_is_told_is_not_named_any_more(telling_site: Site, hub: Hub) -> None:
    telling_site.publish()
    telling_site.write_article("harbour", live=True)

    def status(topic: str) -> int:
        writing.edit(telling_site.services.store, "harbour", telling_site.bob, {"draft": True})
        return 200

    hub.status = status
    telling_site.services.websub.step()
    assert set(hub.told()) == topics(URL, "news")


@pytest.mark.parametrize(
    "change",
    [
        lambda site: writing.edit(site.services.store, "harbour", site.bob, {"language": "uk"}),
        lambda site: writing.edit(site.services.store, "harbour", site.bob, {"headline": "Another headline"}),
        lambda site: coverage.close(site.services.store, "harbour", None),
        lambda site: writing.edit(site.services.store, "bridge", site.bob, {"draft": False}),
        lambda site: writing.edit(site.services.store, "bridge", site.bob, {"draft": False, "live": False}),
        lambda site: writing.edit(site.services.store, "tower", site.bob, {"draft": False, "live": True}),
        lambda site: writing.edit(site.services.store, "quay", site.bob, {"live": True}),
        lambda site: site.write_article("new", live=True),
        lambda site: publishing.publish(
            site.services.store, "harbour", site.bob, {"body": "Imported"}, moment="2020-01-01T00:00:00.000Z"
        ),
    ],
)
def test_whatever_changes_a_feeds_documents_is_told(telling_site: Site, hub: Hub, change: Any) -> None:
    telling_site.write_article("harbour", live=True)
    telling_site.write_article("bridge", live=True, draft=True)
    telling_site.write_article("tower", draft=True)
    telling_site.write_article("quay")
    telling_site.publish(feed="bridge")
    eventually(telling_site.services.websub.step)
    before, known = documents(telling_site), hub.told()
    change(telling_site)
    after = documents(telling_site)
    changed = {address for address in before if before[address] != after[address]}
    eventually(telling_site.services.websub.step)
    assert changed <= set(hub.told() - known)
    assert set(hub.told()) <= {address for address in after if after[address]}


def documents(site: Site) -> dict[str, bytes]:
    """Every document of every feed, as strangers get it; empty where they get none."""
    got = {}
    for name in ("news", "harbour", "bridge", "tower", "quay", "new"):
        for address in topics("", name):
            answer = site.charlie.get(address)
            got[URL + address] = answer.data if answer.status_code == 200 else b""
    return got


@pytest.mark.long
def test_a_restore_tells_the_hub_of_every_feed_anew(alone: Server, hub: Hub, tmp_path: Path) -> None:
    alone.api("POST", "/api/v1/articles", {"slug": "harbour", "headline": "The harbour", "live": True})
    with alone.store() as store:
        backup.backup(store, tmp_path / "media", tmp_path / "backup.db")
    alone.publish("Will be lost")
    eventually(lambda: set(hub.told()) == topics(alone.url, "news", "harbour") and all_told(alone))
    before = hub.told()
    with alone.store() as store:
        backup.restore(store, tmp_path / "media", tmp_path / "backup.db")
    eventually(lambda: set(hub.told() - before) == topics(alone.url, "news", "harbour") and all_told(alone))
    alone.publish("And it goes on")
    eventually(lambda: hub.told()[f"{alone.url}/feeds/news.atom"] >= before[f"{alone.url}/feeds/news.atom"] + 2)


@pytest.mark.parametrize("lost", [False, True])
def test_a_hub_is_told_after_any_restore(telling_site: Site, hub: Hub, tmp_path: Path, lost: bool) -> None:
    """From a backup older than the hub; or into the place of a file that was lost, where ticks begin below those that
    the hub was told in another life."""
    store, media = telling_site.services.store, telling_site.services.settings.media
    telling_site.publish()
    eventually(telling_site.services.websub.step)
    if lost:
        for _ in range(2):
            backup.backup(store, media, tmp_path / "again.db")
            backup.restore(store, media, tmp_path / "again.db")
        eventually(telling_site.services.websub.step)
        backup.backup(store, media, tmp_path / "again.db")
        fresh = Store(tmp_path / "elsewhere" / "feed.db")
    else:
        store.write(lambda db: db.execute("DELETE FROM websub"))
        backup.backup(store, media, tmp_path / "again.db")
        websub.begin(store, hub.address)
        fresh = store
    backup.restore(fresh, media, tmp_path / "again.db")
    with fresh.read() as db:
        current = websub.state(db, hub.address)
        assert current
        assert current.behind
        assert current.due
        assert {feed.slug for feed in feeds.changed_since(db, current.told)} == {"news"}
    fresh.close()


def test_a_hub_that_is_new_is_told_of_what_comes_and_an_old_one_of_what_it_missed(tmp_path: Path, hub: Hub) -> None:
    with site_in(tmp_path) as site:
        site.publish("Before there was a hub")
    with application_in(tmp_path, FEED_HUB=hub.address) as app:
        eventually(app.extensions["liveline"].websub.step)
        assert hub.pings == []
    with application_in(tmp_path) as app:
        coverage.close(app.extensions["liveline"].store, "news", None)
    with application_in(tmp_path, FEED_HUB=hub.address) as app:
        eventually(app.extensions["liveline"].websub.step)
    assert hub.told() == dict.fromkeys(topics(URL, "news"), 1)


# The command line


def test_neither_the_import_nor_the_command_line_begins_a_thread(telling_site: Site, hub: Hub) -> None:
    telling_site.publish()
    done = telling_site.app.test_cli_runner().invoke(args=["db", "check"])
    assert done.output.startswith("all is well\n")
    assert "websub" not in {thread.name for thread in threading.enumerate()}
    assert hub.pings == []


# The documents


@pytest.mark.parametrize("ending", FORMATS)
def test_the_documents_and_their_heads_name_the_hub_and_the_topic(tmp_path: Path, ending: str) -> None:
    with site_in(tmp_path, FEED_HUB=ADDRESS, FEED_PUBLIC_URL="https://news.example.org") as site:
        site.write_article("harbour", live=True)
        for feed in ("news", "harbour"):
            topic = f"https://news.example.org/feeds/{feed}.{ending}"
            got = site.charlie.get(f"/feeds/{feed}.{ending}")
            again = site.charlie.get(f"/feeds/{feed}.{ending}", headers={"If-None-Match": got.headers["ETag"]})
            head = site.charlie.head(f"/feeds/{feed}.{ending}")
            assert [each.status_code for each in (got, again, head)] == [200, 304, 200]
            for each in (got, again, head):
                assert each.headers.getlist("Link") == [f'<{ADDRESS}>; rel="hub", <{topic}>; rel="self"']
            if ending == "json":
                document = json.loads(got.data)
                assert document["hubs"] == [{"type": "WebSub", "url": ADDRESS}]
                assert document["feed_url"] == topic
            else:
                links = feedparser.parse(got.data).feed.links
                assert [each.href for each in links if each.rel == "hub"] == [ADDRESS]
                assert [each.href for each in links if each.rel == "self"] == [topic]
        assert "Link" not in site.charlie.get("/feeds/nosuch.atom").headers
        assert "Link" not in site.charlie.get("/feeds/news").headers


@pytest.mark.parametrize("ending", FORMATS)
def test_without_a_hub_nothing_is_said_of_one(site: Site, ending: str) -> None:
    site.publish("Nothing about it")
    answer = site.charlie.get(f"/feeds/news.{ending}")
    assert "Link" not in answer.headers
    assert "hub" not in answer.text
    assert "_hub_" not in site.charlie.get("/metrics").text


# What is in a document


def texts(document: bytes) -> list[str]:
    """The entries' HTML."""
    if document.startswith(b"{"):
        return [item["content_html"] for item in json.loads(document)["items"]]
    return [entry.content[0].value for entry in feedparser.parse(document).entries]


def ids(document: bytes) -> list[str]:
    """The entries' ids."""
    if document.startswith(b"{"):
        return [item["id"] for item in json.loads(document)["items"]]
    return [entry.id for entry in feedparser.parse(document).entries]


def test_who_subscribed_under_an_old_address_is_told_too_and_no_draft_s_is_named(telling_site: Site, hub: Hub) -> None:
    telling_site.write_article("secret", draft=True, live=True)
    change = writing.edit
    change(telling_site.services.store, "secret", telling_site.bob, {"slug": "harbour"})
    change(telling_site.services.store, "harbour", telling_site.bob, {"draft": False})
    change(telling_site.services.store, "harbour", telling_site.bob, {"slug": "port"})
    telling_site.services.websub.step()
    assert set(hub.told()) == topics(URL, "port", "harbour")
