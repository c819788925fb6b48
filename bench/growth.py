"""Growth: publish, page and catch-up with 100, 10,000 and 1,000,000 updates in the feed.

    python bench/growth.py [--rounds 200] [--quick]

There is a server for each size, and all run at once. In each round each of them in turn publishes an update, and then
answers the article page and the catch-up of the last 20 updates. Neither is cached, because the News Feed has just
changed. So whatever slows the machine down affects all sizes. The figures are medians over one kept connection; ratios
are to the first size.
"""

import json
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from http.client import HTTPConnection
from statistics import median
from time import perf_counter
from typing import Any

from harness import Bench, Server, arguments
from servers import ARTICLE, FILLED, LIVELINE, liveline

MISSED = 20
WARM_ROUNDS = 5  # not counted


@dataclass
class Feed:
    """A server, and the seconds that its answers took, by kind of request."""

    size: int
    server: Server
    client: HTTPConnection
    epoch: str
    took: dict[str, list[float]] = field(default_factory=lambda: {"publish": [], "page": [], "catch-up": []})

    def turn(self) -> None:
        """One round."""
        update = self.server.call.update(FILLED)
        answer = self._ask("publish", 201, "POST", update.path, update.body, dict(update.headers))
        after = json.loads(answer)["version"] - MISSED
        self._ask("page", 200, "GET", f"/articles/{ARTICLE}")
        self._ask("catch-up", 200, "GET", f"/feeds/news/changes?after={after}&epoch={self.epoch}")

    def _ask(self, name: str, expected: int, *request: Any) -> bytes:
        began = perf_counter()
        self.client.request(*request)
        answer = self.client.getresponse()
        body = answer.read()
        self.took[name].append(perf_counter() - began)
        if answer.status != expected:
            raise SystemExit(f"{name}: {answer.status} {body!r}")
        return body


def main() -> None:
    """Measures and prints."""
    asked = arguments(__doc__, sizes=([100, 10_000, 1_000_000], [100, 10_000]), rounds=(200, 20))
    bench = Bench(
        f"Growth: medians of {asked.rounds} rounds, ms, and their ratio to the smallest feed.",
        "updates in the feed | publish | ratio | page | ratio | catch-up | ratio",
    )
    with ExitStack() as stack:
        feeds = [begin(bench, stack, size) for size in asked.sizes]
        for _ in range(WARM_ROUNDS + asked.rounds):
            for feed in feeds:
                feed.turn()
    for feed in feeds:
        cells = []
        for name in feed.took:
            middle, first = (median(each.took[name][WARM_ROUNDS:]) for each in (feed, feeds[0]))
            cells += [f"{middle * 1e3:.2f}", f"{middle / first:.2f}"]
        bench.row(f"{feed.size:,}", *cells)


def begin(bench: Bench, stack: ExitStack, size: int) -> Feed:
    """A server with that many updates, up until the stack ends."""
    server = stack.enter_context(bench.server(replace(LIVELINE, start=liveline(seed="many", count=size))))
    client = HTTPConnection("127.0.0.1", server.port)
    client.request("GET", "/feeds/news/changes?after=0&epoch=")
    epoch = json.loads(client.getresponse().read())["epoch"]
    client.close()  # it would not be kept until the largest feed is filled
    return Feed(size, server, client, epoch)


if __name__ == "__main__":
    main()
