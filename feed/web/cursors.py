"""Cursors: a place in a feed, as text that clients send back to page on from there.

A cursor names a place and not a page number, so nothing is skipped or repeated when updates are published meanwhile.
"""

import base64
import binascii

from werkzeug.exceptions import BadRequest

from feed.errors import Message
from feed.store.updates import Place

LONGEST = 200  # of a cursor; ours have about 60 characters


def cursor_of(slug: str, place: Place) -> str:
    """The cursor that continues beyond that place of that feed."""
    text = f"{slug} {place.published_at} {place.id}"
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def place_in(slug: str, cursor: str | None) -> Place | None:
    """Where the cursor points in that feed; None for no cursor or one of another feed. Raises BadRequest (400)."""
    if cursor is None:
        return None
    try:
        text = base64.b64decode(cursor[:LONGEST] + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        feed, published_at, update_id = text.decode("ascii").split(" ")
        place = Place(published_at, int(update_id))
    except (ValueError, binascii.Error):
        raise BadRequest(Message("This link to other updates is damaged. Open the page without it.")) from None
    if not 0 <= place.id < 2**63:
        raise BadRequest(Message("This link to other updates is damaged. Open the page without it."))
    return place if feed == slug else None
