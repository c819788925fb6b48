"""The application knows one address: its own, of FEED_PUBLIC_URL.

What a request says of host, scheme and prefix is a stranger's word, also behind a proxy that passes such headers on.
Flask builds redirects and links from it, and the cache would give them to everybody. So none of it comes that far:
whatever Flask is asked for, it is asked for under our own address.
"""

from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from feed.settings import PORTS

ASKED = "liveline.host"  # in the environment: the Host header as it came, to compare with and never to write


class OwnHost:
    """WSGI, between the cache and Flask."""

    def __init__(self, app: Callable[..., Iterable[bytes]], public_url: str) -> None:
        parts = urlsplit(public_url)
        self._app = app
        self._own = {
            "SCRIPT_NAME": "",
            "HTTP_HOST": parts.netloc,
            "SERVER_NAME": parts.hostname or "",
            "SERVER_PORT": str(parts.port or PORTS[parts.scheme]),
            "wsgi.url_scheme": parts.scheme,
        }

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        """Asks the application under its own address."""
        environ[ASKED] = environ.get("HTTP_HOST", "")
        environ.update(self._own)
        return self._app(environ, start_response)


def own_path(url: str) -> str:
    """The path of that address of ours, with query and fragment: never one that browsers take for another host's."""
    parts = urlsplit(url)
    return urlunsplit(("", "", "/" + parts.path.lstrip("/\\"), parts.query, parts.fragment))
