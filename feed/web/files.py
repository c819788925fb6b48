"""Files whose content never changes under their address: pictures by id, and the static folder by its hash."""

from flask import Blueprint, Response, request

from feed import scripts
from feed.store import pictures as stored
from feed.web.cache import cache_for_ever, reads
from feed.web.picture_files import file_of
from feed.web.services import services
from feed.web.static import hash_now, static_file, static_hash, zipped_script

IMMUTABLE = "public, max-age=31536000, immutable"
ICON_SECONDS = 86_400  # its address never changes: a new icon is seen within a day
# Where files are that a page of the release before asks for under another name.
MOVED = {"js/desk.js": "js/desk/desk.js"}

pictures = Blueprint("pictures", __name__)
static = Blueprint("static_files", __name__)


@pictures.get("/pictures/<picture_id>")
def picture_file(picture_id: str) -> Response:
    """A picture; with `?small` its version for phones, with `?small=192` the one for avatars and cards, which the
    release before answers with the version for phones."""
    with services().store.read() as db:
        found = stored.get(db, picture_id)
    return _forever(file_of(found.id, found.format))


@static.get("/static/<digest>/<path:name>")
@reads()
def file(digest: str, name: str) -> Response:
    """A file of the static folder. A page that is older than the last deploy gets today's file, and so does a page of a
    worker whose files a deploy has just replaced. Neither is cached, because the hash in the address is another."""
    name = MOVED.get(name, name)
    response = static_file(name)
    if digest == static_hash():
        zipped = zipped_script(name) if name.endswith(".js") else None
        if hash_now() == digest:  # after the file was read, so that it is one of those
            cache_for_ever(zipped)
            return _forever(response)
        for kept in (scripts.packed, scripts.zipped):  # or the next release's would stay, were that one taken back
            kept.cache_clear()
    response.headers["Cache-Control"] = "no-store"
    return response


@static.get("/favicon.ico")
@static.get("/apple-touch-icon.png")
@reads()
def icon() -> Response:
    """The site's icon, where browsers, phones and feed readers look for it by themselves."""
    cache_for_ever()
    response = static_file(request.path.removeprefix("/"))
    response.headers["Cache-Control"] = f"public, max-age={ICON_SECONDS}"
    return response


def _forever(response: Response) -> Response:
    response.headers["Cache-Control"] = IMMUTABLE
    return response
