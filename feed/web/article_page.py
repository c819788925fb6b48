"""The page of an article, for readers and for the desk's preview. All that it shows is read before it is rendered."""

from collections.abc import Mapping
from dataclasses import dataclass

from flask import render_template
from markupsafe import Markup

from feed.render import structured_data
from feed.store import feeds, pictures
from feed.store.articles import Article
from feed.store.database import Database
from feed.store.feeds import Feed
from feed.store.parts import StoryParts
from feed.store.pictures import Picture
from feed.web import feed_page
from feed.web.feed_page import FeedPage
from feed.web.services import services
from feed.web.static import logo


@dataclass(frozen=True)
class Coverage:
    """The coverage of an article, as a page shows it. `pictures` are the first ones of its updates, by id."""

    article: Article
    page: FeedPage
    pictures: Mapping[str, Picture]

    @property
    def data(self) -> Markup:
        """What search engines are told of it."""
        language = services().languages.of(self.article.language)
        page = self.page
        return structured_data.coverage(
            services().settings,
            language,
            self.article,
            page.feed,
            page.updates,
            self.pictures,
            logo(),
            page.parts.closing.html,
        )


@dataclass(frozen=True)
class ArticlePage:
    """What the page of an article shows. `clock` keeps it current where it has no coverage to do so; a draft has
    neither, because nobody could follow them."""

    parts: StoryParts
    clock: Feed | None
    coverage: Coverage | None
    news: FeedPage

    @property
    def follows(self) -> list[Feed]:
        """The feeds that an open page follows."""
        own = self.coverage.page.feed if self.coverage else self.clock
        return [self.news.feed, *([own] if own else [])]


def load(db: Database, article: Article) -> ArticlePage:
    """The page of that article, in the view of its coverage that the query asks for. Raises BadRequest."""
    feed = article.feed if not article.draft else None
    return ArticlePage(
        parts=services().parts.of_story(db, article),
        clock=None if feed or article.draft else feeds.clock_of(db, article.id),
        coverage=coverage(db, article, feed_page.asked_for(db, feed)) if feed else None,
        news=feed_page.rail(db),
    )


def coverage(db: Database, article: Article, page: FeedPage) -> Coverage:
    """The coverage of that article, of which the page shows a part."""
    return Coverage(article, page, pictures.first_of_each(db, [update.html for update in page.updates]))


def render(page: ArticlePage, template: str = "article.html", **more: object) -> str:
    """The HTML of that page. `more` is for a template that adds something to it."""
    article = page.parts.article
    language = services().languages.of(article.language)
    data = None if article.draft else structured_data.article(services().settings, language, article, logo())
    with services().languages.writing(article.language):
        return render_template(
            template,
            article=article,
            parts=page.parts,
            clock=page.clock,
            coverage=page.coverage and page.coverage.page,
            news=page.news,
            article_data=data,
            coverage_data=page.coverage and page.coverage.data,
            **more,
        )
