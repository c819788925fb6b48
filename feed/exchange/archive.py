"""A zip file that may come from anywhere. Nothing of it is unpacked to the disk, so names like `../x` lead nowhere, and
the sizes that it tells are not believed."""

import zipfile
import zlib
from pathlib import Path
from typing import IO

from feed.exchange.source import Unreadable

LISTED_BYTES = 4 * 1024**2  # of the list at its end: 20,000 files with their names, which take 20 MB in memory
READ_AT_ONCE = 1024**2  # bytes
_END = b"PK\x05\x06"  # the record of the end, and before it that of files with more than the record can say
_END_BYTES, _COMMENT = 22, 65_535
_ZIP64, _ZIP64_BYTES = b"PK\x06\x07", 20
_KNOWN = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_ENCRYPTED = 1  # a bit of the flags


class Archive:
    """A zip file. Raises Unreadable if it is not whole, and OSError if there is none."""

    def __init__(self, path: Path) -> None:
        self._path = path
        with path.open("rb") as file:
            _check_list(file)
            self._open(file).close()

    @property
    def names(self) -> list[str]:
        """The names of its files, with folders."""
        return self._names

    def read(self, name: str, most: int) -> bytes:
        """The content of that file. Raises FileNotFoundError if there is none; Unreadable if it is damaged, encrypted,
        or has more than `most` bytes."""
        with self._path.open("rb") as file, self._open(file) as archive:
            try:
                info = archive.getinfo(name)
            except KeyError:
                raise FileNotFoundError(f"{name} is not in the zip file") from None
            if info.flag_bits & _ENCRYPTED:
                raise Unreadable(f"{name} in it is encrypted")
            if info.compress_type not in _KNOWN:
                raise Unreadable(f"{name} in it is compressed in a way that this cannot read; make the zip file anew")
            try:
                with archive.open(info) as member:
                    content = member.read(most + 1)
            except (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, OSError) as error:
                raise Unreadable(f"{name} in it is damaged: {error}") from None
        if len(content) > most:
            raise Unreadable(f"{name} in it has more than {most // 1024**2} MB")
        return content

    def _open(self, file: IO[bytes]) -> zipfile.ZipFile:
        try:
            archive = zipfile.ZipFile(file)
        except (zipfile.BadZipFile, RuntimeError, ValueError, OSError) as error:  # the last two: places outside of it
            raise Unreadable(f"it is no whole zip file: {error}") from None
        self._names = [each.filename for each in archive.infolist() if not each.is_dir()]
        return archive


def _check_list(file: IO[bytes]) -> None:
    """Raises Unreadable if the list of its files is longer than LISTED_BYTES, because Python reads all of it."""
    size = file.seek(0, 2)
    file.seek(max(0, size - _COMMENT - _END_BYTES - _ZIP64_BYTES))
    tail = file.read()
    last = tail[-_END_BYTES:]
    # Where Python looks: at the end, and else, before a comment, for the last one.
    at = len(tail) - _END_BYTES if last.startswith(_END) and last.endswith(b"\0\0") else tail.rfind(_END)
    if at < 0:
        raise Unreadable("it is no whole zip file: its end is missing")
    listed = int.from_bytes(tail[at + 12 : at + 16], "little")
    if listed > LISTED_BYTES or tail[max(0, at - _ZIP64_BYTES) :].startswith(_ZIP64):
        raise Unreadable("it holds more files than a coverage has, or 4 GB; unpack it and name the folder")
