"""What is typed at the desk is at the site a second later, and can be gone on with anywhere; nothing is overwritten."""

from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.browser.conftest import NewPage, bob_at_desk, kept_on_device
from tests.server import Server

STATE = ".draft-state"


@pytest.fixture
def server(shared: Server) -> Server:
    return shared


def composer(page: Page) -> Any:
    return page.locator("form.composer")


def write(page: Page, text: str) -> None:
    """Types that into the composer."""
    composer(page).get_by_label("Update").fill(text)


def elsewhere(page: Page, open_page: NewPage, server: Server, **options: object) -> Page:
    """The same session on another device: its storage is its own. `options` are the browser's."""
    other = open_page(**options)
    other.context.add_cookies(page.context.cookies())  # type: ignore[arg-type]
    other.goto(f"{server.url}/desk/")
    return other


def drop_writes(context: BrowserContext, dropped: list[str]) -> None:
    """No draft reaches the site, as without a network."""

    def drop(route: Any) -> None:
        dropped.append(route.request.method)
        route.abort()

    context.route("**/desk/drafts/*", drop)


def test_what_is_typed_on_one_device_is_gone_on_with_on_another(
    server: Server, slug: str, desk: Page, open_page: NewPage
) -> None:
    write(desk, "Smoke over the quay")
    composer(desk).get_by_label("Key event").check()
    expect(desk.locator(STATE)).to_have_text("Saved on this device")
    expect(desk.locator(STATE)).to_have_text("Saved")
    phone = elsewhere(desk, open_page, server)
    phone.get_by_role("link", name="Smoke over the quay", exact=True).click()
    expect(composer(phone).get_by_label("Update")).to_have_value("Smoke over the quay")
    expect(composer(phone).get_by_label("Key event")).to_be_checked()
    composer(phone).get_by_role("button", name="Publish").click()
    expect(phone.locator("ol.updates .text")).to_have_text("Smoke over the quay")
    write(phone, "A word too many")
    expect(phone.locator(STATE)).to_have_text("Saved")
    with phone.expect_response(lambda answer: answer.request.method == "DELETE"):
        write(phone, "")
    phone.goto(f"{server.url}/desk/")
    expect(phone.get_by_role("heading", name="Desk")).to_be_visible()
    for text in ("Smoke over the quay", "A word too many"):
        expect(phone.get_by_role("link", name=text, exact=True)).to_have_count(0)


def test_a_draft_that_two_devices_publish_is_one_update(
    server: Server, slug: str, desk: Page, open_page: NewPage
) -> None:
    write(desk, "Once only")
    expect(desk.locator(STATE)).to_have_text("Saved")
    phone = elsewhere(desk, open_page, server)
    phone.get_by_role("link", name="Once only").click()
    for page in (desk, phone):
        composer(page).get_by_role("button", name="Publish").click()
        expect(page.locator(".done")).to_contain_text("Published")
    assert len(server.api("GET", f"/api/v1/feeds/{slug}/updates")["updates"]) == 1


@pytest.mark.parametrize(("choice", "text"), [("Use that one", "From the phone"), ("Keep this one", "Here and more")])
def test_two_devices_that_write_one_draft_overwrite_nothing(
    server: Server, slug: str, desk: Page, open_page: NewPage, choice: str, text: str
) -> None:
    write(desk, "Here")
    expect(desk.locator(STATE)).to_have_text("Saved")
    phone = elsewhere(desk, open_page, server)
    phone.get_by_role("link", name="Here", exact=True).click()
    write(phone, "From the phone")
    expect(phone.locator(STATE)).to_have_text("Saved")
    write(desk, "Here and more")
    expect(desk.locator(STATE)).to_have_text("Another window has a later state of this draft.")
    expect(composer(desk).get_by_label("Update")).to_have_value("Here and more")
    desk.get_by_role("button", name=choice).click()
    expect(composer(desk).get_by_label("Update")).to_have_value(text)
    expect(desk.locator(STATE)).to_have_text("Saved")
    expect(desk.get_by_role("button", name=choice)).to_be_hidden()
    phone.goto(f"{server.url}/desk/")
    expect(phone.get_by_role("link", name=text)).to_be_visible()


def test_without_a_network_it_is_on_the_device_and_goes_to_the_site_when_there_is_one(
    server: Server, slug: str, desk: Page, open_page: NewPage
) -> None:
    dropped: list[str] = []
    drop_writes(desk.context, dropped)
    write(desk, "In the tunnel")
    with desk.expect_event("requestfailed"):
        pass
    expect(desk.locator(STATE)).to_have_text("Saved on this device")
    desk.context.unroute("**/desk/drafts/*")
    expect(desk.locator(STATE)).to_have_text("Saved", timeout=15_000)
    assert elsewhere(desk, open_page, server).get_by_role("link", name="In the tunnel").count() == 1


def test_a_state_whose_answer_was_lost_is_not_taken_for_another_windows(
    server: Server, slug: str, desk: Page, open_page: NewPage
) -> None:
    stored: list[int] = []

    def lose(route: Any) -> None:
        stored.append(route.fetch().status)
        route.abort()

    desk.context.route("**/desk/drafts/*", lose)
    with desk.expect_event("requestfailed"):
        write(desk, f"Answer lost {slug}")
    assert stored == [200]
    desk.context.unroute("**/desk/drafts/*")
    write(desk, f"Answer lost {slug}, and more was typed")
    expect(desk.locator(STATE)).to_have_text("Saved")
    other = elsewhere(desk, open_page, server)
    expect(other.get_by_role("link", name=f"Answer lost {slug}, and more was typed")).to_be_visible()


def test_a_text_that_goes_on_after_a_reload_is_not_taken_for_another_windows(
    server: Server, slug: str, desk: Page
) -> None:
    def lose(route: Any) -> None:
        route.fetch()
        route.abort()

    def reload_and_go_on(before: str, after: str) -> None:
        desk.reload()
        expect(composer(desk).get_by_label("Update")).to_have_value(before)
        write(desk, after)
        expect(desk.locator(STATE)).to_have_text("Saved")

    write(desk, "One")
    expect(desk.locator(STATE)).to_have_text("Saved")
    reload_and_go_on("One", "One, two")
    desk.context.route("**/desk/drafts/*", lose)
    with desk.expect_event("requestfailed"):
        write(desk, "One, two, three")
    desk.context.unroute("**/desk/drafts/*")
    write(desk, "One, two, three, four")
    expect(desk.locator(STATE)).to_have_text("Saved on this device")
    reload_and_go_on("One, two, three, four", "Five")


def test_a_text_that_was_refused_stays_the_same_draft(server: Server, slug: str, desk: Page) -> None:
    write(desk, "See [this](ftp://x)")
    expect(desk.locator(STATE)).to_have_text("Saved")
    composer(desk).get_by_role("button", name="Publish").click()
    expect(composer(desk).locator("[aria-invalid]")).to_be_visible()
    write(desk, "See this")
    expect(desk.locator(STATE)).to_have_text("Saved")
    composer(desk).get_by_role("button", name="Publish").click()
    expect(desk.locator("ol.updates .text")).to_have_text("See this")
    desk.goto(f"{server.url}/desk/")
    expect(desk.locator("main")).not_to_contain_text("See")


def test_an_edit_that_is_left_can_be_found(server: Server, slug: str, desk: Page) -> None:
    update = server.publish("As it was", slug)
    tools = desk.locator(f"[data-for='update-{update['id']}']")
    tools.get_by_role("link", name="Edit").click()
    tools.get_by_label("Update").fill("As it is")
    expect(tools.locator(STATE)).to_have_text("Saved")
    desk.goto(f"{server.url}/desk/")
    desk.get_by_role("link", name="As it is").click()
    expect(desk.get_by_label("Update")).to_have_value("As it is")
    desk.get_by_role("button", name="Save").click()
    expect(desk.locator("ol.updates .text")).to_have_text("As it is")


def test_signing_out_brings_what_was_typed_to_the_site_and_leaves_nothing_on_the_device(
    server: Server, slug: str, desk: Page, open_page: NewPage
) -> None:
    write(desk, "Typed a moment ago")
    desk.get_by_role("button", name="Sign out").click()
    desk.wait_for_url("**/desk/sign-in*")
    assert kept_on_device(desk) == []
    again = bob_at_desk(open_page, server, slug)
    again.goto(f"{server.url}/desk/")
    expect(again.get_by_role("link", name="Typed a moment ago")).to_be_visible()


def test_signing_out_asks_where_the_text_cannot_be_saved(server: Server, slug: str, desk: Page) -> None:
    drop_writes(desk.context, [])
    write(desk, "Only here")
    desk.on("dialog", lambda dialog: dialog.dismiss())
    with desk.expect_event("dialog") as asked:
        desk.get_by_role("button", name="Sign out").click()
    assert "lose it" in asked.value.message
    expect(composer(desk).get_by_label("Update")).to_have_value("Only here")
    desk.reload()
    expect(composer(desk).get_by_label("Update")).to_have_value("Only here")
