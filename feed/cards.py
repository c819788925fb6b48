"""Cards in the text of an update and in the body of an article: a paragraph that is nothing but a link may become one.
In a list, a quotation or a table it stays a link.

Cards are made when the page is rendered, not when the text is saved. So the text that is stored has the plain link, and
so have feeds and other programs; a card shows an article's current headline, and a draft has none.
"""

import re
from collections.abc import Callable, Iterator
from html import unescape

# In these a link stays a link. The sanitiser has closed and nested them correctly.
_CLOSED = re.compile(r"<(/?)(?:blockquote|[ou]l|table)\b[^>]*>")
# Some addresses are not made links, such as those of localhost.
_LINK = r'<p>(?:<a href="(?P<href>[^"]*)"[^>]*>(?P<words>[^<]*)</a>|(?P<bare>https?://[^<\s]+))</p>'
_PART = re.compile(rf"{_CLOSED.pattern}|{_LINK}")
# A copied address may end with a query or a fragment.
_ARTICLE = re.compile(r"/articles/([a-z0-9-]+)/?(?:[?#][^\s]*)?")

Card = Callable[[str, str], str | None]


def put(html: str, card: Card) -> str:
    """Returns the HTML with its cards. `card` makes the card of a link, given its address and its words as plain text,
    or returns None to keep the link."""
    put = (card(address, words) or part if lone else part for part, lone, address, words in _parts(html))
    return "".join(put)


def linked(html: str, site: str) -> set[str]:
    """Returns the slugs of the articles of which this HTML may have cards. `site` is the address with which our links
    begin."""
    slugs = (slug_of(address, site) for _, lone, address, _ in _parts(html) if lone)
    return {slug for slug in slugs if slug}


def slug_of(address: str, site: str) -> str | None:
    """Returns the slug of the article at that address of this site, or None."""
    found = _ARTICLE.fullmatch(address.removeprefix(site))
    return found[1] if found else None


def _parts(html: str) -> Iterator[tuple[str, bool, str, str]]:
    """Yields the HTML in pieces: each with whether it is a link alone in a paragraph, and that link's address and
    words."""
    depth, last = 0, 0
    for found in _PART.finditer(html):
        if found[1] is not None:
            depth += -1 if found[1] else 1
        elif not depth:
            yield html[last : found.start()], False, "", ""
            address, words = found["href"] or found["bare"], found["words"] or found["bare"]
            yield found[0], True, unescape(address), unescape(words)
            last = found.end()
    yield html[last:], False, "", ""
