"""The file of a picture, for everybody or for its editor alone."""

from flask import Response, request

from feed import picture
from feed.web.services import services
from feed.web.static import whole_file


def file_of(picture_id: str, kind: str) -> Response:
    """The file of a picture in the size that this request asks for."""
    folder, asked = services().settings.media, request.args.get("small")
    width = None if asked is None else picture.TINY if asked == str(picture.TINY) else picture.SMALL
    if width == picture.TINY and not (folder / picture.file_name(picture_id, kind, width)).exists():
        width = picture.SMALL  # of an earlier release
    response = whole_file(folder, picture.file_name(picture_id, kind, width))
    response.make_conditional(request)
    return response
