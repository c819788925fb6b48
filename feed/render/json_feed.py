"""JSON Feed 1.1 (jsonfeed.org/version/1.1). It has no tombstones: a retracted update is just left out.

Coverage that has ended is not called `expired`, because feed readers would stop asking, and so never learn of a later
retraction."""

import json
from typing import Any

from feed.render.entries import Entry, Listing

TYPE = "application/feed+json; charset=utf-8"


def write(listing: Listing) -> bytes:
    """The feed as a JSON document."""
    feed = {
        "version": "https://jsonfeed.org/version/1.1",
        "language": listing.language,
        "title": listing.title,
        "description": listing.description,
        "home_page_url": listing.page,
        "feed_url": f"{listing.address}.json",
        "icon": listing.logo,
        "authors": [{"name": listing.site}],
        **({"hubs": [{"type": "WebSub", "url": listing.hub}]} if listing.hub else {}),
        "items": [_item(entry) for entry in listing.entries],
    }
    return json.dumps(feed, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")


def _item(entry: Entry) -> dict[str, Any]:
    item = {
        "id": entry.id,
        "url": entry.url,
        "title": entry.title,
        "content_html": entry.html,
        "summary": entry.summary,
        "language": entry.language,
        "image": entry.picture,
        "date_published": entry.published,
        "date_modified": entry.updated,
        "authors": [{"name": entry.author}],
    }
    return {name: value for name, value in item.items() if value is not None}
