"""Tells the pages of the desk, in this worker, what became of submissions: editors how many wait for review, and each
author that a text of theirs was returned; and that what is scheduled has changed. It carries numbers alone; a page that
shows more fetches itself again.

What a socket may know is looked up each time that something is told, so that nobody is told what was allowed before.
"""

import threading
from collections.abc import Callable
from typing import Any

from feed.errors import Missing
from feed.live.signed_in import SignedIn
from feed.store import tidings
from feed.store.database import OperationalError, Store
from feed.store.tidings import Tidings

NOTHING = Tidings(None, 0, -1, "")


class Review:
    """The sockets of this worker that ask for submissions. `tell(sid, tidings)` sends to one of them."""

    def __init__(self, store: Store, signed_in: SignedIn, tell: Callable[[str, dict[str, Any]], None]) -> None:
        self._store = store
        self._signed_in = signed_in
        self._tell = tell
        self._told: dict[str, Tidings] = {}
        self._turn = threading.Lock()  # from reading to telling, so that no page is told what was read before
        self._changes = (-1, 0, "")

    def enter(self, sid: str) -> dict[str, Any]:
        """That page wants to be told from now on. Returns what there is to tell now; what is told then is newer, and
        may arrive before the answer. Raises Missing when nobody is signed in there, and OperationalError."""
        with self._turn:
            # First listed, then read: of what is committed in between, `look` finds it here
            self._told[sid] = NOTHING
            try:
                now = self._tidings(sid)
            except (Missing, OperationalError):
                self.leave(sid)
                raise
            if sid in self._told:
                self._told[sid] = now
        return now._asdict()

    def leave(self, sid: str) -> None:
        """The socket was closed."""
        self._told.pop(sid, None)

    def look(self) -> None:
        """Somebody committed: tells each page for which something has changed. Raises DatabaseError."""
        if not self._told:
            return
        with self._store.read() as db:
            changes = tidings.last_changes(db)
        if changes == self._changes:
            return
        for sid in list(self._told):
            try:
                self._tell_newest(sid)
            except Missing:
                self.leave(sid)
        self._changes = changes

    def __bool__(self) -> bool:
        return bool(self._told)

    def _tell_newest(self, sid: str) -> None:
        with self._turn:
            now, told = self._tidings(sid), self._told.get(sid)
            if told in (None, now):
                return
            self._told[sid] = now
            self._tell(sid, now._asdict())

    def _tidings(self, sid: str) -> Tidings:
        editor = self._signed_in.editor_of(sid)
        with self._store.read() as db:
            return tidings.of(db, editor)
