"""Cards in the text of an update and in the body of an article: a link alone in its paragraph may become one, and an
address alone on its line. In a list, a quotation or a table it stays a link.

Cards are made when the page is rendered, not when the text is saved. So the text that is stored has the plain link, and
so have feeds and other programs; a card shows an article's current headline, and a draft has none.
"""

import re
from collections.abc import Callable, Iterator
from html import unescape

BREAK = "<br>\n"  # between two lines of a paragraph

# In these a link stays a link. The sanitiser has closed and nested them correctly, and escaped "<" everywhere else.
_PART = re.compile(r"<(/?)(?:blockquote|[ou]l|table)\b[^>]*>|<p>(.*?)</p>", re.DOTALL)
# Some addresses are not made links, such as those of localhost.
_LINK = re.compile(r'<a href="(?P<href>[^"]*)"[^>]*>(?P<words>[^<]*)</a>|(?P<bare>https?://[^<\s]+)')
_TAG = re.compile(r"<(/?)(?!br)[a-z]")
# A copied address may end with a query or a fragment.
_ARTICLE = re.compile(r"/articles/([a-z0-9-]+)/?(?:[?#][^\s]*)?")

Card = Callable[[str, str], str | None]


def put(html: str, card: Card) -> str:
    """Returns the HTML with its cards. `card` makes the card of a link, given its address and its words as plain text,
    or returns None to keep the link."""
    pieces, last = [], 0
    for paragraph in _paragraphs(html):
        pieces += [html[last : paragraph.start()], _with_cards(paragraph[2], card)]
        last = paragraph.end()
    return "".join([*pieces, html[last:]])


def linked(html: str, site: str) -> set[str]:
    """Returns the slugs of the articles of which this HTML may have cards. `site` is the address with which our links
    begin."""
    lines = (line for paragraph in _paragraphs(html) for line in _lines(paragraph[2]))
    slugs = (slug_of(address, site) for _, address, _ in lines)
    return {slug for slug in slugs if slug}


def slug_of(address: str, site: str) -> str | None:
    """Returns the slug of the article at that address of this site, or None."""
    found = _ARTICLE.fullmatch(address.removeprefix(site))
    return found[1] if found else None


def shows_itself(address: str, words: str) -> bool:
    """Whether the words of a link are its address, as it was typed: perhaps without a scheme."""
    return address in (words, f"https://{words}", f"http://{words}")


def _paragraphs(html: str) -> Iterator[re.Match[str]]:
    """Yields the paragraphs that are within nothing else; group 2 is what they contain."""
    depth = 0
    for found in _PART.finditer(html):
        if found[1] is not None:
            depth += -1 if found[1] else 1
        elif not depth:
            yield found


def _with_cards(inside: str, card: Card) -> str:
    """Returns the paragraph that contains this, with cards in place of some of its lines."""
    blocks: list[str] = []
    kept: list[str] = []
    for line, address, words in _lines(inside):
        made = card(address, words) if address else None
        if not made:
            kept.append(line)
            continue
        blocks += [_paragraph(kept), made] if kept else [made]
        kept = []
    return "\n".join([*blocks, _paragraph(kept)] if kept else blocks)


def _paragraph(lines: list[str]) -> str:
    return f"<p>{BREAK.join(lines)}</p>"


def _lines(inside: str) -> Iterator[tuple[str, str, str]]:
    """Yields the lines of a paragraph, each with the address and the words of the link that it consists of, or with two
    empty strings. Among other lines, that link has to show its address."""
    lines, depth = inside.split(BREAK), 0
    for line in lines:
        address, words = ("", "") if depth else _link_in(line)
        depth += sum(-1 if tag[1] else 1 for tag in _TAG.finditer(line))
        alone = len(lines) == 1 or shows_itself(address, words)
        yield (line, address, words) if alone else (line, "", "")


def _link_in(line: str) -> tuple[str, str]:
    """Returns the address and the words of the link that is the whole line; empty strings if it is none."""
    link = _LINK.fullmatch(line)
    return (unescape(link["href"] or link["bare"]), unescape(link["words"] or link["bare"])) if link else ("", "")
