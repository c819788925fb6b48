"""What the page of an article is made of: its parts, and the cards in its body.

A paragraph that is nothing but a link to another article of ours is a card. Cards are made when the body is rendered,
and not when it is written: they show the headline of now, and nothing of a draft.
"""

import re
from collections.abc import Callable

from markupsafe import Markup

from feed.store import articles
from feed.store.articles import Article
from feed.store.database import Database

PARTS = ("kicker", "headline", "standfirst", "byline", "picture", "body", "author")

# With what may follow in an address that was copied, and as one that no link was made of, such as that of localhost.
_SLUG = r"/articles/(?P<{name}>[a-z0-9-]+)/?(?:[?#][^\"<\s]*)?"
_LINK = rf'<a href="(?:{{site}})?{_SLUG.format(name="linked")}"[^>]*>[^<]*</a>'
_LONE_LINK = rf"<p>(?:{_LINK}|{{site}}{_SLUG.format(name='bare')})</p>"


def with_cards(db: Database, site: str, article: Article, card: Callable[[Article], str]) -> Markup:
    """The article's body with its cards. `site` is the address of our pages; `card` makes that of an article."""
    pattern = re.compile(_LONE_LINK.format(site=re.escape(site)))
    related = articles.headlines(db, {_slug_in(link) for link in pattern.finditer(article.html)} - {article.slug})

    def replaced(link: re.Match[str]) -> str:
        found = related.get(_slug_in(link))
        return card(found) if found and found.id != article.id else link[0]

    return Markup(pattern.sub(replaced, article.html))  # noqa: S704 - sanitised when it was written


def _slug_in(link: re.Match[str]) -> str:
    return link["linked"] or link["bare"]
