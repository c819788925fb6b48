"""Pictures that are put into a text while it is written: each is its editor's alone until the text is published."""

import io
import uuid
from typing import Any

import pytest
from flask.testing import FlaskClient
from PIL import Image
from werkzeug.test import TestResponse

from feed.errors import Invalid
from feed.picture import UPLOAD_BYTES
from feed.store import pictures, waiting
from tests.conftest import FROM_HERE, Site
from tests.desk.forms import field, png, send
from tests.pages import element, elements

ID, OTHER = "00112233445566aa", "ffeeddccbbaa9988"


def upload(browser: FlaskClient, picture_id: str = ID, content: bytes = b"", name: str = "quay.png") -> TestResponse:
    """Sends a file as the composer does."""
    path = f"/desk/uploads/{picture_id}"
    return browser.put(path, query_string={"name": name}, data=content or png().getvalue(), headers=FROM_HERE)


def describe(browser: FlaskClient, picture_id: str = ID, **words: Any) -> TestResponse:
    return browser.put(f"/desk/uploads/{picture_id}/words", json=words, headers=FROM_HERE)


def known(browser: FlaskClient, *ids: str) -> list[dict[str, Any]]:
    found = browser.get("/desk/uploads", query_string={"id": ids}).get_json()["pictures"]
    return list(found)


def publish(browser: FlaskClient, body: str, feed: str = "news", **more: str) -> TestResponse:
    return send(browser, f"/desk/feeds/{feed}/updates", body=body, draft_id=str(uuid.uuid4()), **more)


def test_an_upload_is_its_editor_s_alone_until_a_text_that_shows_it_is_published(site: Site) -> None:
    bob, alice, body = site.at_desk(), site.at_desk("alice"), f"Smoke\n\n![](/pictures/{ID})"
    answer = upload(bob)
    assert (answer.status_code, answer.get_json()["name"]) == (200, "quay.png")
    assert known(bob, ID, OTHER)[0]["public"] is False
    with bob.get(f"/desk/uploads/{ID}/file?small") as served:
        assert (served.status_code, served.content_type, served.headers["Cache-Control"]) == (
            200,
            "image/png",
            "no-store",
        )
        assert served.headers["Cross-Origin-Resource-Policy"] == "same-origin"
    assert ID not in bob.get("/desk/pictures").text
    assert site.charlie.get(f"/pictures/{ID}").status_code == 404
    assert site.charlie.get(f"/desk/uploads/{ID}/file").status_code == 401
    assert (alice.get(f"/desk/uploads/{ID}/file").status_code, known(alice, ID)) == (404, [])
    assert describe(alice, alt="Mine").status_code == 404
    refused = publish(alice, body)
    assert (refused.status_code, "There is no picture at" in refused.text) == (422, True)
    preview = bob.post("/desk/preview", json={"feed": "news", "body": body}, headers=FROM_HERE).get_json()
    assert element(preview["html"], "img", src=f"/pictures/{ID}").get("width") == "20"
    refused = publish(bob, body)
    assert (refused.status_code, field(refused, "body")) == (422, body)
    assert f"The picture quay.png needs a description: /desk/pictures/{ID}" in refused.text
    assert site.charlie.get(f"/pictures/{ID}").status_code == 404, "a refused text makes nothing public"
    assert describe(bob, alt="The quay", caption="At <dawn>", credit="C. Amera").status_code == 200
    assert publish(bob, body).status_code == 303
    shown = element(site.charlie.get("/feeds/news").text, "img", src=f"/pictures/{ID}", alt="The quay")
    assert shown.getparent().find("figcaption").text_content() == "At <dawn> (C. Amera)"
    with site.charlie.get(f"/pictures/{ID}") as served:
        assert served.status_code == 200
    assert elements(bob.get("/desk/pictures").text, "img", alt="The quay")
    assert [(each["public"], each["alt"]) for each in known(alice, ID)] == [(True, "The quay")]
    assert publish(alice, body).status_code == 303, "now it is everybody's"


def test_every_text_publishes_its_pictures(site: Site) -> None:
    bob = site.at_desk()
    update = site.publish("As it was")
    site.write_article("harbour", body="As it was")
    ids = [f"{number:016x}" for number in range(5)]
    for each in ids:
        upload(bob, each)
        describe(bob, each, alt="", decorative=True)
    body = "Words\n\n![](/pictures/{})".format
    assert send(bob, f"/desk/updates/{update.id}", body=body(ids[0]), revision="1").status_code == 303
    assert send(bob, "/desk/articles", headline="Fire", slug="fire", body=body(ids[1])).status_code == 303
    assert send(bob, "/desk/articles/harbour", headline="H", body=body(ids[2]), revision="1").status_code == 303
    assert site.api("POST", "/api/v1/feeds/news/updates", {"body": body(ids[3])}).status_code == 201
    with site.services.store.read() as db:
        public = pictures.of_ids(db, ids)
        assert {each.id: each.decorative for each in public.values()} == dict.fromkeys(ids[:4], True)
        assert waiting.of_ids(db, ids, site.bob).keys() == {ids[4]}
    assert element(site.charlie.get("/articles/fire").text, "img", src=f"/pictures/{ids[1]}").get("alt") == ""


def test_without_a_script_an_upload_is_described_on_its_own_page(site: Site) -> None:
    bob = site.at_desk()
    upload(bob)
    page = bob.get(f"/desk/pictures/{ID}")
    assert element(page.text, "img", alt="quay.png").get("src") == f"/desk/uploads/{ID}/file?small"
    refused = send(bob, f"/desk/pictures/{ID}", alt=" ", caption="At dawn")
    assert (refused.status_code, field(refused, "caption"), 'id="alt-reason"' in refused.text) == (422, "At dawn", True)
    assert send(bob, f"/desk/pictures/{ID}", alt="The quay", caption="At dawn").status_code == 303
    assert field(bob.get(f"/desk/pictures/{ID}"), "alt") == "The quay"
    for browser, path in ((site.at_desk("alice"), ID), (bob, OTHER)):
        assert browser.get(f"/desk/pictures/{path}").status_code == 404
        assert send(browser, f"/desk/pictures/{path}", alt="x").status_code == 404
    assert publish(bob, f"![](/pictures/{ID})").status_code == 303


def test_several_pictures_of_one_name_are_one_update(site: Site) -> None:
    bob = site.at_desk()
    for each, colour in ((ID, "teal"), (OTHER, "red")):
        assert upload(bob, each, png(colour).getvalue()).status_code == 200
        describe(bob, each, alt=f"A {colour} quay")
    assert publish(bob, f"![](/pictures/{ID})\n\n![](/pictures/{OTHER})").status_code == 303
    page = site.charlie.get("/feeds/news").text
    assert [each.find("img").get("alt") for each in elements(page, "figure")] == ["A teal quay", "A red quay"]


def test_an_upload_that_is_sent_again_changes_nothing_and_takes_no_other_s_place(site: Site) -> None:
    bob, alice = site.at_desk(), site.at_desk("alice")
    first = upload(bob).get_json()
    describe(bob, alt="The quay")
    files = sorted(site.services.settings.media.iterdir())
    assert upload(bob, content=png("red").getvalue()).get_json() == {**first, "alt": "The quay"}
    assert upload(alice).status_code == 422
    assert publish(bob, f"![](/pictures/{ID})").status_code == 303
    for browser in (bob, alice):
        refused = upload(browser, content=png("red").getvalue())
        assert (refused.status_code, refused.get_json()["errors"][0]["field"]) == (422, "id")
    assert sorted(site.services.settings.media.iterdir()) == files
    for wrong in ("x", "00112233445566AA", "00112233445566aabb"):
        assert upload(bob, wrong).status_code == 422
    with pytest.raises(Invalid):
        waiting.keep(site.services.store, site.services.settings.media, b"", "a.png", site.bob, "../../etc/passwd")


def test_what_is_no_picture_is_refused_and_nothing_is_kept(site: Site) -> None:
    bob = site.at_desk()
    page, text = b"<!doctype html><script>alert(1)</script>", b"Dear diary"
    for content in (page, text, png().getvalue()[:40], b"\xff\xd8\xff\xe0"):
        refused = upload(bob, content=content, name="photo.jpg")
        assert (refused.status_code, refused.content_type) == (422, "application/problem+json")
        assert "cannot be read as JPEG" in refused.get_json()["errors"][0]["message"]
    empty = bob.put(f"/desk/uploads/{ID}", data=b"", headers=FROM_HERE)
    assert empty.status_code == 422
    large = upload(bob, content=bytes(UPLOAD_BYTES + 1))
    assert (large.status_code, "over 12 MB" in large.get_json()["detail"]) == (413, True)
    assert known(bob, ID) == []


def test_the_words_are_kept_while_they_are_incomplete_and_refused_when_they_are_wrong(site: Site) -> None:
    bob = site.at_desk()
    upload(bob)
    said = describe(bob, alt=" ", decorative=False, caption="C", credit=None).get_json()
    assert (said["alt"], said["decorative"], said["caption"]) == ("", False, "C")
    assert describe(bob, alt="", decorative=True).get_json()["decorative"] is True
    for wrong, name in (({"alt": "x" * 1001}, "alt"), ({"credit": "x" * 201}, "credit"), ({"colour": "x"}, "colour")):
        refused = describe(bob, **wrong)
        assert (refused.status_code, refused.get_json()["errors"][0]["field"]) == (422, name)
    assert known(bob, ID)[0]["decorative"] is True, "a refusal changes nothing"
    assert describe(bob, OTHER, alt="x").status_code == 404


def test_the_credit_is_remembered_for_the_same_editor_s_next_picture(site: Site) -> None:
    bob, alice = site.at_desk(), site.at_desk("alice")
    assert upload(bob).get_json()["credit"] is None
    describe(bob, alt="A", credit="C. Amera")
    assert upload(bob, OTHER).get_json()["credit"] == "C. Amera"
    assert upload(alice, "0" * 16).get_json()["credit"] is None
    describe(bob, OTHER, alt="A", credit="")
    assert upload(bob, "1" * 16).get_json()["credit"] is None


def test_an_upload_lives_as_long_as_its_draft(site: Site) -> None:
    bob, draft_id = site.at_desk(), str(uuid.uuid4())
    for each in (ID, OTHER):
        upload(bob, each)
    draft = {"feed": "news", "body": f"![](/pictures/{ID})", "seq": 1}
    assert bob.put(f"/desk/drafts/{draft_id}", json=draft, headers=FROM_HERE).status_code == 200
    site.services.store.write(lambda db: db.execute("UPDATE waiting_pictures SET at = '2026-01-01T00:00:00.000Z'"))
    upload(bob, "0" * 16)
    assert [each["id"] for each in known(bob, ID, OTHER)] == [ID]
    assert not [each for each in site.services.settings.media.iterdir() if each.name.startswith(OTHER)]
    assert bob.delete(f"/desk/drafts/{draft_id}", headers=FROM_HERE).status_code == 204
    assert ID not in bob.get("/desk/pictures").text
    assert site.charlie.get(f"/pictures/{ID}").status_code == 404, "a discarded draft leaves nothing to be seen"


def test_whoever_is_signed_out_is_told_so_in_json(site: Site) -> None:
    for answer in (upload(site.charlie), describe(site.charlie, alt="x"), site.charlie.get("/desk/uploads")):
        assert (answer.status_code, answer.content_type) == (401, "application/problem+json")


def test_nothing_is_kept_under_another_editor_who_signed_in_since(site: Site) -> None:
    alice, editor = site.at_desk("alice"), {"editor": site.bob.id}
    path = f"/desk/uploads/{ID}"
    assert alice.put(path, query_string=editor, data=png().getvalue(), headers=FROM_HERE).status_code == 401
    assert alice.put(f"{path}/words", query_string=editor, json={"alt": "x"}, headers=FROM_HERE).status_code == 401
    assert alice.get("/desk/uploads", query_string={**editor, "id": ID}).status_code == 401
    assert site.at_desk().put(path, query_string=editor, data=png().getvalue(), headers=FROM_HERE).status_code == 200


def test_an_animation_is_told_and_place_and_camera_are_removed(site: Site) -> None:
    bob, gif, photo = site.at_desk(), io.BytesIO(), io.BytesIO()
    Image.new("RGB", (9, 9), "red").save(gif, "GIF", save_all=True, append_images=[Image.new("RGB", (9, 9))])
    assert upload(bob, content=gif.getvalue(), name="a.gif").get_json()["animated"] is True
    exif = Image.Exif()
    exif.get_ifd(0x8825).update({1: "N", 2: (50.0, 27.0, 0.0)})  # the place
    exif[0x0110], exif[0x0112] = "SecretCamera", 6  # the camera; taken sideways
    Image.new("RGB", (30, 20), "teal").save(photo, "JPEG", exif=exif)
    assert upload(bob, OTHER, photo.getvalue(), "a.jpg").get_json()["animated"] is False
    with bob.get(f"/desk/uploads/{OTHER}/file") as served:
        kept = Image.open(io.BytesIO(served.data))
    assert (kept.size, dict(kept.getexif()), b"SecretCamera" in served.data) == ((20, 30), {}, False)


def test_only_the_desk_shows_pictures_that_are_on_the_device_alone(site: Site) -> None:
    desk, page = (
        browser.get(path).headers["Content-Security-Policy"]
        for browser, path in ((site.at_desk(), "/desk/feeds/news"), (site.charlie, "/feeds/news"))
    )
    assert "img-src 'self' blob:;" in desk
    assert "img-src 'self';" in page
