"""Turns an editor's Markdown into safe HTML, once, when it is saved: what was approved is what is stored and shown.

Two layers of protection: markdown-it with `html` off makes every tag itself, and nh3 removes everything that is not on
the allow-list below.
"""

import math
import re
import unicodedata
from functools import partial
from types import MappingProxyType

import nh3
from markdown_it.common.utils import escapeHtml
from markdown_it.token import Token
from markdown_it.utils import EnvType

from feed import figures, markdown, prose, typography
from feed.errors import Invalid, Message, Reason
from feed.languages import ENGLISH

GROWTH = 10  # times the field's limit; our longest sample grows by a third, a text of links alone fivefold
WORDS_PER_MINUTE = 238  # the mean for silent reading of non-fiction in English: Brysbaert 2019
LETTERS_PER_WORD = 5  # in scripts without spaces between words: Thai, Lao, Khmer, Burmese

TAGS = {
    "a", "abbr", "b", "blockquote", "br", "code", "del", "em", "figcaption", "figure", "h2", "h3", "h4", "hr", "img",
    "li", "ol", "p", "pre", "s", "strong", "sub", "sup", "table", "tbody", "td", "th", "thead", "tr", "ul",
}  # fmt: skip
ATTRIBUTES = {
    "a": {"href", "title"},
    "img": {"src", "alt", "title", "width", "height", "srcset", "sizes", "data-colour", "loading"},
    "ol": {"start"},
    "li": {"value"},
    "abbr": {"title"},
}
REL = "noopener"  # without nofollow: these links are by editors, not by unknown users
REACHED = {
    "pre": {"tabindex": "0"},
    "table": {"tabindex": "0"},
}  # they scroll when they are wide, so keys must reach them
ELSEWHERE = ATTRIBUTES | {"img": {"src", "alt", "title", "width", "height"}}  # what other sites can use
_clean = partial(nh3.clean, tags=TAGS, url_schemes=markdown.SCHEMES, link_rel=REL)
_harmless = partial(_clean, attributes=ATTRIBUTES)
_BLANK = "\u115f\u1160\u2800\u3164\uffa0"  # letters and signs by their category, but invisible
_BETWEEN = re.compile(r"</(?:p|li|h\d|blockquote|t[dhr]|pre|figure)>|<fig\w+>|<br ?/?>|<(?:[ou]l|li)\b[^>]*>|</[ou]l>")
_LEADS_NOWHERE = re.compile(r"<a (?!href=)")
_NUMBER = re.compile(r'(?:start|value)="(\d{1,9})"')
_HALF = re.compile("[\ud800-\udfff]")
_HAN = re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]")
_KANA = re.compile(r"[\u3040-\u30ff]")
_UNSPACED = re.compile(r"[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff]")
_CAPTION = re.compile(r"<figcaption>.*?</figcaption>", re.DOTALL)
_ALT = re.compile(r'<img [^>]*\balt="([^"]*)"[^>]*>')
_PICTURE = re.compile(r'<img src="/pictures/([0-9a-f]{16})"')


def to_html(written: str, limit: int, language: str = ENGLISH, pictures: figures.Known = MappingProxyType({})) -> str:
    """Returns the HTML fragment of this Markdown, "" if it shows nothing. `limit` is how many characters of Markdown
    the field allows, `language` decides the quotation marks, and `pictures` are the existing pictures by id, at least
    those of `figures.named_in`.

    Raises Invalid on "body" for HTML of more than GROWTH times the limit, for an address that may not be linked, and
    for a picture that is not in `pictures`; never anything else.
    """
    env: EnvType = {figures.KNOWN: pictures}
    tokens = parse(written, env, language)
    writer = markdown.words(typography.quotes(language))
    html = writer.renderer.render(tokens, writer.options, env)
    if len(html) > GROWTH * limit:
        told = Message("This becomes far too long as a page. Use fewer or shorter links and tables.")
        raise Invalid(Reason("body", told))
    harmless = _harmless(html, set_tag_attribute_values=REACHED).strip()
    if _LEADS_NOWHERE.search(harmless):
        raise markdown.refused(next(address for address in markdown.addresses(tokens) if not _is_linked(address)))
    return harmless


def parse(written: str, env: EnvType, language: str = ENGLISH) -> list[Token]:
    """Returns the tokens of this Markdown. `env` has the existing pictures under `figures.KNOWN`. Raises Invalid like
    `to_html`."""
    return markdown.words(typography.quotes(language)).parse(prose.as_marked(written), env)


def _is_linked(address: str) -> bool:
    """Whether nh3 keeps the address of a link; it removes one with an impossible host."""
    return not _LEADS_NOWHERE.search(_harmless(f'<a href="{escapeHtml(address)}">a</a>'))


def smart_line(line: str, language: str = ENGLISH) -> str:
    """Returns a line of text as HTML, with dashes and the quotes of that language. Nothing in it is markup."""
    return str(markdown.line(typography.quotes(language)).renderInline(line))


def absolute(html: str, base: str) -> str:
    """Returns the fragment for other sites and feed readers, with absolute addresses of links and pictures. `base` is
    the address of its own page."""
    return _clean(html, attributes=ELSEWHERE, url_relative=("rewrite_with_base", base))


def plain_line(line: str, language: str) -> str:
    """Returns a line of text with the language's quotes, as plain text."""
    return plain(smart_line(line, language))


def first_picture(html: str) -> str | None:
    """Returns the id of the first picture in that HTML, or None."""
    found = _PICTURE.search(html)
    return found[1] if found else None


def pictures(html: str) -> set[str]:
    """Returns the ids of all pictures that are shown in that HTML."""
    return set(_PICTURE.findall(html))


def shows_something(html: str) -> bool:
    """Whether a reader would see anything of that HTML: a letter, a sign, or a picture."""
    return "<img" in html or visible(plain(html))


def half_characters(words: str) -> bool:
    """Whether the text contains a lone surrogate, half of a character, which JSON can write and UTF-8 cannot."""
    return _HALF.search(words) is not None


def visible(words: str) -> bool:
    """Whether a reader would see anything of that text: zero-width characters, lone accents and the like are
    invisible."""
    return any(unicodedata.category(c)[0] in "LNPS" and c not in _BLANK for c in words)


def plain(html: str) -> str:
    """Returns the words of an HTML fragment and the numbers of its lists, with one space between blocks. Captions are
    left out, unless the fragment has no other words."""
    return _words_of(_CAPTION.sub(" ", html)) or _words_of(html)


def findable(html: str) -> str:
    """Returns all words by which a search can find an HTML fragment, with the captions and alt texts of its
    pictures."""
    return _words_of(_ALT.sub(r" \1 ", html))


def _words_of(html: str) -> str:
    counted: list[int | None] = []  # the number of the next item of each open list; None for a bulleted one
    spaced = _BETWEEN.sub(lambda tag: _gap(tag[0], counted), html)
    return " ".join(_unescape(nh3.clean(spaced, tags=set())).split())


def _gap(tag: str, counted: list[int | None]) -> str:
    """Returns what replaces the tag in plain text: a space, or the number of a list item."""
    given = _NUMBER.search(tag)
    if tag.startswith(("<ol", "<ul")):
        counted.append(int(given[1]) if given else 1)
        if tag.startswith("<ul"):
            counted[-1] = None
    elif tag.startswith("</") and tag.endswith("l>") and counted:
        counted.pop()
    elif tag.startswith("<li") and counted and counted[-1] is not None:
        number = int(given[1]) if given else counted[-1]
        counted[-1] = number + 1
        return f" {number}. "
    return " "


def shorten(words: str, limit: int) -> str:
    """Returns the first words of a text, in at most `limit` characters with the ellipsis. Only a word that is longer
    than the limit by itself is cut."""
    if len(words) <= limit:
        return words
    return (words[:limit].rpartition(" ")[0] or words[: limit - 1]).rstrip(" ,;:.–—") + "…"


def reading_minutes(html: str) -> int:
    """Returns how long the fragment takes to read, in minutes, rounded up, at least 1."""
    return max(1, math.ceil(count_words(plain(html)) / WORDS_PER_MINUTE))


def count_words(text: str) -> int:
    """Returns the number of words, in any script. A Chinese character counts as a word, a Japanese syllable as half a
    word."""
    spaced = _UNSPACED.sub(" ", _KANA.sub(" ", _HAN.sub(" ", text)))
    apart = sum(any(c.isalnum() for c in word) for word in spaced.split())
    joined = len(_HAN.findall(text)) + len(_KANA.findall(text)) / 2 + len(_UNSPACED.findall(text)) / LETTERS_PER_WORD
    return apart + math.ceil(joined)


def _unescape(text: str) -> str:
    # nh3 escapes exactly these, so the general table of entities would undo too much
    for entity, sign in (("&lt;", "<"), ("&gt;", ">"), ("&nbsp;", "\u00a0"), ("&amp;", "&")):
        text = text.replace(entity, sign)
    return text
