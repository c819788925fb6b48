"""Who signs an article, and whose card it shows."""

from typing import Any

from sqlite_utils import Database

from feed.errors import Invalid, Message, Missing, Reason
from feed.store import editors
from feed.store.articles import Article
from feed.store.editors import Editor


def settle(db: Database, given: dict[str, Any], editor: Editor, current: Article | None) -> None:
    """Decides byline and author, and puts both into `given`; `author` there is the name of an editor. Raises Invalid.

    A byline that names somebody else than the author removes the author's card, unless an author was given. A new
    author's name becomes the byline, unless a byline was given.
    """
    author, shown = current and current.author, "byline" in given and given["byline"]
    if "author" in given:
        name = given.pop("author")
        chosen = _author(db, name) if name else None
        if chosen and chosen != author and not shown:
            given["byline"] = chosen.display_name
        author = chosen
    elif shown and (current is None or shown != current.byline):
        author = next((each for each in (author, editor) if each and each.display_name == shown), None)
    elif "byline" in given and not shown:
        author = editor
    if "byline" in given and not given["byline"]:
        given["byline"] = (author or editor).display_name
    if current is None or author != current.author:
        given["author_id"] = author and author.id


def _author(db: Database, name: str) -> Editor:
    try:
        return editors.by_name(db, name)
    except Missing:
        raise Invalid(Reason("author", Message("There is no editor of this name."))) from None
