"""What one editor wrote is never stored under another who signed in with the same browser since."""

import uuid
from typing import Any

import pytest
from flask.testing import FlaskClient

from tests.conftest import FROM_HERE, Site
from tests.desk.forms import form_data, png
from tests.pages import elements

PAGES = (
    "/desk/", "/desk/feeds/news", "/desk/feeds/news/coverage", "/desk/feeds/harbour", "/desk/feeds/harbour/coverage",
    "/desk/new-article", "/desk/articles/harbour", "/desk/pictures", "/desk/profile", "/desk/updates/1",
    "/desk/updates/1/retraction",
)  # fmt: skip


def forms(browser: FlaskClient) -> list[Any]:
    """Every form of the desk that writes something, each once, but that to sign out."""
    found = [form for path in PAGES for form in elements(browser.get(path).text, "form", method="post")]
    return list({each.get("action"): each for each in found if each.get("action") != "/desk/sign-out"}.values())


@pytest.fixture
def furnished(site: Site) -> Site:
    site.write_article("harbour", headline="The harbour", live=True)
    site.publish("As it was")
    state = {"feed": "news", "body": "A draft", "seq": 1}
    site.at_desk().put(f"/desk/drafts/{uuid.uuid4()}", json=state, headers=FROM_HERE)
    return site


def test_every_form_of_the_desk_says_whose_it_is(furnished: Site) -> None:
    found = forms(furnished.at_desk())
    assert len(found) > 10
    for form in found:
        said = [each.get("value") for each in form.iter("input") if each.get("name") == "editor"]
        assert said == [str(furnished.bob.id)], form.get("action")


def test_no_form_of_another_editor_is_taken(furnished: Site) -> None:
    alice, found = furnished.at_desk("alice"), forms(furnished.at_desk())
    before = furnished.versions()
    with furnished.services.store.read() as db:
        done = db.execute("SELECT count(*) FROM actions").fetchone()[0]
    for form in found:
        path, bobs = form.get("action"), str(furnished.bob.id)
        words = {"editor": bobs, "body": "Bob's", "headline": "Bob's", "alt": "Bob's", "bio": "Bob's", "key": "1"}
        if form.get("enctype"):
            answer = alice.post(path, **form_data(png().getvalue(), **words))
        else:
            answer = alice.post(path, data=words, headers=FROM_HERE)
        assert answer.status_code == 403, path
        assert "Another editor wrote this" in answer.text
        assert answer.headers["Liveline-Refused"] == "other-editor"
    assert furnished.versions() == before
    with furnished.services.store.read() as db:
        assert db.execute("SELECT count(*) FROM actions").fetchone()[0] == done
        assert db.execute("SELECT bio FROM editors WHERE name = 'alice'").fetchone()[0] in ("", None)


def test_no_draft_of_another_editor_is_taken(furnished: Site) -> None:
    state = {"feed": "news", "body": "Bob's secret", "seq": 1, "editor": furnished.bob.id}
    path = f"/desk/drafts/{uuid.uuid4()}"
    refused = furnished.at_desk("alice").put(path, json=state, headers=FROM_HERE)
    assert (refused.status_code, refused.headers["Liveline-Refused"]) == (403, "other-editor")
    assert furnished.at_desk("alice").get("/desk/drafts").get_json()["drafts"] == []
    assert furnished.at_desk().put(path, json=state, headers=FROM_HERE).status_code == 200


def test_a_page_of_the_release_before_says_nothing_and_is_taken(furnished: Site) -> None:
    sent = furnished.at_desk().post("/desk/feeds/news/updates", data={"body": "Without"}, headers=FROM_HERE)
    assert sent.status_code == 303
