"""Who follows the log rests while nobody writes, and learns at once when somebody does."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from feed.followers import tail as following
from feed.store import publishing
from feed.store.database import Store
from feed.store.writes import Writes
from tests.conftest import Site
from tests.waiting import eventually


@pytest.fixture
def elsewhere(site: Site) -> Iterator[Store]:
    """The database as another process has it open."""
    store = Store(site.services.store.path)
    yield store
    store.close()


def publish(store: Store, site: Site) -> None:
    publishing.publish(store, "news", site.bob, {"body": "From elsewhere"})


def test_writes_of_others_to_the_log_are_noticed_and_to_other_files_are_not(site: Site, elsewhere: Store) -> None:
    writes = Writes(elsewhere.path)
    try:
        publish(elsewhere, site)
        assert writes.wait()
        while writes.wait():
            continue
        for name in ("feed.db.lock", "media.unfinished", "feed.db"):
            with (elsewhere.path.parent / name).open("ab") as file:
                file.write(b"")
                file.flush()
        (elsewhere.path.parent / "another.db-wal").write_bytes(b"x" * 1000)
        assert not writes.wait()
        publish(elsewhere, site)
        assert writes.wait()
    finally:
        writes.close()


def test_a_folder_that_is_not_there_cannot_be_watched(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="cannot be watched"):
        Writes(tmp_path / "nowhere" / "feed.db")


@pytest.mark.parametrize("told", [True, False])
def test_a_tail_that_rests_pushes_at_once_and_polls_where_nobody_tells_it(
    site: Site, elsewhere: Store, monkeypatch: pytest.MonkeyPatch, told: bool
) -> None:
    monkeypatch.setattr(following, "REST_SECONDS", 600)
    monkeypatch.setattr(following, "POLLED_SECONDS", 0.1)
    if not told:

        def refuse(path: Path) -> Writes:
            raise OSError("this system has no inotify")

        monkeypatch.setattr(following, "Writes", refuse)
    pushed: list[dict[str, Any]] = []
    looks: list[bool] = []
    tail = site.tail(pushed)
    tail.look = lambda committed: looks.append(committed)
    tail.watch("news")
    tail.start()
    for number in range(1, 4):
        publish(elsewhere, site)
        eventually(lambda number=number: len(pushed) == number)  # type: ignore[misc]
        if told:  # it rests again: no look more, as long as the system says nothing
            eventually(lambda: not tail._wake.is_set() and following.monotonic() - tail._written > 0.2)
    site.publish("From here, which needs no rest to end")
    eventually(lambda: len(pushed) == 4)
    tail.stop()
    assert looks.count(True) >= 4


def test_a_tail_looks_for_a_commit_often_at_first_and_never_later_than_others_may_wait(site: Site) -> None:
    tail = site.tail([])
    assert tail._pause_seconds() == following.POLL_SECONDS, "nobody tells it of writes yet"
    tail._rests = True
    pauses = []
    for passed in (0.0, 0.02, 0.03, 0.2, 0.45, 0.6):
        tail._written = following.monotonic() - passed
        pauses.append(tail._pause_seconds())
    assert pauses[0] == following.POLL_SECONDS
    assert pauses == sorted(pauses)
    assert max(pauses[:-1]) + following.POLL_SECONDS <= 0.05
    assert pauses[-1] == following.REST_SECONDS


def test_what_is_committed_is_pushed_although_the_next_commit_is_under_way(site: Site) -> None:
    pushed: list[dict[str, Any]] = []
    tail = site.tail(pushed)
    tail.watch("news")
    tail.start()
    site.services.store.committing.add("another")
    site.publish("Committed")
    try:
        eventually(lambda: bool(pushed))
    finally:
        tail.stop()
