"""WebSocket frames (RFC 6455) on the server's side: ours out, readers' in.

What the server sends carries no mask and no compression, so one frame serves all readers. What readers send is mostly
one short unfragmented frame in one piece, such as the answer to a ping: that is parsed here, in a few lines. Anything
else goes to wsproto, which is made for a connection when it is first needed.
"""

from typing import NamedTuple

from wsproto.frame_protocol import FrameProtocol, Opcode, ParseFailed

MESSAGE_BYTES = 16 * 1024  # readers send names of feeds; nobody needs more

TEXT, CLOSE, PING, PONG = 0x1, 0x8, 0x9, 0xA

NORMAL, GOING_AWAY, PROTOCOL_ERROR, UNSUPPORTED = 1000, 1001, 1002, 1003
NOT_UTF8, POLICY, TOO_BIG, RESTART = 1007, 1008, 1009, 1012


class Broken(Exception):
    """What came is no proper frame, or too much. `code` is the close code to answer with."""

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


class Incoming(NamedTuple):
    """A whole message or control frame of a reader. `text` is set for TEXT alone, `data` for the others."""

    kind: int
    text: str = ""
    data: bytes = b""


def frame(kind: int, payload: bytes) -> bytes:
    """One whole frame of the server's."""
    size = len(payload)
    if size < 126:
        return bytes((0x80 | kind, size)) + payload
    if size < 65_536:
        return bytes((0x80 | kind, 126)) + size.to_bytes(2, "big") + payload
    return bytes((0x80 | kind, 127)) + size.to_bytes(8, "big") + payload


def close_frame(code: int) -> bytes:
    """The frame that says goodbye."""
    return frame(CLOSE, code.to_bytes(2, "big"))


class Parser:
    """The frames of one reader, from bytes as they arrive."""

    __slots__ = ("_parts", "_protocol", "_size")

    def __init__(self) -> None:
        self._protocol: FrameProtocol | None = None
        self._parts: list[str] = []
        self._size = 0

    def feed(self, data: bytes) -> list[Incoming]:
        """What these bytes complete. Raises Broken."""
        if self._protocol is None:
            whole = _short_text(data)
            if whole is not None:
                return [whole]
            self._protocol = FrameProtocol(client=False, extensions=[])
        self._protocol.receive_bytes(data)
        try:
            return self._whole(self._protocol)
        except ParseFailed as error:
            raise Broken(int(error.code)) from None

    def _whole(self, protocol: FrameProtocol) -> list[Incoming]:
        whole = []
        for each in protocol.received_frames():
            payload = each.payload
            if isinstance(payload, str):
                self._size += len(payload)
                if self._size > MESSAGE_BYTES:
                    raise Broken(TOO_BIG)
                self._parts.append(payload)
                if each.message_finished:
                    whole.append(Incoming(TEXT, "".join(self._parts)))
                    self._parts, self._size = [], 0
            elif each.opcode is Opcode.BINARY:
                raise Broken(UNSUPPORTED)
            elif each.opcode is Opcode.CLOSE:
                whole.append(Incoming(CLOSE))
            elif isinstance(payload, bytes | bytearray):
                whole.append(Incoming(int(each.opcode), data=bytes(payload)))
        return whole


def _short_text(data: bytes) -> Incoming | None:
    """The text of one final, masked, short frame that these bytes are exactly; None for anything else."""
    size = len(data) - 6
    if size < 0 or data[0] != 0x81 or data[1] != 0x80 | size or size > 125:
        return None
    mask = int.from_bytes((data[2:6] * (size // 4 + 1))[:size], "big")
    try:
        return Incoming(TEXT, (int.from_bytes(data[6:], "big") ^ mask).to_bytes(size, "big").decode())
    except UnicodeDecodeError:
        raise Broken(NOT_UTF8) from None
