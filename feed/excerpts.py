"""The place in a text where the words of a search are, with those words marked. Words are compared as the search does
(see feed.words), but each by itself: of a phrase that the search looked for, every word is marked wherever it is."""

import unicodedata
from collections.abc import Iterator
from itertools import groupby
from typing import NamedTuple

from feed import words

BEFORE = 80  # characters of an excerpt before the first word that was found: most of a line
LENGTH = 220  # characters of an excerpt: five lines on a phone


class Piece(NamedTuple):
    """Some of a text, and whether it is what was searched for."""

    text: str
    found: bool


def excerpt(text: str, asked: str) -> list[Piece]:
    """The text around the first word that is found, or its beginning. Three dots stand for what is left out."""
    text = " ".join(text.split())
    marks = _marks(text, asked)
    first = next((place for place, marked in enumerate(marks) if marked), 0)
    # At a space, unless the nearest one is far off
    begin = max(text.rfind(" ", 0, first - BEFORE) + 1, first - 2 * BEFORE) if first > BEFORE else 0
    end = len(text)
    if end > begin + LENGTH:
        end = max(text.rfind(" ", 0, begin + LENGTH), begin + LENGTH - BEFORE)
    pieces = [Piece("… ", found=False)] if begin else []
    for found, places in groupby(range(begin, end), key=lambda place: marks[place]):
        pieces.append(Piece("".join(text[place] for place in places), found))
    return [*pieces, Piece(" …", found=False)] if end < len(text) else pieces


def _marks(text: str, asked: str) -> list[bool]:
    wanted, signs = set(words.of(asked)), set(words.signs(asked))
    marks = [False] * len(text)
    for begin, end in _words(text):
        word = text[begin:end]
        if not words.signs(word):
            marks[begin:end] = [bool(wanted.intersection(words.of(word)))] * len(word)
            continue
        # A script without spaces: each pair of characters that was asked for, or a single one
        for place in range(begin, end):
            if wanted.intersection(words.of(text[place : place + 2])):
                marks[place : min(end, place + 2)] = [True] * (min(end, place + 2) - place)
            elif text[place] in signs and text[place] in wanted:
                marks[place] = True
    return marks


def _words(text: str) -> Iterator[tuple[int, int]]:
    """Where each word begins and ends. Invisible characters, such as hyphens that only divide, belong to the word."""
    place = 0
    for of_word, run in groupby(text, key=lambda each: words.is_of_word(each) or unicodedata.category(each) == "Cf"):
        length = len(list(run))
        if of_word:
            yield place, place + length
        place += length
