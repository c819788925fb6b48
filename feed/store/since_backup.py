"""What was done since a backup was made. A restore undoes it; the record of what was done, and by whom, is kept."""

from dataclasses import dataclass
from typing import NamedTuple

from sqlite_utils import Database

from feed import times
from feed.store import actions, log
from feed.store.database import insert
from feed.store.verbs import Verb

_KEEP = """
    INSERT INTO actions (at, editor_id, by_name, verb, subject, feed_id, update_id, article_id, detail) VALUES (
        :at, (SELECT id FROM editors WHERE id = :editor_id AND name = :name), :name, :verb, :subject,
        (SELECT id FROM feeds WHERE id = :feed_id AND opened_at = :opened_at),
        (SELECT id FROM updates WHERE id = :update_id AND published_at = :published_at),
        (SELECT id FROM articles WHERE id = :article_id AND created_at = :created_at), :detail
    )
"""


_SINCE = """
    SELECT actions.at, actions.editor_id, coalesce(editors.name, by_name) AS name, verb, subject, actions.feed_id,
        opened_at, feeds.slug, update_id, updates.published_at, actions.article_id, articles.created_at, detail
    FROM actions
    LEFT JOIN editors ON editors.id = actions.editor_id
    LEFT JOIN feeds ON feeds.id = actions.feed_id
    LEFT JOIN updates ON updates.id = update_id
    LEFT JOIN articles ON articles.id = actions.article_id
"""


class Done(NamedTuple):
    """An action, with what tells whether an editor, feed, update or article in an older copy is the same one: ids are
    used again after a restore. `name` is the one with which the editor signs in."""

    at: str
    editor_id: int | None
    name: str | None
    verb: str
    subject: str | None
    feed_id: int | None
    opened_at: str | None
    slug: str | None
    update_id: int | None
    published_at: str | None
    article_id: int | None
    created_at: str | None
    detail: str | None

    @property
    def about(self) -> str | None:
        """What it was done to, for people: the copy may not hold it."""
        return f"update {self.update_id} of {self.slug}" if self.update_id else self.slug


@dataclass(frozen=True)
class Since:
    """What was done after `before`, the last action of a backup; the entries that the backup's log lacks, and where the
    log ended. `known` is whether the backup is of the same database."""

    done: list[Done]
    entries: list[log.Kept]
    head: log.Head
    before: tuple[int, str]
    known: bool


def last(db: Database) -> tuple[int, str]:
    """The id and time of the last action; (0, "") when there is none."""
    row = db.execute("SELECT id, at FROM actions ORDER BY id DESC LIMIT 1").fetchone()
    return (row["id"], row["at"]) if row else (0, "")


def read(db: Database, before: tuple[int, str], common: int) -> Since:
    """What was done after the last action of an older copy; everything, if the copy is not of this database. `common`
    is the last entry that both logs have."""
    number, at = before
    known = db.execute("SELECT 1 FROM actions WHERE id = ? AND at = ?", [number, at]).fetchone() is not None
    rows = db.execute(f"{_SINCE} WHERE actions.id > ? ORDER BY actions.id", [number if known else 0]).fetchall()
    return Since([Done(**dict(row)) for row in rows], log.entries_after(db, common), log.head(db), before, known=known)


def keep(db: Database, since: Since) -> None:
    """Stores in an older copy what was done since, and that it was restored, in a transaction of the caller's."""
    if not since.known:  # otherwise the log that is carried over has them
        log.take_in(db)
    for each in since.done:
        db.execute(_KEEP, each._asdict() | {"subject": each.subject or each.about})
    here = {row["id"] for row in db.execute("SELECT id FROM feeds").fetchall()}
    for feed_id in sorted(here & {each.feed_id for each in since.done}):
        insert(db, "actions", {"at": times.now(), "verb": Verb.RESTORE.value, "feed_id": feed_id})
    log.carry(db, since.entries)
    log.set_action(db)
    actions.record(db, None, Verb.RESTORE, after={"backup_until": since.before[1], "log_before": str(since.head)})
