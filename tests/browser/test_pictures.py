"""Pictures in texts on an open page: nothing moves when they load late, and a small screen loads a small file."""

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, Route, expect

from tests.browser.conftest import ANCHORED, DESKTOP, LONG, PHONE, NewPage, until
from tests.browser.states import uploaded
from tests.browser.test_layout import WATCH
from tests.server import Server

FRAMES = "() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))"


class Held:
    """Holds back every picture that a page asks for."""

    def __init__(self, page: Page) -> None:
        self.waiting: list[Route] = []
        page.route("**/pictures/*", lambda route: self.waiting.append(route))

    def let_go(self) -> None:
        for each in self.waiting:
            each.continue_()


def places(page: Page) -> list[Any]:
    """Where each update and paragraph stands in the view."""
    page.evaluate(FRAMES)
    found = "[...document.querySelectorAll('main :is(li.update, p, figcaption)')]"
    return list(page.evaluate(f"{found}.map((each) => Math.round(each.getBoundingClientRect().top))"))


def loaded(page: Page) -> bool:
    """Whether every picture is there."""
    return bool(page.evaluate("[...document.querySelectorAll('main img')].every((img) => img.naturalWidth)"))


@ANCHORED
@pytest.mark.parametrize("viewport", [PHONE, DESKTOP], ids=["phone", "desktop"])
@pytest.mark.parametrize("scrolled", [False, True], ids=["from the top", "among them"])
def test_nothing_moves_when_a_slow_picture_comes(
    shared: Server, slug: str, open_page: NewPage, viewport: dict[str, int], anchored: bool, scrolled: bool
) -> None:
    picture = uploaded(shared)
    shared.api("PATCH", f"/api/v1/articles/{slug}", {"body": f"{LONG}\n\n![The quay](/pictures/{picture})\n\n{LONG}"})
    for number in range(4):
        shared.publish(f"Number {number}. Short.", slug)
        shared.publish(f"![The quay](/pictures/{picture}) Number {number}.", slug)
        shared.publish(f"![The quay](/pictures/{picture})\n\n{LONG * 3}", slug, headline="Folded")
    page = open_page(f"{shared.url}/healthz", wait_for=None, anchored=anchored, viewport=viewport)
    held = Held(page)
    page.add_init_script(f"({WATCH})()")
    page.goto(f"{shared.url}/articles/{slug}", wait_until="domcontentloaded")
    page.wait_for_selector(f"[feed='{slug}'][state=live]", state="attached")
    if scrolled:
        page.evaluate("document.querySelectorAll('li.update')[4].scrollIntoView()")
    # All of them, and not only those that are near: they are lazy.
    page.evaluate("document.querySelectorAll('main img').forEach((img) => (img.loading = 'eager'))")
    images = page.locator("main img").count()
    assert images >= 9
    until(page, lambda: bool(held.waiting))
    before = places(page)
    page.evaluate("shifts.length = 0")
    held.let_go()
    page.unroute("**/pictures/*")
    until(page, lambda: loaded(page))
    assert places(page) == before
    assert page.evaluate("shifts.reduce((sum, each) => sum + each, 0)") == 0


@ANCHORED
def test_a_picture_in_a_pushed_update_and_in_an_edit_leaves_the_rest_where_it_is(
    shared: Server, slug: str, open_page: NewPage, anchored: bool
) -> None:
    picture = uploaded(shared)
    first = shared.publish("First.", slug)
    for number in range(12):
        shared.publish(f"Number {number}. {LONG}", slug)
    ready = f"[feed='{slug}'][state=live]"
    page = open_page(f"{shared.url}/articles/{slug}", wait_for=ready, anchored=anchored, viewport=PHONE)
    held = Held(page)
    body = "Look\n\n![The quay](/pictures/{})\n\nMore."
    edit = {"body": body.format(uploaded(shared)), "revision": 1}
    change: dict[str, Callable[[], Any]] = {
        "pushed": lambda: shared.publish(body.format(picture), slug),
        "edited": lambda: shared.api("PATCH", f"/api/v1/updates/{first['id']}", edit),
    }
    page.locator(f"#update-{first['id']}").scroll_into_view_if_needed()
    for name, change_it in change.items():
        known = len(held.waiting)
        made = change_it()
        if name == "pushed":
            page.locator(f"[feed='{slug}'] .toast button").click()
        image = page.locator(f"#update-{made['id']} img")
        expect(image).to_be_attached()
        image.scroll_into_view_if_needed()
        until(page, lambda known=known: len(held.waiting) > known)  # type: ignore[misc]
        before = places(page)
        held.waiting[-1].continue_()
        until(page, lambda image=image: image.evaluate("(img) => img.naturalWidth > 0"))  # type: ignore[misc]
        assert places(page) == before, name


def test_a_picture_keeps_its_shape_and_has_a_colour_before_it_comes(
    shared: Server, slug: str, open_page: NewPage
) -> None:
    picture = uploaded(shared)
    made = shared.publish(f"![The quay](/pictures/{picture})", slug)
    page = open_page(f"{shared.url}/healthz", wait_for=None, viewport=PHONE)
    held = Held(page)
    page.goto(f"{shared.url}/updates/{made['id']}", wait_until="domcontentloaded")
    image = page.locator(f"#update-{made['id']} img")
    until(page, lambda: bool(held.waiting))
    box = image.bounding_box()
    assert box
    assert box["width"] / box["height"] == pytest.approx(1600 / 900, rel=0.02)
    assert image.evaluate("(img) => getComputedStyle(img).backgroundColor") == "rgb(102, 102, 153)"
    assert [each.request.url.partition("?")[2] for each in held.waiting] == ["small"], "a phone loads the small file"
    expect(page.locator("figure figcaption")).to_contain_text("(Bob Brown)")
