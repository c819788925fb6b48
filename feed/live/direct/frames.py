"""WebSocket frames (RFC 6455): makes those of the server, and parses those of readers.

Frames of the server are not masked, so one frame serves all readers, or all who agreed to compression. Readers mostly
send one short unfragmented frame that arrives in one piece, such as the answer to a ping; a few lines here parse that.
wsproto parses everything else; it is created for a connection when it is first needed.
"""

from collections.abc import Iterator
from typing import NamedTuple

from wsproto.frame_protocol import FrameProtocol, Opcode, ParseFailed

from feed.live.direct.deflate import Inflating, inflated
from feed.live.packets import MESSAGE_BYTES

PART, TEXT, BINARY, CLOSE, PING, PONG = 0x0, 0x1, 0x2, 0x8, 0x9, 0xA
COMPRESSED = 0x40  # is added to the kind

NORMAL, GOING_AWAY, PROTOCOL_ERROR, UNSUPPORTED = 1000, 1001, 1002, 1003
NOT_UTF8, POLICY, TOO_BIG, RESTART = 1007, 1008, 1009, 1012


class Broken(Exception):
    """The bytes are no correct frame, or too many. `code` is the close code to answer with."""

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


class Incoming(NamedTuple):
    """A whole message or control frame of a reader, or a PART of a message, without its content. `text` is set for TEXT
    only, `data` for PING and PONG."""

    kind: int
    text: str = ""
    data: bytes = b""


def frame(kind: int, payload: bytes) -> bytes:
    """Returns one whole frame from the server."""
    size = len(payload)
    if size < 126:
        return bytes((0x80 | kind, size)) + payload
    if size < 65_536:
        return bytes((0x80 | kind, 126)) + size.to_bytes(2, "big") + payload
    return bytes((0x80 | kind, 127)) + size.to_bytes(8, "big") + payload


def close_frame(code: int) -> bytes:
    """Returns the frame that closes the connection."""
    return frame(CLOSE, code.to_bytes(2, "big"))


class Parser:
    """Parses the frames of one reader from the bytes that arrive. `compressed` says that messages may be. It stores
    less than two messages at any time."""

    __slots__ = ("_compressed", "_protocol", "_size", "_text")

    def __init__(self, *, compressed: bool = False) -> None:
        self._compressed = compressed
        self._protocol: FrameProtocol | None = None
        self._text = ""
        self._size = 0

    def feed(self, data: bytes) -> Iterator[Incoming]:
        """Yields lazily what these bytes complete; the caller may stop early. Raises Broken; do not call it again after
        that."""
        try:
            while data and self._protocol is None:
                # Several in one piece are usual: a page follows its own feed and the News Feed at the same time.
                if (size := _short_text_size(data, compressed=self._compressed)) is None:
                    self._protocol = FrameProtocol(client=False, extensions=[Inflating()] if self._compressed else [])
                else:
                    yield _short_text(data[:size])
                    data = data[size:]
            if self._protocol is not None:
                self._protocol.receive_bytes(data)
                yield from self._whole(self._protocol)
        except ParseFailed as error:
            raise Broken(int(error.code)) from None

    def _whole(self, protocol: FrameProtocol) -> Iterator[Incoming]:
        for each in protocol.received_frames():
            payload = each.payload
            if isinstance(payload, str):
                self._size += len(payload.encode())
                if self._size > MESSAGE_BYTES:
                    raise Broken(TOO_BIG)
                self._text += payload
                if each.message_finished:
                    yield Incoming(TEXT, self._text)
                    self._text, self._size = "", 0
                elif each.frame_finished:
                    yield Incoming(PART)
            elif each.opcode is Opcode.BINARY:
                raise Broken(UNSUPPORTED)
            elif each.opcode is Opcode.CLOSE:
                yield Incoming(CLOSE)
            elif isinstance(payload, bytes | bytearray):
                yield Incoming(int(each.opcode), data=bytes(payload))


def _short_text_size(data: bytes, *, compressed: bool) -> int | None:
    """Returns the size of the final, masked, short text frame that these bytes begin with; None for anything else."""
    if len(data) < 6 or not 0x80 <= data[1] <= 0x80 | 125:
        return None
    if data[0] != 0x81 and not (compressed and data[0] == 0x81 | COMPRESSED):
        return None
    size = 6 + data[1] - 0x80
    return size if size <= len(data) else None


def _short_text(data: bytes) -> Incoming:
    size = len(data) - 6
    mask = int.from_bytes((data[2:6] * (size // 4 + 1))[:size], "big")
    try:
        payload = (int.from_bytes(data[6:], "big") ^ mask).to_bytes(size, "big")
        return Incoming(TEXT, (inflated(payload) if data[0] & COMPRESSED else payload).decode())
    except UnicodeDecodeError:
        raise Broken(NOT_UTF8) from None
