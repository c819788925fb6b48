"""Compression of messages (permessage-deflate, RFC 7692), without a state for any reader.

As it is usually set up, each side keeps a window of what it sent before, so each reader costs memory, and each update
is compressed again for each reader. Here neither side keeps one ("no context takeover"). So an update is compressed
once, and all who agreed to that get the same bytes; and a message of a reader is inflated by itself, when it is whole.
An offer that asks for more than that is declined. No message has a secret in it that its size could tell: readers'
are public, and editors' say who edits what.
"""

import zlib
from functools import lru_cache

from wsproto.extensions import Extension
from wsproto.frame_protocol import CloseReason, Opcode, ParseFailed, RsvBits

from feed.live.packets import MESSAGE_BYTES

AGREED = "permessage-deflate; server_no_context_takeover; client_no_context_takeover"
LEVEL = 6  # of 9, which is slower and makes an update no shorter
SMALLEST = 256  # bytes: below, a frame becomes hardly shorter, and the TCP segment around it not at all
LARGEST = 64 * 1024  # bytes: above, compressing would keep everything else waiting for more than 2 ms
OVERHEAD = 64  # bytes by which a message that does not become shorter may become longer
KNOWN_OFFERS = 64  # headers of which the answer is kept; the browsers have one or two each
TAIL = b"\x00\x00\xff\xff"  # the end of each compressed message, which is not sent
_ENDS = (b"", TAIL, b"\x00" + TAIL)  # what may come after the final block of a message that has one
_WINDOWS = frozenset(map(str, range(8, 16)))


@lru_cache(KNOWN_OFFERS)
def agreed(offers: str) -> bool:
    """Whether one of the offers in a header Sec-WebSocket-Extensions can be accepted with AGREED."""
    return any(_acceptable(offer) for offer in offers.split(","))


def deflated(data: bytes) -> bytes:
    """Returns the payload of a compressed message."""
    stream = zlib.compressobj(LEVEL, zlib.DEFLATED, -zlib.MAX_WBITS)
    return (stream.compress(data) + stream.flush(zlib.Z_SYNC_FLUSH))[: -len(TAIL)]


def inflated(payload: bytes) -> bytes:
    """Returns the message in the payload of a compressed one. Raises ParseFailed if it is broken or has more than
    MESSAGE_BYTES, of which no more are made."""
    stream = zlib.decompressobj(-zlib.MAX_WBITS)
    try:
        data = stream.decompress(payload + TAIL, MESSAGE_BYTES + 1)
    except zlib.error as error:
        raise ParseFailed(str(error), CloseReason.INVALID_FRAME_PAYLOAD_DATA) from None
    if len(data) > MESSAGE_BYTES:
        raise _too_big()
    if stream.eof and stream.unused_data not in _ENDS:
        raise ParseFailed("more than one message", CloseReason.INVALID_FRAME_PAYLOAD_DATA)
    return data


class Inflating(Extension):
    """For wsproto's parser: keeps the payload of a compressed message until it is whole, as what it inflates to could
    be a thousand times as long."""

    name = "permessage-deflate"

    def __init__(self) -> None:
        self._message: bytearray | None = None
        """What came of a compressed message; None while there is none."""
        self._in_control = False

    def enabled(self) -> bool:
        """See wsproto."""
        return True

    def offer(self) -> bool:
        """See wsproto, which asks only clients."""
        return False

    def frame_inbound_header(
        self, proto: object, opcode: Opcode, rsv: RsvBits, payload_length: int
    ) -> CloseReason | RsvBits:
        """Only the first frame of a message says whether it is compressed."""
        self._in_control = opcode.iscontrol()
        if rsv.rsv1 and (self._in_control or opcode is Opcode.CONTINUATION):
            return CloseReason.PROTOCOL_ERROR
        if not self._in_control and opcode is not Opcode.CONTINUATION:
            self._message = bytearray() if rsv.rsv1 else None
        return RsvBits(True, False, False)

    def frame_inbound_payload_data(self, proto: object, data: bytes) -> bytes:
        """Keeps a part. Raises ParseFailed when they are too many."""
        if self._message is None or self._in_control:
            return data
        self._message += data
        if len(self._message) > MESSAGE_BYTES + OVERHEAD:
            raise _too_big()
        return b""

    def frame_inbound_complete(self, proto: object, fin: bool) -> bytes | None:
        """Inflates a message that is whole. Raises ParseFailed if that fails."""
        if self._message is None or self._in_control or not fin:
            return None
        message, self._message = bytes(self._message), None
        return inflated(message)


def _too_big() -> ParseFailed:
    return ParseFailed("too long", CloseReason.MESSAGE_TOO_BIG)


def _acceptable(offer: str) -> bool:
    """Whether that is an offer of permessage-deflate without anything that we would have to promise or do not know."""
    name, *parameters = (part.strip() for part in offer.split(";"))
    asked = [tuple(part.strip() for part in each.partition("=")) for each in parameters]
    if name != Inflating.name or len({key for key, _, _ in asked}) < len(asked):
        return False
    return all(
        (key in ("server_no_context_takeover", "client_no_context_takeover") and not equals)
        or (key == "client_max_window_bits" and (not equals or value.strip('"') in _WINDOWS))
        for key, equals, value in asked
    )
