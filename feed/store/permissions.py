"""Who may do what: `MAY` says which roles may use each verb, `SCOPES` which scope a limited token needs for it, `FRESH`
what needs a fresh session.

No actor means the command line: whoever has a shell on the machine may do everything.

A contributor writes in drafts. An editor reads a draft and publishes it; from then on only editors may change it.
"""

import json
from collections.abc import Mapping
from enum import StrEnum

from sqlite_utils import Database

from feed import times
from feed.errors import Message, NotAllowed
from feed.store.actors import Actor
from feed.store.verbs import Verb

ROLES = ("contributor", "editor", "admin")  # each may do what those before it may

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
    Verb.EDIT_POINT: Scope.EDIT,
    Verb.CONFIRM_POINT: Scope.EDIT,
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


def stays_draft(db: Database, draft: bool, feed_id: int | None, article_id: int | None = None) -> bool:
    """Whether that article, or that of the feed, is a `draft` and not scheduled: what is written in one that is comes
    out at its moment."""
    if not draft:
        return False
    sought = "SELECT 1 FROM scheduled WHERE article_id IN (?, (SELECT article_id FROM feeds WHERE id = ?))"
    return db.execute(sought, [article_id, feed_id]).fetchone() is None
