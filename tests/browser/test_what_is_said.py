"""The state, labels and announcements of a reader's page are true, and screen readers get both."""

import re
from typing import Any

import pytest
from playwright.sync_api import Page, Route, expect

from tests.browser.conftest import RECONNECT, NewPage, come_back, until
from tests.browser.states import uploaded
from tests.server import Server

NO_SOCKET = "window.WebSocket = class extends WebSocket { constructor() { super(`ws://${location.host}/nowhere`); } }"
HEAR = """addEventListener("DOMContentLoaded", () => {
  window.told = [];
  const voice = document.querySelector(".aloud");
  if (voice) new MutationObserver(() => told.push(voice.textContent)).observe(voice, { childList: true });
})"""


@pytest.fixture
def server(shared: Server) -> Server:
    return shared


def published(server: Server, slug: str, many: int, **more: Any) -> list[dict[str, Any]]:
    return [server.publish(f"Number {number}", slug, **more) for number in range(many)]


def edit(server: Server, update: dict[str, Any], revision: int = 1, **change: Any) -> None:
    server.api("PATCH", f"/api/v1/updates/{update['id']}", {**change, "revision": revision})


def listening(open_page: NewPage, server: Server, address: str, **options: Any) -> Page:
    """A page at that address, which keeps what it told."""
    page = open_page(f"{server.url}/healthz", wait_for=None, **options)
    page.add_init_script(HEAR)
    page.goto(server.url + address)
    page.wait_for_selector("live-feed[state=live]", state="attached")
    return page


def told(page: Page) -> str:
    return " ".join(page.evaluate("told"))


def drop(route: Route) -> None:
    route.abort()


def fail(route: Route) -> None:
    route.fulfill(status=503, body="<h1>Later</h1>", content_type="text/html")


def intrude(route: Route) -> None:
    route.fulfill(status=200, body="<h1>Welcome to the hotel</h1>", content_type="text/html")


@pytest.mark.parametrize("trouble", [drop, fail, intrude])
def test_more_that_does_not_come_is_said_and_can_be_asked_for_again(
    server: Server, slug: str, open_page: NewPage, trouble: Any
) -> None:
    published(server, slug, 45)
    page = listening(open_page, server, f"/feeds/{slug}")
    page.evaluate("window.stayed = true")
    page.route("**/older?*", trouble)
    for _ in range(2):
        page.locator(".more a").click()
        expect(page.get_by_role("link", name="Not loaded. Try again")).to_be_visible()
    until(page, lambda: "Not loaded. Try again" in told(page))
    page.unroute("**/older?*")
    page.get_by_role("link", name="Try again").click()
    expect(page.locator("li.update")).to_have_count(40)
    expect(page.get_by_role("link", name="Show More", exact=True)).to_be_visible()
    assert page.evaluate("window.stayed")


def test_more_while_offline_keeps_the_page(server: Server, slug: str, open_page: NewPage) -> None:
    published(server, slug, 21)
    page = open_page(f"{server.url}/feeds/{slug}")
    page.context.set_offline(True)
    page.get_by_role("link", name="Show More").click()
    expect(page.get_by_role("link", name="Not loaded. Try again")).to_be_visible()
    page.context.set_offline(False)
    page.get_by_role("link", name="Try again").click()
    expect(page.locator("li.update")).to_have_count(21)
    expect(page.locator(".more")).to_have_count(0)


def test_reading_goes_on_at_the_first_that_came_and_their_number_is_told(
    server: Server, slug: str, open_page: NewPage
) -> None:
    published(server, slug, 47)
    page = listening(open_page, server, f"/feeds/{slug}")
    for first, said in ((27, "20 more updates"), (7, "7 more updates")):
        page.get_by_role("link", name="Show More").press("Enter")
        article = page.get_by_role("article").filter(has_text=re.compile(f"Number {first - 1}\\b"))
        expect(article.last).to_be_focused()
        expect(article.last).to_be_in_viewport()
        until(page, lambda said=said: said in told(page))  # type: ignore[misc]


def test_without_a_socket_the_page_says_how_often_it_looks(server: Server, slug: str, open_page: NewPage) -> None:
    page = open_page(f"{server.url}/healthz", wait_for=None)
    page.add_init_script(NO_SOCKET)
    page.goto(f"{server.url}/feeds/{slug}")
    state = page.locator(".state")
    expect(state).to_have_text("")
    expect(page.locator("live-feed")).to_have_attribute("state", "polling")
    expect(state).to_have_text("Updates every 10 seconds")
    expect(page.locator(".readers")).to_be_hidden()
    # Nor over what is not the newest.
    page.goto(f"{server.url}/feeds/{slug}?q=nothing")
    page.wait_for_selector("live-feed[state=polling]")
    expect(state).to_be_hidden()


def test_who_comes_back_to_a_page_that_polls_does_not_wait_for_a_hidden_tabs_next_turn(
    server: Server, slug: str, open_page: NewPage
) -> None:
    page = open_page(f"{server.url}/healthz", wait_for=None)
    page.add_init_script(NO_SOCKET)
    page.clock.install()
    page.goto(f"{server.url}/feeds/{slug}")
    page.clock.run_for(3_000)
    page.wait_for_selector("live-feed[state=polling]")
    come_back(page, hidden=True)
    with page.expect_response("**/changes?*") as answered:
        page.clock.run_for(12_500)
    answered.value.finished()
    server.publish("While nobody looked", slug)
    come_back(page, hidden=False)
    page.clock.run_for(3_000)
    expect(page.locator("li.update .text")).to_have_text(["While nobody looked"])


def test_a_picture_alone_is_told_as_one(server: Server, slug: str, open_page: NewPage) -> None:
    page = listening(open_page, server, f"/feeds/{slug}")
    server.publish(f"![](/pictures/{uploaded(server)})", slug)
    until(page, lambda: "1 new update. Latest: " in told(page))
    assert not told(page).strip().endswith("Latest:")


def test_a_socket_that_comes_back_after_polling_is_live_again(server: Server, slug: str, open_page: NewPage) -> None:
    page = open_page(f"{server.url}/healthz", wait_for=None)
    page.add_init_script(
        f"""const Real = WebSocket;
        {NO_SOCKET};
        window.heal = () => {{ window.WebSocket = Real; dispatchEvent(new Event("online")); }};"""
    )
    page.goto(f"{server.url}/feeds/{slug}")
    page.wait_for_selector("live-feed[state=polling]")
    page.evaluate("heal()")
    page.wait_for_selector("live-feed[state=live]", timeout=RECONNECT)
    expect(page.locator(".state")).to_have_text("live")
    expect(page.locator(".readers")).to_be_visible()


def test_paused_says_how_to_go_on_and_what_waits_is_shown_by_a_press(
    server: Server, slug: str, open_page: NewPage
) -> None:
    published(server, slug, 2)
    page = open_page(f"{server.url}/feeds/{slug}")
    page.get_by_role("button", name="Pause").click()
    resume = page.get_by_role("button", name="Resume")
    expect(resume).to_be_visible()
    expect(resume).not_to_have_attribute("aria-pressed", re.compile(""))
    expect(page.get_by_role("button", name="Pause")).to_have_count(0)
    published(server, slug, 2)
    expect(page.locator(".state")).to_have_text("Paused")
    page.get_by_role("button", name="2 waiting").click()
    expect(page.locator("li.update:visible")).to_have_count(4)
    expect(page.locator(".waiting")).to_be_hidden()
    expect(page.get_by_role("article").first).to_be_focused()
    expect(page.locator(".state")).to_have_text("live")


def test_offline_is_said_while_paused_too(server: Server, slug: str, open_page: NewPage) -> None:
    page = open_page(f"{server.url}/feeds/{slug}")
    readers = page.locator(".readers")
    expect(readers).to_be_visible()
    page.context.set_offline(True)
    state = page.locator(".state")
    expect(state).to_contain_text("Offline since")
    expect(readers).to_be_hidden()
    page.get_by_role("button", name="Pause").click()
    expect(state).to_contain_text("Offline since")
    page.get_by_role("button", name="Resume").click()
    expect(state).to_contain_text("Offline since")
    page.get_by_role("button", name="Pause").click()
    page.context.set_offline(False)
    expect(state).to_have_text("Paused", timeout=RECONNECT)


@pytest.mark.parametrize("query", ["?order=oldest", "?q=number", "?before={cursor}"])
def test_where_the_newest_are_not_shown_it_is_said_that_newer_ones_came(
    server: Server, slug: str, open_page: NewPage, query: str
) -> None:
    old = published(server, slug, 45)
    page = open_page(f"{server.url}/feeds/{slug}")
    cursor = re.search(r"before=([^&#]+)", page.locator(".more a").get_attribute("href") or "")
    assert cursor
    page = listening(open_page, server, f"/feeds/{slug}{query.format(cursor=cursor[1])}")
    link = page.locator(".newer")
    places = page.evaluate("[...document.querySelectorAll('li.update')].map((li) => li.getBoundingClientRect().top)")
    edit(server, old[30], body="Edited, and no newer for it")
    new = [server.publish(f"Newer {number}", slug) for number in range(3)]
    expect(link).to_have_text("3 newer updates: show the newest")
    expect(page.locator("li.update")).to_have_count(20)
    until(page, lambda: "newer update" in told(page))
    server.api("DELETE", f"/api/v1/updates/{new[0]['id']}")
    expect(link).to_have_text("2 newer updates: show the newest")
    server.api("DELETE", f"/api/v1/updates/{new[1]['id']}", {"notice": True, "reason": "too soon"})
    expect(link).to_have_text("1 newer update: show it")
    now = page.evaluate("[...document.querySelectorAll('li.update')].map((li) => li.getBoundingClientRect().top)")
    assert now[:5] == pytest.approx(places[:5], abs=1)
    link.click()
    expect(page.locator("li.update").first).to_contain_text("Newer 2")
    expect(page.locator(".newer")).to_have_count(0)


def test_newer_ones_that_came_and_went_leave_no_word(server: Server, slug: str, open_page: NewPage) -> None:
    published(server, slug, 2)
    page = open_page(f"{server.url}/feeds/{slug}?q=number")
    new = server.publish("Newer", slug)
    expect(page.locator(".newer")).to_be_visible()
    server.api("DELETE", f"/api/v1/updates/{new['id']}")
    expect(page.locator(".newer")).to_be_hidden()


@pytest.mark.parametrize("notice", [True, False])
def test_what_a_link_led_to_is_retracted_in_its_place_and_that_is_told(
    server: Server, slug: str, open_page: NewPage, notice: bool
) -> None:
    old = published(server, slug, 9)
    linked, newer = old[4], old[5]
    page = listening(open_page, server, f"/updates/{linked['id']}")
    server.api("DELETE", f"/api/v1/updates/{linked['id']}", {"notice": notice, "reason": "it was wrong"})
    said = page.locator("li.retracted .gone")
    expect(said).to_be_visible()
    ids = page.locator(".column ol.updates > li[data-at]").evaluate_all("(items) => items.map((li) => li.id)")
    assert ids.index(f"update-{linked['id']}") == ids.index(f"update-{newer['id']}") + 1
    expect(page.locator("main")).not_to_contain_text("Number 4")
    expect(page.locator(f"#update-{linked['id']}")).to_contain_text("it was wrong" if notice else "has been retracted")
    until(page, lambda: ("it was wrong" if notice else "has been retracted") in told(page))
    # What comes after is put in order around it.
    server.publish("Afterwards", slug)
    expect(page.locator("li.update").first).to_contain_text("Afterwards")


def test_edits_and_notices_are_told_together_and_as_much_as_is_wanted(
    server: Server, slug: str, open_page: NewPage
) -> None:
    plain, headed, wrong, marked = published(server, slug, 4)
    page = listening(open_page, server, f"/feeds/{slug}")
    edit(server, plain, body="The first words of it")
    edit(server, headed, headline="A headline")
    edit(server, marked, key=True)
    server.api("DELETE", f"/api/v1/updates/{wrong['id']}", {"notice": True, "reason": "it was wrong"})
    until(page, lambda: "it was wrong" in told(page))
    heard = told(page)
    assert "Updated: The first words of it; A headline" in heard
    assert "Number 3" not in heard, "a mark is no edit of the text"
    page.locator("select.announce").select_option("key")
    page.evaluate("document.activeElement.blur(); told.length = 0")
    edit(server, plain, 2, body="Nobody hears of it")
    edit(server, marked, body="A key event, edited")
    until(page, lambda: "A key event, edited" in told(page))
    assert "Nobody hears" not in told(page)


def test_catch_me_up_says_what_it_did_and_can_be_undone(server: Server, slug: str, open_page: NewPage) -> None:
    published(server, slug, 1)
    page = listening(open_page, server, f"/feeds/{slug}")
    page.goto(f"{server.url}/healthz")
    for number in range(9):
        server.publish(f"Missed {number}", slug, key=number in (2, 5))
    page.goto(f"{server.url}/feeds/{slug}")
    button = page.get_by_role("button", name="Catch me up")
    expect(button).not_to_have_attribute("aria-pressed", re.compile(""))
    assert button.evaluate("(button) => getComputedStyle(button).borderTopWidth") == "1px"
    button.click()
    expect(page.locator(".since")).to_contain_text("2 of 9 shown")
    until(page, lambda: "2 of 9 shown" in told(page))
    expect(page.locator("li.update:visible")).to_have_count(3)
    page.get_by_role("button", name="Show all").click()
    expect(page.locator(".since")).to_contain_text("9 new updates since")
    expect(page.locator("li.update:visible")).to_have_count(10)
    expect(page.get_by_role("button", name="Catch me up")).to_be_visible()
