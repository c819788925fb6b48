"""Writes the words of one paragraph as Markdown, so that our own renderer shows the same words with the same looks.

A character that would be taken as syntax is escaped, and only such a one; emphasis that our rules cannot show, as of a
part of a word, is left out. What is written is rendered and compared with what it should be, so that this module does
not have to know those rules by heart.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import cache

from markdown_it import MarkdownIt
from markdown_it.token import Token

from feed import figures, markdown, typography
from feed.errors import Invalid
from feed.paste import looks
from feed.paste.looks import Look
from feed.paste.writer import MARKS, Spans, escaped, markdown_of

MOST_SPANS = 60  # of emphasis in a paragraph, each of which is tried; with more of them, it is a pattern

_PLAIN = Look()
_MAY_MARK = frozenset("*_~`[]<>!|\\")
_TYPESET = frozenset("'\"“”‘’„‚«»‹›-–—….")  # signs that typography replaces


def written(spans: Spans) -> str:
    """Returns the Markdown for these characters."""
    if not any(sign in _MAY_MARK or look != _PLAIN for sign, look in spans):
        return markdown_of(spans, 0)
    wanted = _essence(spans)
    for looked, escaping in ((spans, 0), (spans, 1)):
        tried = markdown_of(looked, escaping)
        if _essence(_shown(tried)) == wanted:
            return tried
    return _with_what_works(spans)


def _with_what_works(spans: Spans) -> str:
    """Begins without emphasis, and adds what our renderer shows. Code and links are left out only if they would spoil
    the words."""
    bare, escaping = next(_bare_that_work(spans))
    extents = [(name, extent) for name in MARKS for extent in _extents(spans, name)]
    if len(extents) > MOST_SPANS:
        return markdown_of(bare, escaping)
    for name, (start, end) in extents:
        for begin, stop in {(start, end): 0, _trimmed(spans, start, end): 0}:
            tried = [*bare]
            for at in range(begin, stop):
                tried[at] = (bare[at][0], looks.changed(bare[at][1], name, present=True))
            if begin < stop and _is_shown(tried, escaping):
                bare = tried
                break
    return markdown_of(bare, escaping)


def _bare_that_work(spans: Spans) -> Iterator[tuple[list[tuple[str, Look]], int]]:
    for kept in (("code", "href"), ("href",), ()):
        bare = [(sign, Look(**{name: getattr(look, name) for name in kept})) for sign, look in spans]
        yield from ((bare, escaping) for escaping in (0, 1, 2) if _is_shown(bare, escaping))
    yield bare, 2


def _is_shown(spans: Spans, escaping: int) -> bool:
    return _essence(_shown(markdown_of(spans, escaping))) == _essence(spans)


def _extents(spans: Spans, name: str) -> Iterator[tuple[int, int]]:
    start = None
    for at, (_, look) in enumerate([*spans, ("", _PLAIN)]):
        if getattr(look, name):
            start = at if start is None else start
        elif start is not None:
            yield start, at
            start = None


def _trimmed(spans: Spans, start: int, end: int) -> tuple[int, int]:
    """The extent without the signs at its ends."""
    while start < end and not spans[start][0].isalnum():
        start += 1
    while start < end and not spans[end - 1][0].isalnum():
        end -= 1
    return start, end


def _essence(spans: Spans) -> list[tuple[str, Look]]:
    """What has to be the same: letters, signs and looks; not spaces and what typography replaces."""
    return [(sign, look) for sign, look in spans if not sign.isspace() and sign not in _TYPESET]


@cache
def _renderer() -> MarkdownIt:
    return markdown.words(typography.ENGLISH_QUOTES)


def _shown(text: str) -> Spans:
    """Returns what our renderer shows of a paragraph; nothing if it refuses it, for an address or a picture."""
    try:
        tokens = _renderer().parseInline(text, {figures.KNOWN: {}})
    except Invalid:
        return []
    return list(_characters(tokens[0].children or [] if tokens else []))


def _characters(tokens: Sequence[Token]) -> Iterator[tuple[str, Look]]:
    look, automatic = _PLAIN, False
    for token in tokens:
        name = {"strong": "bold", "em": "italic", "s": "struck"}.get(token.type.rpartition("_")[0])
        if name:
            look = looks.changed(look, name, present=token.nesting > 0)
        elif token.type == "link_open":
            automatic = token.info == "auto"
            look = look if automatic else replace(look, href=str(token.attrs["href"]))
        elif token.type == "link_close":
            look = look if automatic else replace(look, href="")
        elif token.type == "code_inline":
            yield from ((sign, replace(look, code=True)) for sign in token.content)
        elif token.type == "image":
            yield "\0", look
        else:
            yield from ((sign, look) for sign in token.content)


def address(href: str) -> str:
    """Returns the address as our renderer links it; "" for one that it does not link."""
    linked = _renderer().normalizeLink(escaped(href))
    return linked if _renderer().validateLink(linked) else ""
