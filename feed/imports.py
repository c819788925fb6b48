"""Imports a coverage: checks and renders what was read of a file, and stores it in a few transactions.

The slow part, making Markdown and HTML, is done before the first of them, and only for what is new or changed.
"""

import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, cast

from feed import fields, slugs, text, times
from feed.errors import Invalid, Missing
from feed.exchange.shapes import ID
from feed.exchange.source import Entry, Source
from feed.figures import Picture
from feed.languages import known as known_language
from feed.paste import many
from feed.picture import UPLOAD_BYTES
from feed.store import coverage, editors, feeds, importing, pictures, publishing, search
from feed.store.coverage import Closing
from feed.store.database import PAUSE_SECONDS
from feed.store.feeds import Feed
from feed.store.importing import Imported, ImportedPoint, New, Outcome, Past, Retraction
from feed.web.services import Services

PAST = 2 * fields.BODY  # characters of an earlier text in words: signs become a little longer in a page
_POINT = {"text": fields.POINT["text"]}
_STATUS = {name: fields.UPDATE[name] for name in ("status", "source")}
Waiting = Callable[[Iterable[Entry], int], Iterable[Entry]]
"""Shows a progress bar while that many entries are taken."""


class Refused(Exception):
    """It cannot be imported at all; the message says why."""


class Import:
    """One import. `into` is the slug of a coverage; without it, an article is made, or that of an earlier import of the
    same source is found. With `dry_run` nothing is stored. `waiting` wraps the slow work."""

    def __init__(
        self, services: Services, source: Source, into: str | None, waiting: Waiting, *, dry_run: bool = False
    ) -> None:
        self._services = services
        self._store = services.store
        self._source = source
        self._into = into
        self._waiting = waiting
        self._dry_run = dry_run
        self._known: dict[str, Picture] = {}
        self.slug = into
        """Where it is, afterwards; None if it would be a new article."""
        self.public = True
        """Whether readers can see it, afterwards."""
        self.outcomes: Counter[Outcome] = Counter()
        self.refused = 0
        self.points = 0
        """How many points were added to a coverage that had none."""
        self.links = 0
        """Pictures and players of other sites that became links."""

    def run(self) -> Iterator[str]:
        """Imports; a sentence for each thing that could not be, or had to be changed. Raises Refused, NotAllowed."""
        self._check_ids()
        feed, makes_article = self._feed()
        self.slug = feed.slug if feed else None
        if makes_article and not self._dry_run:  # before anything is stored
            self._known = {each: _unseen(each) for each in self._source.pictures}
            self._new()
            self._known, self.links = {}, 0
        known = self._known_points() if self._into else ()
        yield from self._pictures()
        new = self._new() if makes_article else None
        prepared: list[Imported] = []
        for found in self._prepared(feed):
            if isinstance(found, str):
                self.refused += 1
                yield found
            else:
                prepared.append(found)
        if self.links:
            yield f"{self.links} pictures and players of other sites became links; nothing was fetched"
        if self._dry_run:
            self._plan(feed, prepared)
            return
        yield from self._put(feed, new, prepared)
        if known and self.slug:
            self.points = importing.put_points(self._store, self.slug, self._source.id, known, None)
        search.catch_up_all(self._store)

    def _feed(self) -> tuple[Feed | None, bool]:
        """The feed that it comes into, None for a new one; and whether an article is to be made for it, or is not
        complete since an earlier import."""
        with self._store.read() as db:
            if self._into is None:
                feed, complete = importing.feed_of(db, self._source.id) or (None, False)
                return feed, not complete
            try:
                return feeds.get(db, self._into, drafts=True), False
            except Missing:
                raise Refused(f"there is no coverage {self._into}; without --into, a new article is made") from None

    def _check_ids(self) -> None:
        """They are stored as they are. Raises Refused."""
        for told, given in (("the source", self._source.id), *(("an entry", each.id) for each in self._source.entries)):
            if len(given) > ID or text.half_characters(given):
                raise Refused(f"the id of {told} has more than {ID} characters, or half of one: {given[:60]!a}")

    def _pictures(self) -> Iterator[str]:
        """Adds the pictures that are not here yet, under their ids, which the texts name."""
        for picture_id, described in self._source.pictures.items():
            try:
                self._known[picture_id] = self._picture(picture_id, described)
            except Invalid as error:
                yield f"picture {picture_id}: {_sentences(error)}"
            except (OSError, ValueError) as error:
                yield f"picture {picture_id}: it cannot be read: {error}"

    def _picture(self, picture_id: str, described: Mapping[str, Any]) -> Picture:
        fields.ARTICLE["picture"].clean(picture_id)
        with self._store.read() as db:
            if known := pictures.of_ids(db, [picture_id]):
                return known[picture_id]
        alt = described["alt"]
        words = fields.picture({
            "alt": alt or None, "decorative": alt == "",
            "caption": described["caption"], "credit": described["credit"],
        })  # fmt: skip
        if self._source.file is None:
            raise FileNotFoundError(picture_id)
        upload = self._source.file(str(described["file"]))
        if self._dry_run:
            if len(upload) > UPLOAD_BYTES:
                raise ValueError("it is too large")
            return replace(_unseen(picture_id), **words)
        return pictures.add_under(self._store, self._services.settings.media, picture_id, upload, words, None)

    def _prepared(self, feed: Feed | None) -> Iterator[Imported | str]:
        """Each entry that is new or changed, ready to be stored, or a sentence that says why it cannot be."""
        with self._store.read() as db:
            before = importing.known(db, feed, self._source.id) if feed else {}
        changed = []
        for entry in self._source.entries:
            if entry.id in before and before[entry.id][1] == entry.digest:
                self.outcomes[Outcome.SAME] += 1
            else:
                changed.append(entry)
        language = self._language(feed)
        converted = many.to_markdown([each.html for each in changed if each.html is not None and each.body is None])
        for entry in self._waiting(changed, len(changed)):
            body = entry.body
            if entry.body is None and entry.html is not None:
                made = next(converted)
                self.links += made.links
                if made.markdown is None:
                    yield f"{entry.id}: its HTML takes too much time or memory to clean up"
                    continue
                body = made.markdown
            try:
                yield self._checked(entry, body, feed, language)
            except Invalid as error:
                yield f"{entry.id}: {_sentences(error)}"
            except ValueError as error:
                yield f"{entry.id}: {error}"

    def _checked(self, entry: Entry, body: object, feed: Feed | None, language: str | None) -> Imported:
        if entry.retraction:
            return self._retracted(entry)
        moment = _moment(entry.published_at)
        if moment is None:
            raise ValueError("it has no time")
        said = {"headline": entry.headline, "body": body, "language": entry.language or language}
        said |= {"status": entry.status, "source": entry.source}
        cleaned = fields.clean(fields.UPDATE, {**said, "key": entry.key, "pinned": entry.pinned})
        article = self._source.article
        publishing.check_source(cleaned["status"], cleaned["source"])
        written_in = cleaned["language"] or (feed.language if feed else article.get("language")) or self._store.language
        html = self._store.texts.run(self._html, cleaned["body"], written_in)
        return Imported(
            entry=entry.id,
            digest=entry.digest,
            published_at=moment,
            byline=_line(entry.byline) or _line(self._source.title) or self._services.settings.site_name,
            html=html,
            edited_at=_moment(entry.edited_at),
            restored_at=_moment(entry.restored_at),
            past=tuple(_past(each) for each in entry.past),
            **cleaned,
        )

    def _shown(self, body: str) -> dict[str, Picture]:
        """The pictures that this Markdown may show: those of the import, and those of this site."""
        return pictures.named_in(self._store, body) | self._known

    def _html(self, body: str, language: str) -> str:
        known = self._shown(body)
        html = text.to_html(body, fields.BODY, language, known)
        if not text.shows_something(html):
            raise ValueError("nothing of it would be visible")
        return html

    def _retracted(self, entry: Entry) -> Imported:
        assert entry.retraction is not None  # noqa: S101 - for the types
        gone = entry.retraction
        moment = _moment(gone.at) or times.now()
        reason = fields.Text(fields.PARAGRAPH).clean(gone.reason)
        retraction = Retraction(moment, reason if gone.notice else None, gone.notice)
        return Imported(entry.id, entry.digest, _moment(entry.published_at) or moment, retraction=retraction)

    def _language(self, feed: Feed | None) -> str | None:
        """The language of the entries, where it differs from that of the feed into which they come."""
        return self._language_beside(feed.language or self._store.language) if feed else None

    def _language_beside(self, other: str) -> str | None:
        """The language of the source, where it differs from that one."""
        own = _tag(self._source.language)
        return own if own and own.split("-")[0] != other.split("-")[0] else None

    def _new(self) -> New:
        """The article to make, checked. Raises Refused."""
        given = dict(self._source.article)
        if not given:
            raise Refused("it says nothing of the article of these entries; name a coverage: --into SLUG")
        published_at, edited_at, html = (given.pop(name, None) for name in ("published_at", "edited_at", "html"))
        if html:
            (made,) = many.to_markdown([str(html)])
            given["body"] = made.markdown
            self.links += made.links
        moments = sorted(str(each.published_at) for each in self._source.entries if each.published_at)
        try:
            return self._checked_new(given, published_at or (moments[0] if moments else None), edited_at, moments)
        except Invalid as error:
            raise Refused(f"the article cannot be imported: {_sentences(error)}") from None
        except ValueError as error:
            raise Refused(f"the article cannot be imported: {error}") from None

    def _checked_new(
        self, given: dict[str, Any], published_at: object, edited_at: object, moments: Sequence[str]
    ) -> New:
        if given.get("language") is None:
            given["language"] = self._language_beside(self._store.language)
        names = ("slug", "kicker", "headline", "standfirst", "body", "byline", "picture", "language")
        given = {name: given.get(name) or None for name in names}
        if not _is_slug(given["slug"]):
            given["slug"] = slugs.slug_of(str(given["headline"]), given["language"] or self._store.language)
        cleaned = fields.clean(fields.ARTICLE, given, partial=True)
        self._profile()
        body = cleaned["body"] or ""
        language = cleaned["language"] or self._store.language
        known = self._shown(body)
        row = {
            **{name: cleaned[name] for name in names if name != "picture"},
            "body": body,
            "html": self._store.stories.run(text.to_html, body, fields.ARTICLE_BODY, language, known),
            "byline": cleaned["byline"] or _line(self._source.title) or self._services.settings.site_name,
            "picture_id": cleaned["picture"] if cleaned["picture"] in self._known else None,
        }
        last = moments[-1] if moments else None
        published = _moment(published_at) or times.now()
        closed = (_moment(self._source.closed_at or last) or published) if self._source.closed else None
        opened = _moment(self._source.opened_at) or published
        closing = self._closing(cleaned["language"])
        return New(row, published, _moment(edited_at), opened, closed, closing, self._points())

    def _known_points(self) -> tuple[ImportedPoint, ...]:
        """What is known, for a coverage that exists. Raises Refused before anything is stored."""
        try:
            return self._points()
        except Invalid as error:
            raise Refused(f"what is known cannot be imported: {_sentences(error)}") from None

    def _points(self) -> tuple[ImportedPoint, ...]:
        return tuple(
            ImportedPoint(fields.clean(_POINT, {"text": each.text})["text"], each.checking, tuple(each.entries))
            for each in self._source.points
        )

    def _closing(self, language: str | None) -> Closing:
        words = fields.clean(fields.CLOSING, self._source.closing)
        html = coverage.html_of(self._store, words["summary"], language) if words["summary"] else ""
        return Closing(**words, html=html, revision=1)

    def _author(self) -> int | None:
        """The editor whose card the article shows: one of this name, or a new one who cannot sign in."""
        profile = self._profile()
        if not profile:
            return None
        with self._store.read() as db:
            everyone = editors.everyone(db)
        name = profile["display_name"]
        for each in everyone:
            if each.display_name == name:
                return each.id
        taken = {each.name for each in everyone}
        made = slugs.slug_of(str(name), self._store.language)[:32].strip("-").replace("-", ".")
        logins = (made if number == 1 else f"{made}{number}" for number in range(1, len(taken) + 2))
        login = next(each for each in logins if each not in taken)
        return editors.add_byline(self._store, login, profile, None).id

    def _profile(self) -> dict[str, Any] | None:
        """What the card of the article's author shows, cleaned; None without an author. Raises Invalid."""
        author = self._source.author
        if not author:
            return None
        picture = author.get("picture") if author.get("picture") in self._known else None
        given = {name: author.get(name) for name in ("display_name", "job", "bio")}
        return fields.clean(fields.PROFILE, {**given, "picture": picture})

    def _plan(self, feed: Feed | None, prepared: Sequence[Imported]) -> None:
        with self._store.read() as db:
            self.outcomes.update(importing.planned(db, feed, self._source.id, each) for each in prepared)

    def _put(self, feed: Feed | None, new: New | None, prepared: Sequence[Imported]) -> Iterator[str]:
        source = self._source.id
        if new and feed is None:
            new = replace(new, fields={**new.fields, "author_id": self._author()})
        slug = feed.slug if feed else importing.begin(self._store, source, cast(New, new), None)
        self.slug = slug
        for begin in range(0, len(prepared), importing.AT_ONCE):
            if begin:
                time.sleep(PAUSE_SECONDS)
            self.outcomes += importing.put(self._store, slug, source, prepared[begin : begin + importing.AT_ONCE], None)
        if new and not importing.finish(self._store, slug, source, new, None):
            self.public = False
            yield f"the article {slug} is a draft; publish it at the desk"


def _unseen(picture_id: str) -> Picture:
    """A picture that was not read yet."""
    return Picture(picture_id, "PNG", 1, 1, "", None, None, times.now())


def _past(given: Any) -> Past:
    moment = _moment(given.at)
    if moment is None:
        raise ValueError("a revision has no time")
    return Past(
        moment,
        _line(given.byline) or "",
        fields.Text(fields.LINE).clean(given.headline),
        fields.Text(PAST).clean(given.text) or "",
        fields.Text(fields.NOTE).clean(given.note),
        **fields.clean(_STATUS, {"status": given.status, "source": given.source}),
        minor=fields.Flag().clean(given.minor),
    )


def _moment(value: object) -> str | None:
    return fields.Past().clean(value)


def _line(value: object) -> str | None:
    return fields.Text(fields.LINE).clean(value)


def _tag(value: object) -> str | None:
    """A language that is known; None for any other, of which feeds have many."""
    try:
        return known_language(value.replace("_", "-")) if isinstance(value, str) else None
    except ValueError:
        return None


def _is_slug(value: object) -> bool:
    """Whether that can be an article's slug."""
    try:
        return bool(value) and value != feeds.NEWS and bool(fields.ARTICLE["slug"].clean(value))
    except ValueError:
        return False


def _sentences(error: Invalid) -> str:
    return " ".join(f"{reason.field}: {reason.message}" for reason in error.reasons)
