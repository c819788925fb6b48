"""Drafts, as JSON for the desk's script: it saves each state of what is typed, and asks for the truth after a lost
answer."""

from dataclasses import asdict
from typing import Any

from flask import Blueprint, Response, g, jsonify, url_for

from feed.errors import Message, Stale
from feed.store import all_drafts, article_drafts, drafts
from feed.store.all_drafts import AnyDraft
from feed.store.article_drafts import ArticleDraft
from feed.store.database import Database
from feed.store.draft_states import State
from feed.store.updates import Update
from feed.web.bodies import FORM_BYTES, json_object
from feed.web.guards import check_editor
from feed.web.problems import problem
from feed.web.services import services

pages = Blueprint("drafts", __name__, url_prefix="/drafts")


@pages.get("")
def listed() -> Response:
    """The editor's drafts, the latest first: those that are kept, and the discarded ones that can be had back."""
    with services().store.read() as db:
        kept, discarded = all_drafts.kept_and_discarded(db, g.editor)
    return jsonify({"drafts": [_fields(each) for each in kept], "discarded": [_fields(each) for each in discarded]})


@pages.get("/<draft_id>")
def draft(draft_id: str) -> Response:
    """The draft as it is stored, and the update or article that was made from it: the truth after a lost answer."""
    with services().store.read() as db:
        return jsonify(_answer(db, draft_id))


@pages.put("/<draft_id>")
def save(draft_id: str) -> Response:
    """Saves a state of the draft. 409 with both states when the stored one is not older, or was published."""
    given = dict(json_object(FORM_BYTES))
    check_editor(given.pop("editor", None))
    try:
        saved = all_drafts.save(services().store, draft_id, g.editor, given)
    except Stale as error:
        told = Message("Another state of this draft is stored.")
        return problem(409, told, stored=_of_draft(error.current), given=given)
    return jsonify(_of_draft(saved))


@pages.delete("/<draft_id>")
def discard(draft_id: str) -> Any:
    """Discards the draft. Saving it again within seven days has it back."""
    try:
        all_drafts.discard(services().store, draft_id, g.editor)
    except Stale as error:
        return problem(409, Message("This draft was published already."), stored=_of_draft(error.current))
    return "", 204


def _answer(db: Database, draft_id: str) -> dict[str, Any]:
    published = drafts.published_from(db, draft_id, g.editor)
    if published:
        return {"id": draft_id, "state": State.PUBLISHED, "published": _of_update(published)}
    made = article_drafts.made_from(db, draft_id, g.editor)
    if made:
        url = url_for("reader.article", slug=made)
        return {"id": draft_id, "state": State.PUBLISHED, "published": {"article": made, "url": url}}
    return _of_draft(all_drafts.get(db, draft_id, g.editor))


def _of_draft(draft: AnyDraft) -> dict[str, Any]:
    return {**_fields(draft), "published": None}


def _fields(draft: AnyDraft) -> dict[str, Any]:
    columns = asdict(draft)
    return {**columns.pop("fields"), **columns} if isinstance(draft, ArticleDraft) else columns


def _of_update(update: Update) -> dict[str, Any]:
    return {
        "update": update.id,
        "feed": update.feed,
        "published_at": update.published_at,
        "retracted": update.retracted_at is not None,
        "url": url_for("reader.update", update_id=update.id),
    }
