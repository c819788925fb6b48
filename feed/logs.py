"""The log as JSON (FEED_LOG=json): an object on each line, with what is known of the request that it is about.

No line has anything of a reader: no address, browser, cookie or query. What an editor does is named, with the editor.
"""

import json
import logging
import re
import threading
from collections.abc import Mapping
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any

from feed import times

TEXT, JSON = "text", "json"
LOGGERS = ("", "gunicorn.error", "gunicorn.access")  # those that have handlers; "" is the root, which has ours
ACCESS = "gunicorn.access"
HEADER = "X-Request-ID"
LONGEST_PATH = 300  # characters

# A one-time link in a path: whoever reads it could use it.
_INVITATION = re.compile(r"(?:(?<=/desk/first/)|(?<=/desk/invitations/))[^\s/\"]+")

log = logging.getLogger(__name__)

_about: ContextVar[dict[str, Any] | None] = ContextVar("about", default=None)


def begin_request(request_id: str) -> None:
    """What is logged from here on in this greenlet is about that request."""
    _about.set({"request_id": request_id})


def know(**facts: object) -> None:
    """Adds what is known of the present request: editor, feed, update."""
    if (about := _about.get()) is not None:
        about.update(facts)


def end_request() -> None:
    """What is logged from here on is about no request."""
    _about.set(None)


def write_json() -> None:
    """Writes all logs of this process as JSON, where they are written now."""
    root = logging.getLogger()
    if not root.handlers:
        root.addHandler(logging.StreamHandler())
    for name in LOGGERS:
        for handler in logging.getLogger(name).handlers:
            handler.setFormatter(JsonFormatter())


def log_uncaught() -> None:
    """Logs what would be printed otherwise: exceptions that nobody caught in a thread or in a greenlet, and warnings.
    So they are in the log's format, and counted as errors."""
    from gevent import get_hub  # which commands do without

    threading.excepthook = lambda failed: _log_uncaught(
        f"thread {failed.thread.name if failed.thread else ''}", failed.exc_type, failed.exc_value, failed.exc_traceback
    )
    get_hub().print_exception = _log_uncaught
    logging.captureWarnings(True)


def _log_uncaught(where: object, kind: Any, error: Any, trace: Any) -> None:
    name = where if isinstance(where, str) else type(where).__name__  # whatever else it is may quote a request
    log.error("Nobody caught this in %s", name, exc_info=(kind, error, trace))


class JsonFormatter(logging.Formatter):
    """A record as a JSON object on one line."""

    def format(self, record: logging.LogRecord) -> str:
        """See logging."""
        line: dict[str, Any] = {
            "time": times.to_text(datetime.fromtimestamp(record.created, UTC)),
            "level": record.levelname.lower(),
            "logger": record.name,
            "process": record.process,
        }
        if record.name == ACCESS and isinstance(record.args, Mapping):
            line |= _access(record.args)
        else:
            line["message"] = _INVITATION.sub("…", record.getMessage())
        line |= _about.get() or {}
        if record.exc_info:
            line["error"] = self.formatException(record.exc_info)
        return json.dumps(line, default=str)


def _access(atoms: Mapping[str, Any]) -> dict[str, Any]:
    """A line of gunicorn's access log, from what it knows of request and answer."""
    path = str(atoms["U"]).encode("latin-1", "replace").decode("utf-8", "replace")[:LONGEST_PATH]
    path = _INVITATION.sub("…", path)
    status, took = int(atoms["s"]), int(atoms["M"])
    return {
        "message": f"{atoms['m']} {path} {status}",
        "method": atoms["m"],
        "path": path,
        "status": status,
        "bytes": atoms["B"],
        "milliseconds": took,
    }
