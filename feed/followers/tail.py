"""The tail: one thread of control per worker that follows the store and pushes every change, in version order.

Nobody pushes by hand. A commit of this process wakes the tail at once; those of other workers and of the command
line are seen by `PRAGMA data_version`, on a connection that never writes: polled after each write that the system tells
of, and now and then. So all writers reach all readers the same way, and a crash between commit and push heals itself:
the change is in the table, and the table is what is read.
"""

import logging
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from time import monotonic
from typing import Any

from feed import metrics, repeats
from feed.render.envelope import envelope
from feed.render.updates import Renderer
from feed.store import changes, feeds, receipts
from feed.store.changes import Changes
from feed.store.database import Database, OperationalError, Store
from feed.store.feeds import Feed
from feed.store.parts import Parts
from feed.store.versions import Versions
from feed.store.writes import Writes

POLL_SECONDS = 0.01  # 100 polls of 3 µs a second; a publish elsewhere is seen after 5 ms on average
POLLED_SECONDS = 0.5  # for so long after a write, until it is committed: a slow disk takes a tenth of that
SLOWEST_POLL_SECONDS = 0.04  # between two of these polls: a worker pushes what another published within 50 ms
REST_SECONDS = 0.5  # between two polls when nobody writes; a disk that takes longer delays a push by so much
RETRY_SECONDS = 1.0  # after an error, such as a full disk: no storm of logs, and no loss, only delay

PUSHED = metrics.histogram(
    "liveline_push_seconds", "From the commit of a change until a worker has handed it to all its sockets."
)
LAG = metrics.highest(
    "liveline_tail_lag_seconds", "For how long a change has been committed and not pushed; of the worst worker."
)

log = logging.getLogger(__name__)

Push = Callable[[str, dict[str, Any]], None]


class Tail:
    """Follows the feeds that somebody here follows. `push(slug, envelope)` sends to all followers of a feed; after
    `end(slug)` it has none, because its article is a draft again. `look(committed=…)` is called at every poll, and
    told whether anybody has committed since the last one."""

    def __init__(self, store: Store, versions: Versions, parts: Parts, render: Renderer, push: Push) -> None:
        self._store = store
        self._versions = versions
        self._parts = parts
        self.end: Callable[[str], None] = lambda slug: None
        self.look: Callable[..., None] = lambda committed: None
        self._render = render
        self._push = push
        self._pushed: dict[str, tuple[str, int]] = {}
        """By feed: epoch and version up to which its followers have been sent everything."""
        self._slugs: dict[int, str] = {}
        """By id: the slug under which a feed is followed here."""
        self._tick = 0
        self._lock = threading.Lock()
        self._wake = threading.Event()
        """Set when there is something to look at."""
        self._committed = False
        """Whether this process has committed since the last look."""
        self._written = 0.0
        """When somebody was last seen to write, in seconds of the monotonic clock."""
        self._rests = False
        """Whether the system tells of writes, so that there is time to rest."""
        self._thread: threading.Thread | None = None
        self._stopped = False
        self._behind_since: float | None = None
        """The moment of the monotonic clock since which something may not be pushed yet; None if all is."""

    def watch(self, slug: str) -> Feed:
        """The feed as it is now; from here on every change of it is pushed. Raises Missing.

        Call it after the follower has joined: whatever is committed later than what this returns will be pushed.
        """
        with self._lock:
            feed = self._versions.feed(slug)
            self._pushed.setdefault(slug, (feed.epoch, feed.version))
            self._slugs[feed.id] = slug
            return feed

    def follows(self, slug: str) -> bool:
        """Whether changes of the feed of that name are pushed."""
        return slug in self._pushed

    def start(self) -> None:
        """Starts following, once; the first follower calls it."""
        with self._lock:
            if self._thread is None:
                self._store.on_commit = self.wake
                self._thread = threading.Thread(target=self._follow, name="tail", daemon=True)
                self._thread.start()
                threading.Thread(target=self._notice, name="writes", daemon=True).start()

    def wake(self) -> None:
        """Looks at once, without waiting for the next poll."""
        self._committed = True
        self._wake.set()

    def stop(self) -> None:
        """Ends following, and waits for a push that has begun."""
        self._stopped = True
        self._wake.set()
        if self._thread is not None:
            self._thread.join()

    def measure(self) -> None:
        """Sets the gauges of the tail."""
        since = self._behind_since
        LAG.set(0 if since is None else monotonic() - since)

    def step(self) -> None:
        """Pushes all that was committed since the last step."""
        with self._lock, self._store.read() as db:
            changed = feeds.changed_since(db, self._tick)
            renamed = {feed.id: slug for feed in changed if (slug := self._slugs.get(feed.id)) not in (None, feed.slug)}
            found = [news for feed in changed if (news := self._news_of(db, feed))]
            committed = [receipts.committed_since(db, news.feed, news.after) for news in found]
        pushes = [self._envelope(news) for news in found]
        for feed in changed:
            if feed.id in renamed:
                self._send_on(feed, renamed[feed.id])
        for each, moments in zip(pushes, committed, strict=True):
            self._push(each["feed"], each)
            self._pushed[each["feed"]] = (each["epoch"], each["version"])
            for moment in moments:
                PUSHED.observe(seconds_since(moment))
        for feed in changed:
            if feed.draft and feed.slug in self._pushed:
                del self._pushed[feed.slug]
                self.end(feed.slug)
        if changed:
            self._tick = changed[-1].tick

    def _send_on(self, feed: Feed, before: str) -> None:
        """The feed has another slug. Who follows it by the one before reloads, and is led to the new address."""
        self._push(before, {**self._envelope(changes.hole(feed)), "feed": before})
        del self._slugs[feed.id]
        self._pushed.pop(before, None)
        self.end(before)

    def _news_of(self, db: Database, feed: Feed) -> Changes | None:
        """What that feed's followers are to be sent. What they cannot be given in one piece, an empty envelope with a
        hole or another epoch makes them fetch, by the reader's own rule."""
        if feed.slug not in self._pushed:
            return None
        epoch, version = self._pushed[feed.slug]
        if epoch == feed.epoch:
            if feed.draft or version == feed.version:
                return None
            if whole := changes.after(db, self._parts, feed, version):
                return whole
        return changes.hole(feed)

    def _envelope(self, found: Changes) -> dict[str, Any]:
        return {**envelope(self._render, found)}

    def _follow(self) -> None:
        seen = None
        while not self._stopped:
            try:
                # A push would delay the answer to whoever commits, who then wakes it. What was committed before does
                # not wait for that: with one commit after the other it might wait long.
                if self._committed or not self._store.committing:
                    seen = self._look_after(seen)
            except OperationalError as error:
                self._behind_since = self._behind_since or monotonic()  # nobody knows what has been committed
                repeats.say(f"the tail cannot read the database: {error}")
                self._pause()
                seen = None
            except Exception:
                log.exception("the tail could not push; trying again in %s s", RETRY_SECONDS)
                self._pause()
                seen = None
            self._wake.wait(self._pause_seconds())
            self._wake.clear()

    def _look_after(self, seen: int | None) -> int:
        """Pushes what was committed since the database had that number, and returns its number now."""
        # The number is read before the changes: a commit in between makes one step too many, never too few.
        now = self._store.data_version()
        committed = now != seen or self._committed
        if committed:
            self._committed = False
            self._behind_since = self._behind_since or monotonic()
            self.step()
            self._behind_since = None
        self.look(committed=committed)
        return now

    def _pause_seconds(self) -> float:
        """How long to wait for the next poll. The longer ago the last write was, the less likely is it that its commit
        is still to come: so the pause doubles, and a commit is seen after twice the time that it took."""
        if not self._rests:
            return POLL_SECONDS
        passed = monotonic() - self._written
        return REST_SECONDS if passed > POLLED_SECONDS else min(max(POLL_SECONDS, passed), SLOWEST_POLL_SECONDS)

    def _notice(self) -> None:
        """Ends the rest when somebody writes. Where the system does not tell, there is no rest."""
        try:
            writes = Writes(self._store.path)
        except OSError as error:
            log.info("the tail polls the database without a rest: %s", error)
            return
        self._written, self._rests = monotonic(), True
        try:
            while not self._stopped:
                if writes.wait():
                    self._written = monotonic()
                    self._wake.set()
                    # One write is many events: they are taken together, and the tail polls meanwhile.
                    threading.Event().wait(POLL_SECONDS)
        except OSError as error:
            log.warning("the tail polls the database without a rest: %s", error)
        finally:
            self._rests = False
            writes.close()

    def _pause(self) -> None:
        self._wake.clear()
        self._wake.wait(RETRY_SECONDS)


def seconds_since(moment: str) -> float:
    """How long ago that was, by a clock that may have been set back."""
    return max(0.0, (datetime.now(UTC) - datetime.fromisoformat(moment)).total_seconds())
