"""Cards in the body of an article: a paragraph that is nothing but a link to another article of ours is shown as one.

Cards are made when the body is rendered, and not when it is written: they show the headline of now, and nothing of a
draft.
"""

import re
from collections.abc import Callable

# With what may follow in an address that was copied, and as one that no link was made of, such as that of localhost.
_SLUG = r"/articles/(?P<{name}>[a-z0-9-]+)/?(?:[?#][^\"<\s]*)?"
_LINK = rf'<a href="(?:{{site}})?{_SLUG.format(name="linked")}"[^>]*>[^<]*</a>'
_LONE_LINK = rf"<p>(?:{_LINK}|{{site}}{_SLUG.format(name='bare')})</p>"


def linked(html: str, site: str) -> set[str]:
    """The slugs that the cards of that HTML link to. `site` is the address of our pages, by which links are known."""
    return {_slug_in(link) for link in _lone_links(site).finditer(html)}


def put(html: str, site: str, card: Callable[[str], str | None]) -> str:
    """The HTML with its cards. `card` makes that of a slug; where it gives None, the link stays."""
    return _lone_links(site).sub(lambda link: card(_slug_in(link)) or link[0], html)


def _lone_links(site: str) -> re.Pattern[str]:
    return re.compile(_LONE_LINK.format(site=re.escape(site)))


def _slug_in(link: re.Match[str]) -> str:
    return link["linked"] or link["bare"]
