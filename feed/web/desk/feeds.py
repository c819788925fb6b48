"""A feed at the desk, and whether its coverage goes on."""

from collections.abc import Mapping
from typing import Any

from flask import Blueprint, g, redirect, render_template, request, url_for

from feed import fields
from feed.errors import Invalid, Stale, by_field
from feed.store import coverage, feeds
from feed.store.coverage import Closing
from feed.web.desk import composer
from feed.web.desk.forms import revision_read
from feed.web.services import services

pages = Blueprint("feeds", __name__)


@pages.get("/feeds/<slug>")
def feed(slug: str) -> str:
    """The page of a feed, as readers see it, with the composer above and the tools beside."""
    return composer.page(slug)


@pages.get("/feeds/<slug>/coverage")
def coverage_form(slug: str) -> str:
    """The form that closes coverage, or that changes what it was closed with. It begins with the last words."""
    with services().store.read() as db:
        last = coverage.last_closing(db, feeds.get(db, slug, drafts=True))
    return _form(slug, {"message": last.message, "summary": last.summary}, last.revision)


@pages.post("/feeds/<slug>/coverage")
def set_coverage(slug: str) -> Any:
    """Opens coverage again, or closes it with what the form holds. Where somebody else has closed it since the form was
    made, the form comes back with their words beside it."""
    if request.form.get("open") == "1":
        coverage.reopen(services().store, slug, g.editor)
        return redirect(url_for(".feed", slug=slug, did="opened"), 303)
    given = {name: request.form.get(name) for name in fields.CLOSING}
    revision = revision_read()
    try:
        coverage.close(services().store, slug, g.editor, given, revision)
    except Stale as error:
        return _form(slug, given, error.current.revision, theirs=error.current), 409
    except Invalid as error:
        return _form(slug, given, revision, error), 422
    return redirect(url_for(".feed", slug=slug, did="closed"), 303)


def _form(
    slug: str,
    given: Mapping[str, object],
    revision: int | None,
    error: Invalid | None = None,
    theirs: Closing | None = None,
) -> str:
    with services().store.read() as db:
        found = feeds.get(db, slug, drafts=True)
    return render_template(
        "desk/coverage.html", feed=found, given=given, revision=revision, errors=by_field(error), theirs=theirs
    )
