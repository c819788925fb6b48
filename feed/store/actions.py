"""Who did what. `MAY` says which roles may use each verb.

Each verb of the store takes its actor. Within its own transaction it checks that table and stores a record, so
neither can be forgotten, and an editor who was disabled a moment ago changes nothing. No actor means the command line:
whoever has a shell on the machine may do everything.

A record is a row of `actions`, by which the desk lists what became of a feed and undoes it, and an entry of the log
(store.log), which is kept as evidence. Both survive a restore: what was done since the backup was made is undone, and
stays on record as done.

A contributor writes in drafts. An editor reads a draft and publishes it; from then on only editors may change it.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Protocol

from sqlite_utils import Database

from feed import times
from feed.errors import Message, NotAllowed
from feed.store import freshness, log
from feed.store.database import insert

ROLES = ("contributor", "editor", "admin")  # each may do what those before it may


class Door(StrEnum):
    """Which way something was asked for. The values are stored."""

    DESK = "desk"
    API = "api"
    COMMAND = "command line"
    SCHEDULE = "schedule"  # it came out at its moment


@dataclass(frozen=True)
class Origin:
    """From where somebody acts: by which door, from which network (see `networks.network_of`), and with the token of
    that name and id, which limits what they may do; at the desk, in the session with that hash. The web layer gives it
    to the editor that it finds (`Editor.origin`); who has none acts at the command line."""

    door: Door
    network: str | None = None
    token: str | None = None
    token_id: int | None = None
    session: str | None = field(default=None, compare=False, repr=False)


class Actor(Protocol):
    """Whoever acts: the editor's id and name, and from where."""

    @property
    def id(self) -> int: ...

    @property
    def name(self) -> str: ...

    @property
    def origin(self) -> Origin | None: ...


class Verb(StrEnum):
    """What can be done. The values are stored. MARK sets or clears the flags `key` and `pinned` of an update.
    MINOR_EDIT changes public words, of an update or an article, without the mark "Updated"."""

    READ_DRAFT = "read draft"
    WRITE_DRAFT = "write draft"
    SUBMIT = "submit"
    TAKE_BACK = "take back submission"
    RETURN = "return submission"
    PUBLISH_SUBMISSION = "publish submission"
    SCHEDULE_SUBMISSION = "schedule submission"
    PUBLISH = "publish"
    EDIT = "edit"
    MINOR_EDIT = "minor edit"
    MARK = "mark"
    RETRACT = "retract"
    RESTORE_UPDATE = "restore"
    UNDO = "undo publication"
    EDIT_POINT = "edit point"
    CONFIRM_POINT = "confirm point"
    ERASE = "erase"
    SCHEDULE = "schedule"
    CANCEL = "cancel scheduled"
    FAIL = "fail to publish"  # what the site does by itself
    OPEN = "open coverage"
    CLOSE = "close coverage"
    OPEN_NEWS = "open news"
    CLOSE_NEWS = "close news"
    CREATE_ARTICLE = "create article"
    EDIT_ARTICLE = "edit article"
    EXPORT = "export"
    IMPORT = "import"
    ADD_PICTURE = "add picture"
    EDIT_PICTURE = "edit picture"
    CHANGE_PROFILE = "change profile"
    CHANGE_PASSWORD = "change own password"  # noqa: S105 - a verb
    ADD_SECOND_FACTOR = "add second factor"
    REMOVE_SECOND_FACTOR = "remove second factor"
    MAKE_RECOVERY_CODES = "make recovery codes"
    ADD_PERSON = "add person"
    INVITE = "invite person"
    REVOKE_INVITATION = "revoke invitation"
    ACCEPT_INVITATION = "accept invitation"
    CHANGE_ROLE = "change role"
    RESET_PASSWORD = "reset password"  # noqa: S105 - a verb
    DISABLE = "disable person"
    ENABLE = "enable person"
    SET_PASSWORD = "set password"  # noqa: S105 - a verb
    RESET_SECOND_FACTOR = "reset second factor"
    ADD_TOKEN = "add token"  # noqa: S105 - a verb
    REVOKE_TOKEN = "revoke token"  # noqa: S105 - a verb
    SIGN_IN = "sign in"
    SIGN_OUT = "sign out"
    REFUSE_SIGN_IN = "refuse sign-in"
    READ_LOG = "read log"
    REPAIR = "repair database"
    RERENDER = "render anew"
    ADOPT = "adopt database"
    RESTORE = "restore backup"


_ALL = frozenset(ROLES)
_EDITORS = frozenset({"editor", "admin"})
_ADMIN = frozenset({"admin"})

# What harms the whole site and cannot be repaired by an edit is for admins, and so is what readers are not told of.
MAY: Mapping[Verb, frozenset[str]] = {
    Verb.READ_DRAFT: _ALL,
    Verb.WRITE_DRAFT: _ALL,
    Verb.SUBMIT: _ALL,
    Verb.TAKE_BACK: _ALL,  # each their own
    Verb.RETURN: _EDITORS,
    Verb.PUBLISH_SUBMISSION: _EDITORS,
    Verb.SCHEDULE_SUBMISSION: _EDITORS,
    Verb.PUBLISH: _EDITORS,
    Verb.EDIT: _EDITORS,
    Verb.MINOR_EDIT: _ADMIN,
    Verb.MARK: _EDITORS,
    Verb.RETRACT: _EDITORS,
    Verb.RESTORE_UPDATE: _EDITORS,
    Verb.UNDO: _EDITORS,
    Verb.EDIT_POINT: _EDITORS,
    Verb.CONFIRM_POINT: _EDITORS,
    Verb.ERASE: _ADMIN,
    Verb.SCHEDULE: _EDITORS,
    Verb.CANCEL: _EDITORS,
    Verb.FAIL: _ADMIN,
    Verb.OPEN: _EDITORS,
    Verb.CLOSE: _EDITORS,
    Verb.OPEN_NEWS: _ADMIN,
    Verb.CLOSE_NEWS: _ADMIN,
    Verb.CREATE_ARTICLE: _EDITORS,
    Verb.EDIT_ARTICLE: _EDITORS,
    Verb.EXPORT: _EDITORS,
    Verb.IMPORT: _ADMIN,
    Verb.ADD_PICTURE: _ALL,
    Verb.EDIT_PICTURE: _EDITORS,
    Verb.CHANGE_PROFILE: _ALL,
    Verb.CHANGE_PASSWORD: _ALL,
    Verb.ADD_SECOND_FACTOR: _ALL,
    Verb.REMOVE_SECOND_FACTOR: _ALL,
    Verb.MAKE_RECOVERY_CODES: _ALL,
    Verb.ADD_PERSON: _ADMIN,
    Verb.INVITE: _ADMIN,
    Verb.REVOKE_INVITATION: _ADMIN,
    Verb.ACCEPT_INVITATION: _ALL,
    Verb.CHANGE_ROLE: _ADMIN,
    Verb.RESET_PASSWORD: _ADMIN,
    Verb.DISABLE: _ADMIN,
    Verb.ENABLE: _ADMIN,
    Verb.SET_PASSWORD: _ADMIN,
    Verb.RESET_SECOND_FACTOR: _ADMIN,
    Verb.ADD_TOKEN: _ADMIN,
    Verb.REVOKE_TOKEN: _ADMIN,
    Verb.SIGN_IN: _ALL,
    Verb.SIGN_OUT: _ALL,
    Verb.REFUSE_SIGN_IN: _ALL,
    Verb.READ_LOG: _ADMIN,
    Verb.REPAIR: _ADMIN,
    Verb.RERENDER: _ADMIN,
    Verb.ADOPT: _ADMIN,
    Verb.RESTORE: _ADMIN,
}


# What at the desk needs a fresh session: it lets somebody in, keeps somebody out, or cannot be undone. Revoking needs
# none: what leaked has to end without delay.
FRESH = frozenset({
    Verb.ADD_PERSON, Verb.INVITE, Verb.CHANGE_ROLE, Verb.RESET_PASSWORD, Verb.DISABLE, Verb.ENABLE, Verb.SET_PASSWORD,
    Verb.RESET_SECOND_FACTOR, Verb.ADD_TOKEN, Verb.ERASE,
})  # fmt: skip


class Scope(StrEnum):
    """What a token can be limited to. The values are stored."""

    READ = "read"
    PUBLISH = "publish"
    EDIT = "edit"
    RETRACT = "retract"


# The scope that a token with scopes needs for each verb. What is not here, no such token may do: it is done at the
# desk. A token without scopes may do what its editor may.
SCOPES: Mapping[Verb, Scope] = {
    Verb.READ_DRAFT: Scope.READ,
    Verb.EXPORT: Scope.READ,
    Verb.WRITE_DRAFT: Scope.PUBLISH,
    Verb.PUBLISH: Scope.PUBLISH,
    Verb.CREATE_ARTICLE: Scope.PUBLISH,
    Verb.ADD_PICTURE: Scope.PUBLISH,
    Verb.EDIT: Scope.EDIT,
    Verb.MINOR_EDIT: Scope.EDIT,
    Verb.MARK: Scope.EDIT,
    Verb.EDIT_ARTICLE: Scope.EDIT,
    Verb.EDIT_PICTURE: Scope.EDIT,
    Verb.OPEN: Scope.EDIT,
    Verb.CLOSE: Scope.EDIT,
    Verb.RETRACT: Scope.RETRACT,
    Verb.RESTORE_UPDATE: Scope.RETRACT,
    Verb.UNDO: Scope.RETRACT,
}
_OF_NO_FEED = frozenset({Verb.ADD_PICTURE})  # a token for some feeds may do this too: what it writes there shows it

# Done to an article that is a draft and stays one, each of these counts as WRITE_DRAFT. One that is scheduled does not
# stay one.
_IN_DRAFTS = frozenset({
    Verb.PUBLISH, Verb.EDIT, Verb.MARK, Verb.RETRACT, Verb.RESTORE_UPDATE, Verb.UNDO, Verb.EDIT_POINT,
    Verb.CONFIRM_POINT, Verb.SCHEDULE, Verb.CANCEL, Verb.OPEN, Verb.CLOSE, Verb.CREATE_ARTICLE, Verb.EDIT_ARTICLE,
})  # fmt: skip
_WHY_NOT = {
    **dict.fromkeys(
        (*_IN_DRAFTS, Verb.EDIT_PICTURE, Verb.RETURN, Verb.PUBLISH_SUBMISSION, Verb.SCHEDULE_SUBMISSION),
        Message("You can write drafts. Only editors can publish, and change what is public."),
    ),
    Verb.OPEN_NEWS: Message("Only an admin may open or close the News Feed."),
    Verb.CLOSE_NEWS: Message("Only an admin may open or close the News Feed."),
    Verb.EXPORT: Message("Only editors can take a copy of a coverage."),
    Verb.IMPORT: Message("Only an admin may import updates of other sites."),
    Verb.ADD_TOKEN: Message("Only an admin may make or revoke tokens."),
    Verb.REVOKE_TOKEN: Message("Only an admin may make or revoke tokens."),
    Verb.READ_LOG: Message("Only an admin may read the log."),
    Verb.ERASE: Message("Only an admin may erase an update for good."),
    Verb.MINOR_EDIT: Message("Only an admin may edit without the Updated mark."),
}
_PEOPLE = Message("Only an admin may change who writes here.")
_DISABLED = Message("This account was disabled. Ask an admin.")
_NO_TOKEN = Message("This token is revoked or expired.")
_NO_SCOPE = Message("A token with scopes may not do this. Do it at the desk.")
_OTHER_FEED = Message("This token is for other feeds.")

# How the desk lists them, beside who did it and when. Reading changes nothing, and is not recorded.
WORDS: Mapping[str, Message] = {
    Verb.WRITE_DRAFT: Message("wrote a draft"),
    Verb.SUBMIT: Message("submitted a text"),
    Verb.TAKE_BACK: Message("took a submitted text back"),
    Verb.RETURN: Message("returned a submitted text"),
    Verb.PUBLISH_SUBMISSION: Message("published a submitted text"),
    Verb.SCHEDULE_SUBMISSION: Message("scheduled a submitted text"),
    Verb.PUBLISH: Message("published"),
    Verb.EDIT: Message("edited"),
    Verb.MINOR_EDIT: Message("made a minor edit"),
    Verb.MARK: Message("marked"),
    Verb.RETRACT: Message("retracted"),
    Verb.RESTORE_UPDATE: Message("restored"),
    Verb.UNDO: Message("took back at once"),
    Verb.EDIT_POINT: Message("changed what we know"),
    Verb.CONFIRM_POINT: Message("confirmed what we know"),
    Verb.ERASE: Message("erased for good"),
    Verb.SCHEDULE: Message("scheduled"),
    Verb.CANCEL: Message("cancelled what was scheduled"),
    Verb.FAIL: Message("could not publish what was scheduled"),
    Verb.OPEN: Message("opened coverage"),
    Verb.CLOSE: Message("closed coverage"),
    Verb.OPEN_NEWS: Message("opened coverage"),
    Verb.CLOSE_NEWS: Message("closed coverage"),
    Verb.CREATE_ARTICLE: Message("created the article"),
    Verb.EDIT_ARTICLE: Message("edited the article"),
    Verb.EXPORT: Message("exported it"),
    Verb.IMPORT: Message("imported"),
    Verb.ADD_PICTURE: Message("added a picture"),
    Verb.EDIT_PICTURE: Message("changed the words of a picture"),
    Verb.CHANGE_PROFILE: Message("changed a profile"),
    Verb.CHANGE_PASSWORD: Message("changed their own password"),
    Verb.ADD_PERSON: Message("added a person"),
    Verb.INVITE: Message("invited a person"),
    Verb.REVOKE_INVITATION: Message("revoked an invitation"),
    Verb.ACCEPT_INVITATION: Message("used a one-time link"),
    Verb.CHANGE_ROLE: Message("changed the role of a person"),
    Verb.RESET_PASSWORD: Message("made a link for a new password"),
    Verb.DISABLE: Message("disabled a person"),
    Verb.ENABLE: Message("enabled a person"),
    Verb.SET_PASSWORD: Message("set a password"),
    Verb.ADD_TOKEN: Message("made a token"),
    Verb.REVOKE_TOKEN: Message("revoked tokens"),
    Verb.ADD_SECOND_FACTOR: Message("added a second factor"),
    Verb.REMOVE_SECOND_FACTOR: Message("removed a second factor"),
    Verb.MAKE_RECOVERY_CODES: Message("made recovery codes"),
    Verb.RESET_SECOND_FACTOR: Message("reset the second factor of a person"),
    Verb.SIGN_IN: Message("signed in"),
    Verb.SIGN_OUT: Message("signed out"),
    Verb.REFUSE_SIGN_IN: Message("refused a sign-in"),
    Verb.REPAIR: Message("repaired the database"),
    Verb.RERENDER: Message("rendered all texts anew"),
    Verb.ADOPT: Message("let all open pages reload"),
    Verb.RESTORE: Message("restored a backup: what was done since is undone, but for retractions"),
}


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


def may(role: str, verb: Verb, *, draft: bool = False) -> bool:
    """Whether that role may do that. `draft` says that no reader sees what it is done to, neither before nor after."""
    return role in MAY[verb] or (draft and verb in _IN_DRAFTS and role in MAY[Verb.WRITE_DRAFT])


def permit(db: Database, actor: Actor | None, verb: Verb, *, draft: bool = False, feed_id: int | None = None) -> None:
    """Raises NotAllowed unless the actor's current role may do that (see `may`), and so may the token with which they
    act. `feed_id` is the feed that it is done to, None for none."""
    if actor is None:
        return
    row = db.execute("SELECT role, disabled_at FROM editors WHERE id = ?", [actor.id]).fetchone()
    if row is None or row["disabled_at"]:
        raise NotAllowed(_DISABLED)
    if not may(row["role"], verb, draft=draft):
        raise NotAllowed(_WHY_NOT.get(verb, _PEOPLE))
    if actor.origin and actor.origin.token_id:
        _permit_token(db, actor.origin.token_id, verb, feed_id)


def _permit_token(db: Database, token_id: int, verb: Verb, feed_id: int | None) -> None:
    row = db.execute(
        "SELECT scopes, feeds FROM tokens WHERE id = ? AND revoked_at IS NULL "
        "AND (expires_at IS NULL OR expires_at > ?)",
        [token_id, times.now()],
    ).fetchone()
    if row is None:
        raise NotAllowed(_NO_TOKEN)
    if row["scopes"] is None:
        return
    scope = SCOPES.get(verb)
    if scope is None:
        raise NotAllowed(_NO_SCOPE)
    if scope not in json.loads(row["scopes"]):
        raise NotAllowed(Message('This token lacks the scope "{scope}".', scope=scope.value))
    if row["feeds"] is not None and verb not in _OF_NO_FEED and feed_id not in json.loads(row["feeds"]):
        raise NotAllowed(_OTHER_FEED)


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
    picture, a person. `version` is the feed's, which the action made. `draft` is as in `may`.

    `before` and `after` are the fields that it changed, for the log, which keeps those that differ: texts, never the
    hash of a password or a secret. Texts of something that is no update yet have its draft's id for `subject`; those
    that only propose a change have that update for `texts_of`. An erasure finds them by these. `origin` is that of
    somebody who is no editor yet; otherwise it is the actor's. Raises NotAllowed, also NotFresh (see FRESH), which
    rolls the transaction back."""
    permit(db, actor, verb, draft=draft and not comes_out(db, feed_id, article_id), feed_id=feed_id)
    if verb in FRESH and actor and actor.origin and actor.origin.door == Door.DESK:
        freshness.require(db, actor.origin.session, actor.id)
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


def _whence(actor: Actor | None, origin: Origin | None) -> dict[str, str | None]:
    """Who, and from where, as the log names it."""
    who = actor.name if actor else None
    if origin is None:
        return {"who": who, "door": Door.COMMAND.value, "account": log.account()}
    network = origin.network and origin.network[: log.NETWORK_LONGEST]
    return {"who": who, "door": origin.door.value, "network": network, "token": origin.token}


def _slug(db: Database, table: str, row_id: int | None) -> str | None:
    return db.execute(f"SELECT slug FROM {table} WHERE id = ?", [row_id]).fetchone()[0] if row_id else None


def comes_out(db: Database, feed_id: int | None, article_id: int | None = None) -> bool:
    """Whether that article, or that of the feed, is scheduled: what is written there is public at that moment."""
    sought = "SELECT 1 FROM scheduled WHERE article_id IN (?, (SELECT article_id FROM feeds WHERE id = ?))"
    return db.execute(sought, [article_id, feed_id]).fetchone() is not None


def of_feed(db: Database, feed_id: int, limit: int) -> list[Action]:
    """Up to `limit` actions on that feed, its updates and its article, the latest first. For the desk only."""
    rows = db.execute(
        "SELECT at, coalesce(display_name, by_name) AS by, verb, update_id, detail FROM actions "
        "LEFT JOIN editors ON editors.id = editor_id WHERE feed_id = ? ORDER BY actions.id DESC LIMIT ?",
        [feed_id, limit],
    )
    return [Action(**dict(row)) for row in rows]
