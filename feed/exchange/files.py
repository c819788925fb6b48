"""Opens what is to be imported: a file, a folder or a zip of our export, and finds out which form it has."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from feed.exchange import liveline, markup, syndicated, wordpress
from feed.exchange.archive import Archive
from feed.exchange.source import READ_BYTES, Source, Unreadable
from feed.picture import UPLOAD_BYTES

DOCUMENT = "coverage.json"
VALUES = 3_000_000  # of a JSON document, by the signs before them: 30,000 updates with commas, and 300 MB in memory
_ZIP = b"PK\x03\x04"


def read(path: Path, post: str | None = None) -> Source:
    """What that file, folder or zip holds. `post` is the number of a post in a WordPress export that has several
    liveblogs. Raises Unreadable, OSError."""
    if path.is_dir():
        if not (path / DOCUMENT).is_file():
            raise Unreadable(f"it is a folder without {DOCUMENT}")
        return _of(_document(path / DOCUMENT), lambda name: _beside(path, name), post)
    with path.open("rb") as file:
        if file.read(len(_ZIP)) == _ZIP:
            return _of_zip(Archive(path), post)
    return _of(_document(path), lambda name: _beside(path.parent, name), post)


def _of_zip(archive: Archive, post: str | None) -> Source:
    inside = [name for name in archive.names if name.rpartition("/")[2] == DOCUMENT]
    if len(inside) != 1:
        raise Unreadable(f"it holds no {DOCUMENT}" if not inside else f"it holds more than one {DOCUMENT}")
    folder = inside[0].removesuffix(DOCUMENT)
    return _of(archive.read(inside[0], READ_BYTES), lambda name: archive.read(folder + name, UPLOAD_BYTES), post)


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
    document = _json(content)
    if liveline.is_ours(document):
        return liveline.read(document, file)
    if isinstance(document, dict) and isinstance(document.get("entries"), list):
        return wordpress.of_rest(document)
    raise Unreadable("it is JSON, but neither an export of Liveline nor entries of WordPress Liveblog")


def _json(content: bytes) -> Any:
    if not content.strip():
        raise Unreadable("it is empty")
    if sum(content.count(sign) for sign in (b"[", b"{", b",")) > VALUES:
        raise Unreadable(f"it has more than {VALUES:,} values")
    try:
        return json.loads(content)
    except UnicodeDecodeError:
        raise Unreadable("it is neither a zip file nor text in UTF-8") from None
    except RecursionError:
        raise Unreadable("it is JSON that is nested too deep") from None
    except ValueError as error:
        raise Unreadable(f"it is neither JSON nor XML: {error}") from None


def _document(path: Path) -> bytes:
    return _bytes(path, READ_BYTES)


def _bytes(path: Path, most: int) -> bytes:
    with path.open("rb") as file:
        content = file.read(most + 1)
    if len(content) > most:
        raise Unreadable(f"{path.name} has more than {most // 1024**2} MB")
    return content


def _beside(folder: Path, name: str) -> bytes:
    path = (folder / name).resolve()
    if not path.is_relative_to(folder.resolve()):
        raise FileNotFoundError(f"{name} is not beside the document")
    return _bytes(path, UPLOAD_BYTES)
