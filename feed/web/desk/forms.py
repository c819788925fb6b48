"""What several forms of the desk share."""

import uuid
from collections.abc import Mapping
from typing import Any

from flask import g, request

from feed.errors import Missing
from feed.store import all_drafts, article_drafts, draft_states, drafts, submissions
from feed.store.all_drafts import AnyDraft
from feed.store.article_drafts import ArticleDraft
from feed.store.articles import Article
from feed.store.database import Database
from feed.store.draft_states import D, Kind, State
from feed.store.drafts import Draft
from feed.store.submissions import Submission

# What a form holds of the state of a draft
OF_UPDATE = {"texts": ("headline", "body", "note", "language", "status", "source"), "flags": ("key", "pinned")}
OF_ARTICLE = {
    "texts": ("kicker", "headline", "slug", "standfirst", "body", "byline", "author", "language", "picture"),
    "flags": ("draft", "live"),
}
PICTURES_SHOWN = 60  # on the page of pictures, and in the choice of one for an article or a profile


def revision_read() -> int:
    """The revision that the form was made of; 0, which no revision has, where the form does not say."""
    text = request.form.get("revision", "")
    return int(text) if text.isdecimal() and len(text) < 10 else 0


def typed(of: Mapping[str, tuple[str, ...]]) -> dict[str, object]:
    """What was typed in the form, as a draft has it: OF_UPDATE or OF_ARTICLE."""
    texts = {name: request.form.get(name, "").replace("\r\n", "\n") for name in of["texts"]}
    return {**texts, **{name: name in request.form for name in of["flags"]}}


def fields_of_update() -> dict[str, object]:
    """The fields of a new update, as the form has them."""
    names = ("headline", "body", "status", "source", "language")
    texts: dict[str, object] = {name: request.form.get(name) for name in names}
    return {**texts, "key": "key" in request.form, "pinned": "pinned" in request.form}


def draft_id_read() -> str | None:
    """The draft that the form names; None for a form of the release before, which names none."""
    draft_id = request.form.get("draft_id", "")
    return draft_id if draft_states.valid_id(draft_id) else None


def draft_named(db: Database, slug: str, update_id: int | None = None) -> Draft | None:
    """The editor's draft that the address of the page names, if it can be gone on with there: one of that feed, for a
    new update or an edit of that one, and kept."""
    draft = _kept(db, drafts.KIND)
    return draft if draft and (draft.feed, draft.update_id) == (slug, update_id) else None


def article_draft_named(db: Database, article: Article | None) -> ArticleDraft | None:
    """The same of an edit of that article; None for a new one."""
    draft = _kept(db, article_drafts.KIND)
    return draft if draft and draft.article_id == (article and article.id) else None


def new_id() -> str:
    """An id for a draft."""
    return str(uuid.uuid4())


def draft_of_form(db: Database, draft_id: str | None) -> dict[str, Any]:
    """What a form says of its draft: the id, a new one for None; the number of the latest state at the site; and what
    was submitted of it, if anything was."""
    draft_id = draft_id or new_id()
    submission = submissions.of_draft(db, draft_id, g.editor)
    return {"draft_id": draft_id, "seq": all_drafts.seq_of(db, draft_id, g.editor), "submission": submission}


def _kept(db: Database, kind: Kind[D]) -> D | None:
    """The kept draft of that kind that the address of the page names; None if it names none of this editor's."""
    try:
        draft = draft_states.get(db, kind, request.args.get("draft", ""), g.editor)
    except Missing:
        return None
    return draft if draft.state == State.KEPT else None


def address_of(draft: AnyDraft) -> str:
    """The page on which the draft can be gone on with."""
    if isinstance(draft, ArticleDraft):
        page = f"/desk/articles/{draft.article}" if draft.article else "/desk/new-article"
    else:
        page = f"/desk/updates/{draft.update_id}" if draft.update_id else f"/desk/feeds/{draft.feed}"
    return f"{page}?draft={draft.id}"


def address_of_submission(submission: Submission) -> str:
    """The page on which its author can go on with it."""
    if submission.feed:
        page = f"/desk/updates/{submission.update_id}" if submission.edits else f"/desk/feeds/{submission.feed}"
    else:
        page = f"/desk/articles/{submission.article}" if submission.edits else "/desk/new-article"
    return f"{page}?draft={submission.draft_id}"
