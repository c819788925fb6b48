"""Discarding what was typed, and having it back within seven days, with plain forms. The desk's script does the same
through `/desk/drafts/<id>`."""

from contextlib import suppress
from typing import Any

from flask import Blueprint, g, redirect, request, url_for

from feed.errors import Missing
from feed.store import drafts, updates
from feed.store.drafts import Draft
from feed.web.desk.forms import address_of, revision_read
from feed.web.services import services

pages = Blueprint("discarded", __name__)


@pages.post("/discarded/<draft_id>")
def discard(draft_id: str) -> Any:
    """Discards a draft that the desk's first page lists."""
    drafts.discard(services().store, draft_id, g.editor)
    return redirect(url_for("desk.overview.overview", did="discarded", draft=draft_id), 303)


@pages.post("/kept/<draft_id>")
def keep(draft_id: str) -> Any:
    """Keeps a discarded draft again. A form that sends `open` is led to it, to go on writing; others to the list."""
    draft = drafts.keep(services().store, draft_id, g.editor)
    return redirect(address_of(draft) if "open" in request.form else url_for("desk.overview.overview", did="kept"), 303)


@pages.post("/feeds/<slug>/discarded")
def discard_new(slug: str) -> Any:
    """Discards what is in the composer."""
    draft = _discarded(slug, None)
    return redirect(url_for("desk.feeds.feed", slug=slug, **_told(draft)), 303)


@pages.post("/updates/<int:update_id>/discarded")
def discard_edit(update_id: int) -> Any:
    """Discards what was changed in the form of an update."""
    with services().store.read() as db:
        update = updates.get_any(db, update_id)
    read = {"headline": update.headline or "", "body": update.body}
    draft = _discarded(update.feed, update_id, read)
    anchor = None if update.retracted_at else f"update-{update_id}"
    return redirect(url_for("desk.feeds.feed", slug=update.feed, _anchor=anchor, **_told(draft)), 303)


def _discarded(slug: str, update_id: int | None, read: dict[str, str] | None = None) -> Draft | None:
    """The draft of what the form holds, discarded; None if that is nothing, or as it was `read`: then a state that was
    saved before is discarded, if there is one."""
    form, draft_id = request.form, request.form.get("draft_id", "")
    texts = {name: form.get(name, "").replace("\r\n", "\n") for name in ("headline", "body", "note")}
    if not any(text.strip() for text in texts.values()) or texts == {**(read or {}), "note": ""}:
        with suppress(Missing):
            drafts.discard(services().store, draft_id, g.editor)
        return None
    with services().store.read() as db:
        seq = drafts.seq_of(db, draft_id, g.editor) + 1
    state = {
        **texts,
        "feed": slug,
        "update": update_id,
        "revision": revision_read() if update_id else None,
        "language": form.get("language", ""),
        "key": "key" in form,
        "pinned": "pinned" in form,
        "seq": seq,
        "discarded": True,
    }
    return drafts.save(services().store, draft_id, g.editor, state)


def _told(draft: Draft | None) -> dict[str, Any]:
    return {"did": "discarded", "draft": draft.id} if draft else {}
