"""Documents for programs: feeds for feed readers, sitemaps and robots.txt for search engines."""

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

STARTED = int(time.time())  # Last-Modified is no earlier: another release or setting may make other documents

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
    """The sitemap: the pages that lead on, articles and authors."""
    with services().store.read() as db:
        cache_until_any_change(db)
        stories = stored.stories(db, sitemaps.MOST_STORIES)
        writers = [*authors.addressed(db, services().settings.language)]
    document = services().store.offload(sitemaps.sitemap, services().settings, stories, writers)
    return Response(document, content_type=sitemaps.TYPE)


@syndication.get("/news-sitemap.xml")
def news_sitemap() -> Response:
    """Google's news sitemap. It is not cached, because an article leaves it by age, without any change."""
    with services().store.read() as db:
        stories = stored.begun_since(db, times.after(-3600 * sitemaps.NEWS_HOURS), sitemaps.MOST_NEWS)
    return Response(
        sitemaps.news_sitemap(services().settings, services().languages, stories), content_type=sitemaps.TYPE
    )


@syndication.get("/robots.txt")
@reads()
def robots() -> Response:
    """The rules for crawlers."""
    cache_for_ever()
    return Response(sitemaps.robots(services().settings), content_type="text/plain; charset=utf-8")


def _feed(slug: str, ending: str, write: Callable[[Listing], bytes], kind: str) -> Response:
    """A document of a feed, made on a native thread because 50 updates take some 10 ms. Where there is a hub, the Link
    header names it and the topic (WebSub, section 4)."""
    with services().store.read() as db:
        feed = feeds.get(db, slug)
        cache_until_changed(db, feed)
        newest = updates.newest_first(db, feed, None, entries.LISTED, Which.NOT_RETRACTED)
        retracted = updates.retracted_last(db, feed, entries.LISTED)
    changed(max(feed.changed, STARTED))
    settings, language, icon = services().settings, services().languages.of(feed.language), logo()

    def made() -> tuple[Listing, bytes]:
        listing = entries.listing(settings, language, feed, icon, newest, retracted)
        return listing, write(listing)

    listing, document = services().store.offload(made)
    response = Response(document, content_type=kind)
    if listing.hub:
        response.headers["Link"] = f'<{listing.hub}>; rel="hub", <{listing.address}.{ending}>; rel="self"'
    return response
