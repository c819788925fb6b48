"""Scheduling at the desk, with plain forms: the moment in the site's zone, what is listed, and two editors at once."""

import re
import uuid
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from feed import local_times, times
from feed.errors import Invalid
from feed.local_times import Local
from feed.store import articles, coming_out, editors, scheduled, scheduling
from feed.store.scheduled import Scheduled
from tests.conftest import FROM_HERE, PASSWORD, Site
from tests.test_schedule import Clock, at, bodies, schedule, step, waits

ONE = {"publish_date": "2027-03-01", "publish_time": "14:00:00"}  # NOON and an hour, in Berlin


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    return Clock(monkeypatch)


def post(browser: FlaskClient, path: str, follow: bool = False, **form: str) -> TestResponse:
    return browser.post(f"/desk/{path}", data=form, headers=FROM_HERE, follow_redirects=follow)


def the_one(site: Site) -> Scheduled:
    with site.services.store.read() as db:
        (one,) = scheduled.everything(db)
    return one


def test_from_the_composer_to_the_feed_without_a_script(site: Site, clock: Clock) -> None:
    bob, draft_id = site.at_desk(), str(uuid.uuid4())
    assert 'formaction="/desk/feeds/news/schedule"' in bob.get("/desk/feeds/news").text
    assert post(bob, "feeds/news/schedule", body=" ").status_code == 422
    asked = post(bob, "feeds/news/schedule", body="Embargoed", headline="Title", key="1", draft_id=draft_id).text
    assert "Europe/Berlin, UTC+1" in asked
    assert 'value="2027-03-01"' in asked, "today"
    assert 'name="key" value="1" checked' in asked
    sent = {"body": "Embargoed", "headline": "Title", "key": "1", "draft_id": draft_id}
    refused = post(bob, "feeds/news/scheduled", **sent, publish_date="2027-03-01", publish_time="")
    assert (refused.status_code, "Choose a date and a time." in refused.text) == (422, True)
    assert "Embargoed</textarea>" in refused.text
    done = post(bob, "feeds/news/scheduled", follow=True, **sent, **ONE)
    assert "Scheduled. Nobody but editors sees it until then." in done.text
    assert "1 March 2027, 14:00:00 CET" in done.text
    assert "Title" in done.text.split('id="scheduled"')[1]
    assert the_one(site).publish_at == at(hours=1)
    for page in ("/desk/", "/desk/feeds/news"):
        assert "1 March 2027, 14:00:00 CET" in site.at_desk("alice").get(page).text
    clock.set(hours=1)
    step(site)
    assert bodies(site) == ["Embargoed"]
    assert 'id="scheduled"' not in bob.get("/desk/feeds/news").text


@pytest.mark.usefixtures("clock")
def test_a_contributor_who_has_its_address_does_not_read_it(site: Site) -> None:
    editors.add(site.services.store, "carol", PASSWORD, "contributor", actor=None)
    carol, page = site.at_desk("carol"), f"scheduled/{schedule(site, body='Embargoed').id}"
    stale = {"body": "x", "revision": "9", **ONE}
    refused = [post(carol, f"{page}{deed}", **stale) for deed in ("", "/publication", "/cancellation")]
    refused.append(post(carol, page, **{**stale, "body": "", "revision": "1"}))
    refused.append(carol.get(f"/desk/{page}"))
    assert [(each.status_code, "Embargoed" in each.text) for each in refused] == [(403, False)] * 5


def test_the_way_back_to_the_composer_keeps_the_text(site: Site) -> None:
    bob, draft_id = site.at_desk(), str(uuid.uuid4())
    composer = post(bob, "feeds/news/unscheduled", follow=True, body="Half\r\na text", draft_id=draft_id).text
    assert "Half\na text</textarea>" in composer
    assert f'name="draft_id" value="{draft_id}"' in composer
    assert post(bob, "feeds/news/unscheduled", body="Another", draft_id=draft_id).status_code == 303


def test_change_publish_now_and_cancel(site: Site, clock: Clock) -> None:
    bob, alice = site.at_desk(), site.at_desk("alice")
    first, second = schedule(site, "First"), schedule(site, "Second", headline="H", pinned=True)
    form = alice.get(f"/desk/scheduled/{first.id}").text
    assert 'name="publish_time" type="time" step="1" value="14:00:00"' in form
    changed = post(alice, f"scheduled/{first.id}", revision="1", body="Better", **{**ONE, "publish_time": "15:30"})
    assert changed.status_code == 303
    listed = bob.get("/desk/feeds/news").text.split('id="scheduled"')[1]
    assert listed.index("H</a>") < listed.index("Better"), "in the order in which they come out"
    out = post(bob, f"scheduled/{first.id}/publication", follow=True, revision="2")
    assert "Published." in out.text
    again = post(bob, f"scheduled/{first.id}/publication", revision="2")
    assert again.status_code == 303, "a second click"
    assert bodies(site) == ["Better"]
    back = post(bob, f"scheduled/{second.id}/cancellation", follow=True, revision="1").text
    assert "Cancelled. It is a draft again." in back
    assert "Second</textarea>" in back
    third = schedule(site, "Third")
    back = post(alice, f"scheduled/{third.id}/cancellation", follow=True, revision="1").text
    assert "It is among its author’s drafts again." in back
    assert "Third" in bob.get("/desk/").text
    assert waits(site) == []


def test_two_editors_at_once_see_both_texts(site: Site, clock: Clock) -> None:
    one, bob, alice = schedule(site, "Begun"), site.at_desk(), site.at_desk("alice")
    post(alice, f"scheduled/{one.id}", revision="1", body="Hers", **{**ONE, "publish_time": "16:00"})
    mine = {"body": "His", "revision": "1", **ONE}
    refused = post(bob, f"scheduled/{one.id}", **mine)
    assert refused.status_code == 409
    assert "Alice Adams saved this" in refused.text
    assert "16:00:00" in refused.text
    assert "His</textarea>" in refused.text
    assert re.search(r'class="primary">', refused.text) is None, "not before a choice"
    theirs = post(bob, f"scheduled/{one.id}", **mine, choice="theirs", against="2").text
    assert "Hers</textarea>" in theirs
    assert 'value="16:00:00"' in theirs
    chosen = post(bob, f"scheduled/{one.id}", **mine, choice="mine", against="2").text
    assert "His</textarea>" in chosen
    assert 'name="revision" value="2"' in chosen
    assert post(bob, f"scheduled/{one.id}", **{**mine, "revision": "2"}).status_code == 303
    assert (the_one(site).body, the_one(site).publish_at) == ("His", at(hours=1))
    for deed in ("publication", "cancellation"):
        late = post(alice, f"scheduled/{one.id}/{deed}", revision="2")
        assert late.status_code == 409
        assert "nothing was done" in late.text
    assert bodies(site) == []


def test_what_is_typed_is_kept_where_it_came_out_or_was_cancelled_meanwhile(site: Site, clock: Clock) -> None:
    out, gone, bob = schedule(site, "Out"), schedule(site, "Gone"), site.at_desk()
    update = coming_out.publish_now(site.services.store, out.id, site.alice, 1)
    scheduling.cancel(site.services.store, gone.id, site.alice, 1)
    late = post(bob, f"scheduled/{out.id}", revision="1", body="Out, corrected", feed="news", **ONE)
    assert late.status_code == 409
    assert f'action="/desk/updates/{update.id}"' in late.text
    assert "Out, corrected</textarea>" in late.text
    assert "This came out meanwhile" in late.text
    late = post(bob, f"scheduled/{gone.id}", revision="1", body="Gone, corrected", feed="news", **ONE)
    assert (late.status_code, "Gone, corrected</textarea>" in late.text) == (409, True)
    assert "Somebody cancelled this meanwhile." in late.text
    assert bob.get(f"/desk/scheduled/{uuid.uuid4()}").status_code == 404


def test_an_article_is_scheduled_in_its_form(site: Site, clock: Clock) -> None:
    bob = site.at_desk()
    form = {"headline": "Harbour", "slug": "harbour", "draft": "1", "live": "1", "publish_read": ""}
    assert post(bob, "articles", **form, publish_date="2027-03-01", publish_time="").status_code == 422
    assert waits(site) == []
    assert post(bob, "articles", **form, **ONE).status_code == 303
    page = bob.get("/desk/articles/harbour").text
    assert f'name="publish_read" value="{at(hours=1)}"' in page
    assert 'value="14:00:00"' in page
    assert "Harbour" in bob.get("/desk/").text.split('id="scheduled"')[1].split("</section>")[0]
    again = {**form, "revision": "1", "publish_read": at(hours=1)}
    assert post(bob, "articles/harbour", **{**again, "headline": "Harbour bridge"}, **ONE).status_code == 303
    assert the_one(site).revision == 1, "the moment was left as it was"
    undrafted = {name: value for name, value in again.items() if name != "draft"} | {"revision": "2"}
    later = {**ONE, "publish_time": "15:00"}
    refused = post(bob, "articles/harbour", **undrafted, **later)
    assert (refused.status_code, "Only a draft can be scheduled." in refused.text) == (422, True)
    assert 'value="15:00"' in refused.text
    clock.set(hours=1)
    step(site)
    assert "Harbour" in site.charlie.get("/articles/harbour").text
    assert 'name="publish_date"' not in bob.get("/desk/articles/harbour").text, "it is out"
    with site.services.store.read() as db:
        assert articles.get(db, "harbour").live


def test_an_article_is_published_now_or_stays_a_draft(site: Site, clock: Clock) -> None:
    bob, form = site.at_desk(), {"headline": "x", "draft": "1", "publish_read": "", **ONE}
    for slug in ("now", "not"):
        post(bob, "articles", slug=slug, **form)
    with site.services.store.read() as db:
        ids = {each.article: each.id for each in scheduled.everything(db)}
    assert post(bob, f"scheduled/{ids['now']}/publication", revision="1", follow=True).status_code == 200
    assert post(bob, f"scheduled/{ids['not']}/cancellation", revision="1", follow=True).status_code == 200
    assert [site.charlie.get(f"/articles/{slug}").status_code for slug in ("now", "not")] == [200, 404]
    assert waits(site) == []


@pytest.mark.parametrize(
    ("zone", "typed", "expected"),
    [
        ("Europe/Kyiv", ("2026-07-26", "14:05"), "2026-07-26T11:05:00.000Z"),
        ("Europe/Kyiv", ("2026-07-26", "14:05:59"), "2026-07-26T11:05:59.000Z"),
        ("Europe/Kyiv", ("2027-03-28", "03:00"), "clocks are set forward"),
        ("Europe/Kyiv", ("2027-03-28", "03:59:59"), "clocks are set forward"),
        ("Europe/Kyiv", ("2027-03-28", "04:00"), "2027-03-28T01:00:00.000Z"),
        ("Europe/Kyiv", ("2026-10-25", "03:30"), "first in UTC+3, then in UTC+2"),
        ("Europe/Kyiv", ("2026-10-25", "03:30", "0"), "2026-10-25T00:30:00.000Z"),
        ("Europe/Kyiv", ("2026-10-25", "03:30", "1"), "2026-10-25T01:30:00.000Z"),
        ("Europe/Kyiv", ("2026-10-25", "04:00"), "2026-10-25T02:00:00.000Z"),
        ("Australia/Lord_Howe", ("2026-10-04", "02:15"), "clocks are set forward"),  # by half an hour
        ("Pacific/Apia", ("2011-12-30", "12:00"), "clocks are set forward"),  # a day that was not
        ("UTC", ("2026-10-25", "03:30"), "2026-10-25T03:30:00.000Z"),
        ("UTC", ("2026-02-29", "03:30"), "no such day"),
        ("Europe/Kyiv", ("0001-01-01", "00:00"), "no such day"),
        ("UTC", ("2026-10-25", "24:00"), "no such day"),
        ("UTC", ("25.10.2026", "03:30"), "Write the date like"),
        ("UTC", ("2026-10-25", "3 pm"), "Write the date like"),
        ("UTC", ("٢٠٢٦-10-25", "03:30"), "Write the date like"),
        ("UTC", ("", "03:30"), "Choose a date"),
    ],
)
def test_a_local_time_is_one_moment_or_refused_in_words(zone: str, typed: tuple[str, ...], expected: str) -> None:
    if not expected.endswith("Z"):
        with pytest.raises(Invalid, match=re.escape(expected)):
            local_times.moment_of(Local(*typed), ZoneInfo(zone))
        return
    moment = local_times.moment_of(Local(*typed), ZoneInfo(zone))
    assert moment == expected
    assert local_times.moment_of(local_times.local_of(moment, ZoneInfo(zone)), ZoneInfo(zone)) == moment


def test_an_hour_that_occurs_twice_is_asked_for(site: Site, clock: Clock) -> None:
    clock.now = datetime(2027, 10, 30, tzinfo=UTC)
    bob = site.at_desk()
    sent = {"body": "In the night", "publish_date": "2027-10-31", "publish_time": "02:30"}
    asked = post(bob, "feeds/news/scheduled", **sent)
    assert asked.status_code == 422
    assert "first in UTC+2, then in UTC+1" in asked.text
    assert asked.text.count('name="publish_fold"') == 2
    assert post(bob, "feeds/news/scheduled", **sent, publish_fold="1").status_code == 303
    one = the_one(site)
    assert one.publish_at == times.to_text(datetime(2027, 10, 31, 1, 30, tzinfo=UTC))
    form = bob.get(f"/desk/scheduled/{one.id}").text
    assert re.search(r'name="publish_fold" value="1" checked', form)
