"""The desk's room: which editors have the desk open, in this worker and all others, and what each is editing. Its work
in the background also tells them what became of submissions (review.py).

An editor's page says where it is when that changes, and every HEARTBEAT_SECONDS besides. These heartbeats are kept in
memory. The worker reports its editors to the database when they changed, and otherwise often enough to show that it is
alive; so a worker that was killed is forgotten. Every other worker sees the report as it sees any commit.
"""

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from time import monotonic
from typing import Any

from feed import fields, repeats
from feed.live.review import Review
from feed.slugs import SLUG
from feed.store import editing
from feed.store.database import DatabaseError, Store
from feed.store.editing import Colleague, Place, Present
from feed.store.workers import new_worker

HEARTBEAT_SECONDS = 20  # between two heartbeats of a page
GONE_SECONDS = 70  # without one: browsers run the timers of a hidden page once a minute. A closed socket counts at once
REPORT_SECONDS = 15  # between two reports that say the same
PAUSE_SECONDS = 0.25  # between two reports that differ, whatever the pages send
MOST_HEARTBEATS = 30  # of one socket in HEARTBEAT_SECONDS: nobody opens and closes forms so fast
MOST_UPDATES = 8  # forms that are open in one page

_FEED, _ID = fields.Match(SLUG), fields.Number()

log = logging.getLogger(__name__)


@dataclass
class _Page:
    """An editor's page, and when it was last heard of (monotonic seconds). `since` begins the time in which its
    heartbeats are counted."""

    editor_id: int = 0
    places: frozenset[Place] = frozenset()
    heard: float = field(default_factory=monotonic)
    since: float = field(default_factory=monotonic)
    heartbeats: int = 0


class Desk:
    """The editors' pages of this worker. `tell(editors)` sends to all of them who is at the desk."""

    def __init__(self, store: Store, tell: Callable[[list[dict[str, Any]]], None], review: Review) -> None:
        self._store = store
        self._tell = tell
        self._review = review
        self._worker = new_worker()
        self._pages: dict[str, _Page] = {}
        self._reported: list[Present] = []
        self._reported_at = 0.0
        self._told: list[Colleague] = []
        self._wake = threading.Event()
        self._stopped = threading.Event()
        self._thread: threading.Thread | None = None

    def may_say(self, sid: str) -> bool:
        """Counts a heartbeat of that socket. False when it sends so many that they are not looked at."""
        page = self._pages.setdefault(sid, _Page())
        if monotonic() - page.since > HEARTBEAT_SECONDS:
            page.since, page.heartbeats = monotonic(), 0
        page.heartbeats += 1
        return page.heartbeats <= MOST_HEARTBEATS

    def enter(self, sid: str, editor_id: int, places: frozenset[Place]) -> list[dict[str, Any]]:
        """The page of that socket is there. Returns who is at the desk, as far as this worker knows."""
        page = self._pages.setdefault(sid, _Page())
        changed = (page.editor_id, page.places) != (editor_id, places)
        page.editor_id, page.places, page.heard = editor_id, places, monotonic()
        self.start()
        if changed:
            self._wake.set()
        return _as_sent(self._told)

    def start(self) -> None:
        """Starts the work in the background, once."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._work, name="desk", daemon=True)
            self._thread.start()

    def hide(self, sid: str) -> None:
        """Whoever has that socket may not know who is at the desk, or not any more. Heartbeats go on being counted."""
        page = self._pages.setdefault(sid, _Page())
        if page.editor_id:
            page.editor_id, page.places = 0, frozenset()
            self._wake.set()

    def leave(self, sid: str) -> None:
        """The socket was closed."""
        if self._pages.pop(sid, None):
            self._wake.set()

    def look(self) -> None:
        """Somebody committed: another worker may have reported."""
        if self._pages or self._review:
            self._wake.set()

    def stop(self) -> None:
        """Ends the work in the background."""
        self._stopped.set()
        self._wake.set()
        if self._thread is not None:
            self._thread.join()

    def _work(self) -> None:
        while not self._stopped.is_set():
            self._wake.wait(REPORT_SECONDS)
            self._wake.clear()
            try:
                self._step()
            except DatabaseError as error:
                repeats.say(f"who is at the desk could not be stored: {error}")
            except Exception:
                log.exception("who is at the desk could not be told")
            self._stopped.wait(PAUSE_SECONDS)

    def _step(self) -> None:
        self._review.look()
        present = self._present()
        due = monotonic() - self._reported_at >= REPORT_SECONDS
        if present != self._reported or (present and due):
            editing.report(self._store, self._worker, present)
            self._reported, self._reported_at = present, monotonic()
        if not self._pages:
            self._told = []
            return
        with self._store.read() as db:
            now = editing.colleagues(db)
        if now != self._told:
            self._told = now
            self._tell(_as_sent(now))

    def _present(self) -> list[Present]:
        """The editors of this worker, each place once, without pages that are no longer heard of."""
        for sid, page in list(self._pages.items()):
            if monotonic() - page.heard > GONE_SECONDS:
                self._pages.pop(sid, None)
        pages = [page for page in list(self._pages.values()) if page.editor_id]
        present = {Present(page.editor_id, place) for page in pages for place in page.places}
        return sorted(present, key=lambda each: (each.editor_id, *map(str, each.place)))


def places_in(asked: object) -> frozenset[Place] | None:
    """The places that a heartbeat names; None if it is not one."""
    if not isinstance(asked, dict):
        return None
    updates = asked.get("updates", [])
    if not isinstance(updates, list) or len(updates) > MOST_UPDATES:
        return None
    try:
        feed, article = _FEED.clean(asked.get("feed")), _ID.clean(asked.get("article"))
        submission = _ID.clean(asked.get("submission"))
        updates = [_ID.clean(update) for update in updates]
    except ValueError:
        return None
    here = Place(feed, article, submission=submission)
    return frozenset({here, *(here._replace(update=update) for update in updates)})


def _as_sent(colleagues: list[Colleague]) -> list[dict[str, Any]]:
    """The same as JSON, without what is not set."""
    return [
        {
            "id": each.id,
            "name": each.name,
            "places": [{name: value for name, value in place._asdict().items() if value} for place in each.places],
        }
        for each in colleagues
    ]
