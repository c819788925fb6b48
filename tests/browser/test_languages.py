"""Plural forms, times and directions in the browser are those of an element's language, whatever surrounds it."""

import re
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import DESKTOP, LONG, RECONNECT, NewPage, until
from tests.server import Server

KYIV = {"timezone_id": "Europe/Kyiv", "locale": "de-DE"}  # the reader's zone, and a browser in another language


@pytest.fixture
def server(shared: Server) -> Server:
    return shared


def speak(server: Server, slug: str, language: str | None) -> None:
    server.api("PATCH", f"/api/v1/articles/{slug}", {"language": language})


def scrolled(server: Server, slug: str, open_page: NewPage, **options: Any) -> Page:
    """The article's page, scrolled into its feed, so that what is new waits."""
    for number in range(8):
        server.publish(f"Число {number}. {LONG}", slug)
    page = open_page(f"{server.url}/articles/{slug}", wait_for=f"[feed={slug}][state=live]", **options)
    page.evaluate("document.querySelectorAll('li.update')[5].scrollIntoView()")
    return page


def test_ukrainian_counts_what_is_new(server: Server, slug: str, open_page: NewPage) -> None:
    speak(server, slug, "uk")
    page = scrolled(server, slug, open_page, viewport=DESKTOP, **KYIV)
    assert page.evaluate("document.documentElement.lang") == "uk"
    toast = page.locator(f"[feed={slug}] .toast button")
    told = {1: "1 нове оновлення", 2: "2 нові оновлення", 5: "5 нових оновлень", 21: "21 нове оновлення"}
    for count in range(1, 22):
        server.publish(f"Нове {count}", slug)
        if count in told:
            expect(toast).to_have_text(told[count])
    expect(page.locator(f"[feed={slug}] .readers")).to_have_text(re.compile(r"^\d+ чита(є|ють) зараз$"))
    expect(page.locator(f"[feed={slug}] .state")).to_have_text("наживо")
    expect(page.locator(".rail .state")).to_have_text("live")


def test_each_feed_of_a_page_counts_by_its_own_rules(server: Server, slug: str, open_page: NewPage) -> None:
    speak(server, slug, "uk")
    page = open_page(f"{server.url}/healthz", wait_for=None, viewport=DESKTOP, **KYIV)
    page.route("**/feed.js", lambda route: route.abort())  # a page takes the policy that is in it but once
    page.goto(f"{server.url}/articles/{slug}")

    def counted(feed: str, count: int) -> str:
        return str(
            page.evaluate(
                """async ([feed, count]) => {
                  const script = document.querySelector("script[type=module]").src;
                  const { words } = await import(script.replace("feed.js", "words.js"));
                  return words(document.querySelector(`[feed="${feed}"] .readers`), "now", { count });
                }""",
                [feed, count],
            )
        )

    assert [counted(slug, count) for count in (1, 2, 21, 1_002)] == [
        "1 читає зараз", "2 читають зараз", "21 читає зараз", "1\u00a0002 читають зараз",
    ]  # fmt: skip
    assert [counted("news", count) for count in (1, 2, 21, 1_002)] == [
        "1 reading now", "2 reading now", "21 reading now", "1,002 reading now",
    ]  # fmt: skip


def test_times_are_the_reader_s_in_the_language_around_them(server: Server, slug: str, open_page: NewPage) -> None:
    speak(server, slug, "uk")
    update = server.publish("Щойно", slug)
    news = server.publish("Just now")
    page = open_page(f"{server.url}/articles/{slug}", viewport=DESKTOP, **KYIV)
    byline, own, rail = (
        page.locator(place)
        for place in (".byline > p > time", f"#update-{update['id']} .when time", f"#update-{news['id']} .when time")
    )
    expect(byline).to_have_text(re.compile(r"^\d+ [а-яіїє]+ \d{4}\sр\., \d\d:\d\d$"))
    expect(own).to_have_text(re.compile(r"^(зараз|\d+ (хв|с) тому)"))
    expect(rail).to_have_text(re.compile(r"^(now|\d+ min ago)"))
    # What is pushed is not yet in the page when its times are written.
    pushed, beside = server.publish("Ще щойно", slug), server.publish("Another")
    expect(page.locator(f"#update-{pushed['id']} .when time")).to_have_text(re.compile("^зараз"))
    expect(page.locator(f"#update-{beside['id']} .when time")).to_have_text("now")


def test_the_words_around_an_absence_are_ukrainian(server: Server, slug: str, open_page: NewPage) -> None:
    speak(server, slug, "uk")
    page = open_page(f"{server.url}/articles/{slug}", viewport=DESKTOP, **KYIV)
    page.context.set_offline(True)
    expect(page.locator(f"[feed={slug}] .state")).to_have_text(
        re.compile(r"^Немає зв’язку з \d\d:\d\d\. Пробуємо ще…$")
    )
    expect(page.locator(".rail .state")).to_have_text(re.compile(r"^Offline since \d\d:\d\d\. Trying again…$"))
    expect(page.locator(".aloud")).to_have_text(re.compile("Немає зв’язку.*Offline since"))


def test_another_language_reloads_an_open_page(server: Server, slug: str, open_page: NewPage) -> None:
    update = server.publish("Text", slug)
    server.api("PATCH", f"/api/v1/updates/{update['id']}", {"body": "Another", "revision": 1})
    page = open_page(f"{server.url}/articles/{slug}", wait_for=f"[feed={slug}][state=live]")
    expect(page.locator("li .edited").first).to_contain_text("Updated:")
    speak(server, slug, "uk")
    expect(page.locator("li .edited").first).to_contain_text("Оновлено:", timeout=40_000)
    expect(page.locator("html")).to_have_attribute("lang", "uk")


@pytest.mark.long
def test_a_site_that_starts_in_another_language_reloads_open_pages(tmp_path: Path, open_page: NewPage) -> None:
    server = Server(tmp_path, FEED_LANGUAGE="en", WEB_CONCURRENCY="2")
    server.prepare()
    try:
        server.start()
        server.publish("Text", key=True)
        page = open_page(f"{server.url}/feeds/news")
        epoch = page.locator("live-feed").get_attribute("epoch")
        expect(page.locator("li .mark")).to_have_text("Key event")
        server.stop()
        page.wait_for_selector("live-feed[state=offline]")
        server.start()
        page.wait_for_selector("live-feed[state=live]", timeout=RECONNECT)
        assert page.locator("live-feed").get_attribute("epoch") == epoch, "the same language is no reason to reload"
        server.stop()
        server.environ["FEED_LANGUAGE"] = "uk"
        server.start()
        expect(page.locator("li .mark")).to_have_text("Ключова подія", timeout=RECONNECT)
        expect(page.locator("html")).to_have_attribute("lang", "uk")
    finally:
        server.stop()


@pytest.mark.parametrize("width", [320, 1440])
def test_arabic_is_laid_out_from_the_right(server: Server, slug: str, open_page: NewPage, width: int) -> None:
    speak(server, slug, "ar")
    server.publish("فُتح الجسر أمام المشاة.", slug, key=True, pinned=True, headline="عودة السير")
    page = scrolled(server, slug, open_page, viewport={"width": width, "height": 800})
    assert page.evaluate("[document.documentElement.lang, document.documentElement.dir]") == ["ar", "rtl"]
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    feed, item = f"[feed={slug}]", f"[feed={slug}] li.is-key"
    edges = {
        place: page.evaluate(
            """(place) => {
              const { left, right } = document.querySelector(place).getBoundingClientRect();
              return [Math.round(left), Math.round(right)];
            }""",
            place,
        )
        for place in ("h1", ".rail", feed, f"{item} .when time", f"{item} .text")
    }
    time, text = edges[f"{item} .when time"], edges[f"{item} .text"]
    assert edges["h1"][1] == edges[feed][1]
    assert time[1] == edges[feed][1], "the time stands at the right edge"
    if width == 1440:
        assert text[1] < time[0], "the text stands to the left of the time"
        assert edges[".rail"][1] < edges[feed][0], "the News Feed stands to the left of the article"
    server.publish("New", slug)
    toast = page.locator(f"[feed={slug}] .toast button")
    # Words that Arabic borrows count by the rules of the language they come from.
    expect(toast).to_have_text("1 new update")
    for _ in range(2):
        server.publish("New", slug)
    expect(toast).to_have_text("3 new updates")
    until(page, lambda: bool(page.evaluate("document.documentElement.scrollWidth <= innerWidth")))
