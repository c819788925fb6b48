"""What machines fetch: feeds for feed readers, site maps and rules for search engines."""

import time
from collections.abc import Callable

from flask import Blueprint, Response

from feed import times
from feed.render import atom, entries, json_feed, rss, sitemaps
from feed.render.entries import Listing
from feed.store import authors, feeds, updates
from feed.store import sitemap as stored
from feed.store.updates import Which
from feed.web.cache import cache_for_ever, cache_until_any_change, cache_until_changed, changed, reads
from feed.web.services import services
from feed.web.static import logo

STARTED = int(time.time())  # another release or other settings may write the same feed another way

syndication = Blueprint("syndication", __name__)


@syndication.get("/feeds/<slug>.atom")
@reads()
def atom_feed(slug: str) -> Response:
    """A feed as Atom."""
    return _feed(slug, "atom", atom.write, atom.TYPE)


@syndication.get("/feeds/<slug>.rss")
@reads()
def rss_feed(slug: str) -> Response:
    """A feed as RSS 2.0."""
    return _feed(slug, "rss", rss.write, rss.TYPE)


@syndication.get("/feeds/<slug>.json")
@reads()
def json_feed_of(slug: str) -> Response:
    """A feed as JSON Feed 1.1."""
    return _feed(slug, "json", json_feed.write, json_feed.TYPE)


@syndication.get("/sitemap.xml")
@reads()
def sitemap() -> Response:
    """The addresses of the site."""
    with services().store.read() as db:
        cache_until_any_change(db)
        stories = stored.stories(db, sitemaps.MOST_STORIES)
        writers = [*authors.addressed(db, services().settings.language)]
    written = services().store.offload(sitemaps.sitemap, services().settings, stories, writers)
    return Response(written, content_type=sitemaps.TYPE)


@syndication.get("/news-sitemap.xml")
def news_sitemap() -> Response:
    """What is news. Made for each request: an article leaves it by growing old, without anybody's writing."""
    with services().store.read() as db:
        stories = stored.begun_since(db, times.after(-3600 * sitemaps.NEWS_HOURS), sitemaps.MOST_NEWS)
    return Response(
        sitemaps.news_sitemap(services().settings, services().languages, stories), content_type=sitemaps.TYPE
    )


@syndication.get("/robots.txt")
@reads()
def robots() -> Response:
    """The rules for machines."""
    cache_for_ever()
    return Response(sitemaps.robots(services().settings), content_type="text/plain; charset=utf-8")


def _feed(slug: str, ending: str, write: Callable[[Listing], bytes], kind: str) -> Response:
    """A document of a feed, made off the loop: 50 updates take some 10 ms. Where there is a hub, the head names it too,
    and the topic (WebSub, section 4)."""
    with services().store.read() as db:
        feed = feeds.get(db, slug)
        cache_until_changed(db, feed)
        standing = updates.newest_first(db, feed, None, entries.LISTED, Which.NOT_RETRACTED)
        retracted = updates.retracted_last(db, feed, entries.LISTED)
    changed(max(feed.changed, STARTED))
    settings, language, icon = services().settings, services().languages.of(feed.language), logo()

    def made() -> tuple[Listing, bytes]:
        listing = entries.listing(settings, language, feed, icon, standing, retracted)
        return listing, write(listing)

    listing, document = services().store.offload(made)
    response = Response(document, content_type=kind)
    if listing.hub:
        response.headers["Link"] = f'<{listing.hub}>; rel="hub", <{listing.address}.{ending}>; rel="self"'
    return response
