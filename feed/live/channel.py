"""The Socket.IO events: `follow`, `unfollow`, and the pushes `updated` and `readers`. See docs/protocol.md.

The socket carries nothing that plain HTTP could not: a reader who cannot open it polls the catch-up instead.
"""

import os
import secrets
import threading
from collections import Counter
from typing import Any

from flask import Flask
from flask_socketio import SocketIO

from feed import text
from feed.errors import Missing
from feed.live import hooks
from feed.live.admission import Admission
from feed.live.frames import MESSAGE_BYTES
from feed.live.packets import CheckedPacket
from feed.live.signed_in import SignedIn
from feed.live.tail import Tail
from feed.render.updates import Renderer
from feed.repeats import Repeats
from feed.settings import Settings
from feed.store import presence
from feed.store.database import OperationalError, Store
from feed.store.versions import Versions
from feed.threads import under_gevent

PING_SECONDS = 25  # under the 30 s after which some mobile carriers drop an idle connection
PING_TIMEOUT_SECONDS = 20  # a phone in a lift answers later than one would think
MOST_FOLLOWED = 8  # feeds per socket; a page shows two
READERS_SECONDS = 5  # between two counts of readers; more often is noise to readers, and work
REPORT_EVERY = 3  # counts between two reports of an unchanged number, so that this worker counts as alive


class Channel:
    """The sockets of this worker: who follows what, and how to reach them."""

    def __init__(self, store: Store, versions: Versions, render: Renderer, settings: Settings) -> None:
        self._store = store
        self.refusals = Repeats()
        self._settings = settings
        self._followed: dict[str, set[str]] = {}
        self._readers: Counter[str] = Counter()
        self._editors: Counter[str] = Counter()
        """Followers of each feed who are signed in at the desk: they are told how many read, and are not among them."""
        self._signed_in = SignedIn(store, settings.secret_key)
        self._worker = f"{os.getpid()}-{secrets.token_hex(4)}"
        self._counting: threading.Thread | None = None
        self._stopped = threading.Event()
        self._total: dict[str, int] = {}
        self.tail = Tail(store, versions, render, self._push, self._close_feed, self._let_out)
        self.socketio = SocketIO(
            async_mode="gevent" if under_gevent() else "threading",
            cors_allowed_origins=list(settings.origins),  # an empty list would switch the check off
            transports=["websocket"],
            ping_interval=PING_SECONDS,
            ping_timeout=PING_TIMEOUT_SECONDS,
            max_http_buffer_size=MESSAGE_BYTES,
            manage_session=False,
            http_compression=False,
            cookie=None,
            serializer=CheckedPacket,
            client_manager=hooks.Rooms(background=frozenset({"readers"})),
            async_handlers=False,  # both drivers call handlers off the loop already
        )

    def attach(self, app: Flask) -> None:
        """Puts the socket in front of the application, at /socket.io/."""
        self.socketio.init_app(app)
        self._server = self.socketio.server
        admission = Admission(self._settings.max_readers, self._settings.max_readers_per_address)
        direct = self._settings.transport == "direct"
        self.engine = hooks.attach(
            app, self._server, admission, self._settings.origins, direct=direct, refusals=self.refusals
        )
        # On the server itself: Flask's request context, which these do not need, is a fifth of a connect's cost.
        self._server.on("connect", self._connect)
        self._server.on("disconnect", self._disconnect)
        self._server.on("follow", self._follow)
        self._server.on("unfollow", self._unfollow)

    def drain(self) -> None:
        """Lets all readers go, spread over the drain window, so that they come back to the next worker one by one."""
        self.engine.drain(self._settings.drain_seconds)

    def close(self) -> None:
        """Ends what runs in the background."""
        self._stopped.set()
        self.refusals.close()
        self.tail.stop()
        if self._counting is not None:
            self._counting.join()

    def __len__(self) -> int:
        """Open sockets of this worker."""
        return self.engine.admission.inside

    def _connect(self, sid: str, environ: dict[str, Any], auth: object = None) -> None:
        self._followed[sid] = set()
        try:
            entered = self._signed_in.enter(sid, environ.get("HTTP_COOKIE", ""))
        except OperationalError:
            return  # it carries nothing that a reader's does not
        if entered:
            self._start()
            self.tail.wake()  # the session may have ended before it was remembered

    def _disconnect(self, sid: str, reason: object = None) -> None:
        count = self._count_of(sid)
        self._signed_in.leave(sid)
        for slug in self._followed.pop(sid, set()):
            count[slug] -= 1

    def _follow(self, sid: str, *payload: object) -> dict[str, Any]:
        followed = self._followed.get(sid)
        slug = _slug_in(payload)
        if slug is None or followed is None:
            return {"error": 'write the feed\'s name, like {"feed": "news"}'}
        try:
            slug = self.tail.slug_now(slug)  # its article may have another address since the page was loaded
        except OperationalError:
            return {"error": "try again"}
        if len(followed) >= MOST_FOLLOWED and slug not in followed:
            return {"error": f"at most {MOST_FOLLOWED} feeds"}
        try:
            # Joined first, then asked where the feed stands: what is committed from there on is pushed.
            self._server.enter_room(sid, _room(slug))
            feed = self.tail.watch(slug)
        except (Missing, OperationalError) as refusal:
            self._unfollow(sid, {"feed": slug})
            return {"error": "no such feed" if isinstance(refusal, Missing) else "try again"}
        if slug not in followed:
            followed.add(slug)
            self._count_of(sid)[slug] += 1
        self._start()
        readers = max(self._total.get(slug, 0), self._readers[slug])
        return {"feed": slug, "epoch": feed.epoch, "version": feed.version, "readers": readers}

    def _unfollow(self, sid: str, *payload: object) -> dict[str, Any]:
        slug = _slug_in(payload)
        if slug is None:
            return {"error": 'write the feed\'s name, like {"feed": "news"}'}
        self._server.leave_room(sid, _room(slug))
        if slug in (followed := self._followed.get(sid, set())):
            followed.remove(slug)
            self._count_of(sid)[slug] -= 1
        return {}

    def _close_feed(self, slug: str) -> None:
        """The feed is public no more: nobody follows it any longer."""
        self._server.close_room(_room(slug))
        for followed in list(self._followed.values()):
            followed.discard(slug)
        del self._readers[slug], self._editors[slug]

    def _let_out(self, *, committed: bool) -> None:
        """Closes the sockets of sessions that have ended. Their pages come back as readers'."""
        for sid in self._signed_in.ended(committed=committed):
            self.engine.hang_up(self._server.manager.eio_sid_from_sid(sid, "/"))

    def _count_of(self, sid: str) -> Counter[str]:
        return self._editors if sid in self._signed_in else self._readers

    def _push(self, slug: str, envelope: dict[str, Any]) -> None:
        self.socketio.emit("updated", envelope, to=_room(slug))

    def _start(self) -> None:
        """The first follower starts what runs in the background: not the import, so that the command line stays
        without threads, and not the parent of the workers."""
        self.tail.start()
        if self._counting is None:
            self._counting = threading.Thread(target=self._count, name="readers", daemon=True)
            self._counting.start()

    def _count(self) -> None:
        reported: Counter[str] | None = None
        quiet = 0
        while not self._stopped.wait(READERS_SECONDS):
            quiet += 1
            try:
                mine = +self._readers  # those above zero
                if mine != reported or quiet >= REPORT_EVERY:
                    presence.report(self._store, self._worker, mine)
                    reported, quiet = mine, 0
                with self._store.read() as db:
                    total = presence.readers(db)
            except OperationalError:
                continue  # a locked or full disk: the number of readers can wait, and the tail reports the trouble
            for slug in {**mine, **+self._editors}:
                if total.get(slug) != self._total.get(slug):
                    self.socketio.emit("readers", {"feed": slug, "readers": total.get(slug, 0)}, to=_room(slug))
            self._total = total


def _room(slug: str) -> str:
    """The room of a feed's followers: never the name of a socket's own room."""
    return f"feed {slug}"


def _slug_in(payload: tuple[object, ...]) -> str | None:
    asked = payload[0] if len(payload) == 1 else None
    slug = asked.get("feed") if isinstance(asked, dict) else None
    return slug if isinstance(slug, str) and not text.half_characters(slug) else None  # at which SQLite would raise
