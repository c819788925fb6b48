"""An update's time of publication is never before an older update's, nor before its article's; imports keep theirs."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from feed import repeats, times
from feed.store import backup, feeds, moments, updates, writing
from tests.conftest import Site
from tests.reader import updates_in


def set_clock(monkeypatch: pytest.MonkeyPatch, **off: float) -> None:
    """The machine's clock is off by that from now on."""
    monkeypatch.setattr(times, "now", lambda: times.to_text(datetime.now(UTC) + timedelta(**off)))


def shown(site: Site, feed: str = "news") -> list[int]:
    """The ids of a feed from the top of its page."""
    return [int(name.removeprefix("update-")) for name in updates_in(site.charlie.get(f"/feeds/{feed}").text, feed)]


@pytest.mark.parametrize("off", [{"hours": -1}, {"days": -15}, {"milliseconds": -5}])
def test_what_is_published_after_the_clock_was_set_back_stands_on_top(
    site: Site, monkeypatch: pytest.MonkeyPatch, off: dict[str, float]
) -> None:
    older = [site.publish(f"Before {number}") for number in range(25)]
    set_clock(monkeypatch, **off)
    newer = [site.publish(f"After {number}") for number in range(3)]
    assert shown(site)[:4] == [*[each.id for each in newer[::-1]], older[-1].id]
    assert newer[0].published_at > older[-1].published_at
    assert site.charlie.get("/feeds/news.json").get_json()["items"][0]["content_html"] == "<p>After 2</p>"
    edited = site.edit(newer[0], body="Corrected")
    assert edited.edited_at is not None
    assert edited.edited_at >= edited.published_at
    site.retract(newer[1], notice=True)
    with site.services.store.read() as db:
        assert str(updates.get_any(db, newer[1].id).retracted_at) >= newer[1].published_at


def test_no_update_of_a_clock_that_was_ahead_stays_on_top(
    site: Site, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(repeats, "say", repeats.Repeats().say)  # other tests may have said it already
    bob = site.at_desk()
    assert "server&#39;s clock" not in bob.get("/desk/feeds/news").text
    with monkeypatch.context() as ahead:
        set_clock(ahead, days=15)
        wrong = site.publish("From the future")
        assert "server&#39;s clock" not in bob.get("/desk/feeds/news").text, "there is nothing to compare with"
    right = [site.publish("Now"), site.publish("And now")]
    assert shown(site) == [right[1].id, right[0].id, wrong.id]
    assert right[0].published_at == times.next_after(wrong.published_at)
    told = [record for record in caplog.records if "clock" in record.message]
    assert len(told) == 1, "once, and then a summary"
    assert "21,600 min ahead of the server&#39;s clock" in bob.get("/desk/feeds/news").text
    site.write_article("harbour", live=True)
    assert "server&#39;s clock" not in bob.get("/desk/feeds/harbour").text
    with site.services.store.read() as db:
        assert moments.ahead(db, feeds.get(db, "news")) > 14 * 86_400


def test_what_was_written_in_a_draft_is_published_with_its_article(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as earlier:
        set_clock(earlier, days=-3)
        site.write_article("harbour", draft=True, live=True)
        written = [site.publish(f"Draft {number}", feed="harbour") for number in range(3)]
        site.edit(written[1], body="Corrected in the draft")
        imported = site.publish("Of old", feed="harbour", published_at="2020-01-01T00:00:00Z")
        gone = site.publish("Gone", feed="harbour")
        site.retract(gone)
    before = times.now()
    published = writing.edit(site.services.store, "harbour", site.bob, {"draft": False})
    with site.services.store.read() as db:
        for each in written:
            found = updates.get(db, each.id)
            assert (found.published_at, found.edited_at) == (published.published_at, None)
        assert updates.get(db, imported.id).published_at == imported.published_at
    assert str(published.published_at) >= before
    later = site.publish("Live", feed="harbour")
    assert shown(site, "harbour") == [later.id, *[each.id for each in written[::-1]], imported.id]
    day = written[0].published_at[:10]
    for endpoint in ("/feeds/harbour", "/articles/harbour", "/feeds/harbour.atom", "/feeds/harbour.rss",
                 "/feeds/harbour.json", f"/updates/{written[1].id}", f"/updates/{written[1].id}/history",
                 "/api/v1/feeds/harbour/updates"):  # fmt: skip
        assert day not in site.charlie.get(endpoint).text, endpoint


def test_an_article_that_was_a_draft_again_publishes_what_was_written_meanwhile_and_no_more(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as earlier:
        set_clock(earlier, days=-3)
        site.write_article("harbour", live=True)
        first = site.publish("Public", feed="harbour")
    with monkeypatch.context() as earlier:
        set_clock(earlier, days=-2)
        writing.edit(site.services.store, "harbour", site.bob, {"draft": True})
        second = site.publish("In the second draft", feed="harbour")
    before = times.now()
    writing.edit(site.services.store, "harbour", site.bob, {"draft": False})
    with site.services.store.read() as db:
        assert updates.get(db, first.id).published_at == first.published_at
        assert updates.get(db, second.id).published_at >= before


def test_a_draft_whose_clock_was_set_back_keeps_its_order(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    site.write_article("harbour", draft=True, live=True)
    one = site.publish("One", feed="harbour")
    two = site.publish("Two", feed="harbour")
    moved = "UPDATE updates SET published_at = ? WHERE id = ?"
    site.services.store.write(lambda db: db.execute(moved, ["2026-01-01T00:00:00.000Z", two.id]))  # by an older release
    writing.edit(site.services.store, "harbour", site.bob, {"draft": False})
    assert shown(site, "harbour") == [one.id, two.id]


@pytest.mark.parametrize(("given", "stored"), [
    ("1969-07-20T20:17:40Z", "1969-07-20T20:17:40.000Z"), ("2026-07-26T14:05:00+02:00", "2026-07-26T12:05:00.000Z"),
    ("2026-07-26T14:05:00.123456-03:30", "2026-07-26T17:35:00.123Z"), ("2026-07-26T14:05Z", "2026-07-26T14:05:00.000Z"),
])  # fmt: skip
def test_an_import_takes_its_place_by_its_time(site: Site, given: str, stored: str) -> None:
    now = site.publish("Now")
    body = {"body": "Of old", "published_at": given}
    made = site.api("POST", "/api/v1/feeds/news/updates", body, Idempotency_Key="k").get_json()
    assert made["published_at"] == stored
    again = site.api("POST", "/api/v1/feeds/news/updates", body, Idempotency_Key="k")
    assert (again.status_code, again.get_json()["id"]) == (201, made["id"]), "the key is as young as the request"
    assert shown(site) == [now.id, made["id"]]
    site.publish("Newer")
    assert shown(site)[-1] == made["id"]
    assert site.api("PATCH", f"/api/v1/updates/{made['id']}", {"published_at": given, "revision": 1}).status_code == 422


@pytest.mark.parametrize("given", [
    "2026-07-26T14:05:00", "2026-07-26", "yesterday", "", 0, 1795782086, True, [], "9999-12-31T23:59:59Z",
    "2999-01-01T00:00:00+14:00", "0001-01-01T00:00:00+14:00", "0999-01-01T00:00:00Z", "2026-02-30T00:00:00Z",
    "2026-07-26T14:05:00+99:00", "x" * 500,
])  # fmt: skip
def test_a_time_that_is_none_or_not_over_is_refused(site: Site, given: object) -> None:
    before = site.versions()
    answer = site.api("POST", "/api/v1/feeds/news/updates", {"body": "x", "published_at": given})
    assert answer.status_code == 422
    assert [reason["field"] for reason in answer.get_json()["errors"]] == ["published_at"]
    assert site.versions() == before


def test_a_moment_ago_is_over(site: Site) -> None:
    for given in (times.now(), None):
        answer = site.api("POST", "/api/v1/feeds/news/updates", {"body": "x", "published_at": given})
        assert answer.status_code == 201


def test_what_was_retracted_after_its_draft_came_out_stays_so_when_the_draft_is_restored(
    site: Site, tmp_path: Path
) -> None:
    """Its moment of publication is another in the backup, and so may be its address."""
    site.write_article("harbour", draft=True, live=True)
    gone, kept = site.publish("The wrong man", feed="harbour"), site.publish("Fog", feed="harbour")
    backup.backup(site.services.store, site.services.settings.media, tmp_path / "backup.db")
    writing.edit(site.services.store, "harbour", site.bob, {"draft": False, "slug": "port"})
    site.retract(gone)
    backup.restore(site.services.store, site.services.settings.media, tmp_path / "backup.db")
    writing.edit(site.services.store, "harbour", site.bob, {"draft": False})
    assert shown(site, "harbour") == [kept.id]
