"""The lists on the desk's first page follow what is done elsewhere; nothing moves under an editor's hands."""

from playwright.sync_api import Page, expect

from tests.browser.conftest import PHONE, NewPage, bob_at_desk, come_back
from tests.browser.test_drafts import STATE, composer, write
from tests.server import Server


def look(page: Page) -> None:
    """Comes back to the tab, which does not wait for the next look."""
    come_back(page, hidden=False)


def test_the_first_page_follows_a_phone_and_another_editor(
    shared: Server, slug: str, desk: Page, open_page: NewPage
) -> None:
    shared.publish(f"Of {slug}", slug)
    desk.goto(f"{shared.url}/desk/")
    first = desk.locator("#feeds a").first
    first.focus()
    with desk.expect_response(f"{shared.url}/desk/", timeout=15_000):  # by itself
        pass
    phone = bob_at_desk(open_page, shared, slug, viewport=PHONE)
    write(phone, f"From the phone {slug}")
    expect(phone.locator(STATE)).to_have_text("Saved")
    look(desk)
    link = desk.get_by_role("link", name=f"From the phone {slug}")
    expect(link).to_be_visible()
    expect(first).to_be_focused()
    row = desk.locator("#feeds li", has=desk.locator(f"a[href='/desk/feeds/{slug}']"))
    expect(row).to_contain_text("Live")
    discard = desk.locator("#not-published li", has=link).get_by_role("button", name="Discard")
    discard.focus()
    shared.coverage(slug, is_open=False)
    # This answer comes after that to a later question
    older, held = desk.request.get(f"{shared.url}/desk/").text(), []
    desk.route(f"{shared.url}/desk/", lambda route: held.append(route), times=1)
    with desk.expect_request(f"{shared.url}/desk/"):
        look(desk)
    with phone.expect_response(lambda answer: answer.request.method == "PUT" and answer.ok):
        write(phone, f"From the phone {slug}, later")  # the line says "Saved" of the text before
    look(desk)
    expect(row).to_contain_text("Ended")
    later = desk.get_by_role("link", name=f"From the phone {slug}, later")
    expect(later).to_be_visible()
    with desk.expect_event("requestfinished"):
        held[0].fulfill(body=older, content_type="text/html")
    desk.evaluate("fetch('/healthz')")
    expect(later).to_be_visible()
    assert desk.evaluate("document.activeElement.closest('li').textContent").count(f"{slug}, later") == 1
    box = desk.get_by_role("searchbox")
    box.fill("har")
    composer(phone).get_by_role("button", name="Discard").click()
    expect(phone.locator(".done")).to_contain_text("Discarded.")
    with phone.expect_response(lambda answer: answer.request.method == "PUT" and answer.ok):
        phone.locator(".done").get_by_role("button", name="Undo").click()
    look(desk)
    expect(box).to_be_focused()
    box.fill("")
    phone.get_by_role("button", name="Discard").click()
    look(desk)
    fold = desk.locator("details.discarded")
    fold.locator("summary").click()
    expect(fold).to_contain_text(f"From the phone {slug}, later", timeout=15_000)
    look(desk)
    expect(fold).to_have_attribute("open", "")
