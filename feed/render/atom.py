"""Atom (RFC 4287). A retraction is a tombstone (RFC 6721), so that feed readers delete their copy."""

from xml.etree.ElementTree import Element

from feed.render.entries import Entry, Listing, Tombstone
from feed.render.xml import ATOM, add, add_title, document, root

TYPE = "application/atom+xml; charset=utf-8"
TOMBSTONES = "http://purl.org/atompub/tombstones/1.0"


def write(listing: Listing) -> bytes:
    """The feed as an Atom document."""
    feed = root("feed", xmlns=ATOM, xmlns__at=TOMBSTONES, xml__lang=listing.language)
    add(feed, "id", listing.id)
    add_title(feed, "title", listing.title)
    add_title(feed, "subtitle", listing.description)
    add(feed, "updated", listing.updated)
    add(add(feed, "author"), "name", listing.site)
    add(feed, "link", rel="self", type="application/atom+xml", href=f"{listing.address}.atom")
    add(feed, "link", rel="alternate", type="text/html", href=listing.page)
    if listing.hub:
        add(feed, "link", rel="hub", href=listing.hub)
    add(feed, "icon", listing.logo)
    for tombstone in listing.tombstones:
        _add_tombstone(feed, tombstone)
    for entry in listing.entries:
        _add_entry(feed, entry)
    return document(feed)


def _add_tombstone(feed: Element, tombstone: Tombstone) -> None:
    gone = add(feed, "at:deleted-entry", ref=tombstone.id, when=tombstone.retracted)
    if tombstone.reason:
        add(gone, "at:comment", tombstone.reason)


def _add_entry(feed: Element, entry: Entry) -> None:
    made = add(feed, "entry", **({"xml:lang": entry.language} if entry.language else {}))
    add(made, "id", entry.id)
    add_title(made, "title", entry.title)
    add(made, "published", entry.published)
    add(made, "updated", entry.updated)
    add(add(made, "author"), "name", entry.author)
    add(made, "link", rel="alternate", type="text/html", href=entry.url)
    add(made, "content", entry.html, type="html")
