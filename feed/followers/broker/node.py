"""The bus of a reader node's worker. It has no database: all it knows comes from the broker or from the writer."""

import logging
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from time import monotonic

from redis import RedisError

from feed import repeats
from feed.errors import Missing
from feed.followers.broker.connection import connect
from feed.followers.broker.fallback import Fallback
from feed.followers.broker.followed import Followed, FollowedFeeds
from feed.followers.broker.reports import Reporter
from feed.followers.broker.seal import Seal
from feed.followers.broker.sources import BROKER, NONE, WRITER, Sources
from feed.followers.broker.streams import UNREADABLE, Streams, bell, stream
from feed.followers.bus import Away, Envelope, Position, Push
from feed.settings import Settings
from feed.store.receipts import Handed
from feed.store.workers import new_worker

BLOCK_SECONDS = 1.0  # that a read waits for something new; a new feed ends it at once
LOOK_SECONDS = 1.0  # between two looks at the places of all followed feeds: what a stream lost is late by so much
RETRY_SECONDS = 0.3  # after trouble with the broker
SPARE_SECONDS = 1.0  # in which a broker that has just failed is not tried again for each reader who comes
NEW_SECONDS = 1.5  # in which the relay brings a new feed; pages ask again after two at the earliest
MISSING_SECONDS = 60.0  # after which a feed that was missing may be a new one
MOST_MISSING = 1_000  # names that are remembered as missing, for strangers may ask for any

SAID = {
    BROKER: "The broker is there, and the writer relays to it: readers are live",
    WRITER: "The broker, or the writer's sign of life in it, is away: readers get what the writer answers when asked",
    NONE: "Broker and writer are away: readers keep what they have",
}

log = logging.getLogger(__name__)


class NodeBus:
    """The bus between the broker and the channel of one worker."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self.worker = new_worker()
        self._seal = Seal(settings.secret_key)
        self._bell, self._rung = bell(self.worker), "0-0"
        client = connect(settings.broker)
        self.streams = Streams(client, self._seal)
        self._reading = Streams(connect(settings.broker, BLOCK_SECONDS), self._seal)
        self._reporter = Reporter(client, self._seal, self.worker)
        self.feeds = FollowedFeeds()
        self.sources = Sources()
        self._fallback = Fallback(settings.writer_url, self.sources, self.feeds)
        self._watching = threading.Lock()  # a crowd that comes for a feed asks once
        self._spare_until = 0.0
        self._missing: dict[str, float] = {}
        """When somebody asked first for a feed that does not exist here, by its slug."""
        self._used, self._cut_off = BROKER, False
        self.cut: Callable[..., None] = lambda *, cut: None
        """Called with cut=True when this worker has been without any news for long, and cut=False when that is over."""
        self._stopped = threading.Event()
        self._threads: list[threading.Thread] = []

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

    def wake(self) -> None:
        """See Bus. The broker wakes a node."""

    def begin(self) -> None:
        """See Bus."""
        self.start()

    def start(self) -> None:
        """See Bus."""
        if not self._threads:
            self._threads = [
                threading.Thread(target=run, name=name, daemon=True)
                for run, name in ((self._read_on, "streams"), (self._look_on, "places"))
            ]
            for each in self._threads:
                each.start()

    def drain(self) -> None:
        """See Bus. Nothing here is taken over."""

    def stop(self) -> None:
        """See Bus."""
        self._stopped.set()
        self._ring()
        for each in self._threads:
            each.join()
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
                self._ring()
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
        if monotonic() < self._spare_until:
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
            if feed.heard >= asked:
                return
            if self.sources.away:
                self._fallback.take(feed.slug, monotonic(), self._fallback.ask(feed.slug, feed.position))
            elif monotonic() < self._spare_until:
                raise Away
            else:
                with self._away():
                    self.look([feed.slug])
            if feed.heard < asked:  # the broker may be behind the writer
                raise Away

    # What the broker tells

    def _read_on(self) -> None:
        while not self._stopped.is_set():
            try:
                self.read(BLOCK_SECONDS)
            except RedisError as error:
                self._trouble(error)
                self._stopped.wait(RETRY_SECONDS)
            except Exception as error:
                repeats.say(f"what came from the broker could not be pushed: {error}", error)
                self._stopped.wait(RETRY_SECONDS)

    def read(self, seconds: float) -> None:
        """Waits up to that long for entries of the followed feeds' streams, and pushes them. Raises RedisError."""
        found = self._reading.read({**self.feeds.cursors(), self._bell: self._rung}, round(seconds * 1000))
        self.sources.read()
        if rung := found.pop(self._bell, None):
            self._rung = rung[-1].id
        if begun := self.feeds.take(found):
            self.look(begun)

    def _look_on(self) -> None:
        pause = 0.0
        while not self._stopped.wait(pause):
            pause = LOOK_SECONDS
            try:
                self.look([each.slug for each in self.feeds.all()])
            except RedisError as error:
                self._trouble(error)
                pause = RETRY_SECONDS
            except Exception as error:
                repeats.say(f"the places in the broker could not be used: {error}", error)
            try:
                if self.sources.away:
                    self._fallback.round()
            except Exception as error:
                repeats.say(f"what the writer answered could not be used: {error}", error)
            self._tell_of_changes()

    def _tell_of_changes(self) -> None:
        if (used := self.sources.used) != self._used:
            self._used = used
            log.warning(SAID[used])
        if (cut := self.sources.cut_off) != self._cut_off:
            self._cut_off = cut
            self.cut(cut=cut)

    def look(self, slugs: Sequence[str]) -> None:
        """Compares these feeds with their places in the broker, and pushes what their streams did not give. Raises
        RedisError."""
        began, before = monotonic(), self.feeds.cursors().keys()
        alive, complete, places = self.streams.look(slugs)
        self.sources.looked(alive=alive, complete=complete)
        if not (alive and complete):
            return  # the places may be behind the writer, and behind what it has told us itself
        for slug, place in zip(slugs, places, strict=True):
            if place is UNREADABLE:
                continue
            known = self.feeds.known(slug)
            if known and place and place.epoch == known.epoch and place.version > known.version:
                self.feeds.take({stream(slug, known.epoch): self.streams.after(slug, *known)})
            self.feeds.settle(slug, place, began)
        if not self.feeds.cursors().keys() <= before:
            self._ring()

    def _ring(self) -> None:
        """Ends the read that waits, so that it goes on with another stream at once. If it cannot, the next one does."""
        with suppress(RedisError):
            self.streams.ring(self.worker)

    def _trouble(self, error: RedisError) -> None:
        self._spare_until = monotonic() + SPARE_SECONDS
        reason = str(error).rstrip(".")
        repeats.say(f"the broker cannot be used: {reason}. Readers keep what they have; trying again")

    @contextmanager
    def _away(self) -> Iterator[None]:
        try:
            yield
        except RedisError as error:
            self._trouble(error)
            raise Away from error
