"""The history of an update: what each revision changed, word by word.

Readers see words, without line breaks and Markdown. The desk compares what editors typed, with feed/difference.py.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import NamedTuple

from feed import text
from feed.difference import Kind, compared
from feed.languages import ENGLISH
from feed.store.revisions import Revision

KEPT = 256  # comparisons in memory, of 5 kB, and 150 kB of the longest texts: anybody may ask for them again and again
SENTENCE_ENDS = (".", "!", "?", "…", ".”", "!”", "?”", ".’", "。", "؟")


class Piece(NamedTuple):
    """Consecutive words that stayed, were taken out, or were put in."""

    kind: Kind
    words: str


@dataclass(frozen=True)
class Entry:
    """A revision beside the one before it. `reworded` is false when links, pictures, emphasis or the status alone
    changed. `restated` says that the status or its source is another; of a first revision, that it has one."""

    revision: Revision
    first: bool
    headline: tuple[Piece, ...]
    text: tuple[Piece, ...]
    restated: bool

    @property
    def reworded(self) -> bool:
        """Whether any word of it changed."""
        return any(piece.kind != "same" for piece in self.headline + self.text)


def entries(revisions: Sequence[Revision], language: str = ENGLISH) -> list[Entry]:
    """Each revision beside the next in the sequence, which goes from the newest to the first or stops above it: then
    the last is there for the comparison alone. Headlines have the quotes of the language."""
    found = [_entry(new, old, language) for new, old in pairwise(revisions)]
    if revisions and revisions[-1].first:
        found.append(_entry(revisions[-1], None, language))
    return found


def _entry(new: Revision, old: Revision | None, language: str) -> Entry:
    before = old or new
    return Entry(
        new,
        old is None,
        difference(_headline(before, language), _headline(new, language)),
        difference(text.plain(before.html), text.plain(new.html)),
        (new.status, new.source) != ((old.status, old.source) if old else (None, None)),
    )


def _headline(revision: Revision, language: str) -> str:
    return text.plain_line(revision.headline or "", language)


@lru_cache(KEPT)
def difference(before: str, after: str) -> tuple[Piece, ...]:
    """How the words of one text became those of the other. What stayed and what was taken out is the old text, what
    stayed and what was put in the new one."""
    pieces: list[Piece] = []
    for old, new in compared(_sentences(before), _sentences(after)):
        for gone, come in compared(_words(old), _words(new)):
            if gone == come:
                _add(pieces, "same", gone)
            else:
                _add(pieces, "del", gone)
                _add(pieces, "ins", come)
    return tuple(pieces)


def _sentences(words: str) -> list[tuple[str, ...]]:
    found: list[tuple[str, ...]] = []
    begun: list[str] = []
    for word in words.split():
        begun.append(word)
        if word.endswith(SENTENCE_ENDS):
            found.append(tuple(begun))
            begun = []
    return [*found, tuple(begun)] if begun else found


def _words(sentences: list[tuple[str, ...]]) -> list[str]:
    return [word for sentence in sentences for word in sentence]


def _add(pieces: list[Piece], kind: Kind, words: list[str]) -> None:
    if not words:
        return
    if pieces and pieces[-1].kind == kind:
        words = [pieces.pop().words, *words]
    pieces.append(Piece(kind, " ".join(words)))
