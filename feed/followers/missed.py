"""What readers who come back have missed, which the answer to `follow` brings along when it is little.

After a restart thousands come back who have missed the same. So what follows from a position is made once, and is given
to all until something is committed.
"""

import json
from collections.abc import Callable
from typing import Any, NamedTuple

MOST_VERSIONS = 60  # that are missed: half a minute at two changes a second
MOST_BYTES = 16 * 1024  # of the envelope. It goes out as it is; fetched it would be compressed, and larger ones by more
MOST_KEPT = 200  # of these; each is made again when it is asked for again


class Position(NamedTuple):
    """Where a feed is in its history."""

    epoch: str
    version: int


class Missed:
    """Keeps the envelopes that were made last. `make(slug, own)` gives the one of what a page at that position missed,
    None if it has to load anew; it may wait, and may raise one of `not_now`."""

    def __init__(
        self, make: Callable[[str, Position], dict[str, Any] | None], not_now: tuple[type[Exception], ...]
    ) -> None:
        self._make = make
        self._not_now = not_now
        self._kept: dict[tuple[str, Position], tuple[object, str | None]] = {}
        self._making: set[tuple[str, Position]] = set()

    def since(self, slug: str, own: Position, now: Position, as_of: object = None) -> str | None:
        """The envelope of what a page at `own` missed, as JSON, if the feed is at `now`; None if the page has to fetch
        it. What was made as of something else is not given again."""
        if own.epoch != now.epoch or not 0 < now.version - own.version <= MOST_VERSIONS:
            return None
        key, stamp = (slug, own), (now, as_of)
        found = self._kept.get(key)
        if found is None or found[0] != stamp:
            if key in self._making:
                return None  # a broker is asked, which may take a while: meanwhile pages fetch it
            found = stamp, self._made(key, now)
            if len(self._kept) >= MOST_KEPT:
                self._kept.clear()
            self._kept[key] = found
        return found[1]

    def _made(self, key: tuple[str, Position], now: Position) -> str | None:
        self._making.add(key)
        try:
            envelope = self._make(*key)
        except self._not_now:
            return None
        finally:
            self._making.discard(key)
        if envelope is None or envelope["epoch"] != now.epoch or envelope["version"] < now.version:
            return None
        encoded = json.dumps(envelope, separators=(",", ":"), ensure_ascii=False)
        return encoded if len(encoded.encode()) <= MOST_BYTES else None
