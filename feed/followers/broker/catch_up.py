"""Answers what an open page missed, from the stream of its feed: as the writer would, or not at all."""

from typing import Any

from redis import RedisError

from feed.errors import Missing
from feed.followers.broker.followed import hole
from feed.followers.broker.sources import Sources
from feed.followers.broker.streams import UNREADABLE, Place, Streams, merged
from feed.followers.bus import Away, Position


class Moved(Exception):
    """The feed has another slug now, which is `slug`."""

    def __init__(self, slug: str) -> None:
        super().__init__(slug)
        self.slug = slug


class CatchUp:
    """Answers from these streams while the broker can be used."""

    def __init__(self, streams: Streams, sources: Sources) -> None:
        self._streams = streams
        self._sources = sources

    def missed(self, slug: str, own: Position) -> dict[str, Any]:
        """The envelope of what a page at that position missed, or the answer that it has to load anew. Raises Missing,
        Moved, and Away when only the writer can tell."""
        if self._sources.away:
            raise Away
        try:
            alive, complete, (place,) = self._streams.look([slug])
            self._sources.looked(alive=alive, complete=complete)
            if place is UNREADABLE or (place is None and not (alive and complete)):
                raise Away
            if place is None or place.draft or slug.startswith(":"):
                raise Missing(slug)
            if place.feed != slug:
                raise Moved(place.feed)
            return self._since(place, own)
        except RedisError as error:
            raise Away from error

    def _since(self, place: Place, own: Position) -> dict[str, Any]:
        if own.epoch == place.epoch:
            if own.version > place.version:  # the page is newer than what has come here so far
                raise Away
            if own.version == place.version:
                return hole(place.feed, *own)
            found = merged(self._streams.after(place.feed, *own), own.version)
            if found and found["version"] >= place.version:
                return found
        return {"feed": place.feed, "epoch": place.epoch, "version": place.version, "reload": True}
