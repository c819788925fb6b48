"""Drafts of articles: what an editor is writing in the form of an article, a new one or an edit, as it was typed.

What drafts.py says of drafts of updates holds for these too: an article remembers the draft that it was made from, so
no draft ever makes two. The fields of the form are one column of JSON, because nothing is asked of them but to be given
back as they are.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlite_utils import Database

from feed import fields, times
from feed.errors import Missing
from feed.store import draft_states
from feed.store.database import Store
from feed.store.draft_states import Kind, State
from feed.store.editors import Editor
from feed.store.feeds import Row

_COLUMNS = """
    article_drafts.id, article_id, articles.slug AS article, article_drafts.revision, fields, seq, state, saved_at
    FROM article_drafts LEFT JOIN articles ON articles.id = article_id
"""


@dataclass(frozen=True)
class ArticleDraft:
    """A draft as its editor last saved it; `fields` are those of the form. For an edit `article_id` and `article` are
    the id and the slug of the article, and `revision` is the one that the editor began with."""

    id: str
    article_id: int | None
    article: str | None
    revision: int | None
    fields: Mapping[str, Any]
    seq: int
    state: State
    saved_at: str


def save(store: Store, draft_id: str, editor: Editor, given: Mapping[str, object]) -> ArticleDraft:
    """Stores a state of the draft. `given` has the fields of `fields.DRAFT_OF_ARTICLE`; all else is as in
    drafts.save."""
    draft_states.check_id(draft_id)
    return store.write(_save, draft_id, editor, fields.clean(fields.DRAFT_OF_ARTICLE, given))


def get(db: Database, draft_id: str, editor: Editor) -> ArticleDraft:
    """The draft in any state. Raises Missing, also for another editor's."""
    return draft_states.get(db, KIND, draft_id, editor)


def made_from(db: Database, draft_id: str, editor: Editor) -> str | None:
    """The slug of the article that this editor made from that draft; None when there is none."""
    row = db.execute(
        "SELECT slug FROM articles JOIN article_revisions ON article_id = articles.id "
        "WHERE draft_id = ? AND article_revisions.revision = 1 AND editor_id = ?",
        [draft_id, editor.id],
    ).fetchone()
    return str(row["slug"]) if row else None


def is_published(db: Database, draft_id: str, editor: Editor, article_id: int) -> bool:
    """Whether that draft is an edit of that article, and was saved."""
    asked = "SELECT 1 FROM article_drafts WHERE id = ? AND editor_id = ? AND article_id = ? AND state = ?"
    return db.execute(asked, [draft_id, editor.id, article_id, State.PUBLISHED]).fetchone() is not None


def set_published(db: Database, draft_id: str, editor: Editor, article_id: int) -> None:
    """Notes that the article has what the draft holds, in a transaction of the caller's. A draft that was not saved
    before is noted too, so that a save on its way cannot bring it back."""
    db.execute(
        "INSERT INTO article_drafts (id, editor_id, article_id, fields, seq, state, saved_at) "
        "VALUES (:id, :editor, :article, '{}', 0, :state, :now) ON CONFLICT (id) DO UPDATE "
        "SET state = :state, saved_at = :now, article_id = :article WHERE editor_id = :editor",
        {"id": draft_id, "editor": editor.id, "article": article_id, "state": State.PUBLISHED, "now": times.now()},
    )


def keep_again(db: Database, draft_id: str, revision: int, text: Mapping[str, Any]) -> int | None:
    """Keeps a draft again that was saved as a draft article, as an edit of that revision with this text, in a
    transaction of the caller's. Returns the number of its state; None where there is no such draft any more."""
    names = [name for name in fields.DRAFT_OF_ARTICLE if name in text and name != "revision"]
    typed = json.dumps({name: text[name] if text[name] is not None else "" for name in names}, ensure_ascii=False)
    kept = "UPDATE article_drafts SET state = ?, revision = ?, saved_at = ?, fields = ? WHERE id = ? RETURNING seq"
    row = db.execute(kept, [State.KEPT, revision, times.now(), typed, draft_id]).fetchall()
    return int(row[0]["seq"]) if row else None


def row_of(typed: Mapping[str, Any]) -> dict[str, Any]:
    """The columns of a draft in that state, which has the cleaned fields of `fields.DRAFT_OF_ARTICLE`."""
    columns = {name: typed[name] for name in ("revision", "seq", "discarded")}
    texts = {name: value for name, value in typed.items() if name not in columns and name != "article"}
    return {**columns, "article_id": typed["article"], "fields": json.dumps(texts, ensure_ascii=False)}


def _save(db: Database, draft_id: str, editor: Editor, typed: dict[str, Any]) -> ArticleDraft:
    row = {**row_of(typed), "id": draft_id}
    article_id = row["article_id"]
    if article_id is not None and db.execute("SELECT 1 FROM articles WHERE id = ?", [article_id]).fetchone() is None:
        raise Missing(article_id)
    return draft_states.save(db, KIND, editor, row)


def _find(db: Database, condition: str, values: list[Any]) -> list[ArticleDraft]:
    return [_draft(row) for row in db.execute(f"SELECT {_COLUMNS} WHERE {condition}", values)]


def _draft(row: Row) -> ArticleDraft:
    return ArticleDraft(**{**dict(row), "fields": json.loads(row["fields"]), "state": State(row["state"])})


def _is_known(db: Database, draft_id: str) -> bool:
    return db.execute("SELECT 1 FROM articles WHERE draft_id = ?", [draft_id]).fetchone() is not None


KIND = Kind("article_drafts", _find, _is_known, frozenset({"article_id"}))
