"""The preview of an update, as JSON for the desk's script, while its text is being written."""

from typing import Any

from flask import Blueprint, Response, g, jsonify

from feed import fields, text
from feed.errors import Invalid, Message, Reason
from feed.store import permissions, previews, submissions, updates
from feed.store.verbs import Verb
from feed.web.bodies import FORM_BYTES, json_object
from feed.web.services import services

pages = Blueprint("preview", __name__)


@pages.post("/preview")
def preview() -> Response:
    """The `<li>` of what is typed, as readers would see it, and what the rules for texts did to it. While it cannot be
    published the `<li>` is "", and `errors` says why. Nothing is stored."""
    given = dict(json_object(FORM_BYTES))
    slug, named = given.pop("feed", None), given.pop("submission", None)
    if not isinstance(slug, str):
        raise Invalid(Reason("feed", Message("Write text here.")))
    try:
        mastodon = services().settings.mastodon_hosts
        shown = previews.preview(services().store, slug, g.editor, given, mastodon, **_of_submission(named))
    except Invalid as error:
        return jsonify(_answer(given.get("body"), errors=_errors(error)))
    translate = services().languages.now.translate
    return jsonify(
        _answer(
            shown.update.body,
            html=services().render.preview(shown.update),
            words=text.count_words(text.plain(shown.update.html)),
            notes=[translate(each) for each in shown.applied],
        )
    )


def _of_submission(named: object) -> dict[str, Any]:
    """Who signs the text of that submission, and which update it edits; nothing for a text of the editor's own."""
    if not isinstance(named, int):
        return {}
    with services().store.read() as db:
        permissions.permit(db, g.editor, Verb.PUBLISH_SUBMISSION)
        found = submissions.get(db, named)
        edited = updates.get_any(db, found.update_id) if found.edits and found.update_id else None
    return {"byline": found.author, "edits": edited}


def _answer(body: object, **more: Any) -> dict[str, Any]:
    """`characters` and `limit` are those of the body, `words` those that readers see."""
    characters = len(body) if isinstance(body, str) else 0
    return {"html": "", "words": 0, "characters": characters, "limit": fields.BODY, "notes": [], "errors": [], **more}


def _errors(error: Invalid) -> list[dict[str, str]]:
    translate = services().languages.now.translate
    return [{"field": reason.field, "message": translate(reason.message)} for reason in error.reasons]
