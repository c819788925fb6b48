"""Idempotency keys: a request to publish that is repeated gives the same update, never a second one (invariant 2).

A key belongs to one editor and to what was published with it, of which a digest is stored. It is remembered for
REMEMBERED_SECONDS.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass

from sqlite_utils import Database

from feed import times
from feed.errors import Invalid, KeyUsed, Reason
from feed.store.database import insert
from feed.store.editors import Editor
from feed.store.feeds import Row

REMEMBERED_SECONDS = 24 * 3600  # long enough for a client that was offline overnight
LONGEST = 200  # characters of a key; a UUID has 36

# Fields that releases before did not know. Left out of the digest when empty, so that keys made by those still match.
_ADDED_LATER = ("language", "published_at", "status", "source")


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


def recall(db: Database, editor: Editor, claim: Claim) -> int | None:
    """The id of the update that this editor published with that claim, None for a new one. Forgets keys that are too
    old. Raises Invalid for a key of a wrong length, KeyUsed for a key that was used for something else."""
    if not 0 < len(claim.idempotency_key) <= LONGEST:
        raise Invalid(Reason("Idempotency-Key", f"Use 1 to {LONGEST} characters."))
    db.execute("DELETE FROM idempotency WHERE at < ?", [times.after(-REMEMBERED_SECONDS)])
    row = _row(db, editor, claim.idempotency_key)
    if row and row["digest"] != claim.digest:
        raise KeyUsed(Reason("Idempotency-Key", "This key was used for another update; use a new one."))
    return int(row["update_id"]) if row else None


def remember(db: Database, editor: Editor, claim: Claim, update_id: int) -> None:
    """Stores that this editor published that update with that claim."""
    published = {"editor_id": editor.id, "key": claim.idempotency_key, "digest": claim.digest}
    insert(db, "idempotency", {**published, "update_id": update_id, "at": times.now()})


def _row(db: Database, editor: Editor, idempotency_key: str) -> Row | None:
    sought = "SELECT digest, update_id FROM idempotency WHERE editor_id = ? AND key = ?"
    return db.execute(sought, [editor.id, idempotency_key]).fetchone()
