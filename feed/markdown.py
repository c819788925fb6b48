"""The Markdown that editors write: prose wins over syntax.

A character that could be part of the words is never taken as syntax. Only complete addresses become links, a text with
an address that may not be linked is refused and the address named, and emphasis begins and ends between words.
"""

import re
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache

from linkify_it import LinkifyIt
from linkify_it.main import Match
from markdown_it import MarkdownIt, rules_core, rules_inline
from markdown_it.common.normalize_url import normalizeLinkText
from markdown_it.token import Token

from feed import figures, prose, typography
from feed.errors import Invalid, Message, Reason

LONG_PARAGRAPH = 4_000  # characters, 600 words; finding quotes and bare links takes time in the square of the length
ESCAPES_REMEMBERED = 50  # tokens back within which an escaped character may have its counterpart
SCHEMES = {"http", "https", "mailto", "tel", "sms"}

_SCHEME = re.compile(r"([a-z][a-z0-9+.-]*):", re.IGNORECASE)
_ADDRESS = re.compile(r"[a-z][a-z0-9+.-]*:|/|#|www\.", re.IGNORECASE)
_AUTOLINK = re.compile(r"<(?:(?:https?|mailto|tel|sms):|[^\s<>@]+@[^\s<>@]+\.[^\s<>@.]+>)", re.IGNORECASE)
_WITH_PATH = re.compile(r"[^A-Z/]+\.[^A-Z/]+/[\w~]")
_CLOSES = "*_~`"  # characters that may end a span, so that a backslash before them may escape them
_MARKS = frozenset("`*_[]#>~|!<+-.")


class Addresses(LinkifyIt):  # type: ignore[misc]
    """Finds what is certainly an address: with http(s)://, with www., or a known domain with a path."""

    def __init__(self) -> None:
        super().__init__(options={"fuzzy_link": True, "fuzzy_email": False, "fuzzy_ip": False})
        for scheme in ("ftp:", "//", "mailto:"):
            self.add(scheme, None)

    def match(self, text: str) -> list[Match] | None:
        """Returns the addresses in the text, in their order, or None."""
        return [found for found in super().match(text) or () if _surely(found)] or None


def _surely(found: Match) -> bool:
    return bool(found.schema) or found.text.lower().startswith("www.") or bool(_WITH_PATH.match(found.text))


class Markdown(MarkdownIt):
    """Makes links of addresses only. A bare address that becomes a link is shown as it was typed."""

    def validateLink(self, url: str) -> bool:
        """Whether that is an address: "[note](see below)" is no link."""
        return _ADDRESS.match(url) is not None

    def normalizeLink(self, url: str) -> str:
        """Returns the address as a browser needs it; one that begins with www. gets https://."""
        return super().normalizeLink(f"https://{url}" if url.lower().startswith("www.") else url)

    def normalizeLinkText(self, link: str) -> str:
        """Returns the address as it is shown: unchanged."""
        return link


@lru_cache
def words(quotes: str) -> MarkdownIt:
    """Returns the renderer for texts, with those four quotation marks."""
    options = {"html": False, "typographer": True, "linkify": True, "quotes": quotes, "breaks": True}
    markdown = Markdown("commonmark", options)
    markdown.linkify = Addresses()
    markdown.enable(["table", "strikethrough", "linkify", "replacements", "smartquotes"])
    markdown.disable(["code", "lheading", "reference", "html_block", "html_inline", "entity"])
    _guard_blocks(markdown)
    _guard_words(markdown)
    markdown.core.ruler.at("linkify", _but_for_long_paragraphs(rules_core.linkify))
    markdown.core.ruler.at("replacements", typography.set_signs)
    markdown.core.ruler.at("smartquotes", _but_for_long_paragraphs(rules_core.smartquotes))
    markdown.core.ruler.push("heading_below_the_page", lambda state: _heading_below_the_page(state.tokens))
    markdown.core.ruler.push("numbers", lambda state: _keep_numbers(state.tokens))
    markdown.core.ruler.push("addresses", lambda state: _check_addresses(state.tokens))
    markdown.core.ruler.push("figures", figures.gather)
    markdown.add_render_rule("figure", figures.render)
    markdown.add_render_rule("image", figures.render_image)
    return markdown


@lru_cache
def line(quotes: str) -> MarkdownIt:
    """Returns the renderer for a line without markup, with those four quotation marks."""
    markdown = MarkdownIt("zero", {"typographer": True, "quotes": quotes}).enable(["replacements", "smartquotes"])
    markdown.core.ruler.at("replacements", typography.set_signs)
    return markdown


def _guard_blocks(markdown: MarkdownIt) -> None:
    ruler = markdown.block.ruler
    breaking = ["paragraph", "reference", "blockquote", "list"]
    ruler.at("table", prose.some_table, {"alt": ["paragraph"]})
    ruler.at("fence", prose.some_code, {"alt": breaking})
    ruler.at("blockquote", prose.some_quotation, {"alt": breaking})
    ruler.at("hr", prose.some_break, {"alt": []})
    ruler.at("list", prose.some_list, {"alt": ["paragraph", "reference", "blockquote"]})
    ruler.at("heading", prose.some_heading, {"alt": ["paragraph", "reference", "blockquote"]})


def _guard_words(markdown: MarkdownIt) -> None:
    ruler = markdown.inline.ruler
    ruler.at("linkify", _bare_link)
    ruler.at("escape", _escape)
    ruler.at("backticks", _code)
    ruler.at("emphasis", _between_words(rules_inline.emphasis.tokenize))
    ruler.at("strikethrough", _between_words(rules_inline.strikethrough.tokenize))
    ruler.at("autolink", _autolink)


Rule = Callable[[rules_inline.StateInline, bool], bool]


def _between_words(rule: Rule) -> Rule:
    """Limits the rule to characters that stand between words: 2*3*4 and @_john_doe_ are no emphasis."""

    def tokenize(state: rules_inline.StateInline, silent: bool) -> bool:
        start, known = state.pos, len(state.delimiters)
        if not rule(state, silent):
            return False
        before = state.src[start - 1] if start else " "
        after = state.src[state.pos] if state.pos < state.posMax else " "
        opens = not (_in_word(before) or before in "@#/\\") and _pairs(state, start)
        closes = not (_in_word(after) or after in "@/\\")
        for delimiter in state.delimiters[known:]:
            delimiter.open = delimiter.open and opens
            delimiter.close = delimiter.close and closes
        return True

    return tokenize


def _in_word(sign: str) -> bool:
    """Whether that is a letter or digit of a script that puts spaces around words. Others, such as Chinese, Hebrew and
    Korean, have none around emphasis, as in **важливо**."""
    return sign == "_" or (sign.isalnum() and unicodedata.category(sign) != "Lo")


def _pairs(state: rules_inline.StateInline, start: int) -> bool:
    """Whether emphasis can begin there. Names contain underscores too, so a pair of them has to be single and may not
    enclose another: __init__ and _john_doe_ are names."""
    if state.src[start] != "_":
        return True
    if state.pos - start > 1:
        return False
    following = state.src.find("_", state.pos, state.posMax)
    if following < 0:
        return False
    after = state.src[following + 1 : following + 2] or " "
    return not (state.src[following - 1].isspace() or _in_word(after))


def _escape(state: rules_inline.StateInline, silent: bool) -> bool:
    """A backslash escapes only what could begin or end a span there: C:\\*.* and ¯\\_(ツ)_/¯ keep it."""
    pos, src = state.pos, state.src
    if src[pos] != "\\" or pos + 1 >= state.posMax or src[pos + 1] not in _MARKS:
        return False
    before = src[pos - 1] if pos else " "
    opens = before.isspace() or unicodedata.category(before) in ("Ps", "Pi") or before in "\"'"
    closes = src[pos + 1] in _CLOSES and (before.isalnum() or before in ".,!?") and _opened(state, src[pos + 1])
    return (opens or closes) and rules_inline.escape(state, silent)


def _opened(state: rules_inline.StateInline, mark: str) -> bool:
    """Whether that character was escaped before."""
    sought = f"\\{mark}"
    return any(token.markup == sought for token in state.tokens[-ESCAPES_REMEMBERED:])


def _code(state: rules_inline.StateInline, silent: bool) -> bool:
    """Code between backticks. A backtick within a word stands for an apostrophe."""
    pos, src = state.pos, state.src
    if src[pos] == "`" and pos and src[pos - 1].isalpha() and src[pos + 1 : pos + 2].isalpha():
        if not silent:
            state.pending += "`"
        state.pos += 1
        return True
    return rules_inline.backtick(state, silent)


def _autolink(state: rules_inline.StateInline, silent: bool) -> bool:
    return _AUTOLINK.match(state.src, state.pos) is not None and rules_inline.autolink(state, silent)


def _bare_link(state: rules_inline.StateInline, silent: bool) -> bool:
    return len(state.src) <= LONG_PARAGRAPH and rules_inline.linkify(state, silent)


def _but_for_long_paragraphs(rule: Callable[[rules_core.StateCore], None]) -> Callable[[rules_core.StateCore], None]:
    def on_the_others(state: rules_core.StateCore) -> None:
        every = state.tokens
        state.tokens = [token for token in every if len(token.content) <= LONG_PARAGRAPH]
        rule(state)
        state.tokens = every

    return on_the_others


def _heading_below_the_page(tokens: Sequence[Token]) -> None:
    """The page's own headline is the only h1; an editor's "# x" becomes h2."""
    for token in tokens:
        if token.type in ("heading_open", "heading_close"):
            token.tag = f"h{min(max(int(token.tag[1]), 2), 4)}"


def _keep_numbers(tokens: Sequence[Token]) -> None:
    """Keeps the number of a list item as it was typed, if it is not the next one."""
    counted: list[int] = []
    for token in tokens:
        if token.type in ("ordered_list_open", "bullet_list_open"):
            counted.append(int(token.attrs.get("start", 1)) - 1)
        elif token.type in ("ordered_list_close", "bullet_list_close"):
            counted.pop()
        elif token.type == "list_item_open" and token.info:
            counted[-1] += 1
            if int(token.info) != counted[-1]:
                counted[-1] = int(token.info)
                token.attrs["value"] = token.info


def _check_addresses(tokens: Sequence[Token]) -> None:
    """Raises Invalid, naming the first address that may not be linked."""
    for address in addresses(tokens):
        scheme = _SCHEME.match(address)
        if address.startswith("//") or (scheme and scheme[1].lower() not in SCHEMES):
            raise refused(address)


def refused(address: str) -> Invalid:
    """Returns the refusal of an address that cannot be linked."""
    told = Message(
        "{address} cannot be linked. Use https://, mailto:, tel: or sms:, or an address of this site.",
        address=normalizeLinkText(address)[: figures.ADDRESS_NAMED],
    )
    return Invalid(Reason("body", told))


def addresses(tokens: Sequence[Token]) -> Iterator[str]:
    """Yields the addresses of all links."""
    for token in tokens:
        for part in token.children or ():
            if part.type == "link_open":
                yield str(part.attrs["href"])
