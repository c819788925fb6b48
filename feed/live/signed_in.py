"""The sockets that editors' sessions opened in one worker. They receive the same as readers' sockets, but are closed
when their session ends. So the page of an editor who was signed out or disabled says so within a second. They are
closed when the editor gets another role, too: the page comes back at once, and sees what that role may see.
"""

from collections.abc import Collection
from time import monotonic

from werkzeug.http import parse_cookie

from feed.errors import Missing
from feed.store import sessions
from feed.store.database import Store
from feed.store.editors import Editor
from feed.store.hashes import hashed
from feed.store.sessions import COOKIE, HOST_COOKIE

EXPIRY_SECONDS = 0.5  # between two checks for expired sessions, which end without a commit


class SignedIn:
    """Knows, for each sid of Socket.IO, the hash of the session that opened it, and the role that its editor had.
    `strict_roles` need a second factor: without one their sessions open a reader's socket."""

    def __init__(self, store: Store, secret_key: bytes, strict_roles: Collection[str] = ()) -> None:
        self._strict = strict_roles
        self._store = store
        self._key = secret_key
        self._session_of: dict[str, tuple[str, str]] = {}
        self._looked = 0.0

    def __contains__(self, sid: str) -> bool:
        return sid in self._session_of

    def enter(self, sid: str, cookies: str) -> bool:
        """Remembers the session whose token is in the cookies, and says whether there is a valid one. Raises
        OperationalError."""
        found = parse_cookie(cookies) if cookies else {}
        presented = [hashed(found[name], self._key) for name in (HOST_COOKIE, COOKIE) if name in found]
        if not presented:
            return False
        with self._store.read() as db:
            good = sessions.valid(db, presented, self._strict)
        for session in presented:
            if session in good:
                self._session_of[sid] = session, good[session]
                return True
        return False

    def editor_of(self, sid: str) -> Editor:
        """The editor whose session opened that socket. Raises Missing when no valid one did, and OperationalError."""
        if sid not in self._session_of:
            raise Missing(sid)
        session, _ = self._session_of[sid]
        with self._store.read() as db:
            return sessions.editor_of(db, session, self._strict)

    def leave(self, sid: str) -> None:
        """Forgets a closed socket."""
        self._session_of.pop(sid, None)

    def ended(self, *, committed: bool) -> list[str]:
        """Returns and forgets the sids whose session has ended, or whose editor has another role. Checks after a
        commit, and otherwise every EXPIRY_SECONDS. Raises OperationalError."""
        if not self._session_of or not (committed or monotonic() - self._looked > EXPIRY_SECONDS):
            return []
        known = dict(self._session_of)
        with self._store.read() as db:
            good = sessions.valid(db, {session for session, _ in known.values()}, self._strict)
        self._looked = monotonic()
        over = [sid for sid, (session, role) in known.items() if good.get(session) != role]
        for sid in over:
            self.leave(sid)
        return over
