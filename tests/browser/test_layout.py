"""Layout: nothing moves while a page loads, and what matters can be reached on a phone and on a desktop."""

from collections.abc import Iterator
from itertools import pairwise

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import DESKTOP, LONG, PHONE, NewPage
from tests.browser.states import uploaded
from tests.server import Server, serving

SHIFT = 0.01  # in all: what nobody notices
SMALLEST = {"width": 320, "height": 640}
WIDTHS = (320, 390, 1440)

WATCH = """() => {
  window.shifts = [];
  const note = (list) => list.getEntries().forEach((entry) => shifts.push(entry.value));
  new PerformanceObserver(note).observe({ type: "layout-shift", buffered: true });
}"""


@pytest.fixture(scope="module")
def gazette(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A site of a long name, with an article that has all that a page may show."""
    name = "The Northern Harbour and Coast Gazette"
    with serving(tmp_path_factory.mktemp("gazette"), FEED_SITE_NAME=name, FEED_TIMEZONE="Europe/Kyiv") as running:
        article = {"slug": "harbour", "headline": "The harbour is on fire", "body": LONG * 3, "live": True}
        running.api("POST", "/api/v1/articles", {**article, "kicker": "Fire", "picture": uploaded(running)})
        for number in range(22):
            running.publish(f"Number {number}. {LONG}", key=number % 2 == 0)
            running.publish(f"Number {number}. {LONG}", "harbour", key=number % 2 == 0)
        running.publish(LONG * 4, "harbour", pinned=True, headline="What we know so far")
        yield running


@pytest.mark.parametrize("path", ["/", "/articles/harbour", "/feeds/harbour", "/feeds/news"])
def test_nothing_moves_while_a_page_loads(gazette: Server, open_page: NewPage, path: str) -> None:
    for width in WIDTHS:
        page = open_page(f"{gazette.url}/healthz", wait_for=None, viewport={"width": width, "height": 740})
        page.add_init_script(f"({WATCH})()")
        page.goto(gazette.url + path)
        page.wait_for_selector("live-feed[state=live] .readers:not(:empty)", state="attached")
        page.evaluate("() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
        assert page.evaluate("shifts.reduce((sum, each) => sum + each, 0)") <= SHIFT, (width, path)


def test_on_a_phone_ten_key_events_and_a_pinned_update_leave_the_newest_in_reach(
    gazette: Server, open_page: NewPage
) -> None:
    page = open_page(f"{gazette.url}/articles/harbour", viewport=PHONE)
    feed, first = page.locator("[feed=harbour]"), page.locator("[feed=harbour] li.update").first
    above = first.bounding_box()["y"] - feed.bounding_box()["y"]  # type: ignore[index]
    assert above < PHONE["height"]
    pinned = page.locator(".pinned .text")
    folded = pinned.bounding_box()["height"]  # type: ignore[index]
    page.locator(".pinned").locator("summary").click()
    assert pinned.bounding_box()["height"] > 2 * folded  # type: ignore[index]


@pytest.mark.parametrize("viewport", [PHONE, DESKTOP], ids=["phone", "desktop"])
def test_every_key_event_is_reached_by_arrows_and_by_keys(
    gazette: Server, open_page: NewPage, viewport: dict[str, int]
) -> None:
    page = open_page(f"{gazette.url}/feeds/harbour", viewport=viewport)
    links = page.locator(".key-events li a")
    last = links.nth(10)
    assert links.count() == 11
    row = page.locator(".key-events ol")
    assert row.evaluate("(row) => row.scrollWidth > row.clientWidth")
    assert row.evaluate("(row) => getComputedStyle(row, '::scroll-button(inline-end)').content").startswith('"→"')
    expect(last).not_to_be_in_viewport(ratio=0.9)
    links.first.focus()
    for _ in range(10):
        page.keyboard.press("Tab")
    expect(last).to_be_focused()
    expect(last).to_be_in_viewport(ratio=0.9)


def test_beside_an_article_the_way_to_older_news_is_in_view(gazette: Server, open_page: NewPage) -> None:
    page = open_page(f"{gazette.url}/articles/harbour", viewport=DESKTOP)
    more = page.locator(".rail .more a")
    expect(more).to_be_in_viewport(ratio=1)
    more.click()
    expect(page.locator(".rail li.update")).to_have_count(22)
    expect(more).to_have_count(0)


def rows_of(page: Page) -> int:
    """How many lines the masthead takes: its parts that do not stand beside one another."""
    boxes = [each.bounding_box() for each in page.locator(".masthead > :visible").all()]
    middles = sorted(box["y"] + box["height"] / 2 for box in boxes if box)
    return 1 + sum(below - above > 14 for above, below in pairwise(middles))


@pytest.mark.parametrize("width", [320, 360, 390, 768])
def test_a_long_name_of_the_site_leaves_the_masthead_two_rows(gazette: Server, open_page: NewPage, width: int) -> None:
    page = open_page(f"{gazette.url}/", viewport={"width": width, "height": 740})
    assert rows_of(page) <= 2
    assert page.locator(".masthead").bounding_box()["height"] < 130  # type: ignore[index]


def test_the_choice_in_the_footer_stands_beside_its_words(gazette: Server, open_page: NewPage) -> None:
    page = open_page(f"{gazette.url}/", viewport=SMALLEST)
    words = page.locator(".foot label").evaluate("""(label) => {
      const range = document.createRange();
      range.selectNode(label.firstChild);
      return range.getBoundingClientRect().toJSON();
    }""")
    choice = page.locator(".announce").bounding_box()
    assert choice
    beside = choice["x"] >= words["right"] or choice["x"] + choice["width"] <= words["left"]
    assert beside or choice["y"] >= words["bottom"]


def test_without_scripts_there_is_no_control_that_does_nothing_and_each_day_is_named(
    gazette: Server, open_page: NewPage
) -> None:
    page = open_page(f"{gazette.url}/feeds/harbour", wait_for=None, java_script_enabled=False)
    for control in page.locator("[data-look], .pause").all():
        expect(control).to_be_hidden()
    expect(page.locator("li.on")).to_have_count(1)
    expect(page.locator("li.update .day").first).to_be_hidden()


def test_with_the_fonts_of_a_plain_linux_a_headline_is_no_wider_than_elsewhere(
    gazette: Server, open_page: NewPage
) -> None:
    """DejaVu Serif, the only serif there, is a sixth wider than Times; ours is fitted."""
    page = open_page(f"{gazette.url}/", viewport=DESKTOP)
    widths = page.evaluate("""async () => {
      const context = document.createElement("canvas").getContext("2d");
      return ["monospace", "DejaVu Serif", "Narrowed Serif"].map((font) => {
        context.font = `700 100px "${font}", monospace`;
        return context.measureText("The harbour is on fire").width;
      });
    }""")
    if widths[1] == widths[0]:
        pytest.skip("DejaVu Serif is not on this machine")
    assert widths[2] < 0.9 * widths[1]


def test_what_is_not_the_newest_is_not_called_live_and_the_coverage_is_a_landmark(
    gazette: Server, open_page: NewPage
) -> None:
    page = open_page(f"{gazette.url}/feeds/harbour?q=quay")
    expect(page.locator(".state")).to_be_hidden()
    page.goto(f"{gazette.url}/articles/harbour")
    page.wait_for_selector("[feed=harbour][state=live]")
    expect(page.get_by_role("region", name="Live coverage")).to_have_count(1)
    expect(page.locator("[feed=harbour] .state")).to_be_visible()
    page.goto(f"{gazette.url}/feeds/harbour" + str(page.locator("[feed=harbour] .more a").get_attribute("href")))
    page.wait_for_selector("[feed=harbour][state=live]")
    expect(page.locator(".state")).to_be_hidden()
