"""Helpers and keys of the desk in Chromium: Markdown around the selection, the arrow up, Escape."""

from playwright.sync_api import Page, expect

from tests.browser.conftest import PHONE, TOUCH, NewPage, bob_at_desk
from tests.browser.states import uploaded
from tests.server import Server

SELECTED = "(area) => area.value.slice(area.selectionStart, area.selectionEnd)"


def choose(page: Page, text: str, chosen: str) -> None:
    """Types the text and selects the first of those words in it."""
    area = page.get_by_role("textbox", name="Update")
    area.fill(text)
    area.evaluate(
        "(area, [from, to]) => area.setSelectionRange(from, to)", [text.index(chosen), text.index(chosen) + len(chosen)]
    )


# The helper, the text, what of it is selected; what the helper makes of it, and what is selected then
HELPED = [
    ("Bold", "one two three", "two", "one **two** three", "**two**"),
    ("Bold", "one **two** three", "**two**", "one two three", "two"),
    ("Bold", "one **two** three", "two", "one two three", "two"),
    ("Bold", "one two three", " two ", "one **two** three", " **two** "),
    ("Bold", "one\n\ntwo", "one\n\ntwo", "**one**\n\n**two**", "**one**\n\n**two**"),
    ("Bold", "", "", "****", ""),
    ("Italic", "one two", "two", "one *two*", "*two*"),
    ("Italic", "one **two**", "**two**", "one ***two***", "***two***"),
    ("Italic", "one **two**", "two", "one ***two***", "*two*"),
    ("Italic", "one *two*", "two", "one two", "two"),
    ("Link", "see the harbour now", "the harbour", "see [the harbour]() now", ""),
    ("Link", "see https://a.example now", "https://a.example", "see [](https://a.example) now", ""),
    ("List", "first\nsecond", "first\nsecond", "* first\n* second", ""),
    ("List", "* first\n* second", "first\n* second", "first\nsecond", "first\nsecond"),
    ("List", "Before\nfirst\nsecond\nAfter", "first\nsecond", "Before\n\n* first\n* second\n\nAfter", ""),
    (
        "Quote",
        "They said\nNobody was hurt",
        "Nobody was",
        "They said\n\n> Nobody was hurt\n>\n> — Source",
        "Source",
    ),
    ("Quote", "50,000 were there", "50,000", '> "50,000 were there"\n>\n> — Source', "Source"),
    ("Quote", "", "", "> \n>\n> — Source", ""),
]
KEYS = [("b", "**word**"), ("i", "*word*"), ("k", "[word]()")]


def test_a_helper_puts_markdown_around_the_selection_and_undo_takes_it_off(desk: Page) -> None:
    area = desk.get_by_role("textbox", name="Update")
    for helper, text, chosen, made, selected in HELPED:
        case = f"{helper} for {chosen!r} in {text!r}"
        choose(desk, text, chosen)
        desk.get_by_role("button", name=helper, exact=True).click()
        expect(area, case).to_have_value(made)
        expect(area, case).to_be_focused()
        assert area.evaluate(SELECTED) == selected, case
        area.press("Control+z")
        expect(area, case).to_have_value(text)


def test_keys_do_the_same(desk: Page) -> None:
    for modifier in ("Control", "Meta"):
        for key, made in KEYS:
            choose(desk, "word", "word")
            desk.keyboard.press(f"{modifier}+{key}")
            expect(desk.get_by_role("textbox", name="Update"), f"{modifier}+{key}").to_have_value(made)


def test_what_a_helper_made_is_previewed_and_published(shared: Server, slug: str, desk: Page) -> None:
    choose(desk, "50,000 were there", "there")
    desk.get_by_role("button", name="Quote", exact=True).click()
    desk.keyboard.type("The police")
    quotation = desk.locator(".preview blockquote")
    expect(quotation).to_have_text("“50,000 were there”\n— The police", use_inner_text=True)


def test_helpers_serve_the_edit_form_too(shared: Server, slug: str, desk: Page) -> None:
    shared.publish("As it was", slug)
    desk.locator(".updates li.update-tools a.edit").click()
    area = desk.locator("form.edit").get_by_role("textbox", name="Update")
    area.select_text()
    desk.locator("form.edit").get_by_role("button", name="Bold").click()
    expect(area).to_have_value("**As it was**")


def test_a_picture_is_chosen_from_those_that_were_uploaded(shared: Server, slug: str, desk: Page) -> None:
    picture = uploaded(shared)
    area = desk.get_by_role("textbox", name="Update")
    choose(desk, "Before\n\nAfter", "Before")
    desk.get_by_role("button", name="Earlier pictures", exact=True).click()
    dialog = desk.get_by_role("dialog", name="Choose a picture")
    dialog.get_by_role("button", name="The quay at dawn").first.click()
    expect(dialog).to_be_hidden()
    expect(area).to_have_value(f"Before\n\n![The quay at dawn](/pictures/{picture})\n\nAfter")
    expect(area).to_be_focused()
    expect(desk.locator(".preview img")).to_have_attribute("alt", "The quay at dawn")
    area.press("Control+z")
    expect(area).to_have_value("Before\n\nAfter")


def test_the_choice_of_pictures_closes_by_escape_and_leaves_the_text(shared: Server, slug: str, desk: Page) -> None:
    shared.publish("As it was", slug)
    desk.locator(".updates li.update-tools a.edit").click()
    form = desk.locator("form.edit")
    form.get_by_role("textbox", name="Update").fill("Half a thought")
    form.get_by_role("button", name="Earlier pictures", exact=True).click()
    dialog = desk.get_by_role("dialog")
    expect(dialog).to_be_visible()
    desk.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    expect(form.get_by_role("textbox", name="Update")).to_have_value("Half a thought")
    expect(form).to_be_visible()


def test_the_arrow_up_in_an_empty_composer_edits_my_newest_update(shared: Server, slug: str, desk: Page) -> None:
    update = shared.publish("Mine, with a tpyo", slug)
    expect(desk.locator(".updates li.update")).to_have_count(1)
    composer = desk.get_by_role("textbox", name="Update").first
    composer.press("ArrowUp")
    form = desk.locator(f"[data-for=update-{update['id']}] form.edit")
    area = form.get_by_role("textbox", name="Update")
    expect(area).to_be_focused()
    area.fill("Mine, without")
    area.press("Escape")
    expect(form).to_be_hidden()
    expect(composer).to_be_focused()
    composer.press("ArrowUp")
    expect(area).to_have_value("Mine, without")
    area.press("Control+Enter")
    expect(desk.locator(".updates li.update .text")).to_have_text(["Mine, without"])


def test_the_arrow_up_passes_over_what_others_wrote_and_moves_in_a_text(
    shared: Server, slug: str, open_page: NewPage
) -> None:
    shared.publish("Bob's own", slug)
    desk = bob_at_desk(open_page, shared, slug)
    desk.evaluate("document.querySelector('form.composer').dataset.byline = 'Somebody Else'")
    composer = desk.get_by_role("textbox", name="Update").first
    composer.press("ArrowUp")
    expect(composer).to_be_focused()
    expect(desk.locator("form.edit")).to_have_count(0)
    desk.evaluate("document.querySelector('form.composer').dataset.byline = 'Bob Brown'")
    composer.fill("Two\nlines")
    composer.press("ArrowUp")
    expect(composer).to_be_focused()
    expect(desk.locator("form.edit")).to_have_count(0)


def test_escape_closes_an_edit_and_keeps_its_text(shared: Server, slug: str, desk: Page) -> None:
    shared.publish("As it was", slug)
    edit = desk.locator(".updates li.update-tools a.edit")
    form = desk.locator("form.edit")
    edit.click()
    form.get_by_role("textbox", name="Update").press("Escape")
    expect(form).to_have_count(0)
    expect(edit).to_be_focused()
    edit.click()
    form.get_by_role("textbox", name="Update").fill("Half a thought")
    form.get_by_role("textbox", name="Update").press("Escape")
    expect(form).to_be_hidden()
    edit.click()
    expect(form.get_by_role("textbox", name="Update")).to_have_value("Half a thought")
    expect(form.get_by_role("textbox", name="Update")).to_be_focused()
    form.get_by_role("textbox", name="Update").press("Escape")
    desk.reload()
    edit.click()
    expect(form.get_by_role("textbox", name="Update")).to_have_value("Half a thought")


def test_a_closed_text_comes_into_view_when_its_update_is_retracted(shared: Server, slug: str, desk: Page) -> None:
    update = shared.publish("Doubtful", slug)
    desk.locator(".updates li.update-tools a.edit").click()
    area = desk.locator("form.edit").get_by_role("textbox", name="Update")
    area.fill("What I found out since")
    area.press("Escape")
    shared.api("DELETE", f"/api/v1/updates/{update['id']}")
    expect(desk.locator(".updates li.update")).to_have_count(0)
    expect(area).to_be_visible()
    expect(area).to_have_value("What I found out since")


def test_every_helper_can_be_hit_with_a_finger(shared: Server, slug: str, open_page: NewPage) -> None:
    page = bob_at_desk(open_page, shared, slug, **TOUCH)
    for each in page.locator(".helpers > button, .tabs button, .add-headline, .composer .flag").all():
        box = each.bounding_box()
        assert box is not None
        assert box["height"] >= 44
        assert box["x"] + box["width"] <= PHONE["width"]
