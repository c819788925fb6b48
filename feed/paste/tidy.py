"""Makes one simple kind of HTML of what word processors, browsers and mail programs put on the clipboard."""

import nh3
from bs4 import BeautifulSoup
from bs4.element import NavigableString, Tag

from feed.markdown import SCHEMES
from feed.paste import looks, spans, word
from feed.paste.looks import INLINE, Look

BLOCKS = frozenset((
    "address", "article", "aside", "blockquote", "caption", "center", "dd", "details", "div", "dl", "dt", "figcaption",
    "figure", "footer", "form", "h1", "h2", "h3", "h4", "h5", "h6", "header", "hr", "li", "main", "nav", "ol", "p",
    "pre", "section", "summary", "table", "tbody", "td", "tfoot", "th", "thead", "tr", "ul",
))  # fmt: skip
SILENT = frozenset((
    "audio", "button", "canvas", "datalist", "dialog", "head", "iframe", "math", "noscript", "object", "script",
    "select", "style", "svg", "template", "textarea", "title", "video",
))  # fmt: skip
HEADINGS = ("h1", "h2", "h3", "h4", "h5", "h6")
DEEPEST = 4  # nested lists and quotations, together; see prose.DEEPEST

_NAMES = sorted(BLOCKS)
_KEPT = BLOCKS | INLINE | {"br", "img"}
_NONCHARACTERS = dict.fromkeys((*range(0xFDD0, 0xFDF0), 0))  # `blocks` uses three of them as its own signs
_ATTRIBUTES = {
    "*": {"style", "class"},
    "a": {"href"},
    "img": {"alt"},
    "ol": {"start"},
    "td": {"colspan"},
    "th": {"colspan"},
}


def tidied(html: str) -> BeautifulSoup:
    """Returns the pasted HTML as a tree of blocks with `p`, lists, quotations, headings, code and tables. All that is
    inline in it is text, `br`, and span with `.look`: see `spans`."""
    clean = nh3.clean(
        html.translate(_NONCHARACTERS),
        tags=set(_KEPT),
        clean_content_tags=set(SILENT),
        attributes=_ATTRIBUTES,
        url_schemes=SCHEMES,
        url_relative="deny",
        link_rel=None,
    )
    soup = BeautifulSoup(clean, "html.parser")
    for tag in soup.find_all(looks.is_hidden):
        tag.decompose()
    for image in soup.find_all("img"):
        image.replace_with(NavigableString(str(image.get("alt", "")).strip()))
    for link in soup.find_all("a", href=True):
        link["href"] = spans.address(str(link["href"]))
    word.make_lists(soup)
    _name_blocks(soup)
    _set_looks(soup, Look())
    _join_lines(soup)
    _mend_lists(soup)
    _mend_tables(soup)
    _flatten(soup)
    return soup


def _name_blocks(soup: BeautifulSoup) -> None:
    for tag in soup.find_all(("dt", "dd", "figcaption", "caption", "summary", "address", "center")):
        tag.name = "p"
    for tag in soup.find_all(("h1", "h5", "h6")):
        tag.name = "h2" if tag.name == "h1" else "h4"
    for tag in soup.find_all(("article", "section", "main", "header", "footer", "aside", "nav", "figure", "form")):
        tag.name = "div"
    for tag in soup.find_all(("dl", "details")):
        tag.name = "div"


def _set_looks(node: Tag, look: Look) -> None:
    """Unwraps all inline tags, and notes for each text how it looks."""
    for child in list(node.children):
        if isinstance(child, Tag):
            if child.name not in ("br", "hr"):
                inner = looks.inside(child, look)
                plain = child.name in HEADINGS or child.name in ("th", "pre")
                _set_looks(child, Look(href=inner.href) if plain else inner)
            if child.name in INLINE:
                child.unwrap()
        elif node.find_parent("pre") is None and node.name != "pre":
            child.replace_with(Worded(str(child), look))


class Worded(NavigableString):
    """Text with its look."""

    look: Look

    def __new__(cls, words: str, look: Look = Look()) -> "Worded":  # noqa: B008 - it is frozen
        made = super().__new__(cls, words)
        made.look = look
        return made

    def __copy__(self) -> "Worded":
        return Worded(str(self), self.look)


def _has_words(tag: Tag) -> bool:
    return any(isinstance(part, NavigableString) and part.strip() for part in tag.descendants)


def _is_leaf(node: object) -> bool:
    """Whether that is a div with no block in it, as mail programs and notes have one for each line."""
    return isinstance(node, Tag) and node.name == "div" and node.find(_NAMES) is None


def _join_lines(soup: BeautifulSoup) -> None:
    """Makes paragraphs of lines: an empty line ends one."""
    for first in soup.find_all(_is_leaf):
        if first.parent is None or first.name != "div":
            continue
        paragraph = soup.new_tag("p")
        first.insert_before(paragraph)
        line: object = first
        while isinstance(line, Tag) and _is_leaf(line):
            following = line.next_sibling
            while isinstance(following, NavigableString) and not following.strip():
                following = following.next_sibling
            line.extract()
            if not _has_words(line):
                if paragraph.contents:
                    break
            else:
                if paragraph.contents:
                    paragraph.append(soup.new_tag("br"))
                paragraph.extend(list(line.contents))
            line = following
    for tag in soup.find_all(("p", *HEADINGS)):
        if not _has_words(tag):
            tag.decompose()


def _mend_lists(soup: BeautifulSoup) -> None:
    """Puts a list that is a child of a list into the item before it, and drops empty items and lists of one."""
    for inner in soup.find_all(("ul", "ol")):
        if inner.parent is not None and inner.parent.name in ("ul", "ol"):
            before = inner.find_previous_sibling("li")
            if before is None:
                before = soup.new_tag("li")
                inner.insert_before(before)
            before.append(inner.extract())
    for item in soup.find_all("li"):
        if not _has_words(item):
            item.decompose()
        elif item.parent is None or item.parent.name not in ("ul", "ol"):
            item.name = "p" if item.find(_NAMES) is None else "div"
        elif len(paragraphs := item.find_all("p", recursive=False)) == 1:
            paragraphs[0].unwrap()
    for each in soup.find_all(("ul", "ol")):
        items = each.find_all("li", recursive=False)
        if len(items) == 1 and (each.find_parent("li") is None or each.name == "ol"):
            _open(items[0])
            each.unwrap()
        elif not items:
            each.unwrap()


def _open(tag: Tag) -> None:
    """Makes a paragraph of the words of a tag, and leaves its blocks as they are."""
    if tag.find(_NAMES) is None:
        tag.name, tag.attrs = "p", {}
    else:
        tag.name, tag.attrs = "div", {}


def _mend_tables(soup: BeautifulSoup) -> None:
    """Opens tables that only arrange what is in them, and leaves one paragraph in each cell of the others."""
    for table in reversed(soup.find_all("table")):
        rows = [row for row in table.find_all("tr") if row.find(("td", "th"))]
        wide = max((len(row.find_all(("td", "th"), recursive=False)) for row in rows), default=0)
        blocks = ("ul", "ol", "blockquote", "pre", "div", *HEADINGS)
        if len(rows) < 2 or wide < 2 or table.find(blocks) or table.find("table") or _in_item(table):
            _open_table(table)
            continue
        for cell in table.find_all(("td", "th")):
            _fill_cell(soup, cell)
        for row in table.find_all("tr"):
            if row not in rows:
                row.decompose()
                continue
            _fill_row(soup, row, wide)


def _in_item(table: Tag) -> bool:
    return table.find_parent(("li", "blockquote")) is not None


def _open_table(table: Tag) -> None:
    for cell in table.find_all(("td", "th")):
        if _has_words(cell):
            _open(cell)
        else:
            cell.decompose()
    for part in table.find_all(("tr", "tbody", "thead", "tfoot")):
        part.unwrap()
    table.name, table.attrs = "div", {}


def _fill_cell(soup: BeautifulSoup, cell: Tag) -> None:
    for part in cell.find_all(("p", "br")):
        part.insert_before(Worded(" "))
        part.unwrap()


def _fill_row(soup: BeautifulSoup, row: Tag, wide: int) -> None:
    """Gives the row as many cells as the widest has."""
    cells = row.find_all(("td", "th"), recursive=False)
    for cell in cells:
        cell.attrs.pop("colspan", None)
    for _ in range(wide - len(cells)):
        row.append(soup.new_tag("td"))


def _flatten(soup: BeautifulSoup) -> None:
    """Opens lists and quotations that are nested so deep that they would not be shown as such."""
    for each in soup.find_all(("ul", "ol", "blockquote")):
        if len(each.find_parents(("ul", "ol", "blockquote"))) >= DEEPEST:
            for item in each.find_all("li", recursive=False):
                _open(item)
            each.unwrap()
