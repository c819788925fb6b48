"""The bus between the tail, which reads what was committed, and the channel, which has the sockets.

Neither knows the other. `LocalBus`, within one process, is all that one machine needs: each worker has a tail of its
own. Between machines there are two more, in feed/followers/broker/: the writer's, which also relays to the broker, and
that of a reader node, which has no database.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

from feed.errors import Missing
from feed.followers.missed import Missed
from feed.followers.missed import Position as Position
from feed.followers.tail import Tail
from feed.render.envelope import envelope
from feed.render.updates import Renderer
from feed.store import changes, feeds, presence, receipts
from feed.store.database import OperationalError, Store
from feed.store.parts import Parts
from feed.store.receipts import Handed
from feed.store.versions import Versions
from feed.store.workers import new_worker

Envelope = dict[str, Any]
Push = Callable[[str, Envelope], None]


class Away(Exception):
    """What the answer depends on cannot be reached just now; a moment later it may be."""


NOT_NOW = (OperationalError, Away)  # errors of a bus after which the same may succeed a moment later


class Bus(Protocol):
    """What carries envelopes one way, and counts of readers the other. Methods raise one of NOT_NOW."""

    def subscribe(self, push: Push, end: Callable[[str], None], look: Callable[..., None]) -> None:
        """From now on calls `push(slug, envelope)` for each envelope of a feed somebody asked the position of,
        `end(slug)` when nobody may follow that feed any longer, and many times a second `look(committed=…)`, which says
        whether anybody has committed since the last time."""

    def address(self, slug: str) -> str:
        """The slug under which to follow a feed that has or had this one."""

    def position(self, slug: str, own: Position | None = None) -> Position:
        """Where the feed is now; whatever is committed later is pushed. `own` is where the page of who asks is, which
        may be ahead of what this bus knows. Raises Missing."""

    def missed(self, slug: str, own: Position, now: Position) -> str | None:
        """The envelope of what a page at `own` missed, as JSON, where it is small; `now` is what `position` has just
        answered. None if the page has to fetch it, or has missed nothing."""

    def publish(self, slug: str, envelope: Envelope) -> None:
        """Hands an envelope to all subscribers."""

    def report(self, readers: Mapping[str, int]) -> None:
        """Says how many read each feed at this worker."""

    def readers(self) -> Mapping[str, int]:
        """How many read each feed at all workers, by what they reported last."""

    def handed(self, handed: Sequence[Handed]) -> None:
        """Says what this worker has handed to its sockets."""

    def measure(self) -> None:
        """Sets the gauges of what only the bus knows."""

    def wake(self) -> None:
        """Looks at once whether anybody has committed."""

    def begin(self) -> None:
        """Starts what runs as long as the server does, whether anybody follows or not."""

    def start(self) -> None:
        """Starts what runs in the background, once."""

    def drain(self) -> None:
        """Ends what another worker can take over, once this one has let its readers go."""

    def stop(self) -> None:
        """Ends everything, after the push under way."""


class LocalBus:
    """The bus within one process; workers of one machine see each other's writes and readers in the database."""

    def __init__(self, store: Store, versions: Versions, parts: Parts, render: Renderer) -> None:
        self._store = store
        self._versions = versions
        self._parts = parts
        self._render = render
        self._missed = Missed(self._make, (Missing, *NOT_NOW))
        self.worker = new_worker()
        self._tail = Tail(store, versions, parts, render, self.publish)
        self.wake, self.start = self._tail.wake, self._tail.start

    def subscribe(self, push: Push, end: Callable[[str], None], look: Callable[..., None]) -> None:
        """See Bus. There is one subscriber, the channel."""
        self._push, self._tail.end, self._tail.look = push, end, look

    def address(self, slug: str) -> str:
        """See Bus. Of another address of what is followed the tail learns, and tells the followers."""
        return slug if self._tail.follows(slug) else self._versions.current_slug(slug)

    def position(self, slug: str, own: Position | None = None) -> Position:
        """See Bus. No page is ahead of the database."""
        feed = self._tail.watch(slug)
        return Position(feed.epoch, feed.version)

    def missed(self, slug: str, own: Position, now: Position) -> str | None:
        """See Bus. It is made again after each commit, since it may show more than what the feed's version counts."""
        return self._missed.since(slug, own, now, self._versions.data_version)

    def publish(self, slug: str, envelope: Envelope) -> None:
        """See Bus."""
        self._push(slug, envelope)

    def report(self, readers: Mapping[str, int]) -> None:
        """See Bus."""
        presence.report(self._store, self.worker, readers)

    def readers(self) -> Mapping[str, int]:
        """See Bus."""
        with self._store.read() as db:
            return presence.readers(db)

    def handed(self, handed: Sequence[Handed]) -> None:
        """See Bus."""
        receipts.report(self._store, self.worker, handed)

    def measure(self) -> None:
        """See Bus."""
        self._tail.measure()

    def begin(self) -> None:
        """See Bus."""

    def drain(self) -> None:
        """See Bus."""

    def stop(self) -> None:
        """See Bus."""
        self._tail.stop()

    def _make(self, slug: str, own: Position) -> Envelope | None:
        with self._store.read() as db:
            found = changes.missed(db, self._parts, feeds.followed(db, slug), own.version, own.epoch)
        return {**envelope(self._render, found)} if found else None
