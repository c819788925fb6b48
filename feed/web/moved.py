"""Redirects from addresses that are outdated or slightly wrong.

An article's old addresses, and all addresses made of them, redirect to the new ones. So do addresses with a slash at
their end or with capital letters. Nobody is redirected to what they may not open.
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


def redirection() -> Response | None:
    """The redirect for a request that found nothing; None where there is nothing to redirect to."""
    path = request.path
    where = _right_path(path)
    if request.endpoint == "embed.oembed":
        return _of_oembed()
    if where is None:
        return None
    new, before, after = where
    query = _new_query(request.query_string.decode("latin-1"), before, after)
    return redirect(f"{new}?{query}" if query else new, _status())


def _of_oembed() -> Response | None:
    """The redirect of a request for oEmbed, which has the address in a parameter."""
    try:
        asked = urlsplit(request.args.get("url", ""))
        ours = settings.origin(f"{asked.scheme}://{asked.netloc}") == services().settings.public_url
    except ValueError:
        return None
    where = _right_path(unquote(asked.path))
    if not ours or where is None:
        return None
    rest = {name: value for name, value in request.args.items() if name != "url"}
    url = services().settings.public_url + where[0]
    response = redirect(f"{url_for('embed.oembed')}?{urlencode({'url': url, **rest})}", 301)
    response.headers["Access-Control-Allow-Origin"] = "*"
    return response


def _right_path(path: str) -> tuple[str, str, str] | None:
    """The right path, with the slug in the given path and the one in the right path; None where the path is right
    already or leads nowhere."""
    # Programs get no such help: it is better for them to learn of a mistake.
    asked = path if path.startswith("/api/") else path.rstrip("/").lower()
    try:
        endpoint, values = current_app.url_map.bind("").match(asked, method=request.method)
    except HTTPException:
        return None
    part = endpoint.partition(".")[0]
    # Only where a view of the desk was reached has its editor signed in.
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


def _new_query(query: str, before: str, after: str) -> str:
    """The query for the new address. Cursors in it name the feed, so they are made anew."""
    if before == after:
        return quote(query, safe="%&=+-._~:/?@!$'()*,;")
    return urlencode([(name, _renamed(name, value, before, after)) for name, value in parse_qsl(query, True)])


def _renamed(name: str, value: str, before: str, after: str) -> str:
    if name not in ("before", "after"):
        return value
    try:
        place = place_in(before, value)
    except BadRequest:
        return value  # the new address refuses it as well
    return cursor_of(after, place) if place else value


def _status() -> int:
    """The status of the redirect: permanent for readers, temporary at the desk, and for what writes one after which the
    request is sent again with its body."""
    reads = request.method in ("GET", "HEAD")
    if (request.endpoint or "").startswith("desk."):
        return 302 if reads else 307
    return 301 if reads else 308
