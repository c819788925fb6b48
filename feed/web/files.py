"""Files that never change under their address: pictures by id, and the static folder by its hash."""

import hashlib
from functools import cache
from pathlib import Path

from flask import Blueprint, Flask, Response, request, send_from_directory

from feed import picture, scripts
from feed.store import pictures as stored
from feed.threads import Pool
from feed.web.cache import cache_for_ever, reads
from feed.web.services import services

IMMUTABLE = "public, max-age=31536000, immutable"
ICON_SECONDS = 86_400  # under an address that stays: another sign is seen within a day
_packing = Pool(1)  # of those who ask at once, one does the work, and the others find it done
STATIC = Path(__file__).parent.parent.parent / "static"

pictures = Blueprint("pictures", __name__)
static = Blueprint("static_files", __name__)


@pictures.get("/pictures/<picture_id>")
def picture_file(picture_id: str) -> Response:
    """A picture, or with `?small` its version for phones, and with `?small=192` that for avatars and cards, which the
    release before answers with the other small one."""
    with services().store.read() as db:
        found = stored.get(db, picture_id)
    folder, asked = services().settings.media, request.args.get("small")
    width = None if asked is None else picture.TINY if asked == str(picture.TINY) else picture.SMALL
    if width == picture.TINY and not (folder / picture.file_name(found.id, found.format, width)).exists():
        width = picture.SMALL  # of an earlier release
    response = _whole(folder, picture.file_name(found.id, found.format, width))
    response.make_conditional(request)
    return _forever(response)


@static.get("/static/<digest>/<path:name>")
@reads()
def file(digest: str, name: str) -> Response:
    """A file of the static folder. A page that is older than the last deploy gets today's file, and so does one of a
    worker whose files a deploy has just replaced: no cache keeps those under an address that is not theirs."""
    response = static_file(name)
    if digest == static_hash():
        if _hash() == digest:  # after the file was read, so that it is one of those
            cache_for_ever()
            return _forever(response)
        scripts.packed.cache_clear()  # or a script of the next release would stay, were that one taken back
    response.headers["Cache-Control"] = "no-store"
    return response


@static.get("/favicon.ico")
@static.get("/apple-touch-icon.png")
@reads()
def icon() -> Response:
    """The site's sign, where browsers, phones and feed readers look for it without being told."""
    cache_for_ever()
    response = static_file(request.path.removeprefix("/"))
    response.headers["Cache-Control"] = f"public, max-age={ICON_SECONDS}"
    return response


def static_file(name: str) -> Response:
    """A file of the static folder, as it is sent."""
    response = _whole(STATIC, name)
    if name.endswith(".js"):
        response.close()
        response.direct_passthrough = False
        response.data = _packing.run(scripts.packed, STATIC / name)
    return response


@cache
def static_hash() -> str:
    """A hash of all files in the static folder, as they were when this process first asked."""
    return _hash()


def _hash() -> str:
    digest = hashlib.sha256()
    for path in sorted(STATIC.rglob("*")):
        if path.is_file():
            digest.update(f"{path.relative_to(STATIC)}\n".encode() + path.read_bytes())
    return digest.hexdigest()[:16]


def logo() -> str:
    """The path of the site's logo, a square of pixels: search engines and feed readers want no drawing."""
    return f"/static/{static_hash()}/logo.png"


def install(app: Flask) -> None:
    """Gives templates `static("css/page.css")`, the address of a static file."""
    app.jinja_env.globals["static"] = lambda name: f"/static/{static_hash()}/{name}"


def _whole(folder: Path, name: str) -> Response:
    """The file, never a part of it: what is sent may be shorter than the file, or compressed, and is small anyway."""
    return send_from_directory(folder, name, conditional=False)


def _forever(response: Response) -> Response:
    response.headers["Cache-Control"] = IMMUTABLE
    return response
