"""With which tokens programs call the API: what each may do, until when, and when it was last used. For admins."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flask import Blueprint, g, redirect, render_template, request, url_for

from feed.errors import Invalid, Message, Missing, NotFresh, by_field
from feed.store import editors, feeds, permissions, tokens
from feed.store.database import Database
from feed.store.feeds import Feed
from feed.store.permissions import Scope
from feed.store.verbs import Verb
from feed.web.desk.done import done_in
from feed.web.services import services

VALID_DAYS = (7, 30, 90, 365)  # that the form offers, beside no end

# What a scope lets a token do: in a list, and beside it in the form
SCOPES: Mapping[str, tuple[Message, Message]] = {
    Scope.READ: (Message("read drafts"), Message("What is public needs no token.")),
    Scope.PUBLISH: (Message("publish"), Message("Updates, articles, pictures, and drafts of them.")),
    Scope.EDIT: (Message("edit"), Message("Also flags and the words of pictures, and opening and closing coverage.")),
    Scope.RETRACT: (Message("retract"), Message("And restore.")),
}

pages = Blueprint("tokens", __name__)


@dataclass(frozen=True)
class Asked:
    """The form for a new token, as it was filled in. `days` is empty for no end. `limited` says that it may do what the
    `scopes` say and nothing else, `some_feeds` that it may do so in the `feeds` and nowhere else."""

    whose: str = ""
    name: str = ""
    days: str = "90"
    limited: bool = True
    scopes: tuple[str, ...] = (Scope.PUBLISH,)
    some_feeds: bool = False
    feeds: tuple[str, ...] = ()

    @property
    def number_of_days(self) -> int | None:
        """How long it is valid; None for no end, 0 for what is no number."""
        if not self.days:
            return None
        return int(self.days) if self.days.isdecimal() and len(self.days) < 5 else 0


@pages.get("/tokens")
def all_tokens() -> str:
    """All tokens by editor, and the form to make one."""
    return _page(Asked())


@pages.post("/tokens")
def add() -> Any:
    """Makes a token. The answer alone shows it."""
    asked = _asked()
    try:
        token = tokens.add(
            services().store,
            asked.whose,
            asked.name,
            asked.number_of_days,
            actor=g.editor,
            scopes=asked.scopes if asked.limited else None,
            slugs=asked.feeds if asked.some_feeds else None,
        )
    except Invalid as error:
        return _page(asked, by_field(error)), 422
    except Missing:
        return _page(asked, {"whose": Message("Choose an editor.")}), 422
    except NotFresh:
        return _page(asked, not_fresh=True), 403
    return _page(Asked(), made={"token": token, "name": asked.name}), 201


@pages.post("/tokens/<int:token_id>/end")
def revoke(token_id: int) -> Any:
    """Revokes that token, at once."""
    tokens.revoke_one(services().store, token_id, g.editor)
    return redirect(url_for(".all_tokens", did="revoked"), 303)


def _asked() -> Asked:
    form = request.form
    return Asked(
        whose=form.get("whose", ""),
        name=form.get("name", ""),
        days=form.get("days", "0"),
        limited=form.get("limit") != "none",
        scopes=tuple(form.getlist("scopes")),
        some_feeds=form.get("reach") != "all",
        feeds=tuple(form.getlist("feeds")),
    )


def _page(
    given: Asked, errors: dict[str, str] | None = None, made: dict[str, str] | None = None, *, not_fresh: bool = False
) -> str:
    """`made` is a token that was just made, with its name. `not_fresh` says that none was, because this session has to
    show again that it is its editor."""
    with services().store.read() as db:
        permissions.permit(db, g.editor, Verb.ADD_TOKEN)
        listed, everyone = tokens.of_editor(db), editors.everyone(db)
        offered, done = _offered(db, given), done_in(db, request.args)
    working = [(editor, [each for each in listed if each.works and each.editor == editor.name]) for editor in everyone]
    return render_template(
        "desk/tokens.html",
        working=[(editor, theirs) for editor, theirs in working if theirs],
        ended=[each for each in reversed(listed) if not each.works],
        names={editor.name: editor.display_name for editor in everyone},
        given=given,
        errors=errors or {},
        made=made,
        not_fresh=not_fresh,
        people=[each for each in everyone if not each.disabled_at],
        scopes=SCOPES,
        offered=offered,
        valid_days=VALID_DAYS,
        done=done,
    )


def _offered(db: Database, given: Asked) -> list[Feed]:
    """The feeds to choose from: as many as a token may be for, the latest, and those that were chosen."""
    found = feeds.all_feeds(db)
    return found[: tokens.MOST_FEEDS] + [each for each in found[tokens.MOST_FEEDS :] if each.slug in given.feeds]
