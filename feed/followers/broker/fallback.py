"""While the broker cannot be used: asks the writer for what readers of this node missed, and pushes that."""

import threading
from random import Random
from time import monotonic

from feed import repeats
from feed.followers.broker.followed import FollowedFeeds, hole
from feed.followers.broker.origin import Answer, NoAnswer, Origin
from feed.followers.broker.sources import Sources
from feed.followers.bus import Away, Position
from feed.store.feeds import NEWS

ROUND_SECONDS = 2.0  # between two rounds of questions, on average; a round takes no longer either
MOST_A_ROUND = 100  # questions: 50 a second of each worker. With more feeds each is asked for less often
MOST_ASKS = 20  # questions a second for readers who come to feeds that nobody here follows
SPARE_SECONDS = 1.0  # in which a writer that has just failed is not asked again for each reader who comes


class Fallback:
    """Asks the writer at that address about these feeds. Thread-safe."""

    def __init__(self, address: str, sources: Sources, feeds: FollowedFeeds) -> None:
        self._origin = Origin(address)
        self._address = address
        self._sources = sources
        self._feeds = feeds
        self._lock = threading.Lock()  # the origin takes one question at a time
        self._chance = Random()  # noqa: S311 - no secret
        self._next_round = 0.0
        self._asks, self._asks_since = 0, 0.0
        self._spare_until = 0.0

    def round(self) -> None:
        """Asks for each followed feed, if it is time, those first that were asked for least lately. Without followed
        feeds it is only asked whether the writer is there."""
        if monotonic() < self._next_round:
            return
        self._next_round = monotonic() + ROUND_SECONDS * self._chance.uniform(0.75, 1.25)
        until = monotonic() + ROUND_SECONDS
        feeds = sorted(self._feeds.all(), key=lambda each: each.polled)[:MOST_A_ROUND]
        try:
            if not feeds:
                self._ask(NEWS, Position("", 0))
            for feed in feeds:
                asked = feed.polled = monotonic()
                if asked > until:
                    return
                self.take(feed.slug, asked, self._ask(feed.slug, feed.position))
        except NoAnswer as error:
            repeats.say(f"the writer at {self._address} does not answer: {error}")

    def ask(self, slug: str, own: Position) -> Answer:
        """Asks for a reader who has come, unless too many have. Raises Away."""
        if monotonic() - self._asks_since > 1.0:
            self._asks_since, self._asks = monotonic(), 0
        self._asks += 1
        if self._asks > MOST_ASKS or monotonic() < self._spare_until:
            raise Away
        try:
            return self._ask(slug, own)
        except NoAnswer as error:
            self._spare_until = monotonic() + SPARE_SECONDS
            raise Away from error

    def take(self, slug: str, asked: float, answer: Answer) -> None:
        """Pushes what the writer answered when it was asked at that moment."""
        if answer.gone:
            self._feeds.settle(slug, None, asked)
        else:
            self._feeds.deliver(slug, answer.envelope or hole(slug, *answer.position), asked)

    def close(self) -> None:
        """Closes the connection to the writer."""
        with self._lock:
            self._origin.close()

    def _ask(self, slug: str, own: Position) -> Answer:
        with self._lock:
            answer = self._origin.ask(slug, own)
        self._sources.writer_answered()
        return answer
