"""External posts in Chromium: nothing is loaded from another site until a reader presses the button, and what is loaded
stays while the card does. The other sites are answered here, so the press, the policy and the frame are real."""

from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Frame, Locator, Page, expect

from tests.browser.conftest import LONG, PHONE, NewPage, bob_at_desk, until
from tests.browser.test_morph import edited
from tests.server import Server

VIDEO = "https://youtu.be/dQw4w9WgXcQ?t=90"
FRAME = "https://www.youtube-nocookie.com/embed/dQw4w9WgXcQ?start=90"
POSTS = {
    VIDEO: FRAME,
    "https://vimeo.com/76979871": "https://player.vimeo.com/video/76979871?dnt=1",
    "https://x.com/nasa/status/20": "https://platform.twitter.com/embed/Tweet.html?dnt=true&id=20",
    "https://bsky.app/profile/a.example/post/3l6oveex3ii2l": "https://embed.bsky.app/embed/a.example/app.bsky.feed.post/3l6oveex3ii2l",
    "https://mastodon.social/@Gargron/1": "https://mastodon.social/@Gargron/1/embed",
    "https://www.instagram.com/reel/CuE2WKNsDHd/": "https://www.instagram.com/reel/CuE2WKNsDHd/embed/captioned/",
    "https://www.tiktok.com/@scout2015/video/67183": "https://www.tiktok.com/embed/v2/67183",
    "https://t.me/durov/142": "https://t.me/durov/142?embed=1",
}  # fmt: skip
HOSTS = tuple(str(urlsplit(frame).hostname) for frame in POSTS.values())


@pytest.fixture
def server(shared: Server) -> Server:
    return shared


@pytest.fixture
def open_posts(open_page: NewPage) -> NewPage:
    """Like open_page; the frames of the posts can be loaded."""
    return lambda *address, **options: open_page(*address, elsewhere=HOSTS, **options)


def asked_elsewhere(page: Page) -> list[str]:
    """What the page's browser asks of other hosts from now on."""
    asked: list[str] = []
    page.on("request", lambda request: urlsplit(request.url).hostname in HOSTS and asked.append(request.url))
    return asked


def loaded(page: Page, card: Locator) -> Frame:
    """The frame in the card, when it has loaded."""
    frame = card.locator("iframe").element_handle().content_frame()
    assert frame
    frame.wait_for_selector("text=Elsewhere")
    return frame


def tops(page: Page) -> list[float]:
    return list(
        page.locator(".text > *, .by").evaluate_all("(all) => all.map((each) => each.getBoundingClientRect().top)")
    )


def test_each_site_is_asked_after_the_press_of_its_button_alone(server: Server, slug: str, open_posts: NewPage) -> None:
    server.publish("\n\n".join(["Landed.", *POSTS, "The end."]), slug)
    page = open_posts(viewport=PHONE)
    asked = asked_elsewhere(page)
    page.goto(f"{server.url}/feeds/{slug}")
    page.wait_for_selector("live-feed[state=live]")
    page.wait_for_load_state("networkidle")
    buttons = page.locator(".external button")
    expect(buttons).to_have_count(len(POSTS))
    assert asked == []
    for number, (address, frame) in enumerate(POSTS.items()):
        card = page.locator(".external").nth(number)
        card.get_by_role("button").focus()
        page.keyboard.press("Enter")
        placed = card.locator("iframe")
        expect(placed).to_be_visible()
        before = tops(page)
        assert loaded(page, card).url == frame
        assert tops(page) == before, "nothing moves when it has loaded"
        assert asked[number:] == [frame]
        expect(card.get_by_role("button")).to_have_count(0)
        expect(card.get_by_role("link", name=address)).to_be_visible()
        assert placed.evaluate("(frame) => frame === frame.getRootNode().activeElement"), "it has the focus"
        assert address in str(placed.get_attribute("title"))
        assert "allow-top-navigation" not in str(placed.get_attribute("sandbox"))
        policy = "strict-origin-when-cross-origin" if address == VIDEO else "no-referrer"
        assert placed.get_attribute("referrerpolicy") == policy
        assert placed.evaluate("(frame) => frame.getBoundingClientRect().right <= innerWidth")


def test_a_frame_stays_while_its_card_does(server: Server, slug: str, open_posts: NewPage) -> None:
    update = server.publish(f"First.\n\n{VIDEO}\n\nLast.", slug)
    page = open_posts(f"{server.url}/feeds/{slug}")
    asked = asked_elsewhere(page)
    card = page.locator("li.update .external")
    card.get_by_role("button", name="Load from YouTube").click()
    loaded(page, card).evaluate("window.played = 1")
    for body in (
        f"First, better.\n\n{VIDEO}\n\nLast.",
        f"New on top.\n\nFirst, better.\n\n{VIDEO}&si=copied\n\n- one\n- two",
        f"{VIDEO}&si=copied\n\nhttps://t.me/durov/142\n\n{LONG * 2}",
    ):
        edited(server, page, update, body=body)
        assert loaded(page, card.first).evaluate("window.played") == 1
    edited(server, page, update, body=f"{LONG * 2}\n\n{VIDEO}&si=copied\n\nhttps://t.me/durov/142")
    assert loaded(page, card.first).evaluate("window.played") == 1
    edited(server, page, update, headline="Named", key=True)
    assert loaded(page, card.first).evaluate("window.played") == 1
    assert asked == [FRAME]
    for body in (f"First.\n\n{VIDEO[:-1]}1", "First.\n\nhttps://vimeo.com/1", f"See {VIDEO}", f"> {VIDEO}", "Words"):
        edited(server, page, update, body=f"{VIDEO}\n\nEnd")
        if not card.locator("iframe").count():
            card.get_by_role("button").click()
        loaded(page, card)
        edited(server, page, update, body=body)
        expect(page.locator("iframe")).to_have_count(0)
    edited(server, page, update, body=VIDEO)
    card.get_by_role("button").click()
    loaded(page, card)
    server.api("DELETE", f"/api/v1/updates/{update['id']}")
    expect(page.locator("iframe")).to_have_count(0)


Opened = Callable[[NewPage, Server, str, dict[str, Any]], Page]


def at_desk(open_page: NewPage, server: Server, slug: str, update: dict[str, Any]) -> Page:
    page = bob_at_desk(open_page, server, slug)
    server.api("DELETE", f"/api/v1/updates/{update['id']}")
    page.get_by_label("Update").fill(VIDEO)
    return page


PLACES: dict[str, Opened] = {
    "article": lambda opened, server, slug, update: opened(f"{server.url}/articles/{slug}"),
    "embed": lambda opened, server, slug, update: opened(f"{server.url}/embed/feeds/{slug}"),
    "permalink": lambda opened, server, slug, update: opened(f"{server.url}/updates/{update['id']}"),
    "pinned": lambda opened, server, slug, update: opened(f"{server.url}/feeds/{slug}?key=1"),
    "desk": at_desk,
}


@pytest.mark.parametrize("place", PLACES)
def test_it_loads_wherever_the_text_is_shown(server: Server, slug: str, open_posts: NewPage, place: str) -> None:
    server.api("PATCH", f"/api/v1/articles/{slug}", {"body": f"Before\n\n{VIDEO}\n\nAfter"})
    update = server.publish(f"{LONG * 2}\n\n{VIDEO}", slug, pinned=place == "pinned")
    page = PLACES[place](open_posts, server, slug, update)
    within = {"article": ".body", "pinned": ".pinned", "desk": ".preview"}.get(place, "li.update")
    if place == "embed":
        page.locator("li.update .fold summary").click()
    card = page.locator(f"{within} .external").first
    card.get_by_role("button").click()
    frame = loaded(page, card)
    assert frame.url == FRAME
    if place == "desk":
        frame.evaluate("window.played = 1")
        page.get_by_label("Update").fill(f"{VIDEO}\n\nMore is typed")
        expect(page.locator(".preview")).to_contain_text("More is typed")
        assert loaded(page, card).evaluate("window.played") == 1
        assert page.url.endswith(f"/desk/feeds/{slug}"), "the button sends no form"


def test_a_frame_that_is_watched_is_not_moved_by_what_is_new(server: Server, slug: str, open_posts: NewPage) -> None:
    server.publish(f"Words\n\n{VIDEO}", slug)
    page = open_posts(f"{server.url}/feeds/{slug}")
    card = page.locator("li.update .external")
    card.get_by_role("button").click()
    loaded(page, card)
    assert not [
        broken["id"] for broken in Axe().run(page, options={"resultTypes": ["violations"]}).response["violations"]
    ]
    before = tops(page)
    server.publish("New", slug)
    toast = page.locator(".toast button")
    expect(toast).to_have_text("1 new update")
    assert tops(page)[-len(before) :] == before
    toast.click()
    expect(page.locator("li.update .text").first).to_have_text("New")


def test_without_scripts_the_link_is_there_and_no_button(server: Server, slug: str, open_posts: NewPage) -> None:
    update = server.publish(VIDEO, slug)
    page = open_posts(f"{server.url}/updates/{update['id']}", wait_for=None, java_script_enabled=False)
    card = page.locator(f"#update-{update['id']} .external")
    expect(card.get_by_role("link", name=VIDEO)).to_be_visible()
    expect(card.locator("button")).to_be_hidden()


def test_a_frame_of_another_host_is_refused_by_the_policy(server: Server, slug: str, open_posts: NewPage) -> None:
    server.publish(VIDEO, slug)
    page = open_posts(f"{server.url}/feeds/{slug}")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    refusal = "addEventListener('securitypolicyviolation', (refusal) => (window.refused = refusal.blockedURI))"
    page.evaluate(refusal)
    card = page.locator("li.update .external")
    card.evaluate("(card) => (card.dataset.of = 'https://evil.example/x')")
    card.get_by_role("button").click()
    until(page, lambda: "//evil.example" in str(page.evaluate("window.refused")))
    assert not [each for each in asked if "evil" in each]
