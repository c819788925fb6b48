"""What the rules for texts did to an update, in sentences for its editor.

Each sentence is found by comparing what was typed with the parsed text, so none is about a rule that changed nothing.
"""

import re
from collections.abc import Collection, Iterable, Iterator
from itertools import islice, pairwise
from types import MappingProxyType

from markdown_it.token import Token

from feed import external, figures, prose, text, typography
from feed.errors import Message
from feed.languages import ENGLISH

NAMED = 3  # sentences of one kind: enough to see what is meant
OPENING = 40  # characters that a sentence quotes

_LONE_LINK = ["link_open", "text", "link_close"]
_MARKDOWN = re.compile(r"(?:\d{1,9}[.)]|[-*+]|#{1,6})[ \t]+\S|>")
_TAG = re.compile(r"</?[a-z][a-z0-9]*(?:\s[^<>]*)?/?>", re.IGNORECASE)
_IN_HEADLINE = re.compile(r"\*\*\S|\]\(|`\S|#{1,6}\s")


def rules_applied(
    headline: str | None,
    body: str,
    language: str = ENGLISH,
    pictures: figures.Known = MappingProxyType({}),
    mastodon: tuple[str, ...] = (),
) -> list[Message]:
    """Returns the sentences. `headline` and `body` are the cleaned fields of an update; `text.to_html` has accepted the
    body, with the same language and pictures. `mastodon` is that of `external.find`. This takes as long as that did."""
    tokens = text.parse(body, {figures.KNOWN: pictures}, language)
    words = [part.content for token in tokens for part in token.children or () if part.type == "text"]
    typeset = "".join(words)
    posts = dict(_posts(tokens, mastodon))
    compared = [(body, typeset), (headline or "", text.plain_line(headline or "", language))]
    return [
        *_signs(compared, typography.quotes(language)),
        *(Message("“{line}” became a heading.", line=line) for line in _first(_headings(tokens))),
        *(
            Message("“{line}” stays a line of text, as it was typed.", line=line)
            for line in _first(_prose(tokens, body))
        ),
        *(Message("Lines that begin with {sign} became a list.", sign=sign) for sign in _first(_bullets(body))),
        *(Message("{address} became a link.", address=address) for address in _first(_linked(tokens, posts))),
        *islice(_carded(posts), NAMED),
        *(Message("{tag} is shown as it was typed: HTML has no effect.", tag=tag) for tag in _first(_tags(typeset))),
        *_of_headline(headline or ""),
    ]


def _first(found: Iterable[str]) -> Iterator[str]:
    """Yields the first different ones, shortened."""
    return islice(dict.fromkeys(map(_short, found)), NAMED)


def _short(words: str) -> str:
    return text.shorten(words, OPENING)


def _signs(compared: list[tuple[str, str]], quotes: str) -> Iterator[Message]:
    """Yields a sentence for each kind of sign that there is more of than was typed."""

    def added(signs: Iterable[str]) -> str:
        more = (sign for sign in signs if any(after.count(sign) > typed.count(sign) for typed, after in compared))
        return " ".join(dict.fromkeys(more))

    if signs := added((*quotes, "’")):
        yield Message("Quotes and apostrophes are set as {signs} here.", signs=signs)
    if added("–—"):
        yield Message("Hyphens in a row became a dash.")
    if added("…"):
        yield Message("Three dots became an ellipsis.")


def _headings(tokens: list[Token]) -> Iterator[str]:
    return (inside.content for opening, inside in pairwise(tokens) if opening.type == "heading_open")


def _prose(tokens: list[Token], body: str) -> Iterator[str]:
    """Yields the lines that begin like Markdown and are words. A ">" was escaped before the text was parsed."""
    typed = {line.strip() for line in body.split("\n")}
    for token in tokens:
        for line in token.content.split("\n") if token.type == "inline" else ():
            meant = line[1:] if line.startswith("\\>") else line
            if _MARKDOWN.match(meant) and meant.strip() in typed:
                yield meant


def _bullets(body: str) -> Iterator[str]:
    """Yields the signs of word processors that became bullets."""
    for typed, marked in zip(body.split("\n"), prose.as_marked(body).split("\n"), strict=True):
        if typed != marked and marked.lstrip().startswith("*"):
            yield typed.lstrip()[0]


def _linked(tokens: list[Token], posts: Collection[str]) -> Iterator[str]:
    """Yields the bare addresses that became links, but for those of the external posts."""
    for token in tokens:
        for link, words in pairwise(token.children or ()):
            if link.type == "link_open" and link.markup == "linkify" and words.content not in posts:
                yield words.content


def _posts(tokens: list[Token], mastodon: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    """Yields the address of each external post that has a card, and the name of its site."""
    for opening, inside in pairwise(tokens):
        for line in _lines(inside) if opening.type == "paragraph_open" and not opening.level else ():
            if [each.type for each in line] == _LONE_LINK and line[0].markup in ("linkify", "autolink"):
                address = line[1].content
                if post := external.find(address, mastodon):
                    yield address, post.site


def _lines(inside: Token) -> Iterator[list[Token]]:
    """Yields the lines of a paragraph. A break within emphasis ends none."""
    line: list[Token] = []
    for part in inside.children or ():
        if part.type in ("softbreak", "hardbreak") and not part.level:
            yield line
            line = []
        elif part.type != "text" or part.content:
            line.append(part)
    yield line


def _carded(posts: dict[str, str]) -> Iterator[Message]:
    for address, site in posts.items():
        named = _short(address)
        yield Message("{address} became a card, with a button that loads it from {site}.", address=named, site=site)


def _tags(typeset: str) -> Iterator[str]:
    return (found[0] for found in _TAG.finditer(typeset))


def _of_headline(headline: str) -> Iterator[Message]:
    if _IN_HEADLINE.search(headline):
        yield Message("A headline takes no Markdown: its signs are shown.")
