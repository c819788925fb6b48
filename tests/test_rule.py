"""The reader's rule under any sequence of changes and any failure of pushes (hypothesis, stateful).

The store, the tail and the endpoints are real; between tail and reader is a network that loses, repeats, delays and
reorders. Whatever happens, a page that has caught up equals a fresh GET of that page.
"""

import json
import uuid
from collections.abc import Callable
from contextlib import ExitStack, suppress
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from feed.errors import Gone
from feed.followers.bus import LocalBus, Position
from feed.followers.tail import Tail
from feed.store import coverage, feeds, publishing, retracting, undoing, updates
from feed.store.editors import Editor
from feed.store.undoing import NotUndone
from feed.store.updates import Update, Which
from feed.web import feed_page
from tests.conftest import application_in, site_in
from tests.reader import OpenPage, updates_in

FEED = "news"
MISHAPS = st.sampled_from(["none", "lost", "twice", "late", "together with the next"])
WHICH = st.integers(0, 99)
UNDO_SECONDS = 24 * 3600
CLOSINGS = [{}, {"message": "Over"}, {"message": "Over", "summary": "**All** of it"}]
EDITS: list[dict[str, Any]] = [{"body": "New"}, {"body": "Newer"}, {"pinned": True}, {"key": True}, {"key": False}]
EDITS += [{"status": "unconfirmed", "source": "Police"}, {"status": "wrong"}, {"status": None}]
EDITS += [{"body": "Correct", "minor": True}]


@cache
def beginning() -> tuple[bytes, Editor, Editor, list[Update]]:
    """The database that each example copies, its editor and admin, and its updates: more than one page in every view,
    so that there is something behind Show More."""
    with TemporaryDirectory() as folder:
        with site_in(Path(folder)) as site:
            made = [site.publish(f"Before {n}", key=n % 9 > 0) for n in range(feed_page.SHOWN + 6)]
        return (Path(folder) / "feed.db").read_bytes(), site.bob, site.alice, made


class Network(RuleBasedStateMachine):
    """Editors write, the tail pushes into `wire`, and the wire has its moods."""

    def __init__(self) -> None:
        super().__init__()
        self.site = ExitStack()
        folder = Path(self.site.enter_context(TemporaryDirectory()))
        content, self.bob, self.alice, made = beginning()
        (folder / "feed.db").write_bytes(content)
        self.app = self.site.enter_context(application_in(folder))
        self.services = self.app.extensions["liveline"]
        self.store = self.services.store
        self.updates = [*made]
        self.wire: list[dict[str, Any]] = []
        self.late: list[dict[str, Any]] = []
        self.pushed: list[dict[str, Any]] = []
        self.answers: list[tuple[dict[str, Any], int]] = []
        """To `follow`, each with the version at which it was asked."""
        self.bus = LocalBus(self.store, self.services.versions, self.services.parts, self.services.render)
        self.tail = Tail(self.store, self.services.versions, self.services.parts, self.services.render, self._send)
        self.tail.watch(FEED)

    @initialize(view=st.sampled_from(["", "?key=1", "?order=oldest"]))
    def open(self, view: str) -> None:
        self.view = view
        self.page = OpenPage(FEED, self._get(f"/feeds/{FEED}{view}").text, self._fetch)
        assert self.page.older

    def teardown(self) -> None:
        with self.site:
            self.reconnect()

    @rule(text=st.sampled_from(["One", "Two", "*Three*"]), key=st.booleans(), pinned=st.booleans(), mishap=MISHAPS)
    def publish(self, text: str, key: bool, pinned: bool, mishap: str) -> None:
        given = {"body": text, "key": key, "pinned": pinned}
        self.updates.append(publishing.publish(self.store, FEED, self.bob, given))
        self._push(mishap)

    @rule(which=WHICH, given=st.sampled_from(EDITS), mishap=MISHAPS)
    def edit(self, which: int, given: dict[str, Any], mishap: str) -> None:
        by = self.alice if "minor" in given else self.bob
        self._change(which, lambda update: publishing.edit(self.store, update.id, by, given, None))
        self._push(mishap)

    @rule(which=WHICH, notice=st.booleans(), mishap=MISHAPS)
    def retract(self, which: int, notice: bool, mishap: str) -> None:
        self._change(which, lambda update: retracting.retract(self.store, update.id, {"notice": notice}, None))
        self._push(mishap)

    @rule(which=WHICH, mishap=MISHAPS)
    def restore(self, which: int, mishap: str) -> None:
        update = self.updates[-1 - which % len(self.updates)]
        retracting.restore(self.store, update.id, self.bob)
        self._push(mishap)

    @rule(mishap=MISHAPS)
    def undo(self, mishap: str) -> None:
        """Of what bob has published last, unless it was retracted since."""
        with suppress(Gone, NotUndone):
            undoing.undo(self.store, self.updates[-1].id, self.bob, str(uuid.uuid4()), UNDO_SECONDS)
        self._push(mishap)

    @rule(mishap=MISHAPS)
    def reopen(self, mishap: str) -> None:
        coverage.reopen(self.store, FEED, None)
        self._push(mishap)

    @rule(given=st.sampled_from(CLOSINGS), mishap=MISHAPS)
    def close(self, given: dict[str, str], mishap: str) -> None:
        coverage.close(self.store, FEED, None, given)
        self._push(mishap)

    @precondition(lambda self: self.late)
    @rule(which=st.integers(0, 9))
    def arrive_late(self, which: int) -> None:
        self.page.receive(self.late.pop(which % len(self.late)))

    @rule()
    def follow(self) -> None:
        """The page asks where the feed is. Pushes may overtake the answer."""
        own = Position(self.page.epoch, self.page.version)
        now = self.bus.position(FEED, own)
        missed = self.bus.missed(FEED, own, now)
        assert (missed is not None) == (now.version > own.version)
        told: dict[str, Any] = {"feed": FEED, "epoch": now.epoch, "version": now.version}
        self.answers.append((told | ({"missed": json.loads(missed)} if missed else {}), own.version))
        if missed:
            assert told | {"after": own.version, "changes": self.answers[-1][0]["missed"]["changes"]} == json.loads(
                self._get(f"/feeds/{FEED}/changes?after={own.version}&epoch={own.epoch}").text
            )

    @precondition(lambda self: self.answers)
    @rule(which=st.integers(0, 9))
    def followed(self, which: int) -> None:
        """An answer comes, of this connection or of one before it. Then the page has all that it tells of."""
        answer, asked = self.answers.pop(which % len(self.answers))
        self.page.followed(answer, asked)
        assert self.page.version >= answer["version"]

    @precondition(lambda self: self.page.older)
    @rule()
    def show_more(self) -> None:
        self.page.show_more()

    @rule()
    def reconnect(self) -> None:
        """Everything on the way is lost; the page asks where the feed stands and catches up. Then it is right."""
        self.wire.clear()
        self.late.clear()
        self.page.catch_up()
        shown, fresh = self.page.shown, self._all()
        assert shown == fresh[: len(shown)]
        assert len(shown) == len(fresh) or self.page.older
        first_page = list(self._fresh().values())
        assert shown[: len(first_page)] == first_page[: len(shown)]
        assert self.page.reloads == 0

    @invariant()
    def pushes_have_no_holes(self) -> None:
        for before, after in zip(self.pushed, self.pushed[1:], strict=False):
            assert after["after"] == before["version"] < after["version"]

    def _send(self, slug: str, envelope: dict[str, Any]) -> None:
        assert slug == FEED
        self.wire.append(envelope)
        self.pushed.append(envelope)

    def _push(self, mishap: str) -> None:
        """The tail's turn, unless the next change comes first; then the network's."""
        if mishap == "together with the next":
            return
        self.tail.step()
        for envelope in self.wire:
            if mishap == "late":
                self.late.append(envelope)
            elif mishap != "lost":
                self.page.receive(envelope)
            if mishap == "twice":
                self.page.receive(envelope)
        self.wire.clear()

    def _change(self, which: int, verb: Callable[[Update], Any]) -> None:
        """Mostly the newest, which every page shows; a retracted one refuses, and is on no page but as a notice."""
        update = self.updates[-1 - which % len(self.updates)]
        try:
            verb(update)
        except Gone:
            left = self._fresh().get(f"update-{update.id}", "retracted")
            assert "retracted" in left
            assert update.body not in left

    def _fetch(self, path: str) -> tuple[str, str | None]:
        answer = self._get(path)
        return answer.text, answer.headers.get("Link")

    def _get(self, path: str) -> Any:
        answer = self.app.test_client().get(path)
        assert answer.status_code == 200
        return answer

    def _fresh(self) -> dict[str, str]:
        return updates_in(self._get(f"/feeds/{FEED}{self.view}").text, FEED)

    def _all(self) -> list[str]:
        with self.store.read() as db:
            which = Which.KEY if "key" in self.view else Which.SHOWN
            every = updates.newest_first(db, feeds.get(db, FEED), None, 1_000, which)
            every = every[::-1] if "oldest" in self.view else every
        return [str(self.services.render.update(update)) for update in every]


TestNetwork = pytest.mark.long(Network.TestCase)
TestNetwork.settings = settings(
    max_examples=15, stateful_step_count=40, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
