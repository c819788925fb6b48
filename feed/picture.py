"""A picture that is safe to show, and its files in the media folder; feed.pixels makes it of an uploaded file."""

import os
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from feed import private
from feed.errors import Invalid, Message, Reason, Unsaved

UPLOAD_BYTES = 12 * 1024 * 1024  # a good camera's JPEG
SMALL = 640  # pixels; for a phone's screen, and for the first picture of a list
TINY = 192  # pixels of the shorter side; the largest avatar and a card are 96 CSS pixels, twice for sharp screens

EXTENSIONS = {"JPEG": "jpg", "PNG": "png", "WEBP": "webp"}
UNFINISHED = ".unfinished"  # ends a file's name while it is being written
STALE_SECONDS = 3_600  # after which an unfinished file is left over: writing one takes less than a second


@dataclass(frozen=True)
class SafePicture:
    """A picture without metadata. `full`, `small` and `tiny` are complete files; width and height are those of `full`,
    in pixels. `colour` comes from `pixels.colour_of`. `animated` says that the upload had further pictures, which are
    lost."""

    format: str
    width: int
    height: int
    small_width: int
    colour: str | None
    animated: bool
    full: bytes
    small: bytes
    tiny: bytes


def check_size(upload: bytes) -> None:
    """Raises Invalid when the upload has more than UPLOAD_BYTES."""
    if len(upload) > UPLOAD_BYTES:
        raise refused(Message("This file is over {size} MB; make it smaller.", size=UPLOAD_BYTES // 1024**2))


def save(safe: SafePicture, folder: Path, picture_id: str) -> None:
    """Writes the files so that they survive a power cut; each gets its name when it is complete. If a file cannot be
    written, removes all of them and raises Unsaved."""
    try:
        private.make_folder(folder)
        for width, content in ((TINY, safe.tiny), (SMALL, safe.small), (None, safe.full)):
            _write(folder / file_name(picture_id, safe.format, width), content)
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)  # the names too
        finally:
            os.close(descriptor)
    except OSError as error:
        remove(folder, picture_id, safe.format)
        raise Unsaved(f"the picture cannot be written to {folder}: {error.strerror}") from error


def remove(folder: Path, picture_id: str, kind: str) -> None:
    """Removes the files of a picture that exist."""
    for width in (TINY, SMALL, None):
        with suppress(OSError):
            (folder / file_name(picture_id, kind, width)).unlink()


def sweep(folder: Path) -> int:
    """Removes files that a power cut or a crash left unfinished, and returns how many. Files that may still be written
    stay."""
    stale = [each for each in folder.glob(f"*{UNFINISHED}") if time.time() - each.stat().st_mtime > STALE_SECONDS]
    for each in stale:
        each.unlink(missing_ok=True)
    return len(stale)


def file_name(picture_id: str, kind: str, width: int | None = None) -> str:
    """Returns the name of a picture's file in the media folder; `width` is SMALL, TINY, or None for the full one."""
    return f"{picture_id}{f'-{width}' if width else ''}.{EXTENSIONS[kind]}"


def refused(message: str) -> Invalid:
    """Returns the refusal of an uploaded file."""
    return Invalid(Reason("file", message))


def _write(path: Path, content: bytes) -> None:
    unfinished = path.with_name(path.name + UNFINISHED)
    try:
        with open(unfinished, "wb", opener=private.opener) as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        unfinished.rename(path)
    except OSError:
        with suppress(OSError):
            unfinished.unlink()
        raise
