"""The Socket.IO events: `follow`, `unfollow` and `present`, and the pushes `updated`, `readers` and `desk`. See
docs/protocol.md.

Everything that the socket carries is also there over plain HTTP: a reader who cannot open it polls the catch-up.
"""

from typing import Any

from flask import Flask

from feed import text
from feed.errors import Missing
from feed.followers.bus import Bus
from feed.live.admission import Admission
from feed.live.desk import Desk, places_in
from feed.live.direct.libraries import chosen
from feed.live.gate import SiteSocketIO
from feed.live.packets import MESSAGE_BYTES, CheckedPacket
from feed.live.presence import Presence
from feed.live.receipts import Receipts
from feed.live.signed_in import SignedIn
from feed.repeats import Repeats
from feed.settings import Settings
from feed.store import actions
from feed.store.actions import Verb
from feed.store.database import OperationalError, Store
from feed.threads import under_gevent

PING_SECONDS = 25  # under the 30 s after which some mobile carriers drop an idle connection
PING_TIMEOUT_SECONDS = 20  # a phone in a lift may answer late
DESK = "desk"  # the room of editors' pages; the rooms of feeds begin with "feed "
MOST_FOLLOWED = 8  # feeds per socket; a page shows two


class Channel:
    """The sockets of this worker: which feeds they follow, and the pushes to them."""

    def __init__(self, store: Store, bus: Bus, settings: Settings) -> None:
        self._bus = bus
        self._settings = settings
        self._followed: dict[str, set[str]] = {}
        self._signed_in = SignedIn(store, settings.secret_key)
        self.refusals = Repeats()
        self.presence = Presence(bus, self._tell_readers)
        self._receipts = Receipts(bus)
        self._desk = Desk(store, self._tell_desk)
        bus.subscribe(self._push, self._end, self._let_out)
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
        # Registered on the server itself: they do not need Flask's request context, which is a fifth of a connect's
        # cost.
        self._server.on("connect", self._connect)
        self._server.on("disconnect", self._disconnect)
        self._server.on("follow", self._follow)
        self._server.on("unfollow", self._unfollow)
        self._server.on("present", self._present)

    def begin(self) -> None:
        """Starts what a server does from its start on."""
        self._bus.begin()

    def drain(self) -> None:
        """Closes all sockets, spread over FEED_DRAIN_SECONDS, so that readers reconnect to the next worker one by
        one."""
        self.presence.end()
        self.gate.drain(self._settings.drain_seconds)
        self._bus.drain()

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
        self.presence.stop()
        self._receipts.stop()
        self._desk.stop()
        self.refusals.close()
        self._bus.stop()

    def __len__(self) -> int:
        """The number of open sockets of this worker."""
        return self.admission.inside

    def _connect(self, sid: str, environ: dict[str, Any], auth: object = None) -> None:
        self._followed[sid] = set()
        try:
            entered = self._signed_in.enter(sid, environ.get("HTTP_COOKIE", ""))
        except OperationalError:
            return  # served like a reader's socket, which receives the same
        if entered:
            self._start()
            self._bus.wake()  # the session may have ended since it was read

    def _disconnect(self, sid: str, reason: object = None) -> None:
        for slug in self._followed.pop(sid, set()):
            self.presence.leave(slug, at_desk=sid in self._signed_in)
        self._desk.leave(sid)
        self._signed_in.leave(sid)

    def _follow(self, sid: str, *payload: object) -> dict[str, Any]:
        followed = self._followed.get(sid)
        slug = _slug_in(payload)
        if slug is None or followed is None:
            return {"error": 'write the feed\'s name, like {"feed": "news"}'}
        try:
            slug = self._bus.address(slug)  # the article's address may have changed since the page was loaded
        except OperationalError:
            return {"error": "try again"}
        if len(followed) >= MOST_FOLLOWED and slug not in followed:
            return {"error": f"at most {MOST_FOLLOWED} feeds"}
        try:
            # First join, then read the position: every later commit is pushed.
            self._server.enter_room(sid, _room(slug))
            epoch, version = self._bus.position(slug)
        except (Missing, OperationalError) as refusal:
            self._unfollow(sid, {"feed": slug})
            return {"error": "no such feed" if isinstance(refusal, Missing) else "try again"}
        if slug not in followed:
            followed.add(slug)
            self.presence.enter(slug, at_desk=sid in self._signed_in)
        self._start()
        return {"feed": slug, "epoch": epoch, "version": version, "readers": self.presence.readers(slug)}

    def _unfollow(self, sid: str, *payload: object) -> dict[str, Any]:
        slug = _slug_in(payload)
        if slug is None:
            return {"error": 'write the feed\'s name, like {"feed": "news"}'}
        self._server.leave_room(sid, _room(slug))
        if slug in (followed := self._followed.get(sid, set())):
            followed.remove(slug)
            self.presence.leave(slug, at_desk=sid in self._signed_in)
        return {}

    def _present(self, sid: str, *payload: object) -> dict[str, Any]:
        """An editor's page says where it is. Whether its session may know who is at the desk is looked up each time."""
        if sid not in self._signed_in:
            return {"error": "sign in"}
        places = places_in(payload[0] if len(payload) == 1 else None)
        if places is None:
            return {"error": 'write where the page is, like {"feed": "news", "updates": [17]}'}
        if not self._desk.may_say(sid):
            return {"error": "too often"}
        try:
            editor = self._signed_in.editor_of(sid)
        except (Missing, OperationalError) as refusal:
            return {"error": "sign in" if isinstance(refusal, Missing) else "try again"}
        if not actions.may(editor.role, Verb.EDIT):
            self._server.leave_room(sid, DESK)
            self._desk.hide(sid)
            return {"error": "for editors only"}
        self._server.enter_room(sid, DESK)
        self._start()
        return {"editors": self._desk.enter(sid, editor.id, places)}

    def _push(self, slug: str, envelope: dict[str, Any]) -> None:
        # The manager of the direct transport says how many sockets took it. The stock one has queues, and cannot know.
        sent = self._server.manager.emit("updated", envelope, "/", room=_room(slug))
        if sent is not None:
            self._receipts.note(envelope, sent)

    def _end(self, slug: str) -> None:
        """Removes all followers of a feed that is no longer public."""
        self._server.close_room(_room(slug))
        for followed in list(self._followed.values()):
            followed.discard(slug)
        self.presence.forget(slug)

    def _let_out(self, *, committed: bool) -> None:
        """Closes the sockets of sessions that have ended. Their pages reconnect as readers."""
        for sid in self._signed_in.ended(committed=committed):
            self.gate.hang_up(self._server.manager.eio_sid_from_sid(sid, "/"))
        if committed:
            self._desk.look()

    def _start(self) -> None:
        """Starts the background work, at the first follower: the command line and gunicorn's master stay without
        threads."""
        self._bus.start()
        self.presence.start()
        self._receipts.start()

    def _tell_desk(self, editors: list[dict[str, Any]]) -> None:
        self._let_out(committed=True)  # nobody whose session ended a moment ago
        self.socketio.emit("desk", {"editors": editors}, to=DESK)

    def _tell_readers(self, slug: str, readers: int) -> None:
        self.socketio.emit("readers", {"feed": slug, "readers": readers}, to=_room(slug))


def _room(slug: str) -> str:
    """Returns the name of the room of a feed's followers, which no socket's own room can have."""
    return f"feed {slug}"


def _slug_in(payload: tuple[object, ...]) -> str | None:
    asked = payload[0] if len(payload) == 1 else None
    slug = asked.get("feed") if isinstance(asked, dict) else None
    return slug if isinstance(slug, str) and not text.half_characters(slug) else None  # SQLite would raise on these
