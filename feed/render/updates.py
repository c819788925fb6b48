"""Renders the <li> of an update, and the parts of a feed and of an article's page. `_update.html` is the only markup of
an update, and everything calls `Renderer.update`, so its HTML is the same byte for byte everywhere (invariant 5)."""

from collections.abc import Callable
from functools import lru_cache

from markupsafe import Markup

from feed import cards, external, text
from feed.languages import Languages
from feed.render import templates
from feed.store.parts import FeedParts, StoryParts
from feed.store.updates import Update

LONG = 480  # characters; the fold shows six lines, about 400 of them, and hiding less than a line is silly
KEPT = 1_000  # rendered updates, of 4 to 10 kB with what they were made of: the top of all feeds that are read much


class Renderer:
    """Renders in the site's zone and in the feed's language, the same for all readers. It is thread-safe, and remembers
    updates that it rendered by their content, so nothing becomes stale."""

    def __init__(self, languages: Languages, site: str, mastodon: tuple[str, ...] = ()) -> None:
        """`site` is the address of our pages, by which links to them are known. `mastodon` are the hosts of Mastodon
        whose posts become cards."""
        self._languages = languages
        self._site = site
        self._mastodon = mastodon
        self._templates = templates.environment(languages)
        self.update: Callable[[Update], Markup] = lru_cache(KEPT)(self._update)
        """The `<li>` of an update; of a retracted one, its notice."""

    def load(self) -> None:
        """Reads its templates now instead of when they are first needed."""
        templates.load_all(self._templates)

    def preview(self, update: Update) -> Markup:
        """The `<li>` of an update that is not published. Nothing of it is remembered."""
        return self._update(update)

    def day(self, moment: str, language: str | None) -> Markup:
        """The `<li>` with the day of that moment, above its first update in a list that nothing changes later."""
        return self._render("_day.html", language, moment=moment)

    def part(self, shown: FeedParts | StoryParts, name: str) -> Markup:
        """A part of a feed or of an article's page, one of `FEED_PARTS` or `STORY_PARTS`. Its root has the DOM id
        `<name>-<slug>`, and it has a root in every state, so that a page always has a place to put it."""
        if isinstance(shown, FeedParts):
            return self._feed_part(shown, name)
        return self._story_part(shown, name)

    def _feed_part(self, shown: FeedParts, name: str) -> Markup:
        values: dict[str, object] = {"feed": shown.feed}
        if name == "coverage":
            values |= {"closing": shown.closing, "summary": Markup(shown.closing.html)}  # noqa: S704 - sanitised when it was written
        if name == "pinned":
            pinned = shown.pinned
            values |= {"update": pinned, "text": self._text(pinned) if pinned else ""}
        if name == "points":
            values |= {"points": shown.points}
        if name == "key-events":
            values |= {"updates": shown.key_events, "more": shown.more_key_events}
        return self._render(f"_{name}.html", shown.feed.language, **values)

    def _story_part(self, shown: StoryParts, name: str) -> Markup:
        article = shown.article
        values: dict[str, object] = {"article": article}
        if name in ("byline", "author"):
            values |= {"author_slug": shown.author_slug}
        if name == "body":
            values |= {"body": self._with_cards(shown)}
        return self._render(f"_{name}.html", article.language, **values)

    def _with_cards(self, shown: StoryParts) -> Markup:
        """The body of an article. A card of another article has its headline as it is now."""
        language = shown.article.language

        def card(address: str, words: str) -> str | None:
            related = shown.related.get(cards.slug_of(address, self._site) or "")
            if related:
                return self._render("_card.html", language, article=related)
            return self._external(address, words, language)

        return Markup(cards.put(shown.article.html, card))  # noqa: S704 - sanitised when it was written

    def _update(self, update: Update) -> Markup:
        if update.retracted_at:
            return self._render("_retracted.html", update.feed_language, update=update)
        long = len(update.html) > LONG and len(text.plain(update.html)) > LONG  # HTML is longer than its words
        return self._render("_update.html", update.feed_language, update=update, text=self._text(update), long=long)

    def _text(self, update: Update) -> Markup:
        """The text of an update. The HTML of an update changes with the update alone, so the card of an article of this
        site says no more than its address does: a headline may change later, or be a draft's."""
        language = update.text_language

        def card(address: str, words: str) -> str | None:
            if cards.shows_itself(address, words) and cards.slug_of(address, self._site):
                return self._render("_own.html", language, address=address)
            return self._external(address, words, language)

        return Markup(cards.put(update.html, card))  # noqa: S704 - sanitised when it was written

    def _external(self, address: str, words: str, language: str | None) -> str | None:
        """The card of a post on another site, if the link shows its own address and that is one of those we know."""
        post = external.find(words, self._mastodon)
        link = words if words[:8].lower() == "https://" else f"https://{words}"
        if not post or address not in (link, f"http://{words}"):  # what was typed without a scheme got this one
            return None
        return self._render("_external.html", language, post=post, address=link, words=words)

    def _render(self, template: str, language: str | None, **values: object) -> Markup:
        with self._languages.writing(language):
            return Markup(self._templates.get_template(template).render(**values).strip())  # noqa: S704 - autoescaped
