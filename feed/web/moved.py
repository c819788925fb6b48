"""Addresses that are not quite right, or not any more: they lead to where the thing is now.

An article keeps its old addresses, for all that has an address made of them. Beside that a slash too many and capital
letters do not matter. Readers are led to nothing that they could not open.
"""

from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit

from flask import current_app, redirect, request, url_for
from werkzeug.exceptions import BadRequest, HTTPException
from werkzeug.wrappers import Response

from feed import settings
from feed.store import addresses
from feed.web.cursors import cursor_of, place_in
from feed.web.services import services

_PUBLIC = ("reader", "syndication", "embed", "api")


def elsewhere() -> Response | None:
    """The way to what this request asked for, or None when there is none. For a request that found nothing."""
    path = request.path
    where = _where(path)
    if request.endpoint == "embed.oembed":
        return _of_oembed()
    if where is None:
        return None
    new, before, after = where
    query = _carried(request.query_string.decode("latin-1"), before, after)
    return redirect(f"{new}?{query}" if query else new, _status())


def _of_oembed() -> Response | None:
    """oEmbed is asked for an address in a parameter."""
    try:
        asked = urlsplit(request.args.get("url", ""))
        ours = settings.origin(f"{asked.scheme}://{asked.netloc}") == services().settings.public_url
    except ValueError:
        return None
    where = _where(unquote(asked.path))
    if not ours or where is None:
        return None
    rest = {name: value for name, value in request.args.items() if name != "url"}
    url = services().settings.public_url + where[0]
    response = redirect(f"{url_for('embed.oembed')}?{urlencode({'url': url, **rest})}", 301)
    response.headers["Access-Control-Allow-Origin"] = "*"
    return response


def _where(path: str) -> tuple[str, str, str] | None:
    """The right path for that one, and the slugs of both; None when it is right, or nothing is there either."""
    # Programs write addresses as they are, and a mistake of theirs is better told.
    asked = path if path.startswith("/api/") else path.rstrip("/").lower()
    try:
        endpoint, values = current_app.url_map.bind("").match(asked, method=request.method)
    except HTTPException:
        return None
    part = endpoint.partition(".")[0]
    # A desk's page was asked for in earnest only where its view was reached, behind the sign-in.
    at_desk = part == "desk" and (request.endpoint or "").startswith("desk.")
    if not at_desk and part not in _PUBLIC:
        return None
    before = after = values.get("slug", "")
    if before:
        with services().store.read() as db:
            after = addresses.current(db, before, drafts=at_desk) or ""
        values = {**values, "slug": after}
    if (asked == path and before == after) or (before and not after):
        return None
    return url_for(endpoint, **values), before, after


def _carried(query: str, before: str, after: str) -> str:
    """The query for the new address: a cursor names its feed."""
    if before == after:
        return quote(query, safe="%&=+-._~:/?@!$'()*,;")
    return urlencode([(name, _renamed(name, value, before, after)) for name, value in parse_qsl(query, True)])


def _renamed(name: str, value: str, before: str, after: str) -> str:
    if name not in ("before", "after"):
        return value
    try:
        place = place_in(before, value)
    except BadRequest:
        return value  # it is no better there
    return cursor_of(after, place) if place else value


def _status() -> int:
    """For ever for what only reads; a desk is not to be remembered by the browser. What writes is sent there again."""
    reads = request.method in ("GET", "HEAD")
    if (request.endpoint or "").startswith("desk."):
        return 302 if reads else 307
    return 301 if reads else 308
