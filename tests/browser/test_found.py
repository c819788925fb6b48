"""The words of a search are highlighted in its results, by the same comparison that the search uses."""

import pytest
from playwright.sync_api import Page

from tests.browser.conftest import NewPage, until
from tests.server import Server

MARKED = "() => [...(CSS.highlights.get('found') ?? [])].map(String)"


def marked(page: Page) -> list[str]:
    return list(page.evaluate(MARKED))


@pytest.mark.parametrize(
    ("text", "asked", "words"),
    [
        ("The Café on the quay, not the cafés", "CAFE", ["Café"]),
        ("Nach Łódź, in die Straße", "strasse lodz", ["Łódź", "Straße"]),
        ("It was said twice: Quay and *quay*.", "quay", ["Quay", "quay"]),
        ("Сьогодні на мосту, на Мосту", "мосту", ["мосту", "Мосту"]),
        ("今日の東京都の天気", "東京", ["東京"]),
        ("Soft\u00adhyphens part words", "softhyphens", ["Soft\u00adhyphens"]),
        ("What 2+2 (is) and $4.50", "(is) 2+2", ["2", "2", "is"]),
    ],
)
def test_what_was_searched_for_is_marked(
    shared: Server, slug: str, open_page: NewPage, text: str, asked: str, words: list[str]
) -> None:
    update = shared.publish(text, slug)
    page = open_page(f"{shared.url}/healthz", wait_for=None)
    page.goto(f"{shared.url}/feeds/{slug}")
    plain = page.locator(f"#update-{update['id']} .text").inner_html()
    page.locator(".find summary").click()
    page.get_by_label("Search", exact=True).fill(asked)
    page.get_by_role("button", name="Search").click()
    page.wait_for_selector("live-feed[shows=found][state=live]")
    until(page, lambda: marked(page) == words)
    assert page.locator(f"#update-{update['id']} .text").inner_html() == plain, "marks change nothing in an update"


def test_an_edit_is_marked_too_and_no_other_page_has_marks(shared: Server, slug: str, open_page: NewPage) -> None:
    update = shared.publish("The quay", slug, headline="Quay")
    page = open_page(f"{shared.url}/feeds/{slug}?q=quay")
    until(page, lambda: marked(page) == ["Quay", "quay"])
    shared.api("PATCH", f"/api/v1/updates/{update['id']}", {"body": "A quay, a quay", "revision": 1})
    until(page, lambda: marked(page) == ["Quay", "quay", "quay"])
    page.goto(f"{shared.url}/feeds/{slug}")
    page.wait_for_selector("live-feed[state=live]")
    assert marked(page) == []
