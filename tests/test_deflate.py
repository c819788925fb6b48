"""Compression of what the socket carries: who gets it, that it says the same, and what readers may send in it."""

import json
import socket
import tracemalloc
import zlib
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from websocket import ABNF
from wsproto.extensions import PerMessageDeflate
from wsproto.frame_protocol import FrameProtocol, Opcode

from feed.live.direct import frames
from feed.live.direct.deflate import AGREED, TAIL, agreed, deflated, inflated
from feed.live.direct.frames import Broken, Incoming, Parser
from feed.live.packets import MESSAGE_BYTES
from tests import metrics
from tests.crowd import UPGRADE
from tests.server import Server, serving
from tests.waiting import eventually

BROWSERS = "permessage-deflate; client_max_window_bits"
FOLLOW = '420["follow",{"feed":"news"}]'
FINAL = zlib.compressobj(wbits=-15)
WHOLE = FINAL.compress(b"2") + FINAL.flush()  # with a final block, where we send an empty one that is not


def masked(kind: int, payload: bytes, *, last: bool = True, rsv1: bool = False) -> bytes:
    """A frame of a reader; `rsv1` says that the message is compressed."""
    return bytes(ABNF(fin=int(last), rsv1=int(rsv1), opcode=kind, data=payload).format())


@pytest.mark.parametrize(
    "offers",
    [
        BROWSERS,
        "permessage-deflate",
        "permessage-deflate;server_no_context_takeover ; client_no_context_takeover",
        "permessage-deflate; client_max_window_bits=15",
        'permessage-deflate; client_max_window_bits="8"',
        f"x-webkit-deflate-frame, permessage-deflate; server_max_window_bits=10, {BROWSERS}",  # the first we can take
    ],
)
def test_an_offer_that_promises_nothing_of_us_is_taken(offers: str) -> None:
    assert agreed(offers)


@pytest.mark.parametrize(
    "offers",
    [
        "",
        "permessage-bzip2",
        "permessage-deflate; server_max_window_bits=10",  # one frame for all has the window that it has
        "permessage-deflate; server_max_window_bits",
        "permessage-deflate; client_max_window_bits=16",
        "permessage-deflate; client_max_window_bits=",
        "permessage-deflate; client_max_window_bits=08",
        "permessage-deflate; client_max_window_bits; client_max_window_bits=10",  # twice
        "permessage-deflate; server_no_context_takeover=1",
        "permessage-deflate; mode=fast",
        "permessage-deflate;",
        "Permessage-Deflate",
    ],
)
def test_any_other_offer_is_declined(offers: str) -> None:
    assert not agreed(offers)


TEXTS = st.lists(st.tuples(st.text(max_size=400), st.integers(1, 4), st.booleans()), max_size=8)


@given(messages=TEXTS, cuts=st.lists(st.integers(1, 400), max_size=30))
@settings(deadline=None)
def test_compressed_messages_are_read_whole_however_they_are_cut(
    messages: list[tuple[str, int, bool]], cuts: list[int]
) -> None:
    """Among others that are not, in fragments with pings between."""
    wire = b""
    for text, parts, compressed in messages:
        payload = deflated(text.encode()) if compressed else text.encode()
        size = len(payload) // parts + 1
        pieces = [payload[at : at + size] for at in range(0, max(len(payload), 1), size)]
        for number, piece in enumerate(pieces):
            last = number == len(pieces) - 1
            kind = frames.PART if number else frames.TEXT
            wire += masked(kind, piece, last=last, rsv1=compressed and not number) + masked(frames.PING, b"between")
    parser, seen = Parser(compressed=True), []
    for cut in [*cuts, len(wire)]:
        piece, wire = wire[:cut], wire[cut:]
        if piece:
            seen += [each.text for each in parser.feed(piece) if each.kind == frames.TEXT]
    assert seen == [text for text, _, _ in messages]


BOMB = deflated(b"4" * 30_000_000)
BROKEN = {  # by what is wrong with it: the frames, and the close code
    "a bomb in a short frame": (masked(frames.TEXT, deflated(b"4" * (MESSAGE_BYTES + 1)), rsv1=True), 1009),
    "a bomb": (masked(frames.TEXT, BOMB, rsv1=True), 1009),
    "a bomb in two parts": (
        masked(frames.TEXT, BOMB[:9000], last=False, rsv1=True) + masked(frames.PART, BOMB[9000:]), 1009,
    ),
    "much for nothing": (masked(frames.TEXT, (b"\x00" + TAIL) * 5000, last=False, rsv1=True), 1009),
    "an unknown kind of block": (masked(frames.TEXT, b"\xff" * 9, rsv1=True), 1007),
    "that in a long frame": (masked(frames.TEXT, b"\xff" * 900, rsv1=True), 1007),
    "two messages in one": (masked(frames.TEXT, WHOLE + b"\x00" + WHOLE, rsv1=True), 1007),
    "not UTF-8": (masked(frames.TEXT, deflated(b"\xff\xfe"), rsv1=True), 1007),
    "half a letter": (masked(frames.TEXT, deflated(b"\xc3"), last=False, rsv1=True) + masked(frames.PART, b""), 1007),
    "binary": (masked(frames.BINARY, deflated(b"4"), rsv1=True), 1003),
    "a ping": (masked(frames.PING, deflated(b"4"), rsv1=True), 1002),
    "in the middle": (
        masked(frames.TEXT, b"\0", last=False, rsv1=True) + masked(frames.PART, b"", rsv1=True), 1002,
    ),
    "another reserved bit": (b"\xa1\x81\0\0\0\x002", 1002),
}  # fmt: skip


@pytest.mark.parametrize(("data", "code"), BROKEN.values(), ids=BROKEN)
def test_what_cannot_be_inflated_gets_the_close_code_it_deserves(data: bytes, code: int) -> None:
    tracemalloc.start()
    with pytest.raises(Broken) as broken:
        list(Parser(compressed=True).feed(data))
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert broken.value.code == code
    assert most < len(data) * 4 + 8 * MESSAGE_BYTES


def test_compression_that_was_not_agreed_to_is_an_error() -> None:
    with pytest.raises(Broken) as broken:
        list(Parser().feed(masked(frames.TEXT, deflated(b"2"), rsv1=True)))
    assert broken.value.code == 1002


@pytest.mark.parametrize("message", ["", "2", "x" * MESSAGE_BYTES], ids=["empty", "short", "long"])
def test_a_message_may_be_empty_and_as_long_as_any(message: str) -> None:
    wire = masked(frames.TEXT, deflated(message.encode()), rsv1=True)
    assert list(Parser(compressed=True).feed(wire))[-1] == Incoming(frames.TEXT, message)


def test_a_message_that_grows_and_one_with_a_final_block_are_read() -> None:
    noise = zlib.compress(bytes(range(256)) * 99, 9)[:MESSAGE_BYTES]
    assert inflated(deflated(noise)) == noise
    assert inflated(WHOLE + b"\x00") == b"2"


def test_a_reader_who_is_silent_keeps_nothing_but_what_is_not_whole() -> None:
    whole = masked(frames.TEXT, deflated(b"4" * 16_000), rsv1=True)
    wire = whole + masked(frames.TEXT, b"\0" * 15_000, last=False, rsv1=True)
    parser = Parser(compressed=True)
    tracemalloc.start()
    for _ in parser.feed(wire):
        pass
    held, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert held < 2 * MESSAGE_BYTES


class Client:
    """A reader with wsproto's own compression, who follows the News Feed."""

    def __init__(self, server: Server, offers: str) -> None:
        self.socket = socket.create_connection(("127.0.0.1", server.port), 10)
        self.socket.sendall(UPGRADE + f"Sec-WebSocket-Extensions: {offers}\r\n\r\n".encode())
        self.head = b""
        while b"\r\n\r\n" not in self.head:
            self.head += self.socket.recv(1)
        self.compresses = f"\r\nSec-WebSocket-Extensions: {AGREED}\r\n".encode() in self.head
        extension = PerMessageDeflate()
        if self.compresses:
            extension.finalize(AGREED)
        self._frames = FrameProtocol(client=True, extensions=[extension])
        self.received = 0
        self.closed: int | None = None
        self.texts = self._read()
        for text in ("40", FOLLOW):
            self.socket.sendall(self._frames.send_data(text, fin=True))
        assert json.loads(self.next("430")[3:])[0]["feed"] == "news"

    def next(self, start: str) -> str:
        """Returns the next packet that begins so."""
        return next(text for text in self.texts if text.startswith(start))

    def _read(self) -> Iterator[str]:
        """Yields all packets, until the server closes."""
        text = ""
        while self.closed is None:
            data = self.socket.recv(65_536)
            assert data, "the server hung up"
            self.received += len(data)
            self._frames.receive_bytes(data)
            for each in self._frames.received_frames():
                if each.opcode is Opcode.CLOSE:
                    self.closed = int(each.payload[0])  # type: ignore[arg-type]
                elif each.opcode is Opcode.TEXT:
                    text += str(each.payload)
                    if each.message_finished:
                        yield text
                        text = ""


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server of these tests."""
    with serving(tmp_path_factory.mktemp("deflate"), FEED_TRANSPORT="direct") as running:
        yield running


def test_readers_with_and_without_it_get_the_same(shared: Server) -> None:
    clients = [Client(shared, offers) for offers in (BROWSERS, "permessage-deflate; server_max_window_bits=9")]
    assert [each.compresses for each in clients] == [True, False]
    assert b"extensions" not in clients[1].head.lower()
    before = [each.received for each in clients]
    for body in ("Short, but its markup is not.", "The **bridge** is open. " * 800, "Лёд тронулся 𝄞"):
        update = shared.publish(body)
        packets = [each.next('42["updated"') for each in clients]
        assert packets[0] == packets[1]
        assert json.loads(packets[0][2:])[1]["changes"][0]["html"] == update["html"]
    shorter, longer = (each.received - start for each, start in zip(clients, before, strict=True))
    assert shorter < longer / 2
    clients[1].socket.close()
    eventually(lambda: metrics.told(shared)["liveline_worker_sockets"] == 1)  # who is left agreed to it
    update = shared.publish("For one")
    assert json.loads(clients[0].next('42["updated"')[2:])[1]["changes"][0]["html"] == update["html"]
    clients[0].socket.close()


@pytest.mark.parametrize(("payload", "code"), [(BOMB, 1009), (b"\xff" * 50, 1007)], ids=["bomb", "broken"])
def test_what_cannot_be_inflated_ends_its_own_socket(shared: Server, payload: bytes, code: int) -> None:
    client = Client(shared, BROWSERS)
    client.socket.sendall(masked(frames.TEXT, payload, rsv1=True))
    assert not [text for text in client.texts if not text.startswith('42["readers"')]
    assert client.closed == code
    client.socket.close()
