"""gunicorn: the worker class, limits and drain. WEB_CONCURRENCY is gunicorn's own number of workers."""

import gc
import os
import resource
import signal
import sys
from importlib import import_module
from typing import Any


def _number(name: str, default: int) -> int:
    """A setting of ours. One that is no number is refused by the application, with advice."""
    text = os.environ.get(name, "")
    return int(text) if text.isdecimal() else default


def _forget_ours() -> None:
    """The master holds the worker class, and with it code of ours. Left alone, it would hand its old state to each new
    worker, among modules that are new: after a deploy nobody knows what runs, if it runs."""
    for name in [name for name in sys.modules if name.partition(".")[0] == "feed"]:
        del sys.modules[name]


_forget_ours()  # this file is read at the start and at each HUP, before the worker class
room = import_module("feed.live.room")

# A reader is an open file: as many as are wanted, or as the system lets us have.
soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
files = room.files(_number("FEED_MAX_READERS", 12_000), soft, None if hard == resource.RLIM_INFINITY else hard)
if files < room.FEWEST:
    sys.exit(f"A worker may open {files} files here, and needs {room.FEWEST}. Write: ulimit -n {room.FEWEST}")
resource.setrlimit(resource.RLIMIT_NOFILE, (files, hard))

wsgi_app = "app:create_app()"
bind = f"{os.environ.get('HOST', '127.0.0.1')}:{os.environ.get('PORT', '8000')}"
worker_class = "feed.live.worker.Worker"  # gevent
sendfile = False  # files too are sent by the worker, with its deadline
graceful_timeout = _number("FEED_DRAIN_SECONDS", 2) + 3  # seconds; what is not done by then is killed
timeout = 60  # seconds without a sign of life before a worker is replaced
keepalive = 2  # seconds in which a request has to come in; as long, and two of gunicorn's own, may a stop take
# gunicorn would take a request's path, prefix and scheme from headers of a peer on this machine, such as a proxy that
# passes on what a stranger wrote. The application asks for none of it; see feed/web/host.py and FEED_PROXIES.
forwarded_allow_ips = ""
forwarder_headers = ""
secure_scheme_headers: dict[str, str] = {}
control_socket_disable = True  # gunicorn's control socket is one file for all instances of a user


def post_fork(server: Any, worker: Any) -> None:
    """In the new worker, before it reads the application."""
    _forget_ours()


def post_worker_init(worker: Any) -> None:
    """Tells the worker what gunicorn does not: how to live with many readers, and how to end."""
    # A full pass of the garbage collector over 10,000 readers stops everything for 60 to 150 ms, and their coming set
    # one off every other second. Readers hold no cycles; what does is young, and found by the first two generations.
    gc.collect()
    gc.freeze()
    gc.set_threshold(10_000, 20, 200)
    # Ctrl+C reaches the workers too, and gunicorn's quick end raises SystemExit where gevent prints a stack trace for
    # it. The master alone decides, and both ways to end are the orderly one: it takes a second.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGQUIT, worker.handle_exit)
    if worker.cfg.is_ssl:
        worker.log.warning("TLS inside gunicorn: the stock driver serves, slower. TLS belongs in a proxy in front.")
    worker.most_each = None if _number("FEED_PROXIES", 0) else _number("FEED_MAX_CONNECTIONS_PER_ADDRESS", 200)
    _leave_files_to_pages(worker)
    _let_readers_go(worker)
    worker.wsgi.extensions["liveline"].begin(worker.wsgi.jinja_env)


def _leave_files_to_pages(worker: Any) -> None:
    """Without a file to spare nobody is answered, not even with a refusal."""
    admission = worker.wsgi.extensions["liveline"].channel.engine.admission
    most = room.readers(files)
    if admission.most > most:
        worker.log.warning(
            "A worker may open %s files here (ulimit -n): %s readers may come in, not the %s of FEED_MAX_READERS",
            files, most, admission.most,
        )  # fmt: skip
        admission.most = most


def _let_readers_go(worker: Any) -> None:
    """As soon as the worker is told to end, so that they move on to the next one."""
    import gevent

    house = worker.wsgi.extensions["liveline"]

    def drain() -> None:
        while worker.alive:
            gevent.sleep(0.1)
        house.drain()

    worker.draining = gevent.spawn(drain)


def worker_exit(server: Any, worker: Any) -> None:
    """The worker's requests are done; it stays until its readers have been let go."""
    if hasattr(worker, "draining"):
        worker.alive = False
        worker.draining.join(graceful_timeout)
