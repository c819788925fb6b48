"""What is where in the broker, and how it is read and written.

For each feed there is its position, in one hash by slug, and a stream of sealed envelopes for each of its epochs. The
id of an entry is `<version>-0`, so a version can be there once only, and "what came after version 41" is a range of
ids. After `<version>-1` nothing follows: the epoch, the name or the publicity of the feed ended at that version.

The relay alone writes here, while it holds the lease. Each of its writes checks that in the broker itself, so that one
that was stopped for a while and wakes up as a second one changes nothing.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, NamedTuple, cast

from redis import Redis
from redis.exceptions import ResponseError

from feed.followers.broker.seal import MOST_BYTES, Seal
from feed.followers.bus import Envelope
from feed.store.changes import MOST_CHANGES

FEEDS = "liveline:feeds"
WRITER = "liveline:writer"
BELL = "liveline:bell:"
COMPLETE = ":complete"  # in the hash once every feed is: no slug, since a slug has no colon in front
BELL_SECONDS = 60  # that a ring is kept: it is read at once
KEPT_SECONDS = 7 * 24 * 3600  # a reader who comes back after a week loads the page anyway
LEASE_MILLISECONDS = 5_000  # after which another worker relays, and nodes no longer count on the writer

_AFTER_ALL = 2**64 - 1  # the greatest second part of an id
_PIPELINED = 100  # writes in one round trip: one large answer at a time, however many feeds there are

# KEYS: lease, positions, stream. ARGV: holder, slug, position, id or "", envelope, most entries, seconds.
_WRITE = """
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return redis.error_reply('NOLEASE another process relays') end
if ARGV[4] ~= '' then
  local added = redis.pcall('XADD', KEYS[3], 'MAXLEN', '~', ARGV[6], ARGV[4], 'e', ARGV[5])
  if type(added) == 'table' and added.err and not string.find(added.err, 'equal or smaller') then return added end
  redis.call('EXPIRE', KEYS[3], ARGV[7])
end
return redis.call('HSET', KEYS[2], ARGV[2], ARGV[3])
"""

# KEYS: lease. ARGV: holder, milliseconds; 0 gives the lease back.
_RENEW = """
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
if ARGV[2] == '0' then return redis.call('DEL', KEYS[1]) end
return redis.call('PEXPIRE', KEYS[1], ARGV[2])
"""


class NoLease(Exception):
    """Another process relays now, or the broker has lost the lease."""


@dataclass(frozen=True)
class Place:
    """A feed's position in its history: `id` is that of the feed in the database, and `feed` its slug now, which is
    another one than where the place was found when the address has changed. Nobody can follow a draft."""

    id: int
    feed: str
    epoch: str
    version: int
    draft: bool = False


UNREADABLE = Place(-1, "", "", -1, True)  # what is there is not ours, and nobody knows where the feed is


class Entry(NamedTuple):
    """One entry of a stream. `envelope` is to be pushed; None where there is none or it was not ours. After an entry
    that `ends`, the stream has no followers."""

    id: str
    envelope: Envelope | None
    ends: bool


class Write(NamedTuple):
    """What the relay writes at once: where the feed is now under that slug and, unless `id` is empty, an entry of the
    stream with that slug and epoch."""

    slug: str
    place: Place
    epoch: str = ""
    id: str = ""
    envelope: Envelope | None = None


def bell(worker: str) -> str:
    """The key of a stream by which a node's worker ends its own read that waits."""
    return f"{BELL}{worker}"


def stream(slug: str, epoch: str) -> str:
    """The key of a feed's stream."""
    return f"liveline:feed:{slug}:{epoch}"


def change_id(version: int) -> str:
    """The id of the entry with the envelope up to that version."""
    return f"{version}-0"


def end_id(version: int) -> str:
    """The id of the entry after which nothing follows."""
    return f"{version}-1"


def after_id(version: int) -> str:
    """The id after which later versions are, and no end at that version either: what ended before is known."""
    return f"{version}-{_AFTER_ALL}"


class Streams:
    """Reads and writes through a client. Methods raise RedisError."""

    def __init__(self, client: Redis, seal: Seal) -> None:
        self._client = client
        self._seal = seal
        self._write = client.register_script(_WRITE)
        self._renew = client.register_script(_RENEW)

    # The relay's side

    def take(self, holder: str) -> str:
        """Takes the lease if nobody has it; returns who has it now."""
        if self._client.set(WRITER, holder, nx=True, px=LEASE_MILLISECONDS):
            return holder
        return _text(self._client.get(WRITER))

    def renew(self, holder: str) -> None:
        """Keeps the lease. Raises NoLease."""
        if not self._renew([WRITER], [holder, LEASE_MILLISECONDS]):
            raise NoLease

    def give_back(self, holder: str) -> None:
        """Ends the lease, if that holder has it."""
        self._renew([WRITER], [holder, 0])

    def places(self) -> dict[str, Place]:
        """Every place, by the slug under which it was found."""
        found = cast(Mapping[bytes, bytes], self._client.hgetall(FEEDS))
        places = ((slug.decode(), self._place(slug.decode(), sealed)) for slug, sealed in found.items())
        return {slug: place for slug, place in places if place and slug != COMPLETE}

    def write(self, holder: str, writes: Sequence[Write]) -> None:
        """Makes these writes, in order. Raises NoLease, and then none or only the first of them are made."""
        for begin in range(0, len(writes), _PIPELINED):
            pipeline = self._client.pipeline(transaction=False)
            for each in writes[begin : begin + _PIPELINED]:
                self._write(*self._written(holder, each), client=pipeline)
            try:
                pipeline.execute()
            except ResponseError as error:
                if "NOLEASE" in str(error):
                    raise NoLease from error
                raise

    def say_complete(self, holder: str) -> None:
        """Says that the place of every feed is written: one that is missing does not exist. Raises NoLease."""
        self.write(holder, [Write(COMPLETE, Place(0, COMPLETE, "", 0))])

    def remove(self, slug: str) -> None:
        """Removes the place of a feed that exists no more."""
        self._client.hdel(FEEDS, slug)

    def _written(self, holder: str, write: Write) -> tuple[list[str], list[Any]]:
        key = stream(write.slug, write.epoch)
        envelope = b"" if not write.id else self._seal.close(f"{key} {write.id}", write.envelope or {})
        if len(envelope) > MOST_BYTES:
            raise ValueError(f"the envelope of {write.slug} has {len(envelope)} bytes")
        place = self._seal.close(f"{FEEDS} {write.slug}", asdict(write.place))
        arguments = [holder, write.slug, place, write.id, envelope, MOST_CHANGES, KEPT_SECONDS]
        return [WRITER, FEEDS, key], arguments

    # The nodes' side

    def look(self, slugs: Sequence[str]) -> tuple[bool, bool, list[Place | None]]:
        """Whether a writer gives a sign of life, whether every feed is there that exists, and the places of these: None
        where there is nothing."""
        pipeline = self._client.pipeline(transaction=False)
        pipeline.exists(WRITER)
        pipeline.hmget(FEEDS, [COMPLETE, *slugs])
        alive, (complete, *found) = pipeline.execute()
        places = [
            None if sealed is None else self._place(slug, sealed) or UNREADABLE
            for slug, sealed in zip(slugs, found, strict=True)
        ]
        return bool(alive), self._place(COMPLETE, complete) is not None, places

    def read(self, cursors: Mapping[str, str], milliseconds: int) -> dict[str, list[Entry]]:
        """Waits up to that long for entries of these streams, by key, after the id that each was read up to."""
        given = cast(Any, self._client.xread(cast(Any, dict(cursors)), count=MOST_CHANGES, block=milliseconds)) or []
        pairs = given.items() if isinstance(given, dict) else given
        return {key.decode(): self._entries(key.decode(), entries) for key, entries in pairs}

    def ring(self, worker: str) -> None:
        """Ends the read of that worker, which waits at its bell too; also one that is about to begin."""
        pipeline = self._client.pipeline(transaction=False)
        pipeline.xadd(bell(worker), {"r": ""}, maxlen=1, approximate=False)
        pipeline.expire(bell(worker), BELL_SECONDS)
        pipeline.execute()

    def after(self, slug: str, epoch: str, version: int) -> list[Entry]:
        """The entries of that stream after a version."""
        key = stream(slug, epoch)
        return self._entries(key, cast(Any, self._client.xrange(key, f"({after_id(version)}")))

    def _place(self, slug: str, sealed: bytes | None) -> Place | None:
        content = self._seal.open(f"{FEEDS} {slug}", sealed)
        # Another release may write more of it.
        return (
            Place(**{each: content[each] for each in content if each in Place.__dataclass_fields__})
            if content
            else None
        )

    def _entries(self, key: str, found: Iterable[tuple[bytes, Mapping[bytes, bytes]]]) -> list[Entry]:
        return list(self._sealed(key, found))

    def _sealed(self, key: str, found: Iterable[tuple[bytes, Mapping[bytes, bytes]]]) -> Iterator[Entry]:
        for raw, fields in found:
            number = raw.decode()
            if key.startswith(BELL):
                yield Entry(number, None, False)
                continue
            content = self._seal.open(f"{key} {number}", fields.get(b"e", b""))
            yield Entry(number, content or None, content is not None and number.endswith("-1"))


def merged(entries: Sequence[Entry], version: int) -> Envelope | None:
    """One envelope after that version, with the latest state of each thing that changed. None where the entries do not
    begin at that version or before, or have a hole: then something is missing."""
    latest: dict[str, dict[str, Any]] = {}
    reached, last = version, None
    for entry in entries:
        envelope = entry.envelope
        if entry.ends or (envelope and envelope["after"] > reached):
            return None
        if envelope and envelope["version"] > reached:
            for change in envelope["changes"]:
                latest.pop(change["id"], None)
                latest[change["id"]] = change
            reached, last = envelope["version"], envelope
    if last is None or len(latest) > MOST_CHANGES:
        return None
    changes = sorted((each for each in latest.values() if each["version"] > version), key=lambda each: each["version"])
    return {**last, "after": version, "changes": changes}


def _text(value: Any) -> str:
    return value.decode(errors="replace") if isinstance(value, bytes) else str(value or "")
