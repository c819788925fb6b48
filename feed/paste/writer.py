"""Writes characters and their looks as Markdown, with more escapes where fewer did not do: see spans."""

import re
import unicodedata
from collections.abc import Sequence
from itertools import pairwise

from feed.paste.looks import Look

HAIR = "\u200a"  # a hair space: it lets an escape take effect after a sign
MARKS = {"bold": "**", "italic": "*", "struck": "~~"}

Spans = Sequence[tuple[str, Look]]
"""Single characters, each with its look. "\\n" is a line break."""

_PLAIN = Look()
_ESCAPABLE = frozenset("`*_[]#>~|!<+-.")
_ENTITY = re.compile(r"&(?=#?\w+;)")


def markdown_of(spans: Spans, escaping: int) -> str:
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
    """Writes characters, and the marks where the look changes."""

    def __init__(self, escaping: int) -> None:
        self.parts = [" "]
        self._escaping = escaping
        self._escaped: set[str] = set()
        self._open: list[tuple[str, str]] = []  # name of the look and its value, outermost first
        self._code = ""
        self._look = _PLAIN

    def add(self, sign: str, look: Look, after: str) -> None:
        """Writes one character. `after` is the next one."""
        if look != self._look:
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
        self._look = look
        wanted = self._wanted(look)
        keep = 0
        while keep < len(self._open) and self._open[keep] in wanted:
            keep += 1
        if self._escaping > 1 and self.parts[-1].endswith("\\") and wanted != self._open:
            self.parts.append(HAIR)  # the backslash would escape the mark
        for name, value in reversed(self._open[keep:]):
            self.parts.append(f"]({escaped(value)})" if name == "href" else MARKS[name])
        del self._open[keep:]
        for name, value in wanted:
            if (name, value) not in self._open:
                if name == "href" and self._escaping > 1 and not self.parts[-1][-1].isspace():
                    self.parts.append(HAIR)  # a bare address would go on with the bracket
                self.parts.append("[" if name == "href" else MARKS[name])
                self._open.append((name, value))

    @staticmethod
    def _wanted(look: Look) -> list[tuple[str, str]]:
        found = [("href", look.href)] if look.href else []
        return found + [(name, "") for name in MARKS if getattr(look, name)]

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


def escaped(href: str) -> str:
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
