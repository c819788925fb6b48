"""Pictures: what is known of each. The pixels are files, made by feed.picture, in the folder FEED_MEDIA."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from sqlite_utils import Database

from feed import decoder, fields, picture, text, times
from feed.errors import Invalid, Missing, Reason, Sentence
from feed.store import actions
from feed.store.actions import Actor, Verb
from feed.store.database import Store

_COLUMNS = "id, format, width, height, alt, caption, credit, created_at"


@dataclass(frozen=True)
class Picture:
    """A picture that can be shown. Width and height in pixels; `format` names the kind of file."""

    id: str
    format: str
    width: int
    height: int
    alt: str
    caption: str | None
    credit: str | None
    created_at: str


def add(store: Store, media: Path, upload: bytes, given: Mapping[str, object], actor: Actor | None) -> Picture:
    """Takes an upload: decoded and written anew, so that no metadata survives. Raises Invalid,
    and Unsaved when the disk is full.

    The files are on disk before the row is: a row without a picture cannot be.
    """
    cleaned = fields.clean(fields.PICTURE, given)
    picture_id = secrets.token_hex(8)
    safe = store.stories.run(decoder.rewrite, upload)
    store.stories.run(picture.save, safe, media, picture_id)
    row = {"id": picture_id, "format": safe.format, "width": safe.width, "height": safe.height}
    store.write(_add, {**row, **cleaned, "created_at": times.now()}, actor)
    with store.read() as db:
        return get(db, picture_id)


def get(db: Database, picture_id: str) -> Picture:
    """The picture of that id. Raises Missing."""
    row = db.execute(f"SELECT {_COLUMNS} FROM pictures WHERE id = ?", [picture_id]).fetchone()
    if row is None:
        raise Missing(picture_id)
    return Picture(**dict(row))


def first_in(db: Database, html: str) -> Picture | None:
    """The first picture of that HTML; None when it has none, or names one that no upload ever had."""
    picture_id = text.first_picture(html)
    try:
        return get(db, picture_id) if picture_id else None
    except Missing:
        return None


def check(db: Database, picture_id: str | None) -> None:
    """Raises Invalid unless there is that picture, or none is meant."""
    if picture_id:
        try:
            get(db, picture_id)
        except Missing:
            raise Invalid(Reason("picture", Sentence("There is no picture of this id; upload it first."))) from None


def latest(db: Database, limit: int) -> list[Picture]:
    """The latest uploads, newest first."""
    return [
        Picture(**dict(row))
        for row in db.execute(f"SELECT {_COLUMNS} FROM pictures ORDER BY created_at DESC, id LIMIT ?", [limit])
    ]


def _add(db: Database, row: dict[str, object], actor: Actor | None) -> None:
    db.table("pictures").insert(row)
    actions.record(db, actor, Verb.ADD_PICTURE, str(row["id"]))
