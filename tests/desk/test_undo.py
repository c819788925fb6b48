"""Undo and Restore at the desk, as plain forms."""

from pathlib import Path

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from feed.store import publishing
from tests.conftest import Site, site_in
from tests.desk.forms import field, send, ticked
from tests.pages import element, elements, words
from tests.test_undo import made_earlier


def publish(browser: FlaskClient, body: str, **more: str) -> TestResponse:
    """The page that follows publishing in the composer."""
    return follow(browser, send(browser, "/desk/feeds/news/updates", body=body, **more))


def follow(browser: FlaskClient, answer: TestResponse) -> TestResponse:
    assert answer.status_code == 303, answer.text
    return browser.get(answer.headers["Location"])


def press(browser: FlaskClient, page: TestResponse, kind: str) -> TestResponse:
    """Sends the form of that kind which the message on the page has."""
    form = element(page.text, "form", class_=kind)
    given = {each.get("name"): each.get("value") for each in form.iter("input")}
    return send(browser, form.get("action"), **given)


def done(page: TestResponse) -> str:
    return words(element(page.text, class_="done"))


def test_bob_takes_back_what_he_has_just_published(site: Site) -> None:
    bob = site.at_desk()
    page = publish(bob, "Too early", headline="Hm", key="1")
    assert "Published." in done(page)
    answer = press(bob, page, "undo")
    assert "#" not in answer.headers["Location"]
    back = follow(bob, answer)
    assert "Taken back. Readers may have seen it. Your text is in the composer." in done(back)
    assert (field(back, "headline"), field(back, "body"), ticked(back, "key")) == ("Hm", "Too early", True)
    assert "Too early" not in site.charlie.get("/feeds/news").text
    assert press(bob, page, "undo").headers["Location"] == answer.headers["Location"], "a second click"
    again = follow(bob, send(bob, "/desk/feeds/news/updates", body="Now", draft_id=field(back, "draft_id")))
    assert "Published." in done(again)
    assert "draft=" not in bob.get("/desk/").text, "it is published"


def test_when_it_is_too_late_the_reason_comes_with_the_form_of_a_retraction(site: Site) -> None:
    bob = site.at_desk()
    page = publish(bob, "For good")
    made_earlier(site, 60)
    refused = press(bob, page, "undo")
    assert refused.status_code == 409
    assert "It is too late to undo this: it was published more than 10 seconds ago." in refused.text
    assert element(refused.text, "form", class_="retraction").get("action") == "/desk/updates/1/retraction"
    assert "For good" in site.charlie.get("/feeds/news").text
    later = bob.get("/desk/feeds/news?did=published&update=1")
    assert elements(later.text, class_="undo") == []


def test_undo_is_offered_to_who_published_as_long_as_nobody_changed_it(site: Site) -> None:
    bob = site.at_desk()
    page = publish(bob, "Mine")
    assert elements(site.at_desk("alice").get("/desk/feeds/news?did=published&update=1").text, class_="undo") == []
    publishing.edit(site.services.store, 1, site.alice, {"body": "Ours"}, None)
    assert elements(bob.get("/desk/feeds/news?did=published&update=1").text, class_="undo") == []
    refused = press(bob, page, "undo")
    assert refused.status_code == 409
    assert "Alice Adams has changed this since" in refused.text


def test_its_length_is_a_setting(tmp_path: Path) -> None:
    with site_in(tmp_path, FEED_UNDO_SECONDS="0") as site:
        bob = site.at_desk()
        assert elements(publish(bob, "For good").text, class_="undo") == []
        assert send(bob, "/desk/updates/1/undo", draft="6f9619ff-8b86-4011-b42d-00cf4fc964f0").status_code == 409
    with site_in(tmp_path / "other", FEED_UNDO_SECONDS="60") as site:
        (form,) = elements(publish(site.at_desk(), "For now").text, "form", class_="undo")
        assert 50 < float(form.get("data-seconds")) <= 60


def test_bob_restores_what_alice_retracted(site: Site) -> None:
    site.publish("Right after all")
    alice, bob = site.at_desk("alice"), site.at_desk()
    page = follow(alice, send(alice, "/desk/updates/1/retraction", reason="Wrong?"))
    assert "Retracted. Readers no longer see it." in done(page)
    other = bob.get("/desk/feeds/news")
    (listed,) = elements(other.text, class_="retracted-updates")
    assert [part for part in ("Right after all", "Alice Adams", "Wrong?") if part not in words(listed)] == []
    for browser, shown in ((bob, other), (alice, page)):
        back = follow(browser, press(browser, shown, "restoration"))
        assert "Restored. Readers see it again, at its old place." in done(back)
    assert "Right after all" in site.charlie.get("/feeds/news").text
    assert site.versions()["news"] == 3, "the second changed nothing"
    assert element(back.text, class_="retracted-updates").get("hidden") is not None


@pytest.mark.parametrize("did", ["published", "undone", "retracted", "restored"])
@pytest.mark.parametrize("page", ["", "pictures", "profile", "articles/harbour", "feeds/harbour", "feeds/news"])
def test_any_page_of_the_desk_can_say_what_was_done_to_any_update(site: Site, did: str, page: str) -> None:
    site.write_article("harbour", live=True)
    update = site.publish("Somewhere", feed="harbour")
    if did in ("undone", "retracted"):
        site.retract(update)
    for more in ("", "&draft=", "&draft=x", "&draft=6f9619ff-8b86-4011-b42d-00cf4fc964f0"):
        answer = site.at_desk().get(f"/desk/{page}?did={did}&update={update.id}{more}")
        assert answer.status_code == 200
        assert "put-back" not in answer.text, "no text was put into a composer here"


def test_a_draft_is_on_disk_and_handed_to_nobody(site: Site) -> None:
    site.write_article("sketch", live=True, draft=True)
    bob = site.at_desk()
    page = follow(bob, send(bob, "/desk/feeds/sketch/updates", body="Not yet"))
    receipt = element(page.text, class_="receipt")
    assert words(receipt).startswith("On disk ")
    assert receipt.get("data-receipt") is None
    assert elements(page.text, class_="reading") == []
    assert elements(page.text, "form", class_="undo") != []


def test_a_form_without_a_valid_draft_undoes_nothing(site: Site) -> None:
    bob = site.at_desk()
    publish(bob, "Stays")
    for draft in ("", "x", "6F9619FF-8B86-4011-B42D-00CF4FC964F0"):
        assert send(bob, "/desk/updates/1/undo", draft=draft).status_code == 422
    assert send(bob, "/desk/updates/99/undo", draft="6f9619ff-8b86-4011-b42d-00cf4fc964f0").status_code == 404
    assert "Stays" in site.charlie.get("/feeds/news").text
