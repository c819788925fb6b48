"""The application uses one address: FEED_PUBLIC_URL.

Host, scheme and prefix of a request come from the client, also behind a proxy that passes such headers on. Flask would
build redirects and links from them, and the cache would serve those to everybody. So they are replaced by our own
before Flask sees the request.
"""

from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from feed.settings import PORTS

ASKED = "liveline.host"  # key in the environment: the Host header as it came, only to be compared


class OwnHost:
    """WSGI middleware between the cache and Flask."""

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
        """Calls the application under its own address."""
        environ[ASKED] = environ.get("HTTP_HOST", "")
        environ.update(self._own)
        return self._app(environ, start_response)


def own_path(url: str) -> str:
    """The path, query and fragment of that address of ours. Slashes at its beginning are reduced to one, because
    browsers take two for another host."""
    parts = urlsplit(url)
    return urlunsplit(("", "", "/" + parts.path.lstrip("/\\"), parts.query, parts.fragment))
