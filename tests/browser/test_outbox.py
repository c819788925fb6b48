"""What is published without a network waits on the device and is sent in order, each text once, by whoever wrote it."""

from typing import Any

import pytest
from playwright.sync_api import Page, Route, expect

from tests.browser.conftest import WITH_WORKER, NewPage, Profile, bob_at_desk, sign_in, until
from tests.server import Server

STATE = ".composer .draft-state"
TEXTS = "li.update .text"
SENT = 20_000  # ms: until the next try, and a text after the other


def body(page: Page) -> Any:
    return page.get_by_role("textbox", name="Update")


def publish(page: Page, text: str) -> None:
    """Publishes with the keys alone, and waits until the composer is free for the next text."""
    body(page).fill(text)
    body(page).press("Control+Enter")
    expect(body(page)).to_have_value("")


def published(server: Server, slug: str) -> list[str]:
    """The texts of the feed, the first one first."""
    found = server.api("GET", f"/api/v1/feeds/{slug}/updates?limit=100")["updates"]
    return [each["body"] for each in reversed(found)]


def test_twenty_texts_without_a_network_and_a_killed_browser_are_each_published_once_and_in_order(
    shared: Server, slug: str, profile: Profile
) -> None:
    page, texts = profile.desk(shared, slug), [f"Text {number}" for number in range(1, 21)]
    profile.context.set_offline(True)
    for text in texts[:12]:
        publish(page, text)
    expect(page.locator(STATE)).to_have_text("Queued (12)")
    body(page).fill("Half a sent")
    expect(page.locator(STATE)).to_have_text("Queued (12) · Saved on this device")
    profile.kill()
    # Its cookie may not have been on the disk yet. Then its copies of pages are not shown, and it has to be signed in.
    profile.open()
    profile.context.route("**/desk/feeds/*/updates", lambda route: route.abort())
    again = profile.desk(shared, slug)
    expect(body(again)).to_have_value("Half a sent")
    expect(again.locator(".outbox li")).to_have_count(12)
    for text in texts[12:]:
        publish(again, text)
    expect(again.locator(STATE)).to_have_text("Queued (20)")
    assert published(shared, slug) == []
    again.close()
    profile.context.unroute_all()
    # Any page of the desk sends them
    other = profile.context.new_page()
    other.goto(f"{shared.url}/desk/pictures")
    until(other, lambda: len(published(shared, slug)) == 20)
    assert published(shared, slug) == texts
    expect(other.get_by_role("link", name="Queued")).to_be_hidden()


def test_two_tabs_send_one_text_at_a_time_in_the_order_in_which_they_were_written(
    shared: Server, slug: str, desk: Page
) -> None:
    other = desk.context.new_page()
    other.goto(f"{shared.url}/desk/feeds/{slug}")
    under_way, most, sent = [0], [0], []

    def count(route: Route) -> None:
        under_way[0] += 1
        most[0] = max(most[0], under_way[0])
        sent.append(1)
        route.fulfill(response=route.fetch())
        under_way[0] -= 1

    desk.context.set_offline(True)
    texts = [f"Text {number}" for number in range(1, 7)]
    for page, text in zip([desk, other] * 3, texts, strict=True):
        publish(page, text)
    for page in (desk, other):
        expect(page.locator(STATE)).to_have_text("Queued (6)")
        expect(page.locator(".outbox .queued-text")).to_have_text(texts)
    desk.context.route("**/desk/feeds/*/updates", count)
    desk.context.set_offline(False)
    for page in (desk, other):
        expect(page.locator(".outbox")).to_be_hidden(timeout=SENT)
    assert published(shared, slug) == texts
    assert (most, len(sent)) == ([1], 6)


def test_a_refused_text_holds_those_after_it_and_keeps_its_place(shared: Server, slug: str, desk: Page) -> None:
    desk.context.set_offline(True)
    for text in ("One", "Two, see [this](ftp://x)", "Three, see [that](ftp://x)", "Four"):
        publish(desk, text)
    desk.context.set_offline(False)
    second = desk.locator(".outbox li").first
    expect(second).to_contain_text("ftp://x", timeout=SENT)
    expect(desk.locator(STATE)).to_have_text("Needs you")
    assert published(shared, slug) == ["One"]
    body(desk).fill("What is being written")
    second.get_by_role("button", name="Take back").click()
    expect(body(desk)).to_have_value("Two, see [this](ftp://x)")
    expect(desk.locator(".outbox")).to_contain_text("until the text in the composer is published or discarded")
    desk.reload()  # it is still the same text, and has its place
    expect(body(desk)).to_have_value("Two, see [this](ftp://x)")
    body(desk).fill("Two, see this")
    body(desk).press("Control+Enter")
    third = desk.locator(".outbox li").first
    expect(third).to_contain_text("Three")
    expect(third.locator(".queued-reason")).not_to_be_empty()
    third.get_by_role("button", name="Discard").click()
    expect(desk.locator(TEXTS).first).to_have_text("Four", timeout=SENT)
    assert published(shared, slug) == ["One", "Two, see this", "Four"]


def test_a_text_that_is_written_while_another_is_taken_back_is_there_again_after_it(
    shared: Server, slug: str, desk: Page
) -> None:
    desk.context.set_offline(True)
    publish(desk, "Wih a mistake")
    desk.get_by_role("button", name="Discard").last.click()
    expect(desk.locator(".outbox")).to_be_hidden()
    desk.get_by_role("button", name="Undo").click()
    expect(desk.locator(".outbox .queued-text")).to_have_text(["Wih a mistake"])
    body(desk).fill("What is being written")
    desk.get_by_role("button", name="Take back").click()
    expect(body(desk)).to_have_value("Wih a mistake")
    expect(desk.locator(".outbox")).to_be_hidden()
    body(desk).fill("With none")
    body(desk).press("Control+Enter")
    expect(desk.locator(".outbox .queued-text")).to_have_text(["With none"])
    desk.context.set_offline(False)
    expect(desk.locator(TEXTS)).to_have_text(["With none"], timeout=SENT)
    expect(body(desk)).to_have_value("What is being written")


def test_texts_of_a_session_that_ended_go_on_when_the_same_editor_is_signed_in(
    shared: Server, slug: str, desk: Page
) -> None:
    desk.context.clear_cookies()
    for text in ("One", "Two"):
        publish(desk, text)
    expect(desk.locator(STATE)).to_have_text("Needs you")
    expect(desk.get_by_role("alert")).to_contain_text("signed out")
    expect(desk.locator(".outbox li")).to_have_count(2)
    other = desk.context.new_page()
    other.goto(f"{shared.url}/desk/")
    sign_in(other, "alice")
    expect(other.get_by_role("heading", name="Desk")).to_be_visible()
    assert published(shared, slug) == []
    other.get_by_role("button", name="Sign out").click()
    sign_in(other)
    expect(desk.locator(TEXTS)).to_have_text(["Two", "One"], timeout=SENT)
    expect(desk.locator(".trouble")).to_be_hidden()
    expect(desk.locator(STATE)).to_contain_text("Published")


def test_after_ten_minutes_without_a_network_it_asks_before_it_sends(
    shared: Server, slug: str, open_page: NewPage
) -> None:
    page = open_page()
    page.clock.install()
    page.goto(f"{shared.url}/desk/feeds/{slug}")
    sign_in(page)
    page.wait_for_selector("live-feed[state=live]")
    page.context.set_offline(True)
    for text in ("Old news", "Older by now"):
        publish(page, text)
    page.clock.fast_forward("09:00")
    expect(page.locator(STATE)).to_have_text("Queued (2)")
    page.clock.fast_forward("01:30")
    expect(page.locator(STATE)).to_have_text("Needs you")
    page.context.set_offline(False)
    expect(page.locator(".outbox")).to_contain_text("more than ten minutes")
    assert published(shared, slug) == []
    page.get_by_role("button", name="Send all").click()
    expect(page.locator(TEXTS)).to_have_text(["Older by now", "Old news"], timeout=SENT)


@pytest.mark.parametrize("reached", [True, False], ids=["committed", "never arrived"])
def test_without_an_answer_the_truth_is_asked(shared: Server, slug: str, open_page: NewPage, reached: bool) -> None:
    page = open_page()
    page.add_init_script(
        "const slow = AbortSignal.timeout;"
        "AbortSignal.timeout = (ms) => slow.call(AbortSignal, window.hurry-- > 0 ? ms / 20 : ms)"
    )
    page.goto(f"{shared.url}/desk/feeds/{slug}")
    sign_in(page)
    page.wait_for_selector("live-feed[state=live]")
    asked: list[Route] = []

    def swallow(route: Route) -> None:
        if reached:
            route.fetch(max_redirects=0)
        page.unroute("**/desk/feeds/*/updates")

    page.route("**/desk/feeds/*/updates", swallow)
    body(page).fill("Is it there?")
    expect(page.locator(STATE)).to_have_text("Saved")
    page.route("**/desk/drafts/*", lambda route: asked.append(route))
    page.evaluate("window.hurry = 1")
    body(page).press("Control+Enter")
    expect(page.locator(STATE)).to_have_text("Not confirmed, checking…")
    until(page, lambda: bool(asked))
    asked[0].continue_()
    page.unroute("**/desk/drafts/*")
    expect(page.locator(TEXTS)).to_have_text(["Is it there?"], timeout=SENT)
    expect(page.locator(STATE)).to_contain_text("Published", timeout=SENT)
    assert shared.version(slug) == 1


def test_a_page_that_is_not_the_site_s_is_no_answer(shared: Server, slug: str, desk: Page) -> None:
    def put_between(address: str) -> list[Route]:
        """Answers that address as a network does in which one has to sign in first."""
        answered: list[Route] = []

        def welcome(route: Route) -> None:
            answered.append(route)
            route.fulfill(body="<!doctype html><h1>Welcome to our hotel</h1>", content_type="text/html")

        desk.route(address, welcome)
        return answered

    saved, sent = put_between("**/desk/drafts/*"), put_between("**/desk/feeds/*/updates")
    body(desk).fill("From the hotel")
    until(desk, lambda: bool(saved))
    expect(desk.locator(STATE)).to_have_text("Saved on this device")
    publish(desk, "From the hotel")
    until(desk, lambda: len(sent) > 1)
    desk.unroute_all()
    expect(desk.locator(TEXTS)).to_have_text(["From the hotel"], timeout=SENT)
    desk.get_by_role("link", name="Edit", exact=True).click()
    edit = desk.locator("form.edit")
    edit.get_by_role("textbox", name="Update").fill("From the hotel’s bar")
    sent = put_between("**/desk/updates/*")
    edit.get_by_role("button", name="Save").click()
    until(desk, lambda: bool(sent))
    expect(desk.get_by_role("alert")).not_to_be_empty()
    desk.unroute_all()
    edit.get_by_role("button", name="Save").click()
    expect(desk.locator(TEXTS)).to_have_text(["From the hotel’s bar"])


def test_a_server_that_is_killed_in_the_middle_publishes_each_text_once_and_in_order(
    server: Server, news_desk: Page
) -> None:
    texts = [f"Text {number}" for number in range(1, 9)]
    for text in texts[:4]:
        publish(news_desk, text)
    expect(news_desk.locator(TEXTS).filter(has_text="Text 1")).to_have_count(1)
    server.kill()
    for text in texts[4:]:
        publish(news_desk, text)
    expect(news_desk.locator(STATE)).to_contain_text("Queued")
    server.start()
    expect(news_desk.locator(".outbox")).to_be_hidden(timeout=60_000)
    assert published(server, "news") == texts


@pytest.mark.parametrize("reached", [True, False], ids=["brought", "lost"])
def test_signing_out_brings_what_waits_to_the_site_as_drafts(
    shared: Server, slug: str, desk: Page, reached: bool
) -> None:
    desk.context.route("**/desk/feeds/*/updates", lambda route: route.abort())
    for text in (f"One of {slug}", f"Two of {slug}"):
        publish(desk, text)
    asked: list[str] = []
    desk.on("dialog", lambda dialog: (asked.append(dialog.message), dialog.accept()))
    if not reached:
        desk.context.route("**/desk/drafts/*", lambda route: route.abort())
    desk.get_by_role("button", name="Sign out").click()
    desk.wait_for_url("**/desk/sign-in*")
    assert len(asked) == (0 if reached else 1)
    assert published(shared, slug) == []
    desk.context.unroute_all()
    sign_in(desk)
    expect(desk.get_by_role("heading", name="Desk")).to_be_visible()
    for text in (f"One of {slug}", f"Two of {slug}"):
        expect(desk.get_by_role("link", name=text)).to_have_count(1 if reached else 0)
    desk.goto(f"{shared.url}/desk/feeds/{slug}")
    expect(desk.locator(".outbox")).to_be_hidden()
    assert published(shared, slug) == []


def test_texts_that_are_published_on_a_copy_of_the_page_go_when_the_site_is_back(
    server: Server, open_page: NewPage
) -> None:
    page = bob_at_desk(open_page, server, "news", **WITH_WORKER)
    copy = "async () => !!(await (await caches.open('desk pages')).match('/desk/feeds/news'))"
    until(page, lambda: bool(page.evaluate(copy)))
    server.kill()
    drafts = set()
    for number in (1, 2, 3):
        page.goto(f"{server.url}/desk/feeds/news")
        expect(page.locator(".of-copy")).to_be_visible()
        drafts.add(page.locator("[name=draft_id]").input_value())
        publish(page, f"Text {number}")
        expect(page.locator(STATE)).to_have_text(f"Queued ({number})")
    assert len(drafts) == 3
    server.start()
    page.evaluate("dispatchEvent(new Event('online'))")
    until(page, lambda: len(published(server, "news")) == 3)
    assert published(server, "news") == ["Text 1", "Text 2", "Text 3"]
