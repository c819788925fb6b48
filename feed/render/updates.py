"""An update → its <li>, and the parts of a feed and of an article's page. `_update.html` is the only markup of an
update; everything calls `Renderer.update`, so its HTML is the same byte for byte everywhere (invariant 5)."""

from collections.abc import Callable
from functools import lru_cache

from markupsafe import Markup

from feed import text
from feed.languages import Languages
from feed.render import stories, templates
from feed.store import articles, authors, updates
from feed.store.articles import Article
from feed.store.database import Database
from feed.store.feeds import Feed
from feed.store.updates import Update, Which

LONG = 480  # characters; the fold shows six lines, about 400 of them, and hiding less than a line is silly
KEY_EVENTS = 12  # listed above a feed: what a reader takes in at a glance; a link leads to all of them
KEPT = 4_000  # rendered updates of about 1.5 kB: the top of every feed that anybody reads


class Renderer:
    """Renders in the site's zone and in the feed's language, whoever reads. Thread-safe; keeps what it rendered, by
    content, so that nothing goes stale."""

    def __init__(self, languages: Languages, site: str) -> None:
        """`site` is the address of our pages, by which links to them are known."""
        self._languages = languages
        self._site = site
        self._templates = templates.environment(languages)
        self.update: Callable[[Update], Markup] = lru_cache(KEPT)(self._update)
        """The `<li>` of an update; of a retracted one, its notice."""

    def load(self) -> None:
        """Reads its templates now, not when they are needed first."""
        templates.load_all(self._templates)

    def part(self, db: Database, feed: Feed, name: str) -> Markup:
        """A part of the feed that is no list item (one of `changes.PARTS`), or of its article (one of `stories.PARTS`).
        Its root has the DOM id `<name>-<slug>`, and it has a root in every state, so that a page always has a place to
        put it."""
        if name in stories.PARTS:
            return self.story_part(db, articles.get(db, str(feed.story), drafts=True), name)
        read = {"pinned": _pinned, "key-events": _key_events}.get(name)
        return self._render(f"_{name}.html", feed.language, feed=feed, **(read(db, feed) if read else {}))

    def story_part(self, db: Database, article: Article, name: str) -> Markup:
        """A part of that article's page: one of `stories.PARTS`."""
        if name in ("byline", "author"):
            slug = authors.address_of(db, article, self._languages.of(None).tag)
            return self._render(f"_{name}.html", article.language, article=article, author_slug=slug)
        if name != "body":
            return self._render(f"_{name}.html", article.language, article=article)

        def card(related: Article) -> str:
            return self._render("_card.html", article.language, article=related)

        body = stories.with_cards(db, self._site, article, card)
        return self._render("_body.html", article.language, article=article, body=body)

    def _update(self, update: Update) -> Markup:
        if update.retracted_at:
            return self._render("_retracted.html", update.feed_language, update=update)
        long = len(text.plain(update.html)) > LONG
        return self._render("_update.html", update.feed_language, update=update, long=long)

    def _render(self, template: str, language: str | None, **values: object) -> Markup:
        with self._languages.writing(language):
            return Markup(self._templates.get_template(template).render(**values).strip())  # noqa: S704 - autoescaped


def _pinned(db: Database, feed: Feed) -> dict[str, object]:
    return {"update": updates.pinned(db, feed)}


def _key_events(db: Database, feed: Feed) -> dict[str, object]:
    found = updates.newest_first(db, feed, None, KEY_EVENTS + 1, Which.KEY)
    return {"updates": found[:KEY_EVENTS], "more": len(found) > KEY_EVENTS}
