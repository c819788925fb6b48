"""Articles at the desk: the form of each, what somebody else saved meanwhile, and the preview."""

from dataclasses import replace
from typing import Any

from flask import Blueprint, g, redirect, render_template, request, url_for

from feed import fields
from feed.errors import Invalid, Stale, by_field
from feed.store import articles, editors, pictures, writing
from feed.store.articles import Article
from feed.store.editors import Editor
from feed.web import article_page
from feed.web.desk.done import done_in
from feed.web.desk.forms import PICTURES_SHOWN, revision_read
from feed.web.services import services

pages = Blueprint("articles", __name__)


@pages.get("/new-article")
def new_article() -> str:
    """The form of an article that is yet to be written."""
    return _form(None, {"draft": True, "byline": g.editor.display_name, "author": g.editor.name})


@pages.post("/articles")
def create_article() -> Any:
    """Creates an article; its address is made of the headline when none is given."""
    given = _fields()
    given["slug"] = request.form.get("slug") or None
    try:
        article = writing.create(services().store, g.editor, _unless_chosen(given, g.editor))
    except Invalid as error:
        return _form(None, given, error), 422
    return redirect(url_for(".edit_article_form", slug=article.slug, did="created"), 303)


@pages.get("/articles/<slug>")
def edit_article_form(slug: str) -> str:
    """The form of an article."""
    with services().store.read() as db:
        article = articles.get(db, slug, drafts=True)
    return _form(article, _values(article))


@pages.post("/articles/<slug>")
def edit_article(slug: str) -> Any:
    """Saves an article. Where somebody else has saved it since the form was made, both texts come back instead."""
    given, revision = _fields(), revision_read()
    if "slug" in request.form:
        given["slug"] = request.form["slug"]
    with services().store.read() as db:
        author = articles.get(db, slug, drafts=True).author
    try:
        slug = writing.edit(services().store, slug, g.editor, _unless_chosen(given, author), revision).slug
    except Stale as error:
        merged, theirs = _merged(error.current, given, revision)
        return _form(error.current, merged, theirs=theirs), 409
    except Invalid as error:
        with services().store.read() as db:
            current = articles.get(db, slug, drafts=True)
        # The form keeps the revision that was read: what others saved since must still be noticed.
        return _form(replace(current, revision=revision), given, error), 422
    return redirect(url_for(".edit_article_form", slug=slug, did="saved"), 303)


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


def _merged(current: Article, given: dict[str, object], revision: int) -> tuple[dict[str, object], dict[str, object]]:
    """What the form shows after a conflict, and what of theirs it would overwrite. A field that this editor did not
    touch becomes theirs; coverage has a button of its own, and is theirs always."""
    with services().store.read() as db:
        read = articles.as_of(db, current, revision)
    mine = fields.clean(fields.ARTICLE, given, partial=True)
    theirs = _values(current)
    merged, overwritten = {**given, "live": current.live}, {}
    for name in mine.keys() - {"live"}:
        if name in read and mine[name] == (read[name] or None if name != "draft" else read[name]):
            merged[name] = theirs[name]
        elif theirs[name] not in (mine[name], read.get(name)):
            overwritten[name] = theirs[name]
    return merged, overwritten


def _form(
    article: Article | None,
    given: dict[str, object],
    error: Invalid | None = None,
    *,
    theirs: dict[str, object] | None = None,
) -> str:
    with services().store.read() as db:
        choice, done = pictures.latest(db, PICTURES_SHOWN), done_in(db, request.args)
        people = editors.everyone(db)
    return render_template(
        "desk/article.html",
        done=done,
        people=people,
        article=article,
        given=given,
        errors=by_field(error),
        theirs=theirs,
        pictures=choice,
    )
