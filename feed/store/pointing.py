"""The verbs of points: add, edit, confirm, move, take out.

Each point has a revision of its own: two editors who work on two points are not in each other's way.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from sqlite_utils import Database

from feed import fields
from feed.errors import Invalid, Message, Reason, Stale
from feed.store import actions, feeds, idempotency, permissions, points
from feed.store.actors import Actor
from feed.store.database import Store, insert
from feed.store.feeds import Feed
from feed.store.idempotency import Keys
from feed.store.points import MOST, Point
from feed.store.verbs import Verb


def add(
    store: Store, slug: str, given: Mapping[str, object], actor: Actor | None, idempotency_key: str | None = None
) -> Point:
    """Adds a point below the others; `given` has the fields of `fields.POINT`. The same point once more, as of a second
    click, is not added again; nor is one with the same idempotency key of the same editor, for 24 hours, whatever has
    become of it. Raises Missing, also for the point of a key that was taken out since; Invalid, NotAllowed; KeyUsed for
    a key with which another was added."""
    return store.write(_add, slug, fields.clean(fields.POINT, given), actor, idempotency_key)


def edit(
    store: Store,
    slug: str,
    point_id: int,
    given: Mapping[str, object],
    revision: int | None,
    seen: int | None,
    actor: Actor | None,
) -> Point:
    """Changes the words and grounds of a point to those that are given. `revision` and `seen`, its `checking`, are
    those that the editor read: what was to be checked then stands now, and what changed since is still to be checked.
    None for `revision` edits whatever is there. An edit that changes nothing leaves the point as it is. Raises Missing,
    Invalid, NotAllowed, or Stale with the current point when somebody else has edited it."""
    return store.write(_edit, slug, point_id, fields.clean(fields.POINT, given, partial=True), revision, seen, actor)


def confirm(store: Store, slug: str, point_id: int, seen: int, actor: Actor | None) -> Point:
    """Says that a point stands. `seen` is its `checking` as the editor read it. Nothing happens to one that stands
    already. Raises Missing, NotAllowed; Stale when a ground has changed again; Invalid when it has no ground left."""
    return store.write(_confirm, slug, point_id, seen, actor)


def move_up(store: Store, slug: str, point_id: int, actor: Actor | None) -> None:
    """Puts a point above the one before it. Nothing happens to the first. Raises Missing, NotAllowed."""
    store.write(_move, slug, point_id, None, actor)


def move(store: Store, slug: str, point_id: int, place: int, actor: Actor | None) -> list[Point]:
    """Puts a point at that place among the points of its feed, from 1, and at the end where there are fewer, and
    returns them all. Nothing happens to one that is there. Raises Missing, NotAllowed."""
    return store.write(_move, slug, point_id, place, actor)


def remove(store: Store, slug: str, point_id: int, revision: int | None, actor: Actor | None) -> Point:
    """Takes a point out, and returns it as it was; None for `revision` takes out whatever is there. Raises Missing,
    NotAllowed, or Stale when somebody else has edited it."""
    return store.write(_remove, slug, point_id, revision, actor)


def bring(db: Database, feed: Feed, text: str, updates: Iterable[int], *, checking: bool) -> None:
    """Adds a point of an import, in a transaction of the caller's that begins a new epoch or has bumped the version,
    which `feed` has."""
    _insert(db, feed, text, updates, feed.version if checking else None)
    _stamp(db, feed, feed.version)


def _add(db: Database, slug: str, new: dict[str, Any], actor: Actor | None, idempotency_key: str | None) -> Point:
    feed = _permitted(db, slug, actor, Verb.EDIT_POINT)
    if actor is None or idempotency_key is None:
        return _added(db, feed, new, actor)
    claim = idempotency.claim(idempotency_key, feed.first_slug, new)
    earlier = idempotency.recall(db, actor, claim, Keys.POINTS)
    if earlier is not None:
        return points.get(db, feed, earlier)
    point = _added(db, feed, new, actor)
    idempotency.remember(db, actor, claim, point.id, Keys.POINTS)
    return point


def _added(db: Database, feed: Feed, new: dict[str, Any], actor: Actor | None) -> Point:
    there = points.of_feed(db, feed)
    for point in there:
        if _written(point) == new:
            return point
    if len(there) >= MOST:
        raise Invalid(Reason("text", Message("There are {count} points. Take one out first.", count=MOST)))
    _check_grounds(db, feed, new["updates"])
    _record(db, feed, actor, Verb.EDIT_POINT, new["text"], after=new)
    return points.get(db, feed, _insert(db, feed, new["text"], new["updates"]))


def _edit(
    db: Database,
    slug: str,
    point_id: int,
    given: dict[str, Any],
    revision: int | None,
    seen: int | None,
    actor: Actor | None,
) -> Point:
    feed = _permitted(db, slug, actor, Verb.EDIT_POINT)
    point = points.get(db, feed, point_id)
    if revision is not None and revision != point.revision:
        raise Stale(point)
    before = _written(point)
    new = {**before, **given}
    if new == before and (seen is None or seen != point.checking):
        return point
    _check_grounds(db, feed, new["updates"], point)
    _record(db, feed, actor, Verb.EDIT_POINT, new["text"], before=before, after=new)
    changed = {"text": new["text"], "revision": point.revision + 1}
    db.table("points").update(point_id, changed)
    db.execute("DELETE FROM point_updates WHERE point_id = ?", [point_id])
    _put_grounds(db, point_id, new["updates"])
    if point.checking == seen and points.get(db, feed, point_id).shown:
        _set_standing(db, point_id)
    return points.get(db, feed, point_id)


def _confirm(db: Database, slug: str, point_id: int, seen: int, actor: Actor | None) -> Point:
    feed = _permitted(db, slug, actor, Verb.CONFIRM_POINT)
    point = points.get(db, feed, point_id)
    if point.checking is None:
        return point
    if point.checking != seen:
        raise Stale(point)
    if not point.shown:
        raise Invalid(Reason("updates", Message("It rests on no update any more. Choose another, or take it out.")))
    _record(db, feed, actor, Verb.CONFIRM_POINT, point.text)
    _set_standing(db, point_id)
    return points.get(db, feed, point_id)


def _move(db: Database, slug: str, point_id: int, place: int | None, actor: Actor | None) -> list[Point]:
    """None for `place` is one above where it is."""
    feed = _permitted(db, slug, actor, Verb.EDIT_POINT)
    point = points.get(db, feed, point_id)
    there = points.of_feed(db, feed)
    was = there.index(point)
    becomes = min(max(was if place is None else place, 1), len(there)) - 1
    if becomes == was:
        return there
    _record(db, feed, actor, Verb.EDIT_POINT, point.text)
    others = [each for each in there if each != point]
    for number, each in enumerate([*others[:becomes], point, *others[becomes:]], 1):
        db.table("points").update(each.id, {"place": number})
    return points.of_feed(db, feed)


def _remove(db: Database, slug: str, point_id: int, revision: int | None, actor: Actor | None) -> Point:
    feed = _permitted(db, slug, actor, Verb.EDIT_POINT)
    point = points.get(db, feed, point_id)
    if revision is not None and revision != point.revision:
        raise Stale(point)
    _record(db, feed, actor, Verb.EDIT_POINT, point.text, before=_written(point))
    db.execute("DELETE FROM points WHERE id = ?", [point_id])
    return point


def _permitted(db: Database, slug: str, actor: Actor | None, verb: Verb) -> Feed:
    """That feed. Raises Missing, and NotAllowed before anything is told of its points."""
    feed = feeds.get(db, slug, drafts=True)
    in_draft = permissions.stays_draft(db, feed.draft, feed.id)
    permissions.permit(db, actor, verb, draft=in_draft, feed_id=feed.id)
    return feed


def _record(
    db: Database,
    feed: Feed,
    actor: Actor | None,
    verb: Verb,
    text: str,
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
) -> None:
    """Bumps the version of the feed, stamps it on the box, and stores who changed it."""
    version = feeds.bump(db, feed.id)
    _stamp(db, feed, version)
    actions.record(
        db, actor, verb,
        feed_id=feed.id, version=version, detail=text, draft=feed.draft, before=before, after=after,
    )  # fmt: skip


def _stamp(db: Database, feed: Feed, version: int) -> None:
    db.execute(
        "INSERT INTO point_boxes (feed_id, version) VALUES (?, ?) ON CONFLICT DO UPDATE SET version = excluded.version",
        [feed.id, version],
    )


def _written(point: Point) -> dict[str, Any]:
    """What an editor wrote of it: the fields of `fields.POINT`."""
    return {"text": point.text, "updates": sorted(each.id for each in point.grounds)}


def _check_grounds(db: Database, feed: Feed, updates: list[int], point: Point | None = None) -> None:
    """Raises Invalid for what is no update of that feed, and for a retracted one on which the point did not rest
    before."""
    known = {each.id for each in point.grounds} if point else set()
    for number in sorted({*updates} - known):
        row = db.execute("SELECT retracted_at FROM updates WHERE id = ? AND feed_id = ?", [number, feed.id]).fetchone()
        if row is None or row["retracted_at"]:
            told = Message("There is no update {number} in this feed.", number=str(number))
            raise Invalid(Reason("updates", told))


def _insert(db: Database, feed: Feed, text: str, updates: Iterable[int], checking: int | None = None) -> int:
    """Adds a point below the others, and returns its id."""
    place = db.execute("SELECT coalesce(max(place), 0) + 1 FROM points WHERE feed_id = ?", [feed.id]).fetchone()[0]
    row = {"feed_id": feed.id, "place": place, "text": text, "revision": 1, "checking": checking}
    point_id = insert(db, "points", row)
    _put_grounds(db, point_id, updates)
    return point_id


def _put_grounds(db: Database, point_id: int, updates: Iterable[int]) -> None:
    for number in updates:
        insert(db, "point_updates", {"point_id": point_id, "update_id": number})


def _set_standing(db: Database, point_id: int) -> None:
    db.execute("UPDATE points SET checking = NULL WHERE id = ?", [point_id])
