"""The page of an article or an update as readers see it, with the editor's tools below each update.

Readers' pages are cached, and the same for everybody, so nothing in them can know that an editor reads. The desk shows
the same page at an address of its own: it costs readers no byte, no cookie and no request. The desk's first page
leads here from the page that was read (page_read.py).
"""

from flask import Blueprint, g

from feed.store import articles, permissions, updates
from feed.store.verbs import Verb
from feed.web import article_page, update_page
from feed.web.services import services

pages = Blueprint("on_page", __name__, url_prefix="/on")


@pages.get("/articles/<slug>")
def article(slug: str) -> str:
    """The page of a public article with the tools."""
    with services().store.read() as db:
        page = article_page.load(db, articles.get(db, slug))
    return article_page.render(page, "desk/on_article.html", tools=_may_edit(), done=None)


@pages.get("/updates/<int:update_id>")
def update(update_id: int) -> str:
    """The permalink of an update with the tools."""
    with services().store.read() as db:
        page = update_page.load(db, updates.get(db, update_id))
    return update_page.render(page, "desk/on_update.html", tools=_may_edit(), done=None)


def _may_edit() -> bool:
    return permissions.may(g.editor.role, Verb.EDIT)
