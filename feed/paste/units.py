"""Keeps lines that begin like syntax from becoming lists, quotations, headings or tables."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from feed import figures, markdown, prose, typography
from feed.paste.writer import HAIR

_ITEM = re.compile(r"[ >]*(?:[*]|\d+\.) ")
_NUMBER = re.compile(r"(\d{1,9}[.)])[ \t]")
_SYNTAX = re.compile(r"[-*][ \t]|#{1,6}[ \t]|>|`{3}|(?:-{3,}|\*{3,}|_{3,})\Z|[|:\- \t]*-[|:\- \t]*\Z")


@dataclass
class Unit:
    """A paragraph, heading, item or row: for each of its lines what markdownify wrote before it, and the words. A line
    without words, as in code, is a unit of its own and kept as it is."""

    prefixes: list[str]
    words: list[str] = field(default_factory=list)

    def lines(self) -> Iterator[str]:
        """Yields the lines."""
        return (prefix + words for prefix, words in zip(self.prefixes, self.words or [""], strict=True))

    def neutral(self) -> Iterator[str]:
        """Yields the lines with a letter in place of what could be taken for syntax."""
        for prefix, words in zip(self.prefixes, self.words or [""], strict=True):
            yield prefix + (f"x {words.lstrip('-*#>|`_:')}" if _looks_like_syntax(words) else words)

    def guard(self) -> None:
        """Makes sure that no line begins with syntax."""
        self.words = [_guarded(words) if _looks_like_syntax(words) else words for words in self.words]

    @property
    def is_blank(self) -> bool:
        """Whether nothing is there but the signs of a quotation."""
        return not self.words and not self.prefixes[0].strip(" >")

    @property
    def is_delicate(self) -> bool:
        """Whether its lines decide how those beside them are read."""
        return bool(_ITEM.match(self.prefixes[0])) or any(map(_looks_like_syntax, self.words))


def _looks_like_syntax(words: str) -> bool:
    return bool(_SYNTAX.match(words) or _NUMBER.match(words))


def _guarded(words: str) -> str:
    numbered = _NUMBER.match(words)
    if numbered:  # a backslash before the dot would be shown
        return f"{numbered[1]}\u00a0{words[numbered.end() :]}"
    return f"{HAIR}{words}".replace("-", "\\-", 1) if words.startswith((":", " ")) else f"\\{words}"


def guard_beginnings(units: list[Unit]) -> None:
    """Guards the lines that begin like syntax, where that changes how our renderer reads them. Elsewhere they stay as
    they are: "1. Mai" is no list as long as no "2." follows."""
    for run in _runs(units):
        if any(_looks_like_syntax(words) for unit in run for words in unit.words) and (
            _structure(line for unit in run for line in unit.lines())
            != _structure(line for unit in run for line in unit.neutral())
        ):
            for unit in run:
                unit.guard()


def _runs(units: list[Unit]) -> Iterator[list[Unit]]:
    """Yields the units that are delicate and follow each other, with the one before and the one after them."""
    run: list[Unit] = []
    for unit in units:
        run.append(unit)
        if not unit.is_delicate and not unit.is_blank:
            yield run
            run = [unit]
    yield run


def _structure(text: Iterator[str]) -> list[str]:
    renderer = markdown.words(typography.ENGLISH_QUOTES)
    return [token.type for token in renderer.parse(prose.as_marked("\n".join(text)), {figures.KNOWN: {}})]
