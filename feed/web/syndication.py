"""What machines fetch: feeds for feed readers, site maps and rules for search engines."""

from flask import Blueprint, Response

from feed import times
from feed.render import atom, entries, json_feed, rss, sitemaps
from feed.render.entries import Listing
from feed.store import feeds
from feed.store import sitemap as stored
from feed.web.cache import shows, shows_all, shows_for_ever
from feed.web.files import logo
from feed.web.house import house

syndication = Blueprint("syndication", __name__)


@syndication.get("/feeds/<slug>.atom")
def atom_feed(slug: str) -> Response:
    """A feed as Atom."""
    listing = _listing(slug)
    return _answer(listing, "atom", atom.write(listing), atom.TYPE)


@syndication.get("/feeds/<slug>.rss")
def rss_feed(slug: str) -> Response:
    """A feed as RSS 2.0."""
    listing = _listing(slug)
    return _answer(listing, "rss", rss.write(listing), rss.TYPE)


@syndication.get("/feeds/<slug>.json")
def json_feed_of(slug: str) -> Response:
    """A feed as JSON Feed 1.1."""
    listing = _listing(slug)
    return _answer(listing, "json", json_feed.write(listing), json_feed.TYPE)


@syndication.get("/sitemap.xml")
def sitemap() -> Response:
    """The addresses of the site."""
    with house().store.read() as db:
        shows_all(db)
        stories = stored.stories(db, sitemaps.MOST_STORIES)
    written = house().store.offload(sitemaps.sitemap, house().settings, stories)
    return Response(written, content_type=sitemaps.TYPE)


@syndication.get("/news-sitemap.xml")
def news_sitemap() -> Response:
    """What is news. Made for each request: an article leaves it by growing old, without anybody's writing."""
    with house().store.read() as db:
        stories = stored.begun_since(db, times.after(-3600 * sitemaps.NEWS_HOURS), sitemaps.MOST_NEWS)
    return Response(sitemaps.news_sitemap(house().settings, house().languages, stories), content_type=sitemaps.TYPE)


@syndication.get("/robots.txt")
def robots() -> Response:
    """The rules for machines."""
    shows_for_ever()
    return Response(sitemaps.robots(house().settings), content_type="text/plain; charset=utf-8")


def _listing(slug: str) -> Listing:
    with house().store.read() as db:
        feed = feeds.get(db, slug)
        shows(db, feed)
        return entries.listing(db, house().settings, house().languages.of(feed.language), feed, logo())


def _answer(listing: Listing, ending: str, document: bytes, kind: str) -> Response:
    """A document of a feed. Where there is a hub, the head names it too, and the topic (WebSub, section 4)."""
    response = Response(document, content_type=kind)
    if listing.hub:
        response.headers["Link"] = f'<{listing.hub}>; rel="hub", <{listing.address}.{ending}>; rel="self"'
    return response
