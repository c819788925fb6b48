"""What was submitted is scheduled by the editor who reads it: accepted, it comes out under its author's name, and waits
for review again once it is cancelled."""

from typing import Any

import pytest

from feed import times
from feed.errors import Invalid, KeyUsed, NotAllowed, Stale
from feed.store import (
    actions,
    all_drafts,
    articles,
    coming_out,
    coverage,
    drafts,
    editors,
    people,
    reviewing,
    scheduled,
    scheduling,
    submitting,
    tidings,
    writing,
)
from feed.store.editors import Editor
from feed.store.submissions import State, Submission
from tests.conftest import FROM_HERE, PASSWORD, Site
from tests.desk.forms import field, send
from tests.desk.test_review import ARTICLE, count, draft, now, publish, queue
from tests.desk.test_scheduled import ONE
from tests.pages import element, words
from tests.submitting import new_id, submit
from tests.test_schedule import Clock, at, bodies, step, waits


@pytest.fixture
def carol(site: Site) -> Editor:
    """A contributor."""
    return editors.add(site.services.store, "carol", PASSWORD, "contributor", "Carol Chen", actor=None)


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    return Clock(monkeypatch)


def plan(site: Site, sent: Submission, by: Editor, when: str = "", **changed: Any) -> scheduled.Scheduled:
    """Schedules it as it is, but for what is changed."""
    given = {**sent.fields, **changed}
    return reviewing.schedule(site.services.store, sent.id, sent.revision, given, None, when or at(hours=1), by)


def test_it_comes_out_under_its_authors_name_and_the_log_says_who_scheduled_it(
    site: Site, carol: Editor, clock: Clock
) -> None:
    sent = submit(site, carol, body="The bridge opens.")
    one = plan(site, sent, site.bob, body="The bridge opens at noon.")
    assert plan(site, sent, site.bob, body="The bridge opens at noon.") == one, "a second click"
    assert (now(site, sent).state, now(site, sent).by, queue(site)) == (State.SCHEDULED, "Bob Brown", [])
    clock.set(hours=1)
    step(site)
    (made,) = site.api("GET", "/api/v1/feeds/news/updates", who=None).json["updates"]
    assert (made["body"], made["byline"]) == ("The bridge opens at noon.", "Carol Chen")
    assert (now(site, sent).state, now(site, sent).update_id) == (State.PUBLISHED, made["id"])
    with site.services.store.read() as db:
        log = [(each.by, each.verb) for each in actions.of_feed(db, 1, 9)]
        noted = db.execute("SELECT subject FROM log WHERE verb = 'schedule submission'").fetchall()
        assert drafts.get(db, sent.draft_id, carol).state == "published"
    assert log == [("Bob Brown", "publish"), ("Bob Brown", "schedule"), ("Carol Chen", "submit")]
    assert [each["subject"] for each in noted] == ["submission 1 of Carol Chen"]


def test_what_is_accepted_cannot_be_taken_back_returned_published_or_submitted_again(
    site: Site, carol: Editor, clock: Clock
) -> None:
    store, sent = site.services.store, submit(site, carol)
    plan(site, sent, site.bob)
    with pytest.raises(Stale) as told:
        submitting.take_back(store, sent.id, carol)
    assert told.value.current.state == State.SCHEDULED
    for decide in (
        lambda: reviewing.return_(store, sent.id, 1, {"note": "x"}, site.alice),
        lambda: publish(site, sent, site.alice),
        lambda: plan(site, sent, site.alice),
        lambda: publish(site, sent, site.bob),
    ):
        with pytest.raises(Stale):
            decide()
    for otherwise in ({"body": "Other words"}, {"when": at(hours=2)}):
        with pytest.raises(KeyUsed):
            plan(site, sent, site.bob, **otherwise)
    with pytest.raises(KeyUsed, match="scheduled already"):
        submit(site, carol, draft_id=sent.draft_id, body="Another text")
    answer = site.at_desk("carol").post(f"/desk/submissions/{sent.id}/taken-back", headers=FROM_HERE)
    assert (answer.status_code, "This is accepted, and scheduled." in answer.text) == (409, True)
    mine = element(site.at_desk("carol").get("/desk/").text, "section", id="submitted")
    assert "scheduled by Bob Brown for 1 March 2027, 14:00:00 CET" in words(mine)
    assert "Take it back" not in words(mine)
    clock.set(days=30)  # what is decided is forgotten after a week, and what is yet to come out is not
    submit(site, carol)
    assert now(site, sent).state == State.SCHEDULED
    step(site)
    assert bodies(site) == ["Submitted"]


def test_cancelled_it_waits_again_at_its_place_with_what_editors_made_of_it(site: Site, carol: Editor) -> None:
    store, sent, later = site.services.store, submit(site, carol, body="One"), submit(site, carol, body="Two")
    drafts.save(store, sent.draft_id, carol, draft(sent, body="One, and what carol wrote since"))
    one = plan(site, sent, site.bob, body="One, edited by bob")
    done = site.at_desk("alice").post(
        f"/desk/scheduled/{one.id}/cancellation", data={"revision": "1"}, headers=FROM_HERE, follow_redirects=True
    )
    assert "It waits for review again." in done.text
    assert scheduling.cancel(store, one.id, site.alice, 1).waits, "a second click"
    again, _ = queue(site)
    assert [each.id for each in queue(site)] == [sent.id, later.id]
    assert (again.revision, again.fields["body"], again.by) == (2, "One, edited by bob", None)
    with pytest.raises(Stale):
        publish(site, sent, site.bob)
    with store.read() as db:
        assert drafts.get(db, sent.draft_id, carol).body == "One, and what carol wrote since"
    assert submitting.take_back(store, sent.id, carol).state == State.TAKEN_BACK


def test_a_list_from_before_a_cancellation_decides_nothing_on_what_was_scheduled_after_it(
    site: Site, carol: Editor
) -> None:
    """It has the same id again, with another text."""
    store, sent = site.services.store, submit(site, carol, body="One")
    one = plan(site, sent, site.bob)
    one = scheduling.change(store, one.id, site.bob, {"body": "One by bob"}, at(hours=2), one.revision)
    scheduling.cancel(store, one.id, site.alice, one.revision)
    again = plan(site, submit(site, carol, draft_id=sent.draft_id, body="Two"), site.bob)
    changed = scheduling.change(store, again.id, site.bob, {"body": "Two by bob"}, at(hours=2), again.revision)
    assert {again.id, changed.id} == {one.id}
    for decide in (coming_out.publish_now, scheduling.cancel):
        for read in (1, 2):
            with pytest.raises(Stale):
                decide(store, one.id, site.alice, read)
    assert waits(site) == [("Two by bob", "scheduled", None)]


def test_what_its_author_wrote_since_becomes_an_edit_once_it_is_out(site: Site, carol: Editor, clock: Clock) -> None:
    store, sent = site.services.store, submit(site, carol, body="One")
    plan(site, sent, site.bob)
    drafts.save(store, sent.draft_id, carol, draft(sent, body="One, and two"))
    form = site.at_desk("carol").get(f"/desk/feeds/news?draft={sent.draft_id}")
    assert "Bob Brown scheduled this for" in words(element(form.text, "div", class_="of-submission"))
    clock.set(hours=1)
    step(site)
    with store.read() as db:
        (left,) = all_drafts.of_editor(db, carol)
    assert (left.update_id, left.revision, left.body) == (now(site, sent).update_id, 1, "One, and two")


def test_what_cannot_wait_is_refused_and_stays_in_the_queue(site: Site, carol: Editor) -> None:
    public = site.publish("Number one")
    new, edit = submit(site, carol), submit(site, carol, update=public.id, revision=1, body="Number two")
    for sent, when in ((new, at(hours=-1)), (edit, at(hours=1))):
        with pytest.raises(Invalid):
            plan(site, sent, site.bob, when)
    with pytest.raises(NotAllowed):
        plan(site, new, carol)
    assert (queue(site), waits(site)) == ([new, edit], [])
    assert "Or schedule it" not in site.at_desk().get(f"/desk/review/{edit.id}").text
    planned = submit(site, site.bob, body="Bob's own")
    scheduling.schedule(site.services.store, "news", site.bob, {"body": "Bob's own"}, at(hours=1), planned.draft_id)
    assert queue(site) == [new, edit], "whoever schedules a text takes it out of the queue"


def test_the_form_schedules_without_a_script_and_keeps_the_moment_that_was_typed(site: Site, carol: Editor) -> None:
    sent, bob = submit(site, carol, body="Planned"), site.at_desk()
    page = bob.get(f"/desk/review/{sent.id}")
    form = {"revision": field(page, "revision"), "body": field(page, "body"), **ONE}
    # Enter in the field of the time presses the first button, which publishes
    refused = send(bob, f"/desk/review/{sent.id}/publication", **form)
    assert (refused.status_code, count(site), field(refused, "publish_time")) == (422, 0, "14:00:00")
    assert "Press “Schedule”" in words(element(refused.text, "details", class_="schedule-it"))
    half = send(bob, f"/desk/review/{sent.id}/scheduled", **{**form, "publish_time": ""})
    assert (half.status_code, field(half, "publish_date")) == (422, "2027-03-01")
    assert send(bob, f"/desk/review/{sent.id}/scheduled", **form).location == "/desk/review?did=scheduled"
    assert waits(site) == [("Planned", "scheduled", None)]
    late = send(
        site.at_desk("alice"), f"/desk/review/{sent.id}/publication", **{**form, "publish_date": "", "publish_time": ""}
    )
    assert (late.status_code, "Bob Brown scheduled this for" in late.text) == (409, True)


@pytest.mark.parametrize("begun", ["new", "draft", "scheduled"])
def test_an_article_is_a_draft_until_then_and_waits_again_as_an_edit_of_it(
    site: Site, carol: Editor, clock: Clock, begun: str
) -> None:
    store, author, bob = site.services.store, site.at_desk("carol"), site.at_desk()
    draft_id = new_id()
    if begun != "new":
        send(author, "/desk/articles", **ARTICLE, draft_id=draft_id)
        if begun == "scheduled":
            times_of = {**ONE, "publish_time": "15:00:00", "publish_read": ""}
            send(bob, "/desk/articles/the-port", **{**ARTICLE, **times_of}, revision="1")
        page = author.get("/desk/articles/the-port")
        form = {**ARTICLE, "kicker": "Sea", "slug": "the-port", "revision": field(page, "revision")}
        send(author, "/desk/articles/the-port/submissions", **form, draft_id=field(page, "draft_id"))
    else:
        send(author, "/desk/new-article/submissions", **{**ARTICLE, "kicker": "Sea"}, draft_id=draft_id)
    (sent,) = queue(site)
    shown = bob.get(f"/desk/review/{sent.id}")
    form = {
        name: field(shown, name) for name in ("revision", "against", "headline", "body", "byline", "kicker", "slug")
    }
    form |= {"standfirst": "By bob", "author": "carol", "picture": "", "language": ""}
    assert send(bob, f"/desk/review/{sent.id}/scheduled", **form, **ONE).status_code == 303
    assert (now(site, sent).state, now(site, sent).article) == (State.SCHEDULED, "the-port")
    assert waits(site) == [("", "scheduled", None)]
    assert site.charlie.get("/articles/the-port").status_code == 404
    assert words(element(author.get("/desk/").text, "section", id="submitted")).count("14:00:00") == 1

    with store.read() as db:
        one = scheduled.everything(db)[0]
        revision = articles.get(db, "the-port", drafts=True).revision
    assert scheduling.cancel(store, one.id, site.alice, one.revision).waits
    (again,) = queue(site)
    assert (again.id, again.of_revision, again.fields["standfirst"]) == (sent.id, revision, "By bob")
    mine = author.get(f"/desk/articles/the-port?draft={sent.draft_id}")
    assert (field(mine, "standfirst"), field(mine, "revision")) == ("By bob", str(revision))
    plan(site, again, site.bob)
    clock.set(hours=1)
    step(site)
    page = site.charlie.get("/articles/the-port").text
    assert "By bob" in page
    assert "Carol Chen" in words(element(page, "div", class_="byline"))
    assert (now(site, sent).state, now(site, sent).decided_at) == (State.PUBLISHED, times.now())
    with store.read() as db:
        assert all_drafts.of_editor(db, carol) == []


def test_a_form_of_a_new_article_that_is_sent_again_overwrites_nothing(site: Site, carol: Editor, clock: Clock) -> None:
    """Once it is scheduled the article is there, so the same form is one of an edit of it."""
    store, bob = site.services.store, site.at_desk()
    send(site.at_desk("carol"), "/desk/new-article/submissions", **ARTICLE, draft_id=new_id())
    (sent,) = queue(site)
    shown = bob.get(f"/desk/review/{sent.id}")
    names = ("revision", "against", "headline", "body", "byline", "slug")
    form = {**{name: field(shown, name) for name in names}, **ONE, "author": "carol"}
    address = f"/desk/review/{sent.id}/scheduled"
    assert [send(bob, address, **form).status_code for _ in range(2)] == [303, 303]
    with store.read() as db:
        (one,) = scheduled.everything(db)
    assert one.revision == 1, "a second click"

    def shows() -> tuple[str, str]:
        with store.read() as db:
            return articles.get(db, "the-port", drafts=True).headline, scheduled.everything(db)[0].publish_at

    later = scheduling.Timing(one.publish_at, at(hours=9))
    writing.edit(store, "the-port", site.alice, {}, 1, timing=later)
    with store.read() as db:
        (moved,) = scheduled.everything(db)
    assert (moved.byline, moved.editor) == ("Carol Chen", "Alice Adams")
    assert (send(bob, address, **form).status_code, shows()) == (422, ("The port", at(hours=9)))
    writing.edit(store, "the-port", site.alice, {"headline": "By alice"}, 1)
    for given in (form, {**form, "slug": "the-port"}):
        assert (send(bob, address, **given).status_code, shows()) == (409, ("By alice", at(hours=9)))


def submit_article(site: Site, by: str, draft_id: str, **given: str) -> Submission:
    """Submits the article, or an edit of it once it is there."""
    browser, there = site.at_desk(by), "revision" in given
    path = "/desk/articles/the-port/submissions" if there else "/desk/new-article/submissions"
    answer = send(browser, path, **{**ARTICLE, **({"slug": "the-port"} if there else {}), **given}, draft_id=draft_id)
    assert answer.status_code == 303
    return queue(site)[-1]


def of_author(site: Site, by: str, draft_id: str) -> tuple[str, str]:
    """What the desk's first page says of this author's submissions, and what the form of one does."""
    browser = site.at_desk(by)
    listed = words(element(browser.get("/desk/").text, "section", id="submitted"))
    return listed, words(element(browser.get(f"/desk/submissions/{draft_id}").text))


@pytest.mark.parametrize("other", ["carol", "bob"])
def test_of_two_texts_of_a_draft_article_the_one_that_is_replaced_says_so_and_never_that_it_is_out(
    site: Site, carol: Editor, clock: Clock, other: str
) -> None:
    store, ids = site.services.store, (new_id(), new_id())
    first = submit_article(site, "carol", ids[0])
    plan(site, first, site.bob, draft=False)
    second = submit_article(site, other, ids[1], revision="1", kicker="Sea")
    reviewing.schedule(store, second.id, 1, second.fields, 1, at(hours=2), site.alice)
    assert (now(site, first).state, now(site, second).state) == (State.REPLACED, State.SCHEDULED)
    with pytest.raises(Stale):
        submitting.take_back(store, first.id, carol)
    told = "Alice Adams scheduled a later text of this at 13:00"
    listed, in_form = of_author(site, "carol", ids[0])
    assert "replaced by a later text that Alice Adams scheduled, 1 March 2027, 13:00 CET" in listed
    assert ("published" in listed, "scheduled by Alice Adams for" in listed) == (False, other == "carol")
    assert told in in_form
    assert told in site.at_desk().get(f"/desk/review/{first.id}").text
    for again in (plan, publish):  # the form from before
        with pytest.raises(Stale):
            again(site, first, site.bob, slug="the-port")
    refused = send(site.at_desk("carol"), "/desk/new-article/submissions", **ARTICLE, draft_id=ids[0])
    assert (refused.status_code, "A later text was scheduled" in refused.text) == (422, True)
    with store.read() as db:
        one = scheduled.everything(db)[0]
    assert scheduling.cancel(store, one.id, site.alice, one.revision).waits
    assert (now(site, first).state, now(site, second).state) == (State.REPLACED, State.SUBMITTED)
    back = now(site, second)
    reviewing.schedule(store, second.id, back.revision, back.fields, back.of_revision, at(hours=2), site.alice)
    clock.set(hours=2)
    step(site)
    assert (now(site, first).state, now(site, second).state) == (State.REPLACED, State.PUBLISHED)
    clock.set(days=30)
    assert submit(site, carol).id > second.id, "of which a page may still be open"
    assert count(site, "submissions") == 1, "what is old is forgotten"


def test_what_failed_to_come_out_says_why_to_its_author_and_in_the_review_until_it_is_out(
    site: Site, carol: Editor, clock: Clock
) -> None:
    store, article_id = site.services.store, new_id()
    planned = submit(site, carol, body="Planned"), submit_article(site, "carol", article_id)
    plan(site, planned[0], site.bob)
    plan(site, planned[1], site.bob, at(hours=2), draft=False)
    with store.read() as db:
        before = tidings.of(db, carol)
    coverage.close(store, "news", None)
    clock.set(hours=1)
    step(site)
    with store.read() as db:
        assert tidings.of(db, carol) != before, "her pages are told"
    people.change_role(store, "bob", "contributor", None)
    clock.set(hours=2)
    step(site)
    whys = "Coverage was closed at that time.", "Bob Brown may not publish here any more."
    for each, why in zip(planned, whys, strict=True):
        assert now(site, each).state == State.FAILED
        told = f"It has not come out. {why}"
        listed, in_form = of_author(site, "carol", each.draft_id)
        for said in (listed, in_form):
            assert f"{told} An editor can choose another moment, publish it now, or cancel it" in said
        page = site.at_desk("alice").get(f"/desk/review/{each.id}")
        seen = element(page.text, "div", class_="reviewed")
        assert f"{told} Choose another moment, publish it now, or cancel it." in words(seen)
        way = next(iter(seen.iter("a"))).get("href")
        assert told in words(element(site.at_desk("alice").get(way).text, id="main"))
        for done in (seen, listed, in_form):
            assert "scheduled this for" not in (done if isinstance(done, str) else words(done))
        answer = site.at_desk("carol").post(f"/desk/submissions/{each.id}/taken-back", headers=FROM_HERE)
        assert (answer.status_code, "has not come out" in answer.text) == (409, True)
    with pytest.raises(KeyUsed, match="has not come out"):
        submit(site, carol, draft_id=planned[0].draft_id, body="Another text")
    with store.read() as db:
        update, article = scheduled.everything(db)
    coming_out.publish_now(store, update.id, site.alice, update.revision)
    scheduling.cancel(store, article.id, site.alice, article.revision)
    assert [now(site, each).state for each in planned] == [State.PUBLISHED, State.SUBMITTED]


def test_an_author_is_told_of_what_is_scheduled_of_theirs_alone(site: Site, carol: Editor) -> None:
    store, sent = site.services.store, submit(site, carol, body="Planned")

    def told() -> tidings.Tidings:
        with store.read() as db:
            return tidings.of(db, carol)

    one = plan(site, sent, site.bob)
    marks = [told()]
    given = {"body": "Planned by bob"}
    one = scheduling.change(store, one.id, site.bob, given, at(hours=3), one.revision)
    marks.append(told())
    scheduling.schedule(store, "news", site.bob, {"body": "Bob's own"}, at(hours=1), new_id())
    assert told() == marks[-1]
    scheduling.cancel(store, one.id, site.alice, one.revision)
    assert len({*marks, told()}) == 3
