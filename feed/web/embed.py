"""Feeds on other sites' pages: a page for a frame, the script that gives the frame its height, and oEmbed (oembed.com).

Sites that FEED_EMBED_ORIGINS does not list cannot show the frame: browsers read that from the Content-Security-Policy.
"""

import re
from collections.abc import Mapping
from contextlib import suppress
from typing import Any
from urllib.parse import unquote, urlsplit

from flask import Blueprint, Response, current_app, jsonify, request
from werkzeug import exceptions
from werkzeug.exceptions import BadRequest, HTTPException, NotFound

from feed import settings, text
from feed.errors import Message
from feed.render import entries
from feed.render.templates import feed_title
from feed.store import articles, feeds, updates
from feed.store.database import Database
from feed.store.feeds import Feed
from feed.web import feed_page
from feed.web.cache import cache_for_ever, cache_until_changed, reads
from feed.web.services import render_page, services
from feed.web.snippet import HEIGHT, WIDTH, snippet
from feed.web.static import static_file

SCRIPT_SECONDS = 3_600  # for which another site's readers need not ask for the script again
THEMES = ("light", "dark")

_PIXELS = re.compile(r"[1-9]\d{0,8}", re.ASCII)

embed = Blueprint("embed", __name__)


@embed.get("/embed/feeds/<slug>")
@reads("theme", "before", "after")
def frame(slug: str) -> str:
    """A feed for a frame on another site, live, in the theme of the reader's system or the one that is asked for."""
    theme = request.args.get("theme")
    if theme not in (None, *THEMES):
        raise BadRequest(Message("Write theme=light or theme=dark, or leave it out."))
    with services().store.read() as db:
        feed = feeds.get(db, slug)
        cache_until_changed(db, feed)
        page = feed_page.paged(db, feed)
    return render_page(feed.language, "embed.html", page=page, theme=theme)


@embed.get("/embed.js")
@reads()
def script() -> Response:
    """The script that gives frames on another site's page their height. Its address never changes."""
    cache_for_ever()
    response = static_file("js/host.js")
    response.headers["Cache-Control"] = f"public, max-age={SCRIPT_SECONDS}"
    response.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
    return response


@embed.get("/oembed")
@reads("url", "format", "maxwidth", "maxheight")
def oembed() -> Response:
    """Describes our page at `url` for another site (oEmbed): as the frame with its feed, or as a link."""
    if request.args.get("format", "json") != "json":
        raise exceptions.NotImplemented("Write format=json, or leave it out.")
    width, height = _pixels("maxwidth"), _pixels("maxheight")
    with services().store.read() as db:
        feed, title, author = _page_at(db, request.args.get("url", ""))
    told: dict[str, Any] = {
        "version": "1.0",
        "type": "link",
        "title": title,
        "author_name": author,
        "provider_name": services().settings.site_name,
        "provider_url": f"{services().settings.public_url}/",
    }
    if feed and services().settings.embed_origins:
        size = {"width": min(width or WIDTH, WIDTH), "height": min(height or HEIGHT, HEIGHT)}
        told |= {"type": "rich", "html": snippet(feed, max_height=height, **size), **size}
    response = jsonify({name: value for name, value in told.items() if value is not None})
    response.headers["Access-Control-Allow-Origin"] = "*"  # some ask from a page
    response.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
    return response


def _page_at(db: Database, url: str) -> tuple[Feed | None, str, str | None]:
    """Of our page at that address, the feed that a frame can show, its title and its author. Marks the response as
    cacheable. Raises NotFound, Missing, and Gone for a retracted update."""
    endpoint, values = _endpoint_of(url)
    of = services().languages.of
    if endpoint == "reader.update":
        update = updates.get(db, values["update_id"])
        cache_until_changed(db, feeds.get(db, update.feed))
        return None, entries.title(of(update.text_language), update), update.byline
    if endpoint != "reader.article":
        feed = feeds.get(db, values["slug"])
        cache_until_changed(db, feed)
        return feed, feed_title(of(feed.language), feed), None
    story = articles.get(db, values["slug"])
    cache_until_changed(db, *([story.feed] if story.feed else []))
    language = of(story.language)
    headline = text.plain_line(story.headline, language.tag)
    return story.feed, feed_title(language, story.feed) if story.feed else headline, story.byline


def _endpoint_of(url: str) -> tuple[str, Mapping[str, Any]]:
    """The endpoint and the values of the page at that address. Raises NotFound where it is none of ours."""
    with suppress(HTTPException, ValueError):
        parts = urlsplit(url)
        endpoint, values = current_app.url_map.bind("").match(unquote(parts.path))
        ours = settings.origin(f"{parts.scheme}://{parts.netloc}") == services().settings.public_url
        if ours and endpoint in ("reader.article", "reader.feed", "reader.update", "embed.frame"):
            return endpoint, values
    raise NotFound


def _pixels(name: str) -> int | None:
    """The value of that query parameter, in pixels; None where it is left out. Raises BadRequest."""
    asked = request.args.get(name)
    if not asked:
        return None
    if not _PIXELS.fullmatch(asked):
        raise BadRequest(f"Write {name} in whole pixels.")
    return int(asked)
