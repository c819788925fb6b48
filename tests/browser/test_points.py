"""What we know, on pages that are open while it is written, doubted and confirmed."""

from playwright.sync_api import Page, expect

from tests.browser.conftest import NewPage
from tests.server import Server


def box(page: Page) -> str:
    """The box as the browser holds it."""
    return str(page.locator(".points").evaluate("(box) => box.outerHTML"))


def test_a_reader_sees_a_point_come_be_doubted_and_stand_again(
    shared: Server, slug: str, desk: Page, open_page: NewPage
) -> None:
    update = shared.publish("Two are hurt.", slug, headline="Two hurt")
    reader = open_page(f"{shared.url}/articles/{slug}")
    reader.evaluate("window.same = true")
    points, below = reader.locator(".points li"), desk.locator(".what-we-know")
    expect(points).to_have_count(0)
    expect(reader.locator(".points")).to_be_hidden()

    below.get_by_role("link", name="Add a point").click()
    desk.get_by_label("Point", exact=True).fill("Two are hurt")
    desk.get_by_label("Two hurt").check()
    desk.get_by_role("button", name="Save").click()
    expect(desk.locator(".done")).to_contain_text("What we know is changed.")
    expect(points.first).to_contain_text("Two are hurt")
    expect(points.first).not_to_contain_text("Being checked")

    path = f"/api/v1/updates/{update['id']}"
    shared.api("PATCH", path, {"body": "Three are hurt.", "revision": 1})
    expect(points.first).to_contain_text("Being checked")
    expect(reader.locator(f"#update-{update['id']} .text")).to_have_text("Three are hurt.")
    expect(below).to_contain_text("Being checked")
    below.get_by_role("button", name="It stands").click()
    expect(desk.locator(".done")).to_contain_text("The point stands.")
    expect(points.first).not_to_contain_text("Being checked")

    points.first.get_by_role("link").click()
    expect(reader.locator(f"#update-{update['id']} article")).to_be_focused()
    shared.api("PATCH", path, {"status": "wrong", "source": "The hospital", "revision": 2})
    expect(points.first).to_contain_text("Being checked")
    expect(reader.get_by_role("article", name="This was wrong: Two hurt")).to_contain_text("source: The hospital")
    shared.api("DELETE", path)
    expect(points.first.get_by_role("link")).to_have_count(0)
    expect(below.get_by_role("button", name="It stands")).to_have_count(0)
    fresh = open_page(f"{shared.url}/articles/{slug}")
    assert box(reader) == box(fresh)
    assert reader.evaluate("window.same"), "nothing of this needs a reload"
