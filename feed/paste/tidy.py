"""Makes one simple kind of HTML of what word processors, browsers and mail programs put on the clipboard."""

import nh3
from bs4 import BeautifulSoup
from bs4.element import NavigableString, Tag

from feed.markdown import SCHEMES
from feed.paste import looks, shapes, spans, word
from feed.paste.looks import INLINE, Look
from feed.paste.parts import BLOCKS, HEADINGS, NAMES, SILENT, Worded, has_words

_KEPT = BLOCKS | INLINE | {"br", "img"}
_NONCHARACTERS = dict.fromkeys((*range(0xFDD0, 0xFDF0), 0))  # `blocks` uses three of them as its own signs
_RAISED = str.maketrans("0123456789+-−=()n", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁻⁼⁽⁾ⁿ")
_LOWERED = str.maketrans("0123456789+-−=()", "₀₁₂₃₄₅₆₇₈₉₊₋₋₌₍₎")
_ATTRIBUTES = {
    "*": {"style", "class"},
    "a": {"href"},
    "img": {"alt"},
    "ol": {"start"},
    "td": {"colspan"},
    "th": {"colspan"},
}


def tidied(html: str) -> BeautifulSoup:
    """Returns the pasted HTML as a tree of blocks with `p`, lists, quotations, headings, code and tables. What is
    inline in it is `br`, and text that knows its look: `parts.Worded`."""
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
    for raised in soup.find_all(("sup", "sub")):
        _keep_height(raised)
    for quotation in soup.find_all("q"):
        quotation.insert_before(NavigableString("“"))
        quotation.insert_after(NavigableString("”"))
    for link in soup.find_all("a", href=True):
        link["href"] = spans.address(str(link["href"]))
    word.make_lists(soup)
    _name_blocks(soup)
    _set_looks(soup, Look())
    _join_lines(soup)
    shapes.mend_lists(soup)
    shapes.mend_tables(soup)
    shapes.flatten(soup)
    return soup


def _keep_height(raised: Tag) -> None:
    """Writes raised and lowered figures as such: 10⁶ is not 106."""
    raise_or_lower = _RAISED if raised.name == "sup" else _LOWERED
    pieces = [piece for piece in raised.descendants if isinstance(piece, NavigableString)]
    if all(ord(sign) in raise_or_lower for piece in pieces for sign in piece):
        for piece in pieces:
            piece.replace_with(piece.translate(raise_or_lower))


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


def _is_leaf(node: object) -> bool:
    """Whether that is a div with no block in it, as mail programs and notes have one for each line."""
    return isinstance(node, Tag) and node.name == "div" and node.find(NAMES) is None


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
            if not has_words(line):
                if paragraph.contents:
                    break
            else:
                if paragraph.contents:
                    paragraph.append(soup.new_tag("br"))
                paragraph.extend(list(line.contents))
            line = following
    for tag in soup.find_all(("p", *HEADINGS)):
        if not has_words(tag):
            tag.decompose()
