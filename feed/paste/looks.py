"""How words look: bold, in italics, struck out, code, a link. A style counts more than its tag, as in a browser:
Google Docs wraps everything in a <b> of normal weight, and web pages make words bold with spans."""

import re
from dataclasses import dataclass, replace
from typing import Any

from bs4.element import Tag

BOLD = 600  # the weight from which on letters look bold
INLINE = frozenset((
    "a", "abbr", "acronym", "b", "big", "cite", "code", "del", "dfn", "em", "font", "i", "ins", "kbd", "label", "mark",
    "q", "s", "samp", "small", "span", "strike", "strong", "sub", "sup", "time", "tt", "u", "var",
))  # fmt: skip

_WEIGHT = re.compile(r"(?:^|;)\s*font-weight\s*:\s*([\w-]+)|(?:^|;)\s*font\s*:[^;]*?\b(bold|[1-9]00)\b", re.IGNORECASE)
_SLOPE = re.compile(r"(?:^|;)\s*font-style\s*:\s*(\w+)", re.IGNORECASE)
_STRUCK = re.compile(r"(?:^|;)\s*text-decoration(?:-line)?\s*:[^;]*\bline-through\b", re.IGNORECASE)
_HIDDEN = re.compile(r"(?:^|;)\s*(?:display\s*:\s*none|mso-hide\s*:\s*all)", re.IGNORECASE)


@dataclass(frozen=True)
class Look:
    """How some words look. `href` is the address that they link to, "" for none."""

    bold: bool = False
    italic: bool = False
    struck: bool = False
    code: bool = False
    href: str = ""


def inside(tag: Tag, look: Look) -> Look:
    """Returns the look of words in that tag, in words of that look."""
    name, style = tag.name, str(tag.get("style", ""))
    look = replace(
        look,
        bold=look.bold or name in ("b", "strong"),
        italic=look.italic or name in ("i", "em"),
        struck=look.struck or name in ("s", "strike", "del") or bool(_STRUCK.search(style)),
        code=look.code or name in ("code", "kbd", "samp", "tt"),
        href=str(tag.get("href", "")) or look.href,
    )
    if weight := _WEIGHT.search(style):
        look = replace(look, bold=_is_bold((weight[1] or weight[2]).lower(), look.bold))
    if slope := _SLOPE.search(style):
        look = replace(look, italic=slope[1].lower() in ("italic", "oblique"))
    return look


def changed(look: Look, name: str, *, present: bool) -> Look:
    """Returns the look with or without "bold", "italic" or "struck"."""
    values: dict[str, Any] = {name: present}
    return replace(look, **values)


def is_hidden(tag: Tag) -> bool:
    """Whether a browser shows nothing of that tag."""
    return bool(_HIDDEN.search(str(tag.get("style", ""))))


def _is_bold(weight: str, before: bool) -> bool:
    if weight.isdigit():
        return int(weight) >= BOLD
    return weight in ("bold", "bolder") or (weight not in ("normal", "lighter") and before)
