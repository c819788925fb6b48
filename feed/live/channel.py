"""The Socket.IO events `follow` and `unfollow`, and the pushes `updated` and `readers`; those of editors are in
editors.py. See docs/protocol.md.

Everything that the socket carries is also there over plain HTTP: a reader who cannot open it polls the catch-up.
"""

import json
import threading
from time import perf_counter
from typing import Any

from flask import Flask

from feed import text
from feed.errors import Missing
from feed.followers.bus import NOT_NOW, Bus, Position
from feed.live.admission import Admission
from feed.live.direct.libraries import chosen
from feed.live.editors import Editors
from feed.live.gate import SiteSocketIO
from feed.live.measuring import DROPS, Measuring, count_push
from feed.live.packets import MESSAGE_BYTES, CheckedPacket, Encoded
from feed.live.presence import Presence
from feed.live.receipts import Receipts
from feed.repeats import Repeats
from feed.settings import Settings
from feed.store.database import OperationalError
from feed.threads import under_gevent

PING_SECONDS = 25  # under the 30 s after which some mobile carriers drop an idle connection
PING_TIMEOUT_SECONDS = 20  # a phone in a lift may answer late
MOST_FOLLOWED = 8  # feeds per socket; a page shows two
LONGEST_EPOCH = 64  # characters; ours have 16
MOST_VERSION = 2**53 - 1  # the greatest whole number that JavaScript knows exactly
LET_GO_SECONDS = 10  # over which readers are let go whom this worker cannot serve: they come to other nodes at once


class Channel:
    """The sockets of this worker: which feeds they follow, and the pushes to them. Without `editors` all sockets are
    readers'."""

    def __init__(self, bus: Bus, settings: Settings, editors: Editors | None = None) -> None:
        self._bus = bus
        self._settings = settings
        self._editors = editors
        self._followed: dict[str, set[str]] = {}
        self._started = False
        self.refusals = Repeats()
        self.presence = Presence(bus, self._tell_readers)
        self._receipts = Receipts(bus)
        bus.subscribe(self._push, self._end, editors.let_out if editors else _nobody_to_let_out)
        gate, rooms = chosen(settings.transport, background=frozenset({"readers"}))
        self.socketio = SiteSocketIO(
            gate,
            async_mode="gevent" if under_gevent() else "threading",
            admission=Admission(settings.max_readers, settings.max_readers_per_address),
            origins=settings.origins,
            refusals=self.refusals,
            ping_interval=PING_SECONDS,
            ping_timeout=PING_TIMEOUT_SECONDS,
            max_http_buffer_size=MESSAGE_BYTES,
            serializer=CheckedPacket,
            client_manager=rooms,
            async_handlers=False,  # both drivers already call handlers outside of the loop
        )

    def attach(self, app: Flask) -> None:
        """Puts the socket in front of the application, at /socket.io/."""
        self.socketio.init_app(app)
        self._server = self.socketio.server
        self.gate = self._server.eio
        self.measuring = Measuring(self._bus, self.__len__, self.presence.here, self.gate.outbox, self.gate.fanout)
        # Registered on the server itself: they do not need Flask's request context, which is a fifth of a connect's
        # cost.
        self._server.on("connect", self._connect)
        self._server.on("disconnect", self._disconnect)
        self._server.on("follow", self._follow)
        self._server.on("unfollow", self._unfollow)
        if self._editors:
            self._editors.attach(self.socketio, self._start)

    def begin(self) -> None:
        """Starts what a server does from its start on."""
        self._bus.begin()
        self.measuring.start()

    def drain(self) -> None:
        """Closes all sockets, spread over FEED_DRAIN_SECONDS, so that readers reconnect to the next worker one by
        one."""
        self.presence.end()
        self.gate.drain(self._settings.drain_seconds)
        self._bus.drain()

    def cut_off(self, *, cut: bool) -> None:
        """Says whether this worker has been without news for so long that readers are better off elsewhere. If so, it
        lets them go and admits no others, until it is told that it is over."""
        self.gate.away = cut
        if cut:
            still = (LET_GO_SECONDS, lambda: self.gate.away)
            threading.Thread(target=self.gate.let_go, args=still, name="let go", daemon=True).start()

    @property
    def draining(self) -> bool:
        """Whether no more sockets are admitted."""
        return bool(self.gate.draining)

    @property
    def admission(self) -> Admission:
        """The counter of this worker's sockets."""
        admission: Admission = self.gate.admission
        return admission

    def close(self) -> None:
        """Stops the background work."""
        self.measuring.stop()
        self.presence.stop()
        self._receipts.stop()
        if self._editors:
            self._editors.stop()
        self.refusals.close()
        self._bus.stop()

    def __len__(self) -> int:
        """The number of open sockets of this worker."""
        return self.admission.inside

    def _connect(self, sid: str, environ: dict[str, Any], auth: object = None) -> None:
        self._followed[sid] = set()
        try:
            entered = self._editors is not None and self._editors.enter(sid, environ.get("HTTP_COOKIE", ""))
        except OperationalError:
            return  # served like a reader's socket, which receives the same
        if entered:
            self._start()
            self._bus.wake()  # the session may have ended since it was read

    def _disconnect(self, sid: str, reason: object = None) -> None:
        DROPS.labels(str(reason)).inc()
        for slug in self._followed.pop(sid, set()):
            self.presence.leave(slug, at_desk=self._at_desk(sid))
        if self._editors:
            self._editors.leave(sid)

    def _at_desk(self, sid: str) -> bool:
        return self._editors is not None and sid in self._editors

    def _follow(self, sid: str, *payload: object) -> Encoded | dict[str, Any]:
        followed = self._followed.get(sid)
        slug = _slug_in(payload)
        if slug is None or followed is None:
            return {"error": 'write the feed\'s name, like {"feed": "news"}'}
        try:
            slug = self._bus.address(slug)  # the article's address may have changed since the page was loaded
        except NOT_NOW:
            return {"error": "try again"}
        if len(followed) >= MOST_FOLLOWED and slug not in followed:
            return {"error": f"at most {MOST_FOLLOWED} feeds"}
        own = _position_in(payload)
        try:
            # First join, then read the position: every later commit is pushed. Then read what was missed: what it has
            # beyond the position is pushed too, and the reader's rule ignores that.
            self._server.enter_room(sid, _room(slug))
            now = self._bus.position(slug, own)
            missed = self._bus.missed(slug, own, now) if own else None
        except (Missing, *NOT_NOW) as refusal:
            self._unfollow(sid, {"feed": slug})
            return {"error": "no such feed" if isinstance(refusal, Missing) else "try again"}
        if self._followed.get(sid) is not followed:  # it has left while a broker was asked
            return {"error": "try again"}
        if slug not in followed:
            followed.add(slug)
            self.presence.enter(slug, at_desk=self._at_desk(sid))
        self._start()
        return _followed(slug, now, self.presence.readers(slug), missed)

    def _unfollow(self, sid: str, *payload: object) -> dict[str, Any]:
        slug = _slug_in(payload)
        if slug is None:
            return {"error": 'write the feed\'s name, like {"feed": "news"}'}
        self._server.leave_room(sid, _room(slug))
        if slug in (followed := self._followed.get(sid, set())):
            followed.remove(slug)
            self.presence.leave(slug, at_desk=self._at_desk(sid))
        return {}

    def _push(self, slug: str, envelope: dict[str, Any]) -> None:
        # The manager of the direct transport says how many sockets took it. The stock one has queues, and cannot know.
        began = perf_counter()
        sent = self._server.manager.emit("updated", envelope, "/", room=_room(slug))
        if sent is not None:
            self._receipts.note(envelope, sent)
        sockets = sent.members if sent else len(self._server.manager.rooms.get("/", {}).get(_room(slug), ()))
        count_push(envelope, sockets, began)

    def _end(self, slug: str) -> None:
        """Removes all followers of a feed that is no longer public."""
        self._server.close_room(_room(slug))
        for followed in list(self._followed.values()):
            followed.discard(slug)
        self.presence.forget(slug)

    def _start(self) -> None:
        """Starts the background work, at the first follower: the command line and gunicorn's master stay without
        threads."""
        if self._started:
            return
        self._started = True
        self._bus.start()
        self.presence.start()
        self._receipts.start()

    def _tell_readers(self, slug: str, readers: int) -> None:
        self.socketio.emit("readers", {"feed": slug, "readers": readers}, to=_room(slug))


def _room(slug: str) -> str:
    """Returns the name of the room of a feed's followers, which no socket's own room can have."""
    return f"feed {slug}"


def _slug_in(payload: tuple[object, ...]) -> str | None:
    asked = payload[0] if len(payload) == 1 else None
    slug = asked.get("feed") if isinstance(asked, dict) else None
    return slug if isinstance(slug, str) and not text.half_characters(slug) else None  # SQLite would raise on these


def _position_in(payload: tuple[object, ...]) -> Position | None:
    """The position that the reader has, as far as it says so."""
    asked = payload[0] if len(payload) == 1 else None
    epoch, version = (asked.get("epoch"), asked.get("version")) if isinstance(asked, dict) else (None, None)
    if not isinstance(epoch, str) or len(epoch) > LONGEST_EPOCH or text.half_characters(epoch):
        return None
    return Position(epoch, version) if type(version) is int and 0 <= version <= MOST_VERSION else None


def _followed(slug: str, now: Position, readers: int, missed: str | None) -> Encoded:
    """The answer to `follow`. `missed` is JSON."""
    told = f'"feed":{json.dumps(slug)},"epoch":{json.dumps(now.epoch)},"version":{now.version},"readers":{readers}'
    return Encoded(f'{{{told},"missed":{missed}}}' if missed else f"{{{told}}}")


def _nobody_to_let_out(*, committed: bool) -> None:
    """No socket was opened by a session."""
