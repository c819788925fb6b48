"""Accessibility: ARIA's feed pattern, the keyboard, screen readers, small windows and high contrast."""

from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import DESKTOP, LONG, PHONE, NewPage, until
from tests.server import Server

# The spoken pauses are shortened, so that nobody waits for them.
HASTY = (
    "const slow = setTimeout; window.setTimeout = (act, ms, ...rest) => slow(act, ms < 6000 ? ms / 5 : ms, ...rest);"
)


@pytest.fixture
def server(shared: Server) -> Server:
    return shared


def published(server: Server, slug: str, many: int, **more: Any) -> list[dict[str, Any]]:
    return [server.publish(f"Number {number}. {LONG}", slug, **more) for number in range(many)]


def focused(page: Page) -> str:
    """The words the focused element begins with."""
    return str(page.evaluate("document.activeElement.querySelector('.text')?.textContent.slice(0, 9) ?? ''"))


def test_the_list_is_a_feed_and_its_keys_lead_through_and_out(server: Server, slug: str, open_page: NewPage) -> None:
    published(server, slug, 25)
    page = open_page(f"{server.url}/feeds/{slug}")
    feed = page.get_by_role("feed", name="Live coverage")
    articles = feed.get_by_role("article")
    expect(articles).to_have_count(20)
    expect(articles.nth(1)).to_have_attribute("aria-posinset", "2")
    expect(articles.nth(1)).to_have_attribute("aria-setsize", "-1")
    page.locator("li.update .when a").first.focus()
    page.keyboard.press("PageDown")
    assert focused(page) == "Number 23"
    page.keyboard.press("PageDown")
    page.keyboard.press("PageUp")
    assert focused(page) == "Number 23"
    page.keyboard.press("Control+End")
    expect(page.get_by_role("link", name="Show More")).to_be_focused()
    page.keyboard.press("Enter")
    expect(articles).to_have_count(25)
    expect(articles.last).to_have_attribute("aria-setsize", "25")
    page.keyboard.press("Control+Home")
    expect(page.locator(".find summary")).to_be_focused()
    server.publish("New", slug)
    expect(articles).to_have_count(26)
    expect(articles.nth(25)).to_have_attribute("aria-posinset", "26")


def test_the_focus_survives_an_edit_and_goes_on_after_a_retraction(
    server: Server, slug: str, open_page: NewPage
) -> None:
    old = published(server, slug, 3)
    page = open_page(f"{server.url}/feeds/{slug}")
    link = page.locator(f"#update-{old[1]['id']} .when a").first
    link.focus()
    server.api("PATCH", f"/api/v1/updates/{old[1]['id']}", {"body": "Edited", "revision": 1})
    expect(page.locator(f"#update-{old[1]['id']} .text")).to_have_text("Edited")
    expect(link).to_be_focused()
    server.api("DELETE", f"/api/v1/updates/{old[1]['id']}")
    expect(page.locator(f"#update-{old[0]['id']} article")).to_be_focused()
    server.api("DELETE", f"/api/v1/updates/{old[0]['id']}")
    expect(page.locator(f"#update-{old[2]['id']} article")).to_be_focused()
    server.api("DELETE", f"/api/v1/updates/{old[2]['id']}")
    expect(page.locator(".feed-title a")).to_be_focused()


def test_what_is_new_is_told_together_and_as_much_as_is_wanted(server: Server, slug: str, open_page: NewPage) -> None:
    page = open_page(f"{server.url}/healthz", wait_for=None)
    page.add_init_script(HASTY)
    page.add_init_script(
        """addEventListener("DOMContentLoaded", () => {
          window.told = [];
          const voice = document.querySelector(".aloud");
          const hear = () => told.push([performance.now(), voice.textContent]);
          new MutationObserver(hear).observe(voice, { childList: true });
        })"""
    )
    page.goto(f"{server.url}/feeds/{slug}")
    page.wait_for_selector("live-feed[state=live]")
    for number in range(6):
        server.publish(f"Text {number}", slug, headline=f"Headline {number}")
    until(page, lambda: sum(int(words.split()[0]) for _, words in page.evaluate("told")) == 6)
    told = page.evaluate("told")
    assert told[-1][1].endswith("Latest: Headline 5")
    assert len(told) <= 2
    assert len(told) == 1 or told[1][0] - told[0][0] > 900
    page.locator("select.announce").select_option("key")
    page.evaluate("document.activeElement.blur()")
    page.reload()
    page.wait_for_selector("live-feed[state=live]")
    expect(page.locator("select.announce")).to_have_value("key")
    server.publish("Nothing to tell", slug)
    server.publish("A milestone", slug, key=True)
    until(page, lambda: page.evaluate("told.length") == 1)
    assert page.evaluate("told[0][1]") == "1 new update. Latest: A milestone"


def test_sharing_copies_the_address_where_there_is_nothing_better(
    server: Server, slug: str, open_page: NewPage
) -> None:
    update = server.publish("To be shared", slug)
    page = open_page(f"{server.url}/feeds/{slug}", permissions=["clipboard-read", "clipboard-write"])
    page.locator(".share").click()
    expect(page.locator(".aloud")).to_have_text("Copied")
    assert page.evaluate("navigator.clipboard.readText()") == update["url"]
    page.evaluate("() => { navigator.share = (what) => { window.shared = what.url; return Promise.resolve(); }; }")
    page.locator(".share").click()
    assert page.evaluate("window.shared") == update["url"]


def test_a_key_event_leads_to_its_update_on_the_page(server: Server, slug: str, open_page: NewPage) -> None:
    old = published(server, slug, 9, key=True)
    page = open_page(f"{server.url}/feeds/{slug}")
    page.locator(f"[data-update='{old[2]['id']}']").click()
    expect(page.locator(f"#update-{old[2]['id']}")).to_be_in_viewport()
    expect(page.locator(f"#update-{old[2]['id']} article")).to_be_focused()
    assert page.url.endswith(f"#update-{old[2]['id']}")


@pytest.mark.parametrize("viewport", [{"width": 320, "height": 640}, PHONE, DESKTOP], ids=["320", "360", "1440"])
@pytest.mark.parametrize("language", [None, "uk", "ar"])
def test_nothing_scrolls_sideways_and_every_control_can_be_hit(
    server: Server, slug: str, open_page: NewPage, viewport: dict[str, int], language: str | None
) -> None:
    server.api("PATCH", f"/api/v1/articles/{slug}", {"language": language})
    published(server, slug, 8)
    server.publish("Donaudampfschifffahrtsgesellschaftskapitän" * 3, slug, pinned=True, headline="W" * 80)
    page = open_page(f"{server.url}/articles/{slug}", wait_for=f"[feed={slug}][state=live]", viewport=viewport)
    page.evaluate("document.querySelectorAll('li.update')[5].scrollIntoView()")
    server.publish("New", slug)
    expect(page.locator(f"[feed={slug}] .toast button")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    small = page.evaluate(
        """[...document.querySelectorAll("button, select")].filter((each) => each.offsetHeight)
          .filter((each) => each.offsetHeight < 44).map((each) => each.outerHTML)"""
    )
    assert small == []


MARKS = {
    "the dot of what is live": (".state", "::before", "borderTopColor"),
    "the bar of a key event": ("li.is-key", "::before", "borderInlineStartColor"),
    "the toast": (".toast button", None, "borderTopColor"),
    "its arrow": (".toast button", "::after", "borderTopColor"),
    "the fold of the pinned update": (".pinned summary", "::after", "borderBottomColor"),
    "its box": (".pinned details", None, "borderTopColor"),
    "the lines between updates": ("li.update:not(.is-key)", None, "borderTopColor"),
    "the focus": (":focus", None, "outlineColor"),
}


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_forced_colours_keep_every_mark(server: Server, slug: str, open_page: NewPage, theme: str) -> None:
    published(server, slug, 8)
    server.publish("A milestone", slug, key=True)
    server.publish(LONG, slug, pinned=True, headline="Pinned")
    page = open_page(f"{server.url}/feeds/{slug}", forced_colors="active", color_scheme=theme)
    assert page.evaluate("matchMedia('(forced-colors: active)').matches")
    page.evaluate("document.querySelectorAll('li.update')[5].scrollIntoView()")
    server.publish("New", slug)
    expect(page.locator(".toast button")).to_be_visible()
    page.locator("li.update .when a").last.focus()
    page.keyboard.press("PageUp")
    unseen = page.evaluate(
        """(marks) => {
          const ground = getComputedStyle(document.body).backgroundColor;
          return Object.keys(marks).filter((name) => {
            const [place, part, property] = marks[name];
            const style = getComputedStyle(document.querySelector(place), part);
            const width = style[property.replace("Color", "Width")];
            return style[property] === ground || style[property] === "rgba(0, 0, 0, 0)" || width === "0px";
          });
        }""",
        MARKS,
    )
    assert unseen == []


def test_no_script_makes_html_of_a_text_but_by_the_sites_own_hand(shared: Server, slug: str, chromium: Browser) -> None:
    page = chromium.new_page()
    for path in ("/", f"/articles/{slug}", f"/feeds/{slug}", f"/embed/feeds/{slug}", "/desk/sign-in", "/nowhere"):
        page.goto(shared.url + path)
        refused = page.evaluate(
            """() => {
              const child = document.createElement("p").appendChild(document.createElement("b"));
              const script = document.createElement("script");
              const tried = (attempt) => { try { attempt(); return "took it"; } catch (error) { return error.name; } };
              return [
                tried(() => { child.innerHTML = "<img>"; }),
                tried(() => { child.outerHTML = "<img>"; }),
                tried(() => child.insertAdjacentHTML("beforeend", "<img>")),
                tried(() => new DOMParser().parseFromString("<img>", "text/html")),
                tried(() => { script.src = "/static/other.js"; }),
                tried(() => { script.text = "1"; }),
                tried(() => trustedTypes.createPolicy("other", {})),
              ];
            }"""
        )
        assert refused == ["TypeError"] * 7, path
    page.close()
