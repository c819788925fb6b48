"""The desk on a phone: a bar above the keyboard that hides nothing, and few presses for what is done most often."""

from collections.abc import Callable
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests.browser.conftest import DESKTOP, PHONE, TOUCH, NewPage, bob_at_desk
from tests.browser.states import GREY
from tests.images import a_png
from tests.server import Server

BAR = ".phone-bar"
KEYBOARD = 320  # CSS pixels of a phone's keyboard
# What a keyboard does: the layout viewport stays, and the visual one is smaller. Chromium has none without a window.
RAISE = """(lower) => {
  const left = () => innerHeight - lower;
  Object.defineProperty(visualViewport, "height", { configurable: true, get: left });
  visualViewport.dispatchEvent(new Event("resize"));
}"""
# Its distance to the four edges of what is seen
EDGES = """(bar) => {
  const { left, right, top, bottom } = bar.getBoundingClientRect();
  const { offsetLeft, offsetTop, width, height } = visualViewport;
  return [left - offsetLeft, offsetLeft + width - right, offsetTop + height - bottom, bottom - top].map(Math.round);
}"""
TWO_FRAMES = "() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))"


def on_phone(open_page: NewPage, server: Server, slug: str, **options: Any) -> Page:
    """Bob on a phone, in the composer of that feed, with the keyboard up."""
    page = bob_at_desk(open_page, server, slug, **TOUCH | options)
    page.get_by_role("textbox", name="Update").tap()
    page.evaluate(RAISE, KEYBOARD)
    return page


def top_of_bar(page: Page) -> float:
    page.evaluate(TWO_FRAMES)
    return float(page.locator(BAR).evaluate("(bar) => bar.getBoundingClientRect().top"))


def test_the_bar_is_on_the_keyboard_while_somebody_writes_and_moves_nothing(
    shared: Server, slug: str, open_page: NewPage
) -> None:
    shared.publish("Before", slug)
    page = bob_at_desk(open_page, shared, slug, **TOUCH)
    words, bar, feed = page.get_by_role("textbox", name="Update"), page.locator(BAR), page.locator("li.update")
    place = "(each) => each.getBoundingClientRect().top + scrollY"
    expect(bar).to_be_hidden()
    before = feed.evaluate(place)
    words.tap()
    expect(bar).to_be_visible()
    page.evaluate(RAISE, KEYBOARD)
    assert bar.evaluate(EDGES)[:3] == [0, 0, 0]
    assert feed.evaluate(place) == before
    assert Axe().run(page, options={"resultTypes": ["violations"]}).response["violations"] == []
    page.set_viewport_size({"width": PHONE["height"], "height": PHONE["width"]})
    page.evaluate(RAISE, 160)
    page.evaluate(TWO_FRAMES)
    assert bar.evaluate(EDGES)[:3] == [0, 0, 0], "rotated"
    words.blur()
    expect(bar).to_be_hidden()


def test_the_bar_keeps_its_place_and_size_under_a_pinch(shared: Server, slug: str, open_page: NewPage) -> None:
    page = bob_at_desk(open_page, shared, slug, **TOUCH)
    page.get_by_role("textbox", name="Update").tap()
    bar = page.locator(BAR)
    height = bar.evaluate(EDGES)[3]
    page.context.new_cdp_session(page).send("Emulation.setPageScaleFactor", {"pageScaleFactor": 2})
    page.wait_for_function("visualViewport.scale === 2")
    page.evaluate(TWO_FRAMES)
    left, right, below, smaller = bar.evaluate(EDGES)
    assert (left, right, below) == (0, 0, 0)
    assert abs(smaller - height / 2) <= 1


def test_the_bar_hides_neither_the_last_line_nor_what_went_wrong(shared: Server, slug: str, open_page: NewPage) -> None:
    page = on_phone(open_page, shared, slug)
    words = page.get_by_role("textbox", name="Update")
    edge = "(area) => area.getBoundingClientRect().bottom"
    page.keyboard.insert_text("A line\n" * 30)
    page.keyboard.type("The last")
    expect(page.locator(".bar-says")).to_have_text("Saved")
    # The caret's line is the last that the field shows; below it are its padding and its border.
    top = top_of_bar(page)
    assert words.evaluate(edge) - 10 <= top + 1
    page.evaluate("() => scrollTo(0, 0)")
    words.fill("x" * 20_001)
    page.locator(".bar-send").tap()
    reason = page.locator(".body-field .reason")
    expect(reason).to_be_attached()
    expect(page.locator(".bar-says.wrong")).to_have_text(str(reason.text_content()))
    words.fill("Short again")
    page.context.clear_cookies()
    page.locator(".bar-send").tap()
    expect(page.locator(".trouble")).to_contain_text("signed out")
    expect(page.locator(".bar-says.wrong")).to_contain_text("signed out")
    expect(page.locator(".bar-says")).to_be_in_viewport(ratio=1)
    expect(words).to_be_focused()


def test_the_bar_presses_what_the_form_has_and_the_keyboard_stays(
    shared: Server, slug: str, open_page: NewPage
) -> None:
    page = on_phone(open_page, shared, slug)
    words, key = page.get_by_role("textbox", name="Update"), page.locator(".bar-key")
    words.fill("A milestone")
    key.tap()
    expect(key).to_have_attribute("aria-pressed", "true")
    expect(page.get_by_role("checkbox", name="Key event")).to_be_checked()
    expect(words).to_be_focused()
    page.locator(".bar-send").tap()
    expect(page.locator("li.update.is-key .text")).to_have_text("A milestone")
    expect(words).to_be_focused()
    expect(key).to_have_attribute("aria-pressed", "false")
    with page.expect_file_chooser():
        page.locator(".bar-photo").tap()
    page.locator("a.edit").tap()
    expect(page.locator(".bar-send")).to_have_text("Save")
    expect(key).to_be_hidden()
    page.locator("form.edit").get_by_role("textbox", name="Update").fill("Edited on a phone")
    page.locator(".bar-send").tap()
    expect(page.locator("li.update .text")).to_have_text("Edited on a phone")


def test_there_is_no_bar_where_there_is_a_mouse(shared: Server, slug: str, desk: Page) -> None:
    desk.set_viewport_size(PHONE)
    desk.get_by_role("textbox", name="Update").click()
    expect(desk.locator(BAR)).to_be_hidden()


class Presses:
    """Counts what an editor presses on that page, typing not counted."""

    def __init__(self, page: Page) -> None:
        self.page, self.count = page, 0

    def press(self, selector: str) -> None:
        """Presses the first of these, as a finger or a mouse does."""
        self.count += 1
        self.page.locator(selector).first.click()

    def key(self, name: str) -> None:
        """Presses that key, or these keys together."""
        self.count += 1
        self.page.keyboard.press(name)


def line_by_mouse(page: Page, presses: Presses) -> None:
    page.keyboard.type("A line")
    presses.key("Control+Enter")
    expect(page.locator("li.update .text")).to_have_text(["A line", "As it was"])


def line_by_touch(page: Page, presses: Presses) -> None:
    presses.press(".composer textarea")
    page.keyboard.type("A line")
    presses.press(".bar-send")
    expect(page.locator("li.update .text")).to_have_text(["A line", "As it was"])


def photo(page: Page, presses: Presses, button: str) -> None:
    with page.expect_file_chooser() as asked:
        presses.press(button)
    presses.count += 1  # the picture is chosen, or taken
    asked.value.set_files({"name": "quay.png", "mimeType": "image/png", "buffer": a_png((40, 30), GREY)})
    page.keyboard.type("The quay")  # what it shows
    expect(page.locator(":focus")).to_have_value("The quay")


def photo_by_mouse(page: Page, presses: Presses) -> None:
    page.keyboard.type("A line")
    photo(page, presses, "[data-helper=picture]")
    presses.key("Control+Enter")
    expect(page.locator("li.update .text figure")).to_have_count(1)


def photo_by_touch(page: Page, presses: Presses) -> None:
    presses.press(".composer textarea")
    page.keyboard.type("A line")
    photo(page, presses, ".bar-photo")
    presses.press(".bar-send")
    expect(page.locator("li.update .text figure")).to_have_count(1)


def typo(page: Page, presses: Presses) -> None:
    presses.press("a.edit")
    expect(page.locator("form.edit textarea")).to_be_focused()
    presses.key("End")
    page.keyboard.type(", corrected")
    presses.press(":is(form.edit .primary, .bar-send):visible")
    expect(page.locator("li.update .text")).to_have_text(["As it was, corrected"])


def retraction(page: Page, presses: Presses) -> None:
    presses.press(".more-tools summary")
    presses.press(".menu .danger")
    expect(page.locator("li.update")).to_have_count(0)


def milestone(page: Page, presses: Presses) -> None:
    presses.press(".set-key")
    expect(page.locator("li.update.is-key")).to_have_count(1)


@pytest.mark.parametrize(
    ("deed", "phone", "most"),
    [
        (line_by_mouse, False, 1), (line_by_touch, True, 2), (photo_by_mouse, False, 3), (photo_by_touch, True, 5),
        (typo, False, 3), (typo, True, 3), (retraction, False, 2), (retraction, True, 2), (milestone, False, 1),
        (milestone, True, 1),
    ],
)  # fmt: skip
def test_what_is_done_most_often_takes_few_presses_from_the_open_feed(
    shared: Server, slug: str, open_page: NewPage, deed: Callable[[Page, Presses], None], phone: bool, most: int
) -> None:
    shared.publish("As it was", slug)
    page = bob_at_desk(open_page, shared, slug, **TOUCH if phone else {"viewport": DESKTOP})
    presses = Presses(page)
    deed(page, presses)
    assert presses.count <= most
