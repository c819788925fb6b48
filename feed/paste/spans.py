"""Writes the words of one paragraph as Markdown, so that our own renderer shows the same words with the same looks.

A character that would be taken as syntax is escaped, and only such a one; emphasis that our rules cannot show, as of a
part of a word, is left out. What is written is rendered and compared with what it should be, so that this module does
not have to know those rules by heart.
"""

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import cache
from itertools import pairwise

from markdown_it import MarkdownIt
from markdown_it.token import Token

from feed import figures, markdown, typography
from feed.errors import Invalid
from feed.paste import looks
from feed.paste.looks import Look

MOST_SPANS = 60  # of emphasis in a paragraph, each of which is tried; with more of them, it is a pattern
HAIR = "\u200a"  # a hair space: it lets an escape take effect after a sign

Spans = Sequence[tuple[str, Look]]
"""Single characters, each with its look. "\\n" is a line break."""

_PLAIN = Look()
_TYPESET = frozenset("'\"“”‘’„‚«»‹›-–—….")  # signs that typography replaces
_MARKS = {"bold": "**", "italic": "*", "struck": "~~"}
_ESCAPABLE = frozenset("`*_[]#>~|!<+-.")
_ENTITY = re.compile(r"&(?=#?\w+;)")


def written(spans: Spans) -> str:
    """Returns the Markdown for these characters."""
    wanted = _essence(spans)
    for looked, escaping in ((spans, 0), (spans, 1)):
        tried = _markdown(looked, escaping)
        if _essence(_shown(tried)) == wanted:
            return tried
    return _with_what_works(spans)


def _with_what_works(spans: Spans) -> str:
    """Begins without emphasis, and adds what our renderer shows. Code and links are left out only if they would spoil
    the words."""
    bare, escaping = next(_bare_that_work(spans))
    extents = [(name, extent) for name in _MARKS for extent in _extents(spans, name)]
    if len(extents) > MOST_SPANS:
        return _markdown(bare, escaping)
    for name, (start, end) in extents:
        for begin, stop in {(start, end): 0, _trimmed(spans, start, end): 0}:
            tried = [*bare]
            for at in range(begin, stop):
                tried[at] = (bare[at][0], looks.changed(bare[at][1], name, present=True))
            if begin < stop and _is_shown(tried, escaping):
                bare = tried
                break
    return _markdown(bare, escaping)


def _bare_that_work(spans: Spans) -> Iterator[tuple[list[tuple[str, Look]], int]]:
    for kept in (("code", "href"), ("href",), ()):
        bare = [(sign, Look(**{name: getattr(look, name) for name in kept})) for sign, look in spans]
        yield from ((bare, escaping) for escaping in (0, 1, 2) if _is_shown(bare, escaping))
    yield bare, 2


def _is_shown(spans: Spans, escaping: int) -> bool:
    return _essence(_shown(_markdown(spans, escaping))) == _essence(spans)


def _extents(spans: Spans, name: str) -> Iterator[tuple[int, int]]:
    start = None
    for at, (_, look) in enumerate([*spans, ("", _PLAIN)]):
        if getattr(look, name):
            start = at if start is None else start
        elif start is not None:
            yield start, at
            start = None


def _trimmed(spans: Spans, start: int, end: int) -> tuple[int, int]:
    """The extent without the signs at its ends."""
    while start < end and not spans[start][0].isalnum():
        start += 1
    while start < end and not spans[end - 1][0].isalnum():
        end -= 1
    return start, end


def _essence(spans: Spans) -> list[tuple[str, Look]]:
    """What has to be the same: letters, signs and looks; not spaces and what typography replaces."""
    return [(sign, look) for sign, look in spans if not sign.isspace() and sign not in _TYPESET]


@cache
def _renderer() -> MarkdownIt:
    return markdown.words(typography.ENGLISH_QUOTES)


def _shown(text: str) -> Spans:
    """Returns what our renderer shows of a paragraph; nothing if it refuses it, for an address or a picture."""
    try:
        tokens = _renderer().parseInline(text, {figures.KNOWN: {}})
    except Invalid:
        return []
    return list(_characters(tokens[0].children or [] if tokens else []))


def _characters(tokens: Sequence[Token]) -> Iterator[tuple[str, Look]]:
    look, automatic = _PLAIN, False
    for token in tokens:
        name = {"strong": "bold", "em": "italic", "s": "struck"}.get(token.type.rpartition("_")[0])
        if name:
            look = looks.changed(look, name, present=token.nesting > 0)
        elif token.type == "link_open":
            automatic = token.info == "auto"
            look = look if automatic else replace(look, href=str(token.attrs["href"]))
        elif token.type == "link_close":
            look = look if automatic else replace(look, href="")
        elif token.type == "code_inline":
            yield from ((sign, replace(look, code=True)) for sign in token.content)
        elif token.type == "image":
            yield "\0", look
        else:
            yield from ((sign, look) for sign in token.content)


def _markdown(spans: Spans, escaping: int) -> str:
    """Writes the characters with the marks of their looks. `escaping` is 0 for none, 1 for escapes that take effect,
    2 for more, after a hair space."""
    writer = _Writer(escaping)
    for (sign, look), (after, _) in pairwise([*_settled(spans), (" ", _PLAIN)]):
        writer.add(sign, look, after)
    writer.change(_PLAIN)
    return "".join(writer.parts[1:])


def _settled(spans: Spans) -> Spans:
    """Spaces look as what is on both sides of them; a line break has no look."""
    settled = list(spans)
    for at, (sign, _) in enumerate(spans):
        if sign == "\n":
            settled[at] = (sign, _PLAIN)
        elif sign.isspace():
            before = settled[at - 1][1] if at else _PLAIN
            after = next((look for other, look in spans[at:] if not other.isspace() or other == "\n"), _PLAIN)
            following = spans[at + 1][0] if at + 1 < len(spans) else "\n"
            settled[at] = (sign, _PLAIN if following == "\n" else _common(before, after))
    return settled


def _common(one: Look, other: Look) -> Look:
    return Look(
        one.bold and other.bold,
        one.italic and other.italic,
        one.struck and other.struck,
        one.code and other.code,
        one.href if one.href == other.href else "",
    )


class _Writer:
    def __init__(self, escaping: int) -> None:
        self.parts = [" "]
        self._escaping = escaping
        self._escaped: set[str] = set()
        self._open: list[tuple[str, str]] = []  # name of the look and its value, outermost first
        self._code = ""

    def add(self, sign: str, look: Look, after: str) -> None:
        """Writes one character. `after` is the next one."""
        self.change(look)
        if look.code:
            self._code += sign
        else:
            self.parts += self._safe(sign, after)

    def change(self, look: Look) -> None:
        """Ends the looks that the next character does not have, and begins those it has."""
        if self._code and (not look.code or self._wanted(look) != self._open):
            self.parts.append(_code(self._code))
            self._code = ""
        wanted = self._wanted(look)
        keep = 0
        while keep < len(self._open) and self._open[keep] in wanted:
            keep += 1
        if self._escaping > 1 and self.parts[-1].endswith("\\") and wanted != self._open:
            self.parts.append(HAIR)  # the backslash would escape the mark
        for name, value in reversed(self._open[keep:]):
            self.parts.append(f"]({_address(value)})" if name == "href" else _MARKS[name])
        del self._open[keep:]
        for name, value in wanted:
            if (name, value) not in self._open:
                if name == "href" and self._escaping > 1 and not self.parts[-1][-1].isspace():
                    self.parts.append(HAIR)  # a bare address would go on with the bracket
                self.parts.append("[" if name == "href" else _MARKS[name])
                self._open.append((name, value))

    @staticmethod
    def _wanted(look: Look) -> list[tuple[str, str]]:
        found = [("href", look.href)] if look.href else []
        return found + [(name, "") for name in _MARKS if getattr(look, name)]

    def _safe(self, sign: str, after: str) -> list[str]:
        """The character, with an escape where that is needed or would take effect."""
        before = self.parts[-1][-1]
        gap = [HAIR] if self._escaping > 1 and before == "\\" and sign in _ESCAPABLE else []
        before = HAIR if gap else before
        in_link = any(name == "href" for name, _ in self._open)
        if not self._escaping or sign not in ("*_~`[<]" if in_link else "*_~`[<"):
            return [*gap, sign]
        opens = before.isspace() or unicodedata.category(before) in ("Ps", "Pi") or before in "\"'"
        closes = sign in self._escaped and sign in "*_~`" and (before.isalnum() or before in ".,!?")
        if not opens and sign in "*_~" and _in_word(before) and _in_word(after):
            return [*gap, sign]
        if not opens and self._escaping > 1 and (closes or sign not in "*_~" or not _in_word(before)):
            gap = [HAIR]
        elif not (opens or closes):
            return [*gap, sign]
        self._escaped.add(sign)
        return [*gap, f"\\{sign}"]


def _in_word(sign: str) -> bool:
    return sign == "_" or (sign.isalnum() and unicodedata.category(sign) != "Lo")


def _code(words: str) -> str:
    words = words.replace("\n", " ")
    longest = max((len(run) for run in re.findall("`+", words)), default=0)
    fence, gap = "`" * (longest + 1), " " if longest else ""
    return f"{fence}{gap}{words}{gap}{fence}"


def address(href: str) -> str:
    """Returns the address as our renderer links it; "" for one that it does not link."""
    linked = _renderer().normalizeLink(_address(href))
    return linked if _renderer().validateLink(linked) else ""


def _address(href: str) -> str:
    """The address as Markdown takes it: without spaces and with its brackets in pairs."""
    href = _ENTITY.sub("%26", href.strip())
    for sign in ' <>\\"`\n\t':
        href = href.replace(sign, f"%{ord(sign):02X}")
    depth = 0
    for sign in href:
        depth += (sign == "(") - (sign == ")")
        if depth < 0:
            break
    return href if depth == 0 else href.replace("(", "%28").replace(")", "%29")
