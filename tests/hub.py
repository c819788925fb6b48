"""A small real WebSub hub and a subscriber (www.w3.org/TR/websub), each an HTTP server of its own on 127.0.0.1."""

import hashlib
import hmac
import secrets
import threading
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from time import monotonic
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import requests

from tests.server import free_port

Answer = tuple[int, dict[str, str], str]
TIMEOUT_SECONDS = 10
LEASE_SECONDS = 3600


class Listening:
    """Base of hub and subscriber: a server whose port stays the same when it is stopped and started again."""

    def __init__(self) -> None:
        self._port = free_port()
        self._server: ThreadingHTTPServer | None = None
        self.address = f"http://127.0.0.1:{self._port}/{secrets.token_hex(4)}?key=a%20b&c=d"

    def start(self) -> None:
        """Starts to listen."""
        listening = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                self._answer(*listening.asked(self.path, dict(parse_qsl(urlsplit(self.path).query))))

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                answer = listening.sent(self.path, dict(self.headers.items()), body)
                if answer is not None:
                    self._answer(*answer)

            def _answer(self, status: int, headers: dict[str, str], text: str) -> None:
                self.close_connection = True
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(text.encode())))
                self.send_header("Connection", "close")
                self.end_headers()
                self.wfile.write(text.encode())

            def log_message(self, *_: Any) -> None:
                """Not on the screen."""

        class Server(ThreadingHTTPServer):
            def handle_error(self, *_: Any) -> None:
                """Whoever asked was killed meanwhile."""

        self._server = Server(("127.0.0.1", self._port), Handler)
        self._server.daemon_threads = True
        self._server.block_on_close = False
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def stop(self) -> None:
        """Stops listening."""
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._server = None

    def asked(self, path: str, query: dict[str, str]) -> Answer:
        """Handles a GET."""
        raise NotImplementedError

    def sent(self, path: str, headers: dict[str, str], body: bytes) -> Answer | None:
        """Handles a POST; None closes the connection without an answer."""
        raise NotImplementedError


class Hub(Listening):
    """`pings` are the topics it was told of, `faults` what a publisher or subscriber did against the standard.

    `status` is what it answers to a publisher, by topic; until `speaks` is set it takes what it is sent, in silence.
    """

    def __init__(self) -> None:
        super().__init__()
        self.pings: list[tuple[float, str]] = []
        self.strays: list[str] = []
        self.faults: list[str] = []
        self.status: Callable[[str], int] = lambda topic: 202
        self.speaks = threading.Event()
        self.speaks.set()
        self._subscribers: dict[str, dict[str, str]] = {}

    def forget(self) -> None:
        """Becomes as it was at first, under the same address."""
        self.pings, self.strays, self.faults = [], [], []
        self.status = lambda topic: 202
        self.speaks.set()
        self._subscribers = {}

    def told(self) -> Counter[str]:
        """Returns how often each topic was announced."""
        return Counter(topic for _, topic in self.pings)

    def stop(self) -> None:
        super().stop()
        self.speaks.set()

    def asked(self, path: str, query: dict[str, str]) -> Answer:
        self.strays.append(path)
        return 200, {}, "Nobody should come here with a GET"

    def sent(self, path: str, headers: dict[str, str], body: bytes) -> Answer | None:
        form = dict(parse_qsl(body.decode()))
        self._check(path == self.address[self.address.index("/", 8) :], f"another address: {path}")
        self._check(headers.get("Content-Type") == "application/x-www-form-urlencoded", "no form")
        if form.get("hub.mode") == "subscribe":
            self._later(self._verify, form)
            return 202, {}, ""
        self._check(form.keys() == {"hub.mode", "hub.url"} and form["hub.mode"] == "publish", f"no ping: {form}")
        topic = form["hub.url"]
        self.pings.append((monotonic(), topic))
        self.speaks.wait()
        status = self.status(topic)
        if 200 <= status < 300:
            self._later(self._distribute, topic)
        return status, {"Location": "/elsewhere"} if 300 <= status < 400 else {}, ""

    def _verify(self, form: dict[str, str]) -> None:
        """Section 5.3: whoever wants the topic sends the challenge back."""
        challenge = secrets.token_hex(8)
        asked = {
            "hub.mode": "subscribe",
            "hub.topic": form["hub.topic"],
            "hub.challenge": challenge,
            "hub.lease_seconds": str(LEASE_SECONDS),
        }
        answer = requests.get(form["hub.callback"], params=asked, timeout=TIMEOUT_SECONDS)
        if answer.ok and answer.text == challenge:
            self._subscribers.setdefault(form["hub.topic"], {})[form["hub.callback"]] = form["hub.secret"]

    def _distribute(self, topic: str) -> None:
        """Section 7: the whole document as it is now, signed."""
        for callback, secret in self._subscribers.get(topic, {}).items():
            fetched = requests.get(topic, timeout=TIMEOUT_SECONDS)
            self._check(discovered(fetched) == (self.address, topic), f"{topic} says {fetched.headers.get('Link')}")
            headers = {
                "Content-Type": fetched.headers["Content-Type"],
                "Link": f'<{self.address}>; rel="hub", <{topic}>; rel="self"',
                "X-Hub-Signature": f"sha256={signature(secret, fetched.content)}",
            }
            requests.post(callback, fetched.content, headers=headers, timeout=TIMEOUT_SECONDS)

    def _check(self, kept: bool, fault: str) -> None:
        if not kept:
            self.faults.append(fault)

    def _later(self, work: Callable[..., None], *given: Any) -> None:
        def do() -> None:
            with suppress(requests.RequestException):  # whoever is meant has gone
                work(*given)

        threading.Thread(target=do, daemon=True).start()


class Subscriber(Listening):
    """`received` are the bodies that the hub brought; what was not signed with our secret is not among them."""

    def __init__(self) -> None:
        super().__init__()
        self.received: list[bytes] = []
        self.verified = False
        self._secret = secrets.token_hex(8)
        self._topic = ""

    def subscribe(self, address: str) -> str:
        """Subscribes at the hub that this document names, and returns the topic."""
        hub, self._topic = discovered(requests.get(address, timeout=TIMEOUT_SECONDS))
        form = {
            "hub.mode": "subscribe",
            "hub.topic": self._topic,
            "hub.callback": self.address,
            "hub.secret": self._secret,
        }
        answer = requests.post(hub, form, timeout=TIMEOUT_SECONDS)
        assert answer.status_code == 202
        return self._topic

    def asked(self, path: str, query: dict[str, str]) -> Answer:
        if query.get("hub.mode") != "subscribe" or query.get("hub.topic") != self._topic:
            return 404, {}, ""
        self.verified = True
        return 200, {}, query["hub.challenge"]

    def sent(self, path: str, headers: dict[str, str], body: bytes) -> Answer | None:
        if hmac.compare_digest(headers.get("X-Hub-Signature", ""), f"sha256={signature(self._secret, body)}"):
            self.received.append(body)
        return 204, {}, ""


def discovered(answer: requests.Response) -> tuple[str, str]:
    """Returns hub and topic from the headers of an answer (section 4)."""
    links = requests.utils.parse_header_links(answer.headers["Link"])
    named = [(link["rel"], link["url"]) for link in links]
    assert len(named) == 2, named
    return dict(named)["hub"], dict(named)["self"]


def signature(secret: str, body: bytes) -> str:
    """Returns the signature of section 8."""
    return hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
