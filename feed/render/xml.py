"""XML, built as a tree and serialised by the standard library.

XML 1.0 cannot hold most control characters, half characters, U+FFFE and U+FFFF, not even escaped. An editor's Markdown
can still name some (`&#12;`), so they are dropped here; pages and JSON can hold them and do. Prefixes are part of the
names of elements, because the library would register them for the whole process.
"""

import re
from html import escape, unescape
from xml.etree.ElementTree import Element, SubElement, tostring

ATOM = "http://www.w3.org/2005/Atom"

_TAG = re.compile("<[A-Za-z/!?]")
_NO_CHARACTER = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def root(tag: str, **attributes: str) -> Element:
    """The first element of a document. In the names of attributes, `__` stands for the colon."""
    return Element(tag, {name.replace("__", ":"): value for name, value in attributes.items()})


def add(parent: Element, tag: str, text: str | None = None, **attributes: str) -> Element:
    """A new last child, with that text."""
    child = SubElement(parent, tag, {name: _allowed(value) for name, value in attributes.items()})
    child.text = _allowed(text) if text is not None else None
    return child


def add_title(parent: Element, tag: str, text: str) -> None:
    """A child of Atom with a plain text. Where its signs could be taken for HTML, as feed readers do whatever it says,
    it is HTML in which they are escaped (RFC 4287, 3.1.1.2)."""
    if _like_html(text):
        add(parent, tag, escape(text, quote=False), type="html")
    else:
        add(parent, tag, text)


def like_plain(text: str) -> str:
    """A plain text for an element of RSS, in which feed readers expect HTML or do not. Where its signs could be taken
    for HTML they are escaped once more (validator.w3.org/feed/docs/warning/ContainsHTML.html)."""
    return escape(text, quote=False) if _like_html(text) else text


def document(first: Element) -> bytes:
    """The whole document, in UTF-8."""
    serialised: bytes = tostring(first, encoding="utf-8", xml_declaration=True)
    return serialised


def _like_html(text: str) -> bool:
    return bool(_TAG.search(text)) or unescape(text) != text


def _allowed(text: str) -> str:
    return _NO_CHARACTER.sub("", text)
