"""Review: what is submitted is read, returned with a note or published under its author's name, once, and nobody else
sees it before."""

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from feed import times
from feed.errors import Gone, Invalid, KeyUsed, Missing, NotAllowed, Stale
from feed.live.review import Review
from feed.live.signed_in import SignedIn
from feed.store import (
    actions,
    all_drafts,
    backup,
    drafts,
    editors,
    people,
    publishing,
    retracting,
    reviewing,
    submissions,
    submitting,
    undoing,
    updates,
)
from feed.store.draft_states import State as DraftState
from feed.store.editors import Editor
from feed.store.sessions import COOKIE
from feed.store.submissions import State, Submission
from feed.store.updates import Update
from tests.conftest import FROM_HERE, PASSWORD, Site
from tests.desk.forms import field, send
from tests.images import a_png
from tests.pages import element, words
from tests.submitting import UNSET, new_id, submit

CANARY = "canaryword"


@pytest.fixture
def carol(site: Site) -> Editor:
    """A contributor."""
    return editors.add(site.services.store, "carol", PASSWORD, "contributor", "Carol Chen", actor=None)


def publish(site: Site, submission: Submission, by: Editor, against: int | None = None, **changed: Any) -> Any:
    """Publishes it as it is, but for what is changed."""
    given = {**submission.fields, **changed}
    return reviewing.publish(site.services.store, submission.id, submission.revision, given, against, by)


def give_back(site: Site, submission: Submission, by: Editor, note: str = "Who says so?") -> Submission:
    return reviewing.return_(site.services.store, submission.id, submission.revision, {"note": note}, by)


def now(site: Site, submission: Submission) -> Submission:
    """The submission as it is now."""
    with site.services.store.read() as db:
        return submissions.get(db, submission.id)


def count(site: Site, table: str = "updates") -> int:
    with site.services.store.read() as db:
        return int(db.execute(f"SELECT count(*) FROM {table}").fetchone()[0])


def test_what_is_published_has_its_authors_byline_and_the_log_says_who_did_it(site: Site, carol: Editor) -> None:
    sent = submit(site, carol, body="The bridge is **open**.", headline="Open")
    made = publish(site, sent, site.bob, body="The bridge is open again.")
    assert isinstance(made, Update)
    assert (made.byline, made.headline, made.body) == ("Carol Chen", "Open", "The bridge is open again.")
    with site.services.store.read() as db:
        log = [(each.by, each.verb) for each in actions.of_feed(db, 1, 9)]
        assert drafts.get(db, sent.draft_id, carol).state == DraftState.PUBLISHED
    assert log == [("Bob Brown", "publish"), ("Carol Chen", "submit")]
    after = now(site, sent)
    assert (after.state, after.by, after.update_id) == (State.PUBLISHED, "Bob Brown", made.id)
    assert "Carol Chen" in site.charlie.get("/feeds/news").text
    with pytest.raises(KeyUsed):
        submit(site, carol, draft_id=sent.draft_id, body="Another text")


def test_of_two_who_publish_or_return_at_once_one_does_and_the_other_is_told(site: Site, carol: Editor) -> None:
    sent = submit(site, carol)

    def decide(number: int) -> Any:
        who = (site.bob, site.alice)[number % 2]
        try:
            return publish(site, sent, who) if number < 4 else give_back(site, sent, who)
        except Stale as error:
            return error

    with ThreadPoolExecutor(6) as pool:
        done = list(pool.map(decide, range(6)))
    after = now(site, sent)
    told = [each.current for each in done if isinstance(each, Stale)]
    assert told
    assert all(each == after for each in told)
    assert count(site) == (after.state == State.PUBLISHED)
    assert count(site, "revisions") == count(site)


def test_a_source_without_a_status_is_refused_here_as_in_the_composer(site: Site, carol: Editor) -> None:
    sent = submit(site, carol)
    with pytest.raises(Invalid, match="source"):
        publish(site, sent, site.bob, source="The harbour office", status=None)
    assert (count(site), now(site, sent).state) == (0, State.SUBMITTED)


def test_a_repeat_of_the_same_editor_gives_the_same_update(site: Site, carol: Editor) -> None:
    sent = submit(site, carol)
    first = publish(site, sent, site.bob)
    assert publish(site, sent, site.bob).id == first.id
    with pytest.raises(Stale):
        publish(site, sent, site.alice)
    assert count(site) == 1
    edited = submit(site, carol, update=first.id, revision=1, body="Edited")
    again = [publish(site, edited, site.bob, against=1).revision for _ in range(2)]
    assert again == [2, 2]


def test_what_fails_while_it_is_published_changes_neither_feed_nor_queue(
    site: Site, carol: Editor, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent, before = submit(site, carol), site.versions()

    def crash(*_: Any, **__: Any) -> None:
        raise RuntimeError("in the middle")

    monkeypatch.setattr(submissions, "set_published", crash)
    with pytest.raises(RuntimeError):
        publish(site, sent, site.bob)
    assert (site.versions(), count(site), now(site, sent)) == (before, 0, sent)


def test_a_new_text_takes_the_place_of_the_one_before_and_who_holds_that_is_told(site: Site, carol: Editor) -> None:
    sent = submit(site, carol, body="First")
    assert submit(site, carol, draft_id=sent.draft_id, body="First") == sent, "a repeat changes nothing"
    drafts.save(site.services.store, sent.draft_id, carol, draft(sent, body="First, and more"))
    assert now(site, sent).fields["body"] == "First", "it is a snapshot"
    second = submit(site, carol, draft_id=sent.draft_id, body="Second")
    assert (second.id, second.revision) == (sent.id, 2)
    for decide in (publish, give_back):
        with pytest.raises(Stale) as told:
            decide(site, sent, site.bob)
        assert told.value.current == second
    assert publish(site, second, site.bob).body == "Second"


def draft(sent: Submission, **more: Any) -> dict[str, Any]:
    """A later state of its draft."""
    state = {**UNSET, "feed": "news", "update": None, "revision": None, "seq": 9, "discarded": False}
    return {**state, "body": sent.fields["body"], **more}


def test_what_is_returned_is_the_authors_draft_with_all_that_was_typed(site: Site, carol: Editor) -> None:
    sent = submit(site, carol, body="Two hurt.")
    drafts.save(site.services.store, sent.draft_id, carol, draft(sent, body="Two hurt, one badly."))
    back = give_back(site, sent, site.bob, "Who says so?\n\nThe police?")
    assert (back.state, back.note, back.by) == (State.RETURNED, "Who says so?\n\nThe police?", "Bob Brown")
    page = site.at_desk("carol").get(f"/desk/feeds/news?draft={sent.draft_id}")
    assert field(page, "body") == "Two hurt, one badly."
    assert "Who says so?" in element(page.text, "div", class_="of-submission").text_content()
    again = submit(site, carol, draft_id=sent.draft_id, body="Two hurt, the police say.")
    assert (again.state, again.revision, again.note, again.by) == (State.SUBMITTED, 2, None, None)


@pytest.mark.parametrize("gone", ["discarded", "forgotten"])
def test_a_draft_that_its_author_threw_away_comes_back_when_it_is_returned(
    site: Site, carol: Editor, gone: str
) -> None:
    sent = submit(site, carol, body="Kept", headline="Head")
    drafts.save(site.services.store, sent.draft_id, carol, draft(sent, discarded=True))
    if gone == "forgotten":
        site.services.store.write(lambda db: db.execute("DELETE FROM drafts"))
    give_back(site, sent, site.bob)
    with site.services.store.read() as db:
        back = drafts.get(db, sent.draft_id, carol)
    assert (back.state, back.body) == (DraftState.KEPT, "Kept")


def test_what_its_author_wrote_after_submitting_becomes_a_draft_of_an_edit(site: Site, carol: Editor) -> None:
    store, sent, other = site.services.store, submit(site, carol, body="One"), submit(site, carol, body="Other")
    drafts.save(store, sent.draft_id, carol, draft(sent, body="One, and two"))
    made = publish(site, sent, site.bob)
    publish(site, other, site.bob)
    with store.read() as db:
        (left,) = all_drafts.of_editor(db, carol)
    assert (left.update_id, left.revision, left.body) == (made.id, 1, "One, and two")
    page = site.at_desk("carol").get(f"/desk/updates/{made.id}?draft={left.id}")
    assert field(page, "body") == "One, and two"


def test_an_author_takes_back_what_is_not_published(site: Site, carol: Editor) -> None:
    store, sent = site.services.store, submit(site, carol)
    for other in (site.bob, site.alice):
        with pytest.raises(Missing):
            submitting.take_back(store, sent.id, other)
    assert submitting.take_back(store, sent.id, carol).state == State.TAKEN_BACK
    with pytest.raises(Stale):
        publish(site, sent, site.bob)
    again = submit(site, carol, draft_id=sent.draft_id)
    publish(site, again, site.bob)
    with pytest.raises(Stale):
        submitting.take_back(store, sent.id, carol)


def test_what_somebody_disabled_or_demoted_submitted_stays_and_can_be_published(site: Site, carol: Editor) -> None:
    sent = submit(site, carol)
    people.disable(site.services.store, "carol", site.alice)
    with pytest.raises(NotAllowed):
        submit(site, carol)
    assert [each.id for each in queue(site)] == [sent.id]
    assert publish(site, sent, site.bob).byline == "Carol Chen"
    mine = submit(site, site.bob)
    site.services.store.write(lambda db: db.execute("UPDATE editors SET role = 'contributor' WHERE id = ?", [2]))
    with pytest.raises(NotAllowed):
        publish(site, mine, site.bob)
    assert publish(site, mine, site.alice).byline == "Bob Brown"


def queue(site: Site) -> list[Submission]:
    with site.services.store.read() as db:
        return submissions.waiting(db)


def test_an_edit_that_somebody_else_came_before_is_merged_and_never_overwrites(site: Site, carol: Editor) -> None:
    update = site.publish("One boat is missing. Two people were hurt.", headline="Boat")
    sent = submit(site, carol, update=update.id, revision=1, body="One boat is missing. Three people were hurt.")
    site.edit(update, body="One boat is missing off Harbour. Two people were hurt.")
    with pytest.raises(Stale) as told:
        publish(site, sent, site.bob, against=1)
    assert isinstance(told.value.current, Update)
    bob = site.at_desk()
    page = bob.get(f"/desk/review/{sent.id}")
    assert field(page, "body") == "One boat is missing off Harbour. Three people were hurt."
    assert "Bob Brown has changed this since." in words(element(page.text, "form", class_="review-form"))
    form = {name: field(page, name) for name in ("revision", "against", "headline", "body")}
    assert send(bob, f"/desk/review/{sent.id}/publication", **form).status_code == 303
    with site.services.store.read() as db:
        after = updates.get(db, update.id)
    assert (after.body, after.byline) == (form["body"], "Bob Brown"), "the byline of an update stays"
    saved = "SELECT byline FROM revisions ORDER BY revision DESC LIMIT 1"
    with site.services.store.read() as db:
        assert db.execute(saved).fetchone()[0] == "Carol Chen"


def test_two_variants_of_a_sentence_cannot_be_published(site: Site, carol: Editor) -> None:
    update = site.publish("Two people were hurt.")
    sent = submit(site, carol, update=update.id, revision=1, body="Three people were hurt.")
    site.edit(update, body="Four people were hurt.")
    bob = site.at_desk()
    page = bob.get(f"/desk/review/{sent.id}")
    assert "⟦Bob Brown: Four people were hurt.⟧ ⟦Carol Chen: Three people were hurt.⟧" in field(page, "body")
    form = {name: field(page, name) for name in ("revision", "against", "headline", "body")}
    answer = send(bob, f"/desk/review/{sent.id}/publication", **form)
    assert answer.status_code == 422
    assert "Both variants are still here" in answer.text


def test_an_edit_of_what_was_retracted_can_only_be_returned(site: Site, carol: Editor) -> None:
    update = site.publish("Wrong")
    sent = submit(site, carol, update=update.id, revision=1, body="Less wrong")
    site.retract(update)
    bob = site.at_desk()
    assert "has been retracted" in bob.get(f"/desk/review/{sent.id}").text
    with pytest.raises(Gone):
        publish(site, sent, site.bob, against=1)
    assert send(bob, f"/desk/review/{sent.id}/publication", body="x", revision=1, against=1).status_code == 410
    assert give_back(site, sent, site.bob).state == State.RETURNED
    assert site.at_desk("carol").get("/desk/").status_code == 200


def test_what_cannot_be_published_is_refused_when_it_is_submitted(site: Site, carol: Editor) -> None:
    update = site.publish("Same")
    with pytest.raises(Invalid):
        submit(site, carol, body="")
    with pytest.raises(Invalid):
        submit(site, carol, update=update.id, revision=1, body="Same")
    site.edit(update, body="Edited")
    with pytest.raises(Stale):
        submit(site, carol, update=update.id, revision=1, body="Other")
    answer = send(site.at_desk("carol"), "/desk/feeds/news/submissions", body="", headline="Kept", draft_id=new_id())
    assert (answer.status_code, field(answer, "headline")) == (422, "Kept")


def test_nobody_fills_the_queue(site: Site, carol: Editor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(submitting, "MOST_SUBMITTED", 2)
    first, _ = submit(site, carol), submit(site, carol)
    with pytest.raises(Invalid, match="wait for review"):
        submit(site, carol)
    submit(site, carol, draft_id=first.draft_id, body="The same text again, better")
    publish(site, submit(site, site.bob), site.bob)
    with pytest.raises(Invalid):
        give_back(site, first, site.bob, "x" * 1001)
    with pytest.raises(Invalid):
        give_back(site, first, site.bob, " ")


def test_what_is_decided_is_forgotten_in_time_and_what_waits_never(site: Site, carol: Editor) -> None:
    done, waits, back = (submit(site, carol) for _ in range(3))
    publish(site, done, site.bob)
    give_back(site, back, site.bob)
    long_ago = times.after(-submissions.KEPT_SECONDS - 1)
    site.services.store.write(lambda db: db.execute("UPDATE submissions SET decided_at = ?", [long_ago]))
    last = now(site, back).changed
    assert submit(site, carol).changed == last + 1, "no number comes twice"
    assert {each.id for each in (waits, back)} == {each for each in range(1, 4) if known(site, each)}


def known(site: Site, number: int) -> bool:
    with site.services.store.read() as db:
        return db.execute("SELECT 1 FROM submissions WHERE id = ?", [number]).fetchone() is not None


def test_a_draft_that_its_author_publishes_directly_leaves_the_queue(site: Site) -> None:
    sent = submit(site, site.bob)
    made = publishing.publish(site.services.store, "news", site.bob, {"body": "Better"}, draft_id=sent.draft_id)
    assert queue(site) == []
    assert now(site, sent).update_id == made.id


def test_a_contributor_cannot_mark_a_submission_published(site: Site, carol: Editor) -> None:
    update = site.publish("As it is")
    sent = submit(site, carol, body="Other words", update=update.id, revision=1)
    with pytest.raises(NotAllowed):
        publishing.edit(site.services.store, update.id, carol, {"body": "As it is"}, 1, draft_id=sent.draft_id)
    assert now(site, sent).state == State.SUBMITTED


def test_undone_what_was_submitted_waits_again_as_its_authors(site: Site, carol: Editor) -> None:
    made = publish(site, submit(site, carol, body="Too early"), site.bob)
    bob, draft_id = site.at_desk(), new_id()
    for _ in range(2):
        assert send(bob, f"/desk/updates/{made.id}/undo", draft=draft_id).status_code == 303
    (back,) = queue(site)
    assert (back.author, back.fields["body"], back.draft_id) == ("Carol Chen", "Too early", draft_id)
    again = publish(site, back, site.bob)
    assert (again.byline, again.id) == ("Carol Chen", made.id + 1)


def test_the_desk_shows_the_queue_to_editors_alone(site: Site, carol: Editor) -> None:
    sent = submit(site, carol, body=f"Said {CANARY}.", headline="Heard")
    bob, browser = site.at_desk(), site.at_desk("carol")
    assert "Review (1)" in words(element(bob.get("/desk/").text, "nav"))
    assert words(element(bob.get("/desk/review").text, "li", id=f"row-submission-{sent.id}")).startswith("Heard")
    shown = bob.get(f"/desk/review/{sent.id}").text
    assert CANARY in words(element(shown, "ol", class_="previewed"))
    assert "Carol Chen" in words(element(shown, "p", class_="by"))
    for path in ("/desk/review", f"/desk/review/{sent.id}", f"/desk/review/{sent.id}/state"):
        assert browser.get(path).status_code == 403
    assert "Review" not in words(element(browser.get("/desk/").text, "nav"))
    assert (
        browser.post(
            "/desk/preview", json={"feed": "news", "body": "x", "submission": 1}, headers=FROM_HERE
        ).status_code
        == 403
    )
    assert send(browser, f"/desk/review/{sent.id}/publication", body="x", revision=1).status_code == 403
    assert send(browser, f"/desk/review/{sent.id}/return", note="x", revision=1).status_code == 403
    assert "Heard" in words(element(browser.get("/desk/").text, "section", id="submitted"))
    assert site.at_desk("alice").get(f"/desk/submissions/{sent.draft_id}").status_code == 204


def test_a_second_editor_is_told_what_the_first_did_and_loses_no_word(site: Site, carol: Editor) -> None:
    sent, bob = submit(site, carol), site.at_desk()
    publish(site, sent, site.alice)
    answer = send(bob, f"/desk/review/{sent.id}/publication", body="My better words", revision=1, headline="")
    assert answer.status_code == 409
    assert "Alice Adams published this at" in words(element(answer.text, "div", class_="review-state"))
    assert "My better words" in answer.text
    answer = send(bob, f"/desk/review/{sent.id}/return", note="A note of mine", revision=1)
    assert answer.status_code == 409
    assert "A note of mine" in answer.text
    assert count(site) == 1


def test_without_a_script_a_text_goes_from_its_author_to_the_readers(site: Site, carol: Editor) -> None:
    author, bob = site.at_desk("carol"), site.at_desk()
    composer = author.get("/desk/feeds/news")
    form = element(composer.text, "form", id="composer")
    buttons = {
        words(each): each.get("formaction") for each in form.iter("button") if each.get("class", "")[:7] == "primary"
    }
    assert buttons == {"Submit for review": "/desk/feeds/news/submissions"}
    form = {"draft_id": field(composer, "draft_id"), "headline": "", "body": "Smoke over the port."}
    answer = send(author, "/desk/feeds/news/submissions", **form)
    assert (answer.status_code, answer.location) == (303, "/desk/feeds/news?did=submitted")
    assert "Submitted." in author.get(answer.location).text
    page = bob.get(element(bob.get("/desk/review").text, "li", id="row-submission-1").find(".//a").get("href"))
    address = element(page.text, "form", class_="return-form").get("action")
    refused = send(bob, address, note="", revision=field(page, "revision"))
    assert (refused.status_code, "This is empty" in refused.text) == (422, True)
    assert (
        send(bob, address, note="Which port?", revision=field(page, "revision")).location
        == "/desk/review?did=sent-back"
    )
    listed = element(author.get("/desk/").text, "section", id="submitted")
    assert "returned by Bob Brown" in words(listed)
    assert "Which port?" in words(listed)
    again = author.get(next(iter(listed.iter("a"))).get("href"))
    assert field(again, "draft_id") == form["draft_id"]
    send(author, "/desk/feeds/news/submissions", **{**form, "body": "Smoke over the port of Bar."})
    page = bob.get(element(bob.get("/desk/review").text, "li", id="row-submission-1").find(".//a").get("href"))
    sent = {name: field(page, name) for name in ("revision", "against", "headline", "body")}
    made = send(bob, element(page.text, "form", class_="review-form").get("action"), **sent)
    assert made.location == "/desk/feeds/news?did=published&update=1#update-1"
    assert "Smoke over the port of Bar." in site.charlie.get("/feeds/news").text
    assert "published by Bob Brown" in words(element(author.get("/desk/").text, "section", id="submitted"))


def test_the_pictures_of_a_text_are_seen_by_its_reviewer_and_come_out_with_it(site: Site, carol: Editor) -> None:
    author, bob, dan = site.at_desk("carol"), site.at_desk(), other_contributor(site)
    mine, other = "ab" * 8, "cd" * 8
    for name in (mine, other):
        author.put(f"/desk/uploads/{name}?name=x.png", data=a_png((20, 10)), headers=FROM_HERE)
    body = f"Look:\n\n![](/pictures/{mine})"
    with pytest.raises(Invalid, match="needs a description"):
        submit(site, carol, body=body)
    author.put(f"/desk/uploads/{mine}/words", json={"alt": "Smoke"}, headers=FROM_HERE)
    sent = submit(site, carol, body=body)
    page = bob.get(f"/desk/review/{sent.id}").text
    assert element(page, "ol", class_="previewed").find(".//img").get("src") == f"/desk/uploads/{mine}/file?small"
    assert seen(bob, f"/desk/uploads/{mine}/file")
    assert not seen(bob, f"/desk/uploads/{other}/file")
    assert not seen(dan, f"/desk/uploads/{mine}/file")
    assert not seen(site.charlie, f"/pictures/{mine}")
    publish(site, sent, site.bob)
    assert seen(site.charlie, f"/pictures/{mine}")
    assert not seen(site.charlie, f"/pictures/{other}")


def seen(browser: FlaskClient, path: str) -> bool:
    with browser.get(path) as answer:
        return answer.status_code == 200


def other_contributor(site: Site) -> FlaskClient:
    editors.add(site.services.store, "dan", PASSWORD, "contributor", actor=None)
    return site.at_desk("dan")


ARTICLE = {"headline": "The port", "standfirst": "", "body": f"All about the {CANARY}.", "byline": "Carol Chen",
           "author": "carol", "kicker": "", "picture": "", "language": "", "slug": "", "draft": "1"}  # fmt: skip


def test_an_article_is_submitted_returned_and_published_as_its_authors(site: Site, carol: Editor) -> None:
    author, bob, draft_id = site.at_desk("carol"), site.at_desk(), new_id()
    assert send(author, "/desk/new-article/submissions", **ARTICLE, draft_id=draft_id).status_code == 303
    (sent,) = queue(site)
    shown = bob.get(f"/desk/review/{sent.id}")
    assert CANARY in words(element(shown.text, "article", class_="story"))
    assert CANARY in bob.get(f"/desk/review/{sent.id}/page").text
    give_back(site, sent, site.bob)
    assert field(author.get(f"/desk/new-article?draft={draft_id}"), "headline") == "The port"
    send(author, "/desk/new-article/submissions", **{**ARTICLE, "kicker": "Sea"}, draft_id=draft_id)
    shown = bob.get(f"/desk/review/{sent.id}")
    form = {name: field(shown, name) for name in ("headline", "standfirst", "body", "byline", "kicker", "slug")}
    form |= {"revision": field(shown, "revision"), "author": "carol", "picture": "", "language": ""}
    for _ in range(2):
        made = send(bob, f"/desk/review/{sent.id}/publication", **form)
        assert made.location == "/desk/articles/the-port?did=saved"
    page = site.charlie.get("/articles/the-port").text
    assert CANARY in page
    assert "Carol Chen" in words(element(page, "div", class_="byline"))
    assert count(site, "articles") == 1


def test_a_draft_article_is_submitted_and_comes_out_when_it_is_published(site: Site, carol: Editor) -> None:
    author, bob = site.at_desk("carol"), site.at_desk()
    send(author, "/desk/articles", **ARTICLE, draft_id=new_id())
    page = author.get("/desk/articles/the-port")
    form = {**ARTICLE, "slug": "the-port", "revision": field(page, "revision"), "draft_id": field(page, "draft_id")}
    assert send(author, "/desk/articles/the-port/submissions", **form).status_code == 303
    (sent,) = queue(site)
    assert site.charlie.get("/articles/the-port").status_code == 404
    shown = bob.get(f"/desk/review/{sent.id}")
    given = {**form, "revision": field(shown, "revision"), "against": field(shown, "against"), "body": "Edited by bob."}
    assert send(bob, f"/desk/review/{sent.id}/publication", **given).status_code == 303
    assert "Edited by bob." in site.charlie.get("/articles/the-port").text
    assert queue(site) == []


def test_saving_a_submitted_article_as_a_draft_publishes_nothing_and_leaves_it_in_the_queue(
    site: Site, carol: Editor
) -> None:
    author, bob, draft_id = site.at_desk("carol"), site.at_desk(), new_id()
    send(author, "/desk/new-article/submissions", **ARTICLE, draft_id=draft_id)
    assert send(author, "/desk/articles", **ARTICLE, draft_id=draft_id).status_code == 303
    (sent,) = queue(site)
    assert sent.article == "the-port"
    shown = bob.get(f"/desk/review/{sent.id}")
    form = {**ARTICLE, "slug": "the-port", "revision": field(shown, "revision"), "against": field(shown, "against")}
    assert send(bob, f"/desk/review/{sent.id}/publication", **form).status_code == 303
    assert CANARY in site.charlie.get("/articles/the-port").text


def test_a_restore_puts_nothing_back_into_the_queue_that_was_decided_on_since(
    site: Site, carol: Editor, tmp_path: Path
) -> None:
    store, media = site.services.store, site.services.settings.media
    names = (
        "taken back", "forgotten", "returned", "returned and sent again", "published", "published and retracted",
        "undone", "undone and returned", "untouched",
    )  # fmt: skip
    sent = {name: submit(site, carol, body=name) for name in names}
    store.write(lambda db: db.execute("UPDATE submissions SET decided_at = NULL"))
    backup.backup(store, media, tmp_path / "copy")

    def published(name: str, undone: str | None = None) -> int:
        update = reviewing.publish(store, sent[name].id, 1, {"body": name}, None, site.bob)
        if undone:
            undoing.undo(store, update.id, site.bob, undone, 10)
        return update.id

    for name in ("taken back", "forgotten"):
        submitting.take_back(store, sent[name].id, carol)
    store.write(lambda db: db.execute("DELETE FROM submissions WHERE id = ?", [sent["forgotten"].id]))
    reviewing.return_(store, sent["returned"].id, 1, {"note": "Who says so?"}, site.bob)
    reviewing.return_(store, sent["returned and sent again"].id, 1, {"note": "And this?"}, site.bob)
    submit(site, carol, body="better", draft_id=sent["returned and sent again"].draft_id)
    published("published")
    retracting.retract(store, published("published and retracted"), {}, site.bob)
    published("undone", new_id())
    published("undone and returned", new_id())
    reviewing.return_(store, sent["undone and returned"].id, 2, {"note": "Not now"}, site.bob)
    backup.restore(store, media, tmp_path / "copy")
    with store.read() as db:
        waiting = {each.fields["body"] for each in submissions.waiting(db)}
        returned = {each.fields["body"]: (each.note, each.by) for each in submissions.of_author(db, carol)
                    if each.state == State.RETURNED}  # fmt: skip
        mine = {each.body for each in all_drafts.of_editor(db, carol)}
    assert waiting == {"returned and sent again", "published", "undone", "untouched"}
    assert returned == {"returned": ("Who says so?", "Bob Brown"), "undone and returned": ("Not now", "Bob Brown")}
    assert mine >= {"taken back", "forgotten", "returned", "published and retracted", "undone and returned"}
    assert backup.check(store) == []


def signed_in(site: Site, *sids: str, name: str = "bob") -> SignedIn:
    """With sockets of these ids, which that editor's session opened."""
    found = SignedIn(site.services.store, site.services.settings.secret_key)
    cookie = site.at_desk(name).get_cookie(COOKIE)
    assert cookie
    assert all(found.enter(sid, f"{COOKIE}={cookie.value}") for sid in sids)
    return found


def test_what_was_read_for_a_page_is_told_before_anybody_reads_again(site: Site, carol: Editor) -> None:
    """Otherwise a page could be told at last what was so before."""
    told: list[tuple[str, int, int]] = []
    answered: list[dict[str, Any]] = []
    asking = threading.Thread(target=lambda: answered.append(review.enter("two")))

    def tell(sid: str, tidings: dict[str, Any]) -> None:
        asking.start()
        asking.join(0.05)
        told.append((sid, tidings["waiting"], len(answered)))

    review = Review(site.services.store, signed_in(site, "one", "two"), tell)
    assert review.enter("one")["waiting"] == 0
    submit(site, carol)
    review.look()
    asking.join()
    assert told == [("one", 1, 0)]
    assert answered[0]["waiting"] == 1


def test_an_author_is_told_when_nothing_that_was_returned_is_left_to_go_on_with(site: Site, carol: Editor) -> None:
    store, told = site.services.store, []
    review = Review(store, signed_in(site, "page", name="carol"), lambda sid, tidings: told.append(tidings["returned"]))
    back = give_back(site, submit(site, carol), site.bob)
    assert review.enter("page")["returned"] == 1
    review.look()
    all_drafts.discard(store, back.draft_id, carol)
    review.look()
    assert told == [0]
