"""A feed for feed readers, in whichever format: with whole addresses, ids that are never used again, plain titles.

Ids are tag URIs (RFC 4151): host, day, and what was published then. After a restore from a backup an update's number is
used again, perhaps on the same day, so its id holds the time of publication too.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from ipaddress import IPv6Address
from urllib.parse import urlsplit

from feed import statuses, text
from feed.errors import Message
from feed.languages import Language
from feed.render.templates import feed_title, titled
from feed.settings import Settings
from feed.store.feeds import NEWS, Feed
from feed.store.points import Ground
from feed.store.updates import Update

ENDINGS = ("atom", "rss", "json")  # of a feed's documents
LISTED = 50  # updates of a feed: what a busy coverage brings in the hours between two looks of a slow feed reader
TITLE = 80  # characters of an update's first words, where it has no headline
SUMMARY = 200  # characters


@dataclass(frozen=True)
class Entry:
    """An update that is not retracted. `title` and `summary` are plain text, `html` has absolute addresses; all three
    say what the update's status says. `language`
    is its own, None for the feed's, `picture` that of its first picture, `updated` the moment of its last edit or, if
    that is later, of its restoration, or else of its publication: a feed reader that has its tombstone takes an entry
    back only if it was updated after that (RFC 6721)."""

    id: str
    url: str
    title: str
    summary: str
    html: str
    author: str
    language: str | None
    picture: str | None
    published: str
    updated: str


@dataclass(frozen=True)
class Tombstone:
    """A retracted update. `reason` is what readers were told, None where they were told nothing."""

    id: str
    retracted: str
    reason: str | None


@dataclass(frozen=True)
class Listing:
    """The newest of a feed, and what was retracted from it last. `page` is where people read it, `address` its own
    without the format's ending, `hub` the WebSub hub that is told of its changes or "", `updated` the latest moment of
    all that is in it."""

    id: str
    language: str
    title: str
    description: str
    site: str
    page: str
    address: str
    hub: str
    logo: str
    updated: str
    entries: list[Entry]
    tombstones: list[Tombstone]


def listing(
    settings: Settings,
    language: Language,
    feed: Feed,
    logo: str,
    newest: Sequence[Update],
    retracted: Sequence[Update],
) -> Listing:
    """The feed with its newest updates and those that were retracted last, in its language. `logo` is the path of the
    site's logo."""
    url = settings.public_url
    entries = [entry(url, language, each) for each in newest]
    tombstones = [_tombstone(url, each) for each in retracted]
    moments = [each.updated for each in entries] + [each.retracted for each in tombstones]
    story = text.plain_line(feed.headline, language.tag) if feed.headline else None
    return Listing(
        id=feed_tag(url, feed),
        language=language.tag,
        title=f"{story or language.translate(Message('News Feed'))} – {settings.site_name}",
        description=feed_title(language, feed)
        if story
        else language.translate(Message("The News Feed of {site}", site=settings.site_name)),
        site=settings.site_name,
        page=page(url, feed.slug),
        address=_address(url, feed.slug),
        hub=settings.hub,
        logo=f"{url}{logo}",
        updated=max(moments, default=feed.opened_at),
        entries=entries,
        tombstones=tombstones,
    )


def page(url: str, slug: str) -> str:
    """Where people read that feed: with its article, if it has one."""
    return f"{url}/feeds/{NEWS}" if slug == NEWS else f"{url}/articles/{slug}"


def addresses(url: str, slug: str) -> list[str]:
    """The addresses of that feed's documents, in all formats."""
    return [f"{_address(url, slug)}.{ending}" for ending in ENDINGS]


def entry(url: str, language: Language, update: Update) -> Entry:
    """The update as an entry of a feed's documents. `url` is the address of the site."""
    own = f"{url}/updates/{update.id}"
    picture = text.first_picture(update.html)
    said = statuses.line(language.translate, update.status, update.source)
    return Entry(
        id=tag(url, update),
        url=own,
        title=title(language, update),
        summary=text.shorten(f"{said}. {text.plain(update.html)}" if said else text.plain(update.html), SUMMARY),
        html=_said_as_html(language, update) + text.absolute(update.html, own),
        author=update.byline,
        language=update.language,
        picture=f"{url}/pictures/{picture}" if picture else None,
        published=update.published_at,
        updated=max(update.edited_at or update.published_at, update.restored_at or ""),
    )


def title(language: Language, update: Update) -> str:
    """Its headline or its first words, and what its status says of them, as plain text."""
    return titled(language, update, TITLE, update.language or language.tag)


def _said_as_html(language: Language, update: Update) -> str:
    """What its status says, above its text: feed readers show nothing else of it."""
    if not update.status:
        return ""
    said = f"<strong>{escape(statuses.line(language.translate, update.status, None))}</strong>"
    if not update.source:
        return f"<p>{said}</p>"
    name = statuses.host(update.source)
    source = f'<a href="{escape(update.source)}">{escape(name)}</a>' if name else escape(update.source)
    return f"<p>{statuses.with_source(language.translate, said, source)}</p>"


def tag(url: str, update: Update | Ground) -> str:
    """The id of that update, also as the ground of a point, which stays whatever happens to it."""
    return _tag(url, update.published_at, f"updates/{update.id}/{update.published_at[11:23]}")


def feed_tag(url: str, feed: Feed) -> str:
    """The id of that feed, which stays when its address changes."""
    return _tag(url, feed.opened_at, f"feeds/{feed.first_slug}")


def _address(url: str, slug: str) -> str:
    return f"{url}/feeds/{slug}"


def _tombstone(url: str, update: Update) -> Tombstone:
    return Tombstone(tag(url, update), str(update.retracted_at), update.reason if update.notice else None)


def _tag(url: str, moment: str, what: str) -> str:
    host = urlsplit(url).hostname or ""
    # A tag URI takes a name with dots; an IPv6 address has one, too.
    name = IPv6Address(host).reverse_pointer if ":" in host else host
    return f"tag:{name},{moment[:10]}:{what}"
