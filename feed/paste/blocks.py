"""Makes Markdown of a tidied tree: markdownify writes the blocks, and `spans` the words of each.

markdownify gets each text between three characters that no text contains, so what it wrote itself is told from the
words, and no word can become syntax before its paragraph is complete.
"""

import re
from collections.abc import Iterator, Sequence

from bs4 import BeautifulSoup
from bs4.element import NavigableString, Tag
from markdownify import ATX, MarkdownConverter

from feed.paste import lines, spans
from feed.paste.looks import Look
from feed.paste.parts import Worded
from feed.paste.units import Unit, guard_beginnings
from feed.paste.writer import Spans

BEGIN, WORDS, END = "\ufdd0", "\ufdd1", "\ufdd2"  # noncharacters: no text has them (`tidy` removes them)
SOFT_HYPHEN = "\u00ad"  # where a word may be broken; the browser of the reader knows
JOINER = "\u2060"  # a word joiner: it has no width

_PIECE = re.compile(f"{BEGIN}(\\d+){WORDS}([^{END}]*){END}")
_SPACES = re.compile(r"[ \t\r\n\f]+")
_QUOTED_FIGURE = re.compile(r"[-+±~]?[\d$€£¥₴]")
_KEEPS_ITS_SPACE = re.compile(r"[\d«»‹›:;!?%€$£–—]")


def to_markdown(soup: BeautifulSoup) -> str:
    """Returns the Markdown of the tree."""
    looks = _code_words(soup)
    converter = _Converter(
        heading_style=ATX,
        bullets="*",
        autolinks=False,
        escape_asterisks=False,
        escape_underscores=False,
        table_infer_header=True,
    )
    units = list(_units(str(converter.convert_soup(soup)), looks))
    guard_beginnings(units)
    return "\n".join(_without_gaps(line for unit in units for line in unit.lines())).strip("\n")


def _without_gaps(text: Iterator[str]) -> Iterator[str]:
    """Yields the lines with one empty line where there were several, but for those in code."""
    before, fence = "", ""
    for line in text:
        mark = line.strip(" >")
        if mark.startswith("```") and (not fence or mark == fence):
            fence = "" if fence else mark
        if fence or line or before:
            yield line
        before = line


def _code_words(soup: BeautifulSoup) -> list[Look]:
    """Puts the number of its look around each text. Returns the looks by number."""
    numbers: dict[Look, int] = {}
    worded = [text for text in soup.descendants if isinstance(text, Worded) and text.strip()]
    for text in worded:
        number = numbers.setdefault(text.look, len(numbers))
        text.replace_with(NavigableString(f"{BEGIN}{number}{WORDS}{_SPACES.sub(' ', text)}{END}"))
    return list(numbers)


class _Converter(MarkdownConverter):
    def convert_pre(self, el: Tag, text: str, parent_tags: set[str]) -> str:
        """Code between fences that are longer than any in it."""
        longest = max((len(run) for run in re.findall("`+", text)), default=0)
        fence = "`" * max(3, longest + 1)
        code = text.strip("\n")
        return f"\n\n{fence}\n{code}\n{fence}\n\n" if code.strip() else ""


def _units(text: str, looks: Sequence[Look]) -> Iterator[Unit]:
    prefixes: list[str] = []
    gathered: list[Spans] = []
    quoted = False
    for line in [*text.split("\n"), ""]:
        before, begins, _ = line.partition(BEGIN)
        within = bool(begins) and not before.startswith("|")
        if gathered and not (within and _continues(prefixes[0], before)):
            unit = _finished(prefixes, gathered, begins_quote=not quoted)
            quoted = ">" in unit.prefixes[0]
            yield unit
            prefixes, gathered = [], []
        if within:
            prefixes.append(before)
            gathered.append(_spans(line[len(before) :], looks))
        else:
            yield Unit([_row(line, looks) if begins else line.rstrip()])
            quoted = quoted and ">" in line


def _continues(first: str, before: str) -> bool:
    """Whether a line goes on with the paragraph whose first line has that prefix."""
    heading = first.lstrip(" >").startswith("#")
    return not heading and not before.strip(" >") and before.count(">") == first.count(">")


def _finished(prefixes: list[str], gathered: list[Spans], *, begins_quote: bool) -> Unit:
    first = prefixes[0]
    rest = next(iter(prefixes[1:]), "")
    joined = _joined([line for line in gathered if line])
    told = spans.written([each for each in joined if each[0] != SOFT_HYPHEN])
    words = told.split("\n")
    if first.lstrip(" >").startswith("#"):
        words = [re.sub(r"(#+)\Z", r"\\\1", re.sub(r"\A#", r"\#", words[0]))]
    if ">" in first and begins_quote and _QUOTED_FIGURE.match(words[0]):
        words[0] = JOINER + words[0]  # a figure after ">" would be a fact, and the sign a part of it
    return Unit([first, *[rest] * (len(words) - 1)], words)


def _joined(gathered: list[Spans]) -> Spans:
    """The lines of a paragraph, with those joined that were broken where a page was full."""
    whole: list[tuple[str, Look]] = [*gathered[0]] if gathered else []
    plain = ["".join(sign for sign, _ in line) for line in gathered]
    for between, line in zip(lines.breaks_kept(plain), gathered[1:], strict=True):
        if between:
            whole.append((between, whole[-1][1] if between == " " else Look()))
        else:
            whole.pop()
        whole += line
    return whole


def _row(line: str, looks: Sequence[Look]) -> str:
    apart = _PIECE.sub(lambda piece: piece[0].replace("|", "\0"), line).strip().strip("|").split("|")
    cells = [spans.written(_spans(cell.replace("\0", "|"), looks)).replace("|", "\\|") for cell in apart]
    return f"| {' | '.join(cells)} |"


def _spans(line: str, looks: Sequence[Look]) -> Spans:
    """The characters of a line with their looks, with one space where there were several and none at the ends."""
    found: list[tuple[str, Look]] = []
    position = 0
    for piece in _PIECE.finditer(line):
        found += ((" ", Look()) for _ in line[position : piece.start()])
        found += ((sign, looks[int(piece[1])]) for sign in piece[2])
        position = piece.end()
    return _spaced(found)


def _spaced(found: Spans) -> Spans:
    spaced: list[tuple[str, Look]] = []
    for at, (sign, look) in enumerate(found):
        if sign in " \u00a0":
            neighbours = f"{found[at - 1][0] if at else ''}{found[at + 1][0] if at + 1 < len(found) else ''}"
            sign = "\u00a0" if sign == "\u00a0" and _KEEPS_ITS_SPACE.search(neighbours) else " "
            if not spaced or spaced[-1][0] in " \u00a0":
                continue
        spaced.append((sign, look))
    while spaced and spaced[-1][0] in " \u00a0":
        spaced.pop()
    return spaced
