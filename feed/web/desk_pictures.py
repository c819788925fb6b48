"""The desk's pictures: the latest, and the form for another. Whatever is refused, nothing that was chosen or typed is
lost: the form comes back with its words, and a file that can be read waits until they are right."""

import io
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flask import g, redirect, render_template, request, url_for
from werkzeug.datastructures import MultiDict
from werkzeug.exceptions import BadRequest
from werkzeug.formparser import FormDataParser

from feed import fields
from feed.errors import Invalid, Message, by_field
from feed.picture import UPLOAD_BYTES
from feed.store import pictures
from feed.store.database import OperationalError
from feed.store.pictures import Added, Waiting
from feed.web.desk import PICTURES_SHOWN
from feed.web.desk import desk as desk  # with the routes below
from feed.web.done import done_in
from feed.web.guards import FORM_BYTES, FORM_FIELDS
from feed.web.problems import LATER, not_now
from feed.web.services import services

READ_BYTES = 100 * 1024**2  # of a form whose file is too large: a whole answer can follow only when all is read


class _Beginning(io.BytesIO):
    """Keeps no more of a file than shows that it is too large."""

    def write(self, part: Any) -> int:
        """Takes the part, as far as it is kept."""
        super().write(part[: max(0, UPLOAD_BYTES + 1 - self.tell())])
        return len(part)


@dataclass(frozen=True)
class _Upload:
    name: str
    content: bytes


@desk.get("/pictures")
def picture_list() -> str:
    """The latest pictures and the form for another."""
    return _page()


@desk.post("/pictures")
def upload_picture() -> Any:
    """Takes a picture; without a file, the one that waits for its words."""
    form, upload = _read()
    given = {name: form.get(name) for name in fields.PICTURE}
    waiting = form.get("waiting") or None
    try:
        added, error, waiting = _taken(upload, given, waiting)
    except LATER as trouble:
        said = not_now(trouble)
        return _page(given, waiting=waiting, trouble=said.detail), said.status, said.headers
    if added is None:
        return _page(given, error, waiting), 413 if upload and len(upload.content) > UPLOAD_BYTES else 422
    return redirect(url_for("desk.picture_list", did="stilled" if added.animated else "uploaded"), 303)


def _taken(
    upload: _Upload | None, given: Mapping[str, object], waiting: str | None
) -> tuple[Added | None, Invalid | None, str | None]:
    """The new picture; or why there is none, and the id of the file that waits for right words now."""
    store, media = services().store, services().settings.media
    try:
        if upload is None and waiting:
            return pictures.describe(store, waiting, given, g.editor), None, None
        return pictures.take(store, media, upload.content if upload else b"", given, g.editor), None, None
    except Invalid as error:
        if upload is None or any(reason.field == "file" for reason in error.reasons):
            return None, error, waiting
        try:
            return None, error, pictures.keep(store, media, upload.content, upload.name, g.editor).id
        except Invalid as fault:
            return None, Invalid(*error.reasons, *fault.reasons), waiting


def _read() -> tuple[MultiDict[str, str], _Upload | None]:
    """The words of the form, and the file if one was chosen."""
    if request.mimetype != "multipart/form-data":
        return request.form, None
    request.max_content_length = READ_BYTES
    parser = FormDataParser(
        lambda *_, **__: _Beginning(), max_form_memory_size=FORM_BYTES, max_form_parts=FORM_FIELDS, silent=False
    )
    try:
        _, form, files = parser.parse(request.stream, request.mimetype, request.content_length, request.mimetype_params)
    except ValueError:
        raise BadRequest(Message("This form cannot be read.")) from None
    chosen = files.get("file")
    content = chosen.stream.getvalue() if chosen and isinstance(chosen.stream, _Beginning) else b""
    return form, _Upload(chosen.filename or "", content) if chosen and (chosen.filename or content) else None


def _waiting(picture_id: str | None) -> Waiting | None:
    if not picture_id:
        return None
    try:
        with services().store.read() as db:
            return pictures.waiting(db, picture_id, g.editor.id)
    except OperationalError:  # what is shown without its name is still kept
        return Waiting(picture_id, "", animated=False)


def _page(
    given: Mapping[str, object] | None = None,
    error: Invalid | None = None,
    waiting: str | None = None,
    *,
    trouble: Message | None = None,
) -> str:
    try:
        with services().store.read() as db:
            latest, done = pictures.latest(db, PICTURES_SHOWN), done_in(db, request.args)
    except OperationalError:
        if trouble is None:
            raise
        latest, done = [], None  # the form alone, which has the words
    values = {"given": given or {}, "errors": by_field(error), "waiting": _waiting(waiting), "trouble": trouble}
    return render_template("desk_pictures.html", pictures=latest, done=done, **values)
