"""The relay brings what the writer commits to the broker, in version order. One worker does it, under a lease.

Like the tail it follows the log and is told by nobody, so a crash between commit and append heals itself. How far it
came is read from the broker whenever it begins and after each trouble: a broker that was emptied, or is another one
after a failover, is filled with what it lacks.
"""

import hashlib
import logging
import math
import os
import threading
from collections.abc import Iterator, Mapping
from time import monotonic, time

from redis import RedisError

from feed import metrics, repeats
from feed.followers.broker.connection import connect
from feed.followers.broker.reports import Collector
from feed.followers.broker.seal import Seal
from feed.followers.broker.streams import COMPLETE, NoLease, Place, Streams, Write, change_id, end_id
from feed.followers.bus import Envelope
from feed.followers.tail import seconds_since
from feed.render.envelope import envelope
from feed.render.updates import Renderer
from feed.store import addresses, changes, feeds, receipts, workers
from feed.store.changes import MOST_CHANGES, Changes
from feed.store.database import Database, OperationalError, Store
from feed.store.feeds import Feed
from feed.store.parts import Parts

RENEW_SECONDS = 0.5  # a tenth of the lease
TRY_SECONDS = 0.3  # between two tries of a worker that waits for the lease, or after trouble
FILL_SECONDS = 3_600  # a stream that is missing is filled if its feed has changed since; older gaps reload the page
MOST_BYTES = 8_000_000  # of HTML in one envelope; who needs more loads the page

RELAYED = metrics.histogram("liveline_relay_seconds", "From the commit of a change until it is in the broker.")
RELAYING = metrics.total("liveline_relaying", "Workers of this machine that relay to the broker: one, or none.")
LAG = metrics.lowest(
    "liveline_relay_lag_seconds",
    "For how long something may be missing in the broker; infinite while no worker here relays or has tried.",
)

log = logging.getLogger(__name__)


class Relay:
    """Relays from one worker of the writer, as long as no other one does."""

    def __init__(
        self, store: Store, parts: Parts, render: Renderer, broker: str, secret_key: bytes, worker: str
    ) -> None:
        self._store = store
        self._parts = parts
        self._render = render
        self._broker = broker
        self._database = _identity(store)
        self._holder = f"{self._database} {worker}"
        self._streams = Streams(connect(broker), Seal(secret_key))
        self._collector = Collector(store, connect(broker), Seal(secret_key), lambda: self.relays)
        self.relays = False
        """Whether this worker has the lease, and knows what the broker has."""
        self._known: dict[int, Place] = {}
        """By a feed's id, its place in the broker."""
        self._tick = 0
        self._renewed = 0.0
        self._wake = threading.Event()
        self._stopped = threading.Event()
        self._thread: threading.Thread | None = None
        self.behind_since: float | None = None
        """The moment of the monotonic clock since which something may not be in the broker yet; None if all is."""

    def start(self) -> None:
        """Starts relaying, or waiting for the lease, in the background."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="relay", daemon=True)
            self._thread.start()
            self._collector.start()

    def measure(self) -> None:
        """Sets the gauges of the relay. Of several workers the one that relays knows best, and its number is lowest."""
        since = self.behind_since
        RELAYING.set(self.relays)
        if since is None:
            LAG.set(0 if self.relays else math.inf)
        else:
            LAG.set(monotonic() - since)

    def wake(self) -> None:
        """Says that something was committed."""
        self._wake.set()

    def stop(self) -> None:
        """Relays what is committed, gives the lease to the next worker, and ends."""
        self._collector.stop()
        self._stopped.set()
        self._wake.set()
        if self._thread is not None:
            self._thread.join()

    def _run(self) -> None:
        ended = False
        while not ended:
            ended = self._stopped.is_set()
            self._wake.clear()
            try:
                if not self.relays and not ended:
                    self._begin()
                if self.relays:
                    self.step()
                    self._keep()
            except NoLease:
                self._give_up("another process relays now, or the broker was emptied")
            except RedisError as error:
                self._give_up(f"the broker cannot be used: {error}")
            except OperationalError as error:
                self._give_up(f"the relay cannot read the database: {error}")
            except Exception as error:
                self.relays = False
                repeats.say(f"the relay failed: {error}", error)
            if not ended:
                self._wake.wait(RENEW_SECONDS) if self.relays else self._stopped.wait(TRY_SECONDS)
        if self.relays:
            try:
                self._streams.give_back(self._holder)
            except RedisError as error:
                log.warning("the lease of the relay ends by itself, as the broker cannot be reached: %s", error)

    def step(self) -> None:
        """Appends all that was committed since the last step."""
        with self._store.read() as db:
            changed = feeds.changed_since(db, self._tick)
            moves = [(feed, list(self._writes(db, feed))) for feed in changed]
            committed = [moment for feed in changed for moment in self._committed(db, feed)]
        writes = [each for _, made in moves for each in made]
        if writes:
            self.behind_since = self.behind_since or monotonic()
            self._streams.write(self._holder, writes)
        self.behind_since = None
        for moment in committed:
            RELAYED.observe(seconds_since(moment))
        self._known |= {feed.id: _place(feed) for feed in changed}
        self._tick = changed[-1].tick if changed else self._tick

    def _committed(self, db: Database, feed: Feed) -> list[str]:
        """When what is new of that feed was committed; nothing of a feed that is brought to the broker as a whole."""
        known = self._known.get(feed.id)
        return receipts.committed_since(db, feed, known.version) if known and known.epoch == feed.epoch else []

    def _begin(self) -> None:
        """Takes the lease if it can be had, and brings the broker up to date."""
        holder = self._streams.take(self._holder)
        if holder != self._holder:
            database, _, worker = holder.partition(" ")
            if database != self._database:
                repeats.say(
                    "Another writer, with another database, relays to this broker. This one does not, until that one "
                    "has ended: stop one of the two, or give each a broker of its own"
                )
            elif workers.has_ended(worker):
                self._streams.give_back(holder)
            return
        self._streams.remove(COMPLETE)  # until all is as in the database, nodes do not count on what is there
        places = self._streams.places()
        self._known = {place.id: place for slug, place in places.items() if place.feed == slug}
        self._tick = -1  # a feed that never changed has tick 0
        with self._store.read() as db:
            found = {feed.id: feed for feed in feeds.changed_since(db, -1)}
        self._end_lower(found)
        self._remove_missing(places, found)
        self.step()
        self._streams.say_complete(self._holder)
        self._streams.renew(self._holder)
        self._renewed = monotonic()
        self.relays = True

    def _end_lower(self, found: Mapping[int, Feed]) -> None:
        """Begins a new epoch where the database is behind the broker: it was replaced, and open pages know versions
        that it never had."""
        for feed in found.values():
            known = self._known.get(feed.id)
            if known and known.epoch == feed.epoch and known.version > feed.version:
                log.error(
                    "%s is at version %s and was at %s: this database was replaced, not by `flask db restore`. A new "
                    "epoch begins, and open pages reload", feed.slug, feed.version, known.version,
                )  # fmt: skip
                self._store.write(feeds.begin_epoch, feed.id)

    def _remove_missing(self, places: dict[str, Place], found: Mapping[int, Feed]) -> None:
        """Removes places of feeds that this database does not have, after it was restored."""
        for slug, place in places.items():
            if place.id not in found:
                self._known.pop(place.id, None)
                self._streams.write(self._holder, [_end(slug, place)])
                self._streams.remove(slug)

    def _writes(self, db: Database, feed: Feed) -> Iterator[Write]:
        """What brings the feed's place and streams up to date."""
        known, now = self._known.get(feed.id), _place(feed)
        if known is not None and known.feed != feed.slug:
            yield Write(known.feed, now, known.epoch, end_id(known.version), self._hole(feed, known.feed))
            known = None
        if known is None and not feed.draft:
            yield from (Write(old, now) for old in addresses.of_feed(db, feed.id))
        if feed.draft:
            if known is not None and not known.draft:
                yield _end(feed.slug, known, now)
        elif known is None:
            yield self._begun(db, feed)
        elif known.epoch != feed.epoch:
            yield Write(feed.slug, now, known.epoch, end_id(known.version), self._hole(feed, feed.slug))
        elif known != now:
            yield self._changed(db, feed, known.version)

    def _begun(self, db: Database, feed: Feed) -> Write:
        """The first write for a feed: with what changed last, so that readers who come back have a stream to catch up
        from."""
        if feed.changed < time() - FILL_SECONDS or not feed.version:
            return Write(feed.slug, _place(feed))
        return self._changed(db, feed, max(0, feed.version - MOST_CHANGES))

    def _changed(self, db: Database, feed: Feed, version: int) -> Write:
        if version == feed.version:
            return Write(feed.slug, _place(feed))
        found = changes.after(db, self._parts, feed, version) or changes.hole(feed)
        made = self._envelope(found)
        if sum(len(change["html"] or "") for change in made["changes"]) > MOST_BYTES:
            made = self._envelope(changes.hole(feed))
        return Write(feed.slug, _place(feed), feed.epoch, change_id(feed.version), made)

    def _hole(self, feed: Feed, slug: str) -> Envelope:
        """Makes followers under that slug reload or catch up."""
        return {**self._envelope(changes.hole(feed)), "feed": slug}

    def _envelope(self, found: Changes) -> Envelope:
        return {**envelope(self._render, found)}

    def _keep(self) -> None:
        """Renews the lease. This is also the writer's sign of life, so it is not given while something is behind."""
        if monotonic() - self._renewed >= RENEW_SECONDS:
            self._streams.renew(self._holder)
            self._renewed = monotonic()

    def _give_up(self, why: str) -> None:
        self.relays = False
        self.behind_since = self.behind_since or monotonic()
        repeats.say(f"Nothing is relayed to other machines: {why}. Trying again")


def _place(feed: Feed) -> Place:
    return Place(feed.id, feed.slug, feed.epoch, feed.version, feed.draft)


def _end(slug: str, known: Place, now: Place | None = None) -> Write:
    """Nobody can follow this feed any longer."""
    return Write(
        slug, now or Place(known.id, slug, known.epoch, known.version, True), known.epoch, end_id(known.version)
    )


def _identity(store: Store) -> str:
    """Names this database as a file on this machine: a copy of it elsewhere is another one."""
    found = os.stat(store.path) if store.path.exists() else None
    place = f"{workers.machine()} {found.st_dev}:{found.st_ino}" if found else f"{workers.machine()} {store.path}"
    return hashlib.sha256(place.encode()).hexdigest()[:16]
