"""The pages of the desk that phones load most are sent compressed: a seventh of 65 kB, a quarter of a second on a slow
network.

The size of what is compressed together shows whether its parts are alike (BREACH). So this is done only where nothing
in the page comes from the request, whose parameters another site can choose.
"""

import gzip

from flask import Response, request

from feed.web.cached_page import ZIP_LEVEL, takes_gzip
from feed.web.desk.installable import KEPT


def compress(response: Response) -> Response:
    """Compresses this answer if it is one of those pages, without parameters, and the browser takes it."""
    if request.endpoint not in KEPT or request.args or request.method != "GET" or response.status_code != 200:
        return response
    response.headers["Vary"] = "Accept-Encoding"
    if takes_gzip(request.headers.get("Accept-Encoding", "")):
        response.data = gzip.compress(response.get_data(), ZIP_LEVEL, mtime=0)
        response.headers["Content-Encoding"] = "gzip"
    return response
