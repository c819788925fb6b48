"""WebSub (www.w3.org/TR/websub): a hub is told of each feed that changed, and brings it to its subscribers.

Nobody tells it by hand: like the tail, a thread in each worker follows the store, so that all writers reach
the hub the same way. How far it was told is in the store, so a crash between commit and ping heals itself, and one
worker tells it at a time. There is no queue to grow: what is to be told is what changed since, each feed once.

How a hub is told is left to it by the standard; all take `hub.mode=publish` with `hub.url`, one topic a POST.
"""

import logging
import threading
from collections.abc import Iterator
from functools import cached_property
from http.client import HTTPException
from time import monotonic
from typing import Any
from urllib.error import HTTPError
from urllib.parse import urlencode, urlsplit
from urllib.request import HTTPRedirectHandler, OpenerDirector, Request, build_opener

from feed import repeats
from feed.errors import Missing
from feed.render import entries
from feed.settings import Settings
from feed.store import addresses, websub
from feed.store.database import OperationalError, Store
from feed.store.feeds import Feed
from feed.store.versions import Versions

POLL_SECONDS = 0.1  # ten polls of 3 µs a second; hubs take seconds to fetch and distribute
PAUSE_SECONDS = 1.0  # between two rounds: a burst of updates is one ping a feed and second
POST_SECONDS = websub.LEASE_SECONDS / 3  # of silence before a hub counts as down; two such, and the lease still holds
RETRY_SECONDS = 5.0  # after an error of ours, such as a full disk
LATER = (408, 425, 429)  # these say "not now", though in the range of "never"

log = logging.getLogger(__name__)


class WebSub:
    """Tells the hub of the settings, if there is one."""

    def __init__(self, store: Store, versions: Versions, settings: Settings) -> None:
        self._store = store
        self._versions = versions
        self._hub = settings.hub
        self._site = settings.public_url
        self._stopped = threading.Event()
        self._renewed = 0.0
        self._refused: set[int] = set()

    def start(self) -> None:
        """Starts following. A server calls it before it answers: who learns of the hub from our first answer is told
        of all that comes after."""
        if not self._hub:
            return
        try:
            websub.begin(self._store, self._hub)
        except OperationalError as error:  # the thread tries again
            repeats.say(f"how far the hub was told cannot be looked up: {error}")
        threading.Thread(target=self._follow, name="websub", daemon=True).start()

    def stop(self) -> None:
        """Ends following after the ping under way, without waiting for it: a hub may hang."""
        self._stopped.set()

    def step(self) -> bool:
        """Tells what may be told now. Whether there is nothing left to tell."""
        with self._store.read() as db:
            current = websub.state(db, self._hub)
        if current is None:
            websub.begin(self._store, self._hub)
        elif not current.behind:
            return True
        elif current.due and (changed := websub.claim(self._store, self._hub)):
            self._renewed = monotonic()
            self._tell(changed)
        return False

    def _follow(self) -> None:
        seen = None
        while not self._stopped.wait(POLL_SECONDS):
            try:
                # Asked before the step: a commit in between makes one step too many, never too few.
                now = self._store.data_version()
                if now != seen:
                    seen = now if self.step() else None
            except OperationalError as error:
                repeats.say(f"how far the hub was told cannot be looked up: {error}")
                seen = None
                self._stopped.wait(RETRY_SECONDS)
            except Exception:
                log.exception("the hub could not be told; trying again in %s s", RETRY_SECONDS)
                seen = None
                self._stopped.wait(RETRY_SECONDS)

    def _tell(self, changed: list[Feed]) -> None:
        """One round. A permanent refusal counts as delivered if any other topic was accepted: other feeds must not
        wait for a topic that the hub does not want. If it accepts none, the hub or its address is wrong."""
        tick, trouble, statuses = 0, "", set[int]()
        try:
            for feed in changed:
                if self._stopped.is_set():
                    break
                answers = [self._post(topic) for topic in self._topics(feed)]
                statuses.update(answers)
                trouble = trouble or next((f"it answered {each}" for each in answers if _later(each)), "")
                tick = tick if trouble else feed.tick
        except (OSError, HTTPException, ValueError) as error:  # the last for a name that no resolver takes
            trouble = str(error) or type(error).__name__
        if statuses and not any(_taken(each) for each in statuses):
            tick, trouble = 0, trouble or f"it answered {min(statuses)} to everything"
        else:
            self._warn_of(statuses)
        if not trouble:
            websub.succeed(self._store, self._hub, tick, PAUSE_SECONDS)
        elif websub.fail(self._store, self._hub, tick) == 1:
            log.warning("the hub at %s could not be told: %s. It will be, once it can", self._name, trouble)

    def _topics(self, feed: Feed) -> Iterator[str]:
        """The feed's documents, as long as it is public: a round takes time, and a draft is never named. The clock of
        an article has none."""
        if feed.quiet:
            return
        with self._store.read() as db:
            slugs = [feed.slug, *addresses.of_feed(db, feed.id)]  # under an old one, too, somebody may have subscribed
        for address in (each for slug in slugs for each in entries.addresses(self._site, slug)):
            try:
                self._versions.feed(feed.slug)
            except Missing:
                return
            yield address

    def _post(self, topic: str) -> int:
        """Tells the hub of one topic and returns the status of its answer. Raises OSError or HTTPException when there
        is none."""
        if monotonic() - self._renewed > POST_SECONDS:
            websub.keep(self._store, self._hub)
            self._renewed = monotonic()
        form = urlencode({"hub.mode": "publish", "hub.url": topic}).encode()
        request = Request(self._hub, form, {"User-Agent": f"Liveline (+{self._site})"})  # noqa: S310 - see settings
        try:
            with self._opener.open(request, timeout=POST_SECONDS) as answer:
                return int(answer.status)
        except HTTPError as refusal:
            with refusal:
                return refusal.code

    def _warn_of(self, statuses: set[int]) -> None:
        for status in sorted(each for each in statuses - self._refused if not _taken(each) and not _later(each)):
            self._refused.add(status)
            log.warning("the hub at %s answered %s, and is not asked again for that change", self._name, status)

    @cached_property
    def _opener(self) -> OpenerDirector:
        """Made when there is something to tell: most sites have no hub."""
        return build_opener(_NoRedirect)

    @property
    def _name(self) -> str:
        """Of the hub, for the log: its whole address may hold a key."""
        return urlsplit(self._hub).hostname or ""


class _NoRedirect(HTTPRedirectHandler):
    """urllib would turn the POST into a GET of what stands there, and call that a success."""

    def redirect_request(self, *args: Any, **kwargs: Any) -> None:
        return None


def _taken(status: int) -> bool:
    return 200 <= status < 300


def _later(status: int) -> bool:
    """Whether the same is worth another try: the hub is in trouble, or has moved without our knowing."""
    return status in LATER or not (_taken(status) or 400 <= status < 500)
