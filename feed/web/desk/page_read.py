"""The page that an editor read before coming to the desk, as the browser says, so that the desk can offer it with the
tools (on_page.py)."""

import re
from dataclasses import dataclass
from urllib.parse import urlsplit

from flask import request

from feed.errors import Gone, Missing
from feed.store import articles, updates
from feed.store.database import Database
from feed.web.host import ASKED

_READ = re.compile(r"/(?:articles/(?P<slug>[a-z0-9-]+)|updates/(?P<id>\d{1,15}))(?:/history)?/?")


@dataclass(frozen=True)
class Read:
    """A page that the editor read: its heading, None for an update without one, and its address with tools."""

    heading: str | None
    address: str


def page_read(db: Database) -> Read | None:
    """The page of an article or an update from which a link led here; None if it was another page."""
    hosts = (request.host, request.environ[ASKED])
    try:
        referrer = urlsplit(request.referrer or "")
        found = _READ.fullmatch(referrer.path) if referrer.netloc in hosts else None
        if found and found["slug"]:
            return Read(articles.get(db, found["slug"]).headline, f"/desk/on/articles/{found['slug']}")
        if found:
            number = int(found["id"])
            return Read(updates.get(db, number).headline, f"/desk/on/updates/{number}")
    except (Missing, Gone, ValueError):  # urlsplit raises the last for what is no address
        pass
    return None
