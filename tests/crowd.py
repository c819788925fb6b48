"""A crowd of readers in a process of its own: bare sockets, a thousand of them in one loop.

Each follows the News Feed, keeps the reader's rule, and reconnects within a second when its socket is closed. The
parent can ask what happened to each. `python -m tests.crowd PORT COUNT` is started by `Crowd`.
"""

import asyncio
import json
import os
import random
import subprocess
import sys
from dataclasses import asdict, dataclass
from time import monotonic
from typing import Any

from websocket import ABNF

from tests import processes
from tests.server import ROOT, Server

COME_IN_TOGETHER = 100  # connections being opened at a time: a crowd, not a flood
UPGRADE = (
    b"GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\n"
    b"Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"
)
UPDATED = b'42["updated"'


@dataclass
class Life:
    """One connection of a reader, from the answer to `follow` to its end. Times are of the monotonic clock."""

    followed: int
    version: int
    whole: bool = True
    """Whether every envelope went on where the one before it ended."""
    code: int | None = None
    ended: float | None = None

    def receive(self, envelope: dict[str, Any]) -> None:
        """The reader's rule, without the changes."""
        if envelope["version"] > self.version:
            self.whole &= envelope["after"] <= self.version
            self.version = envelope["version"]


class Crowd:
    """The parent's end: `lives()` are those of each reader, in order."""

    def __init__(self, server: Server, count: int) -> None:
        command = [sys.executable, "-m", "tests.crowd", str(server.port), str(count)]
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
        self._process = processes.start(*command, cwd=ROOT, text=True, **pipes)
        self.pid = self._process.pid
        assert self._heard() == "following"

    def lives(self) -> list[list[Life]]:
        """Returns what has happened to each reader so far."""
        assert self._process.stdin
        self._process.stdin.write("lives\n")
        self._process.stdin.flush()
        return [[Life(**life) for life in lives] for lives in self._heard()]

    def follows(self, version: int) -> bool:
        """Whether all are connected, and have that version or follow from it."""
        return all(lives[-1].code is None and lives[-1].version == version for lives in self.lives())

    def close(self) -> None:
        """Disconnects all readers without a close frame."""
        self._process.kill()
        self._process.communicate()

    def _heard(self) -> Any:
        assert self._process.stdout
        return json.loads(self._process.stdout.readline())


async def main(port: int, count: int) -> None:
    """Runs the crowd until the parent is gone."""
    crowd: list[list[Life]] = [[] for _ in range(count)]
    coming_in = asyncio.Semaphore(COME_IN_TOGETHER)
    readers = [asyncio.create_task(reader(port, lives, coming_in)) for lives in crowd]
    while not all(crowd):
        await asyncio.sleep(0.01)
    print(json.dumps("following"), flush=True)
    while await asyncio.to_thread(sys.stdin.readline):
        print(json.dumps([[asdict(life) for life in lives] for lives in crowd]), flush=True)
    for each in readers:
        each.cancel()


async def reader(port: int, lives: list[Life], coming_in: asyncio.Semaphore) -> None:
    """Follows, again and again."""
    while True:
        try:
            async with coming_in:
                stream, writer = await asyncio.open_connection("127.0.0.1", port)
                life = await follow(stream, writer)
            lives.append(life)
            await live(stream, writer, life)
            writer.close()
        except (OSError, asyncio.IncompleteReadError):
            pass  # refused, or hung up on: like a page, it tries again
        await asyncio.sleep(random.random())


async def follow(stream: asyncio.StreamReader, writer: asyncio.StreamWriter) -> Life:
    """Opens the socket and follows the News Feed."""
    writer.write(UPGRADE + b"\r\n")
    head = await stream.readuntil(b"\r\n\r\n")
    if not head.startswith(b"HTTP/1.1 101 "):
        raise ConnectionRefusedError(head)
    writer.write(text("40") + text('420["follow",{"feed":"news"}]'))
    early = []  # pushes may overtake the answer
    while True:
        _, payload = await frame(stream)
        if payload.startswith(b"430["):
            version = json.loads(payload[3:])[0]["version"]
            life = Life(followed=version, version=version)
            for envelope in early:
                life.receive(envelope)
            return life
        if payload.startswith(UPDATED):
            early.append(json.loads(payload[2:])[1])


async def live(stream: asyncio.StreamReader, writer: asyncio.StreamWriter, life: Life) -> None:
    """Takes what is pushed until the end."""
    try:
        while life.code is None:
            kind, payload = await frame(stream)
            if kind == ABNF.OPCODE_CLOSE:
                life.code = int.from_bytes(payload[:2], "big")
                writer.write(ABNF.create_frame(payload, ABNF.OPCODE_CLOSE).format())
            elif payload == b"2":
                writer.write(text("3"))
            elif payload.startswith(UPDATED):
                life.receive(json.loads(payload[2:])[1])
    except asyncio.IncompleteReadError:
        life.code = 1006  # without a goodbye
    life.ended = monotonic()


async def frame(stream: asyncio.StreamReader) -> tuple[int, bytes]:
    """Kind and payload of the next frame."""
    first, size = await stream.readexactly(2)
    if size > 125:
        size = int.from_bytes(await stream.readexactly(2 if size == 126 else 8), "big")
    return first & 0x0F, await stream.readexactly(size)


def text(message: str) -> bytes:
    """A text frame of a reader."""
    return bytes(ABNF.create_frame(message, ABNF.OPCODE_TEXT).format())


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), int(sys.argv[2])))
    os._exit(0)
