"""Fresh sessions: what nobody must be able to do with a stolen cookie, or in a browser that was left open, needs a
session that has shown within FRESH_SECONDS that it is its editor."""

from sqlite_utils import Database

from feed import times
from feed.errors import NotFresh

FRESH_SECONDS = 10 * 60  # after signing in; long enough to set up a phone


def is_fresh(proved_at: str | None) -> bool:
    """Whether a session is that showed at this moment that it is its editor."""
    return proved_at is not None and proved_at > times.after(-FRESH_SECONDS)


def require(db: Database, session_hash: str | None, editor_id: int) -> None:
    """Raises NotFresh unless that session of the editor is fresh."""
    asked = "SELECT proved_at FROM sessions WHERE hash = ? AND editor_id = ? AND expires_at > ?"
    row = db.execute(asked, [session_hash, editor_id, times.now()]).fetchone()
    if row is None or not is_fresh(row["proved_at"]):
        raise NotFresh
