"""Reads the broker for the followed feeds of a node's worker: their streams as something comes, and their places once a
second. While the broker cannot be used, it has the writer asked."""

import logging
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from time import monotonic

from redis import RedisError

from feed import repeats
from feed.followers.broker.connection import connect
from feed.followers.broker.fallback import Fallback
from feed.followers.broker.followed import FollowedFeeds
from feed.followers.broker.seal import Seal
from feed.followers.broker.sources import BROKER, NONE, WRITER, Sources
from feed.followers.broker.streams import UNREADABLE, Streams, bell, stream
from feed.settings import Settings

BLOCK_SECONDS = 1.0  # that a read waits for something new; a new feed ends it at once
LOOK_SECONDS = 1.0  # between two looks at the places of all followed feeds: what a stream lost is late by so much
RETRY_SECONDS = 0.3  # after trouble with the broker

SAID = {
    BROKER: "The broker is there, and the writer relays to it: readers are live",
    WRITER: "The broker, or the writer's sign of life in it, is away: readers get what the writer answers when asked",
    NONE: "Broker and writer are away: readers keep what they have",
}

log = logging.getLogger(__name__)


class Reading:
    """The reading of one worker, in two threads: a read waits, and a look must not."""

    def __init__(
        self, settings: Settings, seal: Seal, worker: str, feeds: FollowedFeeds, sources: Sources, fallback: Fallback
    ) -> None:
        self._worker = worker
        self._bell, self._rung = bell(worker), "0-0"
        self.streams = Streams(connect(settings.broker), seal)
        self._waiting = Streams(connect(settings.broker, BLOCK_SECONDS), seal)
        self._feeds = feeds
        self._sources = sources
        self._fallback = fallback
        self._used, self._cut_off = BROKER, False
        self.cut: Callable[..., None] = lambda *, cut: None
        """Called with cut=True when this worker has been without any news for long, and cut=False when that is over."""
        self.failed = float("-inf")
        """When the broker failed last, in seconds of the monotonic clock."""
        self._stopped = threading.Event()
        self._threads: list[threading.Thread] = []

    def start(self) -> None:
        """Starts reading in the background, once."""
        if not self._threads:
            self._threads = [
                threading.Thread(target=run, name=name, daemon=True)
                for run, name in ((self._read_on, "streams"), (self._look_on, "places"))
            ]
            for each in self._threads:
                each.start()

    def stop(self) -> None:
        """Ends it."""
        self._stopped.set()
        self.ring()
        for each in self._threads:
            each.join()

    def _read_on(self) -> None:
        while not self._stopped.is_set():
            try:
                self.read(BLOCK_SECONDS)
            except RedisError as error:
                self.trouble(error)
                self._stopped.wait(RETRY_SECONDS)
            except Exception as error:
                repeats.say(f"what came from the broker could not be pushed: {error}", error)
                self._stopped.wait(RETRY_SECONDS)

    def read(self, seconds: float) -> None:
        """Waits up to that long for entries of the followed feeds' streams, and pushes them. Raises RedisError."""
        found = self._waiting.read({**self._feeds.cursors(), self._bell: self._rung}, round(seconds * 1000))
        self._sources.read()
        if rung := found.pop(self._bell, None):
            self._rung = rung[-1].id
        if begun := self._feeds.take(found):
            self.look(begun)

    def _look_on(self) -> None:
        pause = 0.0
        while not self._stopped.wait(pause):
            pause = LOOK_SECONDS
            try:
                self.look([each.slug for each in self._feeds.all()])
            except RedisError as error:
                self.trouble(error)
                pause = RETRY_SECONDS
            except Exception as error:
                repeats.say(f"the places in the broker could not be used: {error}", error)
            try:
                if self._sources.away:
                    self._fallback.round()
            except Exception as error:
                repeats.say(f"what the writer answered could not be used: {error}", error)
            self._tell_of_changes()

    def _tell_of_changes(self) -> None:
        if (used := self._sources.used) != self._used:
            self._used = used
            log.warning(SAID[used])
        if (cut := self._sources.cut_off) != self._cut_off:
            self._cut_off = cut
            self.cut(cut=cut)

    def look(self, slugs: Sequence[str]) -> None:
        """Compares these feeds with their places in the broker, and pushes what their streams did not give. Raises
        RedisError."""
        began, before = monotonic(), self._feeds.cursors().keys()
        alive, complete, places = self.streams.look(slugs)
        self._sources.looked(alive=alive, complete=complete)
        if not (alive and complete):
            return  # the places may be behind the writer, and behind what it has told us itself
        for slug, place in zip(slugs, places, strict=True):
            if place is UNREADABLE:
                continue
            known = self._feeds.known(slug)
            if known and place and place.epoch == known.epoch and place.version > known.version:
                self._feeds.take({stream(slug, known.epoch): self.streams.after(slug, *known)})
            self._feeds.settle(slug, place, began)
        if not self._feeds.cursors().keys() <= before:
            self.ring()

    def ring(self) -> None:
        """Ends the read that waits, so that it goes on with another stream at once. If it cannot, the next one does."""
        with suppress(RedisError):
            self.streams.ring(self._worker)

    def trouble(self, error: RedisError) -> None:
        """Notes that the broker has failed, and says so in the log."""
        self.failed = monotonic()
        reason = str(error).rstrip(".")
        repeats.say(f"the broker cannot be used: {reason}. Readers keep what they have; trying again")
