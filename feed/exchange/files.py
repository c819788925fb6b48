"""Opens what is to be imported: a file, a folder or a zip of our export, and finds out which form it has."""

import json
import zipfile
from collections.abc import Callable
from pathlib import Path

from feed.exchange import liveline, markup, syndicated, wordpress
from feed.exchange.source import READ_BYTES, Source, Unreadable

DOCUMENT = "coverage.json"
_ZIP = b"PK\x03\x04"


def read(path: Path, post: str | None = None) -> Source:
    """What that file, folder or zip holds. `post` is the number of a post in a WordPress export that has several
    liveblogs. Raises Unreadable, OSError."""
    if path.is_dir():
        return _of(_bytes(path / DOCUMENT), lambda name: _beside(path, name), post)
    with path.open("rb") as file:
        if file.read(len(_ZIP)) == _ZIP:
            return _of_zip(path, post)
    return _of(_bytes(path), lambda name: _beside(path.parent, name), post)


def _of_zip(path: Path, post: str | None) -> Source:
    try:
        with zipfile.ZipFile(path) as archive:
            inside = [name for name in archive.namelist() if name.rpartition("/")[2] == DOCUMENT]
            if len(inside) != 1:
                raise Unreadable(f"it holds no {DOCUMENT}" if not inside else f"it holds more than one {DOCUMENT}")
            content = _member(archive, inside[0])
    except zipfile.BadZipFile as error:
        raise Unreadable(f"it is no whole zip file: {error}") from None
    folder = inside[0].removesuffix(DOCUMENT)

    def beside(name: str) -> bytes:
        with zipfile.ZipFile(path) as archive:
            try:
                return _member(archive, folder + name)
            except (KeyError, zipfile.BadZipFile):
                raise FileNotFoundError(name) from None

    return _of(content, beside, post)


def _of(content: bytes, file: Callable[[str], bytes], post: str | None) -> Source:
    start = content[:1000].lstrip(b"\xef\xbb\xbf \t\r\n")
    if start.startswith(b"<"):
        root = markup.tree(content)
        if wordpress.is_export(root):
            return wordpress.of_export(root, post)
        if root.name == "rss":
            return syndicated.of_rss(root)
        if (root.space, root.name) == (syndicated.ATOM, "feed"):
            return syndicated.of_atom(root)
        raise Unreadable(f"it is XML, but neither RSS, Atom nor a WordPress export: it begins with <{root.name}>")
    try:
        document = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise Unreadable(f"it is neither JSON nor XML: {error}") from None
    if liveline.is_ours(document):
        return liveline.read(document, file)
    if isinstance(document, dict) and isinstance(document.get("entries"), list):
        return wordpress.of_rest(document)
    raise Unreadable("it is JSON, but neither an export of Liveline nor entries of WordPress Liveblog")


def _bytes(path: Path) -> bytes:
    with path.open("rb") as file:
        return _bounded(file.read(READ_BYTES + 1))


def _member(archive: zipfile.ZipFile, name: str) -> bytes:
    with archive.open(name) as file:  # the size that a zip tells is not to be believed
        return _bounded(file.read(READ_BYTES + 1))


def _bounded(content: bytes) -> bytes:
    if len(content) > READ_BYTES:
        raise Unreadable(f"it has more than {READ_BYTES // 1024**2} MB")
    return content


def _beside(folder: Path, name: str) -> bytes:
    path = (folder / name).resolve()
    if not path.is_relative_to(folder.resolve()):
        raise FileNotFoundError(f"{name} is not beside the document")
    return _bytes(path)
