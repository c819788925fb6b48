"""Two editors of one update at the desk: what each changed, and the way on."""

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import DESKTOP, PHONE, NewPage, bob_at_desk
from tests.server import Server

BEFORE = "Two cars burn. Nobody is hurt."
THEIRS = "Two boats burn. Nobody is hurt."
MINE = "Two cars burn. One is hurt."


def opened(page: Page) -> Page:
    """The desk with the form of its newest update open."""
    page.locator("li.update-tools a.edit").first.click()
    expect(page.locator("form.edit")).to_be_visible()
    return page


@pytest.mark.parametrize("viewport", [PHONE, DESKTOP], ids=["phone", "desktop"])
def test_a_stale_edit_is_merged_in_the_open_form_and_saved_by_no_key_before(
    shared: Server, slug: str, open_page: NewPage, viewport: dict[str, int]
) -> None:
    update = shared.publish(BEFORE, slug)
    page = opened(bob_at_desk(open_page, shared, slug, viewport=viewport))
    form, body = page.locator("form.edit"), page.locator("form.edit [name=body]")
    body.fill(MINE)
    shared.api("PATCH", f"/api/v1/updates/{update['id']}", {"body": THEIRS, "revision": 1})
    expect(page.locator("li.update .text")).to_have_text([THEIRS])
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
    body.press("Control+Enter")
    expect(page.locator("li.update .text")).to_have_text(["Two boats burn. One is hurt."])
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
