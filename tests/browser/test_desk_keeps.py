"""Text that editors have typed survives lost answers, reloads and other tabs, and is published once."""

import re

import pytest
from playwright.sync_api import BrowserContext, Page, Route, expect

from tests.browser.conftest import kept_on_device, sign_in, until
from tests.server import Server


def open_desk(context: BrowserContext, shared: Server, slug: str, name: str | None = None) -> Page:
    """The desk of the coverage in another tab of that browser, with a sign-in first where a name is given."""
    page = context.new_page()
    page.goto(f"{shared.url}/desk/feeds/{slug}")
    if name:
        sign_in(page, name)
    page.wait_for_selector("live-feed[state=live]")
    return page


def lose_the_answer(route: Route) -> None:
    """The site takes it, and the editor never hears of it."""
    route.fetch(max_redirects=0)
    route.abort()


def test_a_text_whose_answer_was_lost_is_found_to_be_published(shared: Server, slug: str, desk: Page) -> None:
    desk.route(f"**/desk/feeds/{slug}/updates", lose_the_answer)
    desk.get_by_role("textbox", name="Update").fill("Once and for all")
    desk.get_by_role("button", name="Publish").click()
    expect(desk.locator(".updates li.update .text")).to_have_text(["Once and for all"])
    expect(desk.locator(".done")).to_contain_text("Published.")
    expect(desk.get_by_role("textbox", name="Update")).to_have_value("")
    expect(desk.locator(".trouble")).to_be_hidden()
    assert shared.version(slug) == 1


def test_an_edit_whose_answer_was_lost_is_found_to_be_saved(shared: Server, slug: str, desk: Page) -> None:
    update = shared.publish("As it was", slug)
    desk.route(
        f"**/desk/updates/{update['id']}",
        lambda route: lose_the_answer(route) if route.request.method == "POST" else route.continue_(),
    )
    held: list[Route] = []
    desk.route("**/desk/drafts/*", lambda route: held.append(route))
    tools = desk.locator(f"[data-for=update-{update['id']}]")
    tools.locator("a.edit").click()
    tools.get_by_role("textbox", name="Update").fill("As it is")
    tools.get_by_role("button", name="Save").click()
    expect(tools.locator(".draft-state")).to_have_text("Not confirmed, checking…")
    until(desk, lambda: any(each.request.method == "GET" for each in held))
    desk.unroute("**/desk/drafts/*")
    next(each for each in held if each.request.method == "GET").continue_()
    expect(desk.locator(".done")).to_contain_text("Your edit is saved.")
    expect(desk.locator(".updates li.update .text")).to_have_text(["As it is"])
    expect(desk.locator("form.edit")).to_have_count(0)
    assert shared.version(slug) == 2


def test_a_text_that_never_arrived_waits_and_is_sent_again(shared: Server, slug: str, desk: Page) -> None:
    desk.route(f"**/desk/feeds/{slug}/updates", lambda route: route.abort())
    desk.get_by_role("textbox", name="Update").fill("Lost on its way")
    desk.get_by_role("button", name="Publish").click()
    expect(desk.locator(".composer .draft-state")).to_have_text("Queued (1)")
    expect(desk.locator(".outbox li")).to_contain_text("Lost on its way")
    expect(desk.get_by_role("textbox", name="Update")).to_have_value("")
    assert shared.version(slug) == 0
    desk.unroute(f"**/desk/feeds/{slug}/updates")
    expect(desk.locator(".updates li.update .text")).to_have_text(["Lost on its way"], timeout=15_000)
    expect(desk.locator(".composer .draft-state")).to_contain_text("Published")
    expect(desk.locator(".outbox")).to_be_hidden()
    expect(desk.locator(".trouble")).to_be_hidden()


@pytest.mark.parametrize("again", ["reload", "new tab"])
def test_after_a_lost_answer_and_a_reload_the_text_is_published_once(
    shared: Server, slug: str, desk: Page, again: str
) -> None:
    desk.route(f"**/desk/feeds/{slug}/updates", lose_the_answer)
    desk.route("**/desk/drafts/*", lambda route: route.abort())
    desk.get_by_role("textbox", name="Update").fill("Sent twice")
    desk.get_by_role("button", name="Publish").click()
    expect(desk.locator(".composer .draft-state")).to_have_text("Queued (1)")
    expect(desk.locator(".outbox li")).to_contain_text("Not confirmed")
    if again == "reload":
        desk.unroute_all(behavior="ignoreErrors")
        desk.reload()
        page = desk
    else:
        desk.close()
        page = open_desk(desk.context, shared, slug)
    expect(page.locator(".updates li.update .text")).to_have_text(["Sent twice"])
    expect(page.locator(".outbox")).to_be_hidden()
    expect(page.get_by_role("textbox", name="Update")).to_have_value("")
    assert shared.version(slug) == 1


def test_two_tabs_never_hold_the_same_text_and_neither_deletes_the_others(
    shared: Server, slug: str, desk: Page
) -> None:
    desk.get_by_role("textbox", name="Update").fill("In the first tab")
    second = open_desk(desk.context, shared, slug)
    second.get_by_role("textbox", name="Update").fill("In the second tab")
    third = open_desk(desk.context, shared, slug)
    second.get_by_role("button", name="Publish").click()
    expect(second.locator(".updates li.update .text")).to_have_text(["In the second tab"])
    expect(second.get_by_role("textbox", name="Update")).to_have_value("")  # answered: the push may come before
    second.reload()
    expect(desk.get_by_role("textbox", name="Update")).to_have_value("In the first tab")
    desk.reload()
    expect(desk.get_by_role("textbox", name="Update")).to_have_value("In the first tab")
    expect(third.get_by_role("textbox", name="Update")).to_have_value("")
    expect(second.get_by_role("textbox", name="Update")).to_have_value("")


def test_another_editor_on_the_same_machine_does_not_see_it(shared: Server, slug: str, desk: Page) -> None:
    desk.get_by_role("textbox", name="Update").fill("Bob's secret scoop")
    cookies = desk.context.cookies()
    desk.goto(f"{shared.url}/desk/")
    desk.get_by_role("button", name="Sign out").click()
    desk.wait_for_url("**/desk/sign-in*")
    alice = open_desk(desk.context, shared, slug, "alice")
    alice.get_by_role("textbox", name="Update").fill("A")
    expect(alice.get_by_role("textbox", name="Update")).to_have_value("A")
    assert "secret" not in alice.content()
    alice.get_by_role("button", name="Publish").click()
    expect(alice.locator(".updates li.update .text")).to_have_text(["A"])
    alice.close()
    desk.context.clear_cookies()
    desk.goto(f"{shared.url}/desk/feeds/{slug}")
    sign_in(desk)
    expect(desk.get_by_role("textbox", name="Update")).to_have_value("")  # signing out brought it to the site
    desk.goto(f"{shared.url}/desk/")
    desk.get_by_role("link", name="Bob's secret scoop").click()
    expect(desk.get_by_role("textbox", name="Update")).to_have_value("Bob's secret scoop")
    assert cookies


def test_an_edit_kept_while_a_colleague_saved_is_offered_with_both_texts(shared: Server, slug: str, desk: Page) -> None:
    update = shared.publish("As it was", slug)
    desk.locator(".updates li.update-tools a.edit").click()
    desk.locator("form.edit").get_by_role("textbox", name="Update").fill("Mine, unsaved")
    shared.api("PATCH", f"/api/v1/updates/{update['id']}", {"body": "Theirs", "revision": 1})
    expect(desk.locator(".updates li.update .text")).to_have_text(["Theirs"])
    desk.reload()
    desk.locator(".updates li.update-tools a.edit").click()
    form = desk.locator("form.edit")
    expect(form.get_by_role("textbox", name="Update")).to_have_value("Mine, unsaved")
    form.get_by_role("button", name="Save").click()
    expect(form.locator(".conflict")).to_contain_text("Theirs")
    expect(form.get_by_role("textbox", name="Update")).to_have_value("Mine, unsaved")


def test_a_new_article_is_kept_whatever_else_is_opened_or_saved(shared: Server, slug: str, desk: Page) -> None:
    shared.api("POST", "/api/v1/articles", {"slug": f"{slug}-other", "headline": "Another"})
    desk.goto(f"{shared.url}/desk/new-article")
    desk.get_by_label("Body").fill("Half an article")
    desk.goto(f"{shared.url}/desk/articles/{slug}-other")
    desk.get_by_label("Body").fill("Saved at once")
    desk.get_by_role("button", name="Save").click()
    expect(desk.locator(".done")).to_contain_text("Saved.")
    desk.goto(f"{shared.url}/desk/new-article")
    expect(desk.get_by_label("Body")).to_have_value("Half an article")
    desk.get_by_label("Headline").fill("Whole")
    desk.get_by_role("button", name="Save").click()
    expect(desk.locator(".done")).to_contain_text("The article is created.")
    desk.goto(f"{shared.url}/desk/new-article")
    expect(desk.get_by_label("Headline")).to_have_value("")
    expect(desk.get_by_label("Body")).to_have_value("")


def test_a_refused_text_survives_a_crash_too(shared: Server, slug: str, desk: Page) -> None:
    desk.get_by_role("button", name="+ Headline").click()
    desk.get_by_label("Headline (optional)").fill("A headline alone")
    desk.get_by_role("button", name="Publish").click()
    expect(desk.locator(".reason")).to_be_visible()
    again = open_desk(desk.context, shared, slug)
    desk.close()
    again.reload()
    expect(again.get_by_label("Headline (optional)")).to_have_value("A headline alone")


def test_a_refused_retraction_leaves_nothing_behind(shared: Server, slug: str, desk: Page) -> None:
    shared.publish("Doubtful", slug)
    desk.locator(".more-tools summary").click()
    desk.get_by_label("Reason").fill("x" * 1001)
    desk.locator("form.retraction").get_by_role("button", name="Retract").click()
    expect(desk.locator("form.retraction .reason")).to_be_visible()
    expect(desk.get_by_label("Reason")).to_have_value("x" * 1001)
    assert kept_on_device(desk) == []


def test_a_menu_keeps_a_reason_and_a_page_asks_before_one_is_lost(shared: Server, slug: str, desk: Page) -> None:
    update = shared.publish("As it was", slug)
    answers = iter([False, True])
    asked: list[str] = []

    def answer(dialog: object) -> None:
        asked.append(dialog.message)  # type: ignore[attr-defined]
        (dialog.accept if next(answers) else dialog.dismiss)()  # type: ignore[attr-defined]

    desk.on("dialog", answer)
    desk.locator(".more-tools summary").click()
    desk.get_by_label("Reason").fill("Words")
    desk.locator(".more-tools summary").click()
    expect(desk.get_by_label("Reason")).to_be_hidden()
    desk.locator(".more-tools summary").click()
    expect(desk.get_by_label("Reason")).to_have_value("Words")
    desk.goto(f"{shared.url}/desk/updates/{update['id']}/retraction")
    desk.get_by_label("Reason").fill("Words")
    desk.get_by_role("link", name="Cancel").click()
    expect(desk.get_by_label("Reason")).to_have_value("Words")
    desk.get_by_role("link", name="Cancel").click()
    expect(desk.locator(".updates li.update .text")).to_have_text(["As it was"])
    assert asked == ["Discard what you have written?"] * 2


def test_enter_leads_on_and_sends_nothing(shared: Server, slug: str, desk: Page) -> None:
    desk.get_by_role("button", name="+ Headline").click()
    headline = desk.get_by_label("Headline (optional)")
    headline.fill("A headline")
    headline.press("Enter")
    expect(desk.get_by_role("textbox", name="Update")).to_be_focused()
    desk.get_by_role("textbox", name="Update").fill("And words")
    desk.get_by_role("textbox", name="Update").press("Control+Enter")
    expect(desk.locator(".updates li.update .text")).to_have_text(["And words"])
    desk.locator(".more-tools summary").click()
    desk.get_by_label("Reason").press("Enter")
    expect(desk.get_by_label("Tell readers that it was retracted")).to_be_focused()
    expect(desk.locator(".updates li.update")).to_have_count(1)
    assert shared.version(slug) == 1


def test_a_double_click_makes_a_key_event_and_leaves_it_one(shared: Server, slug: str, desk: Page) -> None:
    shared.publish("A milestone", slug)
    button = desk.get_by_role("button", name="Make key event")
    button.scroll_into_view_if_needed()
    box = button.bounding_box()
    assert box
    at = (box["x"] + 10, box["y"] + box["height"] / 2)
    desk.mouse.move(*at)
    desk.mouse.down(click_count=1)
    desk.mouse.up(click_count=1)
    expect(desk.locator(".updates li.update.is-key")).to_have_count(1)
    desk.mouse.down(click_count=2)
    desk.mouse.up(click_count=2)
    expect(desk.locator(".done")).to_contain_text("It is a key event now.")
    shared.publish("Later", slug)
    expect(desk.locator(".updates li.update")).to_have_count(2)
    expect(desk.locator(".updates li.update.is-key")).to_have_count(1)


def test_a_second_text_while_the_first_is_on_its_way_waits_for_it(shared: Server, slug: str, desk: Page) -> None:
    held: list[Route] = []
    desk.route(f"**/desk/feeds/{slug}/updates", lambda route: held.append(route))
    words, state = desk.get_by_role("textbox", name="Update"), desk.locator(".composer .draft-state")
    words.fill("The first.")
    words.press("Control+Enter")
    until(desk, lambda: bool(held))
    expect(state).to_have_text("Sending…")
    expect(words).to_have_value("")
    expect(words).to_be_focused()
    words.press_sequentially("The second.")
    words.press("Control+Enter")
    expect(desk.locator(".outbox li")).to_contain_text(["The first.", "The second."])
    assert len(held) == 1
    held[0].continue_()
    until(desk, lambda: len(held) == 2)
    held[1].continue_()
    expect(desk.locator(".updates li.update .text")).to_have_text(["The second.", "The first."])
    expect(state).to_have_text(re.compile(r"Published \d\d:\d\d:\d\d"))


def test_what_was_done_is_said_and_in_view(shared: Server, slug: str, desk: Page) -> None:
    for number in range(12):
        shared.publish(f"Before {number}. " + "Many words stand here. " * 30, slug)
    said = desk.locator(".done")
    last = desk.locator(".updates li.update").last
    expect(desk.locator(".updates li.update")).to_have_count(12)
    number = (last.get_attribute("id") or "").split("-")[1]
    tools = desk.locator(f"[data-for=update-{number}]")
    tools.locator("a.edit").click()
    desk.locator("form.edit").get_by_role("textbox", name="Update").fill("Now short")
    desk.locator("form.edit").get_by_role("button", name="Save").click()
    expect(said).to_contain_text("Your edit is saved.")
    expect(last).to_be_in_viewport()
    desk.get_by_role("textbox", name="Update").fill("The newest")
    desk.get_by_role("textbox", name="Update").press("Control+Enter")
    expect(said).to_contain_text("Published.")
    expect(desk.locator(".updates li.update").first).to_be_in_viewport()
    desk.locator(".more-tools summary").first.click()
    desk.locator("form.retraction").get_by_role("button", name="Retract").click()
    expect(said).to_contain_text("Retracted.")


def test_what_is_done_in_a_draft_shows_at_once(shared: Server, slug: str, desk: Page) -> None:
    shared.api("POST", "/api/v1/articles", {"slug": f"{slug}-secret", "headline": "S", "live": True, "draft": True})
    desk.goto(f"{shared.url}/desk/feeds/{slug}-secret")
    desk.get_by_role("textbox", name="Update").fill("Prepared")
    desk.get_by_role("button", name="Publish").click()
    expect(desk.locator(".updates li.update .text")).to_have_text(["Prepared"])
    desk.locator(".updates li.update-tools a.edit").click()
    desk.locator("form.edit").get_by_role("textbox", name="Update").fill("Prepared better")
    desk.locator("form.edit").get_by_role("button", name="Save").click()
    expect(desk.locator(".updates li.update .text")).to_have_text(["Prepared better"])
    desk.get_by_role("button", name="Make key event").click()
    expect(desk.locator(".updates li.update.is-key")).to_have_count(1)
    desk.locator(".more-tools summary").click()
    desk.locator("form.retraction").get_by_role("button", name="Retract").click()
    expect(desk.locator(".updates li.update")).to_have_count(0)


def test_a_page_is_not_reloaded_under_an_editors_fingers(shared: Server, slug: str, desk: Page) -> None:
    shared.api("POST", "/api/v1/articles", {"slug": f"{slug}-uk", "headline": "S", "live": True})
    desk.goto(f"{shared.url}/desk/feeds/{slug}-uk")
    desk.wait_for_selector("live-feed[state=live]")
    desk.evaluate("window.here = true")
    desk.get_by_role("textbox", name="Update").fill("In the middle of a")
    shared.api("PATCH", f"/api/v1/articles/{slug}-uk", {"language": "uk"})
    expect(desk.get_by_role("alert")).to_contain_text("This page has changed.")
    assert desk.evaluate("window.here")
    desk.get_by_role("textbox", name="Update").press_sequentially(" sentence")
    desk.get_by_role("textbox", name="Update").press("Control+Enter")
    desk.wait_for_function("() => !window.here")
    expect(desk.locator(".updates li.update[lang=uk] .text")).to_have_text(["In the middle of a sentence"])
