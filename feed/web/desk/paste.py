"""What is pasted into a text at the desk, as Markdown, for the desk's script."""

from flask import Blueprint, Response, jsonify

from feed import fields
from feed.errors import Invalid, Message, Reason
from feed.paste import lines, process
from feed.web.bodies import PASTE_BYTES, json_object
from feed.web.services import services

pages = Blueprint("paste", __name__)


@pages.post("/paste")
def paste() -> Response:
    """The Markdown for `html`; or for `text`, which came without HTML, with the lines joined that a page had broken.
    422 for HTML that takes too much time or memory. Nothing is stored."""
    given = fields.clean(fields.PASTED, json_object(PASTE_BYTES), partial=True)
    if len(given) != 1:
        raise Invalid(Reason("html", Message("Send either html or text.")))
    work = process.to_markdown if "html" in given else lines.unwrapped
    return jsonify({"markdown": services().store.stories.run(work, *given.values())})
