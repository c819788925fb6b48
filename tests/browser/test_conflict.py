"""Two editors of one update at the desk: what each changed, and the way on."""

from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import DESKTOP, TOUCH, NewPage, bob_at_desk
from tests.server import Server

BEFORE = "Two cars burn. Nobody is hurt."
THEIRS = "Two boats burn. Nobody is hurt."
MINE = "Two cars burn. One is hurt."


def opened(page: Page) -> Page:
    """The desk with the form of its newest update open."""
    page.locator(".updates li.update-tools a.edit").first.click()
    expect(page.locator("form.edit")).to_be_visible()
    return page


@pytest.mark.parametrize("options", [TOUCH, {"viewport": DESKTOP}], ids=["phone", "desktop"])
def test_a_stale_edit_is_merged_in_the_open_form_and_saved_by_no_key_before(
    shared: Server, slug: str, open_page: NewPage, options: dict[str, Any]
) -> None:
    update = shared.publish(BEFORE, slug)
    page = opened(bob_at_desk(open_page, shared, slug, **options))
    form, body = page.locator("form.edit"), page.locator("form.edit [name=body]")
    body.fill(MINE)
    shared.api("PATCH", f"/api/v1/updates/{update['id']}", {"body": THEIRS, "revision": 1})
    expect(page.locator(".updates li.update .text")).to_have_text([THEIRS])
    body.press("Control+Enter")
    expect(form.locator(".conflict")).to_be_focused()
    expect(form.locator(".conflict")).to_contain_text("saved this at")
    expect(form.locator("del")).to_have_text(["[taken out: cars]", "[taken out: Nobody]"])
    expect(form.locator("ins")).to_have_text(["[put in: boats]", "[put in: One]"])
    body.press("Control+Enter")
    form.locator("[name=headline]").press("Control+Enter")
    expect(body).to_have_value(MINE)
    form.get_by_role("button", name="Merge").click()
    expect(body).to_have_value("Two boats burn. One is hurt.")
    expect(form.locator(".conflict")).to_contain_text("what came from Bob Brown")
    expect(body).to_be_focused()
    body.press("Control+Enter")
    expect(page.locator(".updates li.update .text")).to_have_text(["Two boats burn. One is hurt."])
    expect(page.locator("form.edit")).to_have_count(0)
    assert shared.version(slug) == 3


def test_theirs_can_be_closed_without_a_question(shared: Server, slug: str, desk: Page) -> None:
    update = shared.publish(BEFORE, slug)
    form = opened(desk).locator("form.edit")
    form.locator("[name=body]").fill(MINE)
    shared.api("PATCH", f"/api/v1/updates/{update['id']}", {"body": THEIRS, "revision": 1})
    form.get_by_role("button", name="Save").click()
    form.get_by_role("button", name="Use theirs").click()
    expect(form.locator("[name=body]")).to_have_value(THEIRS)
    form.get_by_text("Your text, which is not used").click()
    expect(form.locator(".unused")).to_have_text(MINE)
    form.get_by_role("button", name="Cancel").click()
    expect(form).to_have_count(0)
    assert shared.version(slug) == 2


def test_an_open_form_says_at_once_what_was_saved_and_then_that_it_was_retracted(
    shared: Server, slug: str, desk: Page
) -> None:
    update = shared.publish(BEFORE, slug)
    form = opened(desk).locator("form.edit")
    form.locator("[name=body]").fill(MINE)
    shared.api("PATCH", f"/api/v1/updates/{update['id']}", {"body": THEIRS, "revision": 1})
    form.get_by_text("Bob Brown saved this at").click()
    expect(form.locator(".meanwhile ins")).to_have_text(["[put in: boats]", "[put in: One]"])
    expect(form.locator("[name=body]")).to_have_value(MINE)
    shared.api("PATCH", f"/api/v1/updates/{update['id']}", {"body": f"{THEIRS} More soon.", "revision": 2})
    expect(form.locator(".meanwhile ins")).to_have_text(["[put in: boats]", "[put in: More soon.]", "[put in: One]"])
    form.get_by_role("button", name="Merge").click()
    expect(form.locator("[name=body]")).to_have_value("Two boats burn. One is hurt. More soon.")
    shared.api("DELETE", f"/api/v1/updates/{update['id']}")
    expect(form.get_by_role("alert")).to_contain_text("Bob Brown retracted this at")
    form.locator("[name=body]").press("Control+Enter")
    expect(form.get_by_role("button", name="Save")).to_have_count(0)
    form.locator("[name=body]").press("Control+Enter")
    form.get_by_role("button", name="Publish as new").click()
    expect(desk.locator(".updates li.update .text")).to_have_text(["Two boats burn. One is hurt. More soon."])
    expect(desk.locator("form.edit")).to_have_count(0)
    assert shared.version(slug) == 5


def test_a_text_that_was_kept_of_an_earlier_revision_says_so_when_it_is_opened(
    shared: Server, slug: str, desk: Page
) -> None:
    update = shared.publish(BEFORE, slug)
    opened(desk).locator("form.edit [name=body]").fill(MINE)
    desk.goto("about:blank")
    shared.api("PATCH", f"/api/v1/updates/{update['id']}", {"body": THEIRS, "revision": 1})
    desk.goto(f"{shared.url}/desk/feeds/{slug}")
    form = opened(desk).locator("form.edit")
    expect(form.locator("[name=body]")).to_have_value(MINE)
    expect(form.locator(".meanwhile")).to_contain_text("Bob Brown saved this at")
