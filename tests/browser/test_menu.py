"""The menu behind "…" below an update at the desk: Retract is in it, two presses away and never one."""

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import DESKTOP, TOUCH, NewPage, bob_at_desk, sign_in
from tests.server import Server

MENU = "details.more-tools"
WINDOWS = pytest.mark.parametrize(
    "options",
    [{"viewport": DESKTOP}, TOUCH],
    ids=["desktop", "phone"],
)


def press(page: Page, name: str, role: str = "button") -> None:
    """Presses what has that name, as a finger or a mouse does."""
    page.get_by_role(role, name=name, exact=True).click()  # type: ignore[arg-type]


@WINDOWS
def test_two_presses_retract_and_one_never_does(
    shared: Server, slug: str, open_page: NewPage, options: dict[str, object]
) -> None:
    shared.publish("Doubtful", slug)
    page = bob_at_desk(open_page, shared, slug, **options)
    expect(page.get_by_role("button", name="Retract")).to_be_hidden()
    page.locator(f"{MENU} summary").click()
    button = page.get_by_role("button", name="Retract")
    expect(button).to_be_in_viewport(ratio=1)
    pin = page.get_by_role("button", name="Pin", exact=True)
    tops = "(button, pin) => button.getBoundingClientRect().top - pin.getBoundingClientRect().bottom"
    assert button.evaluate(tops, pin.element_handle()) > 44, "a finger that misses Pin does not meet Retract"
    button.click()
    expect(page.locator("li.update")).to_have_count(0)


def test_a_menu_opens_by_key_and_closes_by_escape_with_the_focus_back(shared: Server, slug: str, desk: Page) -> None:
    shared.publish("Doubtful", slug)
    summary, menu = desk.locator(f"{MENU} summary"), desk.locator(MENU)
    desk.get_by_role("button", name="Pin", exact=True).press("Tab")
    expect(summary).to_be_focused()
    summary.press("Enter")
    reason = desk.get_by_label("Reason")
    expect(reason).to_be_focused()
    for _ in range(5):  # Enter alone never sends, wherever it leads
        desk.keyboard.press("Enter")
    expect(menu).to_have_attribute("open", "")
    reason.fill("It was a rumour")
    reason.press("Escape")
    expect(menu).not_to_have_attribute("open", "")
    expect(summary).to_be_focused()
    summary.press("Space")
    expect(reason).to_have_value("It was a rumour")
    reason.press("Control+Enter")
    expect(desk.locator("li.update")).to_have_count(0)
    expect(desk.locator(".done")).to_be_focused()
    desk.keyboard.press("Tab")
    expect(desk.get_by_role("button", name="Restore")).to_be_focused()


def test_a_menu_closes_when_the_editor_goes_on_elsewhere(shared: Server, slug: str, desk: Page) -> None:
    for text in ("One", "Two"):
        shared.publish(text, slug)
    expect(desk.locator(MENU)).to_have_count(2)
    first, second = desk.locator(MENU).all()
    first.locator("summary").click()
    expect(first.get_by_role("button", name="Retract")).to_be_visible()
    desk.get_by_role("heading", level=1).click()
    expect(first).not_to_have_attribute("open", "")
    first.locator("summary").click()
    second.locator("summary").focus()
    expect(first).not_to_have_attribute("open", "")
    second.locator("summary").click()
    second.get_by_role("button", name="Retract").press("Tab")
    expect(second).not_to_have_attribute("open", "")


def test_without_a_script_enter_in_the_reason_retracts_nothing(shared: Server, slug: str, open_page: NewPage) -> None:
    update = shared.publish("Doubtful", slug)
    page = open_page(f"{shared.url}/desk/updates/{update['id']}/retraction", wait_for=None, java_script_enabled=False)
    sign_in(page)
    page.get_by_label("Reason").press("Enter")
    page.get_by_label("Tell readers").press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Retract this update?")
    assert shared.version(slug) == 1
    press(page, "Cancel", "link")
    page.locator(f"{MENU} summary").click()
    press(page, "Retract", "link")
    press(page, "Retract")
    expect(page.locator("li.update")).to_have_count(0)
