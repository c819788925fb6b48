"""The search at the desk: the editor's own drafts, and the updates of all feeds, of draft articles and retracted ones
too. Readers' search asks other tables."""

from dataclasses import dataclass

from flask import Blueprint, g, render_template, request
from werkzeug.exceptions import BadRequest

from feed import excerpts, text
from feed.errors import Message
from feed.excerpts import Piece
from feed.store import all_drafts, feeds, permissions, search, updates
from feed.store.all_drafts import AnyDraft
from feed.store.article_drafts import ArticleDraft
from feed.store.database import Database
from feed.store.draft_states import State
from feed.store.feeds import Feed
from feed.store.updates import HIGHEST_ID, Update
from feed.store.verbs import Verb
from feed.web.desk.forms import address_of
from feed.web.services import services

SHOWN = 20  # updates at a time, as in a feed
DRAFTS_SHOWN = 20  # above them; whoever has more that match writes more words

pages = Blueprint("search", __name__)


@dataclass(frozen=True)
class FoundUpdate:
    """An update with its feed, the words around what was searched for, and what this editor may do with it."""

    update: Update
    feed: Feed
    headline: list[Piece]
    text: list[Piece]
    editable: bool
    restorable: bool


@dataclass(frozen=True)
class FoundDraft:
    """A draft, where it can be gone on with if it is not discarded, and the words around what was searched for."""

    draft: AnyDraft
    address: str | None
    text: list[Piece]


@pages.get("/search")
def found() -> str:
    """The page of the search; `before` is the id of an update, older than which the page continues."""
    asked = " ".join(request.args.get("q", "")[: search.LONGEST].split())
    before = request.args.get("before", "")
    if before and not _is_id(before):
        raise BadRequest(Message("This link to other updates is damaged. Open the page without it."))
    with services().store.read() as db:
        ids = search.ids_anywhere(db, asked, int(before or HIGHEST_ID), SHOWN + 1)
        listed = [updates.get_any(db, each) for each in ids[:SHOWN]]
        of = {update.feed: feeds.get(db, update.feed, drafts=True) for update in listed}
        drafts = _drafts(db) if asked and not before else {}
    offload, role = services().store.offload, g.editor.role
    return render_template(
        "desk/search.html",
        asked=asked,
        first=not before,
        drafts=offload(_found_drafts, drafts, asked),
        updates=offload(_found_updates, listed, of, asked, role),
        older=ids[SHOWN - 1] if len(ids) > SHOWN else None,
    )


def _is_id(written: str) -> bool:
    """Whether that can be the id of an update. Python reads no number that is very long."""
    digits = written.isascii() and written.isdecimal() and len(written) <= len(str(HIGHEST_ID))
    return digits and int(written) <= HIGHEST_ID


def _drafts(db: Database) -> dict[str, AnyDraft]:
    kept, discarded = all_drafts.kept_and_discarded(db, g.editor)
    return {draft.id: draft for draft in [*kept, *discarded]}


def _found_drafts(drafts: dict[str, AnyDraft], asked: str) -> list[FoundDraft]:
    texts = {draft_id: _text_of(draft) for draft_id, draft in drafts.items()}
    found = [drafts[each] for each in search.holding(texts, asked)][:DRAFTS_SHOWN]
    return [
        FoundDraft(
            each, address_of(each) if each.state == State.KEPT else None, excerpts.excerpt(texts[each.id], asked)
        )
        for each in found
    ]


def _text_of(draft: AnyDraft) -> str:
    if isinstance(draft, ArticleDraft):
        return "\n".join(str(draft.fields.get(name, "")) for name in ("kicker", "headline", "standfirst", "body"))
    return f"{draft.headline}\n{draft.body}"


def _found_updates(listed: list[Update], of: dict[str, Feed], asked: str, role: str) -> list[FoundUpdate]:
    return [_found_update(each, of[each.feed], asked, role) for each in listed]


def _found_update(update: Update, feed: Feed, asked: str, role: str) -> FoundUpdate:
    gone = update.retracted_at is not None
    return FoundUpdate(
        update,
        feed,
        excerpts.excerpt(update.headline or "", asked),
        excerpts.excerpt(text.plain(update.html), asked),
        editable=not gone and permissions.may(role, Verb.EDIT, draft=feed.draft),
        restorable=gone and permissions.may(role, Verb.RESTORE_UPDATE, draft=feed.draft),
    )
