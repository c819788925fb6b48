"""The slots in which the workers of one gunicorn count (see feed/metrics.py), and the folder of their files. The master
makes it among the temporary files, where gunicorn needs one too: a reader node has no database's folder.

The functions are called by gunicorn's hooks of these names (gunicorn.conf.py). A master that was started by an earlier
release and reloads this one has not called any before, so the first one makes the folder. Two masters never share one.
"""

import os
import shutil
import tempfile
from contextlib import suppress
from itertools import count
from pathlib import Path
from typing import Any

from feed.metrics_files import FOLDER, SLOT
from feed.store.workers import has_ended, new_worker

PREFIX = "liveline-metrics-"


def pre_fork(server: Any, worker: Any) -> None:
    """Gives a worker the lowest slot that no running worker has."""
    if getattr(server, "metrics", None) is None:
        server.metrics = _make_folder()
    taken = {getattr(each, "slot", None) for each in server.WORKERS.values()}
    worker.slot = next(slot for slot in count() if slot not in taken)
    with suppress(OSError):  # then each worker counts for itself
        server.metrics.mkdir(mode=0o700, exist_ok=True)  # again, if somebody has cleared the temporary files
        if os.geteuid() == 0:
            os.chown(server.metrics, worker.cfg.uid, worker.cfg.gid)


def post_fork(server: Any, worker: Any) -> None:
    """Tells the worker its slot. The environment is the worker's own."""
    os.environ[FOLDER], os.environ[SLOT] = str(server.metrics), str(worker.slot)


def child_exit(server: Any, worker: Any) -> None:
    """Removes the gauges of a worker that has ended. Its counters stay."""
    for path in _files(getattr(server, "metrics", None), f"gauge_live*_{getattr(worker, 'slot', None)}.db"):
        path.unlink(missing_ok=True)


def on_exit(server: Any) -> None:
    """Removes the folder."""
    if getattr(server, "metrics", None) is not None:
        shutil.rmtree(server.metrics, ignore_errors=True)


def _make_folder() -> Path:
    """Names a new folder, and removes those of masters that were killed."""
    temporary = Path(tempfile.gettempdir())
    for path in _files(temporary, f"{PREFIX}*"):
        if has_ended(path.name.removeprefix(PREFIX)):
            shutil.rmtree(path, ignore_errors=True)
    return temporary / f"{PREFIX}{new_worker()}"


def _files(folder: Path | None, pattern: str) -> list[Path]:
    with suppress(OSError):
        return list(folder.glob(pattern)) if folder else []
    return []
