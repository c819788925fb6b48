"""What a reader node answers over HTTP, and on the command line."""

import subprocess
from pathlib import Path

import pytest

from app import create_app
from tests.broker import SECRET, Broker
from tests.conftest import Site
from tests.node.local import LocalNode, Served, local_node
from tests.server import BIN, ROOT
from tests.waiting import eventually

NODE = {"FEED_ROLE": "reader", "FEED_SECRET_KEY": SECRET, "FEED_PUBLIC_URL": "https://news.example.org"}
GZIP = {"Accept-Encoding": "gzip"}


def test_a_catch_up_is_answered_as_by_the_writer(site: Site, local: LocalNode) -> None:
    page = local.open()
    first = site.publish("One " * 200)
    site.publish("Two")
    site.retract(first)
    local.all_current()
    asked = [f"after={after}&epoch={page.epoch}" for after in range(4)]
    for query in (*asked, "after=1&epoch=another", "after=x", "", "after=1", "after=2&utm_source=x"):
        path = f"/feeds/news/changes?{query}"
        mine, its = local.get(path, **GZIP), site.charlie.get(path, headers=GZIP)
        assert (mine.status_code, mine.data) == (its.status_code, its.data), query
        assert mine.headers.pop("X-Request-ID") != its.headers.pop("X-Request-ID")
        assert dict(mine.headers) == dict(its.headers), query
    path = f"/feeds/news/changes?{asked[0]}"
    tag = {"If-None-Match": local.get(path, **GZIP).headers["ETag"], **GZIP}
    assert local.get(path, **tag).status_code == 304
    head = local.app.test_client().head(path)
    assert (head.status_code, head.data) == (200, b"")
    for path in ("/feeds/nothing/changes?after=1", "/feeds/%00/changes?after=0", "/feeds/:complete/changes?after=0"):
        assert local.get(path).data == site.charlie.get(path).data
        assert local.get(path).status_code == 404


def test_a_crowd_that_comes_back_is_answered_once_and_never_from_before_a_push(
    site: Site, local: LocalNode, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = local.open()
    wrong = site.publish("Wrong")
    local.all_current()
    path = f"/feeds/news/changes?after=0&epoch={page.epoch}"
    asked = []
    missed = local.parts.catch_up.missed
    monkeypatch.setattr("feed.followers.broker.catch_up.CatchUp.missed", lambda _, *of: asked.append(of) or missed(*of))
    assert {local.get(path).data for _ in range(5)} == {site.charlie.get(path).data}
    assert len(asked) <= 2, "a second may end in between"
    site.retract(wrong)
    eventually(lambda: page.version == 2)
    assert local.get(path).json["changes"][0]["html"] is None


def test_a_page_that_is_ahead_is_sent_to_the_writer(site: Site, local: LocalNode) -> None:
    page = local.open()
    ahead = local.get(f"/feeds/news/changes?after=7&epoch={page.epoch}")
    assert (ahead.status_code, ahead.headers["Retry-After"]) == (503, "2")
    assert ahead.content_type == "application/problem+json"


@pytest.mark.parametrize("path", ["/", "/articles/harbour", "/desk/", "/api/v1/feeds/news/updates", "/feeds/news"])
def test_what_a_node_does_not_have_is_said_in_one_sentence(local: LocalNode, path: str) -> None:
    for answer in (local.get(path), local.app.test_client().post(path, headers={"Sec-Fetch-Site": "same-origin"})):
        assert answer.status_code == 404
        assert answer.text == "This is a reader node, which has no pages: they are at the writer.\n"
        assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
        assert "Set-Cookie" not in answer.headers


def test_a_node_takes_no_more_from_strangers_than_the_writer(local: LocalNode) -> None:
    client = local.app.test_client()
    assert client.post("/feeds/news/changes", headers={"Sec-Fetch-Site": "cross-site"}).status_code == 403
    refused = client.post("/feeds/news/changes")
    assert (refused.status_code, set(refused.allow)) == (405, {"GET", "HEAD", "OPTIONS"})
    assert client.get("/feeds/news/changes?after=1&epoch=%ED%A0%80").status_code == 400
    foreign = client.get("/socket.io/?EIO=4&transport=websocket", headers={"Origin": "https://else.example"})
    assert foreign.status_code == 403


def test_a_node_makes_no_file_and_says_what_it_follows(tmp_path: Path, broker: Broker) -> None:
    for name in ("app.py", "gunicorn.conf.py", "feed"):
        (tmp_path / name).symlink_to(ROOT / name)
    before = sorted(tmp_path.rglob("*"))
    address = broker.url.replace("redis://", "redis://:hush@")
    environ = {**NODE, "FEED_BROKER": address, "PORT": "1", "PATH": str(BIN), "PYTHONDONTWRITEBYTECODE": "1"}

    def flask(*words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run([BIN / "flask", *words], cwd=tmp_path, env=environ, capture_output=True, text=True)

    refused = flask("db", "backup", "copy.db", "--force")
    assert refused.returncode == 1
    assert "this is a reader node (FEED_ROLE=reader), which has no database" in refused.stderr
    started = subprocess.run(
        [BIN / "flask", "start"], cwd=tmp_path, env={**environ, "PORT": "0", "GUNICORN_CMD_ARGS": "--check-config"},
        capture_output=True, text=True,
    )  # fmt: skip
    assert started.returncode == 0, started.stderr
    assert "reader node of https://news.example.org" in started.stdout
    assert f"It follows redis://127.0.0.1:{broker.port}/0" in started.stdout
    assert "hush" not in started.stdout + started.stderr
    assert sorted(tmp_path.rglob("*")) == before


def test_a_node_needs_its_broker_and_its_key() -> None:
    for missing in ("FEED_BROKER", "FEED_SECRET_KEY"):
        environ = {**NODE, "FEED_BROKER": "redis://127.0.0.1:1", missing: ""}
        with pytest.raises(SystemExit, match=missing):
            create_app(environ)


def test_readers_of_a_node_are_counted_by_the_writer(site: Site, broker: Broker, served: Served) -> None:
    with local_node(site, broker, served.url) as local:
        eventually(lambda: local.bus.sources.ready)
        writing_worker = site.services.channel._bus
        local.bus.report({"news": 3})
        eventually(lambda: writing_worker.readers() == {"news": 3})
        eventually(lambda: local.told() == {"news": 3})
        local.bus.report({})
        eventually(lambda: writing_worker.readers().get("news", 0) == 0)


def test_a_node_says_what_it_counts(local: LocalNode) -> None:
    local.open()
    told = local.get("/metrics").text
    for line in ("liveline_worker_sockets 0.0", "liveline_node_feeds 1.0", "liveline_node_forged_total 0.0"):
        assert f"\n{line}\n" in told
    assert 'liveline_node_source{source="broker"} 1.0' in told
    assert 'liveline_node_source{source="writer"} 0.0' in told
