"""XML as a tree. Without a DOCTYPE there are no entities to expand and nothing outside of the file to load, so a file
with one is refused; feeds and WordPress's exports have none."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from xml.parsers import expat

from feed.exchange.source import Unreadable

DEEPEST = 100  # elements within each other; feeds have ten
PIECES = 1_000_000  # elements, attributes and stretches of words: 30,000 updates, and 400 MB as a tree
NAMES = 10_000  # different ones of elements and attributes, of which the parser keeps each; feeds have a hundred
NAME = 200  # characters of a name with its namespace; the longest in feeds has 60
TAG_BYTES = 1024**2  # of one tag, comment or instruction, which is held whole until its end
READ_AT_ONCE = 64 * 1024  # bytes, after each of which that is looked at
BETWEEN = " "  # namespace and name, in what expat reports


@dataclass(slots=True)
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

    def only(self, name: str) -> "Node":
        """The one child of that name. Raises Unreadable if there is none, or more than one."""
        found = list(self.all(name))
        if len(found) != 1:
            raise Unreadable(f"it has {len(found)} elements <{name}>, and should have one")
        return found[0]

    def first(self, name: str, space: str | None = None) -> str:
        """The words of the first such child; "" if there is none."""
        return next((child.text for child in self.all(name, space)), "")


def tree(content: bytes) -> Node:
    """The root of that document. Raises Unreadable."""
    builder = _Builder()
    try:
        for begin in range(0, len(content), READ_AT_ONCE):
            builder.read(content[begin : begin + READ_AT_ONCE], begin)
        builder.parser.Parse(b"", True)
    except (expat.ExpatError, ValueError) as error:
        if isinstance(error, Unreadable):
            raise
        raise Unreadable(f"it is no XML: {error}") from None
    return builder.top.children[0]


class _Builder:
    """Builds the tree, and stops when it becomes larger than a feed is."""

    def __init__(self) -> None:
        self.top = Node("", "", {})
        self._within = [self.top]
        self.parser = expat.ParserCreate(namespace_separator=BETWEEN)
        self.parser.buffer_text = True
        self.parser.StartElementHandler = self._begin
        self.parser.EndElementHandler = lambda _: self._within.pop()
        self.parser.CharacterDataHandler = self._words
        self.parser.StartDoctypeDeclHandler = self._doctype
        self._pieces = 0
        self._names: dict[str, tuple[str, str]] = {}

    def read(self, content: bytes, begin: int) -> None:
        """Reads more of the document, which begins there."""
        self.parser.Parse(content, False)
        if begin + len(content) - self.parser.CurrentByteIndex > TAG_BYTES:
            raise Unreadable(f"a tag or a comment in it has more than {TAG_BYTES // 1024**2} MB")

    def _begin(self, name: str, attributes: dict[str, str]) -> None:
        self._count(1 + len(attributes))
        if len(self._within) > DEEPEST:
            raise Unreadable(f"more than {DEEPEST} elements are within each other")
        for each in (name, *attributes):
            if each not in self._names:
                self._learn(each)
        node = Node(*self._names[name], attributes)
        self._within[-1].content.append(node)
        self._within.append(node)

    def _learn(self, name: str) -> None:
        if len(name) > NAME:
            raise Unreadable(f"a name in it has more than {NAME} characters")
        if len(self._names) >= NAMES:
            raise Unreadable(f"it has more than {NAMES:,} names of elements and attributes")
        space, _, local = name.rpartition(BETWEEN)
        self._names[name] = space, local  # kept, so that a namespace is not another text in each element

    def _words(self, text: str) -> None:
        self._count(1)
        self._within[-1].content.append(text)

    def _count(self, pieces: int) -> None:
        self._pieces += pieces
        if self._pieces > PIECES:
            raise Unreadable(f"it has more than {PIECES:,} elements, attributes and pieces of text")

    def _doctype(self, *_: object) -> None:
        raise Unreadable("it has a DOCTYPE, which may define entities; remove it first")
