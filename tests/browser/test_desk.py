"""The desk in Chromium, while connections break, forms are sent twice and others edit the same text."""

from playwright.sync_api import Page, Route, expect

from tests.browser.conftest import NewPage, sign_in, until
from tests.server import Server


def published(page: Page) -> list[str]:
    """The texts of the updates in the feed below the composer."""
    return page.locator(".updates li.update .text").all_inner_texts()


def test_ctrl_enter_publishes_and_the_composer_is_empty_again(shared: Server, slug: str, desk: Page) -> None:
    words = desk.get_by_label("Update")
    for text in ("One", "Two"):
        words.fill(text)
        words.press("Control+Enter")
        expect(desk.locator(".updates li.update .text").first).to_have_text(text)
        expect(words).to_have_value("")
        expect(words).to_be_focused()
    assert published(desk) == ["Two", "One"]


def test_a_hasty_editor_publishes_once(shared: Server, slug: str, desk: Page) -> None:
    desk.get_by_label("Update").fill("Once")
    desk.evaluate(
        """() => {
          const form = document.querySelector("form.composer");
          for (let i = 0; i < 5; i++) form.requestSubmit();
        }"""
    )
    expect(desk.locator(".updates li.update .text")).to_have_text(["Once"])
    expect(desk.get_by_label("Update")).to_have_value("")
    assert shared.version(slug) == 1


def test_what_is_typed_while_an_update_is_on_its_way_belongs_to_the_next(shared: Server, slug: str, desk: Page) -> None:
    held: list[Route] = []
    desk.route("**/updates", lambda route: held.append(route))
    words = desk.get_by_label("Update")
    words.fill("The first.")
    words.press("Control+Enter")
    until(desk, lambda: bool(held))
    words.press_sequentially("And the next")
    held[0].continue_()
    expect(desk.locator(".updates li.update .text")).to_have_text(["The first."])
    expect(words).to_have_value("And the next")
    desk.reload()
    expect(words).to_have_value("And the next")


def test_what_was_typed_in_an_article_survives_a_session_that_ran_out(shared: Server, slug: str, desk: Page) -> None:
    shared.api("POST", "/api/v1/articles", {"slug": f"{slug}-text", "headline": "The harbour", "body": "Old"})
    cookies = desk.context.cookies()
    desk.goto(f"{shared.url}/desk/articles/{slug}-text")
    desk.get_by_label("Body").fill("An hour's work")
    desk.context.clear_cookies()
    desk.get_by_role("button", name="Save").click()
    expect(desk.get_by_role("heading", level=1)).to_have_text("Sign in")
    desk.context.add_cookies(cookies)  # type: ignore[arg-type]
    desk.goto(f"{shared.url}/desk/articles/{slug}-text")
    expect(desk.get_by_label("Body")).to_have_value("An hour's work")
    desk.get_by_role("button", name="Save").click()
    expect(desk.get_by_label("Body")).to_have_value("An hour's work")
    shared.api("PATCH", f"/api/v1/articles/{slug}-text", {"body": "Theirs"})
    desk.reload()
    expect(desk.get_by_label("Body")).to_have_value("Theirs")


def test_the_desk_of_a_draft_is_calm_and_shows_what_was_published(shared: Server, slug: str, desk: Page) -> None:
    shared.api("POST", "/api/v1/articles", {"slug": f"{slug}-secret", "headline": "S", "live": True, "draft": True})
    desk.goto(f"{shared.url}/desk/feeds/{slug}-secret")
    desk.get_by_label("Update").fill("Prepared")
    desk.get_by_role("button", name="Publish").click()
    expect(desk.locator(".updates li.update .text")).to_have_text(["Prepared"])
    assert desk.locator("live-feed").get_attribute("state") is None  # it asked nobody, and was told nothing


def test_what_was_typed_survives_a_server_that_is_down_and_a_closed_tab(server: Server, news_desk: Page) -> None:
    news_desk.get_by_label("Update").fill("Words that must not be lost")
    server.kill()
    news_desk.get_by_role("button", name="Publish").click()
    expect(news_desk.locator(".composer .draft-state")).to_have_text("Queued (1)")
    expect(news_desk.locator(".outbox li")).to_contain_text("Words that must not be lost")
    server.start()
    again = news_desk.context.new_page()
    news_desk.close()
    again.goto(f"{server.url}/desk/feeds/news")
    expect(again.locator(".updates li.update .text")).to_have_text(["Words that must not be lost"])
    expect(again.get_by_label("Update")).to_have_value("")  # answered: the push may come before
    again.reload()
    expect(again.get_by_label("Update")).to_have_value("")


def test_a_signed_out_editor_keeps_the_text_and_is_told(shared: Server, slug: str, desk: Page) -> None:
    desk.get_by_label("Update").fill("Half a sentence")
    desk.context.clear_cookies()
    desk.get_by_role("button", name="Publish").click()
    expect(desk.get_by_role("alert")).to_contain_text("signed out")
    expect(desk.locator(".composer .draft-state")).to_have_text("Needs you")
    expect(desk.locator(".outbox li")).to_contain_text("Half a sentence")
    assert shared.version(slug) == 0


def test_a_page_whose_session_ended_elsewhere_says_so_before_anything_is_sent(server: Server, news_desk: Page) -> None:
    news_desk.get_by_label("Update").fill("Half a sentence")
    server.flask("editor", "disable", "bob")
    expect(news_desk.get_by_role("alert")).to_contain_text("signed out")
    expect(news_desk.get_by_label("Update")).to_have_value("Half a sentence")
    expect(news_desk.locator("live-feed")).to_have_attribute("state", "live")  # as a reader's


def test_a_lost_line_alone_signs_nobody_out(shared: Server, slug: str, desk: Page) -> None:
    with desk.expect_response("**/desk/") as asked:
        desk.evaluate("dispatchEvent(new Event('offline'))")
    assert asked.value.status == 200
    expect(desk.locator("live-feed")).to_have_attribute("state", "live")
    expect(desk.get_by_role("alert")).to_have_count(0)


def test_a_refused_text_comes_back_with_the_reason(shared: Server, slug: str, desk: Page) -> None:
    desk.get_by_role("button", name="+ Headline").click()
    desk.get_by_label("Headline (optional)").fill("A headline without words below")
    desk.get_by_role("button", name="Publish").click()
    expect(desk.locator(".reason")).to_have_text("This is empty. Write something first.")
    expect(desk.get_by_label("Headline (optional)")).to_have_value("A headline without words below")


def test_key_and_pin_are_toggled_in_place_also_on_what_was_just_pushed(shared: Server, slug: str, desk: Page) -> None:
    shared.publish("From elsewhere", slug)
    tools = desk.locator(".updates li.update-tools")
    tools.get_by_role("button", name="Make key event").click()
    expect(desk.locator(".updates li.update.is-key")).to_have_count(1)
    tools.get_by_role("button", name="Pin", exact=True).click()
    expect(desk.locator(f"#pinned-{slug} details")).to_contain_text("From elsewhere")
    tools.get_by_role("button", name="Unpin").click()
    expect(desk.locator(f"#pinned-{slug} details")).to_have_count(0)
    tools.get_by_role("button", name="Not a key event").click()
    expect(desk.locator(".updates li.update.is-key")).to_have_count(0)
    expect(desk.locator(".updates li.update .edited")).to_have_count(0)


def test_an_update_retracted_by_another_leaves_my_unsaved_words(shared: Server, slug: str, desk: Page) -> None:
    update = shared.publish("Doubtful", slug)
    desk.locator(".updates li.update-tools a.edit").click()
    desk.locator("form.edit").get_by_label("Update").fill("What I found out since")
    shared.api("DELETE", f"/api/v1/updates/{update['id']}")
    expect(desk.locator(".updates li.update")).to_have_count(0)
    expect(desk.locator("form.edit").get_by_label("Update")).to_have_value("What I found out since")
    expect(desk.locator("form.edit").get_by_role("alert")).to_contain_text("retracted")
    desk.locator("form.edit").get_by_role("button", name="Save").click()
    expect(desk.locator("form.edit").get_by_role("button", name="Save")).to_have_count(0)
    expect(desk.locator("form.edit").get_by_label("Update")).to_have_value("What I found out since")


def test_the_desk_works_without_javascript(shared: Server, open_page: NewPage) -> None:
    page = open_page(f"{shared.url}/desk/", wait_for=None, java_script_enabled=False)
    sign_in(page)
    page.get_by_role("link", name="Write an article").click()
    page.get_by_label("Headline").fill("Straße frei: the road is open")
    page.get_by_label("Body").fill("Some *words*.")
    page.get_by_label("Draft").uncheck()
    page.get_by_label("Live coverage").check()
    page.get_by_role("button", name="Save").click()
    page.get_by_role("link", name="Live coverage").click()
    page.get_by_label("Update").fill("First")
    page.get_by_label("Pin on top").check()
    page.get_by_role("button", name="Publish").click()
    expect(page.locator(".done")).to_contain_text("Published.")
    page.locator(".update-tools").get_by_role("link", name="Edit").click()
    page.get_by_label("Update").fill("Second thoughts")
    page.get_by_role("button", name="Save").click()
    expect(page.locator(".updates li.update .text")).to_have_text(["Second thoughts"])
    page.get_by_role("link", name="Close coverage").click()
    page.get_by_role("button", name="Close coverage").click()
    expect(page.locator(".done")).to_contain_text("Coverage is closed.")
    expect(page.get_by_text("This coverage has ended.")).to_be_visible()
    page.locator(".more-tools summary").click()
    page.locator(".update-tools").get_by_role("link", name="Retract").click()
    page.get_by_label("Reason").fill("It was wrong")
    page.get_by_role("button", name="Retract").click()
    expect(page.locator(".updates li.update")).to_have_count(0)
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Sign in")
