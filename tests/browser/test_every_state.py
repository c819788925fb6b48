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
# The other theme has colours of its own and nothing else; see the top of page.css. Target sizes are off by default,
# though WCAG 2.2 AA asks for them. What axe did not find fault with it need not tell.
LOOKS = ["color-contrast", "link-in-text-block", "target-size"]
ALL_ELSE = {"rules": {each: {"enabled": False} for each in LOOKS}, "resultTypes": ["violations"]}
THEMES: "dict[Literal['light', 'dark'], dict[str, object]]" = {
    "light": {"runOnly": LOOKS, "resultTypes": ["violations"]},
    "dark": {"runOnly": [*LOOKS[:2], "button-name"], "resultTypes": ["violations"]},
}
# Of each element that is seen, what it and its ancestors are like but for words and numbers, which decides what it
# looks like. A page has up to thirty updates that are alike, and its states have most of the page in common.
SHAPES = """() => {
  const shapes = new Map(), known = new Map();
  const shape = (each) => {
    if (!each) return "";
    if (!known.has(each)) {
      known.set(each, shape(each.parentElement) + each.cloneNode().outerHTML.replace(/\\d+/g, "0"));
    }
    return known.get(each);
  };
  for (const each of document.querySelectorAll("body *")) if (each.checkVisibility()) shapes.set(each, shape(each));
  window.seen = [...shapes.keys()];
  return [...shapes.values()];
}"""
# These have been read already: list items with nothing else in them are left out.
READ = """async ([options, fresh]) => {
  const news = fresh.map((index) => window.seen[index]);
  const stale = [...document.querySelectorAll("li")].filter((item) => !news.some((each) => item.contains(each)));
  return (await axe.run({ exclude: stale }, options)).violations;
}"""
# What went away meanwhile is left out too.
LOOK = """async ([options, fresh]) => {
  const include = fresh.map((index) => window.seen[index]).filter((each) => each.checkVisibility());
  return include.length ? (await axe.run({ include }, options)).violations : [];
}"""


def violations(page: Page, read: set[str]) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """What axe finds fault with on the page as it is, by theme, but for what is like something that is `read`; it adds
    to that."""
    if not page.evaluate("'axe' in window"):
        page.evaluate(Axe().axe_script)
    shapes = page.evaluate(SHAPES)
    fresh = [index for index, shape in enumerate(shapes) if shape not in read]
    read.update(shapes)
    yield "in either theme", page.evaluate(READ, [ALL_ELSE, fresh])
    for theme, options in THEMES.items() if fresh else ():
        page.emulate_media(color_scheme=theme)
        yield theme, page.evaluate(LOOK, [options, fresh])


@ALL
@pytest.mark.long
def test_axe_finds_nothing_in_either_theme(shared: Server, slug: str, open_page: NewPage, states: States) -> None:
    page = open_page(f"{shared.url}/healthz", wait_for=None, viewport=DESKTOP)
    found: list[str] = []
    read: set[str] = set()
    for state in states(shared, slug, page):
        for theme, broken in violations(page, read):
            for rule in broken:
                for node in rule["nodes"][:3]:
                    found.append(f"{state}, {theme}: {rule['id']} {node['target']} {node['failureSummary'][:300]}")
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
# What is smaller than a finger, but for links within a sentence (WCAG 2.5.8). A box is as large as its label.
SMALL = """(all) => {
  const small = [];
  for (const each of document.querySelectorAll(all)) {
    const seen = each.checkVisibility({ visibilityProperty: true, opacityProperty: true });
    const within = [...each.parentElement.childNodes].some(({ data }) => /\\w\\w/.test(data ?? ""));
    if (!seen || each.closest(".unseen, .skip") || (each.matches("a") && within)) continue;
    const target = each.matches("[type=checkbox], [type=radio]") ? (each.closest("label") ?? each) : each;
    const { width, height } = target.getBoundingClientRect();
    if (width < 43.5 || height < 43.5) small.push(`${width}x${height} ${each.outerHTML.slice(0, 90)}`);
  }
  return small;
}"""
# What is pressed in any window; and what is too on a phone, where readers' links are within sentences and lists.
PRESSED = "button, select, input:not([type=checkbox], [type=radio], [type=hidden]), summary"
TARGETS = {readers_states: PRESSED, desk_states: f"{PRESSED}, input:not([type=hidden]), a[href], textarea, [role=tab]"}


@ALL
def test_nothing_scrolls_sideways_and_every_target_is_as_large_as_a_finger(
    shared: Server, slug: str, open_page: NewPage, states: States
) -> None:
    smallest, _ = WINDOWS["320 px"]
    page = open_page(f"{shared.url}/healthz", wait_for=None, viewport=smallest, device_scale_factor=2, has_touch=True)
    found: list[str] = []
    for state in states(shared, slug, page):
        # The last is the window in which the page was brought into this state, and is brought into the next.
        for window, (size, text) in WINDOWS.items():
            page.set_viewport_size(size)
            if page.evaluate(LAID_OUT, text):
                found.append(f"{state}, {window}: scrolls sideways: {page.evaluate(WIDER)}")
            targets = TARGETS[states] if window == "320 px" else PRESSED
            found += [f"{state}, {window}: small: {each}" for each in page.evaluate(SMALL, targets)]
    assert not found, "\n".join(found)
