"""A coverage as JSON, in the format that docs/import-export.md describes. Everything in it is public.

Ids are the same tag URIs as in Atom. They stay with an update whatever happens to it, so that an import knows it again.
"""

from collections.abc import Sequence
from typing import Any

from feed import text, times
from feed.figures import Picture
from feed.picture import file_name
from feed.render import entries
from feed.settings import Settings
from feed.store.articles import Article
from feed.store.exporting import Exported
from feed.store.points import Point
from feed.store.revisions import Revision
from feed.store.updates import Update

VERSION = 1  # of the format; raised when a program that reads it would misunderstand the next


def head(settings: Settings, exported: Exported) -> dict[str, Any]:
    """Everything but the updates and the pictures."""
    url, feed = settings.public_url, exported.feed
    return {
        "liveline": VERSION,
        "exported_at": times.now(),
        "site": {
            "name": settings.site_name,
            "url": url,
            "language": settings.language,
            "timezone": settings.timezone.key,
        },
        "feed": {
            "id": entries.feed_tag(url, feed),
            "slug": feed.slug,
            "url": entries.page(url, feed.slug),
            "opened_at": feed.opened_at,
            "closed_at": feed.closed_at,
            "closing": exported.closing.words,
        },
        "points": [_point(url, each) for each in exported.points],
        "article": exported.article and _article(exported.article),
    }


def update(url: str, given: Update, history: Sequence[Revision]) -> dict[str, Any]:
    """An update, or the notice of its retraction. `history` has the revisions that readers may see, the latest first;
    an update that was never edited has none here."""
    common = {"id": entries.tag(url, given), "published_at": given.published_at}
    if given.retracted_at:
        return common | {"retracted": {"at": given.retracted_at, "reason": given.reason if given.notice else None}}
    return common | {
        "url": f"{url}/updates/{given.id}",
        "edited_at": given.edited_at,
        "restored_at": given.restored_at,
        "byline": given.byline,
        "headline": given.headline,
        "body": given.body,
        "status": given.status,
        "source": given.source,
        "language": given.language,
        "key": given.key,
        "pinned": given.pinned,
        "revisions": [_revision(each) for each in reversed(history)] if len(history) > 1 else [],
    }


def picture(given: Picture) -> dict[str, Any]:
    """A picture, whose file lies beside the document."""
    words = {name: getattr(given, name) for name in ("width", "height", "alt", "caption", "credit")}
    return {"file": f"pictures/{file_name(given.id, given.format)}", **words}


def _point(url: str, point: Point) -> dict[str, Any]:
    return {
        "text": point.text,
        "being_checked": point.checking is not None,
        "updates": [entries.tag(url, each) for each in point.shown],
    }


def _article(article: Article) -> dict[str, Any]:
    names = ("slug", "kicker", "headline", "standfirst", "body", "byline", "language", "published_at", "edited_at")
    author = article.author
    return {name: getattr(article, name) for name in names} | {
        "picture": article.picture and article.picture.id,
        "author": author and {name: getattr(author, name) for name in ("display_name", "job", "bio", "picture")},
    }


def _revision(revision: Revision) -> dict[str, Any]:
    """A text as the history shows it: in words, without links and Markdown."""
    return {
        "at": revision.at,
        "byline": revision.byline,
        "headline": revision.headline,
        "text": text.plain(revision.html),
        "status": revision.status,
        "source": revision.source,
        "note": revision.note,
        "minor": revision.minor,
    }
