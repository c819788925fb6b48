"""A coverage as static pages: one with all updates, and one with the history of each edited update. They open from a
disk, without a server and without scripts, and are made of the same templates as the pages of the site."""

from collections.abc import Iterable, Iterator

from jinja2 import Environment

from feed import times
from feed.languages import Languages
from feed.render import entries, history
from feed.render.exported_links import Links
from feed.render.templates import feed_title
from feed.render.updates import Renderer
from feed.settings import Settings
from feed.store.exporting import Exported
from feed.store.parts import FeedParts, StoryParts
from feed.store.revisions import Revision
from feed.store.updates import Update

LIST = "<!-- updates -->"  # where the list goes: it is written an update at a time


class Pages:
    """The pages of one export. `pages` are the templates of the site's pages."""

    def __init__(
        self, pages: Environment, render: Renderer, languages: Languages, settings: Settings, exported: Exported
    ) -> None:
        self._pages = pages
        self._render = render
        self._languages = languages
        self._settings = settings
        self._exported = exported
        self._language = exported.feed.language
        self._values = {
            "exported_at": times.now(),
            "address": entries.page(settings.public_url, exported.feed.slug),
            "zone": settings.timezone.key,
        }

    def index(
        self, parts: FeedParts, story: StoryParts | None, updates: Iterable[Update], links: Links
    ) -> Iterator[str]:
        """The page with all updates, which come newest first, in pieces."""
        language = self._languages.of(self._language)
        whole = self._page(
            "exported.html",
            article=self._exported.article,
            title=feed_title(language, self._exported.feed),
            feed=self._exported.feed,
            parts=parts,
            story=story,
            part_html=self._render.part,
            list=LIST,
        )
        before, _, after = whole.partition(LIST)
        yield links.local(before)
        day = ""
        for update in updates:
            if (of := language.day(update.published_at)) != day:
                day = of
                yield self._render.day(update.published_at, self._language)
            # The cache of rendered updates is for those that readers see now, and this is all of them.
            yield links.local(self._render.preview(update)) + "\n"
        yield links.local(after)

    def history(self, update: Update, revisions: list[Revision], links: Links) -> str:
        """The page of an update's history."""
        found = history.entries(revisions, self._languages.of(update.text_language).tag)
        page = self._page("history.html", top="../", update=update, entries=found, earlier=None)
        return links.local(page, "../")

    def _page(self, template: str, **values: object) -> str:
        with self._languages.writing(self._language):
            return self._pages.get_template(template).render(**self._values, **values)
