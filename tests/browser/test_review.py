"""A text goes from a contributor to the readers: submitted, returned with a note, changed, and published."""

import re
from datetime import datetime, timedelta

from playwright.sync_api import expect

from feed.store import editors, submitting
from tests.browser.conftest import PHONE, NewPage, bob_at_desk, sign_in
from tests.conftest import PASSWORD
from tests.server import Server
from tests.submitting import submitted


def test_carol_submits_bob_returns_and_publishes_and_readers_see_her_byline(
    shared: Server, slug: str, open_page: NewPage
) -> None:
    with shared.store() as store:
        editors.add(store, f"carol-{slug}", PASSWORD, "contributor", "Carol Chen", actor=None)
    reader = open_page(f"{shared.url}/feeds/{slug}")
    bob = bob_at_desk(open_page, shared, slug)
    queue = bob.locator(".to-review")
    expect(queue).to_have_text("Review")
    carol = open_page(f"{shared.url}/desk/feeds/{slug}", wait_for=None, viewport=PHONE)
    sign_in(carol, f"carol-{slug}")
    carol.locator(".composer [name=body]").fill("Smoke over the port.")
    carol.get_by_role("button", name="Submit for review").click()
    expect(carol.locator(".done")).to_contain_text("Submitted.")
    expect(carol.locator(".composer [name=body]")).to_have_value("")
    expect(queue).to_have_text("Review (1)")
    queue.click()
    bob.get_by_role("link", name="Smoke over the port.").click()
    expect(bob.locator(".previewed .by")).to_contain_text("Carol Chen")
    carol.goto(f"{shared.url}/desk/")
    bob.get_by_label("Or return it").fill("Which port?")
    bob.get_by_role("button", name="Return").click()
    expect(bob.locator(".done")).to_contain_text("Returned")
    # Her page says so without being loaded anew
    expect(carol.locator("#submitted .is-returned")).to_contain_text("Which port?")
    expect(carol.locator(".returned-to-you")).to_have_text("Returned (1)")
    carol.get_by_role("link", name="Smoke over the port.").click()
    expect(carol.locator(".of-submission")).to_contain_text("Which port?")
    carol.locator(".composer [name=body]").fill("Smoke over the port of Bar.")
    expect(carol.locator(".draft-state")).to_have_text("Saved")
    expect(bob.locator(".nothing-yet")).to_be_visible()
    carol.get_by_role("button", name="Submit again").click()
    expect(carol.locator(".returned-to-you")).to_be_hidden()
    bob.get_by_role("link", name="Smoke over the port of Bar.").click()
    bob.locator(".change-first summary").click()
    bob.locator(".review-form [name=body]").fill("Thick smoke over the port of Bar.")
    expect(bob.locator(".previewed")).to_contain_text("Thick smoke")
    expect(bob.locator(".previewed .by")).to_contain_text("Carol Chen")
    bob.get_by_role("button", name="Publish").click()
    expect(bob.locator(".done")).to_contain_text("Published.")
    published = reader.locator("li.update", has_text="Thick smoke over the port of Bar.")
    expect(published.locator(".by")).to_have_text(re.compile("^Carol Chen"))
    carol.clock.install()
    carol.goto(f"{shared.url}/desk/")
    expect(carol.locator("#submitted .is-published")).to_contain_text("published by Bob Brown")
    # What is old is forgotten, and then the number that her pages are told falls. They do not look by themselves here
    carol.clock.pause_at(datetime.now() + timedelta(minutes=1))
    with shared.store() as store:
        store.write(lambda db: db.execute("UPDATE submissions SET decided_at = '2020' WHERE decided_at IS NOT NULL"))
        with store.read() as db:
            bob_himself = editors.by_name(db, "bob")
        submitting.take_back(store, submitted(store, bob_himself, "Of bob", slug).id, bob_himself)
    expect(carol.locator("#submitted")).to_have_count(0)
