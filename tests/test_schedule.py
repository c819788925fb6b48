"""What is scheduled comes out once, at its moment, in its order, by nobody's hand; and what cannot waits for an
editor."""

import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from feed import times
from feed.errors import Invalid, KeyUsed, Missing, NotAllowed, Stale
from feed.followers.schedule import Schedule
from feed.store import (
    articles,
    backup,
    coming_out,
    coverage,
    drafts,
    editors,
    people,
    pictures,
    publishing,
    scheduled,
    scheduling,
    waiting,
    writing,
)
from feed.store.database import OperationalError
from feed.store.editors import Editor
from feed.store.scheduled import Scheduled, State
from feed.store.scheduling import Timing
from feed.store.updates import Update
from tests.conftest import PASSWORD, Site, application_in
from tests.images import a_png
from tests.pages import element, words
from tests.test_log import entries, problems
from tests.waiting import eventually

NOON = datetime(2027, 3, 1, 12, tzinfo=UTC)


class Clock:
    """The machine's clock, which stands still until it is set."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = NOON
        monkeypatch.setattr(times, "now", lambda: times.to_text(self.now))
        monkeypatch.setattr(times, "after", lambda seconds: times.to_text(self.now + timedelta(seconds=seconds)))

    def set(self, **after_noon: float) -> None:
        self.now = NOON + timedelta(**after_noon)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    return Clock(monkeypatch)


def at(**after_noon: float) -> str:
    return times.to_text(NOON + timedelta(**after_noon))


def schedule(
    site: Site, body: str = "Embargoed", feed: str = "news", by: Editor | None = None, when: str = "", **more: Any
) -> Scheduled:
    given = {"body": body, **more}
    return scheduling.schedule(site.services.store, feed, by or site.bob, given, when or at(hours=1), str(uuid.uuid4()))


def step(site: Site) -> None:
    """A worker looks at what is due."""
    Schedule(site.services.store).step()


def bodies(site: Site, feed: str = "news") -> list[str]:
    """The texts of a feed as a stranger gets them, the newest first."""
    return [each["body"] for each in site.api("GET", f"/api/v1/feeds/{feed}/updates", who=None).json["updates"]]


def waits(site: Site) -> list[tuple[str, State, str | None]]:
    with site.services.store.read() as db:
        return [(each.headline or each.body, each.state, each.reason) for each in scheduled.everything(db)]


def test_it_comes_out_at_its_second_and_not_before(site: Site, clock: Clock) -> None:
    schedule(site, "At one", when=at(hours=1))
    clock.set(minutes=59, seconds=59.999)
    step(site)
    assert bodies(site) == []
    clock.set(hours=1)
    step(site)
    assert bodies(site) == ["At one"]
    assert waits(site) == []
    (shown,) = site.api("GET", "/api/v1/feeds/news/updates").json["updates"]
    assert (shown["published_at"], shown["byline"], shown["revision"]) == (at(hours=1), "Bob Brown", 1)


def test_what_was_due_while_no_server_ran_comes_out_in_order_and_dated_as_it_is_seen(site: Site, clock: Clock) -> None:
    schedule(site, "Third", when=at(hours=3))
    schedule(site, "First", when=at(hours=1))
    schedule(site, "Second", when=at(hours=2))
    schedule(site, "Also at two", when=at(hours=2))
    clock.set(hours=5)
    site.publish("Read by everybody before the server went on")
    step(site)
    expected = ["Third", "Also at two", "Second", "First", "Read by everybody before the server went on"]
    assert bodies(site) == expected
    published = [each["published_at"] for each in site.api("GET", "/api/v1/feeds/news/updates").json["updates"]]
    assert published == sorted(published, reverse=True)
    assert published[-2] >= at(hours=5), "nobody could read it before"


def test_the_clock_set_back_publishes_nothing_twice_and_set_forward_what_is_due(site: Site, clock: Clock) -> None:
    schedule(site, "At one", when=at(hours=1))
    schedule(site, "At two", when=at(hours=2))
    clock.set(hours=1)
    step(site)
    clock.set(hours=-3)
    step(site)
    clock.set(hours=1)
    step(site)
    assert bodies(site) == ["At one"]
    clock.set(hours=9)
    step(site)
    assert bodies(site) == ["At two", "At one"]


def test_the_server_looks_when_anybody_schedules_and_at_the_clock_anew(
    site: Site, tmp_path: Path, clock: Clock
) -> None:
    """The thread itself, beside another process that schedules."""
    with application_in(tmp_path) as other:
        running = Schedule(other.extensions["liveline"].store)
        running.start()
        schedule(site, "Soon", when=at(seconds=5))
        clock.set(seconds=5)
        eventually(lambda: bodies(site) == ["Soon"])
        running.stop()


def test_of_many_workers_one_publishes_it(site: Site, clock: Clock) -> None:
    """Each has read it as due and rendered it before any of them claims it."""
    schedule(site)
    clock.set(hours=1)
    store = site.services.store
    with store.read() as db:
        first = scheduled.due(db)
    assert first
    html = coming_out._html_of(store, first)
    made = [store.write(coming_out._publish_due, first, site.bob, html) for _ in range(3)]
    assert [bool(each) for each in made] == [True, False, False]
    assert bodies(site) == ["Embargoed"]


def test_a_transaction_that_fails_leaves_it_due(site: Site, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    schedule(site)
    clock.set(hours=1)

    def full(*args: object, **kwargs: object) -> None:
        raise OperationalError("database or disk is full")

    with monkeypatch.context() as broken:
        broken.setattr("feed.store.actions.record", full)
        with pytest.raises(OperationalError):
            step(site)
    assert bodies(site) == []
    assert waits(site) == [("Embargoed", State.SCHEDULED, None)]
    step(site)
    assert bodies(site) == ["Embargoed"]


def no_more(site: Site, one: Scheduled) -> None:
    people.disable(site.services.store, "bob", None)


def demoted(site: Site, one: Scheduled) -> None:
    site.services.store.write(lambda db: db.execute("UPDATE editors SET role = 'contributor' WHERE name = 'bob'"))


def closed(site: Site, one: Scheduled) -> None:
    coverage.close(site.services.store, "harbour", None)


def rewritten(site: Site, body: str) -> None:
    """What is scheduled holds what would not be taken now."""
    site.services.store.write(
        lambda db: db.execute("UPDATE scheduled SET fields = json_set(fields, '$.body', ?)", [body])
    )


def refused_by_new_rules(site: Site, one: Scheduled) -> None:
    rewritten(site, "![](https://elsewhere.example/x.png)")


def lost_its_picture(site: Site, one: Scheduled) -> None:
    rewritten(site, "![x](/pictures/0123456789abcdef)")


def came_out_otherwise(site: Site, one: Scheduled) -> None:
    """As a release that knows no schedule would publish the same draft with another text."""
    update = site.publish("Another", feed="harbour")
    site.services.store.write(
        lambda db: db.execute("UPDATE updates SET draft_id = ? WHERE id = ?", [one.id, update.id])
    )


def broken(site: Site, one: Scheduled) -> None:
    site.services.store.write(
        lambda db: db.execute(
            "CREATE TRIGGER refuses BEFORE INSERT ON updates BEGIN SELECT RAISE(ABORT, 'a bug of ours'); END"
        )
    )


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        (no_more, "Bob Brown may not publish here any more."),
        (demoted, "Bob Brown may not publish here any more."),
        (closed, "Coverage was closed at that time."),
        (refused_by_new_rules, "elsewhere.example"),
        (lost_its_picture, "0123456789abcdef"),
        (came_out_otherwise, "This draft was published already, with another text."),
        (broken, "The site could not publish it."),
    ],
)
def test_what_cannot_come_out_waits_for_an_editor_and_holds_up_nothing(
    site: Site, clock: Clock, fault: Callable[[Site, Scheduled], None], reason: str
) -> None:
    site.write_article("harbour", live=True)
    one = schedule(site, "Stuck", feed="harbour", headline="Stuck")
    fault(site, one)
    before = bodies(site, "harbour")
    clock.set(hours=1)
    step(site)
    ((_, state, said),) = waits(site)
    assert state == State.FAILED
    assert reason in str(said)
    assert bodies(site, "harbour") == before
    if fault is not broken:
        schedule(site, "The next one", by=site.alice, when=at(hours=2))
        clock.set(hours=2)
        step(site)
        assert bodies(site) == ["The next one"], "what failed is not tried again"
    with site.services.store.read() as db:
        (failed,) = scheduled.everything(db)
    assert failed.revision == 2, "it was tried once"
    desk = site.at_desk("alice").get("/desk/").text
    assert "It has not come out." in desk
    assert desk.index("It has not come out.") < desk.index('id="feeds"')


def test_what_failed_can_be_published_after_all(site: Site, clock: Clock) -> None:
    one = schedule(site)
    people.disable(site.services.store, "bob", None)
    clock.set(hours=1)
    step(site)
    made = coming_out.publish_now(site.services.store, one.id, site.alice, 2)
    assert isinstance(made, Update)
    assert (made.byline, bodies(site)) == ("Bob Brown", ["Embargoed"])
    with pytest.raises(Missing):
        coming_out.publish_now(site.services.store, one.id, site.alice, 2)
    with site.services.store.read() as db:
        done = db.execute("SELECT verb, editor_id FROM actions ORDER BY id DESC LIMIT 1").fetchone()
    assert tuple(done) == ("publish", site.alice.id), "who did it is on record, whoever wrote it"


def test_a_moment_is_ahead_and_no_mistyped_year(site: Site, clock: Clock) -> None:
    for wrong in (at(), at(seconds=-1), at(days=800)):
        with pytest.raises(Invalid, match="publish_at"):
            schedule(site, when=wrong)
    coverage.close(site.services.store, "news", None)
    with pytest.raises(Invalid, match="closed"):
        schedule(site)
    assert waits(site) == []


def test_a_text_is_scheduled_once_and_not_published_beside_that(site: Site, clock: Clock) -> None:
    store, draft_id = site.services.store, str(uuid.uuid4())
    typed = {"feed": "news", "update": None, "revision": None, "headline": "", "body": "Once", "language": ""}
    typed |= {"note": "", "key": False, "pinned": False}
    drafts.save(store, draft_id, site.bob, {**typed, "seq": 1})
    one = scheduling.schedule(store, "news", site.bob, {"body": "Once"}, at(hours=1), draft_id)
    again = scheduling.schedule(store, "news", site.bob, {"body": "Once"}, at(hours=1), draft_id)
    assert again == one
    with pytest.raises(KeyUsed):
        scheduling.schedule(store, "news", site.bob, {"body": "Other"}, at(hours=1), draft_id)
    with pytest.raises(Invalid, match="scheduled already"):
        publishing.publish(store, "news", site.bob, {"body": "Once"}, draft_id=draft_id)
    with pytest.raises(Missing):
        drafts.save(store, draft_id, site.bob, {**typed, "seq": 2})
    assert site.at_desk().get("/desk/drafts").get_json()["drafts"] == []
    clock.set(hours=1)
    step(site)
    made = publishing.publish(store, "news", site.bob, {"body": "Once"}, draft_id=draft_id)
    assert bodies(site) == ["Once"]
    with pytest.raises(KeyUsed):
        scheduling.schedule(store, "news", site.bob, {"body": "Once"}, at(hours=2), draft_id)
    with store.read() as db:
        assert coming_out.what_came_out(db, one.id) == made


def test_two_editors_do_not_overwrite_each_other(site: Site, clock: Clock) -> None:
    store, one = site.services.store, schedule(site)
    changed = scheduling.change(store, one.id, site.alice, {"body": "Better"}, at(hours=2), 1)
    assert (changed.byline, changed.editor, changed.publish_at) == ("Bob Brown", "Alice Adams", at(hours=2))
    for late in (
        lambda: scheduling.change(store, one.id, site.bob, {"body": "Mine"}, at(hours=2), 1),
        lambda: scheduling.cancel(store, one.id, site.bob, 1),
        lambda: coming_out.publish_now(store, one.id, site.bob, 1),
    ):
        with pytest.raises(Stale):
            late()
    people.disable(store, "bob", None)
    clock.set(hours=2)
    step(site)
    assert bodies(site) == ["Better"], "it is under the authority of who scheduled it last"


def test_what_is_cancelled_is_a_draft_again_of_its_author(site: Site, clock: Clock) -> None:
    store, one = site.services.store, schedule(site, "Not yet", headline="Title", key=True)
    gone = scheduling.cancel(store, one.id, site.alice, 1)
    assert gone
    assert gone == scheduling.cancel(store, one.id, site.alice, 1), "a second click"
    with store.read() as db:
        draft = drafts.get(db, gone.draft_id, site.bob)
    assert (draft.body, draft.headline, draft.key, draft.state) == ("Not yet", "Title", True, "kept")
    clock.set(hours=2)
    step(site)
    assert bodies(site) == waits(site) == []
    other = schedule(site, "Of one who left", when=at(hours=3))
    people.disable(store, "bob", None)
    kept = scheduling.cancel(store, other.id, site.alice, 1)
    assert kept
    assert kept.editor_id == site.alice.id


def public(site: Site, *ids: str) -> set[str]:
    """Those of these pictures that strangers can see."""
    with site.services.store.read() as db:
        return set(pictures.of_ids(db, ids))


def test_pictures_of_a_scheduled_text_wait_with_it(site: Site, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    store, media = site.services.store, site.services.settings.media
    first, second = (waiting.keep(store, media, a_png(), "x.png", each).id for each in (site.bob, site.alice))
    for picture_id, editor in ((first, site.bob), (second, site.alice)):
        waiting.set_words(store, picture_id, {"alt": "A boat"}, editor)
    one = schedule(site, f"![](/pictures/{first})", when=at(days=30))
    scheduling.change(
        store, one.id, site.alice, {"body": f"![](/pictures/{first})\n\n![](/pictures/{second})"}, at(days=30), 1
    )
    clock.set(days=29)
    waiting.keep(store, media, a_png(), "y.png", site.bob)
    assert public(site, first, second) == set()
    clock.set(days=30)
    step(site)
    assert waits(site) == []
    assert public(site, first, second) == {first, second}


def test_other_editors_see_the_pictures_of_a_scheduled_text_and_nobody_else_does(site: Site, clock: Clock) -> None:
    store, media = site.services.store, site.services.settings.media
    editors.add(store, "carol", PASSWORD, "contributor", actor=None)
    shown, other = (waiting.keep(store, media, a_png(), "x.png", site.bob).id for _ in range(2))
    alice = site.at_desk("alice")

    def seen_by(browser: FlaskClient) -> set[str]:
        listed = browser.get(f"/desk/uploads?id={shown}&id={other}").get_json()
        return {each["id"] for each in listed["pictures"]}

    assert seen_by(alice) == set()
    waiting.set_words(store, shown, {"alt": "A boat"}, site.bob)
    one = schedule(site, f"![](/pictures/{shown})", when=at(hours=1))
    assert seen_by(alice) == {shown}
    with alice.get(f"/desk/uploads/{shown}/file") as file:
        assert file.status_code == 200
    assert seen_by(site.at_desk("carol")) == set()
    assert public(site, shown) == set()
    for alt in ("A boat at sea", "A boat at sea"):
        waiting.set_words(store, shown, {"alt": alt}, site.alice)
    changed = [(each["who"], each["subject"], each["said"]) for each in entries(site) if each["verb"] == "edit picture"]
    assert changed == [("alice", shown, {"before": {"alt": "A boat"}, "after": {"alt": "A boat at sea"}})]
    scheduling.cancel(store, one.id, site.bob, 1)
    assert seen_by(alice) == set()


def draft_article(site: Site, **given: Any) -> str:
    """A draft that comes out in an hour."""
    writing.create(
        site.services.store, site.bob, {"slug": "harbour", "headline": "The harbour", "draft": True, **given},
        timing=Timing(None, at(hours=1)),
    )  # fmt: skip
    return "harbour"


def test_an_article_comes_out_as_it_is_then_with_its_coverage(site: Site, clock: Clock) -> None:
    slug = draft_article(site, live=True)
    site.publish("Written before", feed=slug)
    schedule(site, "At the same moment", feed=slug)
    writing.edit(site.services.store, slug, site.alice, {"headline": "The harbour, corrected"})
    assert site.charlie.get(f"/articles/{slug}").status_code == 404
    clock.set(hours=1)
    step(site)
    page = site.charlie.get(f"/articles/{slug}").text
    assert "The harbour, corrected" in page
    assert bodies(site, slug) == ["At the same moment", "Written before"]
    with site.services.store.read() as db:
        article = articles.get(db, slug)
    assert (article.published_at, article.live) == (at(hours=1), True)
    assert waits(site) == []


def test_an_article_that_came_out_by_hand_is_scheduled_no_more(site: Site, clock: Clock) -> None:
    slug = draft_article(site)
    writing.edit(site.services.store, slug, site.bob, {"draft": False}, timing=Timing(at(hours=1), at(hours=1)))
    writing.edit(site.services.store, slug, site.bob, {"draft": True})
    clock.set(hours=1)
    step(site)
    assert site.charlie.get(f"/articles/{slug}").status_code == 404
    with pytest.raises(Invalid, match="Only a draft"):
        writing.edit(site.services.store, slug, site.bob, {"draft": False}, timing=Timing(None, at(hours=2)))


def test_the_moment_of_an_article_is_not_overwritten_unseen(site: Site, clock: Clock) -> None:
    slug, store = draft_article(site), site.services.store
    with pytest.raises(Invalid, match="meanwhile"):
        writing.edit(store, slug, site.alice, {}, timing=Timing(None, at(hours=2)))
    writing.edit(store, slug, site.alice, {}, timing=Timing(None, None))  # a form that is older, and was left alone
    writing.edit(store, slug, site.alice, {}, timing=Timing(at(hours=1), at(hours=2)))
    with store.read() as db:
        assert [each.publish_at for each in scheduled.everything(db)] == [at(hours=2)]
    writing.edit(store, slug, site.alice, {}, timing=Timing(at(hours=2), None))
    clock.set(hours=2)
    step(site)
    assert site.charlie.get(f"/articles/{slug}").status_code == 404


def test_a_contributor_puts_nothing_into_what_comes_out_by_itself(site: Site, clock: Clock) -> None:
    store = site.services.store
    carol = editors.add(store, "carol", PASSWORD, "contributor", actor=None)
    slug = draft_article(site, live=True)
    mine = site.publish("By an editor", feed=slug)
    for deed in (
        lambda: schedule(site, by=carol),
        lambda: schedule(site, by=carol, feed=slug),
        lambda: publishing.publish(store, slug, carol, {"body": "Unread"}),
        lambda: publishing.edit(store, mine.id, carol, {"body": "Unread"}, None),
        lambda: writing.edit(store, slug, carol, {"headline": "Unread"}),
        lambda: writing.edit(store, slug, carol, {}, timing=Timing(at(hours=1), at(hours=2))),
    ):
        with pytest.raises(NotAllowed):
            deed()
    site.write_article("sketch", draft=True, live=True)
    schedule(site, "In a draft", by=carol, feed="sketch")
    writing.edit(store, "sketch", site.bob, {"draft": False})
    clock.set(hours=1)
    step(site)
    assert waits(site) == [("In a draft", State.FAILED, "Carol may not publish here any more.")]
    assert bodies(site, "sketch") == []
    last = entries(site)[-1]
    assert [last[each] for each in ("verb", "who", "door", "feed")] == ["fail to publish", None, "schedule", "sketch"]
    assert last["said"] == {"after": {"reason": "Carol may not publish here any more."}}
    for path in ("/desk/log", "/desk/feeds/sketch"):
        page = words(element(site.at_desk("alice").get(path).text, "main"))
        assert "The site could not publish what was scheduled" in page


def test_a_restored_backup_publishes_nothing_that_may_be_out(site: Site, clock: Clock, tmp_path: Path) -> None:
    store, media = site.services.store, site.services.settings.media
    schedule(site, "Due before the restore", when=at(hours=1))
    by_hand, cancelled, changed = (
        schedule(site, each, when=at(hours=9)) for each in ("By hand", "Cancelled", "Changed")
    )
    schedule(site, "Untouched", when=at(hours=9))
    backup.backup(store, media, tmp_path / "copy")
    coming_out.publish_now(store, by_hand.id, site.bob, 1)
    scheduling.cancel(store, cancelled.id, site.bob, 1)
    scheduling.change(store, changed.id, site.bob, {"body": "Changed since"}, at(hours=8), 1)
    schedule(site, "Since the backup", when=at(hours=9))
    clock.set(hours=2)
    step(site)
    backup.restore(store, media, tmp_path / "copy")
    step(site)
    assert bodies(site) == []
    states = {text: state for text, state, _ in waits(site)}
    assert states == {
        **dict.fromkeys(("Due before the restore", "By hand", "Cancelled", "Changed"), State.FAILED),
        "Untouched": State.SCHEDULED,
    }
    held = {each["subject"] for each in entries(site) if each["verb"] == "fail to publish"}
    assert held > {by_hand.id, cancelled.id, changed.id}
    assert problems(site) == []
    clock.set(hours=9)
    step(site)
    assert bodies(site) == ["Untouched"]
    assert backup.check(store) == []


def test_on_another_machine_only_what_was_due_meanwhile_is_held_back(site: Site, clock: Clock, tmp_path: Path) -> None:
    schedule(site, "Due meanwhile", when=at(hours=1))
    schedule(site, "Later", when=at(hours=3))
    backup.backup(site.services.store, site.services.settings.media, tmp_path / "copy")
    (tmp_path / "there").mkdir()
    clock.set(hours=2)
    with application_in(tmp_path / "there") as app:
        moved = app.extensions["liveline"]
        backup.restore(moved.store, moved.settings.media, tmp_path / "copy")
        with moved.store.read() as db:
            states = {each.body: each.state for each in scheduled.everything(db)}
    assert states == {"Due meanwhile": State.FAILED, "Later": State.SCHEDULED}


def test_the_command_lists_what_is_scheduled(site: Site, clock: Clock) -> None:
    schedule(site, "A line\n\nand another", when=at(hours=1))
    draft_article(site)
    out = site.app.test_cli_runner().invoke(args=["schedule", "list"]).output
    assert out.splitlines() == [
        "2027-03-01T14:00:00+01:00\tscheduled\tnews\tBob Brown\tA line and another",
        "2027-03-01T14:00:00+01:00\tscheduled\tharbour\tBob Brown\tThe harbour",
    ]
