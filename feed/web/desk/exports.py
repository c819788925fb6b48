"""A copy of a coverage, as a zip file that the browser saves."""

from flask import Blueprint, Response, current_app, g, request, send_file
from werkzeug.exceptions import BadRequest

from feed.exports import Export, Format
from feed.store import exporting
from feed.web.services import services

pages = Blueprint("exports", __name__)


@pages.post("/feeds/<slug>/exports")
def export(slug: str) -> Response:
    """The public state of a feed as static pages or as JSON. The zip is made on a native thread."""
    asked = request.form.get("format")
    if asked not in list(Format):
        raise BadRequest
    exporting.record(services().store, slug, g.editor)
    made = Export(services(), current_app.jinja_env, slug, Format(asked))
    file = services().store.exports.run(made.zipped)
    response = send_file(file, "application/zip", as_attachment=True, download_name=f"{slug}-{asked}.zip")
    response.content_length = file.seek(0, 2)
    file.seek(0)
    return response
