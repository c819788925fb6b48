"""Cards in the body of an article: a paragraph that consists of a link to another article of this site becomes a card.

Cards are made when the page is rendered, not when the body is saved, so that they show the current headline, and so
that a draft has none.
"""

import re
from collections.abc import Callable

# A copied address may end with a query or a fragment, and some addresses are not made links, such as those of
# localhost.
_SLUG = r"/articles/(?P<{name}>[a-z0-9-]+)/?(?:[?#][^\"<\s]*)?"
_LINK = rf'<a href="(?:{{site}})?{_SLUG.format(name="linked")}"[^>]*>[^<]*</a>'
_LONE_LINK = rf"<p>(?:{_LINK}|{{site}}{_SLUG.format(name='bare')})</p>"


def linked(html: str, site: str) -> set[str]:
    """Returns the slugs of the articles that get a card in this HTML. `site` is the address with which our links
    begin."""
    return {_slug_in(link) for link in _lone_links(site).finditer(html)}


def put(html: str, site: str, card: Callable[[str], str | None]) -> str:
    """Returns the HTML with its cards. `card` makes the card of a slug, or returns None to keep the link."""
    return _lone_links(site).sub(lambda link: card(_slug_in(link)) or link[0], html)


def _lone_links(site: str) -> re.Pattern[str]:
    return re.compile(_LONE_LINK.format(site=re.escape(site)))


def _slug_in(link: re.Match[str]) -> str:
    return link["linked"] or link["bare"]
