"""The Socket.IO events: `follow`, `unfollow`, and the pushes `updated` and `readers`. See the README's table.

The socket carries nothing that plain HTTP could not: a reader who cannot open it polls the catch-up instead.
"""

import ipaddress
import os
import secrets
import threading
from collections import Counter
from typing import Any

from flask import Flask, request
from flask_socketio import ConnectionRefusedError, SocketIO, join_room, leave_room

from feed.errors import Missing
from feed.live.packets import CheckedPacket, check_frames
from feed.live.tail import Tail
from feed.render.updates import Renderer
from feed.settings import Settings
from feed.store import presence
from feed.store.database import OperationalError, Store
from feed.threads import under_gevent

PING_SECONDS = 25  # under the 30 s after which some mobile carriers drop an idle connection
PING_TIMEOUT_SECONDS = 20  # a phone in a lift answers later than one would think
MESSAGE_BYTES = 16 * 1024  # readers send names of feeds; nobody needs more
MOST_FOLLOWED = 8  # feeds per socket; a page shows two
READERS_SECONDS = 5  # between two counts of readers; more often is noise to readers, and work
REPORT_EVERY = 3  # counts between two reports of an unchanged number, so that this worker counts as alive


class Channel:
    """The sockets of this worker: who follows what, and how to reach them."""

    def __init__(self, store: Store, render: Renderer, settings: Settings) -> None:
        self._store = store
        self._settings = settings
        self._followed: dict[str, set[str]] = {}
        self._addresses: dict[str, str] = {}
        self._worker = f"{os.getpid()}-{secrets.token_hex(4)}"
        self._counting: threading.Thread | None = None
        self._stopped = threading.Event()
        self._total: dict[str, int] = {}
        self.tail = Tail(store, render, self._push)
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
        )
        on = self.socketio.on
        on("connect")(self._connect)
        on("disconnect")(self._disconnect)
        on("follow")(self._follow)
        on("unfollow")(self._unfollow)

    def attach(self, app: Flask) -> None:
        """Puts the socket in front of the application, at /socket.io/."""
        self.socketio.init_app(app)
        check_frames(self.socketio.server)

    def hang_up(self) -> None:
        """Closes all sockets so that their clients come back: to the next server, when this one is about to end. A
        disconnect or close packet would tell official clients to stay away; a closed transport does not."""
        for connection in list(self.socketio.server.eio.sockets.values()):
            connection.close(wait=False, abort=True)

    def close(self) -> None:
        """Ends what runs in the background."""
        self._stopped.set()
        self.tail.stop()
        if self._counting is not None:
            self._counting.join()

    def __len__(self) -> int:
        """Open sockets of this worker."""
        return len(self._followed)

    def followers(self) -> Counter[str]:
        """Readers of this worker, by feed."""
        return Counter(slug for feeds in list(self._followed.values()) for slug in feeds)

    def _connect(self, auth: object = None) -> None:
        address = network_of(request.remote_addr or "")
        here = sum(1 for other in self._addresses.values() if other == address)
        if len(self._followed) >= self._settings.max_readers:
            raise ConnectionRefusedError("this server is full")
        if here >= self._settings.max_readers_per_address:
            raise ConnectionRefusedError("too many connections from this address")
        sid: str = request.sid  # type: ignore[attr-defined]
        self._followed[sid] = set()
        self._addresses[sid] = address

    def _disconnect(self, reason: object = None) -> None:
        sid: str = request.sid  # type: ignore[attr-defined]
        self._followed.pop(sid, None)
        self._addresses.pop(sid, None)

    def _follow(self, *payload: object) -> dict[str, Any]:
        followed = self._followed.get(request.sid)  # type: ignore[attr-defined]
        slug = _slug_in(payload)
        if slug is None or followed is None:
            return {"error": 'write the feed\'s name, like {"feed": "news"}'}
        if len(followed) >= MOST_FOLLOWED and slug not in followed:
            return {"error": f"at most {MOST_FOLLOWED} feeds"}
        try:
            # Joined first, then asked where the feed stands: what is committed from there on is pushed.
            join_room(slug)
            feed = self.tail.watch(slug)
        except Missing:
            leave_room(slug)
            followed.discard(slug)
            return {"error": "no such feed"}
        except OperationalError:
            leave_room(slug)
            return {"error": "try again"}
        followed.add(slug)
        self._start()
        readers = max(self._total.get(slug, 0), self.followers()[slug])
        return {"feed": slug, "epoch": feed.epoch, "version": feed.version, "readers": readers}

    def _unfollow(self, *payload: object) -> dict[str, Any]:
        slug = _slug_in(payload)
        if slug is None:
            return {"error": 'write the feed\'s name, like {"feed": "news"}'}
        leave_room(slug)
        self._followed.get(request.sid, set()).discard(slug)  # type: ignore[attr-defined]
        return {}

    def _push(self, slug: str, envelope: dict[str, Any]) -> None:
        self.socketio.emit("updated", envelope, to=slug)

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
            mine = self.followers()
            quiet += 1
            try:
                if mine != reported or quiet >= REPORT_EVERY:
                    presence.report(self._store, self._worker, mine)
                    reported, quiet = mine, 0
                with self._store.read() as db:
                    total = presence.readers(db)
            except OperationalError:
                continue  # a locked or full disk: the number of readers can wait, and the tail reports the trouble
            for slug in mine:
                if total.get(slug) != self._total.get(slug):
                    self.socketio.emit("readers", {"feed": slug, "readers": total.get(slug, 0)}, to=slug)
            self._total = total


def network_of(address: str) -> str:
    """What counts as one client: an IPv4 address, or the /64 that an IPv6 customer gets."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address
    if parsed.version == 6 and parsed.ipv4_mapped:
        return str(parsed.ipv4_mapped)
    return str(ipaddress.ip_network((parsed, 64), strict=False)) if parsed.version == 6 else str(parsed)


def _slug_in(payload: tuple[object, ...]) -> str | None:
    asked = payload[0] if len(payload) == 1 else None
    slug = asked.get("feed") if isinstance(asked, dict) else None
    return slug if isinstance(slug, str) else None
