"""Readers' open pages in Chromium while an editor writes."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import NewPage, until
from tests.server import Server


def texts(page: Page, feed: str = "news") -> list[str]:
    """The texts of the updates shown, from the top."""
    return page.locator(f"live-feed[feed={feed}] li.update .text").all_inner_texts()


def test_two_readers_see_what_an_editor_publishes_edits_and_retracts(
    server: Server, open_page: NewPage, news_desk: Page
) -> None:
    desktop = open_page(f"{server.url}/", viewport={"width": 1440, "height": 900})
    phone = open_page(f"{server.url}/feeds/news", viewport={"width": 360, "height": 740})
    news_desk.get_by_label("Update").fill("The **first** words")
    news_desk.get_by_role("button", name="Publish").click()
    for reader in (desktop, phone):
        expect(reader.locator("li.update .text")).to_have_text(["The first words"])
        expect(reader.locator("li.update .edited")).to_have_count(0)

    news_desk.locator("li.update-tools a.edit").click()
    form = news_desk.locator("form.edit")
    form.get_by_label("Update").fill("Better words")
    form.get_by_role("button", name="Save").click()
    for reader in (desktop, phone):
        expect(reader.locator("li.update .text")).to_have_text(["Better words"])
        expect(reader.locator("li.update .edited")).to_have_text(re.compile(r"\(Updated: \d\d:\d\d\)"))

    news_desk.locator(".more-tools summary").click()
    news_desk.locator("form.retraction").get_by_role("button", name="Retract").click()
    for reader in (desktop, phone):
        expect(reader.locator("li.update")).to_have_count(0)
        expect(reader.get_by_text("The first update will appear by itself.")).to_be_visible()


def test_the_day_of_an_edit_is_named_when_it_is_another(shared: Server, slug: str, open_page: NewPage) -> None:
    for retract in (False, True):
        old = shared.publish("Of old", slug, published_at="2026-01-02T09:00:00Z")
        shared.api("PATCH", f"/api/v1/updates/{old['id']}", {"body": "Of late", "revision": 1})
        if retract:
            shared.api("DELETE", f"/api/v1/updates/{old['id']}", {"notice": True})
    page = open_page(f"{shared.url}/feeds/{slug}")
    moment = r"\d+ \w+ 20\d\d, \d\d:\d\d"
    expect(page.locator("li.update .edited")).to_have_text(re.compile(rf"\(Updated: {moment}\)"))
    expect(page.locator("li.retracted")).to_have_text(re.compile(rf"retracted at {moment}"))


def test_stacked_marks_stay_within_their_update(shared: Server, slug: str, open_page: NewPage) -> None:
    shared.publish("Z" + "\u0302" * 60 + "algo", slug)
    shared.publish("Above", slug)
    page = open_page(f"{shared.url}/feeds/{slug}")
    above, stacked = page.locator("li.update").all()
    with_marks = above.locator("article").screenshot()
    stacked.locator(".text").evaluate("(text) => (text.style.visibility = 'hidden')")
    assert above.locator("article").screenshot() == with_marks


def test_an_article_follows_its_own_feed_and_the_news_over_one_socket(server: Server, open_page: NewPage) -> None:
    server.api("POST", "/api/v1/articles", {"slug": "harbour", "headline": "The harbour", "live": True})
    page = open_page(f"{server.url}/articles/harbour", wait_for="live-feed[feed=harbour][state=live]")
    sockets: list[str] = []
    page.on("websocket", lambda socket: sockets.append(socket.url))
    page.reload()
    page.wait_for_selector("live-feed[feed=news][state=live]")
    server.publish("From the quay", feed="harbour", pinned=True)
    server.publish("From the town")
    expect(page.locator("live-feed[feed=harbour] li.update .text")).to_have_text("From the quay")
    expect(page.locator("#pinned-harbour")).to_contain_text("From the quay")
    expect(page.locator("live-feed[feed=news] li.update .text")).to_have_text("From the town")
    server.api("PATCH", "/api/v1/articles/harbour", {"headline": "The harbour opens"})
    expect(page.get_by_role("heading", level=1)).to_have_text("The harbour opens")
    server.api("PATCH", "/api/v1/articles/harbour", {"live": False})
    expect(page.get_by_text("This coverage has ended.")).to_be_visible()
    assert len(sockets) == 1


def test_show_more_neither_skips_nor_repeats_while_others_publish(
    shared: Server, slug: str, open_page: NewPage
) -> None:
    for number in range(50):
        shared.publish(f"Number {number}", slug)
    page = open_page(f"{shared.url}/feeds/{slug}")
    assert len(texts(page, slug)) == 20
    shared.publish("While reading 1", slug)
    shared.publish("While reading 2", slug)
    expect(page.locator("li.update")).to_have_count(22)
    page.get_by_role("link", name="Show More").click()
    expect(page.locator("li.update")).to_have_count(42)
    shared.publish("While reading 3", slug)
    page.get_by_role("link", name="Show More").click()
    expect(page.locator("li.update")).to_have_count(53)
    expect(page.get_by_role("link", name="Show More")).to_have_count(0)
    expected = [f"While reading {number}" for number in (3, 2, 1)] + [
        f"Number {number}" for number in range(49, -1, -1)
    ]
    assert texts(page, slug) == expected


def test_what_show_more_brought_is_live_too(shared: Server, slug: str, open_page: NewPage) -> None:
    first = shared.publish("The oldest", slug)
    second = shared.publish("The second oldest", slug)
    for number in range(20):
        shared.publish(f"Number {number}", slug)
    page = open_page(f"{shared.url}/feeds/{slug}")
    shared.api("PATCH", f"/api/v1/updates/{first['id']}", {"body": "Edited before it was loaded", "revision": 1})
    page.get_by_role("link", name="Show More").click()
    expect(page.locator("li.update")).to_have_count(22)
    assert texts(page, slug)[-1] == "Edited before it was loaded"
    shared.api("PATCH", f"/api/v1/updates/{first['id']}", {"body": "Edited again", "revision": 2})
    shared.api("DELETE", f"/api/v1/updates/{second['id']}")
    expect(page.locator("li.update")).to_have_count(21)
    expect(page.locator("li.update .text").last).to_have_text("Edited again")


def test_a_retraction_wins_over_older_updates_that_are_on_their_way(
    shared: Server, slug: str, open_page: NewPage
) -> None:
    doomed = shared.publish("Wrong", slug)
    for number in range(20):
        shared.publish(f"Number {number}", slug)
    page = open_page(f"{shared.url}/feeds/{slug}")
    held = []
    page.route("**/older?*", lambda route: held.append((route, route.fetch())))
    page.get_by_role("link", name="Show More").click()
    until(page, lambda: bool(held))
    assert "Wrong" in held[0][1].text()
    shared.api("DELETE", f"/api/v1/updates/{doomed['id']}")
    shared.publish("So that the push has arrived", slug)
    expect(page.locator("li.update", has_text="So that the push has arrived")).to_have_count(1)
    held[0][0].fulfill(response=held[0][1])
    expect(page.get_by_role("link", name="Show More")).to_have_count(0)
    assert "Wrong" not in texts(page, slug)


def test_show_more_that_failed_still_is_a_link_to_what_was_asked_for(
    shared: Server, slug: str, open_page: NewPage
) -> None:
    for number in range(50):
        shared.publish(f"Number {number}", slug)
    page = open_page(f"{shared.url}/feeds/{slug}")
    page.get_by_role("link", name="Show More").click()
    expect(page.locator("li.update")).to_have_count(40)
    page.route("**/older?*", lambda route: route.abort())
    page.get_by_role("link", name="Show More").click()
    again = page.get_by_role("link", name="Not loaded. Try again").get_attribute("href")
    expect(page.locator("li.update")).to_have_count(40)
    page.goto(again or "")
    expect(page.locator("li.update")).to_have_count(10)
    assert texts(page, slug)[0] == "Number 9"


def test_a_page_of_older_updates_that_are_all_gone_stays_empty(shared: Server, slug: str, open_page: NewPage) -> None:
    gone = shared.publish("The oldest", slug)
    for number in range(20):
        shared.publish(f"Number {number}", slug)
    page = open_page(f"{shared.url}/feeds/{slug}")
    older = page.get_by_role("link", name="Show More").get_attribute("href")
    shared.api("DELETE", f"/api/v1/updates/{gone['id']}")
    page = open_page(f"{shared.url}/feeds/{slug}{older}")
    shared.publish("Brand new", slug)
    page.wait_for_selector("live-feed[version='23']")
    expect(page.locator("li.update")).to_have_count(0)
    expect(page.get_by_text("Nothing was published here.")).to_be_visible()


def test_a_new_headline_and_the_end_of_coverage_show_wherever_they_stand(
    shared: Server, slug: str, open_page: NewPage
) -> None:
    update = shared.publish("Live", slug)
    paths = (f"/articles/{slug}", f"/feeds/{slug}", f"/updates/{update['id']}")
    article, feed, permalink = [
        open_page(shared.url + path, wait_for=f"live-feed[feed={slug}][state=live]") for path in paths
    ]
    shared.api("PATCH", f"/api/v1/articles/{slug}", {"headline": """The "$& harbour" <opens>"""})
    expect(article).to_have_title("The “$& harbour” <opens> – Liveline")
    expect(feed).to_have_title("Live coverage: The “$& harbour” <opens> – Liveline")
    expect(permalink).to_have_title("Live – Liveline")
    expect(feed.locator(".kicker")).to_have_text("The “$& harbour” <opens>")
    expect(permalink.locator(".kicker [data-copy]")).to_have_text("The “$& harbour” <opens>")
    shared.api("DELETE", f"/api/v1/updates/{update['id']}")
    for page in (article, feed):
        expect(page.locator(f"[feed={slug}]").get_by_text("The first update will appear by itself.")).to_be_visible()
    expect(article.locator(".jump .live-mark")).to_be_visible()
    shared.coverage(slug, is_open=False)
    for page in (article, feed):
        expect(page.get_by_text("Nothing was published here.").filter(visible=True)).to_have_count(1)
        expect(page.locator(f"[feed={slug}]").get_by_text("The first update will appear")).to_be_hidden()
    expect(article.locator(".jump .live-mark")).to_be_hidden()
    for page in (article, feed):
        parts = page.locator(f".kicker, h1, .jump, live-feed[feed={slug}]")
        seen = page.title(), parts.all_inner_texts()
        page.reload()
        page.wait_for_selector(f"live-feed[feed={slug}][state=ended]")
        assert (page.title(), parts.all_inner_texts()) == seen


def test_without_javascript_the_page_is_complete_and_every_link_works(server: Server, open_page: NewPage) -> None:
    for number in range(25):
        server.publish(f"Number {number}")
    long = server.publish("Long. " * 200)
    server.api("POST", "/api/v1/articles", {"slug": "harbour", "headline": "The harbour", "body": "Text", "live": True})
    page = open_page(f"{server.url}/", wait_for=None, java_script_enabled=False)
    page.get_by_role("link", name="The harbour").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("The harbour")
    expect(page.locator("li.update")).to_have_count(20)
    expect(page.locator(".state").first).to_be_empty()
    folded = page.locator(f"#update-{long['id']} .text")
    before = folded.bounding_box()
    page.get_by_text("Show more", exact=True).click()
    after = folded.bounding_box()
    assert before
    assert after
    assert after["height"] > 2 * before["height"]
    page.get_by_role("link", name="Show More", exact=True).click()
    assert page.locator("li.update .text").all_inner_texts()[-1] == "Number 0"
    page.get_by_role("link", name="Back to the newest updates").click()
    page.locator("li.update a").first.click()
    page.get_by_role("link", name="Go to the update").click()
    expect(page.locator("li.update:target")).to_have_count(1)
    for link in page.get_by_role("link").all():
        address = link.get_attribute("href") or ""
        assert page.request.get(server.url + address if address.startswith("/") else page.url).ok, address


@pytest.mark.long
def test_where_websocket_is_blocked_the_page_polls(shared: Server, slug: str, open_page: NewPage) -> None:
    page = open_page(f"{shared.url}/healthz", wait_for=None)
    page.add_init_script(
        "window.WebSocket = class extends WebSocket { constructor() { super(`ws://${location.host}/no`); } }"
    )
    page.goto(f"{shared.url}/feeds/{slug}")
    page.wait_for_selector("live-feed[state=polling]")
    shared.publish("By the other way", slug)
    expect(page.locator("li.update .text")).to_have_text("By the other way", timeout=20_000)


def test_the_permalink_shows_the_update_in_its_surroundings_and_stays_live(
    shared: Server, slug: str, open_page: NewPage
) -> None:
    updates = [shared.publish(f"Number {number}. " * 100, slug) for number in range(10)]
    update = updates[3]
    page = open_page(f"{shared.url}/updates/{update['id']}")
    expect(page.locator(f"live-feed[feed='{slug}'] li.update")).to_have_count(8)
    linked = page.locator(f"#update-{update['id']}")
    expect(linked).to_have_class(re.compile("highlighted"))
    expect(linked).to_be_in_viewport()
    expect(linked.locator("summary")).to_be_hidden()
    expect(page.get_by_text("This update has been retracted.")).to_be_hidden()
    shared.api("PATCH", f"/api/v1/updates/{update['id']}", {"body": "Linked and edited", "revision": 1})
    expect(linked.locator(".text")).to_have_text("Linked and edited")
    expect(linked).to_have_class(re.compile("highlighted"))
    shared.api("DELETE", f"/api/v1/updates/{update['id']}", {"notice": True})
    expect(linked).to_contain_text("This update has been retracted.")
    expect(linked).to_contain_text("An update was retracted at")
    answer = page.reload()
    assert answer
    assert answer.status == 410


def test_the_chosen_theme_is_remembered(shared: Server, open_page: NewPage) -> None:
    page = open_page(f"{shared.url}/", color_scheme="light")
    light = page.evaluate("getComputedStyle(document.body).backgroundColor")
    page.get_by_role("button", name="Dark").click()
    dark = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert dark != light
    page.reload()
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == dark
