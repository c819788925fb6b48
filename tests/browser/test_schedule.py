"""An update that is scheduled in Chromium: from the composer to a reader's open page, with nobody's hand."""

from datetime import UTC, datetime, timedelta

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests.browser.conftest import PHONE, NewPage, bob_at_desk
from tests.server import Server


def choose(page: Page, seconds: float) -> None:
    """Chooses the moment that is so many seconds ahead. The site's zone is UTC."""
    moment = datetime.now(UTC) + timedelta(seconds=seconds)
    page.get_by_label("Date", exact=True).fill(f"{moment:%Y-%m-%d}")
    page.get_by_label("Time", exact=True).fill(f"{moment:%H:%M:%S}")


def listed(page: Page) -> list[str]:
    return page.locator("#scheduled li a").all_text_contents()


def test_a_text_goes_from_the_composer_to_a_readers_page_at_its_moment(
    shared: Server, slug: str, desk: Page, open_page: NewPage
) -> None:
    reader = open_page(f"{shared.url}/feeds/{slug}")
    other = bob_at_desk(open_page, shared, slug, viewport=PHONE)
    desk.get_by_label("Update").fill(f"Embargoed of {slug}")
    desk.get_by_role("button", name="Schedule…").click()
    expect(desk.get_by_role("heading", name="Schedule an update")).to_be_visible()
    desk.get_by_label("Update").press("End")
    desk.keyboard.type(", corrected")
    desk.get_by_role("button", name="Back to the composer").click()
    expect(desk.locator("form.composer").get_by_label("Update")).to_have_value(f"Embargoed of {slug}, corrected")
    desk.get_by_role("button", name="Schedule…").click()
    choose(desk, -60)
    desk.get_by_role("button", name="Schedule", exact=True).click()
    expect(desk.locator(".reason")).to_contain_text("This moment is over.")
    assert [each["id"] for each in Axe().run(desk).response["violations"]] == []
    choose(desk, 3600)
    desk.get_by_label("Time", exact=True).press("Enter")
    expect(desk.locator(".done")).to_contain_text("Scheduled. Nobody but editors sees it until then.")
    expect(desk.locator("form.composer").get_by_label("Update")).to_have_value("")
    assert listed(desk) == [f"Embargoed of {slug}, corrected"]
    # Told, not asked: the next look is seconds away
    expect(other.locator("#scheduled li")).to_have_count(1)
    assert [each["id"] for each in Axe().run(other).response["violations"]] == []
    desk.locator("#scheduled").get_by_role("link").click()
    choose(desk, 2)
    desk.get_by_role("button", name="Save").click()
    expect(reader.locator(".updates li.update .text")).to_have_text(f"Embargoed of {slug}, corrected")
    expect(other.locator("#scheduled")).to_have_count(0)
    desk.goto(f"{shared.url}/desk/")
    expect(desk.get_by_role("link", name=f"Embargoed of {slug}")).to_have_count(0)
