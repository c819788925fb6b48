"""Pages as lxml reads them: a test names the element it means, and holds no order of attributes."""

from typing import Any

from lxml import etree
from lxml.html import document_fromstring, tostring

Element = Any  # lxml brings no types


def elements(markup: str, tag: str = "*", **wanted: str | bool) -> list[Element]:
    """Returns the elements with that tag and those attributes, in the order of the page. True means any value, False no
    such attribute; `class_` is one class among others; an underscore means a hyphen, as in `data_older`."""
    try:
        page = document_fromstring(markup)
    except etree.ParserError:  # nothing at all
        return []
    return [each for each in page.iter(tag) if isinstance(each.tag, str) and _fits(each, wanted)]


def element(markup: str, tag: str = "*", **wanted: str | bool) -> Element:
    """Returns the first such element."""
    found = elements(markup, tag, **wanted)
    assert found, f"no <{tag}> with {wanted}"
    return found[0]


def attribute(markup: str, name: str, tag: str = "*", **wanted: str | bool) -> str:
    """Returns the value of an attribute of the first such element that has it."""
    return str(element(markup, tag, **{name.replace("-", "_"): True, **wanted}).get(name))


def words(of: Element) -> str:
    """Returns the text of an element in one line."""
    return " ".join(of.text_content().split())


def inner(of: Element) -> str:
    """Returns the markup within an element."""
    return (of.text or "") + "".join(tostring(child, encoding="unicode") for child in of)


def _fits(each: Element, wanted: dict[str, str | bool]) -> bool:
    return all(_says(each, name.rstrip("_").replace("_", "-"), value) for name, value in wanted.items())


def _says(each: Element, name: str, value: str | bool) -> bool:
    said = each.get(name)
    if isinstance(value, bool):
        return (said is not None) is value
    return said is not None and (value in said.split() if name == "class" else said == value)
