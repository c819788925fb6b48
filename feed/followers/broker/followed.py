"""The feeds that readers of this node follow, and how far each has been pushed to them.

What is new comes from the broker's streams, from its table of positions and, when neither can be used, from the writer
itself, in any order and more than once. Here it is decided what of it readers get. What they cannot be given in one
piece, an empty envelope with a hole or of another epoch makes them fetch, by the reader's own rule.
"""

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from time import monotonic

from feed.followers.broker.streams import Entry, Place, change_id, stream
from feed.followers.bus import Envelope, Position, Push

KEPT_SECONDS = 60.0  # that a feed is read on after its last reader has left: who turns a page comes back in these


@dataclass
class Followed:
    """A feed that somebody here follows or did a while ago. Moments are of the monotonic clock."""

    slug: str
    position: Position
    """Where who follows it now is told that it is; what is later is pushed."""
    pushed: int = 0
    cursor: str = ""
    """The id of the stream's entry that was read last."""
    since: float = field(default_factory=monotonic)
    """When it got to this epoch: what was asked before that, and is answered later, is outdated."""
    wanted: float = field(default_factory=monotonic)
    """When somebody followed it last, or was counted among its readers."""
    looked: float = 0.0
    """When the last question began to which the answer was where it is now."""
    polled: float = 0.0
    """When the writer was asked for it."""

    def __post_init__(self) -> None:
        self.move(self.position)

    @property
    def heard(self) -> float:
        """The latest moment for which it is known where the feed was."""
        return max(self.since, self.looked)

    def move(self, position: Position) -> None:
        """Goes on from there, in what may be another epoch."""
        self.position, self.pushed, self.since = position, position.version, monotonic()
        self.cursor = change_id(position.version)


class FollowedFeeds:
    """All of them, by slug. Thread-safe. `push` and `end` are the channel's; see Bus.subscribe."""

    push: Push
    end: Callable[[str], None]

    def __init__(self) -> None:
        self._by_slug: dict[str, Followed] = {}
        self._membership = threading.Lock()  # never held for long: each follower takes it
        self._lock = threading.RLock()  # held while it is pushed, so that what comes in two ways keeps its order

    def join(self, slug: str) -> Followed | None:
        """The feed, if it is followed; it stays so for a while."""
        with self._membership:
            found = self._by_slug.get(slug)
            if found:
                found.wanted = monotonic()
        return found

    def known(self, slug: str) -> Position | None:
        """Where that feed is, if it is followed."""
        found = self._by_slug.get(slug)
        return found.position if found else None

    def all(self) -> list[Followed]:
        """All that are followed."""
        return list(self._by_slug.values())

    def begin(self, slug: str, position: Position) -> Followed:
        """From now on that feed is followed, and was there when this was asked."""
        self._by_slug[slug] = begun = Followed(slug, position)
        return begun

    def cursors(self) -> dict[str, str]:
        """For each stream that is to be read, the id after which to go on."""
        return {stream(each.slug, each.position.epoch): each.cursor for each in self.all()}

    def keep(self, read: Mapping[str, int]) -> None:
        """Forgets feeds that had no readers for a while. `read` has those that have some."""
        with self._membership:
            for each in self.all():
                if each.slug in read:
                    each.wanted = monotonic()
                elif monotonic() - each.wanted > KEPT_SECONDS:
                    self._by_slug.pop(each.slug, None)

    def take(self, found: Mapping[str, Sequence[Entry]]) -> list[str]:
        """Pushes what was read of these streams, by their keys. Returns the slugs of those that have begun another
        epoch: their places tell whether they have another address, too."""
        begun = []
        with self._lock:
            for each in self.all():
                epoch = each.position.epoch
                for entry in found.get(stream(each.slug, epoch), ()):
                    if entry.envelope:
                        self._deliver(each, entry.envelope)
                    elif entry.ends:
                        self._finish(each)
                    if each.position.epoch == epoch:
                        each.cursor = entry.id  # also after one that was forged: it is read once
                    if entry.ends:
                        begun += [each.slug] if entry.envelope else []
                        break
        return begun

    def deliver(self, slug: str, envelope: Envelope, asked: float) -> None:
        """Pushes an envelope that the writer gave when it was asked at that moment."""
        with self._lock:
            if (each := self._current(slug, asked)) is not None:
                each.looked = asked
                self._deliver(each, envelope)

    def settle(self, slug: str, place: Place | None, asked: float) -> None:
        """Brings the followers of that feed to where it was when this was asked; None where it does not exist. Its
        stream has been read before: what is still missing is not there."""
        with self._lock:
            each = self._current(slug, asked)
            if each is None:
                return
            each.looked = asked
            if place is None or place.draft or place.feed != slug:
                self._finish(each)
            else:
                self._deliver(each, hole(slug, place.epoch, place.version))

    def _current(self, slug: str, asked: float) -> Followed | None:
        found = self._by_slug.get(slug)
        return found if found and found.since <= asked else None

    def _deliver(self, each: Followed, envelope: Envelope) -> None:
        position = Position(envelope["epoch"], envelope["version"])
        if position.epoch != each.position.epoch:
            each.move(position)
            self.push(each.slug, envelope)
        elif position.version > each.pushed:
            # The position first: who joins while this is sent is told of it, and fetches what they did not get.
            each.position = Position(position.epoch, max(position.version, each.position.version))
            self.push(each.slug, _after(each.pushed, envelope))
            each.pushed = position.version

    def _finish(self, each: Followed) -> None:
        """Nobody can follow it any longer: its readers load the page again, and find it gone or elsewhere."""
        self._by_slug.pop(each.slug, None)
        self.push(each.slug, hole(each.slug, "", each.position.version))
        self.end(each.slug)


def _after(version: int, envelope: Envelope) -> Envelope:
    """Without what was pushed before: after trouble the relay writes all of the last changes into one entry."""
    if envelope["after"] >= version:
        return envelope
    return {
        **envelope,
        "after": version,
        "changes": [each for each in envelope["changes"] if each["version"] > version],
    }


def hole(slug: str, epoch: str, version: int) -> Envelope:
    """An envelope that makes who is behind that version catch up, and who is in another epoch reload. No feed has the
    epoch "": it makes all reload."""
    return {"feed": slug, "epoch": epoch, "after": version, "version": version, "changes": []}
