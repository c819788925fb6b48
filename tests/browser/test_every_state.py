"""On every page in every state axe finds no fault, nothing scrolls sideways, and every target is large enough."""

from collections.abc import Callable, Iterator
from typing import Any, Literal

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

from tests.browser.conftest import DESKTOP, PHONE, NewPage, until
from tests.browser.states import desk_states, readers_states
from tests.server import Server

States = Callable[[Server, str, Page], Iterator[str]]
ALL = pytest.mark.parametrize("states", [readers_states, desk_states], ids=["readers", "desk"])
# The soft highlight is over: a text on it changes its contrast by the moment.
SETTLED = "document.getAnimations().every((each) => each.effect.getTiming().iterations > 1)"
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
            until(page, lambda: page.evaluate(SETTLED))
            for broken in violations(page, options, read[theme]):
                for node in broken["nodes"][:3]:
                    found.append(f"{state}, {theme}: {broken['id']} {node['target']} {node['failureSummary'][:300]}")
    assert not found, "\n".join(found)


# The window, and what it is like to the eye: a phone, a desktop's window zoomed to 200 %, and text alone at 200 %.
WINDOWS = {
    "320 px": ({"width": 320, "height": 640}, 1, "100%"),
    "zoomed to 200 %": ({"width": 640, "height": 400}, 2, "100%"),
    "text at 200 %": (PHONE, 2, "200%"),
}
WIDER = """() => [...document.querySelectorAll("main *, header *, footer *")]
  .filter((each) => each.getBoundingClientRect().right > innerWidth + 1 && each.checkVisibility()
    && !each.closest("pre, table, .key-events ol, .unseen")).map((each) => each.outerHTML.slice(0, 90)).slice(0, 3)"""
SMALL = """() => [...document.querySelectorAll("button, select, input:not([type=checkbox], [type=radio]), summary")]
  .filter((each) => each.checkVisibility() && each.offsetHeight < 44).map((each) => each.outerHTML.slice(0, 90))"""


@ALL
@pytest.mark.parametrize("window", WINDOWS)
def test_nothing_scrolls_sideways_and_every_control_can_be_hit(
    shared: Server, slug: str, open_page: NewPage, states: States, window: str
) -> None:
    viewport, scale, text = WINDOWS[window]
    page = open_page(f"{shared.url}/healthz", wait_for=None, viewport=viewport, device_scale_factor=scale)
    page.add_init_script(
        f"addEventListener('DOMContentLoaded', () => (document.documentElement.style.fontSize = '{text}'))"
    )
    found: list[str] = []
    for state in states(shared, slug, page):
        if page.evaluate("document.documentElement.scrollWidth > innerWidth"):
            found.append(f"{state} scrolls sideways: {page.evaluate(WIDER)}")
        found += [f"{state}: small: {each}" for each in page.evaluate(SMALL)]
    assert not found, "\n".join(found)
