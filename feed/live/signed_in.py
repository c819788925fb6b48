"""The sockets that editors' sessions opened, in one worker. They carry what every reader's does, and end with the
session: who was signed out or disabled is told by the page within a second, and is a reader from then on.
"""

from time import monotonic

from werkzeug.http import parse_cookie

from feed.store import sessions
from feed.store.database import Store
from feed.store.hashes import hashed
from feed.store.sessions import COOKIE, HOST_COOKIE

EXPIRY_SECONDS = 0.5  # between two looks for sessions that are over by time alone, at which nobody commits


class SignedIn:
    """By sid of Socket.IO, the hash of the session that opened it."""

    def __init__(self, store: Store, secret_key: bytes) -> None:
        self._store = store
        self._key = secret_key
        self._session_of: dict[str, str] = {}
        self._looked = 0.0

    def __contains__(self, sid: str) -> bool:
        return sid in self._session_of

    def enter(self, sid: str, cookies: str) -> bool:
        """Remembers the session of which those cookies hold the token, if it is good. Raises OperationalError."""
        found = parse_cookie(cookies)
        presented = [hashed(found[name], self._key) for name in (HOST_COOKIE, COOKIE) if name in found]
        if not presented:
            return False
        with self._store.read() as db:
            good = sessions.valid(db, presented)
        for session in presented:
            if session in good:
                self._session_of[sid] = session
                return True
        return False

    def leave(self, sid: str) -> None:
        """The socket is gone."""
        self._session_of.pop(sid, None)

    def ended(self, *, committed: bool) -> list[str]:
        """The sids whose session has ended; forgets them. Looks after a commit, and every EXPIRY_SECONDS without one.
        Raises OperationalError."""
        if not self._session_of or not (committed or monotonic() - self._looked > EXPIRY_SECONDS):
            return []
        known = dict(self._session_of)
        with self._store.read() as db:
            good = sessions.valid(db, set(known.values()))
        self._looked = monotonic()
        over = [sid for sid, session in known.items() if session not in good]
        for sid in over:
            self.leave(sid)
        return over
