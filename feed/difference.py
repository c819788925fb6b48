"""Compares texts: what became of the words of one in another, and the merge of two edits of the same text.

Texts are compared by sentences, and what differs in them by words, with the standard library's difflib. In a bad case
it takes the cube of the length, so what is longer than MOST_COMPARED counts as changed altogether.

A merge takes whole sentences. Two edits of one sentence are never mixed, since that could make a fact that neither
editor wrote ("12 dead" and "14 hurt" from "12 hurt"): both variants stay, in VARIANT brackets, for a person to choose.
"""

import re
from collections.abc import Callable, Hashable, Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Literal, NamedTuple, TypeVar

MOST_COMPARED = 1_000  # sentences or words at a time: 20 ms for usual prose, 0.1 s for the worst pattern we found
AROUND = 60  # characters of unchanged text that are shown before and after a change
LEFT_OUT = " … "
BREAK_SIGN = "¶"  # shown for a line break that was put in or taken out, which is nothing to see by itself
OPENS, CLOSES = "⟦", "⟧"  # around each variant; nobody types them by accident

T = TypeVar("T")
Kind = Literal["same", "del", "ins"]

# White space and the word after it. A dot ends a sentence unless it ends a short name ("Dr.", "U.S."). Chinese and
# Japanese have no spaces: there each character counts as a word, and the full stop alone ends a sentence.
_WIDE = "\u3041-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
_WORD = re.compile(rf"(\s*)([{_WIDE}]|[^\s{_WIDE}]+)")
_STRETCH = re.compile(r"(\s*)([^\s。！？]*[。！？]+[」』”’）)]*|[^\s。！？]+)")
_ENDS = re.compile(r"[.!?…。！？؟।][\"'”’»」』）)\]*_]*\Z")
_SHORT = re.compile(r"[(\"'“‘«*_]*(?:[A-ZÀ-ÖØ-ÞА-ЯЄІЇҐ]\w{0,2}|(?:\w\.)+\w)\.\Z")
_VARIANT = re.compile(rf"{OPENS}[^{OPENS}{CLOSES}\n]*: |{CLOSES} {OPENS}")


class Piece(NamedTuple):
    """Consecutive text that stayed, was taken out, or was put in."""

    kind: Kind
    text: str


class _Part(NamedTuple):
    """A sentence or a word, with the white space before it. Whether there is a single space there is no difference."""

    gap: str
    text: str

    def __str__(self) -> str:
        return self.gap + self.text


class _Edit(NamedTuple):
    """The parts from `start` to `end` were replaced by these."""

    start: int
    end: int
    parts: list[_Part]


@dataclass(frozen=True)
class Merged:
    """The text of a merge, and how many places it has in which both edits changed the same."""

    text: str
    clashes: int


def difference(before: str, after: str) -> list[Piece]:
    """How one text became the other, with its line breaks. Without the white space, what stayed and was taken out is
    the text before, and what stayed and was put in the text after."""
    pieces: list[Piece] = []
    for old, new in compared(_sentences(before), _sentences(after), _key):
        if _keys(old) == _keys(new):
            _add(pieces, "same", new)
            continue
        for gone, come in compared(_words(old), _words(new), _key):
            if _keys(gone) == _keys(come):
                _add(pieces, "same", come)
            else:
                _add(pieces, "del", gone)
                _add(pieces, "ins", come)
    return _readable(pieces)


def in_short(pieces: Sequence[Piece]) -> list[Piece]:
    """The same pieces, with what stayed cut to some words around each change."""
    short = []
    for number, piece in enumerate(pieces):
        text = piece.text
        if piece.kind == "same" and len(text) > 3 * AROUND:
            begin = "" if number == 0 else text[:AROUND].rsplit(" ", 1)[0]
            end = "" if number == len(pieces) - 1 else text[-AROUND:].split(" ", 1)[-1]
            text = f"{begin}{LEFT_OUT}{end}"
        short.append(Piece(piece.kind, text))
    return short


def merge(base: str, mine: str, theirs: str, names: tuple[str, str]) -> Merged:
    """What both edits of the base make together. Where they changed the same sentence, both variants stay, theirs
    first, each after the name in `names` (mine, theirs) of who wrote it."""
    parts = _sentences(base)
    ours, others = _edits(parts, _sentences(mine)), _edits(parts, _sentences(theirs))
    out: list[_Part] = []
    done = clashes = 0
    for start, end, left, right in _clusters(ours, others):
        out += parts[done:start]
        done = end
        one, other = (_applied(parts, start, end, edits) for edits in (left, right))
        if not right or _keys(one) == _keys(other):
            out += one
        elif not left:
            out += other
        else:
            clashes += 1
            out.append(_variants(one, other, names))
    return Merged(_text(out + parts[done:]), clashes)


def merge_line(base: str, mine: str, theirs: str, names: tuple[str, str]) -> Merged:
    """The same of a text that is one unit, such as a headline."""
    if mine == theirs or theirs == base:
        return Merged(mine, 0)
    if mine == base:
        return Merged(theirs, 0)
    return Merged(f"{_variant(names[1], theirs)} {_variant(names[0], mine)}", 1)


def has_variants(text: str) -> bool:
    """Whether variants of a merge are still in that text."""
    return _VARIANT.search(text) is not None


def compared(
    old: list[T],
    new: list[T],
    key: Callable[[T], Hashable] = lambda item: item,
) -> Iterator[tuple[list[T], list[T]]]:
    """The two lists cut into pairs that are equal, or differ in everything. Items are equal if their keys are."""
    head = _alike(old, new, key)
    tail = _alike(old[head:][::-1], new[head:][::-1], key)
    yield old[:head], new[:head]
    old_end, new_end = old[len(old) - tail :], new[len(new) - tail :]
    old, new = old[head : len(old) - tail], new[head : len(new) - tail]
    if max(len(old), len(new)) > MOST_COMPARED:
        yield old, new
    else:
        matcher = SequenceMatcher(None, [key(item) for item in old], [key(item) for item in new])
        for _, a, b, c, d in matcher.get_opcodes():
            yield old[a:b], new[c:d]
    yield old_end, new_end


def _alike(old: list[T], new: list[T], key: Callable[[T], Hashable]) -> int:
    """How many items at the beginning are the same. difflib looks for the longest run first, and may miss that."""
    both = enumerate(zip(old, new, strict=False))
    return next((n for n, (one, other) in both if key(one) != key(other)), min(len(old), len(new)))


def _sentences(text: str) -> list[_Part]:
    """The sentences of a text. The first is as far from the beginning as a paragraph from the one before."""
    found: list[list[_Part]] = []
    over = True
    for gap, word in _STRETCH.findall(text.strip()):
        if over or "\n" in gap:
            found.append([])
        found[-1].append(_Part(gap if len(found) > 1 or found[-1] else "\n\n", word))
        over = bool(_ENDS.search(word)) and not _SHORT.match(word)
    return [_Part(words[0].gap, _joined(words)[len(words[0].gap) :]) for words in found]


def _words(sentences: list[_Part]) -> list[_Part]:
    """The words of sentences. Line breaks are parts of their own."""
    found = []
    for gap, word in _WORD.findall(_joined(sentences)):
        found += [_Part("", gap), _Part("", word)] if "\n" in gap else [_Part(gap, word)]
    return found


def _key(part: _Part) -> tuple[str, str]:
    return ("" if part.gap == " " else part.gap, part.text)


def _keys(parts: list[_Part]) -> list[tuple[str, str]]:
    return [_key(part) for part in parts]


def _joined(parts: Sequence[_Part]) -> str:
    return "".join(map(str, parts))


def _add(pieces: list[Piece], kind: Kind, parts: list[_Part]) -> None:
    if not parts:
        return
    text = _joined(parts)
    if pieces and pieces[-1].kind == kind:
        text = pieces.pop().text + text
    pieces.append(Piece(kind, text))


def _readable(pieces: list[Piece]) -> list[Piece]:
    """The pieces without the gap before the first sentence, and with a sign where nothing but a line break changed."""
    if pieces:
        pieces[0] = Piece(pieces[0].kind, pieces[0].text.removeprefix("\n\n"))
    return [
        Piece(kind, f"{BREAK_SIGN}{text}" if kind != "same" and text.isspace() else text)
        for kind, text in pieces
        if text
    ]


def _edits(base: list[_Part], edited: list[_Part]) -> list[_Edit]:
    """What has to be replaced to make one text of the other."""
    edits, position = [], 0
    for old, new in compared(base, edited, _key):
        if _keys(old) != _keys(new):
            edits.append(_Edit(position, position + len(old), new))
        position += len(old)
    return edits


def _clusters(ours: list[_Edit], others: list[_Edit]) -> Iterator[tuple[int, int, list[_Edit], list[_Edit]]]:
    """The edits in the order of the text, those that meet together: from where, to where, ours, the others'."""
    waiting = sorted([(edit, 0) for edit in ours] + [(edit, 1) for edit in others], key=lambda each: each[0][:2])
    while waiting:
        cluster = [waiting.pop(0)]
        while waiting and any(side != waiting[0][1] and _meet(edit, waiting[0][0]) for edit, side in cluster):
            cluster.append(waiting.pop(0))
        left, right = ([edit for edit, of in cluster if of == side] for side in (0, 1))
        yield min(edit.start for edit, _ in cluster), max(edit.end for edit, _ in cluster), left, right


def _meet(one: _Edit, other: _Edit) -> bool:
    """Whether two edits changed the same, or both added something in one place, whose order nobody can know."""
    if one.start == one.end and other.start == other.end:
        return one.start == other.start
    if one.start < one.end and other.start < other.end:
        return max(one.start, other.start) < min(one.end, other.end)
    added, replaced = (one, other) if one.start == one.end else (other, one)
    if added.start in (replaced.start, replaced.end):
        return len(replaced.parts) != replaced.end - replaced.start
    return replaced.start < added.start < replaced.end


def _applied(parts: list[_Part], start: int, end: int, edits: list[_Edit]) -> list[_Part]:
    """The parts from `start` to `end` with these edits."""
    out, done = [], start
    for edit in edits:
        out += parts[done : edit.start] + edit.parts
        done = edit.end
    return out + parts[done:end]


def _variants(mine: list[_Part], theirs: list[_Part], names: tuple[str, str]) -> _Part:
    gap = (theirs or mine)[0].gap
    return _Part(gap, f"{_variant(names[1], _text(theirs))} {_variant(names[0], _text(mine))}")


def _variant(name: str, text: str) -> str:
    return f"{OPENS}{name}: {text or '–'}{CLOSES}"


def _text(parts: Sequence[_Part]) -> str:
    return _joined(parts).strip()
