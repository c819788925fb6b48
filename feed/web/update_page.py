"""The page of an update, for readers and for the desk. All that it shows is read before it is rendered."""

from dataclasses import dataclass

from feed.render import structured_data
from feed.store import articles, feeds, pictures
from feed.store.database import Database
from feed.store.feeds import NEWS, Feed
from feed.store.pictures import Picture
from feed.store.updates import Update
from feed.web import feed_page
from feed.web.feed_page import FeedPage
from feed.web.services import render_page, services
from feed.web.static import logo


@dataclass(frozen=True)
class UpdatePage:
    """What the page of an update shows: the update among its neighbours, the News Feed beside it unless it is that
    feed's own, and the picture of its card."""

    update: Update
    page: FeedPage
    news: FeedPage | None
    picture: Picture | None

    @property
    def follows(self) -> list[Feed]:
        """The feeds that an open page follows."""
        return [self.page.feed, *([self.news.feed] if self.news else [])]


def load(db: Database, update: Update) -> UpdatePage:
    """The page of that public update. Raises Missing, and BadRequest for a damaged cursor."""
    feed = feeds.get(db, update.feed)
    page = feed_page.around(db, services().parts, feed, update)
    news = feed_page.rail(db) if feed.slug != NEWS else None
    return UpdatePage(update, page, news, _picture_of(db, update))


def render(page: UpdatePage, template: str = "update.html", **more: object) -> str:
    """The HTML of that page. `more` is for a template that adds something to it."""
    update = page.update
    language = services().languages.of(update.text_language)
    return render_page(
        update.feed_language,
        template,
        update=update,
        page=page.page,
        picture=page.picture,
        news=page.news,
        update_data=structured_data.update(services().settings, language, update, page.picture, logo()),
        **more,
    )


def _picture_of(db: Database, update: Update) -> Picture | None:
    """The picture for a card of the update: the first one in it, or else that of its article."""
    if own := pictures.first_in(db, update.html):
        return own
    return articles.get(db, update.feed).picture if update.feed != NEWS else None
