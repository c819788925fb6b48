"""The list of a feed has a line with the date above the first update of each day, whatever is added or removed."""

from datetime import UTC, datetime, timedelta

from playwright.sync_api import Page, expect

from feed import times
from feed.store import editors, publishing
from tests.browser.conftest import NewPage
from tests.server import Server


def lines(page: Page) -> list[str]:
    """The list from the top: days, and under each its updates."""
    return page.locator("ol.updates > :is(.on, .update)").evaluate_all(
        "(all) => all.map((each) => (each.querySelector('.text') ?? each).textContent)"
    )


def test_each_day_is_named_once_above_its_first_update(shared: Server, slug: str, open_page: NewPage) -> None:
    now = datetime.now(UTC)
    with shared.store() as store:
        with store.read() as db:
            bob = editors.by_name(db, "bob")
        noon = now.replace(hour=12, minute=0, second=0, microsecond=0)
        for ago in (9, 9, 1, 1):
            moment = times.to_text(noon - timedelta(days=ago))
            last = publishing.publish(store, slug, bob, {"body": f"{ago} days ago"}, moment=moment)
    yesterday, before = noon - timedelta(days=1), noon - timedelta(days=9)
    old = ["9 days ago"] * 2
    page = open_page(f"{shared.url}/feeds/{slug}", timezone_id="UTC", locale="en")
    named = [f"yesterday, {yesterday.day} {yesterday:%B}", "1 days ago", "1 days ago"]
    then = [f"{before.day} {before:%B} {before.year}", *old]
    assert lines(page) == [*named, *then]
    shared.publish("Now", slug)
    expect(page.get_by_text("Now", exact=True)).to_be_visible()
    assert lines(page) == [f"today, {now.day} {now:%B}", "Now", *named, *then]
    shared.api("DELETE", f"/api/v1/updates/{last.id}")
    expect(page.locator(f"#update-{last.id}")).to_have_count(0)
    assert lines(page) == [f"today, {now.day} {now:%B}", "Now", *named[:2], *then]
    expect(page.locator("li.update .day").first).to_be_hidden()


def test_what_show_more_brings_is_under_its_day(shared: Server, slug: str, open_page: NewPage) -> None:
    for number in range(25):
        shared.publish(f"Number {number}", slug)
    page = open_page(f"{shared.url}/feeds/{slug}")
    page.get_by_role("link", name="Show More").click()
    expect(page.locator("li.update")).to_have_count(25)
    expect(page.locator("li.on")).to_have_count(1)
