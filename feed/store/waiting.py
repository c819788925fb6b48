"""Pictures that wait: their files are stored, and nobody sees them but their editor, and whoever may publish a text of
that editor's which shows them and was submitted.

A picture waits until its description is right, or until a text that shows it is published: a picture that was put into
a text is uploaded at once, while the text is still being written. The client makes its id, which is in the text before
the file has arrived, and which makes the upload idempotent.

Waiting pictures are a table of their own, which no public query reads (invariant 6).
"""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlite_utils import Database

from feed import fields, figures, picture, text, times
from feed.errors import Invalid, Message, Reason
from feed.figures import Picture
from feed.store import actions, permissions, pictures
from feed.store.actors import Actor
from feed.store.database import Store, insert
from feed.store.editors import Editor
from feed.store.feeds import Row
from feed.store.pictures import Added
from feed.store.verbs import Verb

WAITING_SECONDS = 7 * 24 * 3600  # without a draft that names it: as long as a discarded draft can be had back
NOT_ANY_MORE = Message("This file is not kept any more. Choose it again.")
FOUND = (*pictures.MADE, *pictures.LOOKS, "animated")  # what decoding found, in the row of a waiting picture
WORDS = ("alt", "caption", "credit")

_ID = re.compile(r"[0-9a-f]{16}")
# Which uploads an editor sees: their own and, if they may publish what others write, those in texts that are scheduled
# or wait for review.
_SEES = """
    (waiting_pictures.editor_id = :editor OR EXISTS (
        SELECT 1 FROM scheduled JOIN editors ON editors.id = :editor
        WHERE scheduled.author_id = waiting_pictures.editor_id AND instr(scheduled.fields, waiting_pictures.id)
        AND role IN (SELECT value FROM json_each(:schedulers))
    ) OR EXISTS (
        SELECT 1 FROM submissions JOIN editors ON editors.id = :editor
        WHERE submissions.editor_id = waiting_pictures.editor_id AND submissions.state = 'submitted'
        AND instr(submissions.fields, waiting_pictures.id) AND role IN (SELECT value FROM json_each(:reviewers))
    ))
"""
_ROLES = {
    "schedulers": json.dumps(sorted(permissions.MAY[Verb.SCHEDULE])),
    "reviewers": json.dumps(sorted(permissions.MAY[Verb.PUBLISH_SUBMISSION])),
}


@dataclass(frozen=True)
class Waiting:
    """An upload that waits. `name` is the name of the file; `animated` says that only the first frame is kept. `alt` is
    None as long as the picture is not described, and "" for a decorative one."""

    id: str
    name: str
    animated: bool
    format: str
    width: int
    height: int
    small_width: int
    colour: str | None
    alt: str | None
    caption: str | None
    credit: str | None
    at: str

    @property
    def picture(self) -> Picture:
        """The picture as it would be shown now."""
        shown = {name: getattr(self, name) for name in (*pictures.MADE, *pictures.LOOKS, "caption", "credit")}
        return Picture(id=self.id, alt=self.alt or "", created_at=self.at, **shown)


def keep(store: Store, media: Path, upload: bytes, name: str, actor: Actor, picture_id: str | None = None) -> Waiting:
    """Keeps an upload for its editor, with the credit that this editor gave last. With an id of the client's, a repeat
    gives the upload that is kept under it. Raises as `pictures.add` does, and Invalid for an id that is taken."""
    if picture_id is not None:
        if not _ID.fullmatch(picture_id):
            raise Invalid(Reason("id", Message("Write 16 digits of a hexadecimal number.")))
        with store.read() as db:
            if known := _known(db, picture_id, actor):
                return known
    picture_id, safe = pictures.save(store, media, upload, picture_id)
    row = {field: getattr(safe, field) for field in FOUND}
    row |= {"id": picture_id, "editor_id": actor.id, "name": name[: fields.LINE], "at": times.now()}
    for old_id, kind in store.write(_keep, row, actor):
        picture.remove(media, old_id, kind)
    with store.read() as db:
        kept = get(db, picture_id, actor)
    if kept is None:
        raise Invalid(Reason("file", NOT_ANY_MORE))
    return kept


def get(db: Database, picture_id: str, editor: Actor) -> Waiting | None:
    """The upload that is kept for that editor; None when there is none any more."""
    row = _row(db, picture_id, editor)
    return _waiting(row) if row else None


def of_ids(db: Database, ids: Iterable[str], editor: Actor) -> dict[str, Waiting]:
    """Those of these uploads that are kept for that editor, by id."""
    sought = f"SELECT * FROM waiting_pictures WHERE id IN (SELECT value FROM json_each(:ids)) AND {_SEES}"
    asked = {"ids": json.dumps(list(ids)), "editor": editor.id, **_ROLES}
    return {row["id"]: _waiting(row) for row in db.execute(sought, asked)}


def describe(store: Store, picture_id: str, given: Mapping[str, object], actor: Actor) -> Added:
    """Makes a picture of an upload that was kept for that editor, with the description that was missing. A repeat gives
    the same picture. Raises Invalid."""
    animated = store.write(_describe, picture_id, fields.picture(given), actor)
    with store.read() as db:
        return Added(pictures.get(db, picture_id), animated)


def set_words(store: Store, picture_id: str, given: Mapping[str, object], actor: Actor) -> Waiting | None:
    """Stores the words of an upload, which may still miss its description, and remembers the credit for the editor's
    next one. None when the upload is not kept any more, or is published. Raises Invalid, NotAllowed."""
    cleaned = fields.clean(fields.PICTURE, given)
    decorative = cleaned.pop("decorative")
    return store.write(_set_words, picture_id, cleaned | {"alt": "" if decorative else cleaned["alt"]}, actor)


def known_in(store: Store, markdown: str, *editors: Editor | None) -> dict[str, Picture]:
    """The pictures that this Markdown of these editors' may show, by id: those that are public, and their own
    uploads."""
    known = pictures.named_in(store, markdown)
    missing = figures.named_in(markdown) - known.keys()
    if missing:
        with store.read() as db:
            for editor in filter(None, editors):
                known |= {each.id: each.picture for each in of_ids(db, missing, editor).values()}
    return known


def give(db: Database, markdown: str, giver_id: int, taker_id: int) -> None:
    """Makes the uploads of one editor that this Markdown names those of another, with whose text they are published, in
    a transaction of the caller's."""
    for picture_id in figures.named_in(markdown):
        db.execute(
            "UPDATE waiting_pictures SET editor_id = ? WHERE id = ? AND editor_id = ?", [taker_id, picture_id, giver_id]
        )


def publish(db: Database, html: str, author: Actor, actor: Actor | None) -> None:
    """Makes public what this HTML shows of the uploads of its author and of whoever publishes it, in the transaction
    that publishes the text. Raises Invalid for one that is not described."""
    shown = text.pictures(html)
    for each in (of_ids(db, shown, author) | (of_ids(db, shown, actor) if actor else {})).values():
        _check_described(each)
        _make_public(db, each.id, {**vars(each)}, {name: getattr(each, name) for name in WORDS}, actor)


def check(db: Database, html: str, author: Actor) -> None:
    """Raises Invalid if this HTML shows an upload of its author that is not described."""
    for each in of_ids(db, text.pictures(html), author).values():
        _check_described(each)


def _check_described(each: Waiting) -> None:
    if each.alt is None:
        told = Message("The picture {name} needs a description: /desk/pictures/{id}", name=each.name, id=each.id)
        raise Invalid(Reason("body", told))


def _known(db: Database, picture_id: str, actor: Actor) -> Waiting | None:
    """The editor's own upload under that id. Raises Invalid if something else has it."""
    taken = any(
        db.execute(f"SELECT 1 FROM {table} WHERE id = ?", [picture_id]).fetchone()
        for table in ("pictures", "waiting_pictures")
    )
    known = get(db, picture_id, actor)
    if taken and known is None:
        raise Invalid(Reason("id", Message("Another picture has this id.")))
    return known


def _keep(db: Database, row: dict[str, object], actor: Actor) -> list[tuple[str, str]]:
    """Stores the upload. Deletes those that waited too long and that no draft and nothing that is scheduled names,
    and returns their ids and formats."""
    permissions.permit(db, actor, Verb.ADD_PICTURE)
    old = db.execute(
        "DELETE FROM waiting_pictures WHERE at < ? AND NOT EXISTS "
        "(SELECT 1 FROM drafts WHERE instr(drafts.body, waiting_pictures.id)) AND NOT EXISTS "
        "(SELECT 1 FROM article_drafts WHERE instr(article_drafts.fields, waiting_pictures.id)) AND NOT EXISTS "
        "(SELECT 1 FROM scheduled WHERE instr(scheduled.fields, waiting_pictures.id)) AND NOT EXISTS "
        "(SELECT 1 FROM submissions WHERE instr(submissions.fields, waiting_pictures.id)) RETURNING id, format",
        [times.after(-WAITING_SECONDS)],
    ).fetchall()
    if _known(db, str(row["id"]), actor) is None:
        credit = db.execute("SELECT credit FROM credits WHERE editor_id = ?", [actor.id]).fetchone()
        insert(db, "waiting_pictures", {**row, "credit": credit and credit["credit"]})
    return [(each["id"], each["format"]) for each in old]


def _set_words(db: Database, picture_id: str, words: Mapping[str, Any], actor: Actor) -> Waiting | None:
    row = _row(db, picture_id, actor)
    if row is None:
        return None
    if row["editor_id"] == actor.id:  # as a draft is: the log has the words once the picture is public
        permissions.permit(db, actor, Verb.ADD_PICTURE)
    elif any(row[name] != words[name] for name in words):
        before = {name: row[name] for name in words}
        actions.record(db, actor, Verb.EDIT_PICTURE, picture_id, before=before, after=words)
    db.table("waiting_pictures").update(picture_id, dict(words))
    _remember(db, actor, words["credit"])
    return get(db, picture_id, actor)


def _describe(db: Database, picture_id: str, words: Mapping[str, object], actor: Actor) -> bool:
    row = _row(db, picture_id, actor)
    if row is None:
        if db.execute("SELECT 1 FROM pictures WHERE id = ?", [picture_id]).fetchone():
            return False  # the form was sent twice
        raise Invalid(Reason("file", NOT_ANY_MORE))
    _make_public(db, picture_id, dict(row), words, actor)
    return bool(row["animated"])


def _make_public(
    db: Database, picture_id: str, made: Mapping[str, Any], words: Mapping[str, object], actor: Actor | None
) -> None:
    pictures.put(db, made, words, actor)
    db.execute("DELETE FROM waiting_pictures WHERE id = ?", [picture_id])


def _remember(db: Database, actor: Actor, credit: object) -> None:
    db.execute("INSERT OR REPLACE INTO credits (editor_id, credit) VALUES (?, ?)", [actor.id, credit])


def _row(db: Database, picture_id: str, editor: Actor) -> Row | None:
    sought = f"SELECT * FROM waiting_pictures WHERE id = :id AND {_SEES}"
    return db.execute(sought, {"id": picture_id, "editor": editor.id, **_ROLES}).fetchone()


def _waiting(row: Row) -> Waiting:
    values = {name: row[name] for name in Waiting.__dataclass_fields__}
    return Waiting(**values | {"animated": bool(row["animated"])})
