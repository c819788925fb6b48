"""Open pages while their article gets another address, and while imports are inserted into an open list."""

import re

from playwright.sync_api import expect

from tests.browser.conftest import NewPage
from tests.server import Server


def test_open_pages_come_to_the_new_address_and_go_on(shared: Server, slug: str, open_page: NewPage) -> None:
    shared.publish("Before", slug)
    pages = [open_page(f"{shared.url}/{part}/{slug}") for part in ("articles", "feeds")]
    asleep = open_page(f"{shared.url}/feeds/{slug}")
    asleep.context.set_offline(True)
    expect(asleep.locator("live-feed")).to_have_attribute("state", "offline")
    new = f"{slug}-renamed"
    shared.api("PATCH", f"/api/v1/articles/{slug}", {"slug": new})
    asleep.context.set_offline(False)
    for page in (*pages, asleep):
        expect(page).to_have_url(re.compile(f"/{new}$"), timeout=40_000)
        page.wait_for_selector(f"live-feed[feed={new}][state=live]")
    shared.publish("After", new)
    for page in (*pages, asleep):
        expect(page.locator(f"live-feed[feed={new}] li.update .text").first).to_have_text("After")
        expect(page.locator(f"live-feed[feed={new}] li.update")).to_have_count(2)


def test_an_import_comes_into_its_place_on_an_open_page(shared: Server, slug: str, open_page: NewPage) -> None:
    for hour in (10, 12):
        shared.publish(f"At {hour}", slug, published_at=f"2026-07-26T{hour}:00:00Z")
    page = open_page(f"{shared.url}/feeds/{slug}")
    shown = page.locator(f"live-feed[feed={slug}] li.update .text")
    expect(shown).to_have_text(["At 12", "At 10"])
    for hour in (11, 9):
        shared.publish(f"At {hour}", slug, published_at=f"2026-07-26T{hour:02}:00:00Z")
    expect(page.locator(f"live-feed[feed={slug}] li.update")).to_have_count(4)
    assert shown.all_inner_texts() == ["At 12", "At 11", "At 10", "At 9"]
