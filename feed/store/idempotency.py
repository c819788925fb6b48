"""Idempotency keys: a request to publish that is repeated gives the same update, never a second one (invariant 2); and
one to add a point the same point.

A key belongs to one editor and to what was published or added with it, of which a digest is stored. It is remembered
for REMEMBERED_SECONDS.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

from sqlite_utils import Database

from feed import times
from feed.errors import Invalid, KeyUsed, Reason
from feed.store.actors import Actor
from feed.store.database import insert
from feed.store.feeds import Row

REMEMBERED_SECONDS = 24 * 3600  # long enough for a client that was offline overnight
LONGEST = 200  # characters of a key; a UUID has 36

# Fields that releases before did not know. Left out of the digest when empty, so that keys made by those still match.
_ADDED_LATER = ("language", "published_at", "status", "source")


class Keys(Enum):
    """What keys are for: the table that has them, and its column with the id of what was made. A key for an update is
    none for a point."""

    UPDATES = ("idempotency", "update_id")
    POINTS = ("point_keys", "point_id")


@dataclass(frozen=True)
class Claim:
    """An idempotency key, and the digest of what is published with it."""

    idempotency_key: str
    digest: str


def claim(idempotency_key: str, first_slug: str, cleaned: Mapping[str, object]) -> Claim:
    """The claim of a request to publish these fields. `first_slug` is the slug that the feed began with: a repeat that
    comes after the feed's address was changed is still the same request."""
    digested = {name: value for name, value in cleaned.items() if name not in _ADDED_LATER or value}
    digest = hashlib.sha256(json.dumps([first_slug, digested], sort_keys=True).encode()).hexdigest()
    return Claim(idempotency_key, digest)


def recall(db: Database, editor: Actor, claim: Claim, keys: Keys = Keys.UPDATES) -> int | None:
    """The id of what this editor made with that claim, None for a new one. Forgets keys that are too old. Raises
    Invalid for a key of a wrong length, KeyUsed for a key that was used for something else."""
    table, column = keys.value
    if not 0 < len(claim.idempotency_key) <= LONGEST:
        raise Invalid(Reason("Idempotency-Key", f"Use 1 to {LONGEST} characters."))
    db.execute(f"DELETE FROM {table} WHERE at < ?", [times.after(-REMEMBERED_SECONDS)])
    sought = f"SELECT digest, {column} AS made FROM {table} WHERE editor_id = ? AND key = ?"
    row: Row | None = db.execute(sought, [editor.id, claim.idempotency_key]).fetchone()
    if row and row["digest"] != claim.digest:
        raise KeyUsed(Reason("Idempotency-Key", "This key was used for something else; use a new one."))
    return int(row["made"]) if row else None


def remember(db: Database, editor: Actor, claim: Claim, made: int, keys: Keys = Keys.UPDATES) -> None:
    """Stores that this editor made what has that id with that claim."""
    table, column = keys.value
    claimed = {"editor_id": editor.id, "key": claim.idempotency_key, "digest": claim.digest}
    insert(db, table, {**claimed, column: made, "at": times.now()})
