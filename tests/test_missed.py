"""What was missed comes with the answer to `follow`: whole, small, current, and made once for all who missed it."""

import json
from typing import Any

import pytest

from feed.followers import missed
from feed.followers.bus import NOT_NOW, Away, LocalBus, Position
from feed.followers.missed import MOST_BYTES, MOST_VERSIONS, Missed
from feed.store import updates
from tests.conftest import Site

NEWS = "news"


def answered(site: Site, own: Position) -> str | None:
    """What a page at that position is given when it follows the News Feed."""
    bus = site.services.channel._bus
    return bus.missed(NEWS, own, bus.position(NEWS, own))


def fetched(site: Site, own: Position) -> dict[str, Any]:
    """What it would fetch."""
    answer = site.charlie.get(f"/feeds/{NEWS}/changes?after={own.version}&epoch={own.epoch}")
    assert answer.status_code == 200
    return dict(answer.get_json())


def here(site: Site) -> Position:
    """Where the News Feed is."""
    bus: LocalBus = site.services.channel._bus  # type: ignore[assignment]
    return bus.position(NEWS)


def test_it_is_what_a_catch_up_brings(site: Site) -> None:
    wrong = site.publish("Before")
    own = here(site)
    assert answered(site, own) is None, "nothing was missed"
    site.publish("Привіт, «набережна»", key=True)
    site.retract(wrong)
    given = answered(site, own)
    assert given
    assert json.loads(given) == fetched(site, own)
    assert "Привіт" in given, "a letter is not written as six bytes"
    assert [change["html"] for change in json.loads(given)["changes"] if change["id"] == f"update-{wrong.id}"] == [None]


def test_nothing_comes_of_another_epoch_from_the_future_or_in_parts(site: Site) -> None:
    begun = here(site)
    site.publish("One")
    for other in (Position("other", 0), Position(begun.epoch, 99)):
        assert answered(site, other) is None
    site.publish("&" * (MOST_BYTES // 5))
    assert answered(site, begun) is None, "it is too large"
    after = here(site)
    update = site.publish("Often corrected")
    for number in range(MOST_VERSIONS - 1):
        site.edit(update, body=f"Correction {number}")
    assert json.loads(answered(site, after) or "{}") == fetched(site, after)
    site.edit(update, body="One too many")
    assert answered(site, after) is None


def test_it_is_made_once_for_a_crowd_and_again_after_any_commit(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    own = here(site)
    update = site.publish("A text")
    made: list[int] = []
    changed_after = updates.changed_after
    monkeypatch.setattr(updates, "changed_after", lambda *of: made.append(1) or changed_after(*of))
    first = answered(site, own)
    assert first is not None
    assert all(answered(site, own) is first for _ in range(1_000))
    assert len(made) == 1
    site.edit(update, body="A better text")
    second = answered(site, own)
    assert second is not None
    assert "A better text" in second
    with site.services.store.read() as db:
        assert db.execute("SELECT count(*) FROM site").fetchone()
    # A byline is no change of the feed, but pages show it.
    site.services.store.write(lambda db: db.execute("UPDATE editors SET display_name = 'Bo' WHERE name = 'bob'"))
    assert json.loads(answered(site, own) or "{}") == fetched(site, own)


def test_who_comes_while_it_is_made_does_not_wait_and_a_failure_is_no_answer() -> None:
    own, now = Position("e", 1), Position("e", 2)
    meanwhile: list[str | None] = []
    fails = True

    def make(slug: str, asked: Position) -> dict[str, Any] | None:
        meanwhile.append(mine.since(slug, asked, now))
        if fails:
            raise Away
        return {"feed": slug, "epoch": "e", "after": asked.version, "version": version, "changes": []}

    mine = Missed(make, NOT_NOW)
    assert mine.since(NEWS, own, now) is None
    fails, version = False, 1
    assert mine.since(NEWS, own, now, "later") is None, "the broker is behind"
    version = 2
    assert mine.since(NEWS, own, now, "still later")
    assert meanwhile == [None] * 3


def test_no_more_than_a_few_are_kept() -> None:
    def make(slug: str, own: Position) -> dict[str, Any]:
        return {"feed": slug, "epoch": "e", "after": own.version, "version": 10**6, "changes": []}

    mine = Missed(make, NOT_NOW)
    for version in range(3 * missed.MOST_KEPT):
        assert mine.since(NEWS, Position("e", version), Position("e", version + 1))
        assert len(mine._kept) <= missed.MOST_KEPT


def test_who_leaves_while_a_broker_is_asked_is_not_counted(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    channel = site.services.channel
    monkeypatch.setattr(channel._server, "enter_room", lambda sid, room: None)
    channel._connect("sid", {})
    monkeypatch.setattr(channel._bus, "missed", lambda *asked: channel._disconnect("sid"))
    assert channel._follow("sid", {"feed": NEWS, "epoch": "e", "version": 0}) == {"error": "try again"}
    assert channel.presence.here() == {}
