"""The composer in Chromium: what is typed is shown as readers will see it, beside the text or in a tab."""

import re

import pytest
from playwright.sync_api import Page, Route, expect

from tests.browser.conftest import DESKTOP, TOUCH, NewPage, bob_at_desk, sign_in, until
from tests.server import Server


def test_the_preview_is_the_li_that_is_published(shared: Server, slug: str, desk: Page) -> None:
    desk.get_by_role("button", name="+ Headline").click()
    desk.get_by_label("Headline (optional)").fill('The "Ever Given"')
    desk.get_by_label("Update").fill('He said: "It\'s **afloat**."\n\n1986. A year')
    preview = desk.locator(".preview")
    expect(preview).to_have_attribute("data-state", "current")
    expect(preview.locator("h3")).to_have_text("The “Ever Given”")
    expect(preview.locator(".applied li")).to_have_text(
        [
            "Quotes and apostrophes are set as “ ” ’ here.",
            "“1986. A year” stays a line of text, as it was typed.",
        ]
    )
    parts = [preview.locator(part).inner_html() for part in ("h3", ".text")]
    desk.get_by_label("Update").press("Control+Enter")
    published = desk.locator(".updates li.update")
    expect(published).to_have_count(1)
    assert [published.locator(part).inner_html() for part in ("h3", ".text")] == parts
    expect(preview).to_have_attribute("data-state", "empty")
    expect(preview.locator("li")).to_have_count(0)


def test_a_change_of_key_or_language_is_shown_too(shared: Server, slug: str, desk: Page) -> None:
    desk.get_by_label("Update").fill('"Так"')
    preview = desk.locator(".preview")
    expect(preview.locator(".text")).to_have_text("“Так”")
    desk.get_by_role("checkbox", name="Key event").check()
    expect(preview.locator("li.is-key")).to_be_visible()
    desk.get_by_label("Language").select_option("uk")
    expect(preview.locator(".text")).to_have_text("«Так»")


def test_one_request_at_a_time_and_the_last_text_wins(desk: Page) -> None:
    held: list[Route] = []
    desk.route("**/desk/preview", lambda route: held.append(route))
    words = desk.get_by_label("Update")
    words.fill("One")
    until(desk, lambda: len(held) == 1)
    words.fill("Two")
    words.fill("Three")
    with desk.expect_request("**/desk/preview") as asked:
        held[0].continue_()
    assert asked.value.post_data_json["body"] == "Three"
    until(desk, lambda: len(held) == 2)
    held[1].continue_()
    expect(desk.locator(".preview .text")).to_have_text("Three")
    assert len(held) == 2


def test_a_failed_request_leaves_the_last_preview_and_says_so(shared: Server, slug: str, desk: Page) -> None:
    words, preview = desk.get_by_label("Update"), desk.locator(".preview")
    words.fill("It was seen")
    expect(preview.locator(".text")).to_have_text("It was seen")
    desk.context.set_offline(True)
    words.fill("It was not seen")
    expect(preview).to_have_attribute("data-state", "stale")
    expect(preview.locator(".text")).to_have_text("It was seen")
    expect(preview).to_contain_text("The preview is not up to date")
    expect(desk.get_by_role("alert")).to_have_count(0)
    desk.context.set_offline(False)
    words.press("End")
    words.press_sequentially(".")
    expect(preview.locator(".text")).to_have_text("It was not seen.")
    expect(preview).not_to_contain_text("up to date")


def test_an_address_that_may_not_be_linked_is_named_before_publishing(shared: Server, slug: str, desk: Page) -> None:
    desk.get_by_label("Update").fill("[x](javascript:alert(1))")
    expect(desk.locator(".preview")).to_contain_text("javascript:alert(1) cannot be linked")
    expect(desk.locator(".preview")).to_have_attribute("data-state", "stale")


def test_words_are_counted_and_a_limit_is_told_before_it_is_hit(shared: Server, slug: str, desk: Page) -> None:
    words, counted = desk.get_by_label("Update"), desk.locator(".count[data-of=body]")
    words.fill("Two **words**")
    expect(counted).to_have_text("2 words")
    words.fill("x" * 17_999)
    expect(counted).to_have_text("1 word")
    words.fill("🚢" * 18_000)
    expect(counted).to_contain_text("18,000 of 20,000 characters")
    words.fill("x" * 20_001)
    expect(counted).to_contain_text("1 character too many")
    desk.get_by_role("button", name="+ Headline").click()
    desk.get_by_label("Headline (optional)").fill("y" * 180)
    expect(desk.locator(".count[data-of=headline]")).to_have_text("180 of 200 characters")


@pytest.mark.parametrize(
    ("path", "name", "limit"),
    [
        ("new-article", "headline", 200),
        ("new-article", "standfirst", 1_000),
        ("new-article", "body", 100_000),
        ("pictures", "alt", 1_000),
        ("profile", "bio", 1_000),
    ],
)
def test_every_form_tells_its_limits_before_they_are_hit(
    shared: Server, slug: str, desk: Page, path: str, name: str, limit: int
) -> None:
    desk.goto(f"{shared.url}/desk/{path}")
    field, counted = desk.locator(f"[name={name}]"), desk.locator(f".count[data-of={name}]")
    field.fill("x" * (limit * 9 // 10 - 1))
    expect(counted).to_be_empty()
    field.fill("x" * (limit * 9 // 10))
    expect(counted).to_have_text(f"{limit * 9 // 10:,} of {limit:,} characters")
    field.fill("x" * (limit + 2))
    expect(counted).to_have_text("2 characters too many")


def test_a_session_that_ended_is_named_below_the_preview(shared: Server, slug: str, desk: Page) -> None:
    desk.context.clear_cookies()
    desk.get_by_label("Update").fill("Half a sentence")
    expect(desk.locator(".preview")).to_contain_text("Your session has ended.")


def test_on_a_phone_the_preview_is_a_tab(shared: Server, slug: str, open_page: NewPage) -> None:
    page = bob_at_desk(open_page, shared, slug, **TOUCH)
    preview, words = page.locator(".preview"), page.get_by_label("Update")
    words.fill("Seen on a *phone*")
    expect(preview).to_be_hidden()
    page.get_by_role("tab", name="Preview").click()
    expect(preview.locator(".text em")).to_have_text("phone")
    expect(words).to_be_hidden()
    page.get_by_role("tab", name="Preview").press("ArrowLeft")
    expect(page.get_by_role("tab", name="Write")).to_be_focused()
    expect(words).to_be_visible()
    expect(preview).to_be_hidden()
    page.get_by_role("tab", name="Preview").click()
    page.get_by_role("button", name="Publish").click()
    expect(page.locator(".updates .text")).to_have_text(["Seen on a phone"])
    expect(words).to_be_visible()


def test_the_body_has_the_focus_on_load_but_not_on_touch(shared: Server, slug: str, open_page: NewPage) -> None:
    desk = bob_at_desk(open_page, shared, slug, viewport=DESKTOP)
    expect(desk.get_by_label("Update")).to_be_focused()
    phone = bob_at_desk(open_page, shared, slug, **TOUCH)
    expect(phone.locator("form.composer")).to_be_visible()
    assert phone.evaluate("document.activeElement === document.body")


def test_the_headline_opens_by_a_button_and_enter_leads_to_the_body(shared: Server, slug: str, desk: Page) -> None:
    headline = desk.get_by_label("Headline (optional)")
    expect(headline).to_be_hidden()
    desk.get_by_role("button", name="+ Headline").click()
    expect(headline).to_be_focused()
    headline.fill("Kept")
    headline.press("Enter")
    expect(desk.get_by_label("Update")).to_be_focused()
    assert shared.version(slug) == 0
    desk.reload()
    expect(headline).to_have_value("Kept")
    expect(headline).to_be_visible()
    expect(desk.get_by_role("button", name="+ Headline")).to_be_hidden()
    expect(desk.locator(".preview")).to_contain_text("This is empty")


def test_what_was_kept_is_previewed_when_it_comes_back(shared: Server, slug: str, desk: Page) -> None:
    desk.get_by_label("Update").fill("Kept *words*")
    expect(desk.locator(".preview em")).to_have_text("words")
    desk.reload()
    expect(desk.locator(".preview em")).to_have_text("words")


def test_without_javascript_the_composer_is_a_plain_form(shared: Server, slug: str, open_page: NewPage) -> None:
    page = open_page(f"{shared.url}/desk/feeds/{slug}", wait_for=None, java_script_enabled=False)
    sign_in(page)
    page.get_by_label("Headline (optional)").fill("Plain")
    page.get_by_label("Update").fill("As ever")
    for only_with_a_script in (".preview", ".tabs", ".helpers", ".add-headline", ".count"):
        expect(page.locator(only_with_a_script).first).to_be_hidden()
    page.get_by_role("button", name="Publish").click()
    expect(page.locator(".updates li.update h3")).to_have_text("Plain")


@pytest.mark.parametrize("width", [360, 768, 1024, 1440])
def test_nothing_below_moves_while_somebody_writes(shared: Server, slug: str, open_page: NewPage, width: int) -> None:
    page = bob_at_desk(open_page, shared, slug, viewport={"width": width, "height": 900})
    place = "document.querySelector('live-feed').getBoundingClientRect().top + scrollY"
    before = page.evaluate(place)
    page.get_by_label("Update").fill("\n\n".join(f"{year}. A year" for year in range(1950, 1999)))
    expect(page.locator(".preview")).to_have_attribute("data-state", "current")
    expect(page.locator(".count[data-of=body]")).to_have_text(re.compile("words"))
    assert page.evaluate(place) == before
