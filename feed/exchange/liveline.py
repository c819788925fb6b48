"""Our own format, which docs/import-export.md describes and feed/render/exported.py writes."""

from collections.abc import Callable, Mapping
from typing import Any

from feed.exchange.shapes import by_name, each, fields, flag, name, or_null, text
from feed.exchange.source import PICTURES, Entry, Past, Point, Retraction, Source, Unreadable

VERSION = 1  # the newest that this can read

_WORDS = or_null(text)
# What the first exports did not have may be missing.
_STATUS = {"status": _WORDS, "source": _WORDS}
_REVISION = fields(dict.fromkeys(("at", "byline", "headline", "text", "note"), _WORDS), {**_STATUS, "minor": flag})
_RETRACTED = fields({
    "id": name, "published_at": _WORDS, "retracted": fields({"at": _WORDS, "reason": _WORDS}),
})  # fmt: skip
_SHOWN = fields(
    {
        **dict.fromkeys(("published_at", "edited_at", "restored_at", "byline", "headline", "body", "language"), _WORDS),
        "id": name,
        "key": flag,
        "pinned": flag,
        "revisions": each(_REVISION),
    },
    _STATUS,
)
_ARTICLE = fields(
    {},
    {
        **dict.fromkeys(("slug", "kicker", "headline", "standfirst", "body", "byline", "language"), _WORDS),
        **dict.fromkeys(("published_at", "edited_at", "picture"), _WORDS),
        "author": or_null(fields({"display_name": text}, dict.fromkeys(("job", "bio", "picture"), _WORDS))),
    },
)


def _update(value: Any, place: str) -> None:
    gone = isinstance(value, dict) and value.get("retracted") is not None
    (_RETRACTED if gone else _SHOWN)(value, place)


_DOCUMENT = fields(
    {
        "site": fields({"name": text, "language": _WORDS}),
        "feed": fields(
            {"id": name, "slug": text, "opened_at": _WORDS, "closed_at": _WORDS},
            {"closing": or_null(fields({}, {"message": _WORDS, "summary": _WORDS}))},
        ),
        "article": or_null(_ARTICLE),
        "updates": each(_update),
        "pictures": by_name(fields({"file": text, "alt": _WORDS, "caption": _WORDS, "credit": _WORDS})),
    },
    {"points": each(fields({"text": text, "being_checked": flag, "updates": each(name)}))},
)


def is_ours(document: object) -> bool:
    """Whether that JSON says that it is."""
    return isinstance(document, dict) and "liveline" in document


def read(document: Mapping[str, Any], file: Callable[[str], bytes]) -> Source:
    """The coverage in that document; `file` reads the files beside it. Raises Unreadable."""
    if document["liveline"] != VERSION:
        raise Unreadable(f"it has version {document['liveline']!r} of the format; this release reads {VERSION}")
    _DOCUMENT(document, "")
    if len(document["pictures"]) > PICTURES:
        raise Unreadable(f"it has more than {PICTURES} pictures")
    known: set[str] = set()
    for at, update in enumerate(document["updates"]):
        if update["id"] in known:
            raise Unreadable(f"updates[{at}].id is that of an update before it")
        known.add(update["id"])
    return _read(document, file)


def _read(document: Mapping[str, Any], file: Callable[[str], bytes]) -> Source:
    feed, site = document["feed"], document["site"]
    article = dict(document["article"] or {"headline": feed["slug"]})
    author = article.pop("author", None)
    return Source(
        id=f"liveline {feed['id']}",
        title=site["name"],
        article=article,
        entries=[_entry(update) for update in document["updates"]],
        language=article.get("language") or site["language"],
        opened_at=feed["opened_at"],
        closed_at=feed["closed_at"],
        closed=feed["closed_at"] is not None,
        closing=feed.get("closing") or {},
        points=[Point(point["text"], point["being_checked"], point["updates"]) for point in document.get("points", ())],
        author=author,
        pictures=document["pictures"],
        file=file,
    )


def _entry(update: Mapping[str, Any]) -> Entry:
    if retracted := update.get("retracted"):
        return Entry(
            id=update["id"],
            published_at=update["published_at"],
            retraction=Retraction(retracted["at"], retracted["reason"], notice=True),
        )
    names = ("body", "headline", "byline", "language", "key", "pinned", "edited_at", "restored_at")
    return Entry(
        id=update["id"],
        published_at=update["published_at"],
        past=[_past(revision) for revision in update["revisions"]],
        **{field: update[field] for field in names},
        **_status_of(update),
    )


def _past(revision: Mapping[str, Any]) -> Past:
    names = ("at", "byline", "headline", "text", "note")
    # The first exports did not have `minor`.
    said = {field: revision[field] for field in names}
    return Past(**said, **_status_of(revision), minor=revision.get("minor", False))


def _status_of(given: Mapping[str, Any]) -> dict[str, Any]:
    """What the first exports did not have."""
    return {field: given.get(field) for field in _STATUS}
