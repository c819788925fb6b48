"""Receipts at the desk in Chromium: how far a change has got, at all workers, and how many are reading."""

import re
from pathlib import Path

from playwright.sync_api import Page, expect

from feed import times
from feed.store import feeds, presence, receipts
from feed.store.database import Store
from feed.store.receipts import Handed
from tests.browser.conftest import PHONE, NewPage, bob_at_desk
from tests.reader import Reader
from tests.server import serving
from tests.waiting import eventually


def publish(page: Page, text: str) -> None:
    page.get_by_label("Update").fill(text)
    page.get_by_label("Update").press("Control+Enter")
    expect(page.locator(".updates li.update .text").first).to_have_text(text)


def test_the_desk_says_to_how_many_sockets_of_all_workers_it_was_handed(tmp_path: Path, open_page: NewPage) -> None:
    with serving(tmp_path, WEB_CONCURRENCY="2") as server:
        readers = [Reader(server.url) for _ in range(6)]
        phone = open_page(f"{server.url}/feeds/news", viewport=PHONE)
        eventually(lambda: all(each.following for each in readers))
        desk = bob_at_desk(open_page, server, "news")
        reading, receipt = desk.locator(".reading"), desk.locator(".receipt")
        expect(reading).to_have_text(re.compile(r"^7 reading now · peak 7 today$"), timeout=30_000)
        publish(desk, "Handed out")
        expect(phone.locator(".updates li.update .text")).to_have_text("Handed out")
        told = re.compile(r"^On disk \d\d:\d\d:\d\d · handed to 8 sockets in [\d,]+ ms$")
        expect(receipt).to_have_text(told)
        expect(receipt).to_have_attribute("data-state", "ended")
        expect(reading).to_contain_text("last update now")
        for each in readers[1:]:
            each.close()
        # A third worker has readers and hands nothing out, for a while.
        store = Store(tmp_path / "feed.db")
        presence.report(store, "third", {"news": 5})
        publish(desk, "On its way")
        expect(receipt).to_have_text(re.compile(r"handed to 3 sockets in [\d,]+ ms so far$"))
        with store.read() as db:
            news = feeds.get(db, "news")
        handed = Handed(news.epoch, news.version - 1, news.version, 4, 5, times.now())
        receipts.report(store, "third", [handed])
        expect(receipt).to_have_text(re.compile(r"handed to 7 of 8 sockets in [\d,]+ ms$"))
        expect(receipt).to_have_attribute("data-state", "ended")
        store.close()
        desk.locator(".more-tools summary").first.click()
        desk.get_by_role("button", name="Retract").click()
        expect(receipt).to_have_text(re.compile(r"handed to 3 sockets in [\d,]+ ms so far"))
        readers[0].close()
