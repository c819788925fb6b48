"""Visits every page in every state in which it is seen, for tests of what must hold in all of them."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import requests
from playwright.sync_api import Page, expect

from tests.browser.conftest import LONG, sign_in
from tests.images import a_png
from tests.server import Server

GREY = (90, 120, 140)
WIDE = "Donaudampfschifffahrtsgesellschaftskapitän" * 3


def uploaded(server: Server) -> str:
    """Uploads a picture and returns its id."""
    sent = {"file": ("quay.png", a_png((1600, 900), GREY), "image/png")}
    words = {"alt": "The quay at dawn", "caption": f"The quay. {WIDE}", "credit": "Bob Brown"}
    headers = {"Authorization": f"Bearer {server.token}"}
    answer = requests.post(f"{server.url}/api/v1/pictures", files=sent, data=words, headers=headers, timeout=10)
    assert answer.ok, answer.text
    return str(answer.json()["id"])


def know(server: Server, slug: str, text: str, *grounds: int) -> None:
    """Adds a point that rests on these updates."""
    form = {"text": text, "updates": [str(each) for each in grounds]}
    path = f"{server.url}/desk/feeds/{slug}/points"
    assert server.at_desk().post(path, form, allow_redirects=False, timeout=10).status_code == 303


def fill(server: Server, slug: str) -> None:
    """Publishes more updates than a page shows at once."""
    for number in range(24):
        server.publish(f"Number {number}. {LONG}", slug)


def furnish(server: Server, slug: str) -> list[dict[str, Any]]:
    """Gives the article all that a page may show, and its coverage four more updates, of which these are given: an
    edited one with a note that was wrong, one retracted with a notice, and a long pinned key one that is unconfirmed.
    Two points rest on them, of which one is being checked."""
    picture = uploaded(server)
    words = {"headline": f"The harbour {WIDE}", "standfirst": LONG, "kicker": "Town", "picture": picture}
    post = f"https://www.youtube.com/watch?v=dQw4w9WgXcQ&list=PL{'x' * 120}"
    body = f"{LONG}\n\n{post}\n\n![The quay](/pictures/{picture})\n\n"
    body += f"| a | b |\n|---|---|\n| {WIDE} | 2 |\n\n```\n{WIDE}\n```\n\n"
    server.api("PATCH", f"/api/v1/articles/{slug}", {**words, "body": body + "## Then\n\n- one\n- two\n\n> said"})
    edited, retracted = server.publish(f"Edited. {LONG}", slug, headline="As it was"), server.publish("Wrong", slug)
    unsure = {"status": "unconfirmed", "source": f"https://{WIDE[:50]}.example/"}
    pinned = server.publish(LONG * 3, slug, pinned=True, key=True, headline=f"Pinned {WIDE}", **unsure)
    know(server, slug, f"Known {WIDE}", pinned["id"], edited["id"])
    know(server, slug, LONG[:200], pinned["id"])
    change = {"headline": f"As it is {WIDE}", "body": "Edited since, with a note.", "note": f"A name. {WIDE}"}
    change |= {"status": "wrong", "source": f"Police {WIDE}"}
    server.api("PATCH", f"/api/v1/updates/{edited['id']}", {**change, "revision": 1})
    server.api("DELETE", f"/api/v1/updates/{retracted['id']}", {"notice": True, "reason": f"it was wrong {WIDE}"})
    server.publish(f"{body}*The end*", slug)
    return [edited, retracted, pinned]


def readers_states(server: Server, slug: str, page: Page) -> Iterator[str]:
    """Brings the page into each state of a reader's pages, and names it."""
    fill(server, slug)
    edited, retracted, pinned = furnish(server, slug)
    own = page.locator(f"[feed='{slug}']")

    def goto(path: str, state: str = "live") -> None:
        page.goto(server.url + path)
        page.wait_for_selector(f"live-feed[feed='{slug}'][state={state}]", state="attached")

    goto(f"/articles/{slug}")
    yield "article"
    page.evaluate("document.querySelectorAll('li.update')[5].scrollIntoView()")
    server.publish("New", slug)
    expect(own.locator(".toast button")).to_be_visible()
    yield "toast"
    own.locator(".pause").click()
    yield "paused"
    own.locator(".pause").click()
    page.goto(f"{server.url}/")
    page.wait_for_selector("live-feed[state=live]", state="attached")
    yield "front"
    goto(f"/feeds/{slug}")
    yield "pinned open"
    page.locator(".pinned summary").click()
    yield "pinned folded"
    views = {"key only": "key=1", "oldest first": "order=oldest", "found": "q=quay", "at a time": "at=2026-01-01T00:00"}
    for name, query in {**views, "nothing found": "q=xylophone", "from a time on": "at=2099-01-01T00:00"}.items():
        goto(f"/feeds/{slug}?{query}")
        yield name
    page.goto(f"{server.url}/healthz")
    server.publish("While away", slug, key=True)
    goto(f"/feeds/{slug}")
    expect(page.locator("li.left")).to_be_visible()
    yield "you left here"
    page.get_by_role("button", name="Catch me up").click()
    yield "caught up"
    page.get_by_role("link", name="Show More", exact=True).press("Enter")
    expect(page.locator(f"#update-{edited['id']}")).to_be_visible()
    expect(page.locator("li.retracted")).to_be_visible()
    yield "all of it, with a notice"
    goto(f"/updates/{edited['id']}")
    yield "permalink"
    page.goto(f"{server.url}/updates/{edited['id']}/history")
    expect(page.locator("ins, del, .note")).not_to_have_count(0)
    yield "history"
    goto(f"/updates/{pinned['id']}")
    server.api("DELETE", f"/api/v1/updates/{pinned['id']}")
    expect(page.locator(".gone")).to_be_visible()
    yield "permalink of what was just retracted"
    page.goto(f"{server.url}/updates/{retracted['id']}")
    expect(page.locator("main")).to_contain_text("it was wrong")
    yield "410"
    page.goto(f"{server.url}/articles/{WIDE}")
    yield "404"
    goto(f"/feeds/{slug}")
    page.context.set_offline(True)
    page.wait_for_selector("live-feed[state=offline]")
    yield "offline"
    page.context.set_offline(False)
    server.coverage(slug, is_open=False, message=WIDE, summary=f"- **{WIDE}**\n- It is over")
    goto(f"/feeds/{slug}", "ended")
    yield "ended"
    server.api("POST", "/api/v1/articles", {"slug": f"{slug}-quiet", "headline": "Quiet", "live": True})
    page.goto(f"{server.url}/feeds/{slug}-quiet")
    page.wait_for_selector("live-feed[state=live]")
    yield "nothing yet"


def _pictures_states(page: Page) -> Iterator[str]:
    """Puts pictures into the composer, and takes them out again."""
    files = [
        {"name": f"{WIDE}.png", "mimeType": "image/png", "buffer": a_png((90, 60), GREY)},
        {"name": "photo.jpg", "mimeType": "image/jpeg", "buffer": b"Dear diary"},
    ]
    page.locator(".composer .picture-files").set_input_files(files)  # type: ignore[arg-type]
    cards = page.locator(".attached-picture")
    expect(cards.nth(0)).to_have_attribute("data-state", "there")
    expect(cards.nth(1)).to_have_attribute("data-state", "refused")
    page.get_by_role("button", name="Publish").click()
    yield "a picture that did not arrive"
    cards.nth(1).get_by_role("button", name="Remove").click()
    page.get_by_role("button", name="Publish").click()
    expect(cards.get_by_label("What it shows")).to_have_attribute("aria-invalid", "true")
    yield "a picture without a description"
    cards.get_by_role("button", name="Remove").click()


def composers_states(page: Page) -> Iterator[str]:
    """Brings the composer into each of its states, and leaves it empty."""
    preview, tab = page.locator(".preview"), page.get_by_role("tab", name="Preview")
    words = page.locator(".composer textarea")
    page.get_by_role("button", name="+ Headline").click()
    page.get_by_label("Headline (optional)").fill(f"{WIDE} " + "y" * 70)
    page.get_by_role("checkbox", name="Key event").check()
    words.fill(f'"{LONG}" -- {WIDE}\n\n1986. A year\n\n> said\n\n```\n{WIDE}\n```')
    expect(preview).to_have_attribute("data-state", "current")
    yield "composer with a text"
    yield from _pictures_states(page)
    page.get_by_role("button", name="Earlier pictures", exact=True).click()
    expect(page.get_by_role("dialog").get_by_role("button", name="The quay at dawn").first).to_be_visible()
    yield "choice of pictures"
    page.get_by_role("button", name="Close").click()
    if tab.is_visible():
        tab.click()
        expect(preview).to_be_visible()
        yield "preview in its tab"
    words.evaluate(
        "(area) => { area.value = 'x'.repeat(20001); area.dispatchEvent(new Event('input', { bubbles: true })) }"
    )
    expect(preview).to_have_attribute("data-state", "stale")
    yield "preview of a text that is too long"
    if tab.is_visible():
        page.get_by_role("tab", name="Write").click()
        yield "composer with a text that is too long"
    words.fill("")
    page.get_by_label("Headline (optional)").fill("")
    page.get_by_role("checkbox", name="Key event").uncheck()
    expect(preview).to_have_attribute("data-state", "empty")


def waiting_states(page: Page) -> Iterator[str]:
    """Texts wait for a network, and then for what is to be done with the first, which is refused."""
    words, listed = page.locator(".composer textarea"), page.locator(".outbox li")
    page.context.set_offline(True)
    for text in (f"[Refused](ftp://{WIDE})", f"Waiting {WIDE}"):
        words.fill(text)
        words.press("Control+Enter")
        expect(words).to_have_value("")
    expect(listed).to_have_count(2)
    yield "texts that wait"
    page.context.set_offline(False)
    expect(page.locator(".queued-reason").first).to_contain_text("ftp", timeout=20_000)
    yield "a refused text that holds another"
    for _ in range(2):
        page.locator(".outbox .discard-queued").last.click()
        expect(page.locator(".done")).to_contain_text("Discarded")
    expect(page.locator(".outbox")).to_be_hidden()


def scheduled_states(page: Page) -> Iterator[str]:
    """A text is given a moment; it stays scheduled."""
    page.locator(".composer textarea").fill(f"Later {WIDE}")
    page.get_by_role("button", name="Schedule…").click()
    page.get_by_label("Time", exact=True).fill("00:00:00")
    page.get_by_role("button", name="Schedule", exact=True).click()
    expect(page.locator(".reason")).to_contain_text("This moment is over.")
    yield "moment refused"
    page.get_by_label("Date", exact=True).fill(f"{datetime.now(UTC) + timedelta(days=9):%Y-%m-%d}")
    page.get_by_role("button", name="Schedule", exact=True).click()
    expect(page.locator("#scheduled li")).to_have_count(1)
    yield "scheduled"
    page.locator("#scheduled").get_by_role("link").click()
    expect(page.get_by_role("heading", name="Scheduled update")).to_be_visible()
    yield "form of what is scheduled"


def review_states(server: Server, slug: str, update_id: int, page: Page) -> Iterator[str]:
    """Texts wait for review, until they are taken back."""
    page.goto(f"{server.url}/desk/review")
    expect(page.locator(".nothing-yet")).to_be_visible()
    yield "nothing to review"
    bob = server.at_desk()
    for path, form in {
        f"feeds/{slug}": {"body": f"Submitted {WIDE}"},
        f"updates/{update_id}": {"body": LONG, "revision": "2", "status": "unconfirmed", "source": WIDE},
        "new-article": {"headline": f"Submitted {WIDE}", "standfirst": WIDE, "body": f"{LONG}\n\n## {WIDE}"},
    }.items():
        answer = bob.post(f"{server.url}/desk/{path}/submissions", form, allow_redirects=False, timeout=10)
        assert answer.status_code == 303, answer.text
    rows = page.locator(".queue li")
    expect(rows).to_have_count(3)
    yield "texts to review"
    shown = [row.get_attribute("href") for row in page.locator(".queue li > a").all()]
    page.goto(f"{server.url}{shown[0]}")
    page.locator(".change-first summary").click()
    page.locator(".schedule-it summary").click()
    page.get_by_role("button", name="Schedule", exact=True).click()
    expect(page.locator(".schedule-it .reason")).to_contain_text("Choose a date and a time.")
    yield "an update to review, its moment refused"
    page.goto(f"{server.url}{shown[1]}")
    page.get_by_role("button", name="Return", exact=True).click()
    expect(page.locator(".return-form .reason")).to_be_visible()
    yield "an edit to review, its note refused"
    page.goto(f"{server.url}{shown[2]}")
    page.locator(".change-first summary").click()
    yield "an article to review"
    for address in shown:
        taken = str(address).replace("/review/", "/submissions/") + "/taken-back"
        assert bob.post(f"{server.url}{taken}", allow_redirects=False, timeout=10).status_code == 303
    expect(page.locator(".reviewed")).to_contain_text("took this back")
    yield "a text that was taken back"


def taken_back_states(page: Page) -> Iterator[str]:
    """What was published is taken back, and what was retracted is listed."""
    words = page.locator(".composer textarea")
    for nothing_written_since in (True, False):
        words.fill(f"Too early {WIDE}")
        page.get_by_role("button", name="Publish").click()
        expect(page.locator(".receipt[data-state=ended]")).to_be_attached(timeout=20_000)
        if nothing_written_since:
            yield "just published"
        else:
            words.fill("The next one")
        page.locator(".undo button").click()
        expect(page.locator(".done")).to_contain_text("Taken back.")
        yield "taken back, the text in the composer" if nothing_written_since else "taken back, the text a draft"
    words.fill("")
    page.locator(".retracted-updates summary").click()
    expect(page.locator(".retracted-updates li").first).to_be_visible()
    yield "retracted updates"
    page.locator(".retracted-updates button").first.click()
    expect(page.locator(".done")).to_contain_text("Restored.")
    yield "restored"


def desk_states(server: Server, slug: str, page: Page) -> Iterator[str]:
    """Brings the page into each state of the desk, and names it."""
    edited, _, pinned = furnish(server, slug)
    page.goto(f"{server.url}/desk/feeds/{slug}")
    yield "sign-in"
    page.get_by_label("Name").fill("bob")
    page.get_by_label("Password").fill("no such password")
    page.get_by_role("button", name="Sign in", exact=True).click()
    expect(page.locator(".notice[role=alert]")).to_be_visible()
    yield "sign-in refused"
    sign_in(page)
    page.wait_for_selector("live-feed[state=live]")
    yield "feed"
    yield from composers_states(page)
    page.locator(".composer textarea").fill("See [this](ftp://example.org)")
    page.get_by_role("button", name="Publish").click()
    expect(page.locator(".composer .reason")).to_be_visible()
    yield "composer refused"
    tools = page.locator(f"[data-for=update-{pinned['id']}]")
    tools.locator("a.edit").click()
    expect(page.locator("form.edit")).to_be_visible()
    yield "edit form open"
    before = tools.get_by_role("textbox", name="Update").input_value()
    tools.get_by_role("textbox", name="Update").fill("Not yet")
    tools.get_by_role("textbox", name="Update").press("Escape")
    expect(page.locator("form.edit")).to_be_hidden()
    yield "edit form closed, its text kept"
    tools.locator("a.edit").click()
    tools.get_by_role("textbox", name="Update").fill(before)
    tools.locator(".cancel").click()
    tools.locator(".more-tools summary").click()
    expect(page.locator("form.retraction")).to_be_visible()
    yield "retraction form open"
    page.locator(".composer textarea").fill(f"Thrown away {WIDE}")
    page.get_by_role("button", name="Discard").click()
    expect(page.get_by_role("button", name="Undo")).to_be_visible()
    yield "composer discarded"
    yield from waiting_states(page)
    yield from taken_back_states(page)
    yield from scheduled_states(page)
    yield from review_states(server, slug, edited["id"], page)
    page.goto(f"{server.url}/desk/updates/{edited['id']}")
    server.api("PATCH", f"/api/v1/updates/{edited['id']}", {"body": f"Theirs {WIDE}", "revision": 2})
    page.get_by_role("button", name="Save").click()
    expect(page.locator(".conflict")).to_be_visible()
    yield "edit in conflict"
    page.goto(f"{server.url}/desk/updates/{edited['id']}/retraction")
    yield "retraction"
    fill(server, slug)
    page.goto(f"{server.url}/desk/feeds/{slug}")
    expect(page.get_by_role("link", name="Show More", exact=True)).to_be_visible()
    yield "feed with more than a page"
    page.locator(".what-we-know .is-checked").first.get_by_role("link", name="Edit").click()
    yield "a point that is being checked"
    page.get_by_label("Point", exact=True).fill("")
    page.get_by_role("button", name="Save").click()
    expect(page.locator(".reason")).to_be_visible()
    yield "a point refused"
    for path in (
        "",
        "new-article",
        f"articles/{slug}",
        "pictures",
        "profile",
        "search?q=quay",
        f"on/articles/{slug}",
        f"feeds/{slug}/coverage",
    ):
        page.goto(f"{server.url}/desk/{path}")
        yield path or "index"
        if not path:
            page.get_by_text("Discarded (").click()
            yield "discarded drafts"
        button = page.locator("main form button.primary")
        if path in ("new-article", "pictures"):
            button.click()
            expect(page.locator(".reason").first).to_be_visible()
            yield f"{path} refused"
    page.goto(f"{server.url}/desk/pictures")
    page.get_by_role("link", name="Change the words").first.click()
    expect(page.get_by_role("heading", name="A picture")).to_be_visible()
    yield "words of a picture"
    yield from _people_states(server, slug, page)


def _people_states(server: Server, slug: str, page: Page) -> Iterator[str]:
    """What only an admin sees of the desk, and what a link leads to."""
    page.context.clear_cookies()
    page.goto(f"{server.url}/desk/people")
    sign_in(page, "alice")
    page.locator("#person-bob summary").click()
    expect(page.get_by_role("button", name="Reset password")).to_be_visible()
    yield "people"
    page.goto(f"{server.url}/desk/tokens")
    page.get_by_label("In those that are ticked").check()
    yield "tokens"
    page.goto(f"{server.url}/desk/people")
    page.get_by_label("Name to sign in with").fill(f"of.{slug}")
    page.get_by_label("Name in the byline").fill(WIDE)
    page.get_by_role("button", name="Make a link").click()
    link = page.get_by_label("Link", exact=True).input_value()
    yield "a link to invite somebody"
    page.goto(link)
    expect(page.get_by_role("button", name="Begin")).to_be_visible()
    yield "invitation"
    page.context.clear_cookies()
    page.goto(f"{server.url}/desk/")
    sign_in(page)
