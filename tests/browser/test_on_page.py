"""An editor who reads an article edits its updates in place, while readers see each change at once."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import PHONE, NewPage
from tests.server import Server


@pytest.fixture
def server(shared: Server) -> Server:
    return shared


def test_an_editor_goes_from_the_page_to_its_tools_and_edits_what_was_just_pushed(
    server: Server, slug: str, desk: Page, open_page: NewPage
) -> None:
    reader = open_page(f"{server.url}/articles/{slug}", viewport=PHONE)
    desk.goto(f"{server.url}/articles/{slug}")
    desk.get_by_role("link", name="For editors").click()
    desk.get_by_role("link", name="Edit on the page: The harbour").click()
    desk.wait_for_selector(f"#feed-{slug}[state=live]")
    expect(desk.locator("article.story")).to_contain_text("The quay is full of people")
    update = server.publish("Pushed a momnet ago", slug)
    news = server.publish(f"In the news of {slug}", "news")
    tools = desk.locator(f"[data-for='update-{update['id']}']")
    tools.get_by_role("link", name="Edit").click()
    server.publish("Another one meanwhile", slug)
    expect(desk.locator(f"#feed-{slug} ol.updates")).to_contain_text("Another one meanwhile")
    tools.get_by_label("Update").fill("Pushed a moment ago")
    tools.get_by_role("button", name="Save").click()
    expect(desk.locator(f"#update-{update['id']} .text")).to_have_text("Pushed a moment ago")
    expect(desk.locator(".done")).to_contain_text("Your edit is saved.")
    expect(reader.locator(f"#update-{update['id']} .text")).to_have_text("Pushed a moment ago")
    desk.locator(f"[data-for='update-{news['id']}']").get_by_role("button", name="Make key event").click()
    expect(desk.locator(f"#update-{news['id']}")).to_have_class(re.compile("is-key"))
    desk.get_by_role("link", name="The page as readers see it").click()
    expect(desk).to_have_url(f"{server.url}/articles/{slug}")
    expect(desk.locator(".update-tools")).to_have_count(0)
    desk.goto(f"{server.url}/desk/on/updates/{update['id']}")
    desk.locator(f"[data-for='update-{update['id']}']").get_by_role("link", name="Edit").click()
    expect(desk.get_by_label("Update", exact=True)).to_have_value("Pushed a moment ago")
    desk.get_by_role("button", name="Sign out").click()
    desk.wait_for_url("**/desk/sign-in*")
    desk.go_back()
    expect(desk.locator(".update-tools")).to_have_count(0)
