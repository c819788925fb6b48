"""Our own format, which docs/import-export.md describes and feed/render/exported.py writes."""

from collections.abc import Callable, Mapping
from typing import Any

from feed.exchange.source import Entry, Past, Point, Retraction, Source, Unreadable

VERSION = 1  # the newest that this can read


def is_ours(document: object) -> bool:
    """Whether that JSON says that it is."""
    return isinstance(document, dict) and "liveline" in document


def read(document: Mapping[str, Any], file: Callable[[str], bytes]) -> Source:
    """The coverage in that document; `file` reads the files beside it. Raises Unreadable."""
    if document["liveline"] != VERSION:
        raise Unreadable(f"it has version {document['liveline']!r} of the format; this release reads {VERSION}")
    try:
        return _read(document, file)
    except (AttributeError, KeyError, TypeError) as error:
        raise Unreadable(f"it is not in the format that it names: {error!r}") from None


def _read(document: Mapping[str, Any], file: Callable[[str], bytes]) -> Source:
    feed, site = document["feed"], document["site"]
    article = dict(document["article"] or {"headline": feed["slug"]})
    author = article.pop("author", None)
    return Source(
        id=f"liveline {feed['id']}",
        title=str(site["name"]),
        article=article,
        entries=[_entry(each) for each in document["updates"]],
        language=article.get("language") or site["language"],
        opened_at=feed["opened_at"],
        closed_at=feed["closed_at"],
        closed=feed["closed_at"] is not None,
        closing=feed.get("closing") or {},
        points=[
            Point(each["text"], bool(each["being_checked"]), [str(entry) for entry in each["updates"]])
            for each in document.get("points", ())
        ],
        author=author,
        pictures=document["pictures"],
        file=file,
    )


def _entry(update: Mapping[str, Any]) -> Entry:
    if retracted := update.get("retracted"):
        return Entry(
            id=str(update["id"]),
            published_at=update["published_at"],
            retraction=Retraction(retracted["at"], retracted["reason"], notice=True),
        )
    names = ("body", "headline", "byline", "language", "key", "pinned", "edited_at", "restored_at")
    return Entry(
        id=str(update["id"]),
        published_at=update["published_at"],
        past=[_past(each) for each in update["revisions"]],
        **{name: update[name] for name in names},
        **_status(update),
    )


def _past(revision: Mapping[str, Any]) -> Past:
    names = ("at", "byline", "headline", "text", "note")
    return Past(**{name: revision[name] for name in names}, **_status(revision), minor=revision.get("minor", False))


def _status(given: Mapping[str, Any]) -> dict[str, Any]:
    """What the first exports did not have."""
    return {name: given.get(name) for name in ("status", "source")}
