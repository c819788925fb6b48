"""The fields of an article's form: what was sent, and what an article has."""

from collections.abc import Callable
from typing import Any

from flask import request

from feed.errors import Message
from feed.store import editors, pictures
from feed.store.articles import Article
from feed.store.editors import Editor
from feed.web.desk import conflict
from feed.web.desk.forms import PICTURES_SHOWN
from feed.web.services import services

COMPARED = ("kicker", "headline", "slug", "standfirst", "body", "byline", "author", "language", "picture", "draft")


def sent() -> dict[str, object]:
    """The fields of the form that was sent, but for its address."""
    names = ("headline", "standfirst", "body", "byline", "author", "kicker", "picture", "language")
    texts: dict[str, object] = {name: request.form.get(name) for name in names}
    if "author" not in request.form:
        del texts["author"]
    return {**texts, "draft": "draft" in request.form, "live": "live" in request.form}


def unless_chosen(given: dict[str, object], before: Editor | None) -> dict[str, object]:
    """What was sent, without the author if that is still the one the form had: then a byline with another name does not
    show this author's card."""
    if before is not None and given.get("author") == before.name:
        return {name: value for name, value in given.items() if name != "author"}
    return given


def values(article: Article) -> dict[str, object]:
    """The fields of the form of that article."""
    picture = article.picture.id if article.picture else None
    author = article.author.name if article.author else None
    return {**vars(article), "picture": picture, "author": author, "live": article.live}


def choices() -> dict[str, Any]:
    """What the form offers to choose from: `people` and `pictures`."""
    with services().store.read() as db:
        return {"people": editors.everyone(db), "pictures": pictures.latest(db, PICTURES_SHOWN)}


def words() -> tuple[Callable[[str], str], conflict.Shown]:
    """Translates, and names what is chosen from a list, in the language of this page."""
    translate, shown = conflict.words(services().languages.now, Message("The site’s"))
    with services().store.read() as db:
        people = {each.name: each.display_name for each in editors.everyone(db)}
        alts = {each.id: each.alt for each in pictures.latest(db, PICTURES_SHOWN)}
    named = {"author": people, "picture": alts}
    return translate, lambda name, value: named.get(name, {}).get(str(value)) or shown(name, value)
