"""On every page in every state axe finds no fault, nothing scrolls sideways, and every target is large enough."""

from collections.abc import Callable, Iterator
from typing import Any, Literal

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, ViewportSize

from tests.browser.conftest import DESKTOP, NewPage
from tests.browser.states import desk_states, readers_states
from tests.server import Server

States = Callable[[Server, str, Page], Iterator[str]]
ALL = pytest.mark.parametrize("states", [readers_states, desk_states], ids=["readers", "desk"])
# Ends the soft highlight at once, like any animation that ends: a text on it changes its contrast by the moment.
SETTLE = """document.getAnimations().filter((each) => each.effect.getTiming().iterations <= 1)
  .forEach((each) => each.finish())"""
# What holds in one theme holds in the other, which has colours of its own and nothing else; see the top of page.css.
# Target sizes are off by default, though WCAG 2.2 AA asks for them. What axe did not find fault with it need not tell.
THEMES: "dict[Literal['light', 'dark'], dict[str, object]]" = {
    "light": {"rules": {"target-size": {"enabled": True}}, "resultTypes": ["violations"]},
    "dark": {"runOnly": ["color-contrast", "link-in-text-block", "button-name"], "resultTypes": ["violations"]},
}
# Of list items that differ in words and numbers alone, and whose ancestors do too, axe reads the first three in all the
# states: a page has up to thirty. `read` says how many it has read so far, by the digest of what they are like.
READ = """async ([options, read]) => {
  const like = (html) => html.replace(/>[^<]*[^<\\s][^<]*</g, ">x<").replace(/\\d+/g, "0");
  const encoder = new TextEncoder(), within = new Map(), alike = [];
  const above = (each) => {
    if (!each) return "";
    if (!within.has(each)) within.set(each, above(each.parentElement) + like(each.cloneNode().outerHTML));
    return within.get(each);
  };
  for (const item of document.querySelectorAll("li")) {
    if (!item.checkVisibility()) continue;
    const shape = encoder.encode(above(item.parentElement) + like(item.outerHTML));
    const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", shape)).toHex();
    if (read[digest] === 3) alike.push(item);
    else read[digest] = (read[digest] ?? 0) + 1;
  }
  return [(await axe.run({ exclude: alike }, options)).violations, read];
}"""


def violations(page: Page, options: dict[str, object], read: dict[str, int]) -> list[dict[str, Any]]:
    """What axe finds fault with on the page as it is, but for items like those that are `read`; it adds to them."""
    if not page.evaluate("'axe' in window"):
        page.evaluate(Axe().axe_script)
    found: list[dict[str, Any]]
    found, now_read = page.evaluate(READ, [options, read])
    read.update(now_read)
    return found


@ALL
@pytest.mark.long
def test_axe_finds_nothing_in_either_theme(shared: Server, slug: str, open_page: NewPage, states: States) -> None:
    page = open_page(f"{shared.url}/healthz", wait_for=None, viewport=DESKTOP)
    found: list[str] = []
    read: dict[str, dict[str, int]] = {theme: {} for theme in THEMES}
    for state in states(shared, slug, page):
        for theme, options in THEMES.items():
            page.emulate_media(color_scheme=theme)
            page.evaluate(SETTLE)
            for broken in violations(page, options, read[theme]):
                for node in broken["nodes"][:3]:
                    found.append(f"{state}, {theme}: {broken['id']} {node['target']} {node['failureSummary'][:300]}")
    assert not found, "\n".join(found)


# What a page is like to the eye: in a desktop's window zoomed to 200 %, with text alone at 200 %, and on a small phone.
# All have two pixels for one of CSS.
WINDOWS: "dict[str, tuple[ViewportSize, str]]" = {
    "zoomed to 200 %": ({"width": 640, "height": 400}, "100%"),
    "text at 200 %": ({"width": 360, "height": 740}, "200%"),
    "320 px": ({"width": 320, "height": 640}, "100%"),
}
# Sets the size of text, and lets the page's scripts answer that and the window's new size, which they do in a frame.
LAID_OUT = """async (text) => {
  document.documentElement.style.fontSize = text;
  for (const _ of [1, 2]) await new Promise(requestAnimationFrame);
  return document.documentElement.scrollWidth > innerWidth;
}"""
WIDER = """() => [...document.querySelectorAll("main *, header *, footer *")]
  .filter((each) => each.getBoundingClientRect().right > innerWidth + 1 && each.checkVisibility()
    && !each.closest("pre, table, .key-events ol, .unseen")).map((each) => each.outerHTML.slice(0, 90)).slice(0, 3)"""
SMALL = """() => [...document.querySelectorAll("button, select, input:not([type=checkbox], [type=radio]), summary")]
  .filter((each) => each.checkVisibility() && each.offsetHeight < 44).map((each) => each.outerHTML.slice(0, 90))"""


@ALL
def test_nothing_scrolls_sideways_and_every_control_can_be_hit(
    shared: Server, slug: str, open_page: NewPage, states: States
) -> None:
    smallest, _ = WINDOWS["320 px"]
    page = open_page(f"{shared.url}/healthz", wait_for=None, viewport=smallest, device_scale_factor=2)
    found: list[str] = []
    for state in states(shared, slug, page):
        # The last is the window in which the page was brought into this state, and is brought into the next.
        for window, (size, text) in WINDOWS.items():
            page.set_viewport_size(size)
            if page.evaluate(LAID_OUT, text):
                found.append(f"{state}, {window}: scrolls sideways: {page.evaluate(WIDER)}")
            found += [f"{state}, {window}: small: {each}" for each in page.evaluate(SMALL)]
    assert not found, "\n".join(found)
