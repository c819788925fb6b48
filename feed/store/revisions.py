"""Revisions: every text that an update ever had.

A revision saved while its article was a draft is shown at the desk alone, unless it was the current one when the
article was published (invariant 6). The table `drafted` says which revisions those are.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from sqlite_utils import Database

from feed.store.editors import Editor
from feed.store.updates import Update

WORDS = ("headline", "body", "status", "source")  # the fields of an update of which each revision has its own

# A note explains a change, so only readers who could see the revision before it are shown the note.
_SEEN = """
    SELECT revisions.revision, headline, html, status, source, byline, coalesce(drafted.seen_at, revisions.at) AS at,
        minor, CASE WHEN before.update_id IS NULL OR before.seen_at IS NOT NULL THEN note END AS note
    FROM revisions
    LEFT JOIN drafted ON drafted.update_id = revisions.update_id AND drafted.revision = revisions.revision
    LEFT JOIN drafted AS before
        ON before.update_id = revisions.update_id AND before.revision = revisions.revision - 1
    WHERE revisions.update_id = ? AND revisions.revision < ?
        AND (drafted.update_id IS NULL OR drafted.seen_at IS NOT NULL)
    ORDER BY revisions.revision DESC LIMIT ?
"""


@dataclass(frozen=True)
class Revision:
    """A text and a status that readers saw, from `at` until the next revision. `first` says whether it is the first
    that they saw; `note` is what the editor told them about the change; a `minor` one did not mark the update."""

    revision: int
    headline: str | None
    html: str
    status: str | None
    source: str | None
    byline: str
    at: str
    note: str | None
    minor: bool = False
    first: bool = False


@dataclass(frozen=True)
class Save:
    """Who saved a revision, and when. `note` is what was told to readers about the change."""

    revision: int
    by: str
    at: str
    note: str | None = None


def of(db: Database, update: Update, before: int, limit: int) -> list[Revision]:
    """Up to `limit` revisions of the update that readers could see and that are lower than `before`, newest first. The
    first revision carries the update's byline, whoever worked on the draft."""
    rows = db.execute(_SEEN, [update.id, before, limit])
    found = [Revision(**{**dict(row), "minor": bool(row["minor"])}) for row in rows]
    if found and len(found) < limit:
        found[-1] = replace(found[-1], first=True, byline=update.byline)
    return found


def keep(
    db: Database, update_id: int, editor: Editor, moment: str, note: str | None = None, *, minor: bool = False
) -> None:
    """Stores the current text of the update as a revision, saved by that editor at that moment. A trigger adds the
    status."""
    db.execute(
        "INSERT INTO revisions (update_id, revision, headline, body, html, editor_id, byline, at, note, minor) "
        "SELECT id, revision, headline, body, html, ?, ?, ?, ?, ? FROM updates WHERE id = ?",
        [editor.id, editor.display_name, moment, note, minor, update_id],
    )


def saves_after(db: Database, update_id: int, revision: int, limit: int) -> list[Save]:
    """Up to `limit` saves of the update after that revision, the latest first. For the desk only."""
    rows = db.execute(
        "SELECT revision, byline AS by, at, note FROM revisions WHERE update_id = ? AND revision > ? "
        "ORDER BY revision DESC LIMIT ?",
        [update_id, revision, limit],
    )
    return [Save(**dict(row)) for row in rows]


def words_of(db: Database, update_id: int, revision: int) -> dict[str, str | None] | None:
    """The WORDS of the update at that revision; None where it has no such revision. For the desk only."""
    asked = f"SELECT {', '.join(WORDS)} FROM revisions WHERE update_id = ? AND revision = ?"
    row = db.execute(asked, [update_id, revision]).fetchone()
    return dict(row) if row else None


def is_unseen(db: Database, update: Update) -> bool:
    """Whether the current text of the update was saved while its article was a draft, and no reader has seen it."""
    asked = "SELECT 1 FROM drafted WHERE update_id = ? AND revision = ? AND seen_at IS NULL"
    return db.execute(asked, [update.id, update.revision]).fetchone() is not None


def set_seen(db: Database, update: Update, moment: str) -> None:
    """Stores that readers see that text from this moment on."""
    db.execute(
        "UPDATE drafted SET seen_at = ? WHERE update_id = ? AND revision = ?", [moment, update.id, update.revision]
    )


def is_by(db: Database, update_id: int, editor: Editor, words: Mapping[str, object]) -> bool:
    """Whether that editor saved these WORDS of the update before, as far as they are given."""
    given = {name: words[name] for name in WORDS if name in words}
    same = "".join(f" AND {name} IS :{name}" for name in given)
    asked = f"SELECT 1 FROM revisions WHERE update_id = :update AND editor_id = :editor{same}"
    return db.execute(asked, {"update": update_id, "editor": editor.id, **given}).fetchone() is not None
