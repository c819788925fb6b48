"""What is typed is on the device's disk, through a killed browser too, and nothing claims to be where it is not."""

from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Profile, kept_on_device, sign_in
from tests.server import Server

STATE = "form .draft-state"


def body(page: Page) -> Any:
    return page.get_by_role("textbox", name="Update")


def test_a_browser_that_is_killed_has_every_word_on_its_disk(shared: Server, slug: str, profile: Profile) -> None:
    page = profile.desk(shared, slug)
    page.context.route("**/desk/drafts/*", lambda route: route.abort())
    body(page).press_sequentially("Smoke over the quay, and no network")
    page.get_by_label("Key event").check()
    expect(page.locator(STATE)).to_have_text("Saved on this device")
    profile.kill()
    profile.open()
    again = profile.desk(shared, slug)
    expect(body(again)).to_have_value("Smoke over the quay, and no network")
    expect(again.get_by_label("Key event")).to_be_checked()
    expect(again.locator(STATE)).to_have_text("Saved")


def test_what_the_release_before_left_is_taken_over(shared: Server, slug: str, desk: Page) -> None:
    key = desk.locator("form.composer").get_attribute("data-keep")
    address, draft = f"kept/{key}/1700000000000-0.5", "00000000-0000-4000-8000-" + f"{shared.port:012}"
    state = {"feed": slug, "update": None, "revision": None, "headline": "", "body": "Of the release before"}
    left = {"typed": [["headline", ""], ["body", state["body"]]], "at": 1, "draft": draft, "seq": 0, "state": state}
    desk.evaluate("([address, left]) => localStorage.setItem(address, JSON.stringify(left))", [address, left])
    desk.reload()
    expect(body(desk)).to_have_value("Of the release before")
    expect(desk.locator("[name=draft_id]")).to_have_value(draft)
    expect(desk.locator(STATE)).to_have_text("Saved")
    assert desk.evaluate("Object.keys(localStorage).filter((key) => key.startsWith('kept/'))") == []
    assert len(kept_on_device(desk)) == 1


NO_STORAGE = "Object.defineProperty(window, 'indexedDB', { get() { throw new DOMException('', 'SecurityError'); } })"


HANGING = "IDBFactory.prototype.open = () => ({})"


@pytest.mark.parametrize("fault", ["forbidden", "full", "hanging"])
def test_where_the_device_stores_nothing_it_is_not_said_to(shared: Server, slug: str, desk: Page, fault: str) -> None:
    if fault != "full":
        desk.add_init_script(NO_STORAGE if fault == "forbidden" else HANGING)
        desk.reload()
    else:
        cdp = desk.context.new_cdp_session(desk)
        cdp.send("Storage.overrideQuotaForOrigin", {"origin": shared.url, "quotaSize": 1})
    desk.context.route("**/desk/drafts/*", lambda route: route.abort())
    body(desk).fill("Only in this form")
    expect(desk.locator(STATE)).to_have_text("Not saved yet")
    desk.context.unroute("**/desk/drafts/*")
    body(desk).fill("In this form, and at the site")
    expect(desk.locator(STATE)).to_have_text("Saved")
    desk.get_by_role("button", name="Publish").click()
    expect(desk.locator(".updates li.update .text")).to_have_text(["In this form, and at the site"], timeout=15_000)


def test_an_article_says_where_it_is_too(shared: Server, slug: str, desk: Page) -> None:
    desk.goto(f"{shared.url}/desk/articles/{slug}")
    desk.get_by_label("Kicker").fill("Port")
    expect(desk.locator(STATE)).to_have_text("Saved on this device")
    assert "Port" in kept_on_device(desk)[0]
    desk.get_by_role("button", name="Save").click()
    expect(desk.locator(".done")).to_contain_text("Saved.")
    assert kept_on_device(desk) == []


def test_what_one_editor_typed_is_not_stored_under_another_who_signed_in_since(
    shared: Server, slug: str, desk: Page
) -> None:
    body(desk).fill("The secret scoop")
    expect(desk.locator(STATE)).to_have_text("Saved")
    other = desk.context.new_page()
    other.context.clear_cookies()
    other.goto(f"{shared.url}/desk/")
    sign_in(other, "alice")
    expect(other.get_by_role("heading", name="Desk")).to_be_visible()
    body(desk).fill("The secret scoop, and more")
    expect(desk.get_by_role("alert")).to_contain_text("Another editor wrote this")
    expect(desk.locator(STATE)).to_have_text("Needs you")
    desk.get_by_role("button", name="Publish").click()
    expect(desk.locator(STATE)).to_have_text("Needs you")
    expect(desk.locator(".outbox")).to_contain_text("Another editor is signed in")
    expect(desk.locator(".outbox li")).to_contain_text("The secret scoop, and more")
    other.reload()
    expect(other.locator("main")).not_to_contain_text("secret")
    assert shared.version(slug) == 0
    other.goto(f"{shared.url}/desk/feeds/{slug}")
    expect(body(other)).to_have_value("")
    expect(other.locator(".outbox")).to_be_hidden()
    assert "secret" not in other.content()
    other.context.clear_cookies()
    other.close()
    desk.goto(f"{shared.url}/desk/feeds/{slug}")
    sign_in(desk)
    expect(desk.locator(".updates li.update .text")).to_have_text("The secret scoop, and more")
    expect(body(desk)).to_have_value("")
