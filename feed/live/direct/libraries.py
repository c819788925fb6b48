"""Chooses the transport if it fits the installed libraries, and else the stock driver."""

import logging
from collections.abc import Callable
from functools import partial
from importlib.metadata import version

from socketio import Manager

from feed.live.direct.engine import Engine
from feed.live.direct.fanout import Fanout
from feed.live.direct.rooms import Rooms
from feed.live.gate import Gate
from feed.threads import under_gevent

# Exact versions, because the transport uses internals of these libraries.
FITS = {
    "Flask-SocketIO": "5.7.0",
    "python-socketio": "5.18.1",
    "python-engineio": "4.15.1",
    "gunicorn": "27.0.1",
    "gevent": "26.9.0",
}

log = logging.getLogger(__name__)


def chosen(transport: str, background: frozenset[str] = frozenset()) -> tuple[Callable[..., Gate], Manager]:
    """Returns what makes the gate, and the rooms, for that FEED_TRANSPORT. Broadcasts of `background` events let all
    others go first."""
    if transport != "stock" and under_gevent() and _versions_fit():
        fanout = Fanout(uring=transport == "direct")
        return partial(Engine, fanout=fanout), Rooms(background, fanout)
    return Gate, Manager()


def _versions_fit() -> bool:
    others = {name: version(name) for name, fitting in FITS.items() if version(name) != fitting}
    for name, found in others.items():
        log.warning("%s is %s, the transport was made for %s: the stock driver serves", name, found, FITS[name])
    return not others
