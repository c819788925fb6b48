"""Undo and Restore in Chromium: an editor takes back, a reader's open page follows, and no text is lost."""

import pytest
from playwright.sync_api import Page, Route, expect

from tests.browser.conftest import DESKTOP, PHONE, NewPage, bob_at_desk
from tests.server import Server

WIDTHS = pytest.mark.parametrize("viewport", [PHONE, DESKTOP], ids=["phone", "desktop"])


def write(page: Page, text: str) -> None:
    """Publishes that in the composer."""
    page.get_by_label("Update").fill(text)
    page.get_by_label("Update").press("Control+Enter")
    expect(page.locator(".done")).to_contain_text("Published.")


def composed(page: Page) -> str:
    return page.locator("form.composer").get_by_label("Update").input_value()


@WIDTHS
def test_what_was_just_published_is_taken_back_from_open_pages_and_into_the_composer(
    shared: Server, slug: str, open_page: NewPage, viewport: dict[str, int]
) -> None:
    shared.publish("Stays", slug)
    reader = open_page(f"{shared.url}/feeds/{slug}", viewport=viewport)
    desk = bob_at_desk(open_page, shared, slug, viewport=viewport)
    write(desk, "Too *early*")
    expect(reader.locator(".updates li.update .text")).to_have_text(["Too early", "Stays"])
    desk.get_by_role("button", name="Undo").click()
    expect(reader.locator(".updates li.update .text")).to_have_text(["Stays"])
    expect(desk.locator(".updates li.update .text")).to_have_text(["Stays"])
    told = "Taken back. Readers may have seen it. Your text is in the composer."
    expect(desk.locator(".done")).to_contain_text(told, use_inner_text=True)
    assert composed(desk) == "Too *early*"
    expect(desk.get_by_label("Update")).to_be_focused()
    top, end = "field.getBoundingClientRect().top", "document.querySelector('.done').getBoundingClientRect().bottom"
    assert desk.get_by_label("Update").evaluate(f"(field) => {top} - {end}") >= 0, "the message covers nothing of it"
    desk.get_by_label("Update").press("Control+Enter")
    expect(reader.locator(".updates li.update .text")).to_have_text(["Too early", "Stays"])
    expect(desk.get_by_role("button", name="Undo")).to_be_visible()


def test_keys_alone_undo_while_the_composer_is_empty_and_what_is_written_next_is_kept(
    shared: Server, slug: str, desk: Page
) -> None:
    first, second = f"First of {slug}", f"Second of {slug}"
    write(desk, first)
    desk.keyboard.press("Control+z")
    expect(desk.locator(".done")).to_contain_text("Taken back.")
    expect(desk.locator(".updates li.update")).to_have_count(0)
    assert composed(desk) == first
    desk.keyboard.press("Control+Enter")
    expect(desk.locator(".updates li.update .text")).to_have_text(first)
    expect(desk.get_by_label("Update")).to_have_value("")
    desk.keyboard.type(second)
    desk.keyboard.press("Control+z")
    desk.get_by_label("Update").fill(f"{second}, which is being written")
    desk.get_by_role("button", name="Undo").click()
    expect(desk.locator(".updates li.update")).to_have_count(0)
    told = "Taken back. Readers may have seen it. Your text is a draft"
    expect(desk.locator(".done")).to_contain_text(told, use_inner_text=True)
    expect(desk.get_by_label("Update")).to_be_focused()
    assert composed(desk) == f"{second}, which is being written"
    expect(desk.locator("form.composer .draft-state")).to_have_text("Saved")
    desk.get_by_role("link", name="Your text is a draft").click()
    expect(desk.get_by_label("Update")).to_have_value(first)
    desk.goto(f"{shared.url}/desk/")
    for text in (first, f"{second}, which is being written"):
        expect(desk.get_by_role("link", name=text, exact=True)).to_be_visible()


def test_undo_is_gone_after_its_time_and_the_focus_stays_in_the_composer(
    shared: Server, slug: str, open_page: NewPage
) -> None:
    page = bob_at_desk(open_page, shared, slug)
    page.clock.install()
    write(page, "For good")
    undo = page.get_by_role("button", name="Undo")
    undo.focus()
    height = page.locator("form.composer").bounding_box()
    page.clock.fast_forward(61_000)
    expect(undo).to_have_count(0)
    expect(page.get_by_label("Update")).to_be_focused()
    assert page.locator("form.composer").bounding_box() == height, "nothing below moved"


def test_an_undo_that_comes_too_late_says_why_and_changes_nothing(shared: Server, slug: str, desk: Page) -> None:
    write(desk, "Mine")
    update = shared.api("GET", f"/api/v1/feeds/{slug}/updates")["updates"][0]
    shared.token, bobs = shared.tokens["alice"], shared.token
    shared.api("PATCH", f"/api/v1/updates/{update['id']}", {"body": "Ours", "revision": 1})
    shared.token = bobs
    expect(desk.locator(".updates li.update .text")).to_have_text("Ours")
    desk.get_by_role("button", name="Undo").click()
    expect(desk.get_by_role("alert")).to_have_text(
        "Alice Adams has changed this since, so it stays. You can retract it."
    )
    expect(desk.locator(".updates li.update .text")).to_have_text("Ours")


def test_an_undo_whose_answer_was_lost_can_be_pressed_again(shared: Server, slug: str, desk: Page) -> None:
    write(desk, "Once")
    lost: list[int] = []

    def lose(route: Route) -> None:
        lost.append(route.fetch(max_redirects=0).status)
        route.abort()

    desk.route("**/undo", lose)
    undo = desk.get_by_role("button", name="Undo")
    undo.click()
    expect(desk.get_by_role("alert")).to_contain_text("does not answer")
    expect(desk.locator(".updates li.update")).to_have_count(0)
    assert lost == [303]
    desk.unroute("**/undo")
    undo.click()
    expect(desk.locator(".done")).to_contain_text("Taken back.")
    expect(desk.get_by_role("alert")).to_have_count(0)
    assert composed(desk) == "Once"
    drafts = desk.request.get(f"{shared.url}/desk/drafts").json()["drafts"]
    assert [each["body"] for each in drafts if each.get("feed") == slug] == ["Once"]


@WIDTHS
def test_what_one_editor_retracts_another_restores_at_its_old_place_on_every_open_page(
    shared: Server, slug: str, open_page: NewPage, viewport: dict[str, int]
) -> None:
    made = [shared.publish(text, slug) for text in ("Below", "Wrong?", "Above")]
    reader = open_page(f"{shared.url}/feeds/{slug}", viewport=viewport)
    linked = open_page(f"{shared.url}{made[1]['url'].removeprefix(shared.url)}", viewport=viewport)
    desk = bob_at_desk(open_page, shared, slug, viewport=viewport)
    other = bob_at_desk(open_page, shared, slug, viewport=viewport)
    for notice in (False, True):
        tools = desk.locator(f"[data-for='update-{made[1]['id']}']")
        tools.locator("summary").click()
        tools.get_by_label("Tell readers").set_checked(notice)
        tools.get_by_role("button", name="Retract").click()
        expect(reader.locator(".updates li.update .text")).to_have_text(["Below", "Above"][::-1])
        expect(linked.locator("live-feed .gone").first).to_have_text("This update has been retracted.")
        if notice:
            other.get_by_text("Retracted", exact=True).click()
            row = other.locator(".retracted-updates li")
            expect(row).to_contain_text("Bob Brown")
            row.get_by_role("button", name="Restore").click()
            expect(other.locator(".done")).to_contain_text("Restored.")
            expect(row).to_have_count(0)
        else:
            desk.locator(".done").get_by_role("button", name="Restore").click()
            expect(desk.locator(".done")).to_contain_text("Restored.")
        for page in (reader, desk, other):
            expect(page.locator("ol.updates li.update .text")).to_have_text(["Above", "Wrong?", "Below"])
            expect(page.locator(".toast button:not([hidden])")).to_have_count(0)
        around = linked.locator(f"live-feed[feed='{slug}'] .updates li.update .text")
        expect(around).to_have_text(["Above", "Wrong?", "Below"])
        expect(linked.locator("live-feed .gone")).to_have_count(0)
