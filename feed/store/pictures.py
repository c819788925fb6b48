"""Pictures: what the database knows of each. The pixels are files, made by feed.picture, in the folder FEED_MEDIA."""

import json
import secrets
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from sqlite_utils import Database

from feed import decoder, fields, figures, picture, text, times
from feed.errors import Invalid, Message, Missing, Reason
from feed.figures import Picture as Picture  # what this module is about
from feed.picture import SafePicture
from feed.store import actions
from feed.store.actions import Actor, Verb
from feed.store.database import Store, insert
from feed.store.feeds import Row

WAITING_SECONDS = 24 * 3600  # how long an upload waits for its description: overnight
NOT_ANY_MORE = Message("This file is not kept any more. Choose it again.")

_SELECT = """
    SELECT id, format, width, height, alt, caption, credit, created_at, small_width, colour
    FROM pictures LEFT JOIN picture_looks ON picture_id = id
"""
_MADE = ("format", "width", "height")  # found by decoding, and stored in the row of the picture
_LOOKS = ("small_width", "colour")


@dataclass(frozen=True)
class Waiting:
    """An upload whose description was refused. The files are kept for its editor, and nobody sees them. `name` is the
    name of the file; `animated` says that only the first frame is kept."""

    id: str
    name: str
    animated: bool


@dataclass(frozen=True)
class Added:
    """A new picture, and whether the upload was an animation, of which the first frame was kept."""

    picture: Picture
    animated: bool


def add(store: Store, media: Path, upload: bytes, given: Mapping[str, object], actor: Actor | None) -> Picture:
    """Adds an uploaded picture. It is decoded and encoded anew, so that no metadata survives. Raises Invalid,
    NotAllowed, and Unsaved when the disk is full."""
    return take(store, media, upload, given, actor).picture


def take(store: Store, media: Path, upload: bytes, given: Mapping[str, object], actor: Actor | None) -> Added:
    """Does what `add` does, and returns what was lost, too.

    The files are on disk before the row is stored, so there is never a row without its files.
    """
    cleaned = fields.picture(given)
    picture_id, safe = _saved(store, media, upload)
    made = {name: getattr(safe, name) for name in (*_MADE, *_LOOKS)}
    store.write(_add, {"id": picture_id, **made}, cleaned, actor)
    with store.read() as db:
        return Added(get(db, picture_id), safe.animated)


def keep(store: Store, media: Path, upload: bytes, name: str, actor: Actor) -> Waiting:
    """Keeps an upload for WAITING_SECONDS, until its description is right. Raises as `add` does."""
    picture_id, safe = _saved(store, media, upload)
    row = {field: getattr(safe, field) for field in (*_MADE, *_LOOKS, "animated")}
    row |= {"id": picture_id, "editor_id": actor.id, "name": name[: fields.LINE], "at": times.now()}
    for old_id, kind in store.write(_keep, row, actor):
        picture.remove(media, old_id, kind)
    return Waiting(picture_id, name[: fields.LINE], safe.animated)


def waiting(db: Database, picture_id: str, editor_id: int) -> Waiting | None:
    """The upload that is kept for that editor; None when there is none any more."""
    row = _waiting(db, picture_id, editor_id)
    return Waiting(row["id"], row["name"], bool(row["animated"])) if row else None


def describe(store: Store, picture_id: str, given: Mapping[str, object], actor: Actor) -> Added:
    """Makes a picture of an upload that was kept for that editor, with the description that was missing. A repeat gives
    the same picture. Raises Invalid."""
    animated = store.write(_describe, picture_id, fields.picture(given), actor)
    with store.read() as db:
        return Added(get(db, picture_id), animated)


def get(db: Database, picture_id: str) -> Picture:
    """The picture with that id. Raises Missing."""
    row = db.execute(f"{_SELECT} WHERE id = ?", [picture_id]).fetchone()
    if row is None:
        raise Missing(picture_id)
    return Picture(**dict(row))


def named_in(store: Store, markdown: str) -> dict[str, Picture]:
    """The pictures that this Markdown names, by id: what the renderer needs to know."""
    sought = figures.named_in(markdown)
    if not sought:
        return {}
    with store.read() as db:
        return _by_id(db, sought)


def first_in(db: Database, html: str) -> Picture | None:
    """The first picture of that HTML; None when it has none, or when its id is of no picture."""
    picture_id = text.first_picture(html)
    try:
        return get(db, picture_id) if picture_id else None
    except Missing:
        return None


def first_of_each(db: Database, htmls: Iterable[str]) -> dict[str, Picture]:
    """The first picture of each of these, by its id."""
    sought = {picture_id for html in htmls if (picture_id := text.first_picture(html))}
    return _by_id(db, sought) if sought else {}


def check(db: Database, picture_id: str | None) -> None:
    """Raises Invalid if there is no picture with this id. None is no picture, and right."""
    if picture_id:
        try:
            get(db, picture_id)
        except Missing:
            raise Invalid(Reason("picture", Message("There is no picture of this id; upload it first."))) from None


def latest(db: Database, limit: int) -> list[Picture]:
    """The latest uploads, newest first."""
    return [Picture(**dict(row)) for row in db.execute(f"{_SELECT} ORDER BY created_at DESC, id LIMIT ?", [limit])]


def measure(store: Store, media: Path) -> int:
    """Finds out, from the files of pictures that an earlier release took, what pages say of a picture before it has
    loaded; returns for how many. Texts that show them are rendered anew only by `flask db rerender`."""
    with store.read() as db:
        found = db.execute(f"{_SELECT} WHERE picture_id IS NULL").fetchall()
    seen = []
    for row in found:
        with suppress(OSError):  # the file is missing or broken
            seen.append((row["id"], *picture.looks(media, row["id"], row["format"])))
    return store.write(_put_looks, seen) if seen else 0


def _saved(store: Store, media: Path, upload: bytes) -> tuple[str, SafePicture]:
    """Stores the files of the upload; returns the new id, and what was found by decoding."""
    picture_id = secrets.token_hex(8)
    safe = store.stories.run(decoder.rewrite, upload)
    store.stories.run(picture.save, safe, media, picture_id)
    return picture_id, safe


def _by_id(db: Database, ids: Iterable[str]) -> dict[str, Picture]:
    rows = db.execute(f"{_SELECT} WHERE id IN (SELECT value FROM json_each(?))", [json.dumps(list(ids))])
    return {row["id"]: Picture(**dict(row)) for row in rows}


def _add(db: Database, made: Mapping[str, object], words: Mapping[str, object], actor: Actor | None) -> None:
    row = {name: made[name] for name in ("id", *_MADE)}
    insert(db, "pictures", {**row, **words, "created_at": times.now()})
    insert(db, "picture_looks", {"picture_id": made["id"], **{name: made[name] for name in _LOOKS}})
    actions.record(db, actor, Verb.ADD_PICTURE, str(made["id"]))


def _put_looks(db: Database, seen: list[tuple[str, int, str | None]]) -> int:
    known = "INSERT OR IGNORE INTO picture_looks (picture_id, small_width, colour) VALUES (?, ?, ?)"
    return sum(db.execute(known, each).rowcount for each in seen)


def _keep(db: Database, row: dict[str, object], actor: Actor) -> list[tuple[str, str]]:
    """Stores the upload. Deletes those that waited too long, and returns their ids and formats."""
    actions.permit(db, actor, Verb.ADD_PICTURE)
    since = times.after(-WAITING_SECONDS)
    old = db.execute("DELETE FROM waiting_pictures WHERE at < ? RETURNING id, format", [since]).fetchall()
    insert(db, "waiting_pictures", row)
    return [(each["id"], each["format"]) for each in old]


def _waiting(db: Database, picture_id: str, editor_id: int) -> Row | None:
    sought = "SELECT * FROM waiting_pictures WHERE id = ? AND editor_id = ?"
    return db.execute(sought, [picture_id, editor_id]).fetchone()


def _describe(db: Database, picture_id: str, words: Mapping[str, object], actor: Actor) -> bool:
    row = _waiting(db, picture_id, actor.id)
    if row is None:
        if db.execute("SELECT 1 FROM pictures WHERE id = ?", [picture_id]).fetchone():
            return False  # the form was sent twice
        raise Invalid(Reason("file", NOT_ANY_MORE))
    _add(db, dict(row), words, actor)
    db.execute("DELETE FROM waiting_pictures WHERE id = ?", [picture_id])
    return bool(row["animated"])
