"""Fixtures for all tests: alice (admin), bob (editor) and charlie (signed out), a site in this process, a real
server."""

import gc
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Any

import click
import hypothesis
import pytest
import websocket as websocket  # before the application, which hides it from Socket.IO: readers in tests are its clients
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.routing import Map, Rule
from werkzeug.test import TestResponse

from app import create_app
from feed.followers.tail import Tail
from feed.store import publishing, retracting, tokens, writing
from feed.store.articles import Article
from feed.store.editors import Editor
from feed.store.updates import Update
from feed.web.services import Services
from tests import processes
from tests.server import PASSWORD as PASSWORD
from tests.server import Server, put_database, serving
from tests.waiting import eventually


def pytest_configure() -> None:
    """Marks the processes of this run; pytest calls it in the main process and in each worker."""
    processes.begin()
    # Hypothesis fails an example that takes over 0.2 s, which on a busy machine any may. Each run draws other
    # examples, so a third as many as it chose find the same in a few runs, in a third of the time.
    hypothesis.settings.register_profile("untimed", parent=hypothesis.settings(), deadline=None, max_examples=33)
    hypothesis.settings.load_profile("untimed")
    make_each_rule_once()


class SharedRule(Rule):
    """A rule in the maps of several applications: it compiles for the first alone, since that depends on it alone."""

    def bind(self, map: Map, rebind: bool = False) -> None:
        if self.map is None or rebind:
            super().bind(map, rebind)


def make_each_rule_once() -> None:
    """Lets applications share their rules: to make and compile them is most of the cost of a test's application."""
    made: dict[tuple[str, str], Rule] = {}

    def rule(path: str, **options: Any) -> Rule:
        asked = (path, repr(sorted(options.items())))
        if asked not in made:
            made[asked] = SharedRule(path, **options)
        return made[asked]

    Flask.url_rule_class = staticmethod(rule)  # type: ignore[assignment]


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Puts the long tests first. With pytest-xdist each worker begins with a block of tests, and one that has done its
    block takes from those of others: so each block begins with its share of them, and no worker waits at the end."""
    long = [each for each in items if each.get_closest_marker("long")]
    others = iter([each for each in items if not each.get_closest_marker("long")])
    workers = getattr(config, "workerinput", {}).get("workercount", 1)
    size = len(items) // workers
    blocks = [long[number::workers] for number in range(workers)]
    items[:] = [each for block in blocks for each in (*block, *islice(others, max(0, size - len(block))))]
    items += others


def pytest_collection_finish() -> None:
    """Keeps the garbage collector from going through thousands of collected tests and all imported modules again and
    again, which took a fifth of the CPU time of tests in this process. What tests leave behind is still found."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(10_000, 20, 20)


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """Fails the run if a process that it started is still running."""
    if hasattr(session.config, "workerinput"):
        return
    if left := processes.still_of_this_run():
        print("\nThese processes outlived the tests, and were killed:", *processes.named(left), sep="\n")
        processes.end(left)
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


@pytest.fixture(autouse=True)
def no_process_outlives_its_test(request: pytest.FixtureRequest) -> Iterator[None]:
    """Kills what a test leaves running, and fails the test for it if it has passed."""
    before, failed = processes.before_a_test(), request.session.testsfailed
    yield
    if left := processes.still_left_since(before):
        names = processes.named(left)
        processes.end(left)
        assert request.session.testsfailed > failed, names


@dataclass
class Site:
    """An application with a database of its own, and the cast."""

    app: Flask
    services: Services
    alice: Editor
    bob: Editor
    tokens: dict[str, str]

    @property
    def charlie(self) -> FlaskClient:
        """A new browser that is signed out."""
        return self.app.test_client()

    def at_desk(self, name: str = "bob") -> FlaskClient:
        """A new browser in which that editor is signed in."""
        browser = self.app.test_client()
        answer = browser.post("/desk/sign-in", data={"name": name, "password": PASSWORD}, headers=FROM_HERE)
        assert answer.status_code == 303, answer.text
        return browser

    def api(self, method: str, path: str, body: Any = None, who: str | None = "bob", **headers: str) -> TestResponse:
        """Calls the API. `body` is sent as JSON, or unchanged if it is bytes; header names have _ for -."""
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        if who:
            sent.setdefault("Authorization", f"Bearer {self.tokens[who]}")
        data = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
        kind = "application/json" if body is not None else None
        return self.app.test_client().open(path, method=method, data=data, headers=sent, content_type=kind)

    def publish(self, body: str = "Something happened.", feed: str = "news", **more: Any) -> Update:
        """Publishes an update by bob."""
        return publishing.publish(self.services.store, feed, self.bob, {"body": body, **more})

    def edit(self, update: Update, **given: Any) -> Update:
        """Edits the update's latest revision as bob."""
        return publishing.edit(self.services.store, update.id, self.bob, given, None)

    def retract(self, update: Update, reason: str | None = None, *, notice: bool = False) -> Update:
        """Retracts an update."""
        return retracting.retract(self.services.store, update.id, {"reason": reason, "notice": notice}, None)

    def write_article(self, slug: str = "harbour", **given: Any) -> Article:
        """Creates an article by bob; `live=True` gives it a feed."""
        return writing.create(self.services.store, self.bob, {"slug": slug, "headline": f"About {slug}", **given})

    def tail(self, pushed: list[dict[str, Any]]) -> Tail:
        """A tail over this site, which appends each envelope to `pushed`."""
        services = self.services
        return Tail(
            services.store,
            services.versions,
            services.parts,
            services.render,
            lambda slug, envelope: pushed.append(envelope),
        )

    def commands(self) -> dict[str, click.Command]:
        """The commands of `flask` that are ours, by name."""
        line = self.app.cli
        context = click.Context(line)
        return {name: command for name in line.list_commands(context) if (command := line.get_command(context, name))}

    def versions(self) -> dict[str, int]:
        """Returns the version of every feed, to check that nothing was written."""
        with self.services.store.read() as db:
            return {row["slug"]: row["version"] for row in db.execute("SELECT slug, version FROM feeds")}


FROM_HERE = {"Sec-Fetch-Site": "same-origin", "Origin": "http://127.0.0.1:8000"}


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    """A site in this process; clients send a browser's headers where they matter."""
    with site_in(tmp_path) as made:
        yield made


@contextmanager
def site_in(folder: Path, **settings: str) -> Iterator[Site]:
    """A site in this process, on a new database in that folder. `settings` are further environment variables."""
    made = put_database(folder / "feed.db")
    with application_in(folder, **settings) as app:
        services: Services = app.extensions["liveline"]
        with services.store.read() as db:
            alice, bob = (_acting(tokens.editor_of(db, made[name])) for name in ("alice", "bob"))
        yield Site(app, services, alice, bob, dict(made))


def _acting(editor: Editor) -> Editor:
    """That editor, for whom a token speaks in the log, and does not limit them when it is revoked."""
    assert editor.origin
    return replace(editor, origin=replace(editor.origin, token_id=None))


@contextmanager
def application_in(folder: Path, **settings: str) -> Iterator[Flask]:
    """An application over the database in that folder."""
    app = create_app({"FEED_DATABASE": str(folder / "feed.db"), "FEED_TIMEZONE": "Europe/Berlin", **settings})
    yield app
    app.extensions["liveline"].channel.close()
    app.extensions["liveline"].readiness.close()
    app.extensions["liveline"].store.close()


@pytest.fixture
def transport() -> str:
    """The server's driver; a test file that tests both overrides this."""
    return "direct"


@pytest.fixture
def server(tmp_path: Path, transport: str) -> Iterator[Server]:
    """gunicorn as in production, on a free port and a new database, with bob's token."""
    with serving(tmp_path, FEED_TRANSPORT=transport) as running:
        yield running


@pytest.fixture(scope="module", params=["direct", "stock"])
def two_workers(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server with two workers, for what is promised of both drivers; a file's tests share it."""
    folder = tmp_path_factory.mktemp("two-workers")
    with serving(folder, WEB_CONCURRENCY="2", FEED_TRANSPORT=request.param) as running:
        eventually(lambda: len(running.workers()) == 2)
        yield running
