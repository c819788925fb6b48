"""Makes Markdown of many texts in few processes: to start one takes longer than the text.

A process answers text by text. If it ends before it has answered all, the text that it was at took too much memory or
time; that one is refused unless it was not the first, and another process goes on.
"""

import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from bs4 import BeautifulSoup
from bs4.element import NavigableString, Tag

from feed import child
from feed.paste.process import CPU_SECONDS, MEMORY_BYTES, WALL_SECONDS

AT_ONCE = 50  # texts in a process: a second of work, as long as ten starts of one
EMBEDDED = ("iframe", "video", "audio", "embed")


@dataclass(frozen=True)
class Converted:
    """The Markdown of a text, None for one that takes too much time or memory; and how many pictures and players in it
    became links."""

    markdown: str | None
    links: int = 0


def to_markdown(htmls: Sequence[str]) -> Iterator[Converted]:
    """The Markdown of each of these. Pictures and players become links: nothing is fetched from another site."""
    done = 0
    while done < len(htmls):
        answered = list(_answers(htmls[done : done + AT_ONCE]))
        yield from answered or [Converted(None)]
        done += len(answered) or 1


def _answers(htmls: Sequence[str]) -> Iterator[Converted]:
    for line in child.run("feed.paste.many", json.dumps(htmls).encode()).splitlines():
        try:
            yield Converted(*json.loads(line))
        except ValueError:  # the process ended while it wrote
            return


def main() -> None:
    """The process: sets its limits, then reads the texts."""
    child.limit(MEMORY_BYTES, CPU_SECONDS, WALL_SECONDS)
    from feed.paste import blocks, tidy

    for html in json.load(sys.stdin):
        linked, links = with_links(html)
        print(json.dumps([blocks.to_markdown(tidy.tidied(linked)), links]), flush=True)


def with_links(html: str) -> tuple[str, int]:
    """That HTML with a link for each picture and player that has an address, and how many those are."""
    soup = BeautifulSoup(html, "html.parser")
    links = 0
    for shown in soup.find_all(("img", *EMBEDDED)):
        address = str(shown.get("src") or "")
        if not address.startswith(("http://", "https://")):
            continue
        links += 1
        _link(soup, shown, address)
    return str(soup), links


def _link(soup: BeautifulSoup, shown: Tag, address: str) -> None:
    words = str(shown.get("alt") or shown.get("title") or "").strip() or address
    if shown.find_parent("a"):  # it leads somewhere already
        shown.replace_with(NavigableString(words))
        return
    link = soup.new_tag("a", href=address)
    link.string = words
    shown.replace_with(link)
    if shown.name in EMBEDDED:  # alone on its line, an address of a player becomes a card
        link.wrap(soup.new_tag("p"))


if __name__ == "__main__":
    main()
