"""What a reader node answers over HTTP: the catch-up of the feeds, and what operators ask. Pages are at the writer.

A node has no database and no desk, and looks up no session.
"""

from dataclasses import dataclass
from pathlib import Path
from time import monotonic
from traceback import extract_tb
from typing import Any, NamedTuple, cast

from flask import Blueprint, Flask, Response, current_app, jsonify, redirect, request, url_for
from jinja2 import Environment
from werkzeug.exceptions import BadRequest, HTTPException
from werkzeug.wrappers import Response as BaseResponse

from feed import repeats
from feed.errors import Missing
from feed.followers.broker.catch_up import CatchUp, Moved
from feed.followers.broker.node import NodeBus
from feed.followers.bus import Away, Position
from feed.live.channel import Channel
from feed.settings import Settings
from feed.web import catch_ups, shown_metrics
from feed.web.cache import cache_while_current, reads
from feed.web.problems import NOTHING, problem

CATCH_UP_SECONDS = 1  # for which caches may keep a catch-up, as at the writer
AWAY_SECONDS = 2  # Retry-After of what only the writer can tell just now: a proxy in front asks that at once
CATCH_UP = "/changes"  # ends the addresses that programs read
NO_PAGES = "This is a reader node, which has no pages: they are at the writer."
PLAIN = {"Content-Type": "text/plain; charset=utf-8", "Cache-Control": "no-store"}

pages = Blueprint("node", __name__)


@dataclass(frozen=True)
class Node:
    """The parts of a node's application, made by create_app()."""

    settings: Settings
    bus: NodeBus
    channel: Channel
    catch_up: CatchUp

    def begin(self, pages: Environment) -> None:
        """Begins to follow the broker. `pages` are the templates, of which a node uses none."""
        self.channel.begin()

    def drain(self) -> None:
        """Closes the readers' sockets over the drain window."""
        self.channel.drain()


def node() -> Node:
    """The parts of the node that answers this request."""
    return cast(Node, current_app.extensions["liveline"])


class Kept(NamedTuple):
    """What a kept answer depends on: its age, and where its feed was as far as this worker follows it."""

    made: float
    slug: str
    position: Position | None


class Answers:
    """Knows which kept answers may be given again: none that is older than a second, or than a push to readers."""

    def __init__(self, bus: NodeBus) -> None:
        self._bus = bus

    def is_current(self, stamp: Kept) -> bool:
        """Whether an answer may be given again."""
        fresh = monotonic() - stamp.made < CATCH_UP_SECONDS
        return fresh and not self._bus.sources.away and self._bus.feeds.known(stamp.slug) == stamp.position


@pages.get("/feeds/<slug>/changes")
@reads("after", "epoch")
def catch_up(slug: str) -> Response:
    """What an open page missed after a version of an epoch: the envelope, or the instruction to reload."""
    after = request.args.get("after", "")
    if not after.isdecimal() or len(after) > 15:
        raise BadRequest("Write after=VERSION, a whole number.")
    cache_while_current(Kept(monotonic(), slug, node().bus.feeds.known(slug)))
    answer = node().catch_up.missed(slug, Position(request.args.get("epoch", ""), int(after)))
    catch_ups.count(answer)
    response = jsonify(answer)
    response.headers["Cache-Control"] = f"public, max-age={CATCH_UP_SECONDS}"
    return response


@pages.get("/healthz")
def alive() -> tuple[str, int, dict[str, str]]:
    """Answers whenever the process runs."""
    return "alive\n", 200, PLAIN


@pages.get("/readyz")
def ready() -> tuple[str, int, dict[str, str]]:
    """Answers 200 when readers who come are told where their feeds are, else 503 with the reason."""
    if node().channel.draining:
        return "draining\n", 503, PLAIN
    if not node().bus.sources.ready:
        return "neither the broker nor the writer answers\n", 503, PLAIN
    return f"ready; news come from: {node().bus.sources.used}\n", 200, PLAIN


@pages.get("/metrics")
def metrics() -> tuple[bytes, int, dict[str, str]]:
    """Metrics for Prometheus, of all workers of this machine."""
    return shown_metrics.answer(node().channel)


def install(app: Flask) -> None:
    """Installs the views and the answers to errors."""
    app.register_blueprint(pages)
    app.register_error_handler(Missing, lambda _: problem(404, NOTHING))
    app.register_error_handler(Moved, _moved)
    app.register_error_handler(Away, _away)
    app.register_error_handler(HTTPException, _http)
    app.register_error_handler(Exception, _bug)


def _moved(error: Moved) -> BaseResponse:
    query = request.query_string.decode("latin-1")
    return redirect(url_for("node.catch_up", slug=error.slug) + (f"?{query}" if query else ""), 301)


def _away(_: Away) -> Response:
    return problem(503, "Only the writer can answer this just now.", {"Retry-After": str(AWAY_SECONDS)})


def _http(error: HTTPException) -> Any:
    if error.code is None or error.code < 400:
        return error
    headers = {name: value for name, value in error.get_headers() if name == "Allow"}
    if request.path.endswith(CATCH_UP):
        return problem(error.code, NOTHING if error.code == 404 else error.description or error.name, headers)
    sentence = NO_PAGES if error.code == 404 else error.name
    return f"{sentence}\n", error.code, {**PLAIN, **headers}


def _bug(error: Exception) -> Any:
    *_, last = extract_tb(error.__traceback__)
    repeats.say(f"bug at {request.path}, {Path(last.filename).name} line {last.lineno}: {type(error).__name__}", error)
    return problem(500, "Something went wrong on our side.")
