"""The desk as plain forms: what editors can do without JavaScript, and that no typed text is lost."""

import contextlib
import io
import re
import resource
from typing import Any
from unittest.mock import Mock

import pytest
from flask.testing import FlaskClient
from PIL import Image
from werkzeug.test import TestResponse

from feed.errors import Crowded
from feed.picture import UPLOAD_BYTES
from feed.store import people
from feed.store.database import OperationalError, sqlite3
from feed.web.bodies import FORM_BYTES, REFUSED_BYTES
from tests.conftest import FROM_HERE, Site
from tests.pages import element, elements


def send(browser: FlaskClient, path: str, **form: Any) -> TestResponse:
    """Sends a form as the desk's own page does."""
    return browser.post(path, data=form, headers=FROM_HERE)


def field(page: TestResponse, name: str) -> str:
    """What stands in a field of the form that came back."""
    found = element(page.text, name=name)
    return str(found.get("value") if found.tag == "input" else found.text_content().removeprefix("\n"))


def ticked(page: TestResponse, name: str) -> bool:
    """Whether a box of the form is ticked."""
    return bool(elements(page.text, "input", type="checkbox", name=name, checked=True))


def form_data(content: bytes, **words: str) -> dict[str, Any]:
    """A form with a file, as it travels: the test client would write a large one to the disk."""
    parts = [f'name="{name}"\r\n\r\n{value}\r\n'.encode() for name, value in words.items()]
    parts.insert(0, b'name="file"; filename="boat.jpg"\r\n\r\n' + content + b"\r\n")
    body = b"".join(b"--x\r\nContent-Disposition: form-data; " + part for part in parts) + b"--x--\r\n"
    return {"data": body, "headers": {**FROM_HERE, "Content-Type": "multipart/form-data; boundary=x"}}


def png(colour: str = "teal") -> io.BytesIO:
    """A small picture."""
    out = io.BytesIO()
    Image.new("RGB", (20, 10), colour).save(out, "PNG")
    return io.BytesIO(out.getvalue())


# Updates


def test_bob_publishes_and_readers_see_it(site: Site) -> None:
    bob = site.at_desk()
    key = field(bob.get("/desk/feeds/news"), "idempotency_key")
    form = {"headline": "Open", "body": "The **bridge** is open", "key": "1", "idempotency_key": key}
    answer = send(bob, "/desk/feeds/news/updates", **form)
    assert (answer.status_code, answer.headers["Location"]) == (303, "/desk/feeds/news?did=published&update=1#update-1")
    assert "The <strong>bridge</strong> is open" in site.charlie.get("/feeds/news").text
    assert "The <strong>bridge</strong> is open" in bob.get("/desk/feeds/news").text
    send(bob, "/desk/feeds/news/updates", **form)
    assert site.versions()["news"] == 1, "a second click is harmless"
    assert field(bob.get("/desk/feeds/news"), "idempotency_key") != key


def test_a_text_that_was_changed_after_its_answer_was_lost_can_still_be_sent(site: Site) -> None:
    bob = site.at_desk()
    key = field(bob.get("/desk/feeds/news"), "idempotency_key")
    assert send(bob, "/desk/feeds/news/updates", body="First text", idempotency_key=key).status_code == 303
    asked = send(bob, "/desk/feeds/news/updates", body="Second text", idempotency_key=key)
    assert (asked.status_code, field(asked, "body")) == (422, "Second text")
    assert "Your first text was published already; sending this makes a second update." in asked.text
    assert site.versions()["news"] == 1
    again = {"body": "Second text", "idempotency_key": field(asked, "idempotency_key")}
    assert [send(bob, "/desk/feeds/news/updates", **again).status_code for _ in range(2)] == [303, 303]
    assert site.versions()["news"] == 2


def test_a_refused_update_comes_back_as_it_was_typed(site: Site) -> None:
    bob = site.at_desk()
    typed = {
        "headline": 'A "head" <line> & more ' + "x" * 200,
        "body": 'Text with <b> & "quotes"\n\n\nand lines',
        "pinned": "1",
    }
    answer = send(bob, "/desk/feeds/news/updates", **typed, idempotency_key="k")
    assert answer.status_code == 422
    assert "at most 200 fit" in answer.text
    assert (field(answer, "headline"), field(answer, "body")) == (typed["headline"], typed["body"])
    assert (ticked(answer, "pinned"), ticked(answer, "key")) == (True, False)
    assert field(answer, "idempotency_key") == "k"
    assert site.versions()["news"] == 0


@pytest.mark.parametrize("body", ["", "  \r\n ", "\u200b", "[\u200b](/x)", "x" * 20_001, "a\x00b", None])
def test_the_desk_refuses_what_the_api_refuses(site: Site, body: str | None) -> None:
    answer = send(site.at_desk(), "/desk/feeds/news/updates", **({} if body is None else {"body": body}))
    assert answer.status_code == 422
    assert 'id="body-reason"' in answer.text
    assert site.versions()["news"] == 0


def test_a_form_that_is_not_utf8_is_refused(site: Site) -> None:
    bob = site.at_desk()
    urlencoded = bob.post("/desk/feeds/news/updates", data=b"body=M%FCller", headers=FROM_HERE,
                          content_type="application/x-www-form-urlencoded")  # fmt: skip
    assert urlencoded.status_code == 400
    part = b'--x\r\nContent-Disposition: form-data; name="body"\r\n\r\nM\xfcller\r\n--x--\r\n'
    multipart = bob.post("/desk/feeds/news/updates", data=part, headers=FROM_HERE,
                         content_type="multipart/form-data; boundary=x")  # fmt: skip
    assert multipart.status_code == 422
    assert site.versions()["news"] == 0


def test_an_edit_is_seen_and_marked(site: Site) -> None:
    update = site.publish("Before", headline="Head")
    bob = site.at_desk()
    form = bob.get(f"/desk/updates/{update.id}")
    assert (field(form, "headline"), field(form, "body"), field(form, "revision")) == ("Head", "Before", "1")
    answer = send(bob, f"/desk/updates/{update.id}", headline="", body="After", revision="1")
    assert answer.headers["Location"] == f"/desk/feeds/news?did=edited&update={update.id}#update-{update.id}"
    page = site.charlie.get("/feeds/news").text
    assert "After" in page
    assert "(Updated:" in page
    assert "Before" not in page
    assert "<h3>" not in page


@pytest.mark.parametrize("revision", ["1", "", "x", "0", "9" * 30, "-2"])
def test_a_conflict_shows_both_texts_and_saves_neither(site: Site, revision: str) -> None:
    update = site.publish("As both read it")
    alice, bob = site.at_desk("alice"), site.at_desk()
    send(alice, f"/desk/updates/{update.id}", headline="Hers", body="Alice's words", revision="1")
    before = site.versions()
    answer = send(bob, f"/desk/updates/{update.id}", headline="His", body="Bob's words", revision=revision)
    assert answer.status_code == 409
    assert (field(answer, "headline"), field(answer, "body")) == ("His", "Bob's words")
    theirs = answer.text.split("conflict", 1)[1].split("</div>")[0]
    assert "Hers" in theirs
    assert "Alice&#39;s words" in theirs
    assert site.versions() == before
    merged = send(bob, f"/desk/updates/{update.id}", headline="", body="Both", revision=field(answer, "revision"))
    assert merged.status_code == 303


def test_a_refused_edit_keeps_the_revision_that_was_read(site: Site) -> None:
    update = site.publish("As both read it")
    send(site.at_desk("alice"), f"/desk/updates/{update.id}", headline="", body="Alice's words", revision="1")
    answer = send(site.at_desk(), f"/desk/updates/{update.id}", headline="", body="", revision="1")
    assert answer.status_code == 422
    assert (field(answer, "body"), field(answer, "revision")) == ("", "1"), "alice's words must still be noticed"


def test_marks_go_on_and_off_whatever_the_text_says_meanwhile(site: Site) -> None:
    update = site.publish("Text")
    bob = site.at_desk()
    site.edit(update, body="Edited by somebody else")
    for name in ("key", "pinned"):
        send(bob, f"/desk/updates/{update.id}/marks", **{name: "1"})
        assert site.api("GET", f"/api/v1/updates/{update.id}").get_json()[name] is True
        send(bob, f"/desk/updates/{update.id}/marks", **{name: "0"})
        assert site.api("GET", f"/api/v1/updates/{update.id}").get_json()[name] is False


def test_a_pinned_update_stands_on_top(site: Site) -> None:
    update = site.publish("Where to go", headline="Help")
    site.publish("Later")
    send(site.at_desk(), f"/desk/updates/{update.id}/marks", pinned="1")
    box = site.charlie.get("/feeds/news").text.split('id="pinned-news"', 1)[1].split('<ol class="updates"')[0]
    assert "Where to go" in box
    send(site.at_desk(), f"/desk/updates/{update.id}/retraction", reason="")
    assert "Where to go" not in site.charlie.get("/feeds/news").text


def test_bob_retracts_with_a_reason(site: Site) -> None:
    update = site.publish("The wrong bridge")
    bob = site.at_desk()
    assert "The wrong bridge" in bob.get(f"/desk/updates/{update.id}/retraction").text
    long = send(bob, f"/desk/updates/{update.id}/retraction", reason="x" * 1001)
    assert (long.status_code, field(long, "reason")) == (422, "x" * 1001)
    answer = send(bob, f"/desk/updates/{update.id}/retraction", reason="It was the other one")
    assert (answer.status_code, answer.headers["Location"]) == (
        303,
        f"/desk/feeds/news?did=retracted&update={update.id}",
    )
    for path in (f"/desk/updates/{update.id}", f"/desk/updates/{update.id}/retraction"):
        assert bob.get(path).status_code == 410
    assert send(bob, f"/desk/updates/{update.id}", body="x", revision="1").status_code == 410
    assert "The wrong bridge" not in bob.get("/desk/feeds/news").text
    with site.services.store.read() as db:
        assert db.execute("SELECT reason FROM updates").fetchone()[0] == "It was the other one"


def test_coverage_is_closed_and_opened(site: Site) -> None:
    site.write_article("harbour", live=True)
    bob = site.at_desk()
    send(bob, "/desk/feeds/harbour/coverage", open="0")
    assert "This coverage has ended." in site.charlie.get("/articles/harbour").text
    assert "Open coverage again" in bob.get("/desk/feeds/harbour").text
    send(bob, "/desk/feeds/harbour/coverage", open="1")
    assert "This coverage has ended." not in site.charlie.get("/articles/harbour").text
    assert send(bob, "/desk/feeds/nothing/coverage", open="1").status_code == 404


# Articles


def test_bob_writes_an_article_as_a_draft_and_makes_it_public(site: Site) -> None:
    bob = site.at_desk()
    empty = bob.get("/desk/new-article")
    assert ticked(empty, "draft"), "nothing is public by accident"
    assert field(empty, "byline") == "Bob Brown"
    made = send(bob, "/desk/articles", headline="Über die Brücke!", body="B", draft="1", live="1")
    assert made.headers["Location"] == "/desk/articles/uber-die-brucke?did=created"
    assert site.charlie.get("/articles/uber-die-brucke").status_code == 404
    assert "Über die Brücke!" in bob.get("/desk/").text
    assert bob.get("/desk/feeds/uber-die-brucke").status_code == 200
    form = bob.get("/desk/articles/uber-die-brucke")
    assert (ticked(form, "draft"), ticked(form, "live"), field(form, "revision")) == (True, True, "1")
    send(bob, "/desk/articles/uber-die-brucke", headline="Over the bridge", body="B", live="1", revision="1")
    page = site.charlie.get("/articles/uber-die-brucke")
    assert page.status_code == 200
    assert "Over the bridge" in page.text
    assert "Live coverage" in page.text


def test_a_refused_article_comes_back_as_it_was_typed(site: Site) -> None:
    bob = site.at_desk()
    typed = {
        "headline": "",
        "body": "Long <b> text",
        "standfirst": "S & T",
        "kicker": "K",
        "byline": "B",
        "slug": "good",
    }
    answer = send(bob, "/desk/articles", **typed, live="1")
    assert answer.status_code == 422
    assert {name: field(answer, name) for name in typed} == typed
    assert (ticked(answer, "live"), ticked(answer, "draft")) == (True, False)
    assert 'id="headline-reason"' in answer.text
    assert site.versions() == {"news": 0}
    unnamed = send(bob, "/desk/articles", headline="橋", body="x")
    assert (unnamed.status_code, unnamed.headers["Location"]) == (303, "/desk/articles/qiao?did=created"), (
        "any script has one"
    )


def test_two_editors_of_one_article_lose_nothing(site: Site) -> None:
    site.write_article("harbour", body="As both read it")
    alice, bob = site.at_desk("alice"), site.at_desk()
    send(alice, "/desk/articles/harbour", headline="H", body="Alice's words", revision="1")

    refused = send(bob, "/desk/articles/harbour", headline="", body="Bob's words", revision="1")
    assert (refused.status_code, field(refused, "revision")) == (422, "1")

    conflict = send(
        bob, "/desk/articles/harbour", headline="H", body="Bob's words", revision=field(refused, "revision")
    )
    assert conflict.status_code == 409
    assert field(conflict, "body") == "Bob's words"
    assert "Alice&#39;s words" in conflict.text
    assert "Alice’s words" in site.charlie.get("/articles/harbour").text
    merged = send(bob, "/desk/articles/harbour", headline="H", body="Both", revision=field(conflict, "revision"))
    assert merged.status_code == 303


# Pictures, profile, sessions


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


SENT = {
    "/desk/feeds/news/updates": {
        "headline": "H",
        "body": '\n<b>&"',
        "key": "1",
        "language": "",
        "idempotency_key": "k1",
    },
    "/desk/updates/1": {"headline": "New", "body": "</textarea>new", "note": "N", "language": "", "revision": "1"},
    "/desk/articles": {"headline": "A & b", "standfirst": "S", "body": "B", "byline": "Bob", "draft": "1", "slug": "a"},
}


@pytest.mark.parametrize("path", SENT)
def test_a_locked_database_loses_nothing_typed_and_sending_again_stores_it_once(site: Site, path: str) -> None:
    bob = site.at_desk()
    send(bob, "/desk/feeds/news/updates", body="Old", idempotency_key="k0")
    with contextlib.closing(sqlite3.connect(site.services.settings.database, isolation_level=None)) as foreign:
        foreign.execute("BEGIN IMMEDIATE")
        refused = send(bob, path, **SENT[path])
        foreign.execute("ROLLBACK")
    assert refused.status_code == 503
    assert element(refused.text, "form", action=path).get("method") == "post"
    assert {name: field(refused, name) for name in SENT[path]} == SENT[path]
    again = {name: field(refused, name) for name in SENT[path]}
    assert send(bob, path, **again).status_code == 303
    if "idempotency_key" in again:
        assert send(bob, path, **again).status_code == 303
        with site.services.store.read() as db:
            assert db.execute("SELECT count(*) FROM updates").fetchone()[0] == 2


def test_a_refusal_shows_no_password_and_nothing_of_another_site(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    bob = site.at_desk()
    text = {"body": "Sent from elsewhere"}
    foreign = bob.post("/desk/feeds/news/updates", data=text, headers={"Origin": "https://evil.example"})
    assert (foreign.status_code, text["body"] in foreign.text) == (403, False)
    for error, status in ((OperationalError("disk I/O error"), 503), (Crowded(8, 5), 429)):
        monkeypatch.setattr(site.services.store, "write", Mock(side_effect=error))
        assert field(send(bob, "/desk/feeds/news/updates", **text), "body") == text["body"]
        monkeypatch.setattr(people, "change_own_password", Mock(side_effect=error))
        asked = send(bob, "/desk/password", current="the old secret", password="the new secret")
        assert (asked.status_code, "secret" in asked.text) == (status, False)


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


def test_the_profile_is_what_readers_see(site: Site) -> None:
    site.write_article("harbour")
    bob = site.at_desk()
    send(bob, "/desk/pictures", file=(png(), "bob.png"), alt="Bob")
    picture = re.search(r"/pictures/([0-9a-f]{16})\)", bob.get("/desk/pictures").text)
    assert picture
    profile = {
        "display_name": "Bob Brown",
        "job": "Harbour reporter",
        "bio": "Two lines.\nOf <me>.",
        "picture": picture[1],
    }
    assert send(bob, "/desk/profile", **profile).status_code == 303
    page = site.charlie.get("/articles/harbour").text
    assert "Harbour reporter" in page
    assert "Of &lt;me&gt;." in page
    assert elements(page, "img", class_="avatar", src=f"/pictures/{picture[1]}?small=192")

    refused = send(bob, "/desk/profile", **{**profile, "display_name": "", "picture": "0" * 16})
    assert refused.status_code == 422
    assert field(refused, "job") == "Harbour reporter"
    unknown = send(bob, "/desk/profile", **{**profile, "picture": "0" * 16})
    assert unknown.status_code == 422
    assert "There is no picture of this id" in unknown.text


def test_an_update_keeps_the_name_it_was_published_under(site: Site) -> None:
    bob = site.at_desk()
    send(bob, "/desk/feeds/news/updates", body="By Bob Brown")
    send(bob, "/desk/profile", display_name="Robert Brown")
    send(bob, "/desk/feeds/news/updates", body="By Robert Brown")
    listed = site.api("GET", "/api/v1/feeds/news/updates").get_json()["updates"]
    assert [update["byline"] for update in listed] == ["Robert Brown", "Bob Brown"]


def test_bob_ends_a_session_of_his_and_it_cannot_act(site: Site) -> None:
    here, lost = site.at_desk(), site.at_desk()
    alice = site.at_desk("alice")
    profile = here.get("/desk/profile").text
    ends = [form.get("action") for form in elements(profile, "form") if form.get("action").endswith("/end")]
    assert len(ends) == 2, "his own, and nobody else's"
    mine = element(profile.split("this browser", 1)[1], "form").get("action")
    (other,) = set(ends) - {mine}

    send(alice, other)
    assert lost.get("/desk/").status_code == 200, "a session of bob's is not alice's to end"
    send(here, other)
    send(here, other)
    assert (
        send(lost, "/desk/feeds/news/updates", body="From a stolen laptop")
        .headers["Location"]
        .startswith("/desk/sign-in")
    )
    assert lost.get("/desk/").status_code == 303
    assert site.versions()["news"] == 0
    assert here.get("/desk/").status_code == 200


# Other sites


@pytest.mark.parametrize(
    "headers",
    [{"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site", "Origin": "http://127.0.0.1:8000"},
     {"Origin": "https://evil.example"}, {"Origin": "null"}, {"Origin": ""}, {"Origin": "http://127.0.0.1:8001"},
     {"Origin": "http://127.0.0.1:8000.evil.example"}, {"Sec-Fetch-Site": "same-origin", "Origin": "https://evil.example"},
     {}],
    ids=str,
)  # fmt: skip
def test_a_page_of_another_site_cannot_write_in_bobs_name(site: Site, headers: dict[str, str]) -> None:
    bob = site.at_desk()
    update = site.publish("Stays")
    before = site.versions()
    for path in (
        "/desk/feeds/news/updates",
        f"/desk/updates/{update.id}/retraction",
        "/desk/sign-out",
        "/desk/profile",
    ):
        answer = bob.post(path, data={"body": "x", "display_name": "Eve"}, headers=headers)
        assert answer.status_code == 403, path
    assert site.versions() == before
    assert bob.get("/desk/").status_code == 200, "not even signed out"


@pytest.mark.parametrize(
    "headers", [{"Sec-Fetch-Site": "same-origin"}, {"Origin": "http://localhost"}, FROM_HERE], ids=str
)
def test_bobs_own_page_can_write(site: Site, headers: dict[str, str]) -> None:
    answer = site.at_desk().post("/desk/feeds/news/updates", data={"body": "x"}, headers=headers)
    assert answer.status_code == 303


def test_another_site_cannot_sign_anybody_in(site: Site) -> None:
    form = {"name": "bob", "password": "correct horse battery"}
    answer = site.charlie.post("/desk/sign-in", data=form, headers={"Sec-Fetch-Site": "cross-site"})
    assert answer.status_code == 403
    assert "Set-Cookie" not in answer.headers


def test_nothing_of_the_desk_stays_in_a_cache(site: Site) -> None:
    bob = site.at_desk()
    for path in ("/desk/", "/desk/feeds/news", "/desk/profile", "/desk/nothing"):
        assert bob.get(path).headers["Cache-Control"] in ("no-store", "no-cache")
    assert bob.get("/desk/profile").headers["Cache-Control"] == "no-store"


def test_an_article_conflict_keeps_what_each_editor_changed(site: Site) -> None:
    site.write_article(body="Old body", standfirst="Old standfirst", draft=True)
    bob = site.at_desk()
    form = {"revision": "1", "headline": "About harbour", "standfirst": "Old standfirst", "byline": "Bob Brown"}
    alice = {"standfirst": "Alice's standfirst", "draft": False, "kicker": "Alice's"}
    assert site.api("PATCH", "/api/v1/articles/harbour", alice, who="alice").status_code == 200
    mine = {**form, "body": "Bob's body", "kicker": "Bob's", "draft": "1"}
    refused = bob.post("/desk/articles/harbour", data=mine, headers=FROM_HERE)
    assert refused.status_code == 409
    assert "Alice&#39;s standfirst</textarea>" in refused.text  # untouched by bob: it becomes theirs
    assert "Bob&#39;s body</textarea>" in refused.text
    assert (
        element(refused.text, "input", name="draft", value="1").get("checked") is None
    )  # published by alice, and not by accident a draft again
    assert refused.text.count('<pre class="theirs">') == 1  # both changed the kicker
    assert 'value="Bob&#39;s"' in refused.text
    assert '<pre class="theirs">Alice&#39;s</pre>' in refused.text
    assert elements(refused.text, "input", name="revision", value="2")
