"""An edit replaces only what differs: focus, open folds and scroll positions in the rest of an update stay."""

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import LONG, PHONE, NewPage
from tests.browser.states import uploaded
from tests.server import Server

WIDE = "| one | two |\n|---|---|\n| {} | last |\n".format("Donaudampfschifffahrt" * 6)
# The part that is pushed, without what the reader's own device adds to it.
BARE = """(id) => {
  const part = document.getElementById(id).cloneNode(true);
  for (const each of [part, ...part.querySelectorAll("*")]) {
    for (const name of ["open", "aria-posinset", "aria-setsize"]) each.removeAttribute(name);
    each.classList.remove("fresh", "missed", "pending");
    each.classList.length || each.removeAttribute("class");
  }
  return part.outerHTML;
}"""


@pytest.fixture
def server(shared: Server) -> Server:
    return shared


def edited(server: Server, page: Page, update: dict[str, Any], **change: Any) -> None:
    """Edits it, and waits until the page has that."""
    answer = server.api("PATCH", f"/api/v1/updates/{update['id']}", {**change, "revision": update["revision"]})
    update["revision"] = answer["revision"]
    expect(page.locator(f"#update-{update['id']}[data-version='{answer['version']}']")).to_have_count(1)


def test_a_selection_in_an_untouched_paragraph_survives_an_edit(server: Server, slug: str, open_page: NewPage) -> None:
    update = server.publish("First.\n\nThe paragraph.\n\nLast.", slug)
    page = open_page(f"{server.url}/feeds/{slug}")
    page.evaluate("""() => getSelection().selectAllChildren(
      [...document.querySelectorAll("p")].find((p) => p.textContent === "The paragraph."))""")
    for body in (
        "First, better.\n\nThe paragraph.\n\nLast.",
        "New on top.\n\nFirst, better.\n\nThe paragraph.\n\n- one\n- two",
        "The paragraph.",
        "1. one\n2. two\n\nThe paragraph.\n\nEnd.",
    ):
        edited(server, page, update, body=body)
        assert page.evaluate("String(getSelection())").strip() == "The paragraph."
    edited(server, page, update, headline="And a headline")
    assert page.evaluate("String(getSelection())").strip() == "The paragraph."


def test_what_is_open_scrolled_or_focused_in_an_update_stays_so(server: Server, slug: str, open_page: NewPage) -> None:
    update = server.publish(f"{LONG}\n\n{WIDE}\n\n{LONG}", slug)
    own = f"#update-{update['id']}"
    page = open_page(f"{server.url}/feeds/{slug}", viewport=PHONE)
    page.locator(f"{own} summary").click()
    page.evaluate(f"document.querySelector('{own} table').scrollLeft = 70")
    page.locator(f"{own} .share").focus()
    edited(server, page, update, body=f"Put above.\n\n{LONG}\n\n{WIDE.replace('last', 'changed')}", headline="Named")
    expect(page.locator(own)).to_contain_text("changed")
    assert page.evaluate(f"document.querySelector('{own} table').scrollLeft") == 70
    assert page.locator(f"{own} details").evaluate("(fold) => fold.open")
    expect(page.locator(f"{own} .share")).to_be_focused()


def test_the_row_of_key_events_stays_where_it_was_scrolled_to(server: Server, slug: str, open_page: NewPage) -> None:
    events = [server.publish(f"Number {number}", slug, key=True) for number in range(8)]
    page = open_page(f"{server.url}/feeds/{slug}", viewport=PHONE)
    row = page.locator(".key-events ol")
    row.evaluate("(row) => (row.scrollLeft = 300)")
    edited(server, page, events[3], body="Number three")
    expect(row).to_contain_text("Number three")
    assert row.evaluate("(row) => row.scrollLeft") == 300


def test_a_picture_that_is_there_does_not_load_again(server: Server, slug: str, open_page: NewPage) -> None:
    picture = f"![The quay](/pictures/{uploaded(server)})"
    update = server.publish(f"Before.\n\n{picture}\n\nAfter.", slug)
    page = open_page(f"{server.url}/feeds/{slug}")
    image = page.locator("li.update img").element_handle()
    edited(server, page, update, body=f"Before, better.\n\nMore.\n\n{picture}\n\nAfter.")
    assert image
    assert image.evaluate("(image) => image.isConnected && image.complete")


TEXTS = [
    "One.", "Two.\n\nOne.", "- a\n- b", "One.\n\n- a\n- b\n\n> said\n\nTwo.", f"{LONG}\n\n{LONG}", WIDE,
    f"{LONG}\n\n{WIDE}", "One\nTwo\nThree", "Two\nThree **bold** end", "## Then\n\nOne.",
    "Two.\n\nOne.\n\nTwo.\n\nOne.", "https://example.org/",
]  # fmt: skip


@pytest.fixture
def changes() -> Iterator[dict[str, Any]]:
    """Edits one after the other: every text after another one, with and without a headline, key, pinned, corrected."""
    flags = [
        {"headline": "As it is"},
        {"headline": ""},
        {"key": True},
        {"pinned": True},
        {"key": False},
        {"pinned": False},
    ]
    bodies = [TEXTS[(i * step) % len(TEXTS)] for step in (1, 5, 7) for i in range(len(TEXTS))]
    return ({"body": body, **flags[i % len(flags)]} for i, body in enumerate(bodies))


@pytest.mark.long
def test_after_any_edit_the_page_is_what_a_fresh_one_is(
    server: Server, slug: str, open_page: NewPage, changes: Iterator[dict[str, Any]]
) -> None:
    update = server.publish("As it was", slug)
    page = open_page(f"{server.url}/feeds/{slug}")
    fresh = page.context.new_page()
    for change in changes:
        edited(server, page, update, **change)
        fresh.goto(f"{server.url}/feeds/{slug}")
        fresh.wait_for_selector("live-feed[state=live]")
        for part in (f"update-{update['id']}", f"pinned-{slug}", f"key-events-{slug}"):
            assert page.evaluate(BARE, part) == fresh.evaluate(BARE, part), change
