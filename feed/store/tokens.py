"""Bearer tokens of the API, stored hashed. Whoever holds one writes as its editor.

A token can be limited to scopes and feeds, which `permissions.permit` holds (see `permissions.SCOPES`). One without may
do what its editor may.
"""

import json
import secrets
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlite_utils import Database

from feed import fields, times
from feed.errors import Invalid, Message, Missing, Reason
from feed.store import actions, editors, feeds, permissions
from feed.store.actors import Actor, Door, Origin
from feed.store.database import Store, insert
from feed.store.editors import Editor
from feed.store.hashes import hashed
from feed.store.permissions import Scope
from feed.store.updates import HIGHEST_ID
from feed.store.verbs import Verb

PREFIX = "liveline_"  # secret scanners recognise a token in a public place by it
MOST_DAYS = 3650
MOST_FEEDS = 100  # of one token; a program for more needs no limit
USE_SECONDS = 60  # between two notes that a token is used: one write, not one for each request

# The hash of a token with scopes is another, so that a worker of the release before, which would ignore them, does not
# know it.
_SCOPED = b"scoped token"


@dataclass(frozen=True)
class Token:
    """A token in a list, without its secret. `expires_at` is None if it does not expire. `scopes` and `feeds` (slugs)
    are what it is limited to, None for no limit. `used_at` is up to USE_SECONDS old, and None if it was never used."""

    id: int
    editor: str
    name: str
    created_at: str
    expires_at: str | None
    revoked_at: str | None
    used_at: str | None
    scopes: tuple[str, ...] | None
    feeds: tuple[str, ...] | None

    @property
    def works(self) -> bool:
        """Whether it is valid now."""
        return self.revoked_at is None and (self.expires_at is None or self.expires_at > times.now())


def add(
    store: Store,
    editor_name: str,
    name: str,
    days: int | None = None,
    *,
    actor: Actor | None,
    scopes: Sequence[str] | None = None,
    slugs: Sequence[str] | None = None,
) -> str:
    """A new token of that editor, which nothing shows again. It is valid for that many days, or until it is revoked. It
    is limited to those scopes and the feeds with those slugs; None is no limit, but a token for some feeds has all
    scopes at most. Raises Missing, NotAllowed, NotFresh, and Invalid, also for
    an editor who is disabled, and at the desk for a name that a valid token of the editor has."""
    name = fields.clean({"name": fields.Text(fields.LINE, required=True)}, {"name": name})["name"]
    if days is not None and not 1 <= days <= MOST_DAYS:
        raise Invalid(Reason("days", Message("Choose 1 to {most} days.", most=MOST_DAYS)))
    if slugs is not None and scopes is None:
        scopes = list(Scope)
    if scopes is not None and (not scopes or not set(scopes) <= set(Scope)):
        raise Invalid(Reason("scopes", Message("Use one of {roles}.", roles=", ".join(Scope))))
    token = PREFIX + secrets.token_urlsafe(32)
    row = {
        "hash": hashed(token) if scopes is None else hashed(token, _SCOPED),
        "name": name,
        "created_at": times.now(),
        "expires_at": None if days is None else times.after(days * 24 * 3600),
        "scopes": None if scopes is None else json.dumps([each.value for each in Scope if each in scopes]),
    }
    store.write(_add, editor_name, row, slugs, actor)
    return token


def of_editor(db: Database, editor_name: str | None = None) -> list[Token]:
    """All tokens of that editor, or of everybody, the oldest first; revoked ones too. Raises Missing."""
    which, values = ("WHERE editors.id = ?", [editors.by_name(db, editor_name).id]) if editor_name else ("", [])
    rows = db.execute(
        "SELECT tokens.id, editors.name AS editor, tokens.name, tokens.created_at, tokens.expires_at, "
        "tokens.revoked_at, used_at, scopes, (SELECT json_group_array(slug) FROM (SELECT slug FROM json_each(feeds) "
        "JOIN feeds AS named ON named.id = value ORDER BY slug)) AS slugs, feeds "
        f"FROM tokens JOIN editors ON editors.id = editor_id {which} ORDER BY tokens.id",
        values,
    ).fetchall()
    return [_token(dict(row)) for row in rows]


def editor_of(db: Database, token: str, network: str | None = None) -> Editor:
    """The editor of that token, who acts with it from that network. Raises Missing when the token is unknown, revoked
    or expired."""
    row = db.execute(
        "SELECT tokens.id, editor_id, tokens.name FROM tokens JOIN editors ON editors.id = editor_id "
        "WHERE hash IN (?, ?) AND revoked_at IS NULL "
        "AND (expires_at IS NULL OR expires_at > ?) AND disabled_at IS NULL",
        [hashed(token), hashed(token, _SCOPED), times.now()],
    ).fetchone()
    if row is None:
        raise Missing("token")
    return replace(editors.by_id(db, row["editor_id"]), origin=Origin(Door.API, network, row["name"], row["id"]))


def note_use(store: Store, token_id: int) -> None:
    """Notes that the token is used now, unless that was noted a moment ago."""
    with store.read() as db:
        row = db.execute("SELECT used_at FROM tokens WHERE id = ?", [token_id]).fetchone()
    if row and (row["used_at"] or "") < times.after(-USE_SECONDS):
        store.write(lambda db: db.execute("UPDATE tokens SET used_at = ? WHERE id = ?", [times.now(), token_id]))


def revoke(store: Store, editor_name: str, name: str | None = None, *, actor: Actor | None) -> int:
    """Revokes the tokens of that editor, all or those of that name; returns how many were valid. Raises Missing,
    NotAllowed."""
    return store.write(_revoke, editor_name, name, actor)


def revoke_one(store: Store, token_id: int, actor: Actor | None) -> None:
    """Revokes the token with that id. Raises Missing when there is none that is not revoked, and NotAllowed."""
    store.write(_revoke_one, token_id, actor)


def ended(db: Database) -> list[str]:
    """The hashes of all revoked tokens."""
    return [row["hash"] for row in db.execute("SELECT hash FROM tokens WHERE revoked_at IS NOT NULL")]


def end(db: Database, digests: list[str]) -> None:
    """Revokes the tokens with those hashes, in a transaction of the caller's."""
    for digest in digests:
        db.execute("UPDATE tokens SET revoked_at = coalesce(revoked_at, ?) WHERE hash = ?", [times.now(), digest])


def _add(
    db: Database,
    editor_name: str,
    row: dict[str, Any],
    slugs: Collection[str] | None,
    actor: Actor | None,
) -> None:
    permissions.permit(db, actor, Verb.ADD_TOKEN)
    editor = editors.by_name(db, editor_name)
    editors.check_enabled(editor)
    if actor is not None:
        _check_free(db, editor, row["name"])
    ids = None if slugs is None else json.dumps(_ids_of(db, slugs))
    insert(db, "tokens", {**row, "editor_id": editor.id, "feeds": ids})
    made = {"token": row["name"], "expires_at": row["expires_at"], "scopes": row["scopes"], "feeds": ids}
    actions.record(db, actor, Verb.ADD_TOKEN, editor.name, detail=row["name"], after=made)


def _check_free(db: Database, editor: Editor, name: str) -> None:
    """Raises Invalid when a valid token of the editor has that name: so the desk's form makes no second one when the
    page that shows the token is loaded again. A script may have several of one name."""
    if any(each.works and each.name == name for each in of_editor(db, editor.name)):
        raise Invalid(
            Reason("name", Message("{name} has a token of this name; choose another.", name=editor.display_name))
        )


def _ids_of(db: Database, slugs: Collection[str]) -> list[int]:
    try:
        ids = sorted({feeds.get(db, slug, drafts=True).id for slug in slugs})
    except Missing as error:
        raise Invalid(Reason("feeds", Message("There is no feed {feed}.", feed=str(error)[:80]))) from None
    if not 1 <= len(ids) <= MOST_FEEDS:
        raise Invalid(Reason("feeds", Message("Name 1 to {most} feeds.", most=MOST_FEEDS)))
    return ids


def _token(row: dict[str, Any]) -> Token:
    slugs = tuple(json.loads(row.pop("slugs") or "[]"))
    limited, scopes = row.pop("feeds") is not None, row.pop("scopes")
    return Token(**row, scopes=tuple(json.loads(scopes)) if scopes else None, feeds=slugs if limited else None)


def _revoke_one(db: Database, token_id: int, actor: Actor | None) -> None:
    permissions.permit(db, actor, Verb.REVOKE_TOKEN)
    row = db.execute(
        "SELECT tokens.name, editors.name AS editor FROM tokens JOIN editors ON editors.id = editor_id "
        "WHERE tokens.id = ? AND revoked_at IS NULL",
        [min(token_id, HIGHEST_ID)],
    ).fetchone()
    if row is None:
        raise Missing(token_id)
    db.execute("UPDATE tokens SET revoked_at = ? WHERE id = ?", [times.now(), token_id])
    actions.record(db, actor, Verb.REVOKE_TOKEN, row["editor"], detail=row["name"], before={"token": row["name"]})


def _revoke(db: Database, editor_name: str, name: str | None, actor: Actor | None) -> int:
    editor = editors.by_name(db, editor_name)
    now = times.now()
    ended = db.execute(
        "UPDATE tokens SET revoked_at = :now WHERE editor_id = :editor AND (:name IS NULL OR name = :name) "
        "AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > :now)",
        {"now": now, "editor": editor.id, "name": name},
    ).rowcount
    actions.record(db, actor, Verb.REVOKE_TOKEN, editor.name, detail=name, before={"token": name})
    return ended
