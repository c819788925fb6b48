"""Articles at the desk: the form of each, what somebody else saved meanwhile, and the preview."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from flask import Blueprint, g, redirect, render_template, request, url_for

from feed import fields
from feed.errors import Invalid, KeyUsed, Message, Reason, Stale, by_field
from feed.store import articles, editors, pictures, writing
from feed.store.articles import Article
from feed.store.editors import Editor
from feed.web import article_page
from feed.web.desk import conflict
from feed.web.desk.conflict import Choice, Conflict, Sides
from feed.web.desk.done import done_in
from feed.web.desk.forms import PICTURES_SHOWN, article_draft_named, draft_id_read, draft_of_form, new_id, revision_read
from feed.web.desk.moment import timing_of, timing_read
from feed.web.services import services

pages = Blueprint("articles", __name__)

_COMPARED = ("kicker", "headline", "slug", "standfirst", "body", "byline", "author", "language", "picture", "draft")

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
        begun |= {name: value for name, value in _values(model).items() if name in _COPIED} | {"live": bool(model.feed)}
    return _form(None, dict(draft.fields) if draft else begun, draft_id=draft.id if draft else None)


@pages.post("/articles")
def create_article() -> Any:
    """Creates an article; its address is made of the headline when none is given."""
    given = _fields()
    given["slug"] = request.form.get("slug") or None
    try:
        sent, timing = _unless_chosen(given, g.editor), timing_read()
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
        return _form(article, _values(article))
    return _form(replace(article, revision=draft.revision or 0), dict(draft.fields), draft_id=draft.id)


@pages.post("/articles/<slug>")
def edit_article(slug: str) -> Any:
    """Saves an article. Where somebody else has saved it since the form was made, the form comes back with what both
    changed, and with the choice between them; a form with that choice comes back as it was chosen, to be saved."""
    given, revision = _fields(), revision_read()
    if "slug" in request.form:
        given["slug"] = request.form["slug"]
    with services().store.read() as db:
        current = articles.get(db, slug, drafts=True)
    if choice := conflict.chosen():
        return _chosen(current, given, revision, choice), 409
    try:
        conflict.check(fields.ARTICLE, given)
        sent, timing = _unless_chosen(given, current.author), timing_read()
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


@pages.post("/articles/<slug>/changed")
def changed(slug: str) -> Any:
    """What the form, which is open still, is to say of what somebody else saved: HTML, or 204 for nothing. The desk's
    script asks."""
    with services().store.read() as db:
        current = articles.get(db, slug, drafts=True)
    revision = revision_read()
    if current.revision == revision or conflict.sees(current.revision):
        return "", 204
    told = services().store.stories.run(conflict.compare, _sides(current, _fields(), revision), *_words())
    return render_template("desk/_meanwhile.html", conflict=told, retraction=None)


@pages.get("/articles/<slug>/preview")
def preview(slug: str) -> str:
    """The page of an article as readers see it, or will see it while it is a draft."""
    with services().store.read() as db:
        page = article_page.load(db, articles.get(db, slug, drafts=True))
    return article_page.render(page)


def _fields() -> dict[str, object]:
    names = ("headline", "standfirst", "body", "byline", "author", "kicker", "picture", "language")
    texts: dict[str, object] = {name: request.form.get(name) for name in names}
    if "author" not in request.form:
        del texts["author"]
    return {**texts, "draft": "draft" in request.form, "live": "live" in request.form}


def _unless_chosen(given: dict[str, object], before: Editor | None) -> dict[str, object]:
    """What was sent, without the author if that is still the one the form had: then a byline with another name does not
    show this author's card."""
    if before is not None and given.get("author") == before.name:
        return {name: value for name, value in given.items() if name != "author"}
    return given


def _values(article: Article) -> dict[str, object]:
    picture = article.picture.id if article.picture else None
    author = article.author.name if article.author else None
    return {**vars(article), "picture": picture, "author": author, "live": article.live}


def _in_conflict(current: Article, given: dict[str, object], revision: int) -> str:
    """The form with the conflict, which keeps the revision that was read until its editor has chosen. Coverage has a
    button of its own, and is theirs always."""
    sides = _sides(current, given, revision)
    told = services().store.stories.run(conflict.compare, sides, *_words())
    shown = {**given, **sides.mine, "live": current.live}
    return _form(replace(current, revision=revision), shown, conflict=told)


def _chosen(current: Article, given: dict[str, object], revision: int, choice: Choice) -> str:
    """The form as it was chosen, or with a conflict again if a revision was saved that the editor has not seen."""
    if not conflict.sees(current.revision):
        return _in_conflict(current, given, revision)
    sides = _sides(current, given, revision)
    fields_now, told = services().store.stories.run(conflict.choose, sides, choice, *_words())
    return _form(current, {**fields_now, "live": current.live}, conflict=told)


def _sides(current: Article, given: dict[str, object], revision: int) -> Sides:
    with services().store.read() as db:
        began = articles.as_of(db, current, revision)
        saves = articles.saves_after(db, current, *conflict.since(revision, current.revision, known=bool(began)))
    theirs = {name: value for name, value in _values(current).items() if name in _COMPARED}
    return conflict.sides(fields.ARTICLE, began or None, theirs, given, against=current.revision, saves=saves)


def _words() -> tuple[Callable[[str], str], conflict.Shown]:
    """Translates, and names what is chosen from a list, in the language of this page."""
    translate, shown = conflict.words(services().languages.now, Message("The site’s"))
    with services().store.read() as db:
        people = {each.name: each.display_name for each in editors.everyone(db)}
        alts = {each.id: each.alt for each in pictures.latest(db, PICTURES_SHOWN)}
    named = {"author": people, "picture": alts}
    return translate, lambda name, value: named.get(name, {}).get(str(value)) or shown(name, value)


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
        choice, done = pictures.latest(db, PICTURES_SHOWN), done_in(db, request.args)
        people = editors.everyone(db)
        shown_timing = timing_of(db, article)
    return render_template(
        "desk/article.html",
        done=done,
        people=people,
        article=article,
        given=given,
        errors=by_field(error),
        conflict=conflict,
        pictures=choice,
        timing=shown_timing,
        **saved,
    )
