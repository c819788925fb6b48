"""Pasting at the desk: Markdown of what was copied, the plain text after one undo, and nothing lost meanwhile."""

from pathlib import Path

import pytest
from playwright.sync_api import Page, Route, expect

from tests.browser.conftest import NewPage, bob_at_desk, until
from tests.server import Server

PASTED = Path(__file__).parent.parent / "desk" / "pasted"
WIDTHS = [{"width": 1280, "height": 800}, {"width": 360, "height": 740}]

PASTE = """(area, clipboard) => {
  const data = new DataTransfer();
  for (const [type, content] of Object.entries(clipboard)) data.setData(type, content);
  area.focus();
  area.dispatchEvent(new ClipboardEvent("paste", { clipboardData: data, bubbles: true, cancelable: true }));
}"""


def paste(page: Page, clipboard: dict[str, str], label: str = "Update") -> None:
    """A paste of that content, by type, at the caret."""
    page.get_by_role("textbox", name=label).evaluate(PASTE, clipboard)


@pytest.mark.parametrize("viewport", WIDTHS, ids=["wide", "phone"])
def test_what_was_copied_becomes_markdown_and_undo_gives_the_plain_text(
    shared: Server, slug: str, open_page: NewPage, viewport: dict[str, int]
) -> None:
    page = bob_at_desk(open_page, shared, slug, viewport=viewport)
    words = page.get_by_role("textbox", name="Update")
    sources = sorted(PASTED.glob("*.html"))
    assert sources
    for source in sources:
        made = source.with_suffix(".md").read_text().strip("\n")
        words.fill("")
        paste(page, {"text/html": source.read_text(), "text/plain": "The plain\r\ntext"})
        expect(words, source.stem).to_have_value(made)
        expect(words, source.stem).to_be_focused()
        words.press("Control+z")
        expect(words, source.stem).to_have_value("The plain\ntext")
        words.press("Control+Shift+z")
        expect(words, source.stem).to_have_value(made)


def test_the_clipboard_of_the_browser_itself_is_pasted(shared: Server, slug: str, open_page: NewPage) -> None:
    page = bob_at_desk(open_page, shared, slug)
    page.evaluate(
        """() => {
          const copied = document.createElement("div");
          const bold = document.createElement("b"), link = document.createElement("a");
          bold.textContent = "Two ferries";
          link.textContent = "turned back";
          link.href = "https://example.org/ferries";
          copied.append(bold, " ", link, ".");
          document.body.append(copied);
          getSelection().selectAllChildren(copied);
          document.execCommand("copy");
          copied.remove();
        }"""
    )
    words = page.get_by_role("textbox", name="Update")
    words.press("Control+v")
    expect(words).to_have_value("**Two ferries** [turned back](https://example.org/ferries).")
    words.press("Control+z")
    expect(words).to_have_value("Two ferries turned back.")


@pytest.mark.parametrize("viewport", WIDTHS, ids=["wide", "phone"])
def test_an_address_pasted_over_words_makes_a_link(
    shared: Server, slug: str, open_page: NewPage, viewport: dict[str, int]
) -> None:
    page = bob_at_desk(open_page, shared, slug, viewport=viewport)
    words = page.get_by_role("textbox", name="Update")
    words.fill("See the notice today")
    words.evaluate("area => area.setSelectionRange(4, 14)")
    address = "https://example.org/a_(b)?c=1"
    paste(page, {"text/plain": f"{address}\n", "text/html": f'<a href="{address}">x</a>'})
    expect(words).to_have_value(f"See [the notice]({address}) today")
    words.press("Control+z")
    expect(words).to_have_value("See the notice today")


def test_lines_of_a_pdf_are_joined(shared: Server, slug: str, desk: Page) -> None:
    paste(desk, {"text/plain": (PASTED / "pdf.txt").read_text()})
    words = desk.get_by_role("textbox", name="Update")
    expect(words).to_have_value((PASTED / "pdf.md").read_text())
    words.press("Control+z")
    expect(words).to_have_value((PASTED / "pdf.txt").read_text())


@pytest.mark.parametrize("fault", ["offline", "refused", "signed out"])
def test_the_plain_text_stays_when_the_site_does_not_clean_it(
    shared: Server, slug: str, desk: Page, fault: str
) -> None:
    answers: list[str] = []
    desk.on("requestfinished", lambda request: answers.append(request.url))
    desk.on("requestfailed", lambda request: answers.append(request.url))
    words = desk.get_by_role("textbox", name="Update")
    if fault == "offline":
        desk.context.set_offline(True)
    elif fault == "refused":
        desk.route("**/desk/paste", lambda route: route.fulfill(status=422, json={}))
    else:
        desk.context.clear_cookies()
    paste(desk, {"text/html": "<p><b>Bold</b></p>", "text/plain": "Bold"})
    until(desk, lambda: any(url.endswith("/desk/paste") for url in answers))
    words.press_sequentially(" and more")
    expect(words).to_have_value("Bold and more")
    desk.context.set_offline(False)


def test_what_is_typed_meanwhile_is_kept_and_so_is_the_caret(shared: Server, slug: str, desk: Page) -> None:
    held: list[Route] = []
    desk.route("**/desk/paste", lambda route: held.append(route))
    words = desk.get_by_role("textbox", name="Update")
    words.fill("Before. ")
    paste(desk, {"text/html": "<p><b>Bold</b> words</p>", "text/plain": "Bold words"})
    until(desk, lambda: bool(held))
    words.press_sequentially(" after")
    words.press("Home")
    words.press_sequentially("At once: ")
    held[0].continue_()
    expect(words).to_have_value("At once: Before. **Bold** words after")
    words.press_sequentially("now ")
    expect(words).to_have_value("At once: now Before. **Bold** words after")
    desk.reload()
    expect(words).to_have_value("At once: now Before. **Bold** words after")


def test_a_paste_that_was_undone_meanwhile_stays_undone(shared: Server, slug: str, desk: Page) -> None:
    held: list[Route] = []
    answered: list[str] = []
    desk.on("requestfinished", lambda request: answered.append(request.url))
    desk.route("**/desk/paste", lambda route: held.append(route))
    words = desk.get_by_role("textbox", name="Update")
    words.fill("Before")
    paste(desk, {"text/html": "<p><b>Bold</b> words</p>", "text/plain": "Bold words"})
    until(desk, lambda: bool(held))
    words.press("Control+z")
    expect(words).to_have_value("Before")
    held[0].continue_()
    until(desk, lambda: any(url.endswith("/desk/paste") for url in answered))
    words.press_sequentially(" and after")
    expect(words).to_have_value("Before and after")


def test_blocks_begin_and_end_on_lines_of_their_own(shared: Server, slug: str, desk: Page) -> None:
    words = desk.get_by_role("textbox", name="Update")
    words.fill("Closed:and no other.")
    words.evaluate("area => area.setSelectionRange(7, 7)")
    paste(desk, {"text/html": "<ul><li>A</li><li>B</li></ul>", "text/plain": "A\nB"})
    expect(words).to_have_value("Closed:\n\n* A\n* B\n\nand no other.")


def test_source_from_a_code_editor_and_one_plain_line_are_not_asked_about(
    shared: Server, slug: str, desk: Page
) -> None:
    asked: list[str] = []
    desk.on("request", lambda request: asked.append(request.url))
    handled = """(area, clipboard) => {
      const data = new DataTransfer();
      for (const [type, content] of Object.entries(clipboard)) data.setData(type, content);
      return !area.dispatchEvent(new ClipboardEvent("paste", { clipboardData: data, bubbles: true, cancelable: true }));
    }"""
    words = desk.get_by_role("textbox", name="Update")
    for clipboard in (
        {"text/html": "<div><span>**bold**</span></div>", "text/plain": "**bold**", "vscode-editor-data": "{}"},
        {"text/plain": "One line"},
        {"text/plain": "https://example.org/"},
    ):
        assert not words.evaluate(handled, clipboard)
    assert not any(url.endswith("/desk/paste") for url in asked)


def test_an_edit_form_and_an_article_take_what_is_pasted_too(shared: Server, slug: str, desk: Page) -> None:
    shared.publish("Old", slug)
    desk.locator(".updates li.update").wait_for()
    desk.get_by_role("link", name="Edit", exact=True).click()
    words = desk.locator("form.edit textarea[name=body]")
    words.fill("")
    words.evaluate(PASTE, {"text/html": "<p><b>New</b></p>", "text/plain": "New"})
    expect(words).to_have_value("**New**")
    desk.goto(f"{shared.url}/desk/articles/{slug}")
    desk.on("dialog", lambda dialog: dialog.accept())
    body = desk.locator("form.article-form textarea[name=body]")
    body.fill("")
    body.evaluate(PASTE, {"text/html": "<h2>Part</h2><p>Words</p>", "text/plain": "Part"})
    expect(body).to_have_value("## Part\n\nWords")
