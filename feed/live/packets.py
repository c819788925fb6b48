"""Packets from readers are checked before the libraries see them: they raise on a broken one, with a stack trace in
the log for each, which lets anybody fill the disk. Here a broken packet counts as leaving.

This touches two places: the `serializer` that python-socketio takes, and engineio's table of drivers, which is
private (engineio 4.15.1). `check_frames` is the only line of ours that knows it.
"""

from typing import Any

from socketio import Server
from socketio.packet import ACK, CONNECT, DISCONNECT, EVENT, Packet

# Engine.IO packets that a client may send over a WebSocket: close, pong, message.
FROM_READERS = ("1", "3", "4")
RESERVED = ("connect", "disconnect")  # what the server tells its handlers; a reader has no say in it


class CheckedPacket(Packet):  # type: ignore[misc]
    """A Socket.IO packet that is well-formed, or a disconnect. Readers send no attachments."""

    packet_type: int
    namespace: str | None
    id: int | None
    data: Any

    def decode(self, encoded_packet: str) -> int:
        """Never raises; returns the number of attachments, always 0."""
        try:
            super().decode(encoded_packet)
            fine = _well_formed(self.packet_type, self.id, self.data)
        except (ValueError, RecursionError):
            fine = False
        if not fine:
            self.packet_type, self.namespace, self.id, self.data = DISCONNECT, None, None, None
        return 0


def check_frames(server: Server) -> None:
    """Makes the server hang up on what is no Engine.IO packet of a reader."""
    driver = server.eio._async["websocket"]

    def wait(self: Any) -> str | None:
        message = driver.wait(self)
        fine = isinstance(message, str) and message.startswith(FROM_READERS) and message != "4"
        hung_up = self.app.__self__.closed  # by us, while the message was on its way: nobody is there to take it
        return message if fine and not hung_up else None

    server.eio._async = {**server.eio._async, "websocket": type("CheckedWebSocket", (driver,), {"wait": wait})}


def _well_formed(kind: int, number: int | None, data: Any) -> bool:
    if kind == EVENT:
        named = isinstance(data, list) and bool(data) and isinstance(data[0], str)
        return named and data[0] not in RESERVED
    if kind == ACK:
        return isinstance(data, list) and number is not None
    return kind in (CONNECT, DISCONNECT)
