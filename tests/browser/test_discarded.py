"""What an editor discards is had back with one press, and from the desk's first page for a week."""

from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import NewPage, sign_in
from tests.browser.test_drafts import STATE, composer, drop_writes, write
from tests.server import Server


@pytest.fixture
def server(shared: Server) -> Server:
    return shared


def undo(page: Page) -> Any:
    """The button beside "Discarded."."""
    return page.locator(".done").get_by_role("button", name="Undo")


def test_a_discarded_text_is_had_back_into_the_composer_or_onto_the_list(server: Server, slug: str, desk: Page) -> None:
    discard = composer(desk).get_by_role("button", name="Discard")
    expect(discard).to_be_hidden()
    write(desk, f"One {slug}")
    composer(desk).get_by_label("Key event").check()
    expect(desk.locator(STATE)).to_have_text("Saved")
    write(desk, f"One {slug}, and more")
    with desk.expect_response(lambda answer: answer.request.method == "PUT" and answer.ok):
        discard.click()
    expect(desk.locator(".done")).to_contain_text("Discarded.")
    expect(composer(desk).get_by_label("Update")).to_have_value("")
    expect(composer(desk).get_by_label("Update")).to_be_focused()
    expect(composer(desk).get_by_label("Key event")).not_to_be_checked()
    undo(desk).click()
    expect(composer(desk).get_by_label("Update")).to_have_value(f"One {slug}, and more")
    expect(composer(desk).get_by_label("Key event")).to_be_checked()
    expect(desk.locator(STATE)).to_have_text("Saved")
    discard.click()
    write(desk, f"Two {slug}")
    undo(desk).click()
    expect(desk.locator(".done")).to_have_text("It is among your drafts again.")
    expect(composer(desk).get_by_label("Update")).to_have_value(f"Two {slug}")
    expect(desk.locator(STATE)).to_have_text("Saved")
    with desk.expect_response(lambda answer: answer.request.method == "PUT" and answer.ok):
        discard.click()
    desk.goto(f"{server.url}/desk/")
    expect(desk.get_by_role("link", name=f"One {slug}, and more")).to_be_visible()
    fold = desk.locator("details.discarded")
    fold.locator("summary").click()
    fold.get_by_role("listitem").filter(has_text=f"Two {slug}").get_by_role("button", name="Take back").click()
    desk.get_by_role("link", name=f"Two {slug}").click()
    expect(composer(desk).get_by_label("Update")).to_have_value(f"Two {slug}")
    composer(desk).get_by_role("button", name="Publish").click()
    expect(desk.locator("ol.updates .text")).to_have_text(f"Two {slug}")


def test_a_cancelled_edit_is_had_back_and_one_without_an_answer_is_discarded_later(
    server: Server, slug: str, desk: Page, open_page: NewPage
) -> None:
    update = server.publish("As it was", slug)
    tools = desk.locator(f"[data-for='update-{update['id']}']")
    edit, words = tools.get_by_role("link", name="Edit"), tools.get_by_label("Update")
    edit.click()
    tools.get_by_role("button", name="Cancel").click()
    expect(desk.locator(".done")).to_be_empty()
    edit.click()
    dropped: list[str] = []
    drop_writes(desk.context, dropped)
    words.fill(f"Nonsense {slug}")
    with desk.expect_event("requestfailed"):
        tools.get_by_role("button", name="Cancel").click()
    expect(tools.locator("form.edit")).to_have_count(0)
    undo(desk).click()
    expect(words).to_have_value(f"Nonsense {slug}")
    tools.get_by_role("button", name="Cancel").click()
    with desk.expect_response(lambda answer: answer.request.method == "PUT" and answer.ok):
        desk.context.unroute("**/desk/drafts/*")
    edit.click()
    expect(words).to_have_value("As it was")
    desk.goto(f"{server.url}/desk/updates/{update['id']}")
    desk.get_by_label("Update").fill(f"Nonsense again {slug}")
    desk.get_by_role("button", name="Cancel").click()
    undo(desk).click()
    expect(desk.get_by_label("Update")).to_have_value(f"Nonsense again {slug}")
    desk.get_by_role("button", name="Cancel").click()
    desk.goto(f"{server.url}/desk/")
    fold = desk.locator("details.discarded")
    for text in (f"Nonsense {slug}", f"Nonsense again {slug}"):
        expect(fold).to_contain_text(text)
        expect(desk.get_by_role("link", name=text)).to_have_count(0)


def test_without_a_script_a_text_is_discarded_and_had_back(server: Server, slug: str, open_page: NewPage) -> None:
    page = open_page(f"{server.url}/desk/feeds/{slug}", wait_for=None, java_script_enabled=False)
    sign_in(page)
    write(page, f"Plain {slug}")
    composer(page).get_by_role("button", name="Discard").click()
    expect(composer(page).get_by_label("Update")).to_have_value("")
    undo(page).click()
    expect(composer(page).get_by_label("Update")).to_have_value(f"Plain {slug}")
    composer(page).get_by_role("button", name="Discard").click()
    expect(page.locator(".done")).to_contain_text("Discarded.")
