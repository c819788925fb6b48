"""Discarding what was typed, and having it back within seven days, with plain forms. The desk's script does the same
through `/desk/drafts/<id>`."""

from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from flask import Blueprint, g, redirect, request, url_for

from feed.errors import Missing
from feed.store import all_drafts, articles, updates
from feed.web.desk.forms import OF_ARTICLE, OF_UPDATE, address_of, revision_read, typed
from feed.web.services import services

pages = Blueprint("discarded", __name__)


@pages.post("/discarded/<draft_id>")
def discard(draft_id: str) -> Any:
    """Discards a draft that the desk's first page lists."""
    all_drafts.discard(services().store, draft_id, g.editor)
    return _to_overview(draft_id)


@pages.post("/kept/<draft_id>")
def keep(draft_id: str) -> Any:
    """Keeps a discarded draft again. A form that sends `open` is led to it, to go on writing; others to the list."""
    draft = all_drafts.keep(services().store, draft_id, g.editor)
    return redirect(address_of(draft) if "open" in request.form else url_for("desk.overview.overview", did="kept"), 303)


@pages.post("/feeds/<slug>/discarded")
def discard_new(slug: str) -> Any:
    """Discards what is in the composer."""
    told = _told(_discarded({**typed(OF_UPDATE), "feed": slug}, {"headline": "", "body": ""}))
    return redirect(url_for("desk.feeds.feed", slug=slug, **told), 303)


@pages.post("/updates/<int:update_id>/discarded")
def discard_edit(update_id: int) -> Any:
    """Discards what was changed in the form of an update."""
    with services().store.read() as db:
        update = updates.get_any(db, update_id)
    state = {**typed(OF_UPDATE), "feed": update.feed, "update": update_id, "revision": revision_read()}
    told = _told(_discarded(state, {"headline": update.headline or "", "body": update.body}))
    anchor = None if update.retracted_at else f"update-{update_id}"
    return redirect(url_for("desk.feeds.feed", slug=update.feed, _anchor=anchor, **told), 303)


@pages.post("/new-article/discarded")
def discard_new_article() -> Any:
    """Discards what is in the form of a new article."""
    unwritten = dict.fromkeys(("kicker", "headline", "standfirst", "body"), "")
    return _to_overview(_discarded({**typed(OF_ARTICLE), "article": None}, unwritten))


@pages.post("/articles/<slug>/discarded")
def discard_article_edit(slug: str) -> Any:
    """Discards what was changed in the form of an article."""
    with services().store.read() as db:
        article = articles.get(db, slug, drafts=True)
    state = {**typed(OF_ARTICLE), "article": article.id, "revision": revision_read()}
    read = {
        name: getattr(article, name) or "" for name in ("kicker", "headline", "slug", "standfirst", "body", "byline")
    }
    return _to_overview(_discarded(state, read))


def _discarded(state: Mapping[str, object], read: Mapping[str, str]) -> str | None:
    """Discards that state of the draft that the form names, and returns its id. None where the form is as it was
    `read`, or blank: then a state that was saved before is discarded, if there is one."""
    draft_id = request.form.get("draft_id", "")
    if all(str(state[name]).strip() in ("", text.strip()) for name, text in read.items()) and not state.get("note"):
        with suppress(Missing):
            all_drafts.discard(services().store, draft_id, g.editor)
        return None
    with services().store.read() as db:
        seq = all_drafts.seq_of(db, draft_id, g.editor) + 1
    return all_drafts.save(services().store, draft_id, g.editor, {**state, "seq": seq, "discarded": True}).id


def _to_overview(draft_id: str | None) -> Any:
    return redirect(url_for("desk.overview.overview", **_told(draft_id)), 303)


def _told(draft_id: str | None) -> dict[str, Any]:
    return {"did": "discarded", "draft": draft_id} if draft_id else {}
