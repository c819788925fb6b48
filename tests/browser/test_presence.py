"""Editors see who else is at the desk and what each is editing; readers never do."""

import re

import pytest
from playwright.sync_api import Page, expect

from feed.store import editors
from tests.browser.conftest import DESKTOP, PHONE, NewPage, bob_at_desk, sign_in
from tests.conftest import PASSWORD
from tests.server import Server

EVE = "Eve <b>& Co</b>"


def eve_at_desk(open_page: NewPage, server: Server, login: str) -> Page:
    """Eve, signed in, at the desk's first page."""
    with server.store() as store:
        editors.add(store, login, PASSWORD, "editor", EVE, actor=None)
    page = open_page(f"{server.url}/desk/", wait_for=None)
    sign_in(page, login)
    return page


@pytest.mark.parametrize("viewport", [PHONE, DESKTOP], ids=["phone", "desktop"])
def test_editors_see_each_other_come_edit_and_go(
    shared: Server, slug: str, open_page: NewPage, viewport: dict[str, int]
) -> None:
    update = shared.publish("Two cars burn.", slug)
    bob = bob_at_desk(open_page, shared, slug, viewport=viewport)
    reader = open_page(f"{shared.url}/feeds/{slug}")
    heard: list[str] = []
    reader.on("websocket", lambda socket: socket.on("framereceived", lambda frame: heard.append(str(frame))))
    reader.reload()
    reader.wait_for_selector("live-feed[state=live]")
    expect(bob.locator(".also-here")).to_have_text("")
    eve = eve_at_desk(open_page, shared, f"eve-{slug}")
    expect(eve.locator(".also-here")).to_have_text("Also at the desk: Bob Brown")
    expect(eve.locator(f"[data-feed={slug}].people-here")).to_have_text("Here now: Bob Brown")
    expect(bob.locator(".also-here")).to_have_text("")  # she is not here, but on the first page
    eve.goto(f"{shared.url}/desk/feeds/{slug}")
    expect(bob.locator(".also-here")).to_have_text(f"Also here: {EVE}")
    expect(eve.locator(".also-here")).to_have_text("Also here: Bob Brown")
    eve.locator(".updates li.update-tools a.edit").click()
    editing = re.compile(rf"Also here: {re.escape(EVE)}, editing the \d\d:\d\d update$")
    expect(bob.locator(".also-here")).to_have_text(editing)
    expect(bob.locator(".updates li.update-tools .editing-now")).to_have_text(f"{EVE} is editing this")
    second = eve.context.new_page()  # another window of hers
    second.goto(f"{shared.url}/desk/updates/{update['id']}")
    eve.close()
    expect(bob.locator(".updates li.update-tools .editing-now")).to_have_text(f"{EVE} is editing this")
    bob.locator(".updates li.update-tools a.edit").click()
    expect(second.locator(".editing-now")).to_have_text("Bob Brown is editing this")
    second.close()
    expect(bob.locator(".also-here")).to_have_text("")
    expect(bob.locator(".updates li.update-tools .editing-now")).to_have_text("")
    expect(bob.locator("form.edit")).to_be_visible()
    assert reader.locator(".also-here, .editing-now, .presence-words").count() == 0
    assert heard
    assert not [frame for frame in heard if "desk" in frame or "Eve" in frame]
