"""Keeps the site's files readable by the account that runs it alone, whatever its umask: the database holds drafts,
reasons and password hashes. SQLite gives its -wal and -shm files the mode of the database."""

import os
from contextlib import suppress
from pathlib import Path

FILE, FOLDER = 0o600, 0o700
SECRET = "secret.key"  # noqa: S105 - a name
DEMO = "demo"  # the folder of `make demo`, within that of the site


def opener(path: str, flags: int) -> int:
    """An opener for `open(…, opener=…)`: a new file is private from its first byte on, and an existing one becomes
    so."""
    descriptor = os.open(path, flags, FILE)
    os.fchmod(descriptor, FILE)
    return descriptor


def touch(path: Path) -> None:
    """Makes the file unless it exists, before a library makes it readable by others."""
    if not path.exists():
        os.close(opener(str(path), os.O_RDWR | os.O_CREAT))


def make_folder(path: Path) -> None:
    """Makes the folder and missing parents. Existing folders keep their mode, since others may need them."""
    if path.is_dir():
        return
    make_folder(path.parent)
    try:
        path.mkdir(FOLDER)
        path.chmod(FOLDER)
    except FileExistsError:  # another process has made it meanwhile, unless it is a file
        if not path.is_dir():
            raise


def tighten(database: Path, media: Path) -> None:
    """Makes the files of an earlier release private: the database and its companions, the pictures, and the folder,
    unless it contains other files. Files of another account keep their mode."""
    folder = database.parent
    if not folder.is_dir():
        return
    inside = list(os.scandir(folder))
    ours = [each for each in inside if each.name.startswith((database.name, SECRET))]
    known = {each.name for each in ours} | {media.name, DEMO}
    for each in ours:
        _restrict(Path(each.path))
    if media.is_dir() and _restrict(media):  # the files in a private folder were private already
        for each in os.scandir(media):
            _restrict(Path(each.path))
    if {each.name for each in inside} <= known:
        _restrict(folder)


def _restrict(path: Path) -> bool:
    """Makes one file or folder private; returns whether others had access to it before."""
    wanted = FOLDER if path.is_dir() else FILE
    if path.is_symlink() or not path.stat().st_mode & 0o777 & ~wanted:
        return False
    with suppress(PermissionError):
        path.chmod(wanted)
    return True
