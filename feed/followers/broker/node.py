"""The bus of a reader node's worker. It has no database: all it knows comes from the broker or from the writer."""

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from time import monotonic

from redis import RedisError

from feed import metrics
from feed.errors import Missing
from feed.followers.broker.connection import connect
from feed.followers.broker.fallback import Fallback
from feed.followers.broker.followed import Followed, FollowedFeeds
from feed.followers.broker.reading import Reading
from feed.followers.broker.reports import Reporter
from feed.followers.broker.seal import Seal
from feed.followers.broker.sources import BROKER, NONE, WRITER, Sources
from feed.followers.broker.streams import UNREADABLE, merged
from feed.followers.bus import NOT_NOW, Away, Envelope, Position, Push
from feed.followers.missed import Missed
from feed.settings import Settings
from feed.store.receipts import Handed
from feed.store.workers import new_worker

SPARE_SECONDS = 1.0  # in which a broker that has just failed is not tried again for each reader who comes
NEW_SECONDS = 1.5  # in which the relay brings a new feed; pages ask again after two at the earliest
MISSING_SECONDS = 60.0  # after which a feed that was missing may be a new one
MOST_MISSING = 1_000  # names that are remembered as missing, for strangers may ask for any

FEEDS = metrics.total("liveline_node_feeds", "Feeds whose streams workers read.")
FORGED = metrics.counter("liveline_node_forged", "What was found in the broker and no process of ours has written.")
SOURCE = metrics.total("liveline_node_source", "Workers, by where their news come from.", ["source"])


class NodeBus:
    """The bus between the broker and the channel of one worker."""

    def __init__(self, settings: Settings) -> None:
        self.worker = new_worker()
        self._seal = Seal(settings.secret_key)
        self.feeds = FollowedFeeds()
        self.sources = Sources()
        self._fallback = Fallback(settings.writer_url, self.sources, self.feeds)
        self.reading = Reading(settings, self._seal, self.worker, self.feeds, self.sources, self._fallback)
        self.streams = self.reading.streams
        self._missed = Missed(self._make, NOT_NOW)
        self._reporter = Reporter(connect(settings.broker), self._seal, self.worker)
        self._watching = threading.Lock()  # a crowd that comes for a feed asks once
        self._missing: dict[str, float] = {}
        """When somebody asked first for a feed that does not exist here, by its slug."""
        self._forged = 0
        """How many of the forged were counted in the metrics."""

    @property
    def forged(self) -> int:
        """How much in the broker was not written by a process of ours."""
        return self._seal.forged

    def subscribe(self, push: Push, end: Callable[[str], None], look: Callable[..., None]) -> None:
        """See Bus. There is one subscriber, the channel. A node has no sessions of editors to look after."""
        self.feeds.push, self.feeds.end = push, end

    def address(self, slug: str) -> str:
        """See Bus."""
        if self.feeds.join(slug):
            return slug
        with suppress(Missing):
            return self._begin(slug)
        return slug

    def position(self, slug: str, own: Position | None = None) -> Position:
        """See Bus."""
        asked = monotonic()
        try:
            feed = self._follow(slug)
        except Missing:
            if own and self._may_come(slug):
                raise Away from None
            raise
        if own and own.epoch != feed.position.epoch:
            self._look_again(feed, asked)
            feed = self._follow(slug)
        found = feed.position
        return own if own and own.epoch == found.epoch and own.version > found.version else found

    def missed(self, slug: str, own: Position, now: Position) -> str | None:
        """See Bus. It comes from the stream, as long as that can be used and goes back so far."""
        return None if self.sources.away else self._missed.since(slug, own, now)

    def publish(self, slug: str, envelope: Envelope) -> None:
        """See Bus. Only the writer publishes."""
        raise NotImplementedError

    def report(self, readers: Mapping[str, int]) -> None:
        """See Bus."""
        self.feeds.keep(readers)
        with self._away():
            self._reporter.report(readers)

    def readers(self) -> Mapping[str, int]:
        """See Bus."""
        with self._away():
            totals = self._reporter.totals()
        if not totals:  # the writer has told none for a while: the last ones are better
            raise Away
        return totals

    def handed(self, handed: Sequence[Handed]) -> None:
        """See Bus."""
        with self._away():
            self._reporter.handed(handed)

    def measure(self) -> None:
        """See Bus."""
        FEEDS.set(len(self.feeds.all()))
        FORGED.inc(self.forged - self._forged)
        self._forged = self.forged
        for source in (BROKER, WRITER, NONE):
            SOURCE.labels(source).set(source == self.sources.used)

    def wake(self) -> None:
        """See Bus. The broker wakes a node."""

    def begin(self) -> None:
        """See Bus."""
        self.start()

    def start(self) -> None:
        """See Bus."""
        self.reading.start()

    def drain(self) -> None:
        """See Bus. Nothing here is taken over."""

    def stop(self) -> None:
        """See Bus."""
        self.reading.stop()
        self._fallback.close()

    # What readers are told

    def _follow(self, slug: str) -> Followed:
        """The feed, which is followed from now on. Raises Missing, Away."""
        feed = self.feeds.join(slug)
        if feed is None and self._begin(slug) == slug:
            feed = self.feeds.join(slug)
        if feed is None:
            raise Missing(slug)
        return feed

    def _make(self, slug: str, own: Position) -> Envelope | None:
        """What follows that position in the stream, if that is all. Raises Away."""
        if monotonic() - self.reading.failed < SPARE_SECONDS:
            raise Away
        with self._away():
            return merged(self.streams.after(slug, *own), own.version)

    def _may_come(self, slug: str) -> bool:
        """Whether a feed that does not exist here may be so new that the relay has not brought it: somebody has its
        page. After a while without it, it is gone."""
        now = monotonic()
        if len(self._missing) > MOST_MISSING:
            self._missing.clear()
        since = self._missing.get(slug, 0.0)
        if now - since > MISSING_SECONDS:
            self._missing[slug] = since = now
        return now - since < NEW_SECONDS

    def _begin(self, slug: str) -> str:
        """Follows that feed, and returns its slug; if it has another one now, returns that and follows nothing. Raises
        Missing, Away."""
        if slug.startswith(":"):  # no slug, but a name of ours in the broker
            raise Missing(slug)
        with self._watching:
            if self.feeds.join(slug):
                return slug
            now, position = self._find(slug)
            if now == slug:
                self.feeds.begin(slug, position)
                self.reading.ring()
            return now

    def _find(self, slug: str) -> tuple[str, Position]:
        """What the feed that has or had that slug is called now, and where it is. Raises Missing, Away."""
        if self.sources.away:
            with suppress(Away):  # then the broker may still know it: nothing is committed while the writer is away
                return self._find_at_writer(slug)
        return self._find_in_broker(slug)

    def _find_at_writer(self, slug: str) -> tuple[str, Position]:
        answer = self._fallback.ask(slug, Position("", 0))
        if answer.gone and answer.feed == slug:
            raise Missing(slug)
        return answer.feed, answer.position

    def _find_in_broker(self, slug: str) -> tuple[str, Position]:
        if monotonic() - self.reading.failed < SPARE_SECONDS:
            raise Away
        with self._away():
            alive, complete, (place,) = self.streams.look([slug])
        self.sources.looked(alive=alive, complete=complete)
        if place is UNREADABLE or (place is None and not (alive and complete)):
            raise Away
        if place is None or place.draft:
            raise Missing(slug)
        return place.feed, Position(place.epoch, place.version)

    def _look_again(self, feed: Followed, asked: float) -> None:
        """Looks where that feed is, unless that was done after the given moment: a page may be of an epoch of which
        this node does not know yet. One look serves all who wait for it. Raises Missing, Away."""
        with self._watching:
            if self._heard(feed) >= asked:
                return
            if self.sources.away:
                self._fallback.take(feed.slug, monotonic(), self._fallback.ask(feed.slug, feed.position))
            elif monotonic() - self.reading.failed < SPARE_SECONDS:
                raise Away
            else:
                with self._away():
                    self.reading.look([feed.slug])
            if self._heard(feed) < asked:  # the broker may be behind the writer
                raise Away

    def _heard(self, feed: Followed) -> float:
        """The latest moment for which it is certain where the feed was. What the broker says while the writer gives no
        sign of life is not."""
        return feed.looked if self.sources.away else feed.heard

    @contextmanager
    def _away(self) -> Iterator[None]:
        try:
            yield
        except RedisError as error:
            self.reading.trouble(error)
            raise Away from error
