"""What was submitted is scheduled by the editor who reads it: accepted, it comes out under its author's name, and waits
for review again once it is cancelled."""

import pytest

from feed import times
from feed.errors import Invalid, KeyUsed, NotAllowed, Stale
from feed.store import (
    actions,
    all_drafts,
    articles,
    coming_out,
    drafts,
    editors,
    reviewing,
    scheduled,
    scheduling,
    submitting,
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


def plan(site: Site, sent: Submission, by: Editor, when: str = "", **changed: str) -> scheduled.Scheduled:
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
