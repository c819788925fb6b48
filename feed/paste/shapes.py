"""Lists and tables as Markdown can have them."""

from bs4 import BeautifulSoup
from bs4.element import NavigableString, Tag

from feed.paste.parts import HEADINGS, NAMES, Worded, has_words

DEEPEST = 4  # nested lists and quotations, together; see prose.DEEPEST


def mend_lists(soup: BeautifulSoup) -> None:
    """Puts a list that is a child of a list into the item before it, and drops empty items and lists of one."""
    _join_lists(soup)
    for inner in soup.find_all(("ul", "ol")):
        if inner.parent is not None and inner.parent.name in ("ul", "ol"):
            before = inner.find_previous_sibling("li")
            if before is None:
                before = soup.new_tag("li")
                inner.insert_before(before)
            before.append(inner.extract())
    for item in soup.find_all("li"):
        if not has_words(item):
            item.decompose()
        elif item.parent is None or item.parent.name not in ("ul", "ol"):
            item.name = "p" if item.find(NAMES) is None else "div"
        elif len(paragraphs := item.find_all("p", recursive=False)) == 1:
            paragraphs[0].unwrap()
    for each in soup.find_all(("ul", "ol")):
        items = each.find_all("li", recursive=False)
        if len(items) == 1 and (each.find_parent("li") is None or each.name == "ol"):
            if each.name == "ol":
                items[0].contents[0].insert_before(Worded(f"{each.get('start', '1')}. "))
            _open(items[0])
        if len(items) < 2 and each.find("li", recursive=False) is None:
            each.unwrap()


def _join_lists(soup: BeautifulSoup) -> None:
    """Makes one list of those that follow each other: Word on the web makes one for each item, in a div of its own."""
    for wrapper in soup.find_all("div"):
        inside = [part for part in wrapper.contents if isinstance(part, Tag) or str(part).strip()]
        if len(inside) == 1 and isinstance(inside[0], Tag) and inside[0].name in ("ul", "ol"):
            wrapper.unwrap()
    for each in soup.find_all(("ul", "ol")):
        before = each.previous_sibling
        while isinstance(before, NavigableString) and not before.strip():
            before = before.previous_sibling
        if isinstance(before, Tag) and before.name == each.name and _goes_on(before, each):
            before.extend(list(each.contents))
            each.decompose()


def _goes_on(before: Tag, following: Tag) -> bool:
    if before.name == "ul":
        return True
    start = before.get("start", "1")
    count = len(before.find_all("li", recursive=False))
    return str(start).isdecimal() and following.get("start") == str(int(str(start)) + count)


def _open(tag: Tag) -> None:
    """Makes a paragraph of the words of a tag, and leaves its blocks as they are."""
    if tag.find(NAMES) is None:
        tag.name, tag.attrs = "p", {}
    else:
        tag.name, tag.attrs = "div", {}


def mend_tables(soup: BeautifulSoup) -> None:
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
        if has_words(cell):
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


def flatten(soup: BeautifulSoup) -> None:
    """Opens lists and quotations that are nested so deep that they would not be shown as such."""
    for each in soup.find_all(("ul", "ol", "blockquote")):
        if len(each.find_parents(("ul", "ol", "blockquote"))) >= DEEPEST:
            for item in each.find_all("li", recursive=False):
                _open(item)
            each.unwrap()
