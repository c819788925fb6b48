"""The fields of what editors write: one table for each kind of object, for the API's JSON and the desk's forms alike.

Limits count characters. They are generous: they stop accidents and abuse, not editors.
"""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from feed import statuses, times
from feed.errors import Invalid, Message, Reason
from feed.languages import known
from feed.slugs import SLUG
from feed.text import half_characters, visible

BODY = 20_000  # 3,000 words, an article's worth; of 100 hostile patterns the slowest takes 1.2 s of a core
ARTICLE_BODY = 100_000  # a quarter of a book; longer is a paste gone wrong. The slowest pattern takes 2.4 s
LINE = 200  # the longest headline that fits on a phone
EARLIEST = 1000  # the first year of four digits, as feeds write them
SUMMARY = 3_000  # of a coverage that has ended: a screen, read before the updates
SOURCE = 300  # who says so, in a few words, or the address of it
POINT_TEXT = 280  # of what is known: a sentence that is read at a glance
GROUNDS = 30  # updates that a point rests on
NOTE = 300  # what was corrected and why, in two sentences
PARAGRAPH = 1_000  # standfirst, bio, caption, reason
NAMED = 10  # unknown fields that one refusal names
PASTE = 600_000  # of HTML from the clipboard: a text of 100,000 in the HTML of a word processor
DRAFT = 100_000  # of any text of a draft: five times what can be published, so that a long paste can be shortened
ARTICLE_DRAFT = 300_000  # of the text of an article: three times what can be saved
MOST_NUMBER = 2**53 - 1  # what JavaScript counts without loss
PASSWORD_LEAST = 15  # NIST 800-63B-4 allows 8 beside a second factor, but a reset would leave such a password alone
PASSWORD = 200  # characters; limits the work of the hash

_SLUG = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*\Z")
_PICTURE = re.compile(r"[0-9a-f]{16}\Z")
_LOGIN = re.compile(r"[a-z0-9](?:[a-z0-9._-]{0,38}[a-z0-9])?\Z")
_KEPT_CONTROLS = "\n\t"
_WINDOWS = {code: bytes([code]).decode("cp1252", "ignore") for code in range(0x80, 0xA0)}
_MEANT = {
    **{
        code: sign for code, sign in _WINDOWS.items() if sign
    },  # quotes and dashes of Windows-1252 that were read as Latin-1
    0x07: "\t",  # the end of a table's cell in Word
    0x0B: "\n",  # Word's line break
    0x0C: "\n\n",  # a new page
    0x1E: "\u2011",  # Word's hyphen that does not break
    0x1F: "\u00ad",  # Word's soft hyphen
    0x85: "\n",
    0x2028: "\n",
    0x2029: "\n\n",
}  # control characters that word processors leave in a text, and what they stand for


@dataclass(frozen=True)
class Text:
    """A text. `required` refuses one that shows nothing; `lines` keeps line breaks, which otherwise become spaces."""

    limit: int
    required: bool = False
    lines: bool = False

    def clean(self, value: object) -> str | None:
        """Returns the text trimmed and in NFC, or None if nothing is left. Raises ValueError with a sentence."""
        if value is None:
            value = ""
        if not isinstance(value, str):
            raise ValueError(Message("Write text here."))
        if half_characters(value):
            raise ValueError(Message("This holds half a character; paste it again as UTF-8."))
        if "\ufffd" in value:
            # Werkzeug puts U+FFFD for each byte of a multipart field that is not UTF-8.
            raise ValueError(
                Message("This holds \ufffd, the mark of an unreadable character; paste it again as UTF-8.")
            )
        value = unicodedata.normalize("NFC", value.replace("\r\n", "\n").replace("\r", "\n").translate(_MEANT))
        if any(unicodedata.category(c) == "Cc" and c not in _KEPT_CONTROLS for c in value):
            raise ValueError(Message("This holds control characters; paste it as plain text."))
        value = value.strip() if self.lines else " ".join(value.split())
        if len(value) > self.limit:
            raise ValueError(
                Message("This has {count} characters; at most {limit} fit.", count=len(value), limit=self.limit)
            )
        if not visible(value):
            value = ""
        if self.required and not value:
            raise ValueError(Message("This is empty. Write something first."))
        return value or None


@dataclass(frozen=True)
class Match(Text):
    """A text that matches a pattern, such as a slug. `advice` describes the pattern."""

    pattern: re.Pattern[str] = _SLUG
    advice: str = Message("Use small letters, digits and single hyphens, like harbour-bridge.")

    def clean(self, value: object) -> str | None:
        cleaned = super().clean(value)
        if cleaned is not None and not self.pattern.match(cleaned):
            raise ValueError(self.advice)
        return cleaned


@dataclass(frozen=True)
class LanguageTag(Text):
    """A language, as a BCP 47 tag."""

    def clean(self, value: object) -> str | None:
        cleaned = super().clean(value)
        return cleaned and known(cleaned)


@dataclass(frozen=True)
class Choice:
    """One of these words, or none."""

    words: tuple[str, ...]

    def clean(self, value: object) -> str | None:
        """Returns the word, or None for none. Raises ValueError with a sentence."""
        if value in (None, ""):
            return None
        if value not in self.words:
            raise ValueError(Message("Write one of these: {words}.", words=", ".join(self.words)))
        return str(value)


@dataclass(frozen=True)
class Flag:
    """True or false."""

    def clean(self, value: object) -> bool:
        """Returns the flag. Raises ValueError for anything but true and false: "false" in quotes would count as
        true."""
        if not isinstance(value, bool):
            raise ValueError(Message("Write true or false."))
        return value


@dataclass(frozen=True)
class Past:
    """A time in the past."""

    def clean(self, value: object) -> str | None:
        """Returns the time as stored text, or None for none. Raises ValueError with a sentence."""
        if value is None:
            return None
        try:
            if not isinstance(value, str) or not 16 <= len(value.strip()) <= LINE:
                raise ValueError(value)
            given = datetime.fromisoformat(value.strip())
            if given.tzinfo is None or given.year < EARLIEST:
                raise ValueError(value)
            moment = times.to_text(given)
        except (ValueError, OverflowError):
            raise ValueError(Message("Write date and time with an offset, like 2026-07-26T14:05:00+02:00.")) from None
        if moment > times.now():
            raise ValueError(Message("This is in the future. Leave it out to publish now."))
        return moment


@dataclass(frozen=True)
class Typed:
    """A text as it was typed, with all that could not be published: a draft loses nothing."""

    limit: int

    def clean(self, value: object) -> str:
        """Returns the text as it is, "" for none. Raises ValueError with a sentence."""
        if value is None:
            return ""
        if not isinstance(value, str):
            raise ValueError(Message("Write text here."))
        if half_characters(value):
            raise ValueError(Message("This holds half a character; paste it again as UTF-8."))
        if "\0" in value:
            raise ValueError(Message("This holds control characters; paste it as plain text."))
        if len(value) > self.limit:
            raise ValueError(
                Message("This has {count} characters; at most {limit} fit.", count=len(value), limit=self.limit)
            )
        return value


@dataclass(frozen=True)
class Number:
    """A whole number from 0 to MOST_NUMBER. `required` refuses none."""

    required: bool = False

    def clean(self, value: object) -> int | None:
        """Returns the number. Raises ValueError with a sentence."""
        if value is None and not self.required:
            return None
        if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= MOST_NUMBER:
            raise ValueError(Message("Write a whole number."))
        return value


@dataclass(frozen=True)
class Numbers:
    """Whole numbers, `most` at most and one at least. `empty` and `full` are the sentences for too few and too many."""

    most: int
    empty: Message
    full: Message

    def clean(self, value: object) -> list[int]:
        """Returns them in order, each once. Raises ValueError with a sentence."""
        if not isinstance(value, list):
            value = []
        numbers = sorted({each for each in map(Number(required=True).clean, value) if each is not None})
        if not numbers:
            raise ValueError(self.empty)
        if len(numbers) > self.most:
            raise ValueError(self.full)
        return numbers


Field = Numbers | Text | Choice | Flag | Past | Typed | Number
Table = Mapping[str, Field]

UPDATE: Table = {
    "headline": Text(LINE),
    "body": Text(BODY, required=True, lines=True),
    "language": LanguageTag(LINE),
    "status": Choice(tuple(statuses.WORDS)),
    "source": Text(SOURCE),
    "key": Flag(),
    "pinned": Flag(),
}
DRAFT_OF_UPDATE: Table = {
    "feed": Match(SLUG, required=True),
    "update": Number(),
    "revision": Number(),
    "headline": Typed(DRAFT),
    "body": Typed(DRAFT),
    "language": Typed(LINE),
    "status": Typed(LINE),
    "source": Typed(DRAFT),
    "note": Typed(DRAFT),
    "key": Flag(),
    "pinned": Flag(),
    "seq": Number(required=True),
    "discarded": Flag(),
}
DRAFT_OF_ARTICLE: Table = {
    "article": Number(),
    "revision": Number(),
    **{name: Typed(DRAFT) for name in ("kicker", "headline", "slug", "standfirst", "byline")},
    "body": Typed(ARTICLE_DRAFT),
    **{name: Typed(LINE) for name in ("author", "language", "picture")},
    "draft": Flag(),
    "live": Flag(),
    "seq": Number(required=True),
    "discarded": Flag(),
}
PASTED: Table = {"html": Typed(PASTE), "text": Typed(PASTE)}
PUBLICATION: Table = {**UPDATE, "published_at": Past()}
EDIT: Table = {**UPDATE, "note": Text(NOTE), "minor": Flag()}
POINT: Table = {
    "text": Text(POINT_TEXT, required=True),
    "updates": Numbers(
        GROUNDS,
        Message("Choose the updates that it rests on."),
        Message("At most {count} updates fit.", count=GROUNDS),
    ),
}
POINT_SEEN: Table = {"checking": Number()}
POINT_CONFIRMATION: Table = {"checking": Number(required=True)}
POINT_PLACE: Table = {"place": Number(required=True)}
RETURN: Table = {"note": Text(PARAGRAPH, required=True, lines=True)}
RETRACTION: Table = {"reason": Text(PARAGRAPH), "notice": Flag()}
ARTICLE: Table = {
    "slug": Match(SLUG),
    "headline": Text(LINE, required=True),
    "standfirst": Text(PARAGRAPH),
    "body": Text(ARTICLE_BODY, lines=True),
    "byline": Text(LINE),
    "author": Text(LINE),
    "kicker": Text(LINE),
    "picture": Match(16, pattern=_PICTURE, advice=Message("Use the id of an uploaded picture.")),
    "language": LanguageTag(LINE),
    "draft": Flag(),
    "live": Flag(),
}
ARTICLE_EDIT: Table = {**ARTICLE, "minor": Flag()}
CLOSING: Table = {"message": Text(NOTE), "summary": Text(SUMMARY, lines=True)}
PICTURE: Table = {
    "alt": Text(PARAGRAPH),
    "decorative": Flag(),
    "caption": Text(PARAGRAPH),
    "credit": Text(LINE),
}
PROFILE: Table = {
    "display_name": Text(LINE, required=True),
    "job": Text(LINE),
    "bio": Text(PARAGRAPH, lines=True),
    "picture": Match(16, pattern=_PICTURE, advice=Message("Use the id of an uploaded picture.")),
}
LOGIN = Match(
    40,
    required=True,
    pattern=_LOGIN,
    advice=Message("Use up to 40 small letters, digits, dots and hyphens, like mara.lindqvist."),
)


def clean(table: Table, given: Mapping[str, object], *, partial: bool = False) -> dict[str, Any]:
    """Checks the input field by field against the table and returns the cleaned values.

    With `partial` (an edit) the result has only the fields that were sent; otherwise (a new object) it has all fields,
    and a missing flag is false. Raises Invalid with a reason for every field that is wrong or unknown.
    """
    reasons = _unknown([name for name in given if name not in table])
    cleaned: dict[str, Any] = {}
    for name, field in table.items():
        if name not in given and (partial or isinstance(field, Flag)):
            if not partial:
                cleaned[name] = False
            continue
        try:
            cleaned[name] = field.clean(given.get(name))
        except ValueError as error:
            reasons.append(Reason(name, error.args[0]))
    if reasons:
        raise Invalid(*reasons)
    return cleaned


def picture(given: Mapping[str, object]) -> dict[str, Any]:
    """Checks the words of a picture; returns alt, caption and credit. The alt text of a decorative picture is "", and
    any other picture needs one. Raises Invalid with all reasons."""
    reasons: tuple[Reason, ...] = ()
    try:
        cleaned = clean(PICTURE, given)
    except Invalid as error:
        cleaned, reasons = {"alt": given.get("alt"), "decorative": given.get("decorative")}, error.reasons
    described, decorative = bool(cleaned["alt"]), cleaned.pop("decorative")
    if not any(reason.field in ("alt", "decorative") for reason in reasons):
        if not described and not decorative:
            reasons += (Reason("alt", Message("Say what it shows, or that it is decorative.")),)
        if described and decorative:
            reasons += (Reason("alt", Message("A decorative picture has no description. Take one of both back.")),)
    if reasons:
        raise Invalid(*reasons)
    return cleaned | {"alt": cleaned["alt"] or ""}


def _unknown(names: list[str]) -> list[Reason]:
    """Returns a reason for each of the first unknown fields; a list of 40,000 would help nobody."""
    reasons = [Reason(_short(name), Message("There is no such field.")) for name in names[:NAMED]]
    if more := len(names) - len(reasons):
        reasons.append(Reason("…", Message("There are {count} more fields that do not exist.", count=more)))
    return reasons


def _short(name: str) -> str:
    """Returns the name, cut to a length that fits into an answer."""
    return name if len(name) <= LINE else f"{name[: LINE - 1]}…"


def password(value: object) -> str:
    """Returns the password in NFC, so that it is the same from every keyboard, and otherwise as it was typed. Raises
    Invalid when it is too short or too long; what counts are code points."""
    if isinstance(value, str) and half_characters(value):
        raise Invalid(Reason("password", Message("This is not UTF-8.")))
    typed = unicodedata.normalize("NFC", value) if isinstance(value, str) else ""
    if not PASSWORD_LEAST <= len(typed) <= PASSWORD:
        raise Invalid(
            Reason("password", Message("Use {least} to {most} characters.", least=PASSWORD_LEAST, most=PASSWORD))
        )
    return typed
