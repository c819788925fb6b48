"""The draft that a submission was made of: what becomes of it once an editor has decided. Its author may have written
more in it since."""

import json
import uuid

from sqlite_utils import Database

from feed import times
from feed.store import feeds
from feed.store.articles import Article
from feed.store.database import insert
from feed.store.revisions import WORDS
from feed.store.submissions import Submission
from feed.store.updates import Update


def open_again(db: Database, back: Submission) -> None:
    """Gives its author the draft again, whatever became of it: as it was left or, if it is gone, as it was
    submitted."""
    table = "drafts" if back.feed else "article_drafts"
    opened = f"UPDATE {table} SET state = 'kept', saved_at = ? WHERE id = ? AND editor_id = ?"
    if db.execute(opened, [times.now(), back.draft_id, back.author_id]).rowcount:
        return
    row = {"id": back.draft_id, "editor_id": back.author_id, "revision": back.of_revision, "seq": 1, "state": "kept"}
    typed = {name: value if isinstance(value, bool) else value or "" for name, value in back.fields.items()}
    if back.feed:
        unset: dict[str, object] = {
            **dict.fromkeys(WORDS, ""),
            "note": "",
            "language": "",
            "key": False,
            "pinned": False,
            "update_id": back.update_id,
        }
        row |= {**unset, **typed, "feed_id": feeds.get(db, back.feed, drafts=True).id}
    else:
        row |= {"article_id": back.article_id, "fields": json.dumps(typed, ensure_ascii=False)}
    insert(db, table, {**row, "saved_at": times.now()})


def went_on(db: Database, found: Submission) -> bool:
    """Whether the author has written more in the draft since it was submitted."""
    table = "drafts" if found.feed else "article_drafts"
    asked = f"SELECT 1 FROM {table} WHERE id = ? AND editor_id = ? AND state = 'kept' AND seq > ?"
    return db.execute(asked, [found.draft_id, found.author_id, found.seq]).fetchone() is not None


def keep_later_words(db: Database, found: Submission, made: Update | Article) -> None:
    """Keeps what the author wrote since as a draft of an edit: the draft that was submitted is used up."""
    words = f"{', '.join(WORDS)}, language, note, key, pinned" if found.feed else "fields"
    table, of, about = ("drafts", "update_id", "feed_id, ") if found.feed else ("article_drafts", "article_id", "")
    db.execute(
        f"INSERT INTO {table} (id, editor_id, {about}{of}, revision, {words}, seq, state, saved_at) "
        f"SELECT :new, editor_id, {about}:made, :revision, {words}, 1, 'kept', :now FROM {table} WHERE id = :id",
        {
            "new": str(uuid.uuid4()),
            "made": made.id,
            "revision": made.revision,
            "now": times.now(),
            "id": found.draft_id,
        },
    )
