"""A reader node in this process, and pages that follow it as a browser's do: their HTML and reloads come from the
writer, everything else from the node."""

import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any

from flask import Flask
from werkzeug.serving import make_server

from app import create_app
from feed.errors import Missing
from feed.followers.broker.node import NodeBus
from feed.followers.bus import Away, Position
from feed.web.node import Node
from tests.broker import SECRET, Broker
from tests.conftest import Site
from tests.reader import OpenPage
from tests.waiting import eventually


class OpenedPage(OpenPage):
    """A page of that feed, which was loaded from the writer and follows a node."""

    def __init__(self, site: Site, app: Flask, feed: str = "news") -> None:
        self._site = site
        self._app = app
        self._name = feed
        self.lock = threading.RLock()
        self.envelopes: list[dict[str, Any]] = []
        self.gone = self.behind = self.refused = False
        """Whether the site has no such page any more; whether a catch-up, or `follow`, has to be tried again."""
        self.load()

    def load(self) -> None:
        """Loads the page from the writer, as a reload does."""
        answer = self._site.charlie.get(f"/feeds/{self._name}", follow_redirects=True)
        self.gone = answer.status_code != 200
        if not self.gone:
            self._name = answer.request.path.rpartition("/")[2]
            reloads = getattr(self, "reloads", 0)
            super().__init__(self._name, answer.text, self._ask)
            self.reloads = self.loaded = reloads

    def settle(self, bus: NodeBus) -> None:
        """Does what a browser does a moment later: reloads, follows, tries again."""
        if self.gone or self.reloads > self.loaded:
            self.load()
            if not self.gone:
                self.follow(bus)
        elif self.refused:
            self.follow(bus)
        elif self.behind:
            self.behind = False
            self.catch_up()

    def follow(self, bus: NodeBus) -> None:
        """Sends `follow`."""
        self.refused = False
        try:
            own, slug = Position(self.epoch, self.version), bus.address(self._name)
            now = bus.position(slug, own)
            missed = bus.missed(slug, own, now)
        except Missing:
            self.reloads += 1
        except Away:
            self.refused = True
        else:
            answer: dict[str, Any] = {"epoch": now.epoch, "version": now.version}
            self.followed(answer | ({"missed": json.loads(missed)} if missed else {}), own.version)

    def receive(self, envelope: dict[str, Any]) -> None:
        """Applies the rule to an envelope that was pushed or fetched."""
        with self.lock:
            self.envelopes.append(envelope)
            super().receive(envelope)

    def catch_up(self) -> None:
        """Fetches what was missed from the node; where that cannot tell, a proxy asks the writer."""
        try:
            super().catch_up()
        except ConnectionError:
            self.behind = True

    def _ask(self, path: str) -> tuple[str, str | None]:
        answer = self._app.test_client().get(path)
        if answer.status_code == 503:
            answer = self._site.charlie.get(path)
        if answer.status_code == 404:
            self.reloads += 1
        if answer.status_code != 200:
            raise ConnectionError(path)
        return answer.text, None

    def is_current(self, bus: NodeBus) -> bool:
        """Whether it is as a page that is loaded now."""
        with self.lock:
            self.settle(bus)
            fresh = OpenedPage(self._site, self._app, self._name)
            if fresh.gone or self.gone:
                return fresh.gone and self.gone
            newest = self.shown[: len(fresh.shown)] if fresh.older else self.shown  # an open page may show more
            return (self.epoch, self.version, newest) == (fresh.epoch, fresh.version, fresh.shown)


class LocalNode:
    """A node in this process. Pages join its rooms."""

    def __init__(self, site: Site, app: Flask) -> None:
        self.app = app
        self.parts: Node = app.extensions["liveline"]
        self.bus = self.parts.bus
        self.pages: list[OpenedPage] = []
        self.pushed: list[dict[str, Any]] = []
        self.ended: list[str] = []
        self._site = site
        self.bus.subscribe(self._push, self.ended.append, lambda *, committed: None)

    def open(self, feed: str = "news") -> OpenedPage:
        """A page that follows this node from now on."""
        page = OpenedPage(self._site, self.app, feed)
        assert not page.gone
        self.pages.append(page)  # it joins the room first
        page.follow(self.bus)
        return page

    def told(self) -> Mapping[str, int]:
        """The readers of each feed, as far as the writer has told."""
        with suppress(Away):
            return self.bus.readers()
        return {}

    def get(self, path: str, **headers: str) -> Any:
        """Asks the node over HTTP."""
        return self.app.test_client().get(path, headers=headers)

    def all_current(self) -> None:
        """Waits until every page is as a page that is loaded now."""
        eventually(lambda: all(page.is_current(self.bus) for page in self.pages))

    def _push(self, slug: str, envelope: dict[str, Any]) -> None:
        self.pushed.append(envelope)
        for page in self.pages:
            if page._name == slug:
                page.receive(envelope)


@contextmanager
def local_node(site: Site, broker: Broker, writer: str, *, begin: bool = True) -> Iterator[LocalNode]:
    """A node of that site. `writer` is where it can be asked over HTTP."""
    settings = {"FEED_BROKER": broker.url, "FEED_SECRET_KEY": SECRET, "FEED_ROLE": "reader", "FEED_WRITER_URL": writer}
    node = LocalNode(site, create_app(settings))
    if begin:
        node.bus.begin()
    try:
        yield node
    finally:
        node.parts.channel.close()


class Served:
    """The writer's application at an address of its own, which can be switched off."""

    def __init__(self, app: Flask) -> None:
        self.answers = True
        self.asked: list[str] = []
        self._app = app
        self._server = make_server("127.0.0.1", 0, self._answer, threaded=True)
        self.url = f"http://127.0.0.1:{self._server.port}"
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()

    def stop(self) -> None:
        """Ends it."""
        self._server.shutdown()
        self._server.server_close()

    def _answer(self, environ: dict[str, Any], start_response: Any) -> Any:
        if not self.answers:
            start_response("502 Bad Gateway", [])
            return []
        self.asked.append(environ["PATH_INFO"])
        return self._app(environ, start_response)
