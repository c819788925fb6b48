"""Pictures at the desk: the latest, and the form for another. Nothing that was chosen or typed is lost when it is
refused: the form comes back with its texts, and a file that can be read is kept until they are right."""

from collections.abc import Mapping
from typing import Any

from flask import Blueprint, g, redirect, render_template, request, url_for

from feed import fields
from feed.errors import Invalid, Message, by_field
from feed.picture import UPLOAD_BYTES
from feed.store import pictures, rewording, waiting
from feed.store.database import OperationalError
from feed.store.pictures import Added, Picture
from feed.store.waiting import Waiting
from feed.web.desk.done import done_in
from feed.web.desk.forms import PICTURES_SHOWN
from feed.web.desk.upload_form import Upload, read_upload
from feed.web.guards import check_editor
from feed.web.problems import LATER, not_now
from feed.web.services import services

pages = Blueprint("pictures", __name__)


@pages.get("/pictures")
def picture_list() -> str:
    """The latest pictures and the form for another."""
    return _page()


@pages.post("/pictures")
def upload_picture() -> Any:
    """Stores a picture: the file that was sent, or without one the file that was kept because its texts were
    refused."""
    form, upload = read_upload()
    check_editor(form.get("editor"))
    given = _words(form)
    kept = form.get("waiting") or None
    try:
        added, error, kept = _taken(upload, given, kept)
    except LATER as trouble:
        said = not_now(trouble)
        return _page(given, kept=kept, trouble=said.detail), said.status, said.headers
    if added is None:
        return _page(given, error, kept), 413 if upload and len(upload.content) > UPLOAD_BYTES else 422
    return redirect(url_for(".picture_list", did="stilled" if added.animated else "uploaded"), 303)


@pages.get("/pictures/<picture_id>")
def words_form(picture_id: str) -> str:
    """The words of a public picture, or of the editor's own upload that no published text shows yet."""
    shown = _shown(picture_id)
    decorative = shown.alt == "" if isinstance(shown, Waiting) else shown.decorative
    given = {"alt": shown.alt, "decorative": decorative, "caption": shown.caption, "credit": shown.credit}
    return _words_page(shown, given)


@pages.post("/pictures/<picture_id>")
def describe_picture(picture_id: str) -> Any:
    """Stores the words of such a picture. Those of a public one change in every text that shows it."""
    shown, given = _shown(picture_id), _words(request.form)
    try:
        if isinstance(shown, Waiting):
            fields.picture(given)
            waiting.set_words(services().store, picture_id, given, g.editor)
        else:
            rewording.reword(services().store, picture_id, given, g.editor)
    except Invalid as error:
        return _words_page(shown, given, error), 422
    return redirect(url_for(".picture_list", did="saved"), 303)


def _words(form: Mapping[str, str]) -> dict[str, object]:
    return {name: form.get(name) for name in fields.PICTURE} | {"decorative": "decorative" in form}


def _shown(picture_id: str) -> Picture | Waiting:
    with services().store.read() as db:
        return waiting.get(db, picture_id, g.editor) or pictures.get(db, picture_id)


def _words_page(shown: Picture | Waiting, given: Mapping[str, object], error: Invalid | None = None) -> str:
    public = isinstance(shown, Picture)
    address = f"/pictures/{shown.id}" if public else f"/desk/uploads/{shown.id}/file"
    values = {"picture": shown, "public": public, "address": address, "given": given, "errors": by_field(error)}
    return render_template("desk/picture.html", **values)


def _taken(
    upload: Upload | None, given: Mapping[str, object], kept: str | None
) -> tuple[Added | None, Invalid | None, str | None]:
    """The new picture; or why there is none, and the id of the file that is kept until its texts are right."""
    store, media = services().store, services().settings.media
    try:
        if upload is None and kept:
            return waiting.describe(store, kept, given, g.editor), None, None
        return pictures.take(store, media, upload.content if upload else b"", given, g.editor), None, None
    except Invalid as error:
        if upload is None or any(reason.field == "file" for reason in error.reasons):
            return None, error, kept
        try:
            return None, error, waiting.keep(store, media, upload.content, upload.name, g.editor).id
        except Invalid as fault:
            return None, Invalid(*error.reasons, *fault.reasons), kept


def _kept(picture_id: str | None) -> Mapping[str, str] | None:
    """Id and file name of the upload that is kept."""
    if not picture_id:
        return None
    try:
        with services().store.read() as db:
            found = waiting.get(db, picture_id, g.editor)
    except OperationalError:  # the file is still kept, and is shown without its name
        return {"id": picture_id, "name": ""}
    return {"id": found.id, "name": found.name} if found else None


def _page(
    given: Mapping[str, object] | None = None,
    error: Invalid | None = None,
    kept: str | None = None,
    *,
    trouble: Message | None = None,
) -> str:
    try:
        with services().store.read() as db:
            latest, done = pictures.latest(db, PICTURES_SHOWN), done_in(db, request.args)
    except OperationalError:
        if trouble is None:
            raise
        latest, done = [], None  # the form alone, which has the texts
    values = {"given": given or {}, "errors": by_field(error), "waiting": _kept(kept), "trouble": trouble}
    return render_template("desk/pictures.html", pictures=latest, done=done, **values)
