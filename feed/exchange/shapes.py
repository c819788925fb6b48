"""Whether JSON has the shape that a format says, and if not, the place where it has not."""

from collections.abc import Callable, Mapping
from typing import Any

from feed.exchange.source import Unreadable
from feed.text import half_characters

ID = 500  # characters of what names an entry: tag URIs have 60, and addresses that serve as one seldom 300

Shape = Callable[[Any, str], None]
"""Takes a value and its place in the document. Raises Unreadable with that place."""


def text(value: Any, place: str) -> None:
    """A text, in whole characters."""
    if not isinstance(value, str):
        raise _wrong(value, place, "a text")
    if half_characters(value):
        raise Unreadable(f"{place} holds half a character")


def name(value: Any, place: str) -> None:
    """A text that names something."""
    text(value, place)
    if not 0 < len(value) <= ID:
        raise Unreadable(f"{place} has {len(value)} characters, and should have 1 to {ID}")


def flag(value: Any, place: str) -> None:
    """true or false."""
    if not isinstance(value, bool):
        raise _wrong(value, place, "true or false")


def or_null(shape: Shape) -> Shape:
    """Null, or that."""

    def check(value: Any, place: str) -> None:
        if value is not None:
            shape(value, place)

    return check


def each(shape: Shape) -> Shape:
    """A list of these."""

    def check(value: Any, place: str) -> None:
        if not isinstance(value, list):
            raise _wrong(value, place, "a list")
        for at, one in enumerate(value):
            shape(one, f"{place}[{at}]")

    return check


def by_name(shape: Shape) -> Shape:
    """An object that has one of these by each name."""

    def check(value: Any, place: str) -> None:
        if not isinstance(value, dict):
            raise _wrong(value, place, "an object")
        for key, one in value.items():
            name(key, f"a name in {place}")
            shape(one, f"{place}.{key}")

    return check


def fields(needed: Mapping[str, Shape], more: Mapping[str, Shape] | None = None) -> Shape:
    """An object with these fields; it may lack those of `more`, and have others, which are passed over."""

    def check(value: Any, place: str) -> None:
        if not isinstance(value, dict):
            raise _wrong(value, place, "an object")
        for key, shape in needed.items():
            if key not in value:
                raise Unreadable(f"{_within(place, key)} is missing")
            shape(value[key], _within(place, key))
        for key, shape in (more or {}).items():
            if key in value:
                shape(value[key], _within(place, key))

    return check


def _within(place: str, key: str) -> str:
    return f"{place}.{key}" if place else key


def _wrong(value: Any, place: str, should: str) -> Unreadable:
    kinds = {dict: "an object", list: "a list", str: "a text", bool: "true or false", type(None): "null"}
    return Unreadable(f"{place or 'the document'} is {kinds.get(type(value), 'a number')}, and should be {should}")
