"""The desk as an application on an editor's device: its manifest, and the service worker, which keeps copies of its
pages so that the composer opens without a network. Readers' pages have neither.

The copies are on the device only, and belong to one session: `static/js/desk/worker.js` wipes them when that ends.
"""

import hashlib

from flask import Blueprint, Response, g, jsonify, render_template, request

from feed.errors import Message
from feed.web.services import services
from feed.web.static import static_file, static_hash

DESK = Message("Desk")
PAPER = "#fcfbf8"  # --paper in page.css; desk/_layout.html has it for both themes
ICONS = (("icon-192.png", 192, "any"), ("logo.png", 512, "any"), ("icon-maskable.png", 512, "maskable"))  # pixels
KEPT = ("desk.overview.overview", "desk.feeds.feed")  # the endpoints of the pages that a device may keep
COPY = "Liveline-Copy"  # header: the session that a copy belongs to, and when that ends

pages = Blueprint("installable", __name__, url_prefix="/desk")


@pages.get("/manifest.webmanifest")
def manifest() -> Response:
    """What a browser needs to install the desk. It is the same for everybody, because browsers ask without a cookie."""
    site, language = services().settings.site_name, services().languages.now
    icons = [
        {"src": f"/static/{static_hash()}/{name}", "sizes": f"{side}x{side}", "type": "image/png", "purpose": purpose}
        for name, side, purpose in ICONS
    ]
    response = jsonify({
        "id": "/desk/",
        "name": f"{site} – {language.translate(DESK)}",
        "short_name": site,
        "lang": language.tag,
        "start_url": "/desk/",
        "scope": "/desk/",
        "display": "standalone",
        "theme_color": PAPER,
        "background_color": PAPER,
        "icons": icons,
    })  # fmt: skip
    response.mimetype = "application/manifest+json"
    return response


@pages.get("/worker.js")
def worker() -> Response:
    """The service worker. Each release has another, because browsers start a new one only when its text has changed."""
    response = static_file("js/desk/worker.js")
    response.data = f'self.release="{static_hash()}";'.encode() + response.data
    return response


@pages.get("/offline")
def offline() -> str:
    """The page that the service worker shows without a network; with `?signed-out`, after a sign-out without one."""
    return render_template("desk/offline.html", signed_out="signed-out" in request.args)


def allow_copy(response: Response) -> Response:
    """Lets the service worker keep this answer, if it is one of the pages that it may keep."""
    if request.endpoint in KEPT and response.status_code == 200 and request.method == "GET":
        mark = hashlib.sha256(g.session.hash.encode()).hexdigest()[:16]
        response.headers[COPY] = f"{mark} {g.session.ends_at}"
    return response
