"""RSS 2.0 (rssboard.org/rss-specification). It has no tombstones: a retracted update is just left out.

The time of an edit is in Atom's element `updated`; RSS borrows `link` from Atom, too."""

from datetime import UTC, datetime
from email.utils import format_datetime
from html import escape
from xml.etree.ElementTree import Element

from feed.render.entries import Entry, Listing
from feed.render.xml import ATOM, add, document, like_plain, root

TYPE = "application/rss+xml; charset=utf-8"
CONTENT = "http://purl.org/rss/1.0/modules/content/"
DUBLIN_CORE = "http://purl.org/dc/elements/1.1/"


def write(listing: Listing) -> bytes:
    """The feed as an RSS document."""
    rss = root("rss", version="2.0", xmlns__atom=ATOM, xmlns__content=CONTENT, xmlns__dc=DUBLIN_CORE)
    channel = add(rss, "channel")
    add(channel, "title", like_plain(listing.title))
    add(channel, "link", listing.page)
    add(channel, "description", like_plain(listing.description))
    add(channel, "language", listing.language)
    add(channel, "lastBuildDate", _rfc822(listing.updated))
    add(channel, "docs", "https://www.rssboard.org/rss-specification")
    add(channel, "atom:link", rel="self", type="application/rss+xml", href=f"{listing.address}.rss")
    if listing.hub:
        add(channel, "atom:link", rel="hub", href=listing.hub)
    for entry in listing.entries:
        _add_item(channel, entry)
    return document(rss)


def _add_item(channel: Element, entry: Entry) -> None:
    item = add(channel, "item")
    add(item, "title", like_plain(entry.title))
    add(item, "link", entry.url)
    add(item, "guid", entry.id, isPermaLink="false")
    add(item, "pubDate", _rfc822(entry.published))
    add(item, "atom:updated", entry.updated)
    add(item, "dc:creator", entry.author)
    add(item, "description", escape(entry.summary, quote=False))  # readers take it as HTML
    add(item, "content:encoded", entry.html)


def _rfc822(moment: str) -> str:
    return format_datetime(datetime.fromisoformat(moment).astimezone(UTC), usegmt=True)
