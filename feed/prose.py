"""Markdown's rules for blocks, each limited so that a character at the beginning of a line is no syntax where it could
be part of a fact.

"1986. A great year", "30. Mai: Feier", "- 5 degrees", ">50,000 evacuated", "# 1 priority" and a lone "* See below" stay
as they were typed. A list has two items or more, and a numbered one counts 1, 2, 3.
"""

import re
from collections.abc import Iterator
from itertools import pairwise

from markdown_it.rules_block import StateBlock, blockquote, fence, heading, hr, list_block, table
from markdown_it.rules_block.table import escapedSplit

DEEPEST = 10  # nested quotes and lists, two levels for each list; beyond 20 the parser drops the text

_NUMBERED = re.compile(r"(\d{1,9})([.)])([ \t]+)(?=\S)")
_BULLET = re.compile(r"([-*])([ \t]+)(?=\S)")
_FIGURE = re.compile(r"[\d.,]*\d|[$€£¥₴]")
_FENCE = re.compile(r"(`{3,})[ \t]*([\w+#.-]*)[ \t]*\Z")
_CLOSING_FENCE = re.compile(r"(?<!`)(`{3,})[ \t]*\Z")  # within a quotation or a list, too
_HEADING = re.compile(r"(?:#(?=[ \t]+\D)|#{2,6})[ \t]+(?=[^\s#])")
_BREAK = re.compile(r"(?:-{3,}|\*{3,}|_{3,})[ \t]*\Z")
_ALIGNED = re.compile(r":?-+:?\Z")


def some_list(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    """Parses a list that is meant as one. A line that begins an item of the enclosing list is not examined again."""
    if silent and state.sCount[start] < state.blkIndent:
        return list_block(state, start, end, silent)
    meant = _numbered(state, start, end) or _bulleted(state, start, end, silent)
    return meant and state.level < DEEPEST and list_block(state, start, end, silent)


def _numbered(state: StateBlock, start: int, end: int) -> bool:
    first = _NUMBERED.match(_line(state, start))
    if not first or first[1] != "1":
        return False
    last = 1
    for number in _siblings(state, start, end, _NUMBERED):
        if number[2] != first[2]:
            break
        if number[1] != str(last + 1):
            return False
        last += 1
    return last > 1


def _bulleted(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    """Whether a bulleted list begins there. Within an item, below its words, a single bullet is a list too."""
    first = _BULLET.match(_line(state, start))
    if not first:
        return False
    nested = state.blkIndent > 0 and (silent or state.tokens[-1].type != "list_item_open")
    second = next(_siblings(state, start, end, _BULLET), None)
    if not second or second[1] != first[1]:
        return nested and not _is_figure(first)
    return first[1] == "*" or not (_is_figure(first) and _is_figure(second))


def _is_figure(bullet: re.Match[str]) -> bool:
    """Whether that is a minus or dash before a number."""
    return bullet[1] == "-" and _FIGURE.match(bullet.string, bullet.end()) is not None


def _siblings(state: StateBlock, start: int, end: int, marker: re.Pattern[str]) -> Iterator[re.Match[str]]:
    """Yields the markers of the further items of the list that begins there."""
    inner = state.sCount[start] + len(_line(state, start)) - len(marker.sub("", _line(state, start), count=1))
    after_gap = False
    for number in range(start + 1, end):
        if state.isEmpty(number):
            after_gap = True
            continue
        if state.sCount[number] < state.blkIndent:
            return
        if state.sCount[number] < inner:
            found = marker.match(_line(state, number))
            if found:
                yield found
            elif after_gap:
                return
        after_gap = False


def some_quotation(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    """Parses a quotation, unless quotations and lists are nested too deep. `_quotes` decides which lines are quoted."""
    return state.level < DEEPEST and blockquote(state, start, end, silent)


def some_heading(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    """Parses a heading with words. One "#" before a figure is a number sign."""
    return _HEADING.match(_line(state, start)) is not None and heading(state, start, end, silent)


def some_break(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    """Parses a thematic break, which has to stand alone: three stars under a name may be a rating."""
    if silent or not _BREAK.match(_line(state, start)):
        return False
    alone = (start == 0 or state.isEmpty(start - 1)) and (start + 1 >= end or state.isEmpty(start + 1))
    return alone and hr(state, start, end, silent)


def some_code(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    """Parses code between two fences of backticks. A fence that is never closed is no fence."""
    opening = _FENCE.match(_line(state, start))
    if not opening:
        return False
    closing = _closing_fences(state)
    return closing[start + 1] >= len(opening[1]) and fence(state, start, end, silent)


def _closing_fences(state: StateBlock) -> list[int]:
    """Returns for each line of the text the length of the longest closing fence from there on."""
    known: list[int] | None = state.env.get("fences")
    if known is None:
        lines = state.src.split("\n")
        known = [0] * (len(lines) + 1)
        for number in range(len(lines) - 1, -1, -1):
            mark = _CLOSING_FENCE.search(lines[number])
            known[number] = max(known[number + 1], len(mark[1]) if mark else 0)
        state.env["fences"] = known
    return known


def some_table(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    """Parses a table. It ends before a row with more cells than the head, which would be left out."""
    if start + 2 > end or not (columns := _columns(state, start)):
        return False
    return table(state, start, end if silent else _end_of_table(state, start, end, columns), silent)


def _columns(state: StateBlock, start: int) -> int:
    """Returns how many columns the table that begins there has; 0 for no table."""
    ruler = _line(state, start + 1).strip()
    if not ruler or ruler.strip("|:- \t") or "-" not in ruler or "|" not in _line(state, start):
        return 0
    cells = _cells(ruler)
    if not all(_ALIGNED.match(cell.strip()) for cell in cells) or len(cells) != len(_cells(_line(state, start))):
        return 0
    return len(cells)


def _end_of_table(state: StateBlock, start: int, end: int, columns: int) -> int:
    ending = state.md.block.ruler.getRules("blockquote")
    for number in range(start + 2, end):
        if state.isEmpty(number) or state.sCount[number] < state.blkIndent:
            return number
        if len(_cells(_line(state, number))) > columns or any(rule(state, number, end, True) for rule in ending):
            return number
    return end


def _cells(row: str) -> list[str]:
    cells = escapedSplit(row.strip())
    return cells[cells[0] == "" : len(cells) - (len(cells) > 1 and cells[-1] == "")]


def _line(state: StateBlock, number: int) -> str:
    return state.src[state.bMarks[number] + state.tShift[number] : state.eMarks[number]]


_SIGN_OF_BULLET = re.compile(r"([ \t]*)[•‣◦▪●○■\uf0a7\uf0b7]([ \t]+)(?=\S)")
_QUOTING = re.compile(r"[ \t]*>(?:[> \t]*\Z|[> \t]*[ \t](?=[^\s>]))")
_QUOTED_FIGURE = re.compile(r"[ \t]*>[> \t]*[-+±~]?[\d$€£¥₴]")


def as_marked(markdown: str) -> str:
    """Returns the text with bullets of word processors replaced by "*", and with each ">" escaped that begins no
    quotation. Code between fences is left as it is."""
    if not any(sign in markdown for sign in ">•‣◦▪●○■\uf0a7\uf0b7"):
        return markdown
    lines = markdown.split("\n")
    fence_of, quoting = "", False
    for number, line in enumerate(lines):
        mark = _FENCE.match(line.strip())
        if fence_of:
            fence_of = "" if mark and not mark[2] and len(mark[1]) >= len(fence_of) else fence_of
            continue
        fence_of = mark[1] if mark else ""
        quoting = _quotes(line, quoting)
        if ">" in line and not quoting and line.lstrip(" \t").startswith(">"):
            lines[number] = line.replace(">", "\\>", 1)
    return "\n".join(_with_bullets(lines))


def _quotes(line: str, quoting: bool) -> bool:
    """Whether that line is quoted. A bare ">", or one before a figure, counts within a quotation only."""
    found = _QUOTING.match(line)
    if not found:
        return False
    return quoting or not (found.end() == len(line) or _QUOTED_FIGURE.match(line))


def _with_bullets(lines: list[str]) -> list[str]:
    """Replaces bullets by "*" where two or more follow each other, with nothing but empty lines between them."""
    marked = [_SIGN_OF_BULLET.match(line) for line in lines]
    shown = [number for number, line in enumerate(lines) if line.strip()]
    for before, here in pairwise(shown):
        if marked[before] and marked[here]:
            for number in (before, here):
                lines[number] = _SIGN_OF_BULLET.sub(r"\1*\2", lines[number], count=1)
    return lines
