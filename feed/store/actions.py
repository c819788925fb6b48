"""Who did what.

Each verb of the store takes its actor. Within its own transaction it checks who may do that (store.permissions) and
stores a record, so neither can be forgotten, and an editor who was disabled a moment ago changes nothing.

A record is a row of `actions`, by which the desk lists what became of a feed and undoes it, and an entry of the log
(store.log), which is kept as evidence. Both survive a restore: what was done since the backup was made is undone, and
stays on record as done.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlite_utils import Database

from feed import times
from feed.store import freshness, log, permissions
from feed.store.actors import Actor, Door, Origin
from feed.store.database import insert
from feed.store.verbs import WORDS, Verb


@dataclass(frozen=True)
class Action:
    """What was done, when, and by whom. `by` is the editor's current display name, the stored name of somebody who is
    not here since a restore, or None for the command line and the site itself. `verb` is one of Verb, or one that a
    later release has stored. `detail` is for people: the flags that changed, or the reason of a retraction."""

    at: str
    by: str | None
    verb: str
    update_id: int | None
    detail: str | None

    @property
    def by_itself(self) -> bool:
        """Whether nobody did it but the site."""
        return self.verb == Verb.FAIL

    @property
    def words(self) -> str:
        """What was done, as words to translate."""
        return WORDS.get(self.verb, self.verb)


def record(
    db: Database,
    actor: Actor | None,
    verb: Verb,
    subject: str | None = None,
    *,
    feed_id: int | None = None,
    update_id: int | None = None,
    article_id: int | None = None,
    detail: str | None = None,
    version: int | None = None,
    draft: bool = False,
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
    origin: Origin | None = None,
    texts_of: int | None = None,
) -> None:
    """Stores that this was done, within the transaction that does it. `subject` names what has no column here: a
    picture, a person. `version` is the feed's, which the action made. `draft` is as in `permissions.may`.

    `before` and `after` are the fields that it changed, for the log, which keeps those that differ: texts, never the
    hash of a password or a secret. Texts of something that is no update yet have its draft's id for `subject`; those
    that only propose a change have that update for `texts_of`. An erasure finds them by these. `origin` is that of
    somebody who is no editor yet; otherwise it is the actor's. Raises NotAllowed, also NotFresh (see
    `permissions.FRESH`), which rolls the transaction back."""
    in_draft = permissions.stays_draft(db, draft, feed_id, article_id)
    permissions.permit(db, actor, verb, draft=in_draft, feed_id=feed_id)
    require_fresh(db, actor, verb)
    action = {
        "at": times.now(),
        "editor_id": actor.id if actor else None,
        "verb": verb.value,
        "subject": subject,
        "feed_id": feed_id,
        "update_id": update_id,
        "article_id": article_id,
        "detail": detail,
        "version": version,
    }
    number = insert(db, "actions", action)
    entry = {name: action[name] for name in ("at", "verb", "subject", "update_id", "version")}
    entry |= {
        "update_id": update_id or texts_of,
        "feed": _slug(db, "feeds", feed_id),
        "article": _slug(db, "articles", article_id),
        **_whence(actor, origin or (actor.origin if actor else None)),
    }
    log.append(db, entry, log.texts_of(before, after) or ({"after": {"detail": detail}} if detail else {}), number)


def require_fresh(db: Database, actor: Actor | None, verb: Verb) -> None:
    """Raises NotFresh if this has to come from a fresh session of the desk (see `permissions.FRESH`) and does not."""
    if verb in permissions.FRESH and actor and actor.origin and actor.origin.door == Door.DESK:
        freshness.require(db, actor.origin.session, actor.id)


def _whence(actor: Actor | None, origin: Origin | None) -> dict[str, str | None]:
    """Who, and from where, as the log names it."""
    who = actor.name if actor else None
    if origin is None:
        return {"who": who, "door": Door.COMMAND.value, "account": log.account()}
    network = origin.network and origin.network[: log.NETWORK_LONGEST]
    return {"who": who, "door": origin.door.value, "network": network, "token": origin.token}


def _slug(db: Database, table: str, row_id: int | None) -> str | None:
    return db.execute(f"SELECT slug FROM {table} WHERE id = ?", [row_id]).fetchone()[0] if row_id else None


def of_feed(db: Database, feed_id: int, limit: int) -> list[Action]:
    """Up to `limit` actions on that feed, its updates and its article, the latest first. For the desk only."""
    rows = db.execute(
        "SELECT at, coalesce(display_name, by_name) AS by, verb, update_id, detail FROM actions "
        "LEFT JOIN editors ON editors.id = editor_id WHERE feed_id = ? ORDER BY actions.id DESC LIMIT ?",
        [feed_id, limit],
    )
    return [Action(**dict(row)) for row in rows]
