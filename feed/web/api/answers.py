"""Updates, articles, pictures and points as every answer of the API has them."""

from typing import Any

from flask import url_for

from feed.store.articles import Article
from feed.store.pictures import Picture
from feed.store.points import Point
from feed.store.updates import Update
from feed.web.services import services


def update_json(update: Update) -> dict[str, Any]:
    """The update as every answer of the API has it."""
    return {
        "id": update.id,
        "feed": update.feed,
        "version": update.version,
        "revision": update.revision,
        "headline": update.headline,
        "body": update.body,
        "html": services().render.update(update),
        "key": update.key,
        "pinned": update.pinned,
        "status": update.status,
        "source": update.source,
        "language": update.language,
        "byline": update.byline,
        "published_at": update.published_at,
        "edited_at": update.edited_at,
        "url": absolute(url_for("reader.update", update_id=update.id)),
    }


def article_json(article: Article, *, stranger: bool = False) -> dict[str, Any]:
    """The article as every answer of the API has it. A `stranger` does not get the name by which its author signs
    in."""
    names = (
        "slug",
        "revision",
        "kicker",
        "headline",
        "standfirst",
        "body",
        "html",
        "byline",
        "language",
        "draft",
        "live",
    )
    return {
        **{name: getattr(article, name) for name in names},
        **({} if stranger else {"author": article.author.name if article.author else None}),
        "picture": article.picture.id if article.picture else None,
        "feed": article.feed.slug if article.feed else None,
        "published_at": article.published_at,
        "edited_at": article.edited_at,
        "url": absolute(url_for("reader.article", slug=article.slug)),
    }


def picture_json(picture: Picture) -> dict[str, Any]:
    """The picture as the API describes it."""
    names = ("id", "width", "height", "alt", "decorative", "caption", "credit")
    url = absolute(url_for("pictures.picture_file", picture_id=picture.id))
    return {**{name: getattr(picture, name) for name in names}, "url": url}


def point_json(point: Point) -> dict[str, Any]:
    """The point as every answer of the API has it. It names the grounds that readers see."""
    names = ("id", "revision", "text", "checking")
    return {**{name: getattr(point, name) for name in names}, "updates": [each.id for each in point.shown]}


def etag(thing: Update | Article | Point) -> dict[str, str]:
    """The headers of an answer that holds this: its revision as the ETag, for a later If-Match."""
    return {"ETag": f'"{thing.revision}"', "Cache-Control": "no-store"}


def absolute(path: str) -> str:
    """The whole address of that path."""
    return services().settings.public_url + path
