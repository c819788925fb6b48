"""The preview of an update, as JSON for the desk's script, while its text is being written."""

from typing import Any

from flask import Blueprint, Response, g, jsonify

from feed import fields, text
from feed.errors import Invalid, Message, Reason
from feed.store import previews
from feed.web.bodies import FORM_BYTES, json_object
from feed.web.services import services

pages = Blueprint("preview", __name__)


@pages.post("/preview")
def preview() -> Response:
    """The `<li>` of what is typed, as readers would see it, and what the rules for texts did to it. While it cannot be
    published the `<li>` is "", and `errors` says why. Nothing is stored."""
    given = dict(json_object(FORM_BYTES))
    slug = given.pop("feed", None)
    if not isinstance(slug, str):
        raise Invalid(Reason("feed", Message("Write text here.")))
    try:
        shown = previews.preview(services().store, slug, g.editor, given, services().settings.mastodon_hosts)
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


def _answer(body: object, **more: Any) -> dict[str, Any]:
    """`characters` and `limit` are those of the body, `words` those that readers see."""
    characters = len(body) if isinstance(body, str) else 0
    return {"html": "", "words": 0, "characters": characters, "limit": fields.BODY, "notes": [], "errors": [], **more}


def _errors(error: Invalid) -> list[dict[str, str]]:
    translate = services().languages.now.translate
    return [{"field": reason.field, "message": translate(reason.message)} for reason in error.reasons]
