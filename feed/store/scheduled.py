"""What is to come out at a moment: the table, as others read it. The verbs are in scheduling.py.

An update waits here with its fields, as they were cleaned, in one column of JSON. Its HTML is made when it comes out,
so that it shows the pictures, cards and quotes of that moment. An article waits as the draft that it is, and comes out
as it is then. What has come out or was cancelled is deleted here in the same transaction, so there is no second copy of
its text.

The table is its own, and no public query reads it (invariant 6).
"""

import json
from dataclasses import dataclass
from enum import StrEnum

from sqlite_utils import Database

from feed import fields, times
from feed.errors import Invalid, Message, Missing, Reason
from feed.store import actions
from feed.store.actors import Actor, Origin
from feed.store.feeds import Feed, Row
from feed.store.verbs import Verb

_COLUMNS = """
    number, scheduled.id, feeds.slug AS feed, scheduled.article_id, articles.slug AS article,
    articles.headline AS heading, scheduled.author_id, authors.display_name AS byline, scheduled.editor_id,
    people.display_name AS editor, fields, publish_at, scheduled.revision, saved_at, state, reason,
    coalesce(articles.draft, 0) AS draft
    FROM scheduled
    LEFT JOIN feeds ON feeds.id = scheduled.feed_id
    LEFT JOIN articles ON articles.id = coalesce(scheduled.article_id, feeds.article_id)
    JOIN editors AS authors ON authors.id = scheduled.author_id
    JOIN editors AS people ON people.id = scheduled.editor_id
"""
ORDER = "ORDER BY scheduled.state = 'scheduled', publish_at, number"  # what failed first
_FIRST = "WHERE state = 'scheduled' ORDER BY publish_at, number LIMIT 1"


class State(StrEnum):
    """`FAILED` could not come out at its moment, and waits for an editor."""

    SCHEDULED = "scheduled"
    FAILED = "failed"


@dataclass(frozen=True)
class Scheduled:
    """An update or, with an `article_id`, an article that is to come out at `publish_at`. `number` is the order in
    which they were scheduled, `revision` counts its changes.

    `byline` is the name of its author. `editor` is who scheduled it last, under whose authority it comes out. `feed` is
    None for an article; `article` and `heading` are the slug and the headline of the article or of the feed's, None for
    `news`; `draft` says whether that is a draft now. The texts are cleaned. `reason` says why it failed.
    """

    number: int
    id: str
    feed: str | None
    article_id: int | None
    article: str | None
    heading: str | None
    author_id: int
    byline: str
    editor_id: int
    editor: str
    headline: str | None
    body: str
    language: str | None
    status: str | None
    source: str | None
    key: bool
    pinned: bool
    publish_at: str
    revision: int
    saved_at: str
    state: State
    reason: Message | None
    draft: bool

    @property
    def in_draft(self) -> bool:
        """Whether no reader will see it when it comes out: it is an update of a draft."""
        return self.draft and self.article_id is None


def get(db: Database, scheduled_id: str) -> Scheduled:
    """What is scheduled under that id. Raises Missing, also once it has come out or was cancelled."""
    row = db.execute(f"SELECT {_COLUMNS} WHERE scheduled.id = ?", [scheduled_id]).fetchone()
    if row is None:
        raise Missing(scheduled_id)
    return _scheduled(row)


def everything(db: Database) -> list[Scheduled]:
    """All that is scheduled: what failed first, then in the order in which it comes out."""
    return [_scheduled(row) for row in db.execute(f"SELECT {_COLUMNS} {ORDER}")]


def of_feed(db: Database, feed: Feed) -> list[Scheduled]:
    """What is scheduled for that feed, and its article if that is scheduled, in the same order."""
    sought = "WHERE scheduled.feed_id = ? OR scheduled.article_id = (SELECT article_id FROM feeds WHERE id = ?)"
    return [_scheduled(row) for row in db.execute(f"SELECT {_COLUMNS} {sought} {ORDER}", [feed.id, feed.id])]


def of_article(db: Database, article_id: int) -> Scheduled | None:
    """When that article is to come out; None where nobody has scheduled it."""
    row = db.execute(f"SELECT {_COLUMNS} WHERE scheduled.article_id = ?", [article_id]).fetchone()
    return _scheduled(row) if row else None


def mark(db: Database, author: Actor | None = None) -> str:
    """A text that differs where what is scheduled does; with an `author`, of updates of drafts and of what that one
    submitted. A number is never used again, and a revision only grows; an article that is published takes its updates
    from the drafts."""
    only = "WHERE scheduled.article_id IS NULL AND articles.draft OR scheduled.id IN "
    only += "(SELECT draft_id FROM submissions WHERE editor_id = ?)"
    row = db.execute(
        "SELECT coalesce(max(number), 0), count(*), coalesce(sum(scheduled.revision), 0), coalesce(sum(draft), 0) "
        "FROM scheduled LEFT JOIN feeds ON feeds.id = scheduled.feed_id "
        f"LEFT JOIN articles ON articles.id = feeds.article_id {only if author else ''}",
        [author.id] if author else [],
    ).fetchone()
    return ".".join(map(str, row))


def next_moment(db: Database) -> str | None:
    """When the next one is to come out."""
    row = db.execute(f"SELECT publish_at FROM scheduled {_FIRST}").fetchone()
    return row and str(row["publish_at"])


def due(db: Database) -> Scheduled | None:
    """The first of those whose moment has come; None if there is none."""
    first = db.execute(f"SELECT id, publish_at FROM scheduled {_FIRST}").fetchone()
    return get(db, first["id"]) if first and first["publish_at"] <= times.now() else None


def refuse_waiting(db: Database, draft_id: str) -> None:
    """Raises Invalid for a draft that is scheduled: published at once, it would come out twice."""
    if db.execute("SELECT 1 FROM scheduled WHERE id = ?", [draft_id]).fetchone():
        told = Message("This text is scheduled already. Open it among what is scheduled to publish it now.")
        raise Invalid(Reason("body", told))


def forget_article(db: Database, article_id: int) -> str | None:
    """The article came out otherwise, in a transaction of the caller's. Returns the id under which it was scheduled,
    if it was."""
    gone = db.execute("DELETE FROM scheduled WHERE article_id = ? RETURNING id", [article_id]).fetchall()
    return str(gone[0]["id"]) if gone else None


def waiting(db: Database) -> dict[str, int]:
    """The revision of each that waits for its moment, by id: what a restore has to know of the newer database."""
    return {
        row["id"]: row["revision"]
        for row in db.execute("SELECT id, revision FROM scheduled WHERE state = ?", [State.SCHEDULED])
    }


def hold_back(db: Database, still: dict[str, int] | None) -> None:
    """Keeps those from coming out in this older copy that may be out already, were due, or were cancelled or changed
    since: they are listed as failed, for an editor to decide. `still` is what waits in the newer database. Called in
    a transaction of the caller's, once the log of that one is here."""
    for scheduled_id, revision in waiting(db).items():
        moment = db.execute("SELECT publish_at FROM scheduled WHERE id = ?", [scheduled_id]).fetchone()["publish_at"]
        if moment <= times.now() or (still is not None and still.get(scheduled_id) != revision):
            fail(db, scheduled_id, revision, RESTORED)


RESTORED = Message(
    "A backup was restored that holds this as it was then. Look whether it is out, or was changed or cancelled since."
)


def fail(db: Database, scheduled_id: str, revision: int, reason: Message, origin: Origin | None = None) -> None:
    """It did not come out, and waits for an editor, unless somebody has changed it. Called in a transaction of the
    caller's. `origin` is that of the log's entry, which names no editor: who scheduled it may have no right any
    more."""
    told = json.dumps([reason.message, reason.values], ensure_ascii=False)
    failed = "UPDATE scheduled SET state = ?, reason = ?, revision = revision + 1 WHERE id = ? AND revision = ?"
    asked = [State.FAILED, told, scheduled_id, revision]
    for row in db.execute(f"{failed} RETURNING feed_id, article_id", asked).fetchall():
        about = {"feed_id": row["feed_id"], "article_id": row["article_id"]}
        actions.record(db, None, Verb.FAIL, scheduled_id, **about, after={"reason": str(reason)}, origin=origin)


def reason_read(stored: str | None) -> Message | None:
    """Why something failed, from the column `reason`."""
    told, values = json.loads(stored) if stored else (None, {})
    return Message(told, **values) if told else None


def _scheduled(row: Row) -> Scheduled:
    # What was scheduled before a release that has another field lacks it.
    given = {**dict.fromkeys(fields.UPDATE), "body": "", "key": False, "pinned": False, **json.loads(row["fields"])}
    return Scheduled(
        **{
            **{name: value for name, value in dict(row).items() if name != "fields"},
            **given,
            "draft": bool(row["draft"]),
            "state": State(row["state"]),
            "reason": reason_read(row["reason"]),
        }
    )
