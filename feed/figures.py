"""Pictures within a text: each becomes a figure between the paragraphs, with the caption and credit of its upload. It
has its size and roughly its colour before it has loaded, so that nothing on an open page moves.

Only pictures of this site are allowed: another host would learn who reads. A text with a picture that was never
uploaded is refused, and the refusal names it. The caller passes the pictures that exist.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from copy import copy
from dataclasses import dataclass

from markdown_it.common.normalize_url import normalizeLinkText
from markdown_it.common.utils import escapeHtml
from markdown_it.renderer import RendererHTML
from markdown_it.rules_core import StateCore
from markdown_it.token import Token
from markdown_it.utils import EnvType, OptionsDict

from feed.errors import Invalid, Message, Reason
from feed.picture import SMALL

ADDRESS_NAMED = 100  # characters of a refused address that the refusal repeats
KNOWN = "pictures"  # the key of the existing pictures in markdown-it's environment
SIZES = "(min-width: 64rem) 46rem, 100vw"  # the widest column that shows pictures

OWN_PICTURE = re.compile(r"/pictures/([0-9a-f]{16})")


@dataclass(frozen=True)
class Picture:
    """A picture that can be shown. Width and height are in pixels; `format` names the kind of file. `small_width` is
    the width of the small variant, `colour` is shown until the picture has loaded (see `pixels.colour_of`); both are
    None for pictures of an earlier release that have not been measured. A decorative picture has the alt text ""."""

    id: str
    format: str
    width: int
    height: int
    alt: str
    caption: str | None
    credit: str | None
    created_at: str
    small_width: int | None = None
    colour: str | None = None

    @property
    def decorative(self) -> bool:
        """Whether it tells nothing that the text does not, so that screen readers pass over it."""
        return not self.alt

    @property
    def srcset(self) -> str:
        """The value of the srcset attribute with both variants; "" if the small one is no narrower."""
        small = self.small_width or min(SMALL, self.width)
        own = f"/pictures/{self.id}"
        return f"{own}?small {small}w, {own} {self.width}w" if small < self.width else ""


Known = Mapping[str, Picture]


def named_in(written: str) -> set[str]:
    """Returns the ids of all pictures that this Markdown may show."""
    return set(OWN_PICTURE.findall(written))


def gather(state: StateCore) -> None:
    """Takes the pictures out of the paragraphs, so that each stands between two of them. Raises Invalid, naming the
    first picture that is not of this site."""
    every, state.tokens = state.tokens, []
    position = 0
    while position < len(every):
        token = every[position]
        if not any(part.type == "image" for part in token.children or ()):
            state.tokens.append(token)
            position += 1
            continue
        parts = list(_parts(token.children or [], state.env[KNOWN]))
        opening = state.tokens[-1]
        if opening.type == "paragraph_open":
            state.tokens.pop()
            for part in parts:
                state.tokens += (
                    [part] if isinstance(part, Token) else [opening, _inline(token, part), every[position + 1]]
                )
        elif opening.type == "heading_open":
            words = [each for part in parts if not isinstance(part, Token) for each in part]
            state.tokens[-1:] = [opening, _inline(token, words), every[position + 1]] if words else []
            state.tokens += [part for part in parts if isinstance(part, Token)]
        else:  # a table's cell, which may contain both
            cells = [[part] if isinstance(part, Token) else part for part in parts]
            state.tokens += [_inline(token, [each for cell in cells for each in cell]), every[position + 1]]
        position += 2


def render(renderer: RendererHTML, tokens: Sequence[Token], index: int, options: OptionsDict, env: EnvType) -> str:
    """Returns the HTML of the figure at that index."""
    children = tokens[index].children or []
    image = next(part for part in children if part.type == "image")
    picture = _of(image, env[KNOWN])
    title = str(image.attrs.get("title", ""))
    said = escapeHtml(picture.caption or title) + (f" ({escapeHtml(picture.credit)})" if picture.credit else "")
    caption = f"<figcaption>{said.strip()}</figcaption>" if said else ""
    return f"<figure>{renderer.renderInline(children, options, env)}{caption}</figure>\n"


def render_image(
    renderer: RendererHTML, tokens: Sequence[Token], index: int, options: OptionsDict, env: EnvType
) -> str:
    """Returns the HTML of the picture. Its alt text is that of the Markdown, or else that of the upload, which is
    "" for a decorative picture."""
    token = tokens[index]
    picture = _of(token, env[KNOWN])
    title = str(token.attrs.get("title", ""))
    attributes: dict[str, str | int] = {
        "src": f"/pictures/{picture.id}",
        "alt": renderer.renderInlineAsText(token.children or [], options, env).strip() or picture.alt,
        "title": title if picture.caption else "",
        "width": picture.width,
        "height": picture.height,
        "srcset": picture.srcset,
        "sizes": SIZES if picture.srcset else "",
        "data-colour": picture.colour or "",
        "loading": "lazy",
    }
    written = (f' {name}="{escapeHtml(str(value))}"' for name, value in attributes.items() if value or name == "alt")
    return f"<img{''.join(written)}>"


def _parts(children: list[Token], known: Known) -> Iterator[Token | list[Token]]:
    """Yields words and figures in their order. A picture within emphasis, or in a link that also has words, is moved
    behind the paragraph, because HTML allows no figure there."""
    words: list[Token] = []
    late: list[Token] = []
    depth, position = 0, 0
    while position < len(children):
        token = children[position]
        taken = 3 if _links_a_picture(children, position) else 1
        figure = children[position : position + taken]
        if token.type != "image" and taken == 1:
            depth += token.nesting
            words.append(token)
        else:
            _of(figure[taken // 2], known)
            made = Token("figure", "figure", 0, block=True, children=figure)
            if depth:
                late.append(made)
            else:
                yield from _shown(words)
                yield made
                words = []
        position += taken
    yield from _shown(words)
    yield from late


def _links_a_picture(children: list[Token], position: int) -> bool:
    """Whether a link begins there that contains a picture and nothing else."""
    return [part.type for part in children[position : position + 3]] == ["link_open", "image", "link_close"]


def _shown(words: list[Token]) -> Iterator[list[Token]]:
    """Yields the words as a paragraph of their own, if there are any."""
    words = _trimmed(_trimmed(words, str.lstrip)[::-1], str.rstrip)[::-1]
    if any(part.content.strip() for part in words):
        yield words


def _trimmed(words: list[Token], strip: Callable[[str], str]) -> list[Token]:
    """Returns the words without leading breaks and spaces. To trim the end, pass them in reverse order."""
    for number, part in enumerate(words):
        if part.type == "text" and strip(part.content):
            first = copy(part)
            first.content = strip(part.content)
            return [first, *words[number + 1 :]]
        if part.type not in ("text", "softbreak", "hardbreak"):
            return words[number:]
    return []


def _inline(token: Token, children: list[Token]) -> Token:
    made = copy(token)
    made.children = children
    return made


def _of(image: Token, known: Known) -> Picture:
    """Returns the picture at the image's address. Raises Invalid if there is none."""
    address = str(image.attrs.get("src", ""))
    own = OWN_PICTURE.fullmatch(address)
    if own and own[1] in known:
        return known[own[1]]
    named = normalizeLinkText(address)[:ADDRESS_NAMED] or f"![{image.content}]()"
    if own:
        told = Message(
            "There is no picture at {address}. Upload it first, then use the address that it got.", address=named
        )
    else:
        told = Message(
            "{address} is no picture of this site. Upload it here first, then use the address that it got, /pictures/…",
            address=named,
        )
    raise Invalid(Reason("body", told))
