"""What several forms of the desk share."""

from flask import g, request

from feed.errors import Missing
from feed.store import drafts
from feed.store.database import Database
from feed.store.drafts import Draft, State

PICTURES_SHOWN = 60  # on the page of pictures, and in the choice of one for an article or a profile


def revision_read() -> int:
    """The revision that the form was made of; 0, which no revision has, where the form does not say."""
    text = request.form.get("revision", "")
    return int(text) if text.isdecimal() and len(text) < 10 else 0


def draft_id_read() -> str | None:
    """The draft that the form names; None for a form of the release before, which names none."""
    draft_id = request.form.get("draft_id", "")
    return draft_id if drafts.valid_id(draft_id) else None


def draft_named(db: Database, slug: str, update_id: int | None = None) -> Draft | None:
    """The editor's draft that the address of the page names, if it can be gone on with there: one of that feed, for a
    new update or an edit of that one, and kept."""
    try:
        draft = drafts.get(db, request.args.get("draft", ""), g.editor)
    except Missing:
        return None
    return draft if (draft.feed, draft.update_id, draft.state) == (slug, update_id, State.KEPT) else None


def address_of(draft: Draft) -> str:
    """The page on which the draft can be gone on with."""
    page = f"/desk/updates/{draft.update_id}" if draft.update_id else f"/desk/feeds/{draft.feed}"
    return f"{page}?draft={draft.id}"
