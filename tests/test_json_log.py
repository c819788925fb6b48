"""With FEED_LOG=json each line of the log is a JSON object, which says what it is about and nothing of readers."""

import json
import logging
import os
import signal
import threading
from pathlib import Path
from typing import Any

import gevent
import pytest
import requests
from gevent import get_hub

from feed import logs
from feed.web.request_ids import ID_BYTES
from tests.conftest import Site
from tests.server import Server, serving
from tests.waiting import eventually

READERS = {"User-Agent": "ReadersBrowser/1", "Cookie": "taste=readerscookie", "Referer": "http://readers.example/came"}


def lines(server: Server) -> list[dict[str, Any]]:
    """Every line of the log."""
    return [json.loads(line) for line in server.log.read_text().splitlines()]


def about(server: Server, request_id: str) -> dict[str, Any]:
    """The line about the request with that id, once it is there."""
    return eventually(lambda: next((line for line in lines(server) if line.get("request_id") == request_id), None))


def test_each_line_is_an_object_that_says_nothing_of_readers(tmp_path: Path) -> None:
    options = "--access-logfile - --log-level debug"
    with serving(tmp_path, FEED_LOG="json", FEED_PROXIES="1", GUNICORN_CMD_ARGS=options) as server:
        forwarded = {**READERS, "X-Forwarded-For": "203.0.113.77"}
        for path in (
            "/feeds/news?q=readerssearch",
            "/desk/first/readersinvitation",
            "/desk/invitations/readersinvitation",
        ):
            answer = requests.get(server.url + path, headers={**forwarded, "X-Request-ID": "from-proxy-1"}, timeout=9)
            assert answer.headers["X-Request-ID"] == "from-proxy-1"
        line = about(server, "from-proxy-1")
        assert (line["path"], line["status"], line["feed"], line["level"]) == ("/feeds/news", 200, "news", "info")
        assert line["time"].endswith("Z")

        made = requests.post(
            f"{server.url}/api/v1/feeds/news/updates", json={"body": "Ünique\nline"}, timeout=9,
            headers={"Authorization": f"Bearer {server.token}"},
        )  # fmt: skip
        line = about(server, made.headers["X-Request-ID"])
        assert (line["editor"], line["feed"], line["update"]) == ("bob", "news", made.json()["id"])
        edited = server.at_desk("alice").post(
            f"{server.url}/desk/updates/{made.json()['id']}/marks", {"key": "1"}, allow_redirects=False, timeout=9
        )
        line = about(server, edited.headers["X-Request-ID"])
        assert (line["editor"], line["feed"], line["update"]) == ("alice", "news", made.json()["id"])

        forged = requests.get(f"{server.url}/%E2%80%A8%22%0A", headers={"X-Request-ID": 'a" b'}, timeout=9)
        assert len(forged.headers["X-Request-ID"]) == 2 * ID_BYTES
        assert about(server, forged.headers["X-Request-ID"])["path"] == '/\u2028"\n'

        before = server.workers()
        os.kill(server.pid, signal.SIGHUP)
        eventually(lambda: not set(before) & set(server.workers()), within=30)
        answer = requests.get(f"{server.url}/", timeout=9)
        assert "editor" not in about(server, answer.headers["X-Request-ID"])
        written = server.log.read_text()
        for theirs in ("203.0.113.77", "ReadersBrowser", "readerscookie", "readerssearch", "readersinvitation", "came"):
            assert theirs not in written
        assert all({"time", "level", "message"} <= line.keys() for line in lines(server))


def test_an_id_from_a_client_is_not_taken_without_a_proxy(site: Site) -> None:
    answers = [site.charlie.get("/feeds/news", headers={"X-Request-ID": "mine"}) for _ in range(2)]
    ids = [answer.headers["X-Request-ID"] for answer in answers]
    assert "mine" not in ids
    assert ids[0] != ids[1], "a cached answer brought its own id along"


def test_what_nobody_caught_is_in_the_log(caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch) -> None:
    """gevent and Python would print it."""
    monkeypatch.setattr(threading, "excepthook", threading.excepthook)
    hub = get_hub()
    before = hub.print_exception
    logs.log_uncaught()
    try:
        gevent.spawn(lambda: 1 / 0).join()
        failing = threading.Thread(target=lambda: [][0], name="failing")
        failing.start()
        failing.join()
    finally:
        hub.print_exception = before
        logging.captureWarnings(False)
    said = [(record.getMessage(), record.exc_info[0]) for record in caplog.records if record.exc_info]
    assert said == [
        ("Nobody caught this in Greenlet", ZeroDivisionError),
        ("Nobody caught this in thread failing", IndexError),
    ]


def test_an_error_is_one_line_with_its_request(caplog: pytest.LogCaptureFixture) -> None:
    logs.begin_request("some-id")
    logs.know(editor="bob")
    try:
        raise ValueError("two\nlines")
    except ValueError:
        logging.getLogger("feed").exception("a %s", "bug")
    finally:
        text = logs.JsonFormatter().format(caplog.records[-1])
        logs.end_request()
    assert "\n" not in text
    line = json.loads(text)
    assert (line["message"], line["level"], line["request_id"], line["editor"]) == ("a bug", "error", "some-id", "bob")
    assert line["error"].endswith("ValueError: two\nlines")
