"""The history of an update: what each revision changed, word by word.

Two texts are compared by sentences, and what differs in them by words, with the standard library's difflib. In a bad
case it takes the cube of the length, so what is longer than MOST_COMPARED counts as changed altogether.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from functools import lru_cache
from itertools import pairwise
from typing import Literal, NamedTuple, TypeVar

from feed import text
from feed.languages import ENGLISH
from feed.store.revisions import Revision

MOST_COMPARED = 1_000  # sentences or words at a time: 20 ms for usual prose, 0.1 s for the worst pattern we found
KEPT = 256  # comparisons in memory: anybody may ask for them again and again
SENTENCE_ENDS = (".", "!", "?", "…", ".”", "!”", "?”", ".’", "。", "؟")

T = TypeVar("T")


class Piece(NamedTuple):
    """Consecutive words that stayed, were taken out, or were put in."""

    kind: Literal["same", "del", "ins"]
    words: str


@dataclass(frozen=True)
class Entry:
    """A revision beside the one before it. `reworded` is false when links, pictures or emphasis alone changed."""

    revision: Revision
    first: bool
    headline: tuple[Piece, ...]
    text: tuple[Piece, ...]

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
    )


def _headline(revision: Revision, language: str) -> str:
    return text.plain_line(revision.headline or "", language)


@lru_cache(KEPT)
def difference(before: str, after: str) -> tuple[Piece, ...]:
    """How the words of one text became those of the other. What stayed and what was taken out is the old text, what
    stayed and what was put in the new one."""
    pieces: list[Piece] = []
    for old, new in _compared(_sentences(before), _sentences(after)):
        for gone, come in _compared(_words(old), _words(new)):
            if gone == come:
                _add(pieces, "same", gone)
            else:
                _add(pieces, "del", gone)
                _add(pieces, "ins", come)
    return tuple(pieces)


def _compared(old: list[T], new: list[T]) -> Iterator[tuple[list[T], list[T]]]:
    """The two lists cut into pairs that are equal, or differ in everything."""
    head = _alike(old, new)
    tail = _alike(old[head:][::-1], new[head:][::-1])
    yield old[:head], new[:head]
    old, new, ending = old[head : len(old) - tail], new[head : len(new) - tail], old[len(old) - tail :]
    if max(len(old), len(new)) > MOST_COMPARED:
        yield old, new
    else:
        for _, a, b, c, d in SequenceMatcher(None, old, new).get_opcodes():
            yield old[a:b], new[c:d]
    yield ending, ending


def _alike(old: list[T], new: list[T]) -> int:
    """How many items at the beginning are the same. difflib looks for the longest run first, and may miss that."""
    return next(
        (n for n, (one, other) in enumerate(zip(old, new, strict=False)) if one != other), min(len(old), len(new))
    )


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


def _add(pieces: list[Piece], kind: Literal["same", "del", "ins"], words: list[str]) -> None:
    if not words:
        return
    if pieces and pieces[-1].kind == kind:
        words = [pieces.pop().words, *words]
    pieces.append(Piece(kind, " ".join(words)))
