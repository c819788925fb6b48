"""A reader in Python: the rule of docs/protocol.md over the official Socket.IO client, and its page."""

import json
import re
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import engineio
import requests
import socketio

from tests.pages import element, elements
from tests.waiting import eventually

# Cut as text, because the bytes of an item are what is promised; what they say, lxml reads.
_LIST = re.compile(r"<live-feed\b.*?</live-feed>", re.S)
_ITEM = re.compile(r"(?=<li\b[^>]*\bid=[\"']?update-\d)")


def updates_in(html: str, feed: str) -> dict[str, str]:
    """Returns the `<li>` of each update of that feed in a page, by DOM id, in the order of the page."""
    inner = _list_of(html, feed).rsplit("</ol>", 1)[0]
    return {item_id(li): li for li in items_in(inner)}


def _list_of(html: str, feed: str) -> str:
    for found in _LIST.findall(html):
        if element(found, "live-feed").get("feed") == feed:
            return str(found)
    raise AssertionError(f"no feed {feed} in the page")


def items_in(html: str) -> list[str]:
    """Returns the list items in a part of a feed's HTML."""
    return [li.strip() for li in _ITEM.split(html)[1:]]


def item_id(li: str) -> str:
    """Returns the DOM id of a list item."""
    return str(element(li, "li").get("id"))


class Rule:
    """The reader's rule alone: what to do with an envelope, at this version of this epoch. Its twin in the browser is
    static/js/rule.js. `put` applies changes, and `catch_up` fetches what was missed and lets `receive` have it."""

    def __init__(self, epoch: str, version: int) -> None:
        self.epoch, self.version = epoch, version
        self.reloads = 0

    def receive(self, envelope: dict[str, Any]) -> None:
        """Applies the rule to an envelope: other epoch, reload; not newer, ignore; hole, catch up; else apply all,
        version last."""
        if envelope.get("reload") or envelope["epoch"] != self.epoch:
            self.reloads += 1
        elif envelope["version"] > self.version:
            if envelope["after"] > self.version:
                self.catch_up()
                return
            self.put(envelope["changes"])
            self.version = envelope["version"]

    def followed(self, answer: dict[str, Any], asked: int) -> None:
        """Handles the answer to `follow`, which was asked at that version: other epoch or lower version, reload; else
        apply what was missed, if it came along; higher version, catch up."""
        if answer["epoch"] != self.epoch or answer["version"] < asked:
            self.reloads += 1
        elif "missed" in answer:
            self.receive(answer["missed"])
        elif answer["version"] > self.version:
            self.catch_up()

    def put(self, changes: list[dict[str, Any]]) -> None:
        """Applies them."""
        raise NotImplementedError

    def catch_up(self) -> None:
        """Fetches what was missed."""
        raise NotImplementedError


class OpenPage(Rule):
    """The state of one open page of a feed, which follows it by the rule.

    `fetch` takes a path and gives the answer's text and its Link header.
    """

    def __init__(self, feed: str, html: str, fetch: Callable[[str], tuple[str, str | None]]) -> None:
        part = _list_of(html, feed)
        said = element(part, "live-feed")
        super().__init__(str(said.get("epoch")), int(said.get("version")))
        self.feed = feed
        self.items = updates_in(html, feed)
        self.shows, self.only, self.oldest = said.get("shows"), said.get("only"), said.get("order") is not None
        older = elements(part, data_older=True)
        self.older = older[0].get("data-older") if older else None
        self.floor = _place([*self.items.values()][-1]) if self.items else None
        self._fetch = fetch

    def show_more(self) -> None:
        """Loads the next older updates, like the button Show More."""
        assert self.older
        html, link = self._fetch(self.older)
        for li in items_in(html):
            assert item_id(li) not in self.items, "shown twice"
            self.items[item_id(li)] = li
            self.floor = _place(li)
        found = re.match(r'<([^>]+)>; rel="next"', link or "")
        self.older = found[1] if found else None

    def catch_up(self) -> None:
        """Fetches what was missed."""
        text, _ = self._fetch(f"/feeds/{self.feed}/changes?after={self.version}&epoch={self.epoch}")
        self.receive(json.loads(text))

    @property
    def shown(self) -> list[str]:
        """The list items from top to bottom."""
        return sorted(self.items.values(), key=_place, reverse=not self.oldest)

    def put(self, changes: list[dict[str, Any]]) -> None:
        """Replaces, inserts or removes each change by its id."""
        for change in changes:
            self._apply(change)

    def _apply(self, change: dict[str, Any]) -> None:
        name, html = change["id"], change["html"]
        if html is None or (name in self.items and self._unwanted(html)):
            self.items.pop(name, None)
        elif name in self.items or (name.startswith("update-") and self._belongs(html)):
            self.items[name] = html

    def _unwanted(self, html: str) -> bool:
        return self.only == "key" and not html.split(">", 1)[0].count(" is-key")

    def _belongs(self, html: str) -> bool:
        """Whether a new update belongs into the loaded part of the list; older ones come with Show More."""
        assert self.shows != "older", "this reader begins at the top"
        if self.shows == "found" or self._unwanted(html):
            return False
        return not self.older or not self.floor or (_place(html) > self.floor) != self.oldest


def _place(li: str) -> tuple[str, int]:
    said = element(li, "li")
    return said.get("data-at"), int(said.get("id").rpartition("-")[2])


class _Engine(engineio.Client):
    """The client's transport, which handles messages one after the other, as a browser does. The official one starts a
    thread for each, so a busy machine may turn two around."""

    def _trigger_event(self, event: str, *args: Any, **how: bool) -> Any:
        if event == "message":
            return self.handlers[event](*args)  # what it raises fails the test
        return super()._trigger_event(event, *args, **how)


class _Client(socketio.Client):
    def _engineio_client_class(self) -> type[engineio.Client]:
        return _Engine


class Reader:
    """A reader with the official client: has the page open, follows its feed, and keeps every envelope it got. The page
    may come from another place (`pages`), as where a reader node has the socket."""

    def __init__(self, url: str, feed: str = "news", pages: str = "", **headers: str) -> None:
        self._url, self._pages = url, pages or url
        html = requests.get(f"{self._pages}/feeds/{feed}", timeout=10).text
        self.page = OpenPage(feed, html, self._fetch)
        self.envelopes: list[dict[str, Any]] = []
        self.readers: list[int] = []
        self.following = False
        self._earlier: Any = None
        self._lock = threading.Lock()
        self.client = _Client(reconnection_delay=0.05, reconnection_delay_max=0.2)
        self.client.on("connect", self.follow)
        self.client.on("updated", self._updated)
        self.client.on("readers", lambda answer: self.readers.append(answer["readers"]))
        self.client.connect(url, headers=headers, transports=["websocket"])

    def _fetch(self, path: str) -> tuple[str, str | None]:
        answer = self._ask(self._url + path)
        if answer.status_code == 503 and self._pages != self._url:  # then the proxy in front of nodes asks the writer
            answer = self._ask(self._pages + path)
        answer.raise_for_status()
        return answer.text, answer.headers.get("Link")

    def _ask(self, address: str) -> requests.Response:
        """Asks again where the connection breaks, as a page does: a worker may be killed while it answers."""
        got: list[requests.Response] = []

        def is_answered() -> bool:
            with suppress(requests.ConnectionError, requests.exceptions.ChunkedEncodingError):
                got.append(requests.get(address, timeout=10))
            return bool(got)

        eventually(is_answered)
        return got[0]

    def follow(self) -> None:
        """Sends `follow`, on every connect, and handles the answer."""
        # The official client forgets to close a socket that the server has closed.
        if self._earlier is not None:
            self._earlier.shutdown()
        self._earlier = self.client.eio.ws
        with self._lock:
            epoch, asked = self.page.epoch, self.page.version
        asks = {"feed": self.page.feed, "epoch": epoch, "version": asked}
        self.client.emit("follow", asks, callback=lambda answer: self._followed(answer, asked))

    def go_to(self, url: str) -> None:
        """Has a socket at another node, with the same page, once the one before is lost."""
        eventually(lambda: not self.client.connected)
        self._url, self._earlier = url, None
        self.client.connect(url, transports=["websocket"])

    def close(self) -> None:
        """Disconnects."""
        self.client.disconnect()

    def sees(self, *words: str) -> bool:
        """Whether the page shows updates that contain these words in this order, from the top."""
        shown = self.page.shown
        return len(shown) >= len(words) and all(word in li for word, li in zip(words, shown, strict=False))

    def _followed(self, answer: dict[str, Any], asked: int) -> None:
        with self._lock:
            assert "error" not in answer, answer
            self.following = True
            self.page.followed(answer, asked)

    def _updated(self, envelope: dict[str, Any]) -> None:
        with self._lock:
            self.envelopes.append(envelope)
            self.page.receive(envelope)
