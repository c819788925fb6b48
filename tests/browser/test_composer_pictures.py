"""Pictures in the composer: pasted, dropped or chosen; uploaded while the text is written; described before it is
published; and nothing lost on the way."""

from base64 import b64encode
from io import BytesIO
from typing import Any

import pytest
from PIL import Image
from playwright.sync_api import Locator, Page, Route, expect

from tests.browser.conftest import DESKTOP, PHONE, NewPage, bob_at_desk
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


def png(colour: str = "teal", size: tuple[int, int] = (60, 40)) -> bytes:
    out = BytesIO()
    Image.new("RGB", size, colour).save(out, "PNG")
    return out.getvalue()


def a_file(name: str = "quay.png", content: bytes | None = None, kind: str = "image/png") -> dict[str, Any]:
    """A file as Playwright takes it."""
    return {"name": name, "mimeType": kind, "buffer": png() if content is None else content}


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
    page.locator("form.composer").get_by_role("button", name="Publish").click()


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
    reader = open_page(f"{shared.url}/articles/{slug}", wait_for=f"[feed='{slug}'][state=live]", viewport=viewport)
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
    shown = reader.locator(f"[feed='{slug}'] li.update img")
    expect(shown).to_be_attached()
    assert shown.get_attribute("width") == "60"
