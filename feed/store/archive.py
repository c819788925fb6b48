"""The file of a backup: a tar archive of the database, the pictures, and last the SHA-256 of each of these.

So it can be checked without this program too: `tar -xf FILE && sha256sum -c SHA256SUMS`. A file that was cut short
lacks the sums, and one in which a bit has changed differs from them.
"""

import hashlib
import io
import os
import re
import tarfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import IO, cast

from feed import private
from feed.picture import UNFINISHED

DATABASE = "feed.db"
PICTURES = "media"
SUMS = "SHA256SUMS"
CHUNK = 1024 * 1024  # bytes read at once

_NAME = re.compile(rf"{re.escape(DATABASE)}|{PICTURES}/[A-Za-z0-9_-][A-Za-z0-9._-]*")
_SUM = re.compile(r"([0-9a-f]{64})  (.+)")


class NotWhole(ValueError):
    """It is no archive of ours, or it is damaged."""


def is_one(path: Path) -> bool:
    """Whether that file is a tar archive, whoever made it."""
    return tarfile.is_tarfile(path)


def write(path: Path, database: Path, media: Path) -> None:
    """Writes the archive of a database at rest and of all complete pictures, down to the disk, and reads it again.
    Raises OSError, and NotWhole when what was read is not what was written."""
    with open(path, "wb", opener=private.opener) as file:
        with tarfile.open(fileobj=file, mode="w") as archive:
            sums = [_add(archive, DATABASE, database)]
            for picture in sorted(media.iterdir()) if media.is_dir() else ():
                # An upload that nobody published may be removed meanwhile.
                if not picture.name.endswith(UNFINISHED) and picture.is_file():
                    sums.append(_add(archive, f"{PICTURES}/{picture.name}", picture))
            _add_bytes(archive, SUMS, "".join(f"{digest}  {name}\n" for name, digest in sums).encode())
        file.flush()
        os.fsync(file.fileno())
    for _ in _members(path):
        pass


def extract(path: Path, folder: Path) -> None:
    """Puts the database and the pictures below that folder. Raises NotWhole, after which what is there is of no use."""
    (folder / PICTURES).mkdir()
    for name, content in _members(path):
        with open(folder / name, "wb", opener=private.opener) as file:
            while chunk := content.read(CHUNK):
                file.write(chunk)


def _add(archive: tarfile.TarFile, name: str, path: Path) -> tuple[str, str]:
    """Adds a file; returns its name and digest."""
    with path.open("rb") as file:
        member = _member(name, os.fstat(file.fileno()).st_size)
        hashed = _Hashed(file)
        archive.addfile(member, cast(IO[bytes], hashed))  # it is only read
        return name, hashed.digest.hexdigest()


def _add_bytes(archive: tarfile.TarFile, name: str, content: bytes) -> None:
    archive.addfile(_member(name, len(content)), io.BytesIO(content))


def _member(name: str, size: int) -> tarfile.TarInfo:
    member = tarfile.TarInfo(name)
    member.size, member.mode, member.mtime = size, private.FILE, int(time.time())
    return member


def _members(path: Path) -> Iterator[tuple[str, "_Hashed"]]:
    """Each file with its content, which the caller may read before it takes the next one. Raises NotWhole, at the end
    for what differs from the sums."""
    found: dict[str, str] = {}
    sums: dict[str, str] | None = None
    try:
        with tarfile.open(path, "r:") as archive:
            for member in archive:
                content = _Hashed(archive.extractfile(member) if member.isreg() else None)
                if sums is not None or member.name in found:
                    raise NotWhole(f"{member.name} is in the wrong place")
                if member.name == SUMS:
                    sums = _sums(content.read(CHUNK * 64))
                elif not _NAME.fullmatch(member.name):
                    raise NotWhole(f"it holds {member.name!r}")
                else:
                    yield member.name, content
                    content.finish()
                    found[member.name] = content.digest.hexdigest()
    except (tarfile.TarError, EOFError) as error:
        raise NotWhole(str(error)) from error
    if sums is None or DATABASE not in found:
        raise NotWhole("its end is missing")
    if wrong := sorted(name for name in found.keys() | sums.keys() if found.get(name) != sums.get(name)):
        raise NotWhole(f"{wrong[0]} is missing or differs from what was backed up")


def _sums(content: bytes) -> dict[str, str]:
    lines = [_SUM.fullmatch(line) for line in content.decode(errors="replace").splitlines()]
    return {line[2]: line[1] for line in lines if line}


class _Hashed:
    """A file that is read once, and the SHA-256 of what was read."""

    def __init__(self, file: IO[bytes] | None) -> None:
        if file is None:
            raise NotWhole("it holds something that is no file")
        self._file = file
        self.digest = hashlib.sha256()

    def read(self, size: int = CHUNK) -> bytes:
        """The next bytes; b"" at the end. Raises NotWhole when the file ends before."""
        try:
            chunk = self._file.read(size)
        except tarfile.TarError as error:
            raise NotWhole(str(error)) from error
        self.digest.update(chunk)
        return chunk

    def finish(self) -> None:
        """Reads the rest."""
        while self.read():
            pass
