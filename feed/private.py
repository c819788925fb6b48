"""Files of ours are for the account that runs the site alone, whatever its umask: the database holds drafts, reasons
and what passwords are checked against. SQLite gives its -wal and -shm the mode of the database."""

import os
from contextlib import suppress
from pathlib import Path

FILE, FOLDER = 0o600, 0o700
SECRET = "secret.key"  # noqa: S105 - a name
DEMO = "demo"  # the folder of `make demo`, within that of the site


def opener(path: str, flags: int) -> int:
    """For `open(…, opener=…)`: the file is private from its first byte on, and one that was there becomes so."""
    descriptor = os.open(path, flags, FILE)
    os.fchmod(descriptor, FILE)
    return descriptor


def touch(path: Path) -> None:
    """Makes the file unless it is there, for a library that would make it open to others."""
    if not path.exists():
        os.close(opener(str(path), os.O_RDWR | os.O_CREAT))


def make_folder(path: Path) -> None:
    """Makes the folder and what is missing above it. What was there stays as it is: others may need it."""
    if path.is_dir():
        return
    make_folder(path.parent)
    try:
        path.mkdir(FOLDER)
        path.chmod(FOLDER)
    except FileExistsError:  # another process was quicker, unless it is a file
        if not path.is_dir():
            raise


def tighten(database: Path, media: Path) -> None:
    """Makes private what an earlier release made: the database and what lies beside it, the pictures, and the folder,
    when nothing in it is anybody else's. What belongs to another account is left to that one."""
    folder = database.parent
    if not folder.is_dir():
        return
    inside = list(os.scandir(folder))
    ours = [each for each in inside if each.name.startswith((database.name, SECRET))]
    known = {each.name for each in ours} | {media.name, DEMO}
    for each in ours:
        _restrict(Path(each.path))
    if media.is_dir() and _restrict(media):  # a folder that was private kept its files so
        for each in os.scandir(media):
            _restrict(Path(each.path))
    if {each.name for each in inside} <= known:
        _restrict(folder)


def _restrict(path: Path) -> bool:
    """Whether others could look into it before."""
    wanted = FOLDER if path.is_dir() else FILE
    if path.is_symlink() or not path.stat().st_mode & 0o777 & ~wanted:
        return False
    with suppress(PermissionError):
        path.chmod(wanted)
    return True
