"""The status of an update: how sure its editors are of what it says, and who says so.

Most updates have none. `wrong` is no retraction: the text stays where it is, and says of itself that it was wrong.
"""

import re
from collections.abc import Callable, Mapping
from urllib.parse import urlsplit

from feed.errors import Message

WORDS: Mapping[str, Message] = {
    "unconfirmed": Message("Unconfirmed"),
    "confirmed": Message("Confirmed"),
    "wrong": Message("This was wrong"),
}

Translate = Callable[[str], str]

_ADDRESS = re.compile(r"https?://\S+", re.IGNORECASE)


def host(source: str) -> str | None:
    """The host of a source that is an address of the web, as a name for a link to it; None for a source in words."""
    if not _ADDRESS.fullmatch(source):
        return None
    try:
        return (urlsplit(source).hostname or "").removeprefix("www.") or None
    except ValueError:  # no address after all, like http://[x]
        return None


def line(translate: Translate, status: str | None, source: str | None) -> str:
    """What that status says, as plain text; "" for none."""
    if not status:
        return ""
    words = translate(WORDS[status])
    return with_source(translate, words, host(source) or source) if source else words


def with_source(translate: Translate, words: str, source: str) -> str:
    """The words of a status and the source of it, both as plain text or both as HTML."""
    return translate(Message("{status} · source: {source}", status=words, source=source))


def title(translate: Translate, status: str | None, words: str) -> str:
    """The title or first words of an update where nothing else of it is shown: with what must not be left out."""
    if status == "unconfirmed":
        return translate(Message("Unconfirmed: {words}", words=words))
    if status == "wrong":
        return translate(Message("This was wrong: {words}", words=words))
    return words
