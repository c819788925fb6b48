"""Pictures at the desk: whatever is refused, no text and no file is lost."""

import io
import re
import resource
from unittest.mock import Mock

import pytest
from PIL import Image

from feed.errors import Crowded
from feed.picture import UPLOAD_BYTES
from feed.store import feeds, pictures, retracting, updates
from feed.store.database import OperationalError
from feed.web.bodies import FORM_BYTES, REFUSED_BYTES
from tests.conftest import FROM_HERE, Site
from tests.desk.forms import field, form_data, png, send
from tests.pages import element, elements


def test_bob_uploads_a_picture_and_puts_it_into_an_article(site: Site) -> None:
    bob = site.at_desk()
    answer = send(bob, "/desk/pictures", file=(png(), "boat.png"), alt="A boat", caption="C", credit="Me")
    assert answer.status_code == 303
    shelf = bob.get("/desk/pictures").text
    picture = re.search(r"!\[A boat\]\(/pictures/([0-9a-f]{16})\)", shelf)
    assert picture
    send(
        bob,
        "/desk/articles",
        headline="Boats",
        slug="boats",
        body=f"![A boat](/pictures/{picture[1]})",
        picture=picture[1],
    )
    page = site.charlie.get("/articles/boats").text
    assert len(elements(page, "img", src=f"/pictures/{picture[1]}")) == 2
    assert elements(bob.get("/desk/articles/boats").text, "input", value=picture[1], checked=True)


def test_words_that_are_changed_change_in_every_text_and_on_open_pages(site: Site) -> None:
    bob = site.at_desk()
    add = pictures.add
    store, media = site.services.store, site.services.settings.media
    words = {"alt": "A tug", "caption": "At <dusk>", "credit": "C. Amera"}
    tug, other = (add(store, media, png(colour).getvalue(), words, site.bob).id for colour in ("teal", "red"))
    body = f"Look\n\n![](/pictures/{tug})\n\n![My own](/pictures/{tug})\n\n![](/pictures/{other})"
    site.write_article("harbour", live=True, body=body, picture=tug)
    update = site.publish(body, feed="harbour", pinned=True, key=True)
    aside = site.publish(f"![](/pictures/{other})", feed="harbour")
    gone = site.publish(body, feed="harbour")
    site.retract(gone)
    kept = "<p>By rules of long ago</p>"
    store.write(lambda db: db.execute("UPDATE updates SET html = ? || html WHERE id = ?", [kept, update.id]))
    with store.read() as db:
        before = updates.get(db, aside.id), feeds.get(db, "harbour")
    page = bob.get(f"/desk/pictures/{tug}")
    assert field(page, "caption") == "At <dusk>"
    refused = send(bob, f"/desk/pictures/{tug}", alt="", caption="At dawn")
    assert (refused.status_code, field(refused, "caption"), 'id="alt-reason"' in refused.text) == (422, "At dawn", True)
    assert send(bob, f"/desk/pictures/{tug}", alt="Two tugs", caption="At dawn").status_code == 303
    with store.read() as db:
        now = updates.get(db, update.id)
        assert (updates.get(db, aside.id), updates.get_any(db, gone.id).version) == (before[0], gone.version + 1)
        assert feeds.get(db, "harbour").version > before[1].version
    assert (now.revision, now.edited_at, now.html.startswith(kept)) == (1, None, True)
    shown = [
        (each.find("img").get("alt"), each.find("figcaption").text_content()) for each in elements(now.html, "figure")
    ]
    assert shown == [("Two tugs", "At dawn"), ("My own", "At dawn"), ("A tug", "At <dusk> (C. Amera)")]
    article = site.charlie.get("/articles/harbour").text
    figures = [(each.find(".//img"), each.find(".//figcaption")) for each in elements(article, "figure")]
    told = {(image.get("src")[10:26], caption.text_content().strip()) for image, caption in figures}
    assert told == {(tug, "At dawn"), (other, "At <dusk> (C. Amera)")}
    assert "Two tugs" in element(article, "figure", id="picture-harbour").find("img").get("alt")
    after = f"/feeds/harbour/changes?after={before[1].version}&epoch={before[1].epoch}"
    changed = {each["id"] for each in site.charlie.get(after).get_json()["changes"]}
    assert {
        f"update-{update.id}",
        *(f"{part}-harbour" for part in ("pinned", "key-events", "picture", "body")),
    } <= changed
    assert f"update-{aside.id}" not in changed
    assert f"update-{gone.id}" not in changed
    restored = retracting.restore(store, gone.id, site.bob)
    assert [each.get("alt") for each in elements(restored.html, "img")] == ["Two tugs", "My own", "A tug"]
    found = site.charlie.get("/feeds/harbour?q=dawn").text
    assert elements(found, "li", id=f"update-{update.id}"), "it is found by its new words"
    assert send(bob, f"/desk/pictures/{tug}", alt="", decorative="1").status_code == 303
    with store.read() as db:
        now = updates.get(db, update.id)
    assert [each.get("alt") for each in elements(now.html, "img")] == ["", "My own", "A tug"]


def test_a_refused_picture_comes_back_with_its_words(site: Site) -> None:
    bob = site.at_desk()
    no_alt = send(bob, "/desk/pictures", file=(png(), "boat.png"), alt=" ", caption="My caption")
    assert (no_alt.status_code, field(no_alt, "caption")) == (422, "My caption")
    assert 'id="alt-reason"' in no_alt.text
    no_file = send(bob, "/desk/pictures", alt="A boat")
    assert (no_file.status_code, field(no_file, "alt")) == (422, "A boat")
    assert 'id="file-reason"' in no_file.text
    assert "/pictures/" not in bob.get("/desk/pictures").text.replace("/desk/pictures", "")


def test_a_file_whose_words_are_wrong_is_kept_until_they_are_right(site: Site) -> None:
    bob = site.at_desk()
    asked = send(bob, "/desk/pictures", file=(png(), "boat.png"), alt=" ", caption="My caption", credit="x" * 201)
    assert (asked.status_code, field(asked, "caption"), "boat.png" in asked.text) == (422, "My caption", True)
    waiting = field(asked, "waiting")
    assert site.charlie.get(f"/pictures/{waiting}").status_code == 404, "nobody sees it"
    assert waiting not in bob.get("/desk/pictures").text
    asked = send(bob, "/desk/pictures", file=(io.BytesIO(), ""), alt="A boat", credit="y" * 201, waiting=waiting)
    assert (asked.status_code, field(asked, "alt"), field(asked, "waiting")) == (422, "A boat", waiting)
    form = {"alt": "A boat", "credit": "Me", "waiting": waiting}
    done = send(bob, "/desk/pictures", file=(io.BytesIO(), ""), **form)
    assert (done.status_code, done.headers["Location"]) == (303, "/desk/pictures?did=uploaded")
    assert "Uploaded." in bob.get(done.headers["Location"]).text
    with site.charlie.get(f"/pictures/{waiting}") as served:
        assert served.status_code == 200
    assert send(bob, "/desk/pictures", **form).status_code == 303, "a second click is harmless"
    assert len(elements(bob.get("/desk/pictures").text, "code")) == 1
    other = send(bob, "/desk/pictures", file=(png("red"), "other.png"), alt="Other", waiting=waiting)
    assert other.status_code == 303, "another file may be chosen instead"
    assert len(elements(bob.get("/desk/pictures").text, "code")) == 2


def test_a_kept_file_is_its_editor_s_alone_and_not_for_ever(site: Site) -> None:
    bob, alice = site.at_desk(), site.at_desk("alice")
    waiting = field(send(bob, "/desk/pictures", file=(png(), "boat.png"), alt=""), "waiting")
    files = set(site.services.settings.media.iterdir())
    refused = send(alice, "/desk/pictures", alt="Mine", waiting=waiting)
    assert (refused.status_code, 'id="file-reason"' in refused.text) == (422, True)
    site.services.store.write(lambda db: db.execute("UPDATE waiting_pictures SET at = '2026-01-01T00:00:00.000Z'"))
    second = field(send(bob, "/desk/pictures", file=(png("red"), "red.png"), alt=""), "waiting")
    assert not files & set(site.services.settings.media.iterdir()), "no file stays behind"
    refused = send(bob, "/desk/pictures", alt="A boat", waiting=waiting)
    assert (refused.status_code, field(refused, "alt")) == (422, "A boat")
    assert send(bob, "/desk/pictures", alt="Red", waiting=second).status_code == 303


def test_a_file_that_is_no_picture_is_not_kept_and_both_reasons_are_told(site: Site) -> None:
    bob = site.at_desk()
    asked = send(bob, "/desk/pictures", file=(io.BytesIO(b"no picture"), "a.png"), alt="", caption="C")
    assert (asked.status_code, field(asked, "caption")) == (422, "C")
    assert {each.get("id") for each in elements(asked.text, "p", class_="reason")} == {"file-reason", "alt-reason"}
    assert not elements(asked.text, "input", name="waiting")


@pytest.mark.parametrize("size", [UPLOAD_BYTES + 1, UPLOAD_BYTES + FORM_BYTES + 1, 2 * UPLOAD_BYTES])
@pytest.mark.parametrize("alt", ["A boat", ""])
def test_a_file_that_is_too_large_loses_no_words(site: Site, size: int, alt: str) -> None:
    bob = site.at_desk()
    form = {"alt": alt, "caption": "My caption", "credit": "Me"}
    asked = bob.post("/desk/pictures", **form_data(b"\xff\xd8\xff" + bytes(size), **form))
    assert asked.status_code == 413
    assert {name: field(asked, name) for name in form} == form
    assert "over 12 MB" in element(asked.text, id="file-reason").text_content()


def test_a_form_without_end_is_refused(site: Site) -> None:
    bob = site.at_desk()
    head = b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.jpg"\r\n\r\n'
    headers = {**FROM_HERE, "Content-Type": "multipart/form-data; boundary=x"}
    said = {"CONTENT_LENGTH": str(REFUSED_BYTES + 1)}
    assert bob.post("/desk/pictures", data=head, headers=headers, environ_overrides=said).status_code == 413
    for body in (b"--x\r\nfile", b"", head, b"--x\r\nContent-Disposition: form-data\r\n\r\nx\r\n--x--\r\n"):
        answer = bob.post("/desk/pictures", data=body, headers=headers)
        assert answer.status_code in (400, 422), body


def test_words_of_a_picture_outlive_what_the_server_cannot_do_now(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    bob = site.at_desk()
    waiting = field(send(bob, "/desk/pictures", file=(png(), "boat.png"), alt=""), "waiting")
    form = {"alt": "A boat", "caption": "My caption", "credit": "Me"}
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    noise = io.BytesIO()
    Image.effect_noise((900, 900), 80).save(noise, "PNG")
    site.services.store.write(lambda db: None)  # the log of the database is there already
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, hard))  # no file may grow further, as on a full disk
    try:
        asked = bob.post("/desk/pictures", **form_data(noise.getvalue(), **form))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert (asked.status_code, asked.headers["Retry-After"], "no room" in asked.text) == (503, "60", True)
    assert {name: field(asked, name) for name in form} == form
    for error, status in ((OperationalError("disk I/O error"), 503), (Crowded(8, 5), 429)):
        with monkeypatch.context() as patch:
            patch.setattr(site.services.store, "write", Mock(side_effect=error))
            asked = send(bob, "/desk/pictures", waiting=waiting, **form)
            assert (asked.status_code, field(asked, "waiting")) == (status, waiting)
            assert {name: field(asked, name) for name in form} == form
    assert send(bob, "/desk/pictures", waiting=waiting, **form).status_code == 303


def test_the_desk_says_that_an_animation_was_lost(site: Site) -> None:
    bob = site.at_desk()
    for alt in ("A boat", ""):
        out = io.BytesIO()
        Image.new("RGB", (9, 9), "red").save(out, "GIF", save_all=True, append_images=[Image.new("RGB", (9, 9))])
        answer = send(bob, "/desk/pictures", file=(io.BytesIO(out.getvalue()), "boat.gif"), alt=alt)
        if not alt:
            answer = send(bob, "/desk/pictures", alt="A boat", waiting=field(answer, "waiting"))
        assert answer.status_code == 303
        assert "only its first picture is kept" in bob.get(answer.headers["Location"]).text
