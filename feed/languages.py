"""The languages we write: words from the catalogues in `translations/`, dates, numbers and plural rules from Babel.

Pages and pushes use the same mechanism. The tail renders updates outside of any request, so the current language is set
by `with languages.writing(tag):`, and everything that is rendered inside reads it. Catalogues are the text files that
translators edit. They are read at the start; the compiled copy that is kept cannot be out of date.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import datetime
from functools import cached_property, lru_cache
from gettext import GNUTranslations, NullTranslations
from io import BytesIO
from pathlib import Path
from zoneinfo import ZoneInfo

import babel
from babel import Locale, UnknownLocaleError, dates, localedata, numbers

from feed import kept, times
from feed.errors import Message

CATALOGUES = Path(__file__).parent / "translations"
KEPT = kept.folder("catalogues")
ENGLISH = "en"  # the language of the messages themselves
ADVICE = Message("Write a language tag, like en, uk or pt-BR.")
COUNTED = (*range(101), 1_000_000)  # whole numbers that have all plural forms of any language

_TAG = re.compile(r"[a-z]{2,3}(-[a-z]{4})?(-([a-z]{2}|\d{3}))?\Z", re.IGNORECASE)
_writing: "ContextVar[Language]" = ContextVar("writing")


def known(tag: str) -> str:
    """Returns the BCP 47 tag as it is usually written ("pt-BR"): language, and perhaps script and region. Raises
    ValueError for anything else, and for a language that Babel does not know."""
    try:
        if not _TAG.match(tag) or tag.lower().startswith("und"):
            raise ValueError(tag)
        Locale.parse(tag, sep="-")
    except (ValueError, UnknownLocaleError):
        raise ValueError(ADVICE) from None
    language, *more = tag.lower().split("-")
    return "-".join([language, *(part.title() if len(part) == 4 else part.upper() for part in more)])


class Language:
    """One language of pages. `tag` is BCP 47, `dir` is ltr or rtl. `words` is the tag of the catalogue that its words
    come from, which is another language's if it has none."""

    def __init__(self, tag: str, zone: ZoneInfo, words: str, catalogue: NullTranslations) -> None:
        self.tag, self.words = tag, words
        self.gettext, self.ngettext = catalogue.gettext, catalogue.ngettext
        self._zone = zone
        # Dates in plain English are written as in Britain; times.js does the same.
        self._locale = Locale.parse("en_GB" if tag == ENGLISH else tag, sep="_" if tag == ENGLISH else "-")
        self.dir = str(self._locale.text_direction)
        self.plural_forms = lru_cache(self._plural_forms)

    @property
    def borrows(self) -> bool:
        """Whether its words come from another language."""
        return self.tag.split("-")[0] != self.words.split("-")[0]

    def clock(self, moment: str) -> str:
        """Time of day in the site's zone: "14:05"."""
        return f"{self._local(moment):%H:%M}"

    def clock_after(self, moment: str, earlier: str | None) -> str:
        """Time of day beside an earlier moment, with its date where that is another: "25 July 2026, 14:05"."""
        same = earlier is None or self._local(moment).date() == self._local(earlier).date()
        return self.clock(moment) if same else f"{self.day(moment)}, {self.clock(moment)}"

    def day(self, moment: str) -> str:
        """Date in the site's zone: "26 July 2026"."""
        return dates.format_date(self._local(moment), "long", self._locale)

    def short_day(self, moment: str) -> str:
        """Date in the site's zone where there is little room: "26 July"."""
        return dates.format_skeleton("MMMMd", self._local(moment), locale=self._locale)

    def full(self, moment: str) -> str:
        """Date, time and zone, for a tooltip or a permalink: "26 July 2026, 14:05 CEST"."""
        return f"{self.day(moment)}, {self.clock(moment)} {self.zone(moment)}"

    def to_second(self, moment: str) -> str:
        """The same with the second, for what is planned: "26 July 2026, 14:05:00 CEST"."""
        return f"{self.day(moment)}, {self._local(moment):%H:%M:%S} {self.zone(moment)}"

    def zone(self, moment: str) -> str:
        """Name of the site's zone at that time: "CEST"."""
        return f"{self._local(moment):%Z}"

    def with_offset(self, moment: str) -> str:
        """ISO 8601 in the site's zone: "2026-07-26T16:05:00+02:00"."""
        return times.with_offset(moment, self._zone)

    def translate(self, sentence: str) -> str:
        """Returns a Message in this language; any other text unchanged."""
        if not isinstance(sentence, Message):
            return sentence
        values = {
            name: numbers.format_decimal(value, locale=self._locale) if isinstance(value, int) else value
            for name, value in sentence.values.items()
        }
        return self.gettext(sentence.message).format(**values)

    def _plural_forms(self, one: str, other: str) -> dict[str, str]:
        """Returns the message in each plural form of the words' language, by CLDR's categories, which Intl.PluralRules
        in the browser uses too. `other` is always there, for browsers that do not know the language."""
        category = Locale.parse(self.words, sep="-").plural_form
        forms: dict[str, str] = {}
        for count in COUNTED:
            forms.setdefault(category(count), self.ngettext(one, other, count))
        forms.setdefault("other", self.ngettext(one, other, COUNTED[-1]))
        return forms

    @cached_property
    def choice(self) -> list[tuple[str, str]]:
        """The languages that an article may have, as (tag, name in this language), sorted by name."""
        tags = (tag for tag in localedata.locale_identifiers() if "_" not in tag)
        named = [(tag, name) for tag in tags if (name := self._locale.languages.get(tag))]
        return sorted(named, key=lambda each: each[1].casefold())

    def _local(self, moment: str) -> datetime:
        return datetime.fromisoformat(moment).astimezone(self._zone)


class Languages:
    """The languages of one site: its own, and those of its articles."""

    def __init__(self, site: str, zone: ZoneInfo) -> None:
        self._site, self._zone = site, zone
        self._catalogues = {ENGLISH: NullTranslations(), **{path.stem: _read(path) for path in CATALOGUES.glob("*.po")}}
        self.of = lru_cache(self._of)
        """Returns the language of a tag; for None, the site's."""

    @property
    def now(self) -> Language:
        """The language that is being rendered."""
        return _writing.get(None) or self.of(None)

    @contextmanager
    def writing(self, tag: str | None) -> Iterator[None]:
        """Everything rendered inside the block is in that language."""
        before = _writing.set(self.of(tag))
        try:
            yield
        finally:
            _writing.reset(before)

    def _of(self, tag: str | None) -> Language:
        tag = tag or self._site
        words = next(each for each in (*_wider(tag), *_wider(self._site), ENGLISH) if each in self._catalogues)
        return Language(tag, self._zone, words, self._catalogues[words])


def _wider(tag: str) -> Iterator[str]:
    """Yields the tag, then the more general ones: "pt-BR", "pt"."""
    while tag:
        yield tag
        tag = tag.rpartition("-")[0]


@lru_cache
def _read(path: Path) -> GNUTranslations:
    text = path.read_bytes()
    made_of = babel.__version__.encode() + text
    compiled = kept.load(KEPT / path.stem, made_of)
    if compiled is None:
        kept.save(KEPT / path.stem, made_of, compiled := _compiled(text))
    return GNUTranslations(BytesIO(compiled))


def _compiled(text: bytes) -> bytes:
    from babel.messages.mofile import write_mo  # imported here, because both are seldom needed
    from babel.messages.pofile import read_po

    compiled = BytesIO()
    write_mo(compiled, read_po(BytesIO(text)))
    return compiled.getvalue()
