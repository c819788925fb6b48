"""The pages that readers see (front page, article, author, feed, permalink, history), and the catch-up of open
pages."""

from flask import Blueprint, Response, jsonify, make_response, render_template, request, url_for
from markupsafe import Markup
from werkzeug.exceptions import BadRequest

from feed.errors import Gone, Message, Missing
from feed.render import history
from feed.render.envelope import envelope, reload
from feed.store import articles, authors, changes, feeds, revisions, updates
from feed.store.database import Database
from feed.store.feeds import NEWS
from feed.web import article_page, catch_ups, feed_page, update_page
from feed.web.cache import cache_until_changed, reads
from feed.web.services import before_a_search, render_page, services

CATCH_UP_SECONDS = 1  # for which caches may keep a catch-up: a crowd that reconnects together costs one query
ARTICLES_SHOWN = 30  # on the front page
REVISIONS_SHOWN = 20  # of an update at a time

reader = Blueprint("reader", __name__)
reader.before_request(before_a_search)


@reader.get("/")
@reads("before", "after")
def front() -> str:
    """The front page: articles, those under live coverage first, and the News Feed."""
    with services().store.read() as db:
        news = feed_page.rail(db)
        cache_until_changed(db, news.feed)
        found = articles.newest_first(db, ARTICLES_SHOWN)
    return render_template("front.html", articles=found, news=news)


@reader.get("/articles/<slug>")
@reads("key", "order", "q", "at", "before", "after")
def article(slug: str) -> str:
    """The page of an article, complete without JavaScript: the article, its feed if it has one, and the News Feed."""
    with services().store.read() as db:
        found = articles.get(db, slug)
        page = article_page.load(db, found)
        cache_until_changed(db, *page.follows)
    return article_page.render(page)


@reader.get("/authors/<slug>")
@reads()
def author(slug: str) -> str:
    """The page of an author: name, job, picture, bio and articles. An editor without a public article has none."""
    with services().store.read() as db:
        cache_until_changed(db)
        found, written_by = authors.get(db, slug, services().settings.language)
    return render_template("author.html", slug=slug, author=found, articles=written_by)


@reader.get("/feeds/<slug>")
@reads("key", "order", "q", "at", "before", "after")
def feed(slug: str) -> str:
    """A feed on its own page, in the view that the query asks for."""
    with services().store.read() as db:
        page = feed_page.asked_for(db, feeds.get(db, slug))
        cache_until_changed(db, page.feed)
        coverage = article_page.coverage(db, articles.get(db, slug), page) if slug != NEWS else None
    return render_page(page.feed.language, "feed.html", page=page, coverage_data=coverage and coverage.data)


@reader.get("/feeds/<slug>/changes")
@reads("after", "epoch")
def catch_up(slug: str) -> Response:
    """What an open page missed after a version of an epoch: the envelope, or the instruction to reload."""
    after = request.args.get("after", "")
    if not after.isdecimal() or len(after) > 15:
        raise BadRequest("Write after=VERSION, a whole number.")
    with services().store.read() as db:
        found = feeds.followed(db, slug)
        cache_until_changed(db, found)
        missed = changes.missed(db, services().parts, found, int(after), request.args.get("epoch", ""))
    answer = envelope(services().render, missed) if missed else reload(found)
    catch_ups.count(answer)
    response = jsonify(answer)
    response.headers["Cache-Control"] = f"public, max-age={CATCH_UP_SECONDS}"
    return response


@reader.get("/feeds/<slug>/older")
@reads("key", "order", "q", "at", "before", "after")
def older(slug: str) -> Response:
    """The next list items beyond a cursor, as HTML, in the same view. The Link header has the address of those that
    follow. Feed-Position has the epoch and version they were read at, so that an open page which is ahead of them can
    correct them."""
    with services().store.read() as db:
        page = feed_page.asked_for(db, feeds.get(db, slug))
        cache_until_changed(db, page.feed)
    items = Markup("\n").join(services().render.update(update) for update in page.updates)
    response = make_response(items)
    response.headers["Feed-Position"] = f"{page.feed.epoch} {page.feed.version}"
    if page.further:
        response.headers["Link"] = f'<{url_for("reader.older", slug=slug)}{page.further}>; rel="next"'
    return response


@reader.get("/updates/<int:update_id>")
@reads("before", "after")
def update(update_id: int) -> str | tuple[str, int]:
    """The permalink of an update: the update among its neighbours, with a title, description and card of its own."""
    with services().store.read() as db:
        try:
            found = updates.get(db, update_id)
        except Gone:
            return _gone(db, update_id), 410
        page = update_page.load(db, found)
        cache_until_changed(db, *page.follows)
    return update_page.render(page)


@reader.get("/updates/<int:update_id>/history")
@reads("before")
def history_of(update_id: int) -> str:
    """The history of an update: for every revision, when and by whom it was made, and what it changed."""
    before = request.args.get("before", "")
    if before and not (before.isascii() and before.isdecimal() and len(before) < 10):
        raise BadRequest(Message("Write before=REVISION, a whole number."))
    with services().store.read() as db:
        found = updates.get(db, update_id)
        cache_until_changed(db, feeds.get(db, found.feed))
        kept = revisions.of(db, found, int(before or found.revision + 1), REVISIONS_SHOWN + 1)
    if not kept:
        raise Missing(update_id)
    entries = services().store.offload(history.entries, kept, services().languages.of(found.text_language).tag)
    earlier = None if entries[-1].first else entries[-1].revision.revision
    return render_page(found.feed_language, "history.html", update=found, entries=entries, earlier=earlier)


def _gone(db: Database, update_id: int) -> str:
    """The page at the permalink of a retracted update."""
    update = updates.get_any(db, update_id)
    return render_page(update.feed_language, "gone.html", update=update, feed=feeds.get(db, update.feed))
