"""The settings: one table of environment variables, read once at the start. A bad value stops the start."""

import os
import re
import secrets
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from feed import logs, private
from feed.languages import ENGLISH, known

SECRET_BYTES = 32  # as long as the SHA-256 that it keys
PORTS = {"http": 80, "https": 443}
LOOPBACK_NAMES = ("127.0.0.1", "localhost", "[::1]")  # the same machine under its three names
EVERY_ADDRESS = ("0.0.0.0", "::", "[::]")  # noqa: S104 - one can listen there, but no reader can go there

WRITER, READER = "writer", "reader"
SENTINEL = "redis+sentinel"
# Of which roles a second factor is asked, by what FEED_SECOND_FACTOR says
STRICT: Mapping[str, tuple[str, ...]] = {
    "optional": (),
    "admins": ("admin",),
    "everybody": ("contributor", "editor", "admin"),
}
BROKERS = ("redis", "rediss", "unix", SENTINEL)

_HOST = re.compile(r"[a-z0-9._:-]+\Z")  # as urlsplit returns it: without brackets, and other letters as xn--…
_DOMAIN = re.compile(r"//[a-z0-9-]+(\.[a-z0-9-]+)*\.[a-z][a-z0-9-]+(:\d+)?\Z")  # no IP address, and no top-level domain
_ADDRESS = re.compile(r"[!#-;=?-\[\]_a-z~]+\Z")  # RFC 3986's characters: it also stands between < and > in a header


class BadSetting(SystemExit):
    """A setting that cannot be used. Ends the process with one line that says what to write instead."""

    def __init__(self, name: str, value: str, advice: str) -> None:
        super().__init__(f"{name}={value!r} cannot be used: {advice}")


@dataclass(frozen=True)
class Setting:
    """One row of the table. `default` is text, as in the environment; `read` turns such text into the value."""

    name: str
    default: str
    help: str
    read: Callable[[str], Any]


@dataclass(frozen=True)
class Settings:
    """The values of all settings. Paths are absolute; `public_url` and `origins` have no trailing slash."""

    database: Path
    media: Path
    public_url: str
    origins: tuple[str, ...]
    embed_origins: tuple[str, ...]
    mastodon_hosts: tuple[str, ...]
    secret_key: bytes
    timezone: ZoneInfo
    language: str
    site_name: str
    max_readers: int
    max_readers_per_address: int
    max_connections_per_address: int
    proxies: int
    drain_seconds: int
    transport: str
    hub: str
    undo_seconds: int
    remind_hours: int
    broker: str
    role: str
    writer_url: str
    second_factor: tuple[str, ...]
    log: str

    @property
    def is_node(self) -> bool:
        """Whether this process only holds readers, and another one is the writer."""
        return self.role == READER

    def needs_second_factor(self, role: str) -> bool:
        """Whether the desk is closed to editors of that role without a second factor."""
        return role in self.second_factor


def load(environ: Mapping[str, str] = os.environ) -> Settings:
    """Reads the settings from the environment. Raises BadSetting."""
    host = environ.get("HOST", "127.0.0.1")
    host = LOOPBACK_NAMES[0] if host in EVERY_ADDRESS else host
    default_url = f"http://{host}:{environ.get('PORT', '8000')}"
    text = {s.name: environ.get(s.name) or s.default for s in TABLE}
    text["FEED_PUBLIC_URL"] = text["FEED_PUBLIC_URL"] or default_url
    values = {s.name: _value(s, text[s.name]) for s in TABLE}
    database: Path = values["FEED_DATABASE"]
    url: str = values["FEED_PUBLIC_URL"]
    _check_node(values)
    return Settings(
        database=database,
        media=values["FEED_MEDIA"] or database.parent / "media",
        public_url=url,
        origins=(*_names_of_this_site(url), *values["FEED_ORIGINS"]),
        embed_origins=values["FEED_EMBED_ORIGINS"],
        mastodon_hosts=values["FEED_MASTODON_HOSTS"],
        secret_key=values["FEED_SECRET_KEY"] or _secret_beside(database),
        timezone=values["FEED_TIMEZONE"],
        language=values["FEED_LANGUAGE"],
        site_name=values["FEED_SITE_NAME"],
        max_readers=values["FEED_MAX_READERS"],
        max_readers_per_address=values["FEED_MAX_READERS_PER_ADDRESS"],
        max_connections_per_address=values["FEED_MAX_CONNECTIONS_PER_ADDRESS"],
        proxies=values["FEED_PROXIES"],
        drain_seconds=values["FEED_DRAIN_SECONDS"],
        transport=values["FEED_TRANSPORT"],
        hub=values["FEED_HUB"],
        undo_seconds=values["FEED_UNDO_SECONDS"],
        remind_hours=values["FEED_REMIND_HOURS"],
        broker=values["FEED_BROKER"],
        role=values["FEED_ROLE"],
        writer_url=values["FEED_WRITER_URL"] or url,
        log=values["FEED_LOG"],
        second_factor=values["FEED_SECOND_FACTOR"],
    )


def _value(setting: Setting, text: str) -> Any:
    try:
        return setting.read(text)
    except (ValueError, OSError) as error:
        raise BadSetting(setting.name, text, str(error)) from None


def _check_node(values: Mapping[str, Any]) -> None:
    """Refuses a reader node without what it shares with its writer. Raises BadSetting."""
    if values["FEED_ROLE"] != READER:
        return
    if not values["FEED_BROKER"]:
        raise BadSetting("FEED_BROKER", "", "write the broker of this node's writer, like redis://10.0.0.5:6379")
    if not values["FEED_SECRET_KEY"]:
        advice = f"write the key of this node's writer: its FEED_SECRET_KEY, or {private.SECRET} beside its database"
        raise BadSetting("FEED_SECRET_KEY", "", advice)


def _names_of_this_site(url: str) -> tuple[str, ...]:
    """Returns the origins that a browser may send for this site: its own, and on loopback the machine's other names."""
    parts = urlsplit(url)
    own = f"{parts.scheme}://{parts.netloc}"
    host = parts.netloc.rpartition(":")[0] if parts.port else parts.netloc
    if host not in LOOPBACK_NAMES:
        return (own,)
    port = f":{parts.port}" if parts.port else ""
    return tuple(f"{parts.scheme}://{name}{port}" for name in LOOPBACK_NAMES)


def _secret_beside(database: Path) -> bytes:
    path = database.parent / private.SECRET
    try:
        kept = _kept_secret(path)
    except (OSError, UnicodeDecodeError) as error:
        raise BadSetting("FEED_DATABASE", str(database), f"write a path whose folder can be used ({error})") from None
    if len(kept) < SECRET_BYTES:
        # A power cut may have cut it short. With an empty key, anybody with a copy of the database could make sessions.
        raise BadSetting("FEED_DATABASE", str(database), f"delete {path}, which is damaged; a new one is made")
    return kept


def _kept_secret(path: Path) -> bytes:
    """Returns the secret beside the database, which is made once. It is written completely and then linked into place,
    so that two workers that start together read the same one."""
    if not path.exists():
        private.make_folder(path.parent)
        mine = path.with_name(f"{path.name}.{os.getpid()}")
        with open(mine, "w", opener=private.opener) as file:
            file.write(secrets.token_hex(SECRET_BYTES))
        with suppress(FileExistsError):
            os.link(mine, path)
        mine.unlink()
    return path.read_text().strip().encode()


def _path(text: str) -> Path | None:
    return Path(text).expanduser().resolve() if text else None


def origin(text: str) -> str:
    """Returns scheme, host and port as browsers write an origin: in small letters, and without the scheme's usual port.
    Raises ValueError for anything else."""
    advice = "write scheme and host only, like https://news.example.org"
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        raise ValueError(advice) from None
    host = parts.hostname or ""
    more = parts.username is not None or parts.path.rstrip("/") or parts.query or parts.fragment
    if parts.scheme not in PORTS or not _HOST.match(host) or more:
        raise ValueError(advice)
    name = f"[{host}]" if ":" in host else host
    return f"{parts.scheme}://{name}" + (f":{port}" if port not in (None, PORTS[parts.scheme]) else "")


def _hub(text: str) -> str:
    """Returns the hub's address unchanged, because a hub compares it with its own; "" for none."""
    advice = "write a whole address without a name or #, like https://hub.example.org/publish"
    try:
        parts = urlsplit(text)
        known = parts.scheme in PORTS and _HOST.match(parts.hostname or "") and parts.port != 0
    except ValueError:
        raise ValueError(advice) from None
    if text and (not known or not _ADDRESS.match(text) or "#" in text or parts.username is not None):
        raise ValueError(advice)
    return text


def _broker(text: str) -> str:
    """Returns the address of the broker; "" for none."""
    advice = (
        "write an address like redis://:password@10.0.0.5:6379/0, rediss://… for TLS, unix:///run/redis.sock or "
        "redis+sentinel://10.0.0.5:26379,10.0.0.6:26379/service/0"
    )
    if not text:
        return ""
    try:
        parts = urlsplit(text)
        hosts = [urlsplit(f"//{host}") for host in parts.netloc.rpartition("@")[2].split(",")]
        usable = parts.path if parts.scheme == "unix" else all(host.hostname and host.port != 0 for host in hosts)
    except ValueError:
        raise ValueError(advice) from None
    if parts.scheme not in BROKERS or not usable or (len(hosts) > 1 and parts.scheme != SENTINEL):
        raise ValueError(advice)
    if parts.scheme == SENTINEL and not parts.path.strip("/"):
        raise ValueError(advice)
    return text


def _writer_url(text: str) -> str:
    return origin(text) if text else ""


def _role(text: str) -> str:
    if text not in (WRITER, READER):
        raise ValueError(f"write {WRITER} or {READER}")
    return text


def _second_factor(text: str) -> tuple[str, ...]:
    if text not in STRICT:
        raise ValueError(f"write {', '.join(STRICT)}")
    return STRICT[text]


def _listed(text: str) -> list[str]:
    """Splits at spaces and commas."""
    return text.replace(",", " ").split()


def _urls(text: str) -> tuple[str, ...]:
    return tuple(origin(as_page(each)) for each in _listed(text))


def as_page(text: str) -> str:
    """Returns the origin of the page for that of its socket: ws becomes http, and wss https."""
    return "http" + text[2:] if text[:5].lower() == "ws://" or text[:6].lower() == "wss://" else text


def _embedders(text: str) -> tuple[str, ...]:
    """Reads the sites that may frame a page, as Content-Security-Policy writes them."""
    try:
        return tuple(_embedder(each) for each in _listed(text))
    except ValueError:
        raise ValueError("write origins like https://example.org or https://*.example.org, or * for any") from None


def _embedder(text: str) -> str:
    if text == "*":
        return text
    if "//*." not in text:
        return origin(text)
    above = origin(text.replace("//*.", "//", 1))
    if not _DOMAIN.search(above):
        raise ValueError(text)
    return above.replace("//", "//*.", 1)


def _mastodon_hosts(text: str) -> tuple[str, ...]:
    """Reads the hosts of Mastodon's servers. They get into a Content-Security-Policy, so each is a whole name."""
    hosts = [] if text.strip() == "none" else [each.lower() for each in _listed(text)]
    if not all(_DOMAIN.match(f"//{host}") and ":" not in host for host in hosts):
        raise ValueError("write names of hosts like mastodon.social, with commas between, or none")
    return tuple(dict.fromkeys(hosts))


def _secret(text: str) -> bytes:
    if text and len(text) < SECRET_BYTES:
        raise ValueError(f"write at least {SECRET_BYTES} characters, or leave it out and one is made")
    return text.encode()


def _zone(text: str) -> ZoneInfo:
    try:
        return ZoneInfo(text)
    except (KeyError, ValueError, OSError):
        raise ValueError("write a name of the time zone database, like Europe/Berlin") from None


def _name(text: str) -> str:
    if not text.strip() or len(text) > 80:
        raise ValueError("write a name of 1 to 80 characters")
    return text.strip()


def _transport(text: str) -> str:
    if text not in ("direct", "loop", "stock"):
        raise ValueError("write direct, loop or stock")
    return text


def _log(text: str) -> str:
    if text not in (logs.TEXT, logs.JSON):
        raise ValueError(f"write {logs.TEXT} or {logs.JSON}")
    return text


def _whole(least: int) -> Callable[[str], int]:
    def read(text: str) -> int:
        if not text.isdecimal() or int(text) < least:
            raise ValueError(f"write a whole number from {least} up")
        return int(text)

    return read


TABLE = (
    Setting("FEED_DATABASE", "instance/feed.db", "the SQLite file; its folder also holds the secret", _path),
    Setting("FEED_MEDIA", "", "folder of the pictures; `media` beside the database when empty", _path),
    Setting("FEED_PUBLIC_URL", "", "scheme and host readers use; `http://HOST:PORT` when empty", origin),
    Setting("FEED_ORIGINS", "", "further origins whose pages may open the socket, with commas between", _urls),
    Setting(
        "FEED_EMBED_ORIGINS",
        "",
        "sites whose pages may show feeds in a frame; `https://*.example.org` is all below, `*` any",
        _embedders,
    ),
    Setting(
        "FEED_MASTODON_HOSTS",
        "mastodon.social,mastodon.online,mstdn.social,mastodon.world,mas.to,journa.host,newsie.social",
        "servers of Mastodon whose posts readers can load into a page; `none` for none",
        _mastodon_hosts,
    ),
    Setting("FEED_SECRET_KEY", "", "keys the session hashes; made once beside the database when empty", _secret),
    Setting(
        "FEED_SECOND_FACTOR",
        "optional",
        "who can do nothing at the desk without a second factor: `admins`, `everybody`, or nobody (`optional`)",
        _second_factor,
    ),
    Setting("FEED_TIMEZONE", "UTC", "the zone in which the server writes times", _zone),
    Setting("FEED_LANGUAGE", ENGLISH, "the site's language, a BCP 47 tag; an article may have one of its own", known),
    Setting("FEED_SITE_NAME", "Liveline", "the name in the masthead", _name),
    Setting("FEED_MAX_READERS", "12000", "open sockets per worker; more are refused and poll", _whole(1)),
    Setting("FEED_MAX_READERS_PER_ADDRESS", "200", "open sockets per client address and worker", _whole(1)),
    Setting(
        "FEED_MAX_CONNECTIONS_PER_ADDRESS",
        "200",
        "other connections per client address and worker; not counted behind a proxy",
        _whole(1),
    ),
    Setting("FEED_PROXIES", "0", "trusted reverse proxies in front, each adding to X-Forwarded-For", _whole(0)),
    Setting("FEED_DRAIN_SECONDS", "2", "over which a worker that ends lets its readers go", _whole(0)),
    Setting(
        "FEED_TRANSPORT",
        "direct",
        "`direct`; `loop` is the same without io_uring; `stock` is Flask-SocketIO's own, slower driver",
        _transport,
    ),
    Setting("FEED_HUB", "", "address of a WebSub hub, which is told of each change of a feed; none when empty", _hub),
    Setting("FEED_UNDO_SECONDS", "10", "after publishing, in which an editor can undo it; 0 for never", _whole(0)),
    Setting(
        "FEED_REMIND_HOURS",
        "3",
        "without an update, after which the desk reminds of open coverage; 0 for never",
        _whole(0),
    ),
    Setting(
        "FEED_BROKER",
        "",
        "address of Redis or Valkey between a writer and its reader nodes; none when empty",
        _broker,
    ),
    Setting("FEED_ROLE", WRITER, "`writer`, or `reader` for a node that only holds readers", _role),
    Setting("FEED_WRITER_URL", "", "where a reader node reaches the writer; FEED_PUBLIC_URL when empty", _writer_url),
    Setting("FEED_LOG", logs.TEXT, "`text`, or `json` for a log with a JSON object on each line", _log),
)
