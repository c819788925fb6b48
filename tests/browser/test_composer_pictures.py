"""Pictures in the composer: pasted, dropped or chosen; uploaded while the text is written; described before it is
published; and nothing lost on the way."""

from base64 import b64encode
from io import BytesIO
from typing import Any

import pytest
from PIL import Image
from playwright.sync_api import Locator, Page, Route, expect

from tests.browser.conftest import DESKTOP, PHONE, TOUCH, NewPage, bob_at_desk, sign_in, until
from tests.browser.test_drafts import elsewhere
from tests.browser.test_layout import WATCH
from tests.images import a_png
from tests.server import Server

WIDTHS = pytest.mark.parametrize("viewport", [DESKTOP, PHONE], ids=["wide", "phone"])
UPLOADS = "**/desk/uploads/*?editor=*&name=*"

# Gives an event of that kind files and texts, as a browser does.
GIVE = """(area, [kind, files, texts]) => {
  const data = new DataTransfer();
  for (const { name, type, bytes } of files) {
    data.items.add(new File([Uint8Array.from(atob(bytes), (each) => each.charCodeAt(0))], name, { type }));
  }
  for (const [type, content] of Object.entries(texts)) data.setData(type, content);
  const given = kind === "paste" ? { clipboardData: data } : { dataTransfer: data };
  const make = kind === "paste" ? ClipboardEvent : DragEvent;
  area.focus();
  area.dispatchEvent(new make(kind, { ...given, bubbles: true, cancelable: true }));
}"""


def a_file(name: str = "quay.png", content: bytes | None = None, kind: str = "image/png") -> dict[str, Any]:
    """A file as Playwright takes it."""
    return {"name": name, "mimeType": kind, "buffer": a_png((60, 40), "teal") if content is None else content}


def give(area: Locator, kind: str, *files: dict[str, Any], texts: dict[str, str] | None = None) -> None:
    """Pastes or drops these files, with those texts beside them, at the caret."""
    sent = [
        {"name": each["name"], "type": each["mimeType"], "bytes": b64encode(each["buffer"]).decode()} for each in files
    ]
    area.evaluate(GIVE, [kind, sent, texts or {}])


def text_of(page: Page) -> Locator:
    return page.locator("form.composer [name=body]")


def card(page: Page, number: int = 0) -> Locator:
    return page.locator("form.composer .attached-picture").nth(number)


def described(page: Page, number: int = 0) -> Locator:
    return card(page, number).get_by_label("What it shows")


def publish(page: Page) -> None:
    """Presses the button that is in sight: on a phone it is in the bar above the keyboard while somebody writes."""
    page.locator(":is(.phone-bar:not([hidden]) .bar-send, form.composer:not(.barred) .primary)").click()


def page_bar(page: Page) -> float:
    """Where the bar above the keyboard begins."""
    return float(page.locator(".phone-bar").bounding_box()["y"])  # type: ignore[index]


def held(page: Page, pattern: str = UPLOADS) -> list[Route]:
    """Holds back every upload from now on."""
    waiting: list[Route] = []
    page.route(pattern, lambda route: waiting.append(route))
    return waiting


@WIDTHS
def test_a_line_with_a_pasted_photo_takes_three_interactions_and_moves_nothing(
    shared: Server, slug: str, open_page: NewPage, viewport: dict[str, int]
) -> None:
    desk = bob_at_desk(open_page, shared, slug, viewport=viewport)
    first = shared.publish("Below", slug)
    reader = open_page(f"{shared.url}/articles/{slug}", wait_for=f"[feed='{slug}'][state=live]", viewport=viewport)
    reader.evaluate(f"({WATCH})()")
    reader.locator(f"#update-{first['id']}").scroll_into_view_if_needed()
    late = held(reader, "**/pictures/*")
    area = text_of(desk)
    area.fill("Smoke over the quay")
    give(area, "paste", a_file())  # 1
    expect(card(desk).locator("img")).to_be_visible()
    expect(area).to_be_focused()
    described(desk).click()  # 2
    desk.keyboard.type("Smoke behind two cranes")
    desk.keyboard.press("Control+Enter")  # 3
    expect(desk.locator("ol.updates li.update img")).to_have_attribute("alt", "Smoke behind two cranes")
    expect(area).to_have_value("")
    expect(desk.locator(".attached-picture")).to_have_count(0)
    toast = reader.locator(f"[feed='{slug}'] .toast button")
    shown = reader.locator(f"[feed='{slug}'] li.update img")
    expect(shown.or_(toast).first).to_be_attached()
    if toast.is_visible():
        toast.click()
    shown.scroll_into_view_if_needed()
    until(reader, lambda: bool(late))
    expect(shown).to_have_attribute("data-colour", "r0 g3 b3")
    places = "[...document.querySelectorAll('main :is(li.update, p)')].map((each) => each.getBoundingClientRect().top)"
    before = reader.evaluate(f"shifts.length = 0, {places}")
    for each in late:
        each.continue_()
    until(reader, lambda: bool(shown.evaluate("(image) => image.naturalWidth")))
    assert reader.evaluate(places) == before
    assert reader.evaluate("shifts") == []


def test_on_a_phone_pictures_are_chosen_described_and_waited_for(shared: Server, slug: str, open_page: NewPage) -> None:
    desk = bob_at_desk(open_page, shared, slug, **TOUCH)
    late = held(desk)
    text_of(desk).fill("Two views. And more")
    text_of(desk).evaluate("(area) => area.setSelectionRange(10, 10)")
    with desk.expect_file_chooser() as chosen:  # a phone asks: camera or library
        desk.get_by_role("button", name="Picture", exact=True).tap()
    chosen.value.set_files([a_file(), a_file(content=a_png((60, 40), "red"))])  # type: ignore[list-item]
    expect(desk.locator(".attached-picture .thumbnail")).to_have_count(2)
    expect(card(desk).locator(".upload-state")).to_have_text("Uploading…")
    expect(described(desk)).to_be_focused()
    assert text_of(desk).input_value().startswith("Two views.\n\n![](/pictures/")
    assert text_of(desk).input_value().endswith(")\n\n And more")
    desk.keyboard.type("The quay")
    publish(desk)
    expect(described(desk, 1)).to_be_focused()
    expect(described(desk, 1)).to_have_attribute("aria-invalid", "true")
    expect(card(desk, 1).locator(".reason")).to_have_text("Say what it shows, or that it is decorative.")
    card(desk, 1).get_by_label("Decorative").check()
    expect(described(desk, 1)).to_be_disabled()
    card(desk, 1).get_by_label("Caption").fill("At dawn")
    publish(desk)
    waits = desk.locator(".waits")
    expect(waits).to_have_text("Publish waits for 2 pictures…")
    expect(waits).to_be_in_viewport(ratio=1)
    assert waits.bounding_box()["y"] < page_bar(desk)  # type: ignore[index]
    until(desk, lambda: bool(late))
    late.pop().continue_()
    expect(waits).to_have_text("Publish waits for 1 picture…")
    for each in desk.locator(".attached :is(button, label.flag):visible").all():
        box = each.bounding_box()
        assert box is not None
        assert box["height"] >= 44
        assert box["x"] + box["width"] <= PHONE["width"]
    desk.get_by_role("button", name="Do not wait").tap()
    expect(waits).to_be_hidden()
    publish(desk)
    until(desk, lambda: bool(late))
    late.pop().continue_()
    expect(desk.locator("ol.updates li.update .text > *")).to_have_count(4)
    shown = desk.locator("ol.updates li.update figure")
    expect(shown.nth(0).locator("img")).to_have_attribute("alt", "The quay")
    expect(shown.nth(1).locator("img")).to_have_attribute("alt", "")
    expect(shown.nth(1)).to_contain_text("At dawn")


def test_what_is_dropped_becomes_pictures_and_never_opens_in_place_of_the_page(
    shared: Server, slug: str, desk: Page
) -> None:
    text_of(desk).fill("Before")
    give(text_of(desk), "drop", a_file("notes.txt", b"Dear diary", "text/plain"), a_file())
    expect(card(desk).locator("legend")).to_have_text("quay.png")
    expect(described(desk)).to_be_focused()
    expect(desk.locator(".waits")).to_have_text("notes.txt is no picture.")
    expect(desk.locator(".attached-picture")).to_have_count(1)
    for kind in ("dragover", "drop"):
        taken = desk.locator("h1").evaluate(
            """(title, kind) => {
              const data = new DataTransfer();
              data.items.add(new File(["x"], "x.png", { type: "image/png" }));
              return !title.dispatchEvent(new DragEvent(kind, { dataTransfer: data, bubbles: true, cancelable: true }));
            }""",
            kind,
        )
        assert taken, "the browser would leave the page"
    expect(desk.locator(".attached-picture")).to_have_count(1)


def test_a_picture_that_the_browser_itself_copied_is_pasted(shared: Server, slug: str, desk: Page) -> None:
    desk.context.grant_permissions(["clipboard-read", "clipboard-write"])
    text_of(desk).fill("Before")
    desk.evaluate(
        """async () => {
          const canvas = Object.assign(document.createElement("canvas"), { width: 60, height: 40 });
          const blob = await new Promise((done) => canvas.toBlob(done));
          await navigator.clipboard.write([new ClipboardItem({ "image/png": blob })]);
        }"""
    )
    text_of(desk).press("Control+v")
    expect(card(desk).locator("img")).to_be_visible()
    expect(card(desk)).to_have_attribute("data-state", "there")
    assert text_of(desk).input_value().startswith("Before\n\n![](/pictures/")


# What browsers and programs put beside a picture, and whether a picture is meant.
CLIPBOARDS: dict[str, tuple[dict[str, str], bool]] = {
    "copied in a browser": (
        {"text/html": "<meta charset=utf-8><img src='https://elsewhere.example/a.png' alt='A'>"},
        True,
    ),
    "copied in Safari": ({"text/html": "<img src='a.png'>", "text/plain": "https://elsewhere.example/a.png"}, True),
    "a file": ({"text/plain": "quay.png"}, True),
    "a file by its address": ({"text/plain": "file:///home/bob/quay.png"}, True),
    "Word": (
        {"text/html": "<style>p { color: red }</style><p>Some <b>words</b></p>", "text/plain": "Some words"},
        False,
    ),
    "a spreadsheet": ({"text/html": "<table><tr><td>1</td></tr></table>", "text/plain": "1"}, False),
    "a text with a picture": ({"text/html": "<p>Words <img src='file:///a.png'></p>", "text/plain": "Words "}, False),
    "plain words": ({"text/plain": "Words beside a picture"}, False),
}


def test_a_clipboard_with_words_is_a_text_and_one_without_a_picture(shared: Server, slug: str, desk: Page) -> None:
    for name, (texts, is_picture) in CLIPBOARDS.items():
        text_of(desk).fill("Before\n\n")
        give(text_of(desk), "paste", a_file(), texts=texts)
        assert ("/pictures/" in text_of(desk).input_value()) == is_picture, name
        expect(desk.locator(".attached-picture")).to_have_count(int(is_picture))
        if is_picture:
            text_of(desk).press("Control+z")
            expect(desk.locator(".attached-picture")).to_have_count(0)
            expect(text_of(desk)).to_have_value("Before\n\n")


def test_a_picture_that_fails_says_why_and_leaves_the_text_free(shared: Server, slug: str, desk: Page) -> None:
    text_of(desk).fill("Words")
    give(text_of(desk), "paste", a_file("photo.jpg", b"<!doctype html>", "image/jpeg"), a_file("empty.png", b""))
    for number in (0, 1):
        expect(card(desk, number).locator(".upload-state")).to_contain_text("cannot be read as JPEG")
    publish(desk)
    expect(desk.locator(".waits")).to_have_text(
        "photo.jpg has not arrived. Try again or remove it, then press Publish."
    )
    expect(card(desk).get_by_role("button", name="Remove")).to_be_focused()
    card(desk).get_by_role("button", name="Remove").click()
    expect(text_of(desk)).to_be_focused()
    text_of(desk).press("Control+z")
    expect(card(desk).locator("legend")).to_have_text("photo.jpg")
    for _ in range(2):
        card(desk).get_by_role("button", name="Remove").click()
    expect(text_of(desk)).to_have_value("Words\n\n")
    publish(desk)
    expect(desk.locator("ol.updates li.update .text")).to_have_text(["Words"])


def test_a_lost_network_and_a_lost_answer_only_delay_what_waits(shared: Server, slug: str, desk: Page) -> None:
    def lose(route: Route) -> None:
        route.fetch()
        route.abort()

    def intrude(route: Route) -> None:
        route.fulfill(body="<h1>Welcome to our hotel</h1>", content_type="text/html")

    late = held(desk)
    give(text_of(desk), "paste", a_file())
    described(desk).fill("The quay")
    publish(desk)
    until(desk, lambda: bool(late))
    desk.context.set_offline(True)
    late.pop().abort()
    expect(card(desk).locator(".upload-state")).to_have_text("The site does not answer. It is tried again by itself.")
    expect(desk.locator(".waits")).to_have_text("Publish waits for 1 picture…")
    expect(desk.locator(".outbox")).to_be_hidden()  # no text is queued without its picture
    desk.unroute(UPLOADS)
    desk.route(UPLOADS, lose, times=1)
    desk.route(UPLOADS, intrude, times=1)
    desk.context.set_offline(False)
    expect(desk.locator("ol.updates li.update img")).to_have_attribute("alt", "The quay", timeout=30_000)
    assert len(shared.api("GET", f"/api/v1/feeds/{slug}/updates")["updates"]) == 1


def test_a_cancelled_upload_can_be_tried_again(shared: Server, slug: str, desk: Page) -> None:
    late = held(desk)
    give(text_of(desk), "paste", a_file())
    until(desk, lambda: bool(late))
    card(desk).get_by_role("button", name="Cancel").click()
    expect(card(desk).locator(".upload-state")).to_have_text("Cancelled.")
    desk.unroute(UPLOADS)
    card(desk).get_by_role("button", name="Try again").click()
    expect(card(desk)).to_have_attribute("data-state", "there")
    expect(desk.locator(".preview img")).to_be_visible()


def test_after_ten_minutes_of_waiting_the_editor_decides(shared: Server, slug: str, desk: Page) -> None:
    late = held(desk)
    give(text_of(desk), "paste", a_file())
    described(desk).fill("The quay")
    publish(desk)
    until(desk, lambda: bool(late))
    desk.evaluate("{ const now = Date.now; Date.now = () => now() + 11 * 60_000 }")
    late.pop().continue_()
    expect(desk.locator(".waits")).to_have_text("The pictures have arrived. Press Publish when the text is ready.")
    assert shared.version(slug) == 0
    publish(desk)
    expect(desk.locator("ol.updates li.update img")).to_have_attribute("alt", "The quay")


def test_a_session_that_ended_in_the_middle_loses_neither_text_nor_picture(
    shared: Server, slug: str, desk: Page
) -> None:
    late = held(desk)
    text_of(desk).fill("Typed and taken")
    give(text_of(desk), "paste", a_file())
    described(desk).fill("The quay")
    until(desk, lambda: bool(late))
    cookies = desk.context.cookies()
    desk.context.clear_cookies()
    late.pop().continue_()
    desk.unroute(UPLOADS)
    publish(desk)
    expect(card(desk).locator(".upload-state")).to_contain_text("You are signed out.")
    expect(desk.get_by_role("alert")).to_contain_text("You are signed out")
    expect(desk.locator(".waits")).to_have_text("Publish waits for 1 picture…")
    desk.context.add_cookies(cookies)  # type: ignore[arg-type]
    desk.evaluate("dispatchEvent(new Event('focus'))")
    expect(desk.locator("ol.updates li.update img")).to_have_attribute("alt", "The quay")
    expect(desk.locator("ol.updates li.update .text")).to_contain_text("Typed and taken")


def test_a_page_that_is_gone_before_its_picture_arrived_loses_nothing(
    shared: Server, slug: str, desk: Page, open_page: NewPage
) -> None:
    late = held(desk)
    text_of(desk).fill("From the tram")
    give(text_of(desk), "paste", a_file())
    described(desk).fill("The quay")
    card(desk).get_by_label("Credit").fill("C. Amera")
    until(desk, lambda: bool(late))
    desk.reload()
    expect(card(desk).locator("legend")).to_have_text("quay.png")
    expect(described(desk)).to_have_value("The quay")
    expect(card(desk).locator("img")).to_be_visible()
    desk.unroute(UPLOADS)
    desk.evaluate("dispatchEvent(new Event('focus'))")
    expect(card(desk)).to_have_attribute("data-state", "there", timeout=20_000)
    expect(desk.locator("form.composer .draft-state")).to_have_text("Saved")
    described(desk).blur()
    phone = elsewhere(desk, open_page, shared)
    phone.get_by_role("link", name="From the tram").click()
    expect(card(phone).locator("img")).to_be_visible()
    expect(described(phone)).to_have_value("The quay")
    expect(card(phone).get_by_label("Credit")).to_have_value("C. Amera")
    expect(phone.locator(".preview figcaption")).to_have_text("(C. Amera)")
    publish(phone)
    expect(phone.locator("ol.updates li.update img")).to_have_attribute("alt", "The quay")
    give(text_of(phone), "paste", a_file("next.png"))
    expect(card(phone).get_by_label("Credit")).to_have_value("C. Amera")


def test_signing_out_brings_the_pictures_to_the_site(shared: Server, slug: str, desk: Page) -> None:
    desk.route(UPLOADS, lambda route: route.abort())
    text_of(desk).fill(f"On my way out {slug}")
    give(text_of(desk), "paste", a_file())
    described(desk).fill("The quay")
    expect(card(desk).locator(".upload-state")).to_contain_text("does not answer")
    desk.unroute(UPLOADS)
    desk.get_by_role("button", name="Sign out").click()
    desk.wait_for_url("**/desk/sign-in*")
    sign_in(desk)
    desk.goto(f"{shared.url}/desk/")
    desk.get_by_role("link", name=f"On my way out {slug}").click()
    expect(card(desk).locator("img")).to_be_visible()
    expect(described(desk)).to_have_value("The quay")


def test_a_large_photo_is_made_smaller_on_the_device_and_tells_no_place(shared: Server, slug: str, desk: Page) -> None:
    content, exif = BytesIO(), Image.Exif()
    exif[0x0110], exif[0x0112] = "SecretCamera", 6  # taken sideways
    Image.effect_noise((1000, 1700), 90).convert("RGB").save(content, "JPEG", quality=95, exif=exif)
    sent: list[bytes] = []

    def note(route: Route) -> None:
        sent.append(route.request.post_data_buffer or b"")
        route.continue_()

    desk.route(UPLOADS, note)
    desk.locator(".picture-files").first.set_input_files(a_file("IMG_1.jpeg", content.getvalue(), "image/jpeg"))  # type: ignore[arg-type]
    expect(card(desk)).to_have_attribute("data-state", "there", timeout=30_000)
    with Image.open(BytesIO(sent[0])) as taken:
        assert (taken.size, dict(taken.getexif())) == ((1600, 941), {})
    assert b"SecretCamera" not in sent[0]
    text_of(desk).evaluate(
        """(area) => {
          const clipboardData = new DataTransfer();
          clipboardData.items.add(new File([new Uint8Array(12 * 1024 ** 2 + 1)], "raw.png", { type: "image/png" }));
          area.dispatchEvent(new ClipboardEvent("paste", { clipboardData, bubbles: true, cancelable: true }));
        }"""
    )
    expect(card(desk, 1).locator(".upload-state")).to_have_text(
        "This file is over 12 MB, and cannot be made smaller here."
    )
    assert len(sent) == 1, "nothing that the site would refuse is sent"


def test_edits_and_articles_take_pictures_too(shared: Server, slug: str, desk: Page) -> None:
    update = shared.publish("As it was", slug)
    desk.locator(f"[data-for='update-{update['id']}'] a.edit").click()
    form = desk.locator("form.edit")
    give(form.locator("[name=body]"), "paste", a_file())
    form.get_by_label("What it shows").fill("The quay")
    form.get_by_role("button", name="Save").click()
    expect(desk.locator("ol.updates li.update img")).to_have_attribute("alt", "The quay")
    desk.locator(f"[data-for='update-{update['id']}'] a.edit").click()
    expect(form.locator(".public-words")).to_have_text("The quay")
    expect(form.locator(".thumbnail")).to_be_visible()
    expect(form.get_by_label("What it shows")).to_be_hidden()
    with desk.context.expect_page() as opened:
        form.get_by_role("link", name="Change the words").click()
    opened.value.get_by_label("Caption").fill("At dawn")
    opened.value.get_by_role("button", name="Save").click()
    expect(desk.locator("ol.updates li.update figcaption")).to_have_text("At dawn")
    desk.goto(f"{shared.url}/desk/articles/{slug}")
    form = desk.locator("form.article-form")
    give(form.locator("[name=body]"), "drop", a_file("map.png"))
    form.get_by_role("button", name="Save").click()
    expect(form.get_by_label("What it shows")).to_be_focused()
    form.get_by_label("What it shows").fill("A map")
    form.get_by_role("button", name="Save").click()
    expect(desk.locator(".done")).to_contain_text("Saved.")
    desk.goto(f"{shared.url}/articles/{slug}")
    expect(desk.locator("main figure img[alt='A map']")).to_be_attached()


def test_a_heic_is_shown_as_soon_as_the_site_has_read_it(shared: Server, slug: str, desk: Page) -> None:
    heif = pytest.importorskip("pillow_heif")
    content = BytesIO()
    heif.from_pillow(Image.new("RGB", (64, 48), "teal")).save(content)
    give(text_of(desk), "paste", a_file("IMG_2.HEIC", content.getvalue(), ""))
    expect(card(desk)).to_have_attribute("data-state", "there")
    expect(card(desk).locator("img")).to_be_visible()
    expect(desk.locator(".preview img")).to_be_visible()
