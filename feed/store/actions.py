"""Who did what. `MAY` says which roles may use each verb.

Each verb of the store takes its actor. Within its own transaction it checks that table and stores a record here, so
neither can be forgotten, and an editor who was disabled a moment ago changes nothing. No actor means the command line:
whoever has a shell on the machine may do everything.

The record survives a restore: what was done since the backup was made is undone, and stays on record as done.

A contributor writes in drafts. An editor reads a draft and publishes it; from then on only editors may change it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from sqlite_utils import Database

from feed import times
from feed.errors import Message, NotAllowed
from feed.store.database import insert

ROLES = ("contributor", "editor", "admin")  # each may do what those before it may


class Door(StrEnum):
    """Which way something was asked for. The values are stored."""

    DESK = "desk"
    API = "api"
    COMMAND = "command line"


@dataclass(frozen=True)
class Origin:
    """From where somebody acts: by which door, from which network (see `networks.network_of`), and with the token of
    that name. The web layer gives it to the editor that it finds (`Editor.origin`); who has none acts at the command
    line."""

    door: Door
    network: str | None = None
    token: str | None = None


class Actor(Protocol):
    """Whoever acts: the editor's id, and from where."""

    @property
    def id(self) -> int: ...

    @property
    def origin(self) -> Origin | None: ...


class Verb(StrEnum):
    """What can be done. The values are stored. MARK sets or clears the flags `key` and `pinned` of an update."""

    WRITE_DRAFT = "write draft"
    PUBLISH = "publish"
    EDIT = "edit"
    MARK = "mark"
    RETRACT = "retract"
    RESTORE_UPDATE = "restore"
    UNDO = "undo publication"
    OPEN = "open coverage"
    CLOSE = "close coverage"
    OPEN_NEWS = "open news"
    CLOSE_NEWS = "close news"
    CREATE_ARTICLE = "create article"
    EDIT_ARTICLE = "edit article"
    EXPORT = "export"
    ADD_PICTURE = "add picture"
    EDIT_PICTURE = "edit picture"
    CHANGE_PROFILE = "change profile"
    CHANGE_PASSWORD = "change own password"  # noqa: S105 - a verb
    ADD_SECOND_FACTOR = "add second factor"
    REMOVE_SECOND_FACTOR = "remove second factor"
    MAKE_RECOVERY_CODES = "make recovery codes"
    ADD_PERSON = "add person"
    DISABLE = "disable person"
    ENABLE = "enable person"
    SET_PASSWORD = "set password"  # noqa: S105 - a verb
    RESET_SECOND_FACTOR = "reset second factor"
    ADD_TOKEN = "add token"  # noqa: S105 - a verb
    REVOKE_TOKEN = "revoke token"  # noqa: S105 - a verb
    RESTORE = "restore backup"


_ALL = frozenset(ROLES)
_EDITORS = frozenset({"editor", "admin"})
_ADMIN = frozenset({"admin"})

# What harms the whole site and cannot be repaired by an edit is for admins.
MAY: Mapping[Verb, frozenset[str]] = {
    Verb.WRITE_DRAFT: _ALL,
    Verb.PUBLISH: _EDITORS,
    Verb.EDIT: _EDITORS,
    Verb.MARK: _EDITORS,
    Verb.RETRACT: _EDITORS,
    Verb.RESTORE_UPDATE: _EDITORS,
    Verb.UNDO: _EDITORS,
    Verb.OPEN: _EDITORS,
    Verb.CLOSE: _EDITORS,
    Verb.OPEN_NEWS: _ADMIN,
    Verb.CLOSE_NEWS: _ADMIN,
    Verb.CREATE_ARTICLE: _EDITORS,
    Verb.EDIT_ARTICLE: _EDITORS,
    Verb.EXPORT: _EDITORS,
    Verb.ADD_PICTURE: _ALL,
    Verb.EDIT_PICTURE: _EDITORS,
    Verb.CHANGE_PROFILE: _ALL,
    Verb.CHANGE_PASSWORD: _ALL,
    Verb.ADD_SECOND_FACTOR: _ALL,
    Verb.REMOVE_SECOND_FACTOR: _ALL,
    Verb.MAKE_RECOVERY_CODES: _ALL,
    Verb.ADD_PERSON: _ADMIN,
    Verb.DISABLE: _ADMIN,
    Verb.ENABLE: _ADMIN,
    Verb.SET_PASSWORD: _ADMIN,
    Verb.RESET_SECOND_FACTOR: _ADMIN,
    Verb.ADD_TOKEN: _ADMIN,
    Verb.REVOKE_TOKEN: _ADMIN,
    Verb.RESTORE: _ADMIN,
}
# Done to an article that is a draft and stays one, each of these counts as WRITE_DRAFT.
_IN_DRAFTS = frozenset({
    Verb.PUBLISH, Verb.EDIT, Verb.MARK, Verb.RETRACT, Verb.RESTORE_UPDATE, Verb.UNDO, Verb.OPEN, Verb.CLOSE,
    Verb.CREATE_ARTICLE, Verb.EDIT_ARTICLE,
})  # fmt: skip
_WHY_NOT = {
    **dict.fromkeys(
        (*_IN_DRAFTS, Verb.EDIT_PICTURE),
        Message("You can write drafts. Only editors can publish, and change what is public."),
    ),
    Verb.OPEN_NEWS: Message("Only an admin may open or close the News Feed."),
    Verb.CLOSE_NEWS: Message("Only an admin may open or close the News Feed."),
    Verb.EXPORT: Message("Only editors can take a copy of a coverage."),
    Verb.ADD_TOKEN: Message("Only an admin may make or revoke tokens."),
    Verb.REVOKE_TOKEN: Message("Only an admin may make or revoke tokens."),
}
_PEOPLE = Message("Only an admin may change who writes here.")
_DISABLED = Message("This account was disabled. Ask an admin.")

# How the desk lists them, beside who did it and when.
WORDS: Mapping[str, Message] = {
    Verb.PUBLISH: Message("published"),
    Verb.EDIT: Message("edited"),
    Verb.MARK: Message("marked"),
    Verb.RETRACT: Message("retracted"),
    Verb.RESTORE_UPDATE: Message("restored"),
    Verb.UNDO: Message("took back at once"),
    Verb.OPEN: Message("opened coverage"),
    Verb.CLOSE: Message("closed coverage"),
    Verb.OPEN_NEWS: Message("opened coverage"),
    Verb.CLOSE_NEWS: Message("closed coverage"),
    Verb.CREATE_ARTICLE: Message("created the article"),
    Verb.EDIT_ARTICLE: Message("edited the article"),
    Verb.EXPORT: Message("exported it"),
    Verb.RESTORE: Message("restored a backup: what was done since is undone, but for retractions"),
}


@dataclass(frozen=True)
class Action:
    """What was done, when, and by whom. `by` is the editor's current display name, the stored name of somebody who is
    not here since a restore, or None for the command line. `verb` is one of Verb, or one that a later release has
    stored. `detail` is for people: the flags that changed, or the
    reason of a retraction."""

    at: str
    by: str | None
    verb: str
    update_id: int | None
    detail: str | None

    @property
    def words(self) -> str:
        """What was done, as words to translate."""
        return WORDS.get(self.verb, self.verb)


def may(role: str, verb: Verb, *, draft: bool = False) -> bool:
    """Whether that role may do that. `draft` says that no reader sees what it is done to, neither before nor after."""
    return role in MAY[verb] or (draft and verb in _IN_DRAFTS and role in MAY[Verb.WRITE_DRAFT])


def permit(db: Database, actor: Actor | None, verb: Verb, *, draft: bool = False) -> None:
    """Raises NotAllowed unless the actor's current role may do that (see `may`)."""
    if actor is None:
        return
    row = db.execute("SELECT role, disabled_at FROM editors WHERE id = ?", [actor.id]).fetchone()
    if row is None or row["disabled_at"]:
        raise NotAllowed(_DISABLED)
    if not may(row["role"], verb, draft=draft):
        raise NotAllowed(_WHY_NOT.get(verb, _PEOPLE))


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
) -> None:
    """Stores that this was done, within the transaction that does it. `subject` names what has no column here: a
    picture, a person, a token. `version` is the feed's, which the action made. `draft` is as in `may`. Raises
    NotAllowed, which rolls the transaction back."""
    permit(db, actor, verb, draft=draft)
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
    insert(db, "actions", action)


def of_feed(db: Database, feed_id: int, limit: int) -> list[Action]:
    """Up to `limit` actions on that feed, its updates and its article, the latest first. For the desk only."""
    rows = db.execute(
        "SELECT at, coalesce(display_name, by_name) AS by, verb, update_id, detail FROM actions "
        "LEFT JOIN editors ON editors.id = editor_id WHERE feed_id = ? ORDER BY actions.id DESC LIMIT ?",
        [feed_id, limit],
    )
    return [Action(**dict(row)) for row in rows]
