"""An editor's Markdown → safe HTML, once, at write time: what was approved is what is stored and shown.

Two walls: markdown-it with `html` off makes every tag itself, and nh3 lets only the allow-list below through.
Pictures may come from this site alone: a picture on a foreign host would tell that host who reads.
"""

import re
import unicodedata
from collections.abc import Callable, Sequence
from functools import lru_cache, partial

import nh3
from markdown_it import MarkdownIt, rules_core, rules_inline
from markdown_it.common.utils import escapeHtml
from markdown_it.renderer import RendererHTML
from markdown_it.token import Token
from markdown_it.utils import EnvType, OptionsDict

from feed.errors import Invalid, Reason, Sentence
from feed.languages import ENGLISH

GROWTH = 10  # times the field's limit; our longest sample grows by a third, a text of nothing but links by 5
LONG_PARAGRAPH = 4_000  # characters, 600 words; what looks for quotes and bare links takes the square of the length
QUOTES = {"uk": "«»„“"}  # outer and inner, by language; all others have those of English
WORDS_PER_MINUTE = 230  # silent reading of non-fiction in English: Brysbaert 2019, mean 238, rounded down

TAGS = {
    "a", "abbr", "b", "blockquote", "br", "code", "del", "em", "h2", "h3", "h4", "hr", "img", "li", "ol", "p",
    "pre", "s", "strong", "sub", "sup", "table", "tbody", "td", "th", "thead", "tr", "ul",
}  # fmt: skip
ATTRIBUTES = {"a": {"href", "title"}, "img": {"src", "alt", "loading"}, "ol": {"start"}, "abbr": {"title"}}
SCHEMES = {"http", "https", "mailto"}
REL = "noopener nofollow ugc"
REACHED = {"pre": {"tabindex": "0"}, "table": {"tabindex": "0"}}  # they scroll when they are wide: by keys, too
_harmless = partial(nh3.clean, tags=TAGS, attributes=ATTRIBUTES, url_schemes=SCHEMES, link_rel=REL)
_BLANK = "\u115f\u1160\u2800\u3164\uffa0"  # letters and signs by their category, and nothing to the eye
OWN_PICTURE = re.compile(r"/pictures/[0-9a-f]{16}\Z")
_PICTURE = re.compile(r'<img src="/pictures/([0-9a-f]{16})"')


def to_html(markdown: str, limit: int, language: str = ENGLISH) -> str:
    """Markdown in, an HTML fragment out, "" for nothing to show. `limit` is how many characters of Markdown the field
    holds; quotes are those of the language. Raises Invalid on "body" for HTML of more than GROWTH times that, and for
    nothing else."""
    env: EnvType = {}
    writer = _markdown(_quotes(language))
    tokens = writer.parse(markdown, env)
    # The addresses before they are written out: those of 100,000 characters can make 5 GB.
    html = writer.renderer.render(tokens, writer.options, env) if _addresses(tokens) <= GROWTH * limit else None
    if html is None or len(html) > GROWTH * limit:
        told = Sentence("This becomes far too long as a page. Use fewer or shorter links and tables.")
        raise Invalid(Reason("body", told))
    return _harmless(html, set_tag_attribute_values=REACHED).strip()


def _addresses(tokens: Sequence[Token]) -> int:
    """How long the addresses and titles of all links are together. One that is defined once counts at each use."""
    every = (part for token in tokens for part in token.children or ())
    return sum(len(str(value)) for part in every for value in part.attrs.values())


def smart_line(line: str, language: str = ENGLISH) -> str:
    """A line of words as HTML, with dashes and the quotes of that language; nothing in it is markup."""
    return str(_line(_quotes(language)).renderInline(line))


def absolute(html: str, base: str) -> str:
    """The fragment for whoever reads it elsewhere: its addresses, and those of its pictures, in full. `base` is the
    address of its own page."""
    return _harmless(html, url_relative=("rewrite_with_base", base))


def plain_line(line: str, language: str) -> str:
    """A line of words with the language's quotes, as plain text."""
    return plain(smart_line(line, language))


def first_picture(html: str) -> str | None:
    """The id of the first picture in that HTML, if it has one."""
    found = _PICTURE.search(html)
    return found[1] if found else None


def shows_something(html: str) -> bool:
    """Whether a reader would see anything of that HTML: a letter, a sign, or a picture."""
    return "<img" in html or visible(plain(html))


def visible(words: str) -> bool:
    """Whether a reader would see anything of that text: zero-width signs, lone marks and the like show nothing."""
    return any(unicodedata.category(c)[0] in "LNPS" and c not in _BLANK for c in words)


def plain(html: str) -> str:
    """The words of an HTML fragment, with the gaps between blocks kept as one space."""
    spaced = re.sub(r"</(p|li|h\d|blockquote|t[dhr]|pre)>|<br ?/?>", r"\g<0> ", html)
    return " ".join(_unescape(nh3.clean(spaced, tags=set())).split())


def shorten(words: str, limit: int) -> str:
    """The first words of a text, in at most `limit` characters with the ellipsis. A word stays whole, unless it is
    longer than that by itself."""
    if len(words) <= limit:
        return words
    return (words[:limit].rpartition(" ")[0] or words[: limit - 1]).rstrip(" ,;:.–—") + "…"


def reading_minutes(html: str) -> int:
    """How long the fragment takes to read, in whole minutes, at least one."""
    return max(1, round(len(plain(html).split()) / WORDS_PER_MINUTE))


def _unescape(text: str) -> str:
    # nh3 escapes exactly these, so the general table of entities would undo too much
    for entity, sign in (("&lt;", "<"), ("&gt;", ">"), ("&nbsp;", "\u00a0"), ("&amp;", "&")):
        text = text.replace(entity, sign)
    return text


def _image(renderer: RendererHTML, tokens: Sequence[Token], index: int, options: OptionsDict, env: EnvType) -> str:
    token = tokens[index]
    alt = escapeHtml(renderer.renderInlineAsText(token.children, options, env) if token.children else "")
    source = str(token.attrs.get("src", ""))
    # A foreign picture leaves its words behind, so that the sentence around it still makes sense.
    return f'<img src="{source}" alt="{alt}" loading="lazy">' if OWN_PICTURE.match(source) else alt


def _but_for_long_paragraphs(rule: Callable[[rules_core.StateCore], None]) -> Callable[[rules_core.StateCore], None]:
    def on_the_others(state: rules_core.StateCore) -> None:
        every = state.tokens
        state.tokens = [token for token in every if len(token.content) <= LONG_PARAGRAPH]
        rule(state)
        state.tokens = every

    return on_the_others


def _bare_link(state: rules_inline.StateInline, silent: bool) -> bool:
    return len(state.src) <= LONG_PARAGRAPH and rules_inline.linkify(state, silent)


def _heading_below_the_page(tokens: Sequence[Token]) -> None:
    """The page's own headline is the only h1; an editor's "# x" becomes h2."""
    for token in tokens:
        if token.type in ("heading_open", "heading_close"):
            token.tag = f"h{min(max(int(token.tag[1]), 2), 4)}"


def _quotes(language: str) -> str:
    return QUOTES.get(language.split("-")[0], "“”‘’")


@lru_cache
def _markdown(quotes: str) -> MarkdownIt:
    markdown = MarkdownIt("commonmark", {"html": False, "typographer": True, "linkify": True, "quotes": quotes})
    markdown.enable(["table", "strikethrough", "linkify", "replacements", "smartquotes"])
    markdown.core.ruler.at("linkify", _but_for_long_paragraphs(rules_core.linkify))
    markdown.core.ruler.at("smartquotes", _but_for_long_paragraphs(rules_core.smartquotes))
    markdown.inline.ruler.at("linkify", _bare_link)
    markdown.core.ruler.push("heading_below_the_page", lambda state: _heading_below_the_page(state.tokens))
    markdown.add_render_rule("image", lambda self, *rest: _image(self, *rest))
    return markdown


@lru_cache
def _line(quotes: str) -> MarkdownIt:
    return MarkdownIt("zero", {"typographer": True, "quotes": quotes}).enable(["replacements", "smartquotes"])
