"""The desk: where editors write. Every form works without JavaScript; with it, the same forms are sent in place.

A refused form comes back with what was typed in it and the reason beside the field: nothing is lost.
"""

import secrets
from dataclasses import replace
from typing import Any

from flask import Blueprint, g, redirect, render_template, request, url_for

from feed import fields
from feed.errors import Invalid, KeyUsed, Message, Reason, Stale, by_field
from feed.store import (
    actions,
    articles,
    editors,
    feeds,
    idempotency,
    moments,
    people,
    pictures,
    publishing,
    sessions,
    updates,
)
from feed.store.actions import Verb
from feed.store.editors import Editor
from feed.store.updates import Update
from feed.web import article_page, feed_page
from feed.web.done import done_in
from feed.web.guards import check_form, require_editor
from feed.web.services import before_a_search, services
from feed.web.snippet import snippet

PICTURES_SHOWN = 60  # on the page of pictures and in the article's choice
ACTIONS_SHOWN = 30  # below a feed: the last hours of a busy day
ARTICLES_SHOWN = 200  # on the desk's first page

desk = Blueprint("desk", __name__, url_prefix="/desk")
desk.before_request(require_editor)
desk.before_request(check_form)
desk.before_request(before_a_search)


@desk.get("/")
def overview() -> str:
    """Articles and feeds."""
    with services().store.read() as db:
        return render_template(
            "desk.html",
            articles=articles.newest_first(db, ARTICLES_SHOWN, drafts=True),
            feeds=feeds.all_feeds(db),
        )


@desk.get("/feeds/<slug>")
def feed(slug: str) -> str:
    """A feed as readers see it, with the composer above and the tools beside."""
    return _feed(slug)


@desk.post("/feeds/<slug>/updates")
def publish(slug: str) -> Any:
    """Publishes what the composer holds. The form's own key makes a second click harmless."""
    given, idempotency_key = _update_fields(), request.form.get("idempotency_key") or None
    try:
        update = publishing.publish(services().store, slug, g.editor, given, idempotency_key)
    except KeyUsed:
        # The answer to the first text was lost on its way; with its key no other would ever be taken.
        again = Message("Your first text was published already; sending this makes a second update.")
        return _feed(slug, given=given, error=Invalid(Reason("body", again))), 422
    except Invalid as error:
        return _feed(slug, given=given, error=error, idempotency_key=idempotency_key), 422
    return _back_to(update, "published")


@desk.get("/feeds/<slug>/published/<idempotency_key>")
def published(slug: str, idempotency_key: str) -> Any:
    """What became of the text that was sent with that key: the editor's page asks when no answer came.
    204 where it was not published, or else the page that a published one leads to."""
    with services().store.read() as db:
        update = idempotency.published_with(db, g.editor, idempotency_key)
    return _back_to(update, "published") if update and update.feed == slug else ("", 204)


@desk.get("/feeds/<slug>/coverage")
def coverage_form(slug: str) -> str:
    """Asks whether coverage is to be closed."""
    with services().store.read() as db:
        return render_template("desk_coverage.html", feed=feeds.get(db, slug, drafts=True))


@desk.post("/feeds/<slug>/coverage")
def coverage(slug: str) -> Any:
    """Opens or closes coverage."""
    opening = request.form.get("open") == "1"
    (feeds.open_coverage if opening else feeds.close_coverage)(services().store, slug, g.editor)
    return redirect(url_for("desk.feed", slug=slug, did="opened" if opening else "closed"), 303)


@desk.get("/updates/<int:update_id>")
def edit_form(update_id: int) -> str:
    """An update in its form. The page's script takes this form to edit in place."""
    return _edit_form(_update(update_id))


@desk.post("/updates/<int:update_id>")
def edit(update_id: int) -> Any:
    """Saves an edit, unless somebody else saved one since: then both texts come back."""
    revision = _revision_read()
    given: dict[str, object] = {name: request.form.get(name) for name in ("headline", "body", "note")}
    if "language" in request.form:  # a form of the release before has none, and takes none away
        given["language"] = request.form["language"]
    try:
        update = publishing.edit(services().store, update_id, g.editor, given, revision)
    except Stale as error:
        return _edit_form(error.current, given, conflict=True), 409
    except Invalid as error:
        return _edit_form(_update(update_id), given, error=error, revision=revision), 422
    return _back_to(update, "edited")


@desk.post("/updates/<int:update_id>/marks")
def mark(update_id: int) -> Any:
    """Marks an update as key or pinned, or takes the mark off. What the text says meanwhile does not matter."""
    given: dict[str, object] = {name: request.form[name] == "1" for name in ("key", "pinned") if name in request.form}
    update = publishing.edit(services().store, update_id, g.editor, given, None)
    if "key" in given:
        return _back_to(update, "keyed" if update.key else "unkeyed")
    return _back_to(update, "pinned" if update.pinned else "unpinned")


@desk.get("/updates/<int:update_id>/retraction")
def retraction_form(update_id: int) -> str:
    """Asks for the reason."""
    return _retraction_form(_update(update_id))


@desk.post("/updates/<int:update_id>/retraction")
def retract(update_id: int) -> Any:
    """Takes the update off every page."""
    given = {"reason": request.form.get("reason"), "notice": "notice" in request.form}
    try:
        update = publishing.retract(services().store, update_id, given, g.editor)
    except Invalid as error:
        return _retraction_form(_update(update_id), given, error), 422
    return _back_to(update, "retracted")


@desk.get("/new-article")
def new_article() -> str:
    """An empty article."""
    return _article_form(None, {"draft": True, "byline": g.editor.display_name, "author": g.editor.name})


@desk.post("/articles")
def create_article() -> Any:
    """Creates an article; its address is made of the headline when none is given."""
    given = _article_fields()
    given["slug"] = request.form.get("slug") or None
    try:
        article = articles.create(services().store, g.editor, _unless_chosen(given, g.editor))
    except Invalid as error:
        return _article_form(None, given, error), 422
    return redirect(url_for("desk.edit_article_form", slug=article.slug, did="created"), 303)


@desk.get("/articles/<slug>")
def edit_article_form(slug: str) -> str:
    """An article in its form."""
    with services().store.read() as db:
        article = articles.get(db, slug, drafts=True)
    return _article_form(article, _article_values(article))


@desk.post("/articles/<slug>")
def edit_article(slug: str) -> Any:
    """Saves an article, unless somebody else saved it since: then both texts come back."""
    given, revision = _article_fields(), _revision_read()
    if "slug" in request.form:
        given["slug"] = request.form["slug"]
    with services().store.read() as db:
        standing = articles.get(db, slug, drafts=True)
    try:
        slug = articles.edit(services().store, slug, g.editor, _unless_chosen(given, standing.author), revision).slug
    except Stale as error:
        merged, theirs = _merged(error.current, given, revision)
        return _article_form(error.current, merged, theirs=theirs), 409
    except Invalid as error:
        with services().store.read() as db:
            current = articles.get(db, slug, drafts=True)
        # The form keeps the revision that was read: what others saved since must still be noticed.
        return _article_form(replace(current, revision=revision), given, error), 422
    return redirect(url_for("desk.edit_article_form", slug=slug, did="saved"), 303)


@desk.get("/articles/<slug>/preview")
def preview(slug: str) -> str:
    """An article as readers will see it, a draft too."""
    with services().store.read() as db:
        page = article_page.load(db, articles.get(db, slug, drafts=True))
    return article_page.render(page)


@desk.get("/profile")
def profile() -> str:
    """What readers see of the editor, and where the editor is signed in."""
    values = {name: getattr(g.editor, name) for name in fields.PROFILE}
    return _profile(values)


@desk.post("/profile")
def change_profile() -> Any:
    """Saves the profile."""
    given = {name: request.form.get(name) for name in fields.PROFILE}
    try:
        editors.change_profile(services().store, g.editor.id, given, g.editor)
    except Invalid as error:
        return _profile(given, error), 422
    return redirect(url_for("desk.profile", did="saved"), 303)


@desk.post("/password")
def change_password() -> Any:
    """The editor's own password; every other browser is signed out."""
    current, new = request.form.get("current", ""), request.form.get("password", "")
    try:
        key, address = services().settings.secret_key, request.remote_addr or ""
        people.change_own_password(services().store, key, g.editor, current, new, g.session.hash, address)
    except Invalid as error:
        return _profile({name: getattr(g.editor, name) for name in fields.PROFILE}, error), 422
    return redirect(url_for("desk.profile", did="saved"), 303)


@desk.post("/sessions/<session_hash>/end")
def end_session(session_hash: str) -> Any:
    """Signs another browser of this editor out."""
    sessions.end(services().store, g.editor, session_hash)
    return redirect(url_for("desk.profile"), 303)


def _update(update_id: int) -> Update:
    with services().store.read() as db:
        return updates.get(db, update_id, drafts=True)


def _back_to(update: Update, deed: str) -> Any:
    """To the feed, where the update is in view, with a word of what was done."""
    anchor = None if update.retracted_at else f"update-{update.id}"
    return redirect(url_for("desk.feed", slug=update.feed, did=deed, update=update.id, _anchor=anchor), 303)


def _update_fields() -> dict[str, object]:
    texts: dict[str, object] = {name: request.form.get(name) for name in ("headline", "body", "language")}
    return {**texts, "key": "key" in request.form, "pinned": "pinned" in request.form}


def _article_fields() -> dict[str, object]:
    names = ("headline", "standfirst", "body", "byline", "author", "kicker", "picture", "language")
    texts: dict[str, object] = {name: request.form.get(name) for name in names}
    if "author" not in request.form:
        del texts["author"]
    return {**texts, "draft": "draft" in request.form, "live": "live" in request.form}


def _unless_chosen(given: dict[str, object], before: Editor | None) -> dict[str, object]:
    """The author that the form came with was not chosen: when only the byline is another's, no card is borrowed."""
    if before is not None and given.get("author") == before.name:
        return {name: value for name, value in given.items() if name != "author"}
    return given


def _revision_read() -> int:
    """The revision that the form was made of; one that never was when the form does not say it."""
    text = request.form.get("revision", "")
    return int(text) if text.isdecimal() and len(text) < 10 else 0


def _article_values(article: articles.Article) -> dict[str, object]:
    picture = article.picture.id if article.picture else None
    author = article.author.name if article.author else None
    return {**vars(article), "picture": picture, "author": author, "live": article.live}


def _merged(
    current: articles.Article, given: dict[str, object], revision: int
) -> tuple[dict[str, object], dict[str, object]]:
    """What the form shows after a conflict, and what of theirs it would overwrite. A field that this editor did not
    touch becomes theirs; coverage has a button of its own, and is theirs always."""
    with services().store.read() as db:
        read = articles.as_of(db, current, revision)
    mine = fields.clean(fields.ARTICLE, given, partial=True)
    standing = _article_values(current)
    merged, overwritten = {**given, "live": current.live}, {}
    for name in mine.keys() - {"live"}:
        if name in read and mine[name] == (read[name] or None if name != "draft" else read[name]):
            merged[name] = standing[name]
        elif standing[name] not in (mine[name], read.get(name)):
            overwritten[name] = standing[name]
    return merged, overwritten


def _feed(
    slug: str,
    given: dict[str, object] | None = None,
    error: Invalid | None = None,
    idempotency_key: str | None = None,
) -> str:
    with services().store.read() as db:
        found = feeds.get(db, slug, drafts=True)
        page = feed_page.asked_for(db, found)
        behind = moments.ahead(db, found)
        taken = actions.of_feed(db, found.id, ACTIONS_SHOWN)
        done = done_in(db, request.args)
    role, covering = g.editor.role, Verb.CLOSE if found.headline else Verb.CLOSE_NEWS
    return render_template(
        "desk_feed.html",
        actions=taken,
        writes=actions.may(role, Verb.PUBLISH, draft=found.draft),
        covers=actions.may(role, covering, draft=found.draft),
        page=page,
        clock=_of_clock(behind) if behind else None,
        done=done,
        snippet=snippet(found) if services().settings.embed_origins and not found.draft else None,
        given=given or {},
        errors=by_field(error),
        idempotency_key=idempotency_key or secrets.token_hex(16),
    )


def _of_clock(seconds: int) -> Message:
    return Message(
        "The newest update is {minutes} min ahead of the server's clock, which was set back, or was ahead before. New "
        "updates are dated just after that one. Ask whoever runs the server to set its clock right.",
        minutes=-(-seconds // 60),
    )


def _edit_form(
    update: Update,
    given: dict[str, object] | None = None,
    *,
    error: Invalid | None = None,
    conflict: bool = False,
    revision: int | None = None,
) -> str:
    return render_template(
        "desk_update.html",
        update=update,
        given=given or {"headline": update.headline, "body": update.body, "language": update.language},
        errors=by_field(error),
        conflict=conflict,
        revision=update.revision if revision is None else revision,
    )


def _retraction_form(update: Update, given: dict[str, Any] | None = None, error: Invalid | None = None) -> str:
    return render_template("desk_retraction.html", update=update, given=given or {}, errors=by_field(error))


def _article_form(
    article: articles.Article | None,
    given: dict[str, object],
    error: Invalid | None = None,
    *,
    theirs: dict[str, object] | None = None,
) -> str:
    with services().store.read() as db:
        choice, done = pictures.latest(db, PICTURES_SHOWN), done_in(db, request.args)
        people = editors.everyone(db)
    return render_template(
        "desk_article.html",
        done=done,
        people=people,
        article=article,
        given=given,
        errors=by_field(error),
        theirs=theirs,
        pictures=choice,
    )


def _profile(given: dict[str, Any], error: Invalid | None = None) -> str:
    with services().store.read() as db:
        mine = sessions.of_editor(db, g.editor)
        choice, done = pictures.latest(db, PICTURES_SHOWN), done_in(db, request.args)
    values = {"given": given, "errors": by_field(error), "sessions": mine, "pictures": choice}
    return render_template("desk_profile.html", done=done, **values)
