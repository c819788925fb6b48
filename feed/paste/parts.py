"""The tags that pasted HTML is made of, and text that knows how it looks."""

from bs4.element import NavigableString, Tag

from feed.paste.looks import Look

BLOCKS = frozenset((
    "address", "article", "aside", "blockquote", "caption", "center", "dd", "details", "div", "dl", "dt", "figcaption",
    "figure", "footer", "form", "h1", "h2", "h3", "h4", "h5", "h6", "header", "hr", "li", "main", "nav", "ol", "p",
    "pre", "section", "summary", "table", "tbody", "td", "tfoot", "th", "thead", "tr", "ul",
))  # fmt: skip
SILENT = frozenset((
    "audio", "button", "canvas", "datalist", "dialog", "head", "iframe", "math", "noscript", "object", "script",
    "select", "style", "svg", "template", "textarea", "title", "video",
))  # fmt: skip
HEADINGS = ("h1", "h2", "h3", "h4", "h5", "h6")
NAMES = sorted(BLOCKS)


class Worded(NavigableString):
    """Text with its look."""

    look: Look

    def __new__(cls, words: str, look: Look = Look()) -> "Worded":  # noqa: B008 - it is frozen
        made = super().__new__(cls, words)
        made.look = look
        return made

    def __copy__(self) -> "Worded":
        return Worded(str(self), self.look)


def has_words(tag: Tag) -> bool:
    """Whether anything but spaces is in the tag."""
    return any(isinstance(part, NavigableString) and part.strip() for part in tag.descendants)
