"""The log has no stack trace of anything expected, and unknown clients cannot fill it."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from tests.server import Server, serving

HERE = {"Sec-Fetch-Site": "same-origin"}


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One server for this file."""
    with serving(tmp_path_factory.mktemp("quiet")) as running:
        yield running


class Written:
    """What a server writes to its log from here on."""

    def __init__(self, server: Server) -> None:
        self._path: Path = server.log
        self._before = len(self._path.read_text())

    def lines(self) -> list[str]:
        """The new lines."""
        return self._path.read_text()[self._before :].splitlines()


def api(server: Server, method: str, path: str, body: object = None, **headers: str) -> int:
    """The status of an editor's call. `body` may be JSON as text."""
    sent = {"Authorization": f"Bearer {server.token}", "Content-Type": "application/json", **headers}
    data = body if isinstance(body, str) or body is None else json.dumps(body)
    return requests.request(method, server.url + path, data=data, headers=sent, timeout=20).status_code


def test_what_an_editor_is_refused_leaves_no_stack_trace(shared: Server) -> None:
    one, gone = shared.publish("One"), shared.publish("Gone")
    updates, one_path, gone_path = "/api/v1/feeds/news/updates", *(f"/api/v1/updates/{u['id']}" for u in (one, gone))
    assert api(shared, "DELETE", gone_path) == 200
    assert api(shared, "PATCH", one_path, {"body": "Two", "revision": 1}) == 200
    written = Written(shared)
    refused = [
        (api(shared, "PATCH", one_path, {"body": "Three", "revision": 1}), 409),
        (api(shared, "DELETE", gone_path), 410),
        (api(shared, "PATCH", gone_path, {"body": "x", "revision": 1}), 410),
        (api(shared, "PATCH", "/api/v1/updates/999", {"body": "x", "revision": 1}), 404),
        (api(shared, "POST", "/api/v1/feeds/nothing/updates", {"body": "x"}), 404),
        (api(shared, "POST", updates, {"body": ""}), 422),
        (api(shared, "POST", updates, {"body": "x", "unknown": 1}), 422),
        (api(shared, "POST", updates, {"body": "A"}, **{"Idempotency-Key": "k"}), 201),
        (api(shared, "POST", updates, {"body": "B"}, **{"Idempotency-Key": "k"}), 422),
        (api(shared, "POST", "/api/v1/articles", {"slug": "news", "headline": "x"}), 422),
        (api(shared, "POST", "/api/v1/articles", {"slug": "a b"}), 422),
        (api(shared, "POST", updates, "{"), 400),
    ]
    assert [status for status, _ in refused] == [expected for _, expected in refused]
    assert written.lines() == []


def test_a_strangers_throttled_sign_ins_are_not_written_down_each(shared: Server) -> None:
    written = Written(shared)
    wrong = {"name": "bob", "password": "wrong"}
    answers = [requests.post(f"{shared.url}/desk/sign-in", wrong, headers=HERE, timeout=20) for _ in range(30)]
    assert {answer.status_code for answer in answers} == {403, 429}
    assert written.lines() == []
