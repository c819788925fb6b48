"""gunicorn's settings: the worker class and limits. WEB_CONCURRENCY is gunicorn's own variable for the number of
workers."""

import os
import sys
from importlib import import_module
from typing import Any


def _forget_ours() -> None:
    """Removes our modules from the master process, which has imported the worker class. Otherwise workers forked after
    a HUP would mix old and new modules."""
    for name in [name for name in sys.modules if name.partition(".")[0] == "feed"]:
        del sys.modules[name]


_forget_ours()  # gunicorn reads this file at the start and at each HUP, before it imports the worker class
_slots = import_module("feed.live.direct.slots")
# Each reader is an open file.
import_module("feed.live.direct.open_files").raise_limit(os.environ.get("FEED_MAX_READERS", ""))

if os.environ.get("FEED_LOG") == "json":
    logger_class = "feed.live.direct.log.JsonLog"
wsgi_app = "app:create_app()"
bind = f"{os.environ.get('HOST', '127.0.0.1')}:{os.environ.get('PORT', '8000')}"
worker_class = "feed.live.direct.worker.Worker"  # gevent
sendfile = False  # the worker sends files itself, so that its deadline applies to them too
drain_seconds = os.environ.get("FEED_DRAIN_SECONDS", "")  # the application refuses a bad value and says what to write
graceful_timeout = (int(drain_seconds) if drain_seconds.isdecimal() else 2) + 3  # seconds; then the worker is killed
timeout = 60  # seconds without a sign of life before a worker is replaced
keepalive = 2  # seconds that an idle connection is kept; it also bounds a shutdown (this and 2 s of gunicorn's own)
# By default gunicorn takes a request's path, prefix and scheme from headers of a peer on this machine, such as a proxy
# that passes on what any client wrote. The application uses none of them; see feed/web/host.py and FEED_PROXIES.
forwarded_allow_ips = ""
forwarder_headers = ""
secure_scheme_headers: dict[str, str] = {}
control_socket_disable = True  # gunicorn's control socket is one file for all instances of a user


pre_fork, child_exit, on_exit = _slots.pre_fork, _slots.child_exit, _slots.on_exit


def post_fork(server: Any, worker: Any) -> None:
    """gunicorn calls this in the new worker, before it imports the application."""
    _forget_ours()
    _slots.post_fork(server, worker)
