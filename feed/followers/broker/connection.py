"""Connections to the broker, by the address in FEED_BROKER."""

from typing import Any, cast
from urllib.parse import unquote, urlsplit

from redis import Redis
from redis.backoff import NoBackoff
from redis.retry import Retry
from redis.sentinel import Sentinel

from feed.settings import SENTINEL

ANSWER_SECONDS = 2.0  # a broker that takes longer counts as away, and its readers are served in another way


def connect(address: str, waiting: float = 0.0) -> Redis:
    """A client, whose connections are made when they are needed. `waiting` is how long a command of its may block, in
    seconds. It never tries twice: callers know better what to do meanwhile."""
    options: dict[str, Any] = {
        "socket_timeout": ANSWER_SECONDS + waiting,
        "retry": Retry(NoBackoff(), 0),
        "client_name": "liveline",
    }
    parts = urlsplit(address)
    if parts.scheme != "unix":
        options |= {"socket_connect_timeout": ANSWER_SECONDS, "socket_keepalive": True}
    if parts.scheme != SENTINEL:
        return Redis.from_url(address, **options)
    people, _, hosts = parts.netloc.rpartition("@")
    service, _, number = parts.path.strip("/").partition("/")
    name, _, password = people.partition(":")
    if password:
        options |= {"username": unquote(name) or None, "password": unquote(password)}
    sentinels = [(host, int(port or 26379)) for host, _, port in (each.partition(":") for each in hosts.split(","))]
    asked = {"socket_timeout": ANSWER_SECONDS, "socket_connect_timeout": ANSWER_SECONDS}
    known: Any = Sentinel(sentinels, sentinel_kwargs=asked, db=int(number or 0), **options)  # type: ignore[no-untyped-call]
    return cast(Redis, known.master_for(service))
