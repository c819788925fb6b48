"""Visits: where a reader left off, times, the pause button, and the end of coverage."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import NewPage, come_back, until
from tests.server import Server


@pytest.fixture
def server(shared: Server) -> Server:
    return shared


def test_who_comes_back_sees_where_they_left_and_what_is_new(server: Server, slug: str, open_page: NewPage) -> None:
    for number in range(3):
        server.publish(f"Old {number}", slug)
    page = open_page(f"{server.url}/feeds/{slug}")
    expect(page.locator(".since")).to_be_hidden()
    page.goto(f"{server.url}/healthz")
    for number in range(4):
        server.publish(f"New {number}", slug, key=number == 2)
    page.goto(f"{server.url}/feeds/{slug}")
    left = page.locator("li.left")
    expect(left).to_contain_text("You left here · 4 new updates since ")
    assert (
        left.evaluate("li => [li.previousElementSibling.innerText, li.nextElementSibling.innerText].join()").find(
            "New 0"
        )
        >= 0
    )
    expect(page.locator("li.left + li.update")).to_contain_text("Old 2")
    page.get_by_role("button", name="Catch me up").click()
    expect(page.locator("li.update .text:visible")).to_have_text(["New 2", "Old 2", "Old 1", "Old 0"])
    server.publish("Newer still", slug)
    expect(page.locator("li.update .text:visible").first).to_have_text("Newer still")
    page.get_by_role("button", name="Show all").click()
    expect(page.locator("li.update .text:visible")).to_have_count(8)


def test_where_storage_is_forbidden_nothing_is_remembered_and_nothing_breaks(
    server: Server, slug: str, open_page: NewPage
) -> None:
    page = open_page(f"{server.url}/healthz", wait_for=None)
    page.add_init_script(
        "for (const name of ['localStorage', 'sessionStorage'])"
        " Object.defineProperty(window, name, { get() { throw new DOMException('', 'SecurityError'); } })"
    )
    server.publish("Old", slug)
    for _ in range(2):
        page.goto(f"{server.url}/feeds/{slug}")
        page.wait_for_selector("live-feed[state=live]")
    server.publish("New", slug)
    expect(page.locator("li.update")).to_have_count(2)
    expect(page.locator("li.left")).to_have_count(0)


@pytest.mark.parametrize("zones", [("Asia/Tokyo", "Asia/Kolkata"), ("America/St_Johns", "Pacific/Honolulu")])
def test_times_are_the_readers_and_the_servers_clock_counts(
    server: Server, slug: str, open_page: NewPage, zones: tuple[str, str]
) -> None:
    """The device's clock is three days ahead. Of the zones, one has no midnight in the next two hours."""
    zone = next(zone for zone in zones if datetime.now(ZoneInfo(zone)).hour < 22)
    update = server.publish("Just now", slug)
    page = open_page(f"{server.url}/healthz", wait_for=None, timezone_id=zone)
    page.clock.install(time=datetime.now(UTC) + timedelta(days=3))
    page.goto(f"{server.url}/feeds/{slug}")
    time = page.locator(f"#update-{update['id']} .when time")
    expect(time).to_have_text("now")
    local = datetime.fromisoformat(update["published_at"]).astimezone(ZoneInfo(zone))
    assert time.get_attribute("title") == f"{local.day} {local:%B %Y, %H:%M}"
    page.clock.fast_forward("04:05")
    expect(time).to_have_text("4 min ago")
    page.clock.fast_forward("59:00")
    expect(time).to_have_text(f"{local:%H:%M}")
    page.clock.fast_forward("24:00:00")
    expect(time).to_have_text(f"{local.day} {local:%B %Y, %H:%M}")


def test_a_time_across_the_change_of_clocks_is_that_of_its_day(server: Server, slug: str, open_page: NewPage) -> None:
    update = server.publish("Then", slug)
    page = open_page(f"{server.url}/healthz", wait_for=None, timezone_id="Europe/Berlin")
    page.route("**/feed.js", lambda route: route.abort())  # a page takes the policy that is in it but once
    page.goto(f"{server.url}/feeds/{slug}")
    words = page.evaluate(
        """async (id) => {
          const src = document.querySelector("script[type=module]").src.replace("feed.js", "times.js");
          const { localise } = await import(src);
          const time = document.querySelector(`#${id} .when time`);
          const moments = ["2026-10-25T00:30", "2026-10-25T01:30", "2026-03-29T00:59", "2026-03-29T01:00"];
          return moments.map((moment) => `${moment}:00Z`).map((moment) => {
            time.dateTime = moment;
            localise(document);
            return time.textContent;
          });
        }""",
        f"update-{update['id']}",
    )
    assert words == [
        "25 October 2026, 02:30", "25 October 2026, 02:30", "29 March 2026, 01:59", "29 March 2026, 03:00",
    ]  # fmt: skip


def test_paused_nothing_changes_but_what_is_retracted(server: Server, slug: str, open_page: NewPage) -> None:
    wrong = server.publish("Wrong", slug, pinned=True)
    old = server.publish("As it was", slug)
    page = open_page(f"{server.url}/feeds/{slug}")
    pause, resume = (page.get_by_role("button", name=name) for name in ("Pause", "Resume"))
    pause.click()
    expect(page.locator(".state")).to_have_text("Paused")
    server.publish("New", slug)
    server.publish("Newer", slug)
    server.api("PATCH", f"/api/v1/updates/{old['id']}", {"body": "As it is", "revision": 1})
    expect(page.locator(".state")).to_have_text("Paused")
    expect(page.locator(".waiting")).to_have_text("2 waiting")
    server.api("DELETE", f"/api/v1/updates/{wrong['id']}")
    expect(page.locator("li.update .text")).to_have_text(["As it was"])
    expect(page.locator(".pinned")).not_to_contain_text("Wrong")
    resume.click()
    expect(page.locator("li.update .text")).to_have_text(["Newer", "New", "As it is"])
    expect(page.locator("live-feed")).to_have_attribute("state", "live")
    pause.click()
    page.reload()
    page.wait_for_selector("live-feed[state=paused]")
    expect(resume).to_be_visible()


def test_where_coverage_has_ended_the_page_is_still_until_the_reader_comes_back(
    server: Server, slug: str, open_page: NewPage
) -> None:
    page = open_page(f"{server.url}/healthz", wait_for=None)
    asked: list[str] = []
    closed: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("websocket", lambda socket: socket.on("close", lambda _: closed.append("closed")))
    page.goto(f"{server.url}/feeds/{slug}")
    page.wait_for_selector("live-feed[state=live]")
    server.coverage(slug, is_open=False)
    expect(page.get_by_text("This coverage has ended.")).to_be_visible()
    page.wait_for_selector("live-feed[state=ended]")
    expect(page.locator(".pause")).to_be_hidden()
    until(page, lambda: page.evaluate("performance.now()") > 7000)  # longer than it waits to poll
    assert closed == ["closed"]
    assert not [url for url in asked if "/changes" in url]
    server.coverage(slug, is_open=True)
    come_back(page, hidden=True)
    come_back(page, hidden=False)
    page.wait_for_selector("live-feed[state=live]")
    server.publish("Open again", slug)
    expect(page.locator("li.update .text")).to_have_text(["Open again"])


def test_a_folded_pinned_update_stays_folded_until_another_takes_its_place(
    server: Server, slug: str, open_page: NewPage
) -> None:
    first = server.publish("First", slug, pinned=True)
    page = open_page(f"{server.url}/feeds/{slug}")
    fold = page.locator(".pinned details")
    page.locator(".pinned summary").press("Enter")
    expect(fold).not_to_have_attribute("open", "")
    server.api("PATCH", f"/api/v1/updates/{first['id']}", {"body": "First, edited", "revision": 1})
    expect(page.locator(".pinned .edited")).to_have_count(1)
    expect(page.locator(".pinned summary")).to_be_focused()
    expect(fold).not_to_have_attribute("open", "")
    page.reload()
    expect(fold).not_to_have_attribute("open", "")
    page.wait_for_selector("live-feed[state=live]")
    server.publish("Second", slug, pinned=True)
    expect(fold).to_contain_text("Second")
    expect(fold).to_have_attribute("open", "")
    page.reload()
    expect(fold).to_have_attribute("open", "")
