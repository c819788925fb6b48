"""Rooms whose broadcasts are encoded and framed once. A subclass of python-socketio's manager."""

from collections import defaultdict
from collections.abc import Iterator
from typing import Any

from engineio import packet as engine_packet
from gevent.lock import RLock
from socketio import Manager
from socketio.packet import EVENT

from feed.live.direct import deflate, frames
from feed.live.direct.fanout import Fanout, Sent
from feed.live.direct.transport import Connection

BACKGROUND_PAUSE = (
    0.02  # seconds after every 2 ms of sending: at most a tenth of the core, however many readers there are
)

Recipient = Connection | str
"""A reader's connection, or its sid of Engine.IO if the stock driver serves it."""


class Rooms(Manager):  # type: ignore[misc]
    """The members of each room, and broadcasts that are encoded and framed once. Broadcasts of one event are sent in
    the order in which they were emitted; those of `background` events let all others go first.

    The library makes a room for each socket, to reach it by its sid, and searches all rooms when one leaves: with
    10,000 readers it searches 10,000 rooms each time. Here each socket knows its rooms, and its own room is implied.
    """

    def __init__(self, background: frozenset[str], fanout: Fanout) -> None:
        super().__init__()
        self._background = background
        self._fanout = fanout
        self._turns: defaultdict[str, RLock] = defaultdict(RLock)
        self._members: dict[tuple[str, Any], dict[str, Recipient]] = {}
        """By namespace and room: the recipient for each sid in it."""
        self._entered: dict[tuple[str, str], set[Any]] = {}
        """By namespace and sid: the rooms that it is in."""
        self._others: set[str] = set()
        """The sids that the stock driver serves."""

    def emit(
        self, event: str, data: Any, namespace: str, room: Any = None, skip_sid: Any = None,
        callback: Any = None, to: Any = None, **more: Any,
    ) -> Sent | None:  # fmt: skip
        """Like python-socketio's, which still sends events that need an answer or carry bytes, and then nobody knows
        how far they got. Recipients that the stock driver serves count as members that have not taken it."""
        encoded = None
        if not callback:
            values = list(data) if isinstance(data, tuple) else [] if data is None else [data]
            encoded = self.server.packet_class(EVENT, namespace=namespace, data=[event, *values]).encode()
        if not isinstance(encoded, str):
            super().emit(event, data, namespace, room, skip_sid, callback, to, **more)
            return None
        members = self._reached(namespace, to or room)
        if skip_sid:
            skipped = skip_sid if isinstance(skip_sid, list) else [skip_sid]
            members = {sid: way for sid, way in members.items() if sid not in skipped}
        readers: Any = list(members.values())
        if self._others:
            packet = engine_packet.Packet(engine_packet.MESSAGE, encoded)
            for way in readers:
                if isinstance(way, str):
                    self.server._send_eio_packet(way, packet)
            readers = [way for way in readers if not isinstance(way, str)]
        pause = BACKGROUND_PAUSE if event in self._background else 0.0
        with self._turns[event]:
            taken = sum(
                self._fanout.broadcast(some, frame, pause) for some, frame in _framed(readers, f"4{encoded}".encode())
            )
        return Sent(taken, len(members))

    def get_participants(self, namespace: str, room: Any) -> Iterator[tuple[str, str]]:
        """Yields the sids in a room, each with its sid of Engine.IO."""
        for sid, way in list(self._reached(namespace, room).items()):
            yield sid, way if isinstance(way, str) else way.sid

    def get_rooms(self, sid: str, namespace: str) -> list[Any]:
        """Returns the rooms that a sid is in, including its own."""
        return [sid, *self._entered.get((namespace, sid), ())] if self.is_sid_room(namespace, sid) else []

    def basic_enter_room(self, sid: str, namespace: str, room: Any, eio_sid: str | None = None) -> None:
        """Adds a sid to a room. Room None is the library's room of all that are connected."""
        if room is None:
            super().basic_enter_room(sid, namespace, room, eio_sid)
            if isinstance(self._recipient(eio_sid), str):
                self._others.add(sid)
        elif room != sid:
            if not self.is_sid_room(namespace, sid):
                raise ValueError("sid is not connected to requested namespace")
            if self.is_sid_room(namespace, room):
                raise ValueError("cannot enter a sid room")
            members = self._members.setdefault((namespace, room), {})
            members[sid] = self._recipient(self.eio_sid_from_sid(sid, namespace))
            self._entered.setdefault((namespace, sid), set()).add(room)

    def basic_leave_room(self, sid: str, namespace: str, room: Any) -> None:
        """Removes a sid from a room, or from room None when it leaves the namespace."""
        if room is None:
            super().basic_leave_room(sid, namespace, room)
            self._others.discard(sid)
            return
        members = self._members.get((namespace, room), {})
        if members.pop(sid, None) is not None:
            self._entered[namespace, sid].discard(room)
            if not members:
                del self._members[namespace, room]

    def basic_disconnect(self, sid: str, namespace: str, **more: Any) -> None:
        """Removes a sid from its rooms and from the namespace."""
        for room in list(self._entered.get((namespace, sid), ())):
            self.basic_leave_room(sid, namespace, room)
        self._entered.pop((namespace, sid), None)
        super().basic_disconnect(sid, namespace, **more)

    def _reached(self, namespace: str, room: Any) -> dict[str, Recipient]:
        """Returns the recipient for each sid in a room, in several rooms, or (None) in the namespace."""
        if isinstance(room, list | tuple | set):
            return {sid: way for each in room for sid, way in self._reached(namespace, each).items()}
        connected = self.rooms.get(namespace, {}).get(None, {})
        if room is not None and room not in connected:
            return self._members.get((namespace, room), {})
        alone = {room: connected[room]} if room is not None else dict(connected)
        return {sid: self._recipient(eio_sid) for sid, eio_sid in alone.items()}

    def _recipient(self, eio_sid: Any) -> Recipient:
        found = self.server.eio.sockets.get(eio_sid)
        return found if isinstance(found, Connection) else str(eio_sid)


def _framed(readers: list[Connection], payload: bytes) -> list[tuple[list[Connection], bytes]]:
    """Returns the frames in which that goes out, and to whom each: compressed to those who have agreed to that, if it
    is worth it."""
    plain = frames.frame(frames.TEXT, payload)
    compressed = [reader for reader in readers if reader.compressed]
    if not compressed or not deflate.SMALLEST <= len(payload) <= deflate.LARGEST:
        return [(readers, plain)]
    short = frames.frame(frames.TEXT | frames.COMPRESSED, deflate.deflated(payload))
    if len(compressed) == len(readers):
        return [(readers, short)]
    return [([reader for reader in readers if not reader.compressed], plain), (compressed, short)]
