"""The files of one worker's metrics. This knows nothing of the library that writes them, so that gunicorn's master need
not import it."""

import os
from pathlib import Path

FOLDER, SLOT = "PROMETHEUS_MULTIPROC_DIR", "LIVELINE_SLOT"  # in the environment of a worker; the first is the library's
KINDS = ("counter", "histogram", "gauge_livesum", "gauge_livemax", "gauge_livemin")
FILE_BYTES = 1 << 16  # the library's first size; no file outgrows it, as labels are few


def reserve(folder: Path, slot: str) -> bool:
    """Takes the room on the disk for the files of that slot; says whether there was enough. The library would make
    files with holes, and the system kills a worker that fills one when the disk is full."""
    try:
        for path in (folder / f"{kind}_{slot}.db" for kind in KINDS):
            if not path.exists():
                new = path.with_suffix(".new")  # others read what is there
                with open(new, "wb") as file:
                    os.posix_fallocate(file.fileno(), 0, FILE_BYTES)
                new.rename(path)
    except OSError:
        return False
    return True
