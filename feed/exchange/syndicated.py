"""RSS 2.0 and Atom: each item is an entry."""

from collections.abc import Sequence
from html import escape

from feed import text
from feed.exchange.markup import Node
from feed.exchange.moments import of_iso, of_mail
from feed.exchange.source import Entry, Source, latest

ATOM = "http://www.w3.org/2005/Atom"
CONTENT = "http://purl.org/rss/1.0/modules/content/"
DC = "http://purl.org/dc/elements/1.1/"
XML_LANG = "http://www.w3.org/XML/1998/namespace lang"


def of_rss(root: Node) -> Source:
    """The items of an RSS document. Raises Unreadable."""
    channel = root.only("channel")
    title, own = channel.first("title", ""), _address(channel)
    entries = [_of_item(item) for item in channel.all("item")]
    return Source(
        id=f"rss {own or title}",
        title=title,
        article={"headline": title},
        entries=latest([each for each in entries if each.id], _changed),
        language=channel.first("language") or None,
    )


def of_atom(root: Node) -> Source:
    """The entries of an Atom document."""
    title = root.first("title", ATOM)
    authors = _authors(root)
    entries = [_of_entry(entry, authors) for entry in root.all("entry", ATOM)]
    return Source(
        id=f"atom {root.first('id', ATOM)}",
        title=title,
        article={"headline": title},
        entries=latest([each for each in entries if each.id], _changed),
        language=root.attributes.get(XML_LANG),
    )


def _of_item(item: Node) -> Entry:
    moment = item.first("pubDate") or item.first("date", DC)
    html = item.first("encoded", CONTENT) or item.first("description")
    return Entry(
        id=item.first("guid") or item.first("link") or f"{item.first('title')} {moment}",
        published_at=of_mail(moment),
        html=html,
        headline=_headline(item.first("title"), html),
        byline=item.first("creator", DC) or _name(item.first("author")) or None,
    )


def _of_entry(entry: Node, authors: Sequence[str]) -> Entry:
    published, updated = (of_iso(entry.first(name, ATOM)) for name in ("published", "updated"))
    html = _html(entry)
    own = _authors(entry) or authors
    return Entry(
        id=entry.first("id", ATOM),
        published_at=published or updated,
        html=html,
        headline=_headline(entry.first("title", ATOM), html),
        byline=", ".join(own) or None,
        language=entry.attributes.get(XML_LANG),
        edited_at=updated if published and updated != published else None,
    )


def _html(entry: Node) -> str:
    for name in ("content", "summary"):
        for found in entry.all(name, ATOM):
            kind = found.attributes.get("type", "text")
            if kind == "xhtml":
                return "".join(_written(each) for each in found.children)
            if found.text:
                return found.text if kind == "html" else f"<p>{escape(found.text)}</p>"
    return ""


def _written(node: Node) -> str:
    """XHTML as HTML."""
    inner = "".join(escape(each) if isinstance(each, str) else _written(each) for each in node.content)
    attributes = "".join(
        f' {name}="{escape(node.attributes[name])}"' for name in ("href", "src", "alt") if name in node.attributes
    )
    return f"<{node.name}{attributes}>{inner}</{node.name}>"


def _headline(title: str, html: str) -> str | None:
    """The title, unless it only repeats how the text begins, as feeds do for entries that have none."""
    return None if text.plain(html).startswith(title.rstrip("… ")) else title


def _authors(node: Node) -> list[str]:
    return [name for each in node.all("author", ATOM) if (name := each.first("name", ATOM))]


def _address(channel: Node) -> str:
    """Where the document is, by its own words."""
    links = [each.attributes for each in channel.all("link", ATOM)]
    own = next((each.get("href", "") for each in links if each.get("rel") == "self"), "")
    return own or next((each.text for each in channel.all("link", "") if each.text), "")


def _name(author: str) -> str:
    """RSS has an address of mail, with the name in brackets."""
    return author.partition("(")[2].rstrip(") ") if "(" in author else ("" if "@" in author else author)


def _changed(entry: Entry) -> object:
    return entry.edited_at or entry.published_at
