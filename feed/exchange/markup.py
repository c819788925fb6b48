"""XML as a tree. Without a DOCTYPE there are no entities to expand and nothing outside of the file to load, so a file
with one is refused; feeds and WordPress's exports have none."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from xml.parsers import expat

from feed.exchange.source import Unreadable

DEEPEST = 100  # elements within each other; feeds have ten
BETWEEN = " "  # namespace and name, in what expat reports


@dataclass
class Node:
    """An element. `space` is its namespace, "" for none; `content` are words and elements in their order."""

    space: str
    name: str
    attributes: dict[str, str]
    content: list["Node | str"] = field(default_factory=list)

    @property
    def children(self) -> list["Node"]:
        """The elements in it."""
        return [each for each in self.content if isinstance(each, Node)]

    @property
    def text(self) -> str:
        """Its own words, without those of its children."""
        return "".join(each for each in self.content if isinstance(each, str)).strip()

    def all(self, name: str, space: str | None = None) -> Iterator["Node"]:
        """Its children of that name. `space` is how their namespace begins; None takes any."""
        for child in self.children:
            if child.name == name and (space is None or child.space.startswith(space)):
                yield child

    def first(self, name: str, space: str | None = None) -> str:
        """The words of the first such child; "" if there is none."""
        return next((child.text for child in self.all(name, space)), "")


def tree(content: bytes) -> Node:
    """The root of that document. Raises Unreadable."""
    top = Node("", "", {})
    within = [top]
    parser = expat.ParserCreate(namespace_separator=BETWEEN)
    parser.buffer_text = True

    def begin(name: str, attributes: dict[str, str]) -> None:
        if len(within) > DEEPEST:
            raise Unreadable(f"more than {DEEPEST} elements are within each other")
        space, _, local = name.rpartition(BETWEEN)
        node = Node(space, local, attributes)
        within[-1].content.append(node)
        within.append(node)

    def doctype(*_: object) -> None:
        raise Unreadable("it has a DOCTYPE, which may define entities; remove it first")

    parser.StartElementHandler = begin
    parser.EndElementHandler = lambda _: within.pop()
    parser.CharacterDataHandler = lambda text: within[-1].content.append(text)
    parser.StartDoctypeDeclHandler = doctype
    try:
        parser.Parse(content, True)
    except (expat.ExpatError, ValueError) as error:
        if isinstance(error, Unreadable):
            raise
        raise Unreadable(f"it is no XML: {error}") from None
    return top.children[0]
