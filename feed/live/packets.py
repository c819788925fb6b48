"""Checks packets from readers before the libraries see them. The libraries raise on a broken one and log a stack trace
for each, with which anybody could fill the disk. Here a broken packet is treated as a disconnect.
"""

import json
from functools import partial
from types import SimpleNamespace
from typing import Any

from socketio.packet import ACK, CONNECT, DISCONNECT, EVENT, Packet

MESSAGE_BYTES = 16 * 1024  # of UTF-8; readers send names of feeds only
# Engine.IO packets that a client may send over a WebSocket: close, pong, message.
FROM_READERS = ("1", "3", "4")
RESERVED = ("connect", "disconnect")  # events of the server itself, which readers may not send


class Encoded(str):
    """An answer to an event that is JSON already, because it is the same for many readers."""


class CheckedPacket(Packet):  # type: ignore[misc]
    """A Socket.IO packet that is well-formed or becomes a disconnect. Attachments are not allowed."""

    # A letter of most languages has two or three bytes in UTF-8, and six escaped. What is sent comes from the database,
    # which has no text that UTF-8 cannot encode.
    json = SimpleNamespace(dumps=partial(json.dumps, ensure_ascii=False), loads=json.loads)

    packet_type: int
    namespace: str | None
    id: int | None
    data: Any

    @classmethod
    def data_is_binary(cls, data: Any) -> bool:
        """Whether there are bytes in it, which would become attachments."""
        return not (type(data) is list and len(data) == 1 and type(data[0]) is Encoded) and super().data_is_binary(data)

    def encode(self) -> str | list[str | bytes]:
        """Of packets with attachments a list."""
        if self.packet_type == ACK and isinstance(self.data[0] if self.data else None, Encoded):
            namespace = "" if self.namespace in (None, "/") else f"{self.namespace},"
            return f"{ACK}{namespace}{self.id}[{self.data[0]}]"
        encoded: str | list[str | bytes] = super().encode()
        return encoded

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


def from_reader(message: object) -> bool:
    """Whether that is an Engine.IO packet that a client may send."""
    return isinstance(message, str) and message.startswith(FROM_READERS) and message != "4"


def _well_formed(kind: int, number: int | None, data: Any) -> bool:
    if kind == EVENT:
        named = isinstance(data, list) and bool(data) and isinstance(data[0], str)
        return named and data[0] not in RESERVED
    if kind == ACK:
        return isinstance(data, list) and number is not None
    return kind in (CONNECT, DISCONNECT)
