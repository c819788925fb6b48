"""On every page in every state axe finds no fault, nothing scrolls sideways, and every target is large enough."""

from collections.abc import Callable, Iterator
from itertools import chain
from typing import Any, Literal

import pytest
from axe_playwright_python.sync_playwright import Axe as AxeScript
from playwright.sync_api import CDPSession, Page, ViewportSize

from tests.browser.conftest import DESKTOP, NewPage
from tests.browser.states import desk_states, readers_states
from tests.server import Server

States = Callable[[Server, str, Page], Iterator[str]]
# The other theme has colours of its own and nothing else; see the top of page.css. Target sizes are off by default,
# though WCAG 2.2 AA asks for them. What axe did not find fault with it need not tell.
LOOKS = ["color-contrast", "link-in-text-block"]
ALL_ELSE = {"rules": {each: {"enabled": False} for each in LOOKS}, "resultTypes": ["violations"]}
THEMES: "dict[Literal['light', 'dark'], dict[str, object]]" = {
    "light": {"runOnly": [*LOOKS, "target-size"], "resultTypes": ["violations"]},
    "dark": {"runOnly": LOOKS, "resultTypes": ["violations"]},
}
CONTROLS = "a, button, input, select, summary, textarea"
# What each element that is seen, and what is around it, are like but for which words and numbers are in it, with where
# those are among `window.seen` that are alike. A page has up to thirty updates that are alike, and its states have most
# of it in common.
SHAPES = """() => {
  const known = new Map([[null, ""]]), alike = new Map();
  const says = (each) => [...each.childNodes].some(({ nodeType, data }) => nodeType === 3 && data.trim());
  const shape = (each) => {
    if (!known.has(each)) {
      known.set(each, shape(each.parentElement) + each.cloneNode().outerHTML.replace(/\\d+/g, "0"));
    }
    return known.get(each);
  };
  window.seen = [...document.querySelectorAll("body *")].filter((each) => each.checkVisibility());
  window.seen.forEach((each, index) => {
    const key = `${shape(each)} ${says(each)}`;
    if (!alike.has(key)) alike.set(key, []);
    alike.get(key).push(index);
  });
  return [...alike];
}"""
# Of those that are texts or can be pressed: all that contrast and the looks of a link are made of, which are the styles
# of its letters and of all that is behind them. Much that has a shape of its own is painted like something else.
PAINTS = """([fresh, controls]) => {
  const LETTERS = ["color", "fontSize", "fontWeight"];
  const BEHIND = ["backgroundColor", "backgroundImage", "opacity", "filter", "mixBlendMode", "textShadow",
    "textDecorationLine", "position", "zIndex"];
  const PLAIN = "rgba(0, 0, 0, 0) none 1 none normal none none static auto";
  const known = new Map([[null, ["", ""]]]);
  const paint = (each) => {
    if (!known.has(each)) {
      const style = getComputedStyle(each), [around, lettersAround] = paint(each.parentElement);
      const [letters, behind] = [LETTERS, BEHIND].map((names) => names.map((name) => style[name]).join(" "));
      const own = (letters === lettersAround ? "" : letters) + (behind === PLAIN ? "" : behind);
      known.set(each, [own ? `${around} > ${own}` : around, letters]);
    }
    return known.get(each);
  };
  const says = (each) => [...each.childNodes].some(({ nodeType, data }) => nodeType === 3 && data.trim());
  const painted = new Map();
  for (const index of fresh) {
    const each = window.seen[index];
    const pressed = each.matches(controls) && each.tagName;
    if (!each.checkVisibility() || !(pressed || says(each))) continue;
    const inText = pressed === "A" && says(each.parentElement);
    const off = each.closest(":disabled, [aria-disabled]") ?? each.closest("label")?.control?.disabled;
    const key = [pressed, inText, Boolean(off), paint(each)[0]].join();
    if (!painted.has(key)) painted.set(key, index);
  }
  return [...painted];
}"""
# These have been read already: list items with nothing else in them are left out.
READ = """async ([options, fresh]) => {
  const news = fresh.map((index) => window.seen[index]);
  const stale = [...document.querySelectorAll("li")].filter((item) => !news.some((each) => item.contains(each)));
  return (await axe.run({ exclude: stale }, options)).violations;
}"""
# Of what has a new shape, what can be pressed, for its size; and what is painted anew. What went away is left out.
LOOK = """async ([options, shaped, painted, controls]) => {
  const measured = options.runOnly.includes("target-size") ? shaped : [];
  const include = [
    ...painted.map((index) => window.seen[index]),
    ...measured.map((index) => window.seen[index]).filter((each) => each.matches(controls)),
  ].filter((each) => each.checkVisibility());
  return include.length ? (await axe.run({ include }, options)).violations : [];
}"""


class Axe:
    """What axe finds fault with on one page after another. What is like something that it has read it leaves out."""

    def __init__(self) -> None:
        self._shapes: set[str] = set()
        self._paints: dict[str, set[str]] = {theme: set() for theme in THEMES}

    def faults(self, page: Page) -> Iterator[str]:
        """What is wrong on the page as it is, in either theme."""
        if not page.evaluate("'axe' in window"):
            page.evaluate(AxeScript().axe_script)
        alike = page.evaluate(SHAPES)
        fresh = [indexes for shape, indexes in alike if shape not in self._shapes]
        self._shapes.update(shape for shape, _ in alike)
        yield from _told("either theme", page.evaluate(READ, [ALL_ELSE, [*chain(*fresh)]]))
        shaped = [first for first, *_ in fresh]
        for theme, options in THEMES.items() if shaped else ():
            page.emulate_media(color_scheme=theme)
            paints = page.evaluate(PAINTS, [shaped, CONTROLS])
            painted = [index for paint, index in paints if paint not in self._paints[theme]]
            self._paints[theme].update(paint for paint, _ in paints)
            yield from _told(theme, page.evaluate(LOOK, [options, shaped, painted, CONTROLS]))


def _told(theme: str, violations: list[dict[str, Any]]) -> Iterator[str]:
    for rule in violations:
        for node in rule["nodes"][:3]:
            yield f"{theme}: {rule['id']} {node['target']} {node['failureSummary'][:300]}"


# Small windows: a desktop's zoomed to 200 %, one with text alone at 200 %, and a small phone's. All have two pixels for
# one of CSS.
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


class Hand:
    """A mouse, or a finger, as the page is told."""

    def __init__(self, page: Page) -> None:
        self._browser: CDPSession = page.context.new_cdp_session(page)

    def has_touch(self, touch: bool) -> None:
        """Says which it is from now on."""
        self._browser.send("Emulation.setTouchEmulationEnabled", {"enabled": touch})


@pytest.mark.parametrize("states", [readers_states, desk_states], ids=["readers", "desk"])
@pytest.mark.long
def test_axe_finds_nothing_nothing_scrolls_sideways_and_every_target_is_as_large_as_a_finger(
    shared: Server, slug: str, open_page: NewPage, states: States
) -> None:
    smallest, _ = WINDOWS["320 px"]
    page = open_page(f"{shared.url}/healthz", wait_for=None, viewport=smallest, device_scale_factor=2, has_touch=True)
    axe, hand = Axe(), Hand(page)
    found: list[str] = []
    for state in states(shared, slug, page):
        hand.has_touch(False)
        page.set_viewport_size(DESKTOP)
        page.evaluate(LAID_OUT, "100%")
        found += [f"{state}, {each}" for each in axe.faults(page)]
        hand.has_touch(True)
        # The last is the window in which the page was brought into this state, and is brought into the next.
        for window, (size, text) in WINDOWS.items():
            page.set_viewport_size(size)
            if page.evaluate(LAID_OUT, text):
                found.append(f"{state}, {window}: scrolls sideways: {page.evaluate(WIDER)}")
            targets = TARGETS[states] if window == "320 px" else PRESSED
            found += [f"{state}, {window}: small: {each}" for each in page.evaluate(SMALL, targets)]
    assert not found, "\n".join(found)
