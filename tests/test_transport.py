"""The transport, where it does more than Flask-SocketIO's stock driver: slow readers, broken frames, crowds, and
draining."""

import http.client
import json
import os
import random
import resource
import signal
import socket
import struct
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from time import monotonic

import pytest
import requests
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from websocket import ABNF
from wsproto.frame_protocol import FrameProtocol, Opcode

from feed.live.direct import frames
from feed.live.direct.frames import Broken, Incoming, Parser
from feed.live.direct.transport import OUTBOX_BYTES, Connection, PingWheel
from feed.live.packets import MESSAGE_BYTES
from tests import metrics
from tests.crowd import UPGRADE, Crowd
from tests.reader import Reader
from tests.server import BIN, Server, serving
from tests.waiting import eventually


def masked(kind: int, payload: bytes, *, last: bool = True) -> bytes:
    """A frame of a reader, of which the last one ends the message."""
    return bytes(ABNF(fin=int(last), opcode=kind, data=payload).format())


MESSAGES = st.lists(
    st.one_of(
        st.tuples(st.just("text"), st.text(max_size=300), st.integers(1, 4)),
        st.tuples(st.just("ping"), st.binary(max_size=125), st.just(1)),
    ),
    max_size=8,
)


@given(messages=MESSAGES, cuts=st.lists(st.integers(1, 400), max_size=30))
@settings(deadline=None)
def test_what_readers_send_is_read_whole_however_it_is_cut(
    messages: list[tuple[str, str | bytes, int]], cuts: list[int]
) -> None:
    """A client's frames, fragmented in the middle of letters too, with pings between, in pieces of any size."""
    wire, expected = b"", []
    for _, content, parts in messages:
        if isinstance(content, bytes):
            wire += ABNF.create_frame(content, ABNF.OPCODE_PING).format()
            expected.append(Incoming(frames.PING, data=content))
        else:
            encoded = content.encode()
            size = len(encoded) // parts + 1
            pieces = [encoded[at : at + size] for at in range(0, max(len(encoded), 1), size)]
            for number, piece in enumerate(pieces):
                last = number == len(pieces) - 1
                wire += masked(frames.PART if number else frames.TEXT, piece, last=last)
                if not last:
                    wire += ABNF.create_frame(b"between", ABNF.OPCODE_PING).format()
                    expected.append(Incoming(frames.PING, data=b"between"))
            expected.append(Incoming(frames.TEXT, content))
    parser, seen = Parser(), []
    for cut in [*cuts, len(wire)]:
        piece, wire = wire[:cut], wire[cut:]
        if piece:
            seen += [each for each in parser.feed(piece) if each.kind != frames.PART]
    assert seen == expected


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"\x81\x02hi", 1002),  # without a mask
        (b"\xc1\x82\0\0\0\0hi", 1002),  # a reserved bit, as compression would set
        (b"\x83\x80\0\0\0\0", 1002),  # an unknown kind
        (b"\x80\x80\0\0\0\0", 1002),  # the end of nothing
        (b"\x09\x80\0\0\0\0", 1002),  # a fragmented ping
        (b"\x89\xfe\0\x7e\0\0\0\0" + b"x" * 126, 1002),  # a ping that is too long
        (b"\x82\x82\0\0\0\0hi", 1003),  # binary
        (b"\x81\x82\0\0\0\0\xff\xfe", 1007),  # not UTF-8
        (b"\x01\x81\0\0\0\0\xc3\x80\x80\0\0\0\0", 1007),  # half a letter, and no more
        (b"\x01\x80\0\0\0\0\x81\x80\0\0\0\0", 1002),  # a message in the middle of another
        (b"\x81\xff" + struct.pack("!Q", 60_000_000) + b"\0\0\0\0" + b"x" * 20_000, 1009),  # before it is there
        (b"\x01\xfe\x30\x00\0\0\0\0" + b"x" * 0x3000 + b"\x80\xfe\x30\x00\0\0\0\0" + b"x" * 0x3000, 1009),
        (b"\x88\x82\0\0\0\0\x03\xe7", 1002),  # a close code nobody may use
    ],
)
def test_a_broken_frame_gets_the_close_code_it_deserves(data: bytes, code: int) -> None:
    with pytest.raises(Broken) as broken:
        list(Parser().feed(data))
    assert broken.value.code == code


@pytest.mark.parametrize("letter", ["x", "é", "𝄞"])
def test_a_message_may_have_16_kib_of_bytes_and_not_one_more(letter: str) -> None:
    whole = (letter * MESSAGE_BYTES).encode()[:MESSAGE_BYTES]
    cut = [whole[at : at + 999] for at in range(0, len(whole), 999)]
    begun = b"".join(masked(frames.PART if at else frames.TEXT, piece, last=False) for at, piece in enumerate(cut))
    parser = Parser()
    for wire in (masked(frames.TEXT, whole), begun + masked(frames.PART, b"")):
        assert list(parser.feed(wire))[-1] == Incoming(frames.TEXT, whole.decode())
    list(parser.feed(begun))
    with pytest.raises(Broken) as broken:
        list(parser.feed(masked(frames.PART, b"x", last=False)))
    assert broken.value.code == 1009


HEADERS = st.tuples(
    st.sampled_from([0x00, 0x01, 0x80, 0x81, 0x82, 0x88, 0x89, 0x8A, 0xC1, 0x8B]),
    st.one_of(st.integers(0x80, 0xFF), st.integers(0, 0x7F)),
).map(bytes)


@given(wire=st.lists(st.one_of(HEADERS, st.binary(max_size=40)), max_size=40).map(b"".join), cut=st.integers(1, 50))
def test_whatever_bytes_come_the_worst_is_a_close_code(wire: bytes, cut: int) -> None:
    parser, alone = Parser(), Parser()

    def outcome(parser: Parser, pieces: list[bytes]) -> list[Incoming | int]:
        seen: list[Incoming | int] = []
        try:
            for piece in pieces:
                for each in parser.feed(piece):
                    if each.kind == frames.CLOSE:
                        return [*seen, each]
                    seen.append(each)
        except Broken as broken:
            seen.append(broken.code)
        return seen

    cuts = [wire[at : at + cut] for at in range(0, len(wire), cut)]
    at_once = outcome(parser, [wire])
    assert at_once == outcome(alone, cuts)
    assert {each for each in at_once if isinstance(each, int)} <= {1002, 1003, 1007, 1009}


@pytest.mark.parametrize(
    "piece",
    [
        lambda: masked(frames.PART, b"", last=False),
        lambda: masked(frames.PONG, b"x" * 125),
        lambda: masked(frames.PART, b"") + masked(frames.TEXT, b"x" * 16_000, last=False),
    ],
    ids=["fragments", "pongs", "messages"],
)
def test_a_parser_holds_less_than_two_messages_whatever_it_is_fed(piece: Callable[[], bytes]) -> None:
    parser = Parser()
    list(parser.feed(masked(frames.TEXT, b"", last=False)))
    wire = piece() * 20
    tracemalloc.start()
    for _ in range(500):
        for _ in parser.feed(wire):
            pass
    held, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert held < 2 * MESSAGE_BYTES


@pytest.mark.parametrize("size", [0, 1, 125, 126, 127, 65_535, 65_536, 65_537])
def test_our_frames_are_what_clients_read(size: int) -> None:
    client = FrameProtocol(client=True, extensions=[])
    client.receive_bytes(frames.frame(frames.TEXT, b"x" * size))
    received = list(client.received_frames())
    assert "".join(str(each.payload) for each in received) == "x" * size
    assert received[-1].message_finished
    assert received[-1].opcode is Opcode.TEXT


LARGE = "\N{GRINNING FACE}" * 19_900  # 80 kB; as many ampersands would be 100, and take six times as long to render
PONG = "the answer to a ping"


class Slow:
    """A reader on a bare socket with a small receive buffer, who reads when asked to."""

    def __init__(
        self,
        server: Server,
        *,
        follow: bool = True,
        headers: str = "",
        halves: bool = False,
        asks: str = '["follow",{"feed":"news"}]',
    ) -> None:
        self.socket = socket.socket()
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        self.socket.settimeout(15)
        self.socket.connect(("127.0.0.1", server.port))
        upgrade = UPGRADE + headers.encode() + b"\r\n"
        if halves:
            self.socket.sendall(upgrade[:60])
            assert requests.get(f"{server.url}/healthz", timeout=5).ok  # by now the server has seen the first half
            upgrade = upgrade[60:]
        self.socket.sendall(upgrade)
        self.head = b""
        while b"\r\n\r\n" not in self.head:
            self.head += self.socket.recv(1)
        self._frames = FrameProtocol(client=True, extensions=[])
        self.texts: list[str] = []
        self.closed: int | None = None
        self._text = ""
        if follow:
            self.send("40")
            self.send(f"420{asks}")
            while not any(text.startswith("430") for text in self.texts):
                self.read(4096)

    def send(self, text: str) -> None:
        """Sends a text frame."""
        self.socket.sendall(ABNF.create_frame(text, ABNF.OPCODE_TEXT).format())

    def read(self, size: int) -> None:
        """Reads that many bytes at most. Raises what wsproto says of a stream that is torn."""
        data = self.socket.recv(size)
        assert data, "the server hung up"
        self._frames.receive_bytes(data)
        for each in self._frames.received_frames():
            if each.opcode is Opcode.TEXT:
                self._text += str(each.payload)
                if each.message_finished:
                    self.texts.append(self._text)
                    self._text = ""
            elif each.opcode is Opcode.PONG:
                self.texts.append(PONG)
            elif each.opcode is Opcode.CLOSE:
                self.closed = int(each.payload[0])  # type: ignore[arg-type]

    def updates(self) -> list[str]:
        """The HTML of the updates pushed so far."""
        pushed = [json.loads(text[2:])[1] for text in self.texts if text.startswith('42["updated"')]
        return [change["html"] for envelope in pushed for change in envelope["changes"]]

    def close(self) -> None:
        """Leaves without a word."""
        self.socket.close()


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server for the tests that leave it as it was, but for updates."""
    with serving(tmp_path_factory.mktemp("transport"), FEED_TRANSPORT="direct") as running:
        yield running


@pytest.fixture
def calm(shared: Server) -> Server:
    """That server, once the sockets of the test before are gone."""
    eventually(lambda: sockets(shared) == 0, within=25)
    return shared


@pytest.fixture
def slow(calm: Server) -> Iterator[Slow]:
    """A slow reader of the News Feed."""
    reader = Slow(calm)
    yield reader
    reader.close()


@pytest.fixture(params=["direct", "loop"])
def model(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Server]:
    """The tiny application of tests/model.py, which sends frames of any size."""
    running = Server(tmp_path, FEED_TRANSPORT=str(request.param), PING_SECONDS="25")
    running.start(BIN / "gunicorn", "tests.model:app")
    yield running
    running.kill()


@pytest.fixture
def filled(model: Server) -> Iterator[Slow]:
    """A slow reader who gets those frames."""
    reader = Slow(model, asks='["join","slow"]')
    yield reader
    reader.close()


BORDERS = [125, 126, 127, 65_535, 65_536, 65_537]  # of the three ways to write the size of a frame


@given(sizes=st.lists(st.one_of(st.sampled_from(BORDERS), st.integers(16, 70_000)), max_size=8), seed=st.integers(0))
@settings(max_examples=10, deadline=None, suppress_health_check=list(HealthCheck))
def test_the_stream_of_a_slow_reader_is_whole_at_any_speed(
    model: Server, filled: Slow, sizes: list[int], seed: int
) -> None:
    """Read in pieces of any size, with pauses, after the kernel's buffers were full: nothing torn, nothing lost, in
    order, and the answers to a ping and to an event after what was there before them."""
    dice = random.Random(seed)
    sizes = [*sizes, *BORDERS, *BORDERS]
    dice.shuffle(sizes)
    filled.texts.clear()
    assert requests.post(f"{model.url}/fill", json=sizes, timeout=5).ok
    assert requests.get(f"{model.url}/behind", timeout=5).json()["behind"] == 1
    filled.socket.sendall(ABNF.create_frame(b"are you there", ABNF.OPCODE_PING).format())
    filled.send('421["leave","nowhere"]')
    while filled.texts[-1:] != ["431[]"]:
        if dice.random() < 0.05:
            assert requests.get(f"{model.url}/healthz", timeout=5).status_code == 404  # a pause
        filled.read(dice.choice([1, 7, 125, 1000, 4096, 65_536]) if dice.random() < 0.3 else 16_384)
    assert [len(text) for text in filled.texts[:-2]] == sizes
    assert [text[11:14] for text in filled.texts[:-2]] == [f"{number:03}" for number in range(len(sizes))]
    assert filled.texts[-2] == PONG


def test_goodbye_is_said_after_all_that_was_sent_before(model: Server, filled: Slow) -> None:
    filled.texts.clear()
    assert requests.post(f"{model.url}/fill", json=[65_536] * 6, timeout=5).ok
    filled.socket.sendall(ABNF.create_frame(b"", ABNF.OPCODE_PING).format())
    filled.send('421["leave","nowhere"]')
    eventually(lambda: ["left", "nowhere"] in requests.get(f"{model.url}/events", timeout=5).json())
    assert requests.post(f"{model.url}/drain", timeout=5).ok
    while filled.closed is None:
        filled.read(16_384)
    assert [len(text) for text in filled.texts[:-2]] == [65_536] * 6
    assert filled.texts[-2:] == [PONG, "431[]"]
    assert filled.closed == 1012


@pytest.mark.long
def test_a_crowd_that_does_not_read_is_dropped_and_costs_the_others_nothing(server: Server) -> None:
    good = Reader(server.url)
    eventually(lambda: good.following)
    crowd = Crowd(server, 100)
    os.kill(crowd.pid, signal.SIGSTOP)
    [worker] = server.workers()
    before = memory(worker)
    for number in range(38):  # 3 MB for each: beyond the kernel's buffers and a megabyte of ours
        server.publish(LARGE + str(number))
    assert memory(worker) - before < 32 * 1024 * 1024  # what waits is there once, not a hundred times
    eventually(lambda: good.page.version == 38)
    assert [version for each in good.envelopes for version in range(each["after"], each["version"])] == [*range(38)]
    eventually(lambda: sockets(server) == 1, within=20)
    crowd.close()
    good.close()


def test_what_waits_for_a_reader_is_a_megabyte_at_most() -> None:
    ours, theirs = socket.socketpair()
    wheel = PingWheel(25, 20, lambda *message: None, lambda *reason: None, lambda *ping: 0)
    ours.setblocking(False)
    reader = Connection(wheel, "sid", ours, "192.0.2.1")
    written, taken, frame = 0, 0, frames.frame(frames.TEXT, b"x" * 1000)
    while not reader.closed:
        reader.write(frame)
        written += len(frame)
    while data := theirs.recv(65_536):  # the kernel's share
        taken += len(data)
    theirs.close()
    assert OUTBOX_BYTES < written - taken <= OUTBOX_BYTES + len(frame)


@pytest.mark.long
def test_a_reader_who_stands_still_is_dropped_after_a_while(calm: Server) -> None:
    stuck, too_slow = Slow(calm), 'liveline_drops_total{reason="too slow"}'
    dropped = metrics.told(calm).get(too_slow, 0)
    # More than the kernel takes, less than a megabyte of ours: only the clock can tell.
    for number in range(11):
        calm.publish(LARGE + str(number))
    assert sockets(calm) == 1
    waiting = metrics.told(calm)
    assert (waiting["liveline_outbox_sockets"], waiting["liveline_outbox_bytes"] > 19_900) == (1, True)
    eventually(lambda: sockets(calm) == 0, within=25)
    eventually(lambda: metrics.told(calm).get(too_slow) == dropped + 1)
    assert metrics.told(calm)["liveline_outbox_bytes"] == 0
    stuck.close()


@pytest.mark.long
def test_who_upgrades_and_does_not_join_is_let_go(calm: Server) -> None:
    chatty, silent = Slow(calm, follow=False), Slow(calm, follow=False)
    assert sockets(calm) == 2
    silent.socket.settimeout(1)
    while silent.closed is None:
        chatty.send("3")  # small talk is no reason to stay, nor to let others stay
        with suppress(TimeoutError):
            silent.read(100)
    while chatty.closed is None:
        chatty.read(100)
    assert silent.closed == chatty.closed == 1008
    silent.close()
    chatty.close()


def test_who_hangs_up_in_the_middle_of_the_handshake_takes_nothing_along(calm: Server) -> None:
    """Once this ended the worker, with all its readers: a watcher of a closed file is libev's reason to abort."""
    good = Slow(calm)
    for _ in range(20):
        with socket.create_connection(("127.0.0.1", calm.port)) as gone:
            gone.sendall(UPGRADE + b"\r\n")
    eventually(lambda: sockets(calm) == 1)
    calm.publish("Still here")
    while not good.updates():
        good.read(4096)
    good.close()


FLOODS = [
    masked(frames.TEXT, b'42["follow",{"feed":"news"}]'),
    masked(frames.TEXT, b"3"),
    masked(frames.PING, b""),
    masked(frames.PONG, b""),
    masked(frames.TEXT, b"", last=False) + masked(frames.PART, b"", last=False) * 100,
]


def test_a_flood_of_any_frame_ends_the_flooder_and_pages_stay_quick(calm: Server) -> None:
    for flood in FLOODS:
        flooder = Slow(calm)
        began = monotonic()
        flooder.socket.sendall(flood * 200)
        assert requests.get(f"{calm.url}/healthz", timeout=5).ok
        while flooder.closed is None:
            flooder.read(4096)
        assert flooder.closed == 1008
        assert monotonic() - began < 5  # it took minutes when every packet was answered
        flooder.close()
    eventually(lambda: sockets(calm) == 0)


def test_noise_after_a_broken_frame_is_not_kept(calm: Server, slow: Slow) -> None:
    [worker] = calm.workers()
    before = memory(worker)
    slow.socket.sendall(b"\x81\x02hi")
    while slow.closed is None:
        slow.read(4096)
    assert slow.closed == 1002
    with suppress(OSError):  # it is hung up on after a while
        for _ in range(64):
            slow.socket.sendall(b"x" * 1024 * 1024)
    assert memory(worker) - before < 16 * 1024 * 1024


def test_a_cookie_without_an_origin_does_not_open_the_socket(calm: Server) -> None:
    refused = Slow(calm, follow=False, headers="Cookie: liveline=x\r\n")
    assert refused.head.startswith(b"HTTP/1.1 403 ")
    refused.close()


def test_a_full_worker_says_so_before_the_upgrade(tmp_path: Path) -> None:
    server = Server(tmp_path, FEED_MAX_READERS_PER_ADDRESS="2")
    server.prepare()
    server.start()
    inside = [Slow(server) for _ in range(2)]
    refused = Slow(server, follow=False)
    assert refused.head.startswith(b"HTTP/1.1 503 ")
    assert b"Retry-After: 30\r\n" in refused.head
    inside[0].close()
    eventually(lambda: sockets(server) == 1)
    inside.append(Slow(server))
    for each in [refused, *inside[1:]]:
        each.close()
    server.stop()


def test_a_worker_that_ends_takes_nobody_and_says_goodbye_with_the_code_for_a_restart(server: Server) -> None:
    readers = [Slow(server) for _ in range(30)]
    probe, late = (http.client.HTTPConnection("127.0.0.1", server.port) for _ in range(2))
    for kept in (probe, late):
        kept.request("GET", "/readyz")
        assert kept.getresponse().read() == b"ready\n"
    server.ask_to_stop()
    for each in readers:
        while each.closed is None:
            each.read(4096)
        assert each.closed == 1012
        each.close()
        if each is readers[0]:  # the others are let go later
            probe.request("GET", "/readyz")
            assert probe.getresponse().status == 503
            late.putrequest("GET", "/socket.io/?EIO=4&transport=websocket")
            late.endheaders()
            refused = late.getresponse()
            assert (refused.status, refused.getheader("Retry-After")) == (503, "1")
    began = monotonic()
    server.stop()
    assert server.exit_code == 0
    assert monotonic() - began < 5


def memory(process: int) -> int:
    """Bytes of memory that process holds."""
    pages = Path(f"/proc/{process}/statm").read_text().split()[1]
    return int(pages) * resource.getpagesize()


def sockets(server: Server) -> int:
    """How many sockets the worker counts."""
    numbers = requests.get(f"{server.url}/metrics", timeout=5).text
    line = next(line for line in numbers.splitlines() if line.startswith("liveline_worker_sockets "))
    return int(float(line.split()[1]))
