"""External posts: videos and posts on other sites, known by the addresses at which people share them.

An address is compared with strict patterns, and all that is taken from it is an id and a second to begin at. The
address of the frame is made here, from the site's own host and that id, so nothing else that was typed gets into it. An
address that no pattern matches stays a link. Nothing is ever fetched, so short links that only their site can resolve,
such as those of vm.tiktok.com, stay links too.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

LONGEST = 1_000  # characters of an address; the longest that these sites make have 300
REMEMBERED = 1_000  # addresses that were compared: as many as updates are remembered by the renderer

Shape = Literal["wide", "tall", "post"]


@dataclass(frozen=True)
class External:
    """A post on another site: the site's name, the address of its frame, and the shape of that. A "wide" frame has the
    proportions of a film, a "tall" one those of a phone, and a "post" scrolls in a fixed height."""

    site: str
    frame: str
    shape: Shape = "post"


@dataclass(frozen=True)
class _Address:
    """An address in its parts. The host is in small letters; the values of the query are as they were typed."""

    host: str
    path: str
    query: dict[str, str]
    fragment: str


def _any(*patterns: str) -> re.Pattern[str]:
    """One pattern for a whole path, with or without a slash at its end."""
    return re.compile(rf"/(?:{'|'.join(patterns)})/?", re.ASCII)


_PARTS = re.compile(r"(?:https://)?([a-z0-9.-]+)(/[^?#]*)(?:\?([^#]*))?(?:#(.*))?", re.ASCII | re.IGNORECASE)

_YOUTUBE_FRAMES = "www.youtube-nocookie.com"  # sets no cookie until the video is played
_VIMEO_FRAMES = "player.vimeo.com"
_X_FRAMES = "platform.twitter.com"
_BLUESKY_FRAMES = "embed.bsky.app"
_INSTAGRAM_FRAMES = "www.instagram.com"
_TIKTOK_FRAMES = "www.tiktok.com"
_TELEGRAM_FRAMES = "t.me"

_VIDEO = re.compile(r"[\w-]{11}", re.ASCII)
_NO_VIDEO = ("live_stream", "videoseries")  # these take their content from the query, and are as long as an id
_MOMENT = re.compile(r"(?:(\d{1,2})h)?(?:(\d{1,4})m)?(?:(\d{1,6})s?)?", re.ASCII)

_YOUTUBE = re.compile(r"/(?:(?P<kind>shorts|live|embed|v)/(?P<id>[\w-]{11})|watch)/?", re.ASCII)
_YOUTU_BE = _any(r"(?P<id>[\w-]{11})")
_VIMEO = _any(
    r"(?:(?:channels/[\w-]+|groups/[\w-]+/videos|(?:album|showcase)/\d+/video|video)/)?(?P<id>\d{1,12})"
    r"(?:/(?P<hash>[0-9a-f]{8,20}))?"
)
_HASH = re.compile(r"[0-9a-f]{8,20}", re.ASCII)
_X = _any(r"(?:\w{1,20}/status(?:es)?|i/(?:web/)?status)/(?P<id>\d{1,20})(?:/(?:photo|video)/\d)?")
_DOMAIN = r"(?:[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?\.)+[a-zA-Z][a-zA-Z0-9-]{0,62}"
_BLUESKY = _any(rf"profile/(?P<who>did:plc:[a-z2-7]{{24}}|(?:did:web:)?{_DOMAIN})/post/(?P<id>[a-z2-7]{{13}})")
_MASTODON = _any(
    r"(?:web/|deck/)?@(?P<who>\w[\w.-]{0,63})/(?P<id>\d{1,20})",
    r"users/(?P<user>\w[\w.-]{0,63})/statuses/(?P<status>\d{1,20})",
)
_INSTAGRAM = _any(r"(?:[\w.]{1,30}/)?(?P<kind>p|reels?|tv)/(?P<id>[\w-]{5,50})")
_TIKTOK = _any(
    r"(?:@[\w.]{1,30}/video|embed(?:/v2)?|player/v1)/(?P<id>\d{1,20})",
    r"v/(?P<mobile>\d{1,20})\.html",
)
_TELEGRAM = _any(r"(?:s/)?(?P<channel>[a-zA-Z]\w{3,31})/(?P<id>\d{1,10})")
_NO_CHANNEL = ("addemoji", "addstickers", "addtheme", "boost", "joinchat", "proxy", "share", "socks")


def _youtube(at: _Address) -> External | None:
    found = (_YOUTU_BE if at.host == "youtu.be" else _YOUTUBE).fullmatch(at.path)
    if not found:
        return None
    parts = found.groupdict()
    video = parts["id"] or at.query.get("v", "")
    if not _VIDEO.fullmatch(video) or video in _NO_VIDEO:
        return None
    start = _seconds(at.query.get("t") or at.query.get("start") or at.fragment.removeprefix("t="))
    tall = parts.get("kind") == "shorts"
    frame = f"https://{_YOUTUBE_FRAMES}/embed/{video}" + (f"?start={start}" if start else "")
    return External("YouTube", frame, "tall" if tall else "wide")


def _vimeo(at: _Address) -> External | None:
    found = _VIMEO.fullmatch(at.path)
    if not found:
        return None
    unlisted = found["hash"] or at.query.get("h", "")  # an unlisted video needs it
    known = f"&h={unlisted}" if _HASH.fullmatch(unlisted) else ""
    start = _seconds(at.fragment.removeprefix("t="))
    frame = f"https://{_VIMEO_FRAMES}/video/{found['id']}?dnt=1{known}" + (f"#t={start}s" if start else "")
    return External("Vimeo", frame, "wide")


def _x(at: _Address) -> External | None:
    found = _X.fullmatch(at.path)
    return External("X", f"https://{_X_FRAMES}/embed/Tweet.html?dnt=true&id={found['id']}") if found else None


def _bluesky(at: _Address) -> External | None:
    found = _BLUESKY.fullmatch(re.sub("%3a", ":", at.path, flags=re.IGNORECASE))
    if not found:
        return None
    return External("Bluesky", f"https://{_BLUESKY_FRAMES}/embed/{found['who']}/app.bsky.feed.post/{found['id']}")


def _mastodon(at: _Address) -> External | None:
    found = _MASTODON.fullmatch(at.path)
    if not found:
        return None
    who, post = found["who"] or found["user"], found["id"] or found["status"]
    return External("Mastodon", f"https://{at.host}/@{who}/{post}/embed")


def _instagram(at: _Address) -> External | None:
    found = _INSTAGRAM.fullmatch(at.path)
    if not found:
        return None
    kind = found["kind"].removesuffix("s")
    return External("Instagram", f"https://{_INSTAGRAM_FRAMES}/{kind}/{found['id']}/embed/captioned/")


def _tiktok(at: _Address) -> External | None:
    found = _TIKTOK.fullmatch(at.path)
    if not found:
        return None
    return External("TikTok", f"https://{_TIKTOK_FRAMES}/embed/v2/{found['id'] or found['mobile']}", "tall")


def _telegram(at: _Address) -> External | None:
    found = _TELEGRAM.fullmatch(at.path)
    if not found or found["channel"].lower() in _NO_CHANNEL:
        return None
    return External("Telegram", f"https://{_TELEGRAM_FRAMES}/{found['channel']}/{found['id']}?embed=1")


_READERS: dict[str, Callable[[_Address], External | None]] = {
    **dict.fromkeys(("youtube.com", "www.youtube.com", "m.youtube.com", "music.youtube.com"), _youtube),
    **dict.fromkeys(("youtube-nocookie.com", _YOUTUBE_FRAMES, "youtu.be"), _youtube),
    **dict.fromkeys(("vimeo.com", "www.vimeo.com", _VIMEO_FRAMES), _vimeo),
    **dict.fromkeys((f"{sub}{site}.com" for site in ("x", "twitter") for sub in ("", "www.", "mobile.", "m.")), _x),
    **dict.fromkeys(("bsky.app", "www.bsky.app"), _bluesky),
    **dict.fromkeys(("instagram.com", _INSTAGRAM_FRAMES, "m.instagram.com"), _instagram),
    **dict.fromkeys(("tiktok.com", _TIKTOK_FRAMES, "m.tiktok.com"), _tiktok),
    **dict.fromkeys(("t.me", "telegram.me", "www.telegram.me"), _telegram),
}  # the readers of addresses, by host
_FRAMES = (
    _YOUTUBE_FRAMES,
    _VIMEO_FRAMES,
    _X_FRAMES,
    _BLUESKY_FRAMES,
    _INSTAGRAM_FRAMES,
    _TIKTOK_FRAMES,
    _TELEGRAM_FRAMES,
)


@lru_cache
def origins(mastodon: tuple[str, ...]) -> tuple[str, ...]:
    """Returns the origins of all frames, for a Content-Security-Policy. `mastodon` are the hosts of Mastodon."""
    return tuple(f"https://{host}" for host in (*_FRAMES, *mastodon))


@lru_cache(REMEMBERED)
def find(address: str, mastodon: tuple[str, ...]) -> External | None:
    """Returns the post at that address as it was typed, or None if that is none we know. It begins with https:// or
    with its host. `mastodon` are the hosts of Mastodon whose posts are known."""
    parts = _PARTS.fullmatch(address) if len(address) <= LONGEST else None
    if not parts:
        return None
    host = parts[1].lower()
    read = _READERS.get(host) or (_mastodon if host in mastodon else None)
    pairs = [pair.partition("=") for pair in (parts[3] or "").split("&") if pair]
    query = {name: value for name, _, value in pairs}
    if not read or len(query) < len(pairs):  # a name that is there twice could mean two videos
        return None
    return read(_Address(host, parts[2], query, parts[4] or ""))


def _seconds(written: str) -> int:
    """Returns the seconds that were written as 90, 90s or 1h2m3s; 0 for anything else."""
    found = _MOMENT.fullmatch(written)
    hours, minutes, seconds = (int(each or 0) for each in found.groups()) if found else (0, 0, 0)
    return hours * 3_600 + minutes * 60 + seconds
