"""Joins lines that were broken where a page was full, as in the text of a PDF or an e-mail."""

import re
from itertools import pairwise

FULL_LINE = 45  # characters; what breaks earlier is a poem, an address or a list
FULL = 0.7  # of the longest line: a broken line is nearly as long as the others

# A line that begins something of its own: an item, a quotation, a heading, a row, a speaker's dash.
_BEGINS = re.compile(r"\s*(?:[-*+•‣◦▪●○■·–—>#|]|\d{1,9}[.)](?:\s|\Z)|[a-z][.)]\s)")
_HYPHEN = re.compile(r"(?<=[^\W\d_])[-\u00ad\u2010]\Z")
_PARAGRAPHS = re.compile(r"(\n[ \t]*(?:\n[ \t]*)+)")


def unwrapped(text: str) -> str:
    """Returns plain text with each paragraph that was broken into lines on one line, and words that were hyphenated at
    the end of a line made whole. Other line breaks stay."""
    text = text.replace("\r\n", "\n").replace("\r", "\n").replace("\f", "\n\n")
    pieces = _PARAGRAPHS.split(text)
    return "".join(
        "\n".join(_joined(piece.split("\n"))) if number % 2 == 0 else piece for number, piece in enumerate(pieces)
    )


def breaks_kept(lines: list[str]) -> list[str]:
    """Returns what stands between each line and the next: "\\n" for a break that stays, " " for one where a line was
    full, and "" for one within a word, whose hyphen goes too."""
    longest = max(map(len, lines), default=0)
    return [_between(line, following, longest) for line, following in pairwise(lines)]


def without_hyphen(line: str) -> str:
    """Returns the line without the hyphen at its end."""
    return line.rstrip()[:-1]


def _joined(lines: list[str]) -> list[str]:
    joined = lines[:1]
    for between, line in zip(breaks_kept(lines), lines[1:], strict=True):
        if between == "\n":
            joined.append(line)
        else:
            before = joined[-1].rstrip() if between else without_hyphen(joined[-1])
            joined[-1] = before + between + line.lstrip()
    return joined


def _between(line: str, following: str, longest: int) -> str:
    begun = line.rstrip()
    if not following.strip() or _BEGINS.match(following) or len(begun) < max(FULL_LINE, FULL * longest):
        return "\n"
    if line.startswith(("    ", "\t", "|", "#")) or begun.endswith("  "):
        return "\n"
    if _HYPHEN.search(begun) and following.lstrip()[:1].islower():
        return ""
    return " "
