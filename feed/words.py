"""Normalises the words of a text for the search, so that spellings that readers take for the same word become equal.

It removes case, Unicode's width variants and ligatures (NFKC), invisible characters, the accents of Latin and Greek,
the stress marks and the ё of Cyrillic, the points of Arabic and Hebrew, and digits other than 0 to 9. It keeps what
makes a different letter, as in й and ї, and the vowels of Hindi. All kinds of apostrophes separate words.

Chinese, Japanese, Thai, Lao, Khmer and Burmese have no spaces, and Korean words have endings: there each pair of
neighbouring characters is a word. Single characters would occur in every text, and finding their places would be slow.
"""

import re
import unicodedata
from dataclasses import dataclass

KNOWN = 10_000  # characters of which it is remembered whether they belong to words: all of most texts

_UNSEEN = re.compile(
    "[\u00ad\u034f\u0600-\u0605\u061c\u0640\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f"
    "\ufe00-\ufe0f\ufeff\ufff9-\ufffb\U000e0000-\U000e0fff]+"
)
_ACCENTS = re.compile(
    "(?<=[a-z\u0180-\u02af\u0370-\u03ff])[\u0300-\u036f]+|(?<=[\u0400-\u04ff])[\u0300\u0301]+|(?<=\u0435)\u0308"
    "|[\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7\u064b-\u065f\u0670\u06d6-\u06dc\u06df-\u06e8\u06ea-\u06ed]+"
)
_ALIKE: dict[str, str | int | None] = {
    "ł": "l", "ø": "o", "đ": "d", "ħ": "h", "ŧ": "t", "ı": "i", "æ": "ae", "œ": "oe", "þ": "th", "ð": "d",
    "\u0649": "\u064a", "\u06cc": "\u064a", "\u06a9": "\u0643",  # Arabic and Persian differ in these two
    "\u02bc": " ", "\u02bb": " ", "\u02b9": " ", "\u02be": " ", "\u02bf": " ", "\u02c8": " ",  # letters to Unicode
}  # fmt: skip
_TABLE = str.maketrans(_ALIKE)
_FOREIGN_DIGIT = re.compile("(?![0-9])\\d")
_SIGN = (
    "\u0e01-\u0eff\u1000-\u109f\u1780-\u17ff\u3005-\u3007\u3041-\u3096\u30a1-\u30fa\u30fc\u31f0-\u31ff\u3400-\u4dbf"
    "\u4e00-\u9fff\uac00-\ud7a3\uf900-\ufaff\U00020000-\U000323af"
)
_RUN = re.compile(f"([{_SIGN}]+)|[^{_SIGN} ]+")


@dataclass(frozen=True)
class Phrase:
    """Words that have to stand side by side. With `sign` it is a single character of a script without spaces."""

    words: str
    sign: bool = False


def of(text: str) -> list[str]:
    """Returns the normalised words of a text in their order."""
    return indexed(text)[0]


def signs(text: str) -> list[str]:
    """Returns the characters of a text that belong to scripts without spaces, each once, sorted."""
    return sorted(indexed(text)[1])


def indexed(text: str) -> tuple[list[str], set[str]]:
    """Returns the normalised words of a text in their order, and its characters of scripts without spaces."""
    runs = _runs(text)
    found = [word for run in runs for word in (_pairs(run[0]) if run[1] else [run[0]])]
    return found, {sign for run in runs for sign in run[1] or ""}


def phrases(asked: str) -> list[Phrase]:
    """Returns the phrases that a text must contain to match the query."""
    found: list[Phrase] = []
    plain: list[str] = []
    for run in [*_runs(asked), None]:
        if run and not run[1]:
            plain.append(run[0])
            continue
        if plain:
            found.append(Phrase(" ".join(plain)))
            plain = []
        if run:
            found.append(Phrase(" ".join(_pairs(run[0])), sign=len(run[0]) == 1))
    return found


def _pairs(run: str) -> list[str]:
    return [run[place : place + 2] for place in range(len(run) - 1)] or [run]


def _runs(text: str) -> list[re.Match[str]]:
    """Returns the words and, as matches with a first group, the runs of characters of scripts without spaces."""
    return list(_RUN.finditer(_folded(text)))


def _folded(text: str) -> str:
    folded = unicodedata.normalize("NFD", unicodedata.normalize("NFKC", _UNSEEN.sub("", text)).casefold())
    folded = unicodedata.normalize("NFC", _ACCENTS.sub("", folded)).translate(_TABLE)
    folded = _FOREIGN_DIGIT.sub(lambda digit: str(unicodedata.decimal(digit[0])), folded)
    return folded.translate(_apart)


class _Apart(dict[int, int]):
    """A table for `translate`: the characters of words stay, and all others become spaces."""

    def __missing__(self, code: int) -> int:
        found = code if is_of_word(chr(code)) else ord(" ")
        if len(self) < KNOWN:
            self[code] = found
        return found


_apart = _Apart()


def is_of_word(character: str) -> bool:
    """Whether the character belongs to a word: letters, marks (the vowels of Hindi and Thai), numbers, and private
    use."""
    kind = unicodedata.category(character)
    return kind[0] in "LMN" or kind == "Co"
