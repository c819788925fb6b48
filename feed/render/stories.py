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

_LONE_LINK = r'<p><a href="(?:{site})?/articles/([a-z0-9-]+)"[^>]*>[^<]*</a></p>'


def with_cards(db: Database, site: str, article: Article, card: Callable[[Article], str]) -> Markup:
    """The article's body with its cards. `site` is the address of our pages; `card` makes that of an article."""
    pattern = re.compile(_LONE_LINK.format(site=re.escape(site)))
    related = articles.headlines(db, set(pattern.findall(article.html)) - {article.slug})

    def replaced(link: re.Match[str]) -> str:
        found = related.get(link[1])
        return card(found) if found and found.id != article.id else link[0]

    return Markup(pattern.sub(replaced, article.html))  # noqa: S704 - sanitised when it was written
