"""Two editors of one update, as plain forms: nothing of either is lost, overwritten or mixed without being shown."""

from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from feed.store import erasing, retracting
from tests.conftest import FROM_HERE, Site
from tests.desk.forms import field, send
from tests.pages import element, elements, words

NAMES = ("headline", "body", "language", "note", "revision", "against", "language_read", "draft_id")


class Form:
    """An update's form in a browser, as it came last."""

    def __init__(self, browser: FlaskClient, update_id: int) -> None:
        self._browser, self._address = browser, f"/desk/updates/{update_id}"
        self.page: TestResponse = browser.get(self._address)

    def send(self, **typed: str) -> "Form":
        """Sends the form with these fields changed."""
        fields = {name: self[name] for name in NAMES if elements(self.page.text, name=name)}
        self.page = send(self._browser, self._address, **{**fields, **typed})
        return self

    def __getitem__(self, name: str) -> str:
        if name == "language":
            (chosen, *_) = [*elements(self.page.text, "option", selected=True), None]
            return "" if chosen is None else str(chosen.get("value"))
        return field(self.page, name)

    @property
    def said(self) -> str:
        """The notice of the form, as it is read."""
        (notice,) = element(self.page.text, "form", class_="edit").find_class("notice")
        return words(notice)

    @property
    def can_save(self) -> bool:
        """Whether the form has the button that saves, which Ctrl+Enter presses too."""
        return bool(element(self.page.text, "form", class_="edit").find_class("primary"))

    @property
    def changes(self) -> list[str]:
        """What each side changed, as a screen reader reads it."""
        return [each.text_content() for each in elements(self.page.text, class_="compared")]


def test_a_stale_edit_shows_who_saved_when_and_what_each_changed(site: Site) -> None:
    update = site.publish("Two cars burn. Nobody is hurt.")
    form = Form(site.at_desk(), update.id)
    Form(site.at_desk("alice"), update.id).send(body="Two boats burn. Nobody is hurt.", note="They were boats.")
    before = site.versions()
    form.send(body="Two cars burn. One is hurt.")
    assert form.page.status_code == 409
    assert "Alice Adams saved this at" in form.said
    assert "They were boats." in form.said
    assert form.changes == [
        "Two [taken out: cars] [put in: boats] burn. Nobody is hurt.",
        "Two cars burn. [taken out: Nobody] [put in: One] is hurt.",
    ]
    assert form["body"] == "Two cars burn. One is hurt."
    assert [each.get("value") for each in elements(form.page.text, "button", name="choice")] == [
        "theirs",
        "mine",
        "merge",
    ]
    assert site.versions() == before


def test_nothing_is_saved_before_a_choice_however_often_it_is_sent(site: Site) -> None:
    update = site.publish("As both read it")
    form = Form(site.at_desk(), update.id)
    site.edit(update, body="Theirs")
    before = site.versions()
    for _ in range(2):
        form.send(body="Mine")
        assert (form.page.status_code, form["revision"], form["body"]) == (409, "1", "Mine")
        assert not form.can_save, "Ctrl+Enter presses that one"
        first = element(form.page.text, "form", class_="edit").find(".//button")
        assert first.get("disabled") is not None, "Enter in a field presses the first button"
    assert site.versions() == before


@pytest.mark.parametrize(
    ("choice", "body"),
    [("mine", "Two cars burn. One is hurt."), ("theirs", "Two boats burn. Nobody is hurt."),
     ("merge", "Two boats burn. One is hurt.")],
)  # fmt: skip
def test_the_choice_comes_back_to_be_looked_over_and_is_saved_then(site: Site, choice: str, body: str) -> None:
    update = site.publish("Two cars burn. Nobody is hurt.")
    form = Form(site.at_desk(), update.id)
    site.edit(update, body="Two boats burn. Nobody is hurt.")
    before = site.versions()
    form.send(body="Two cars burn. One is hurt.").send(choice=choice)
    assert (form["body"], form["revision"]) == (body, "2")
    assert site.versions() == before
    assert form.send().page.status_code == 303
    assert site.api("GET", f"/api/v1/updates/{update.id}").get_json()["body"] == body


def test_a_merge_says_what_came_from_whom(site: Site) -> None:
    update = site.publish("Two cars burn. Nobody is hurt.")
    form = Form(site.at_desk(), update.id)
    site.edit(update, body="Two boats burn. Nobody is hurt.")
    form.send(body="Two cars burn. One is hurt.").send(choice="merge")
    assert form.changes == [
        "Two [taken out: cars] [put in: boats] burn. One is hurt.",
        "Two boats burn. [taken out: Nobody] [put in: One] is hurt.",
    ]


def test_two_facts_in_one_sentence_are_both_shown_and_cannot_be_saved_so(site: Site) -> None:
    update = site.publish("12 are hurt.", headline="Fire")
    form = Form(site.at_desk(), update.id)
    site.edit(update, body="14 are hurt.", headline="Big fire")
    form.send(body="12 are dead.", headline="Fire is out").send(choice="merge")
    assert form["body"] == "⟦Bob Brown: 14 are hurt.⟧ ⟦You: 12 are dead.⟧"
    assert form["headline"] == "⟦Bob Brown: Big fire⟧ ⟦You: Fire is out⟧"
    assert "In 2 places you both changed the same." in form.said
    before = site.versions()
    form.send()
    assert (form.page.status_code, form["body"]) == (422, "⟦Bob Brown: 14 are hurt.⟧ ⟦You: 12 are dead.⟧")
    assert "Both variants are still here." in form.page.text
    assert site.versions() == before
    assert form.send(body="12 are dead, 2 hurt.", headline="Fire is out").page.status_code == 303


def test_theirs_keeps_mine_at_hand(site: Site) -> None:
    update = site.publish("As both read it")
    form = Form(site.at_desk(), update.id)
    site.edit(update, body="Theirs")
    form.send(body="Mine <b>", note="A note").send(choice="theirs")
    assert (form["body"], form["note"]) == ("Theirs", "")
    assert [each.text_content() for each in elements(form.page.text, class_="unused")] == ["Mine <b>", "A note"]


def test_what_the_editor_did_not_touch_is_theirs(site: Site) -> None:
    update = site.publish("Body", headline="Head")
    form = Form(site.at_desk(), update.id)
    site.edit(update, headline="Their head", body="Body")
    form.send(body="My body")
    assert (form["headline"], form["body"]) == ("Their head", "My body")
    assert form.changes == ["[taken out: Head] [put in: Their head]", "[taken out: Body] [put in: My body]"]
    form.send(choice="mine", note="Mine")
    assert (form["headline"], form["body"], form["note"]) == ("Their head", "My body", "Mine")


def test_a_choice_for_a_text_that_was_saved_over_again_is_asked_again(site: Site) -> None:
    update = site.publish("One.")
    form = Form(site.at_desk(), update.id)
    site.edit(update, body="Two.")
    form.send(body="Mine.")
    site.edit(update, body="Three.")
    form.send(choice="mine")
    assert (form["revision"], form["against"]) == ("1", "3")
    assert "[put in: Three.]" in form.changes[0]
    assert form.send(choice="mine").send().page.status_code == 303


@pytest.mark.parametrize("revision", ["", "x", "0", "9" * 30, "-2", "77"])
def test_a_form_of_an_unknown_revision_is_compared_with_theirs_alone(site: Site, revision: str) -> None:
    update = site.publish("As both read it")
    site.edit(update, body="Theirs")
    form = Form(site.at_desk(), update.id).send(body="Mine", revision=revision)
    assert form.page.status_code == 409
    assert form.changes == ["[taken out: Theirs] [put in: Mine]"]
    assert [each.get("value") for each in elements(form.page.text, "button", name="choice")] == ["theirs", "mine"]
    form.send(choice="merge")  # which the form did not offer
    assert (form["body"], form["revision"]) == ("Mine", "2")


def test_the_language_takes_part_and_is_not_taken_back_by_who_did_not_touch_it(site: Site) -> None:
    update = site.publish("Text")
    untouched, touched = (Form(site.at_desk(), update.id) for _ in range(2))
    site.edit(update, language="uk")  # no revision: the text is as it was
    assert untouched.send(body="Text, edited").page.status_code == 303
    assert site.api("GET", f"/api/v1/updates/{update.id}").get_json()["language"] == "uk"
    touched.send(language="de", body="Mein Text")
    assert any("[put in: Ukrainian]" in each for each in touched.changes)
    assert any("[put in: German]" in each for each in touched.changes)
    assert touched.send(choice="mine")["language"] == "de"


def test_names_and_texts_are_text_and_not_markup(site: Site) -> None:
    update = site.publish("As both read it")
    form = Form(site.at_desk(), update.id)
    send(site.at_desk("alice"), "/desk/profile", display_name="<i>Eve</i>", job="", bio="", picture="")
    Form(site.at_desk("alice"), update.id).send(body="<script>alert(1)</script>", note="<b>note</b>")
    form.send(body="<img src=x>")
    for choice in ("merge", "theirs", "mine"):
        for tag in ("<i>Eve", "<script>alert", "<b>note", "<img src=x"):
            assert tag not in form.page.text
        Form(site.at_desk(), update.id)
        form.send(choice=choice)


# While the form is open


def changed(form: Form, update_id: int, site: Site, **typed: str) -> TestResponse:
    """What the desk's script is told of the form."""
    fields = {name: form[name] for name in NAMES if elements(form.page.text, name=name)}
    return send(site.at_desk(), f"/desk/updates/{update_id}/changed", **{**fields, **typed})


def test_an_open_form_is_told_of_a_save_and_of_nothing_else(site: Site) -> None:
    update = site.publish("As both read it")
    form = Form(site.at_desk(), update.id)
    site.edit(update, pinned=True)
    assert changed(form, update.id, site, body="Mine").status_code == 204, "no text changed"
    site.edit(update, body="Theirs")
    told = changed(form, update.id, site, body="Mine")
    assert words(element(told.text, "summary")).startswith("Bob Brown saved this at ")
    assert [each.text_content() for each in elements(told.text, class_="compared")] == [
        "[taken out: As both read it] [put in: Theirs]",
        "[taken out: As both read it] [put in: Mine]",
    ]
    assert changed(form, update.id, site, body="Mine", against="2").status_code == 204, "the form says so already"
    form.send(body="Mine", against="2", choice="merge")
    assert form["body"] == "⟦Bob Brown: Theirs⟧ ⟦You: Mine⟧"


def test_the_text_of_a_retracted_update_is_published_as_another_once(site: Site) -> None:
    update = site.publish("As both read it")
    form = Form(site.at_desk(), update.id)
    send(site.at_desk("alice"), f"/desk/updates/{update.id}/retraction", reason="Wrong <b>")
    assert "Alice Adams retracted this at" in changed(form, update.id, site).text
    form.send(body="Mine", headline="My head")
    assert (form.page.status_code, form["body"], form["headline"]) == (410, "Mine", "My head")
    assert "Alice Adams retracted this at" in form.said
    assert "Wrong <b>" in form.said
    assert not form.can_save
    before = form.page
    refused = form.send(choice="new", body="")
    assert (refused.page.status_code, refused["headline"]) == (422, "My head")
    for _ in range(2):  # a double click
        form.page = before
        form.send(choice="new")
        assert form.page.status_code == 303
    listed = site.api("GET", "/api/v1/feeds/news/updates").get_json()["updates"]
    assert [(each["headline"], each["body"]) for each in listed] == [("My head", "Mine")]


def test_what_was_put_back_or_erased_meanwhile_is_not_published_as_another(site: Site) -> None:
    store, update = site.services.store, site.publish("As both read it")
    form = Form(site.at_desk(), update.id)
    site.retract(update)
    form.send(body="Mine")
    retracting.restore(store, update.id, site.alice)
    form.send(choice="new")
    assert (form.page.status_code, form["body"], form.can_save) == (422, "Mine", True)
    assert "Somebody put this update back meanwhile." in form.page.text
    assert form.send().page.status_code == 303
    site.retract(update)
    site.publish("Another")
    erasing.erase(store, update.id, "The law", site.alice)
    for choice in ("new", "restore"):
        answer = send(site.at_desk(), f"/desk/updates/{update.id}", body="Mine", revision="2", choice=choice)
        assert (answer.status_code, field(answer, "body")) == ({"new": 422, "restore": 410}[choice], "Mine")
        assert "This update has been erased for good." in answer.text
        assert not elements(answer.text, "button", name="choice")
    listed = site.api("GET", "/api/v1/feeds/news/updates").get_json()["updates"]
    assert [each["body"] for each in listed] == ["Another"]


def test_a_draft_of_an_edit_is_there_after_its_update_was_retracted(site: Site) -> None:
    update = site.publish("As both read it")
    bob, draft = site.at_desk(), "6f9619ff-8b86-4011-b42d-00cf4fc964f0"
    state = {"feed": "news", "update": update.id, "revision": 1, "headline": "", "body": "Mine", "language": "",
             "note": "", "key": False, "pinned": False, "seq": 1}  # fmt: skip
    assert bob.put(f"/desk/drafts/{draft}", json=state, headers=FROM_HERE).status_code == 200
    site.retract(update)
    page = bob.get(f"/desk/updates/{update.id}?draft={draft}")
    assert (page.status_code, field(page, "body"), field(page, "draft_id")) == (200, "Mine", draft)
    assert "This update has been retracted." in page.text
    assert bob.get(f"/desk/updates/{update.id}").status_code == 410


def test_a_retracted_update_comes_back_with_my_text_and_readers_never_see_the_old_one_again(site: Site) -> None:
    update = site.publish("12 are hurt.", headline="Fire")
    form = Form(site.at_desk(), update.id)
    site.retract(update, "Wrong figure")
    pushed: list[dict[str, Any]] = []
    tail = site.tail(pushed)
    tail.watch("news")
    form.send(body="2 are hurt.")
    assert [each.get("value") for each in elements(form.page.text, "button", name="choice")] == ["new", "restore"]
    before = form.page
    for _ in range(2):  # a double click
        form.page = before
        form.send(choice="restore", note="It was 2.")
        assert form.page.status_code == 303
        tail.step()
    stored = site.api("GET", f"/api/v1/updates/{update.id}").get_json()
    assert (stored["body"], stored["published_at"], stored["revision"]) == ("2 are hurt.", update.published_at, 2)
    shown = [
        change["html"] for envelope in pushed for change in envelope["changes"] if change["id"] == f"update-{update.id}"
    ]
    assert len(shown) == 1
    assert "2 are hurt." in shown[0]
    assert "12 are hurt." not in shown[0]
    refused = form.send(choice="restore", body="")
    assert refused.page.status_code == 422


def test_a_text_restored_by_somebody_else_meanwhile_is_not_overwritten(site: Site) -> None:
    update = site.publish("As both read it")
    form = Form(site.at_desk(), update.id)
    site.retract(update)
    form.send(body="Mine")
    retracting.restore(site.services.store, update.id, site.alice)
    site.edit(update, body="Theirs")
    form.send(choice="restore")
    assert form.page.status_code == 409
    assert "[put in: Theirs]" in form.changes[0]


def test_what_was_saved_before_a_retraction_is_shown_before_my_text_takes_its_place(site: Site) -> None:
    update = site.publish("Two cars burn.")
    form = Form(site.at_desk(), update.id)
    Form(site.at_desk("alice"), update.id).send(body="Two boats burn.")
    site.retract(update)
    for address in ("", "/changed"):
        told = send(site.at_desk(), f"/desk/updates/{update.id}{address}", body="Two cars burned.", revision="1")
        assert "Alice Adams saved this at" in told.text
        assert "[put in: boats]" in "".join(each.text_content() for each in elements(told.text, class_="compared"))
    form.send()
    assert len(form.changes) == 1
