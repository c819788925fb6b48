"""Updates and coverage at the desk, as plain forms: what editors can do without JavaScript."""

import pytest

from tests.conftest import FROM_HERE, Site
from tests.desk.forms import field, send, ticked
from tests.pages import element, inner

DRAFT = "6f9619ff-8b86-4011-b42d-00cf4fc964f0"


def test_bob_publishes_and_readers_see_it(site: Site) -> None:
    bob = site.at_desk()
    key = field(bob.get("/desk/feeds/news"), "draft_id")
    form = {"headline": "Open", "body": "The **bridge** is open", "key": "1", "draft_id": key}
    answer = send(bob, "/desk/feeds/news/updates", **form)
    assert (answer.status_code, answer.headers["Location"]) == (303, "/desk/feeds/news?did=published&update=1#update-1")
    assert "The <strong>bridge</strong> is open" in site.charlie.get("/feeds/news").text
    assert "The <strong>bridge</strong> is open" in bob.get("/desk/feeds/news").text
    send(bob, "/desk/feeds/news/updates", **form)
    assert site.versions()["news"] == 1, "a second click is harmless"
    assert field(bob.get("/desk/feeds/news"), "draft_id") != key


def test_a_text_that_was_changed_after_its_answer_was_lost_can_still_be_sent(site: Site) -> None:
    bob = site.at_desk()
    key = field(bob.get("/desk/feeds/news"), "draft_id")
    assert send(bob, "/desk/feeds/news/updates", body="First text", draft_id=key).status_code == 303
    asked = send(bob, "/desk/feeds/news/updates", body="Second text", draft_id=key)
    assert (asked.status_code, field(asked, "body")) == (422, "Second text")
    assert "Your first text was published already; sending this makes a second update." in asked.text
    assert site.versions()["news"] == 1
    again = {"body": "Second text", "draft_id": field(asked, "draft_id")}
    assert [send(bob, "/desk/feeds/news/updates", **again).status_code for _ in range(2)] == [303, 303]
    assert site.versions()["news"] == 2


def test_a_refused_update_comes_back_as_it_was_typed(site: Site) -> None:
    bob = site.at_desk()
    typed = {
        "headline": 'A "head" <line> & more ' + "x" * 200,
        "body": 'Text with <b> & "quotes"\n\n\nand lines',
        "pinned": "1",
    }
    answer = send(bob, "/desk/feeds/news/updates", **typed, draft_id=DRAFT)
    assert answer.status_code == 422
    assert "at most 200 fit" in answer.text
    assert (field(answer, "headline"), field(answer, "body")) == (typed["headline"], typed["body"])
    assert (ticked(answer, "pinned"), ticked(answer, "key")) == (True, False)
    assert field(answer, "draft_id") == DRAFT
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
    page = bob.get("/desk/feeds/news").text
    assert "The wrong bridge" not in inner(element(page, "live-feed"))
    assert "The wrong bridge" in inner(element(page, class_="retracted-updates")), "it can be restored"
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
