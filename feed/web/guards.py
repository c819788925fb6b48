"""Checks before every view, and headers of every answer: the origin of unsafe requests, forms, the session.

Requests to `/socket.io/` are not checked here: the channel has an explicit list of origins.
"""

import re
from contextlib import suppress
from dataclasses import replace
from ipaddress import ip_address
from typing import Any
from urllib.parse import unquote_to_bytes, urlsplit

from flask import Flask, Response, g, redirect, request, url_for
from werkzeug.exceptions import BadRequest, Forbidden, RequestEntityTooLarge, Unauthorized

from feed import external, logs
from feed.errors import Message, Missing, OtherEditor
from feed.store import sessions
from feed.store.database import OperationalError
from feed.store.editors import Editor
from feed.turns import orderer
from feed.web import bodies, origins
from feed.web.bodies import FORM_BYTES, FORM_FIELDS, STRANGERS_FORM_BYTES, read_at_most
from feed.web.cookies import is_https, session_presented
from feed.web.host import ASKED, own_path
from feed.web.services import services

TOO_LONG = Message("This form is too long.")
SAFE_METHODS = ("GET", "HEAD", "OPTIONS")
FOR_SCRIPT = (
    "/desk/drafts",
    "/desk/preview",
    "/desk/paste",
    "/desk/uploads",
)  # below these, the desk's script is answered in JSON
DESK = "/desk/"  # below it nothing is cached, neither by browsers nor by proxies
_SURROGATE = re.compile(r"%ed%[ab][0-9a-f]%[89ab][0-9a-f]", re.I)  # a lone one, as UTF-8 would write it if it could
# What other sites' pages, feed readers and cards may load: pictures, feeds.
SHOWN_ELSEWHERE = ("image/", "application/atom+xml", "application/rss+xml", "application/feed+json")
HOW_TO_SIGN_IN = ("desk.account", "desk.factors")  # blueprints: all that is open to who still needs a second factor
FRAMED = "/embed/"  # what other sites may show in a frame

# Everything comes from this host, but for the frames of external posts, which readers load. `connect-src 'self'` covers
# the WebSocket of the same host. Who may show a page in a frame differs by view.
CONTENT_SECURITY_POLICY = "; ".join((
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self'",
    "connect-src 'self'",
    "form-action 'self'",
    "base-uri 'none'",
    "require-trusted-types-for 'script'",
    "trusted-types liveline",  # words.js
    "frame-ancestors ",
))  # fmt: skip

# At the desk, too: a manifest and a service worker (installed.js), and pictures that are being uploaded.
DESK_POLICY = "worker-src 'self'; manifest-src 'self'; " + CONTENT_SECURITY_POLICY.replace(
    "img-src 'self'", "img-src 'self' blob:"
).replace("trusted-types liveline", "trusted-types liveline liveline-worker")


def guard(app: Flask) -> None:
    """Installs the guards in an application."""
    bodies.install(app)
    app.before_request(_refuse_half_characters)
    app.before_request(_refuse_foreign_writes)
    app.after_request(_add_headers)
    app.teardown_request(_forget_orderer)


def _forget_orderer(error: BaseException | None) -> None:
    """The next request on this connection may be somebody else's."""
    orderer.set(None)


def _refuse_half_characters() -> None:
    """Refuses an address with half of a character in it. No browser writes one, and there is nothing under it. Other
    bytes that are not UTF-8 do occur, in parameters of old links, and no view reads those."""
    if _SURROGATE.search(request.environ.get("QUERY_STRING", "")):
        raise BadRequest(Message("This address holds half of a character."))


def _refuse_foreign_writes() -> None:
    """Refuses writes from another site's page, which the browser would send with the editor's session. Browsers say
    where a request comes from. A client that does not say so is no browser, and must use a bearer token."""
    if request.method in SAFE_METHODS:
        return
    site = request.headers.get("Sec-Fetch-Site")
    origin = request.headers.get("Origin")
    if site is not None and site not in ("same-origin", "none"):
        raise Forbidden(Message("This form came from another site. Open the page here and send it again."))
    if origin is not None and origin not in services().settings.origins and not _by_number(origin):
        raise Forbidden(Message("This form came from another site. Open the page here and send it again."))
    by_cookie = session_presented() is not None and not request.path.startswith("/api/")
    if site is None and origin is None and by_cookie:
        raise Forbidden(
            Message("Your browser does not say which page sent this. Update it, or use the API with a token.")
        )


def _by_number(origin: str) -> bool:
    """Whether that origin is the host of this request and a numeric address or localhost, as in a local network. A name
    is not accepted: whoever owns it could point it at this server (DNS rebinding)."""
    try:
        parts = urlsplit(origin)
        if parts.hostname != "localhost":
            ip_address(parts.hostname or "")
    except ValueError:
        return False
    return bool(parts.netloc == request.environ[ASKED])


def _add_headers(response: Response) -> Response:
    headers = response.headers
    if response.location and 300 <= response.status_code < 400:
        response.location = own_path(response.location)  # Werkzeug's own, for a slash too few, name a host
    # An error in a frame must be readable in the frame, too.
    at_desk = request.path.startswith(DESK)
    policy = DESK_POLICY if at_desk else CONTENT_SECURITY_POLICY
    framers = services().settings.embed_origins if request.path.startswith(FRAMED) else ()
    policy += " ".join(framers) or "'none'"
    if response.mimetype == "text/html":
        policy += f"; frame-src {' '.join(external.origins(services().settings.mastodon_hosts))}"
    headers.setdefault("Content-Security-Policy", policy)
    headers.setdefault("X-Content-Type-Options", "nosniff")
    headers.setdefault("Referrer-Policy", "strict-origin-when-cross-origin")
    headers.setdefault("Cross-Origin-Opener-Policy", "same-origin")
    headers.setdefault("Permissions-Policy", "camera=(), microphone=(), geolocation=()")
    shown = not at_desk and (response.mimetype or "").startswith(SHOWN_ELSEWHERE)
    anywhere = shown or request.path.startswith(FRAMED)
    headers.setdefault("Cross-Origin-Resource-Policy", "cross-origin" if anywhere else "same-origin")
    if is_https():
        headers.setdefault("Strict-Transport-Security", "max-age=31536000")
    if at_desk:
        headers["Cache-Control"] = "no-store"
    headers.setdefault("Cache-Control", "no-cache")  # kept, but asked for again each time: invariant 4
    return response


def check_form() -> None:
    """Checks a form before a view reads it. It comes after the check of the session, because reading a form takes time.
    Raises RequestEntityTooLarge and BadRequest.

    Werkzeug would replace what is not UTF-8, and so store text that nobody wrote."""
    if request.mimetype == "application/x-www-form-urlencoded":
        raw = read_at_most(FORM_BYTES, TOO_LONG)
        if raw.count(b"&") >= FORM_FIELDS:
            raise RequestEntityTooLarge(Message("This form has too many fields."))
        try:
            unquote_to_bytes(raw.replace(b"+", b" ")).decode()
        except UnicodeDecodeError:
            raise BadRequest(Message("This form is not UTF-8.")) from None


def check_form_of_editor() -> None:
    """Checks a form of the desk like `check_form`, and that it is this editor's. Raises OtherEditor too."""
    check_form()
    if request.mimetype == "application/x-www-form-urlencoded":
        check_editor(request.form.get("editor"))


def check_editor(said: object) -> None:
    """Refuses what another editor wrote, who was signed in with this browser when the page came. `said` is the id that
    the page sent with it; a page of the release before sends none. Raises OtherEditor."""
    if said and str(said) != str(g.editor.id):
        raise OtherEditor


def check_strangers_form() -> None:
    """Checks a form that anybody may send: it has to be short, of whatever type it is."""
    read_at_most(STRANGERS_FORM_BYTES, TOO_LONG)
    check_form()


def is_for_script() -> bool:
    """Whether the requested address answers the desk's script, in JSON."""
    return request.path.startswith(FOR_SCRIPT)


def require_editor() -> Any:
    """Sends a browser that is not signed in to the sign-in page, which leads back afterwards. Raises Unauthorized (401)
    for a request of the desk's script."""
    found = editor_at_desk()
    if found is None and is_for_script():
        raise Unauthorized(Message("Your session has ended. Sign in again; what you typed is kept."))
    if found is None:
        way_back = request.full_path.rstrip("?") if request.method == "GET" else None
        return redirect(url_for("sign_in.sign_in", next=way_back), 303)
    g.session, g.editor = found
    orderer.set(g.editor.id)
    return _lead_to_second_factor()


def _lead_to_second_factor() -> Any:
    """Sends who needs a second factor and signed in without one to where they set it up. Raises Forbidden (403) for a
    request of the desk's script."""
    strict = services().settings.needs_second_factor(g.editor.role) and g.session.second_factor is None
    if not strict or request.blueprint in HOW_TO_SIGN_IN:
        return None
    if is_for_script():
        raise Forbidden(Message("Set up your second step first; what you typed is kept."))
    return redirect(url_for("desk.account.account"), 303)


def editor_at_desk() -> tuple[sessions.Session, Editor] | None:
    """The session and the editor of this request; None where nobody is signed in. They are looked up for each request,
    so that a session that was ended has no effect from then on."""
    token = session_presented()
    if not token:
        return None
    try:
        with services().store.read() as db:
            found = sessions.signed_in(db, services().settings.secret_key, token)
    except Missing:
        return None
    session, editor = found
    logs.know(editor=editor.name)
    with suppress(OperationalError):  # a page can be read although nothing can be written
        sessions.note_use(services().store, session, request.remote_addr or "")
    return session, replace(editor, origin=origins.at_desk(session.hash))
