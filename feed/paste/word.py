"""Word's lists, which are paragraphs: a style tells how deep each is, and its first characters are its bullet or
number."""

import re

from bs4 import BeautifulSoup
from bs4.element import NavigableString, Tag

DEEPEST = 4  # levels of nested lists; deeper ones would not be shown as lists

_LEVEL = re.compile(r"mso-list\s*:\s*(?!none)[^;]*?\blevel(\d+)", re.IGNORECASE)
_MARKER = re.compile(r"mso-list\s*:\s*ignore", re.IGNORECASE)
_CLASS = re.compile(r"MsoListParagraph|ListParagraph", re.IGNORECASE)
_BULLET = re.compile(r"\s*([·•‣◦▪●○■§o\uf000-\uf0ff*–-])[\s\u00a0]+")
_NUMBER = re.compile(r"\s*(?:\d{1,3}|[a-zA-Z]|[ivxIVX]{1,5})[.)][\s\u00a0]+")


def make_lists(soup: BeautifulSoup) -> None:
    """Replaces each run of list paragraphs by lists."""
    for first in soup.find_all("p"):
        if first.parent is not None and _level(first) is not None and first.parent.name != "li":
            _make_list(soup, first)


def _make_list(soup: BeautifulSoup, first: Tag) -> None:
    run = [first]
    while (following := _next_tag(run[-1])) is not None and _level(following) is not None:
        run.append(following)
    anchor = soup.new_tag("div")
    first.insert_before(anchor)
    lists: list[Tag] = []
    for paragraph in run:
        level = min(_level(paragraph) or 1, DEEPEST)
        kind, number = _take_marker(paragraph)
        del lists[level:]
        if len(lists) == level and lists[-1].name != kind:
            lists.pop()
        if len(lists) < level:
            lists.append(soup.new_tag(kind, attrs={"start": number} if kind == "ol" else {}))
            _home(lists, anchor).append(lists[-1])
        item = paragraph.extract()
        item.name, item.attrs = "li", {}
        lists[-1].append(item)
    anchor.unwrap()


def _home(lists: list[Tag], anchor: Tag) -> Tag:
    """Where a new list belongs: in the last item of the list around it."""
    if len(lists) < 2:
        return anchor
    items = lists[-2].find_all("li", recursive=False)
    return items[-1] if items else lists[-2]


def _next_tag(paragraph: Tag) -> Tag | None:
    following = paragraph.next_sibling
    while isinstance(following, NavigableString) and not following.strip():
        following = following.next_sibling
    return following if isinstance(following, Tag) and following.name == "p" else None


def _level(paragraph: Tag) -> int | None:
    """How deep the paragraph is in a list, from 1; None for one that is in no list."""
    found = _LEVEL.search(str(paragraph.get("style", "")))
    if found:
        return max(1, int(found[1]))
    listed = _CLASS.search(str(paragraph.get("class", "")))
    words = paragraph.get_text()
    return 1 if listed and (_BULLET.match(words) or _NUMBER.match(words)) else None


def _take_marker(paragraph: Tag) -> tuple[str, str]:
    """Removes the bullet or number. Returns the kind of the list, "ul" or "ol", and the number, "1" for a letter."""
    marker = paragraph.find(lambda tag: bool(_MARKER.search(str(tag.get("style", "")))))
    words = marker.get_text() if isinstance(marker, Tag) else paragraph.get_text()
    numbered = _NUMBER.match(f"{words} " if marker else words)
    found = numbered or _BULLET.match(words)
    if isinstance(marker, Tag):
        marker.decompose()
    else:
        _drop_first(paragraph, found.end() if found else 0)
    digits = re.search(r"\d+", numbered[0]) if numbered else None
    return ("ol" if numbered else "ul"), (digits[0] if digits else "1")


def _drop_first(paragraph: Tag, count: int) -> None:
    for piece in list(paragraph.find_all(string=True)):
        if count <= 0:
            return
        rest = str(piece)[count:]
        count -= len(piece)
        piece.replace_with(rest)
