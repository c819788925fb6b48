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
from feed.store.actors import Actor
from feed.store.database import Store, insert
from feed.store.verbs import Verb

_SELECT = """
    SELECT id, format, width, height, alt, caption, credit, created_at, small_width, colour
    FROM pictures LEFT JOIN picture_looks ON picture_id = id
"""
MADE = ("format", "width", "height")  # found by decoding, and stored in the row of the picture
LOOKS = ("small_width", "colour")


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
    picture_id, safe = save(store, media, upload)
    made = {name: getattr(safe, name) for name in (*MADE, *LOOKS)}
    store.write(put, {"id": picture_id, **made}, cleaned, actor)
    with store.read() as db:
        return Added(get(db, picture_id), safe.animated)


def add_under(
    store: Store, media: Path, picture_id: str, upload: bytes, words: Mapping[str, object], actor: Actor | None
) -> Picture:
    """Adds a picture under an id that it has elsewhere. `words` are checked already. Raises as `add` does."""
    _, safe = save(store, media, upload, picture_id)
    made = {name: getattr(safe, name) for name in (*MADE, *LOOKS)}
    store.write(put, {"id": picture_id, **made}, words, actor)
    with store.read() as db:
        return get(db, picture_id)


def save(store: Store, media: Path, upload: bytes, picture_id: str | None = None) -> tuple[str, SafePicture]:
    """Stores the files of the upload, under a new id if none is given; returns the id, and what was found by decoding.
    Raises Invalid, and Unsaved when the disk is full."""
    picture_id = picture_id or secrets.token_hex(8)
    safe = store.stories.run(decoder.rewrite, upload)
    store.stories.run(picture.save, safe, media, picture_id)
    return picture_id, safe


def put(db: Database, made: Mapping[str, object], words: Mapping[str, object], actor: Actor | None) -> None:
    """Stores the row of a picture whose files are there, in a transaction of the caller's. `made` has its id and what
    was found by decoding. Raises NotAllowed."""
    row = {name: made[name] for name in ("id", *MADE)}
    insert(db, "pictures", {**row, **words, "created_at": times.now()})
    insert(db, "picture_looks", {"picture_id": made["id"], **{name: made[name] for name in LOOKS}})
    actions.record(db, actor, Verb.ADD_PICTURE, str(made["id"]), after=words)


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
        return of_ids(db, sought)


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
    return of_ids(db, sought) if sought else {}


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
    from feed import pixels  # imported here, because a worker does not decode

    with store.read() as db:
        found = db.execute(f"{_SELECT} WHERE picture_id IS NULL").fetchall()
    seen = []
    for row in found:
        with suppress(OSError):  # the file is missing or broken
            seen.append((row["id"], *pixels.looks(media, row["id"], row["format"])))
    return store.write(_put_looks, seen) if seen else 0


def of_ids(db: Database, ids: Iterable[str]) -> dict[str, Picture]:
    """Those of these pictures that exist, by id."""
    rows = db.execute(f"{_SELECT} WHERE id IN (SELECT value FROM json_each(?))", [json.dumps(list(ids))])
    return {row["id"]: Picture(**dict(row)) for row in rows}


def _put_looks(db: Database, seen: list[tuple[str, int, str | None]]) -> int:
    known = "INSERT OR IGNORE INTO picture_looks (picture_id, small_width, colour) VALUES (?, ?, ?)"
    return sum(db.execute(known, each).rowcount for each in seen)
