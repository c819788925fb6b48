"""The static folder: its hash, which is part of the address of each of its files, and a file as it is sent."""

import hashlib
import re
from functools import cache
from pathlib import Path

from flask import Flask, Response, send_from_directory

from feed import scripts
from feed.threads import Pool

STATIC = Path(__file__).parent.parent.parent / "static"

_COMMENT = re.compile(rb"/\*.*?\*/\n?", re.DOTALL)  # a seventh of a style sheet, once it is compressed

_packing = Pool(1)  # of those who ask at once, one does the work, and the others find it done


def install(app: Flask) -> None:
    """Gives templates `static("css/page.css")`, the address of a static file."""
    app.jinja_env.globals["static"] = lambda name: f"/static/{static_hash()}/{name}"


def logo() -> str:
    """The path of the site's logo, a square of pixels: search engines and feed readers want no drawing."""
    return f"/static/{static_hash()}/logo.png"


@cache
def static_hash() -> str:
    """A hash of all files in the static folder, as they were when this process first asked."""
    return hash_now()


def hash_now() -> str:
    """A hash of all files in the static folder, as they are."""
    digest = hashlib.sha256()
    for path in sorted(STATIC.rglob("*")):
        if path.is_file():
            digest.update(f"{path.relative_to(STATIC)}\n".encode() + path.read_bytes())
    return digest.hexdigest()[:16]


def static_file(name: str) -> Response:
    """A file of the static folder, as it is sent."""
    response = whole_file(STATIC, name)
    if name.endswith(".js"):
        response.close()
        response.direct_passthrough = False
        response.data = _packing.run(scripts.packed, STATIC / name)
    if name.endswith(".css"):
        response.direct_passthrough = False
        response.data = _COMMENT.sub(b"", response.data)
    return response


def zipped_script(name: str) -> bytes:
    """A script of the static folder in gzip."""
    return _packing.run(scripts.zipped, STATIC / name)


def whole_file(folder: Path, name: str) -> Response:
    """The file, never a part of it: what is sent may be shorter than the file, or compressed, and is small anyway."""
    return send_from_directory(folder, name, conditional=False)
