"""The log, for admins: who did what, filtered and searched, and as a file."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from flask import Blueprint, Response, g, render_template, request
from werkzeug.exceptions import BadRequest

from feed import times
from feed.difference import Piece, difference, in_short
from feed.errors import Message
from feed.render import log_csv
from feed.store import editors, log_entries, permissions, search
from feed.store.actors import Door
from feed.store.log_entries import Entry, Sought
from feed.store.updates import HIGHEST_ID
from feed.store.verbs import WORDS, Verb
from feed.web import labels
from feed.web.services import services

SHOWN = 50  # entries at a time
TEXT_SHOWN = 1_500  # characters of a text: more than an update has, and not the whole of fifty articles
LONGEST = 100  # characters of a filter: more than any name or address has

_LABELS = labels.LABELS | {
    "key": Message("Key event"),
    "pinned": Message("Pinned"),
    "note": Message("Note for readers"),
    "source": Message("Source"),
    "display_name": Message("Name"),
    "role": Message("Role"),
    "token": Message("Token"),
    "detail": Message("Detail"),
}  # as short as what follows is

pages = Blueprint("log", __name__)


@dataclass(frozen=True)
class Change:
    """A field of what an entry changed: its label, or its name where it has none, and how it became what it is."""

    label: str
    pieces: list[Piece]


@pages.get("/log")
def log() -> str:
    """The entries that are sought, the latest first; `before` is the number of an entry, older than which the page
    continues."""
    sought, before = _sought(), request.args.get("before", "")
    if before and not (before.isdecimal() and before.isascii() and len(before) < len(str(HIGHEST_ID))):
        raise BadRequest(Message("This link to older entries is damaged. Open the page without it."))
    found = log_entries.page(services().store, g.editor, sought, int(before) if before else None, SHOWN)
    with services().store.read() as db:
        everyone = editors.everyone(db)
    given = {name: value for name, value in request.args.items() if value and name != "before"}
    return render_template(
        "desk/log.html",
        entries=services().store.offload(_shown, found.entries, services().languages.now.to_second),
        older=found.older,
        further={**given, "before": found.older},
        given=given,
        everyone=[(each.name, each.display_name) for each in everyone],
        verbs=_by_words(),
        doors=[(each, each) for each in Door],
    )


@pages.get("/log.csv")
def log_as_csv() -> Response:
    """All entries that are sought, as a file, sent while it is read: no text is in memory longer than its batch."""
    store, actor, sought = services().store, g.editor, _sought()
    with store.read() as db:
        permissions.permit(db, actor, Verb.READ_LOG)  # before the answer begins

    def lines() -> Iterator[str]:
        yield log_csv.head()
        for entries, _ in log_entries.batches(store, actor, sought):
            yield log_csv.rows(entries)

    return Response(
        lines(), content_type=log_csv.TYPE, headers={"Content-Disposition": 'attachment; filename="log.csv"'}
    )


def _sought() -> Sought:
    asked = {name: request.args.get(name, "").strip()[:LONGEST] or None for name in ("who", "verb", "feed", "door")}
    words = " ".join(request.args.get("q", "")[: search.LONGEST].split())
    return Sought(**asked, since=_day("since"), until=_day("until", later=1), words=words)


def _day(name: str, later: int = 0) -> str | None:
    """The beginning of that day in the site's zone, or of a day after it. Raises BadRequest."""
    given = request.args.get(name, "").strip()
    if not given:
        return None
    try:
        day = date.fromisoformat(given) + timedelta(days=later)
        return times.to_text(
            datetime(day.year, day.month, day.day, tzinfo=services().settings.timezone).astimezone(UTC)
        )
    except (ValueError, OverflowError):
        raise BadRequest(Message("Write the day like 2026-07-26.")) from None


def _by_words() -> list[tuple[str, str]]:
    """A verb for each thing that the log says was done, with these words in the language of the page."""
    translate = services().languages.now.translate
    verbs = {translate(words): verb for verb, words in WORDS.items()}
    return [(verb, words) for words, verb in sorted(verbs.items())]


def _shown(entries: list[Entry], moment: Callable[[str], str]) -> list[tuple[Entry, list[Change]]]:
    return [(entry, [_change(entry, name, moment) for name in {**entry.before, **entry.after}]) for entry in entries]


def _change(entry: Entry, name: str, moment: Callable[[str], str]) -> Change:
    before, after = (_text(side, name, moment) for side in (entry.before, entry.after))
    is_change = name in entry.before and name in entry.after
    pieces = in_short(difference(before, after)) if is_change else [Piece("same", before or after)]
    if (entry.verb, name) == (Verb.RETURN, "note"):
        return Change(Message("Note to the author"), pieces)
    return Change(_LABELS.get(name, name), pieces)


def _text(side: Mapping[str, Any], name: str, moment: Callable[[str], str]) -> str:
    value = side.get(name)
    if name == "publish_at" and value:
        return moment(str(value))
    text = "" if value is None else ("no", "yes")[value] if isinstance(value, bool) else str(value)
    return text if len(text) <= TEXT_SHOWN else f"{text[:TEXT_SHOWN]} …"
