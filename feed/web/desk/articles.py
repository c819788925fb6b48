"""Articles at the desk: the form of each, what somebody else saved meanwhile, and the preview."""

from dataclasses import replace
from typing import Any

from flask import Blueprint, g, redirect, render_template, request, url_for

from feed import fields
from feed.errors import Invalid, KeyUsed, Message, Reason, Stale, by_field
from feed.store import articles, permissions, submitting, writing
from feed.store.articles import Article
from feed.store.verbs import Verb
from feed.web import article_page
from feed.web.desk import article_form, conflict, edits
from feed.web.desk.conflict import Choice, Conflict, Sides
from feed.web.desk.done import done_in
from feed.web.desk.forms import (
    OF_ARTICLE,
    article_draft_named,
    draft_id_read,
    draft_of_form,
    new_id,
    revision_read,
    typed,
)
from feed.web.desk.moment import timing_of, timing_read
from feed.web.services import services

pages = Blueprint("articles", __name__)

_COPIED = ("kicker", "headline", "standfirst", "body", "language", "picture")  # of a new article that is like another


@pages.get("/new-article")
def new_article() -> str:
    """The form of an article that is yet to be written, or the editor's draft of one if the address names it. With
    `live` it begins a coverage; with `like`, it begins as a copy of that article, which need not be public."""
    with services().store.read() as db:
        draft = article_draft_named(db, None)
        model = articles.get(db, request.args["like"], drafts=True) if "like" in request.args else None
    begun = {"draft": True, "byline": g.editor.display_name, "author": g.editor.name, "live": "live" in request.args}
    if model:
        values = article_form.values(model)
        begun |= {name: value for name, value in values.items() if name in _COPIED} | {"live": bool(model.feed)}
    return _form(None, dict(draft.fields) if draft else begun, draft_id=draft.id if draft else None)


@pages.post("/articles")
def create_article() -> Any:
    """Creates an article; its address is made of the headline when none is given."""
    given = article_form.sent()
    given["slug"] = request.form.get("slug") or None
    try:
        sent, timing = article_form.unless_chosen(given, g.editor), timing_read()
        article = writing.create(services().store, g.editor, sent, draft_id=draft_id_read(), timing=timing)
    except KeyUsed:
        # The answer to the first text was lost. No other text can have its draft, so the form gets a new one.
        again = Message("Your first text was saved as an article already; saving this makes a second one.")
        return _form(None, given, Invalid(Reason("headline", again)), draft_id=new_id()), 422
    except Invalid as error:
        return _form(None, given, error), 422
    return redirect(url_for(".edit_article_form", slug=article.slug, did="created"), 303)


@pages.get("/articles/<slug>")
def edit_article_form(slug: str) -> str:
    """The form of an article, with what the editor's draft of it holds if the address names one."""
    with services().store.read() as db:
        article = articles.get(db, slug, drafts=True)
        draft = article_draft_named(db, article)
    if draft is None:
        return _form(article, article_form.values(article))
    return _form(replace(article, revision=draft.revision or 0), dict(draft.fields), draft_id=draft.id)


@pages.post("/articles/<slug>")
def edit_article(slug: str) -> Any:
    """Saves an article. Where somebody else has saved it since the form was made, the form comes back with what both
    changed, and with the choice between them; a form with that choice comes back as it was chosen, to be saved."""
    given, revision = article_form.sent(), revision_read()
    if "slug" in request.form:
        given["slug"] = request.form["slug"]
    with services().store.read() as db:
        current = articles.get(db, slug, drafts=True)
    if choice := conflict.chosen():
        return _chosen(current, given, revision, choice), 409
    try:
        conflict.check(fields.ARTICLE, given)
        sent, timing = edits.as_minor(article_form.unless_chosen(given, current.author)), timing_read()
        slug = writing.edit(
            services().store, slug, g.editor, sent, revision, draft_id=draft_id_read(), timing=timing
        ).slug
    except Stale as error:
        return _in_conflict(error.current, given, revision), 409
    except Invalid as error:
        with services().store.read() as db:
            current = articles.get(db, slug, drafts=True)
        # The form keeps the revision that was read: what others saved since must still be noticed.
        return _form(replace(current, revision=revision), given, error), 422
    return redirect(url_for(".edit_article_form", slug=slug, did="saved"), 303)


@pages.post("/new-article/submissions")
def submit_article() -> Any:
    """Submits a new article. The form names its draft, so a second click submits nothing more."""
    given = {**article_form.sent(), "slug": request.form.get("slug") or None}
    try:
        _submit(None, given)
    except KeyUsed as error:
        return _form(None, given, error, draft_id=new_id()), 422
    except Invalid as error:
        return _form(None, given, error), 422
    return redirect(url_for("desk.overview.overview", did="submitted"), 303)


@pages.post("/articles/<slug>/submissions")
def submit_article_edit(slug: str) -> Any:
    """Submits what is in the form of an article. Where somebody else has saved the article since, the form comes back
    as it does when it is saved."""
    given, revision = article_form.sent(), revision_read()
    if "slug" in request.form:
        given["slug"] = request.form["slug"]
    with services().store.read() as db:
        current = articles.get(db, slug, drafts=True)
    try:
        conflict.check(fields.ARTICLE, given)
        _submit(current, given)
    except Stale as error:
        return _in_conflict(error.current, given, revision), 409
    except Invalid as error:
        id_now = new_id() if isinstance(error, KeyUsed) else None
        return _form(replace(current, revision=revision), given, error, draft_id=id_now), 422
    return redirect(url_for("desk.overview.overview", did="submitted"), 303)


@pages.post("/articles/<slug>/changed")
def changed(slug: str) -> Any:
    """What the form, which is open still, is to say of what somebody else saved: HTML, or 204 for nothing. The desk's
    script asks."""
    with services().store.read() as db:
        current = articles.get(db, slug, drafts=True)
    revision = revision_read()
    if current.revision == revision or conflict.sees(current.revision):
        return "", 204
    told = services().store.stories.run(
        conflict.compare, _sides(current, article_form.sent(), revision), *article_form.words()
    )
    return render_template("desk/_meanwhile.html", conflict=told, retraction=None)


@pages.get("/articles/<slug>/preview")
def preview(slug: str) -> str:
    """The page of an article as readers see it, or will see it while it is a draft."""
    with services().store.read() as db:
        page = article_page.load(db, articles.get(db, slug, drafts=True))
    return article_page.render(page)


def _submit(article: Article | None, given: dict[str, object]) -> None:
    state = {**typed(OF_ARTICLE), "article": article and article.id, "revision": revision_read() if article else None}
    submitting.submit_article(services().store, draft_id_read() or new_id(), g.editor, state, given)


def _in_conflict(current: Article, given: dict[str, object], revision: int) -> str:
    """The form with the conflict, which keeps the revision that was read until its editor has chosen. Coverage has a
    button of its own, and is theirs always."""
    sides = _sides(current, given, revision)
    told = services().store.stories.run(conflict.compare, sides, *article_form.words())
    shown = {**given, **sides.mine, "live": current.live}
    return _form(replace(current, revision=revision), shown, conflict=told)


def _chosen(current: Article, given: dict[str, object], revision: int, choice: Choice) -> str:
    """The form as it was chosen, or with a conflict again if a revision was saved that the editor has not seen."""
    if not conflict.sees(current.revision):
        return _in_conflict(current, given, revision)
    sides = _sides(current, given, revision)
    fields_now, told = services().store.stories.run(conflict.choose, sides, choice, *article_form.words())
    return _form(current, {**fields_now, "live": current.live}, conflict=told)


def _sides(current: Article, given: dict[str, object], revision: int) -> Sides:
    with services().store.read() as db:
        began = articles.as_of(db, current, revision)
        saves = articles.saves_after(db, current, *conflict.since(revision, current.revision, known=bool(began)))
    theirs = {name: value for name, value in article_form.values(current).items() if name in article_form.COMPARED}
    return conflict.sides(fields.ARTICLE, began or None, theirs, given, against=current.revision, saves=saves)


def _form(
    article: Article | None,
    given: dict[str, object],
    error: Invalid | None = None,
    *,
    conflict: Conflict | None = None,
    draft_id: str | None = None,
) -> str:
    with services().store.read() as db:
        saved = draft_of_form(db, draft_id or draft_id_read())
        done, shown_timing = done_in(db, request.args), timing_of(db, article)
    return render_template(
        "desk/article.html",
        done=done,
        writes=_may_save(article),
        article=article,
        given=given,
        errors=by_field(error),
        conflict=conflict,
        timing=shown_timing,
        minor="minor" in request.form,
        **article_form.choices(),
        **saved,
    )


def _may_save(article: Article | None) -> bool:
    verb = Verb.EDIT_ARTICLE if article else Verb.CREATE_ARTICLE
    return permissions.may(g.editor.role, verb, draft=article is None or article.draft)
