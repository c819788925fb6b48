"""What a program with a token may read of what is not public. Whoever has no token reads what everybody reads."""

from sqlite_utils import Database

from feed.store import articles, feeds, permissions, updates
from feed.store.actors import Actor
from feed.store.articles import Article
from feed.store.feeds import Feed
from feed.store.updates import Update
from feed.store.verbs import Verb


def update(db: Database, update_id: int, reader: Actor | None) -> Update:
    """The update; one of a draft article for a reader who may. Raises Missing, Gone, NotAllowed."""
    found = updates.get(db, update_id, drafts=reader is not None)
    feed(db, found.feed, reader)
    return found


def feed(db: Database, slug: str, reader: Actor | None) -> Feed:
    """The feed; that of a draft article for a reader who may. Raises Missing, NotAllowed."""
    found = feeds.get(db, slug, drafts=reader is not None)
    if found.draft:
        permissions.permit(db, reader, Verb.READ_DRAFT, feed_id=found.id)
    return found


def article(db: Database, slug: str, reader: Actor | None) -> Article:
    """The article; a draft for a reader who may. Raises Missing, NotAllowed."""
    found = articles.get(db, slug, drafts=reader is not None)
    if found.draft:
        permissions.permit(db, reader, Verb.READ_DRAFT, feed_id=found.feed.id if found.feed else None)
    return found
