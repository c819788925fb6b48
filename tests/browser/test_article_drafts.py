"""What is typed in the form of an article is at the site a second later, is gone on with anywhere, and is not lost."""

from typing import Any

import pytest
from playwright.sync_api import Page, Route, expect

from tests.browser.conftest import PHONE, NewPage, bob_at_desk, kept_on_device
from tests.browser.test_discarded import undo
from tests.browser.test_drafts import STATE, drop_writes, elsewhere
from tests.server import Server


@pytest.fixture
def server(shared: Server) -> Server:
    return shared


def form(page: Page) -> Any:
    return page.locator("form.article-form")


def test_a_new_article_is_gone_on_with_on_another_device_and_is_one_article(
    server: Server, slug: str, desk: Page, open_page: NewPage
) -> None:
    title = f"Fire on {slug}"
    desk.goto(f"{server.url}/desk/new-article")
    form(desk).get_by_label("Headline").fill(title)
    form(desk).get_by_label("Body").fill("As far as the desk knows")
    form(desk).get_by_label("Live coverage").check()
    expect(desk.locator(STATE)).to_have_text("Saved")
    phone = elsewhere(desk, open_page, server, viewport=PHONE)
    phone.get_by_role("link", name=title).click()
    expect(form(phone).get_by_label("Live coverage")).to_be_checked()
    expect(form(phone).get_by_label("Body")).to_have_value("As far as the desk knows")
    form(phone).get_by_label("Body").fill("From the quay")
    expect(phone.locator(STATE)).to_have_text("Saved")
    form(desk).get_by_label("Body").fill("From the desk")
    expect(desk.locator(STATE)).to_have_text("Another window has a later state of this draft.")
    desk.get_by_role("button", name="Use that one").click()
    expect(form(desk).get_by_label("Body")).to_have_value("From the quay")
    expect(desk.locator(STATE)).to_have_text("Saved")
    for page in (phone, desk):
        form(page).get_by_role("button", name="Save").click()
        expect(page.locator(".done")).to_have_text("The article is created.")
    assert phone.url == desk.url
    desk.goto(f"{server.url}/desk/")
    expect(desk.get_by_role("link", name=title)).to_have_count(2)  # as an article and its feed, and as no draft
    assert kept_on_device(desk) == []


@pytest.mark.parametrize("lost", ["the scripts of the answer", "the answer", "the request"])
def test_who_leaves_before_the_answer_was_read_is_not_offered_again_what_is_stored(
    server: Server, slug: str, open_page: NewPage, lost: str
) -> None:
    page = bob_at_desk(open_page, server, slug, service_workers="block")
    page.goto(f"{server.url}/desk/new-article")
    form(page).get_by_label("Headline").fill(f"Fire on {slug}")
    form(page).get_by_label("Body").fill("From the quay")
    expect(page.locator(STATE)).to_have_text("Saved")

    def lose(route: Route) -> None:
        if lost == "the answer":
            route.fetch(max_redirects=0)
        route.abort()

    held = "**/desk.js" if lost == "the scripts of the answer" else "**/desk/articles"
    page.route(held, lose)
    with page.expect_event("requestfailed"):
        form(page).get_by_role("button", name="Save").click()
    page.unroute(held)
    page.goto(f"{server.url}/desk/new-article")
    if lost == "the request":
        expect(form(page).get_by_label("Body")).to_have_value("From the quay")
    else:
        assert kept_on_device(page) == []
        expect(form(page).get_by_label("Body")).to_have_value("")


def test_an_edited_article_comes_to_the_site_at_sign_out_and_is_discarded_and_had_back(
    server: Server, slug: str, desk: Page, open_page: NewPage
) -> None:
    desk.goto(f"{server.url}/desk/articles/{slug}")
    headline = form(desk).get_by_label("Headline")
    headline.fill(f"Typed a moment ago {slug}")
    desk.get_by_role("button", name="Sign out").click()
    desk.wait_for_url("**/desk/sign-in*")
    assert kept_on_device(desk) == []
    again = bob_at_desk(open_page, server, slug)
    again.goto(f"{server.url}/desk/")
    again.get_by_role("link", name=f"Typed a moment ago {slug}").click()
    headline = form(again).get_by_label("Headline")
    expect(headline).to_have_value(f"Typed a moment ago {slug}")
    dropped: list[str] = []
    drop_writes(again.context, dropped)
    with again.expect_event("requestfailed"):
        headline.fill(f"Only on the device {slug}")
    again.reload()
    expect(headline).to_have_value(f"Only on the device {slug}")
    again.context.unroute("**/desk/drafts/*")
    again.get_by_role("button", name="Discard").click()
    undo(again).click()
    again.get_by_role("link", name=f"Only on the device {slug}").click()
    expect(headline).to_have_value(f"Only on the device {slug}")
    form(again).get_by_role("button", name="Save").click()
    expect(again.locator(".done")).to_have_text("Saved.")
    reader = open_page(f"{server.url}/articles/{slug}")
    expect(reader.get_by_role("heading", level=1)).to_have_text(f"Only on the device {slug}")
