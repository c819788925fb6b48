"""Undo takes off what its editor has just published, and nothing else; its text is a draft again."""

import uuid
from typing import Any

import pytest

from feed.errors import Gone, NotAllowed
from feed.store import backup, drafts, feeds, publishing, retracting, undoing, updates, writing
from feed.store.editors import Editor
from feed.store.undoing import LATE_SECONDS, NotUndone
from feed.store.updates import Update
from tests.conftest import Site

SECONDS = 10


def undo(site: Site, update: Update, by: Editor | None = None, draft: str | None = None) -> Update:
    """Bob's undo, or another's, with a draft that is new or the given one."""
    return undoing.undo(site.services.store, update.id, by or site.bob, draft or str(uuid.uuid4()), SECONDS)


def made_earlier(site: Site, seconds: float) -> None:
    """Everything so far was done so many seconds before now."""
    moved = "strftime('%Y-%m-%dT%H:%M:%fZ', at, ?)"
    site.services.store.write(lambda db: db.execute(f"UPDATE actions SET at = {moved}", [f"-{seconds} seconds"]))


def pinned(site: Site, feed: str = "news") -> str | None:
    with site.services.store.read() as db:
        found = updates.pinned(db, feeds.get(db, feed))
    return found.body if found else None


def test_what_is_undone_is_retracted_without_a_word_and_its_text_is_a_draft(site: Site) -> None:
    pushed: list[dict[str, Any]] = []
    tail = site.tail(pushed)
    tail.watch("news")
    update = site.publish("Too *early*", headline="Hm", key=True, pinned=True, language="uk")
    draft_id = str(uuid.uuid4())
    gone = undo(site, update, draft=draft_id)
    tail.step()
    assert (gone.version, gone.notice, gone.reason) == (update.version + 1, False, None)
    assert {"id": f"update-{update.id}", "version": gone.version, "html": None} in pushed[-1]["changes"]
    assert site.charlie.get(f"/updates/{update.id}").status_code == 410
    with site.services.store.read() as db:
        draft = drafts.get(db, draft_id, site.bob)
        (retracted,) = retracting.listed(db, feeds.get(db, "news"), 9)
    assert (draft.headline, draft.body, draft.language) == ("Hm", "Too *early*", "uk")
    assert (draft.key, draft.pinned, draft.state, draft.seq) == (True, True, "kept", 1)
    assert (retracted.update.id, retracted.by) == (update.id, "Bob Brown")
    assert undo(site, update, draft=draft_id).version == gone.version, "a repeat, whose answer was lost"
    with pytest.raises(Gone):
        undo(site, update)
    again = publishing.publish(site.services.store, "news", site.bob, {"body": "Now"}, draft_id=draft_id)
    assert again.id != update.id
    assert backup.check(site.services.store) == []


@pytest.mark.parametrize("late", [0, SECONDS + LATE_SECONDS - 1, SECONDS + LATE_SECONDS + 1])
def test_it_is_possible_for_some_seconds(site: Site, late: int) -> None:
    update = site.publish("Early")
    made_earlier(site, late)
    with site.services.store.read() as db:
        left = undoing.seconds_left(db, update, site.bob, SECONDS)
    assert (SECONDS - 5 <= left <= SECONDS) if not late else left == 0
    if late <= SECONDS + LATE_SECONDS:
        assert undo(site, update).retracted_at
        return
    with pytest.raises(NotUndone, match="more than 10 seconds ago"):
        undo(site, update)


def test_a_length_of_nothing_turns_it_off(site: Site) -> None:
    update = site.publish("For good")
    with site.services.store.read() as db:
        assert undoing.seconds_left(db, update, site.bob, 0) == 0
    with pytest.raises(NotUndone):
        undoing.undo(site.services.store, update.id, site.bob, str(uuid.uuid4()), 0)


def test_the_time_runs_by_the_clock_and_not_by_the_updates_own_time(site: Site) -> None:
    """An import has a time in the past, and an update may be dated after one that is ahead of the clock."""
    old = site.publish("Imported", published_at="2026-01-01T12:00:00Z")
    assert undo(site, old).retracted_at
    publishing.publish(site.services.store, "news", site.alice, {"body": "x"}, moment="2036-01-01T12:00:00.000Z")
    ahead = site.publish("After it")
    made_earlier(site, 100)
    with pytest.raises(NotUndone):
        undo(site, ahead)


def test_nobody_undoes_what_another_published_or_changed(site: Site) -> None:
    store = site.services.store
    update = site.publish("Mine")
    with pytest.raises(NotUndone, match="Somebody else published this"):
        undo(site, update, site.alice)
    publishing.edit(store, update.id, site.bob, {"key": True}, None)
    with site.services.store.read() as db:
        assert undoing.seconds_left(db, update, site.bob, SECONDS), "one's own changes do not matter"
    for change in ({"body": "Ours"}, {"key": True}, {"pinned": True}):
        publishing.edit(store, update.id, site.alice, change, None)
        with pytest.raises(NotUndone, match="Alice Adams has changed this since"):
            undo(site, update)
        update = site.publish("Mine again")
    retracting.retract(store, update.id, {}, None)
    retracting.restore(store, update.id, None)
    with pytest.raises(NotUndone, match="at the command line"):
        undo(site, update)


def test_only_the_newest_of_the_feed_is_undone(site: Site) -> None:
    site.write_article("harbour", live=True)
    first, second = site.publish("One"), site.publish("Two")
    site.publish("Elsewhere", feed="harbour")
    with pytest.raises(NotUndone, match="another update since"):
        undo(site, first)
    assert undo(site, second).retracted_at


def test_what_was_pinned_before_is_pinned_again(site: Site) -> None:
    pushed: list[dict[str, Any]] = []
    tail = site.tail(pushed)
    tail.watch("news")
    site.publish("Pinned", pinned=True)
    update = site.publish("On top", pinned=True)
    tail.step()
    assert pinned(site) == "On top"
    gone = undo(site, update)
    tail.step()
    assert pinned(site) == "Pinned"
    assert pushed[-1]["version"] == gone.version == update.version + 1
    assert "Pinned" in str(pushed[-1]["changes"])
    other = site.publish("Not on top")
    undo(site, other)
    assert pinned(site) == "Pinned"


def test_what_was_pinned_since_stays_so_when_another_is_restored(site: Site) -> None:
    first = site.publish("First", pinned=True)
    site.retract(first)
    second = site.publish("Second", pinned=True)
    back = retracting.restore(site.services.store, first.id, site.bob)
    assert (back.pinned, pinned(site)) == (False, "Second")
    for each in (second, back):
        site.retract(each)
    assert retracting.restore(site.services.store, second.id, site.bob).pinned
    assert pinned(site) == "Second"
    assert backup.check(site.services.store) == []


def test_a_restoration_is_on_record_and_a_second_one_changes_nothing(site: Site) -> None:
    update = site.publish("Right", published_at="2026-01-01T12:00:00Z")
    above = site.publish("Above")
    for _ in range(2):
        site.retract(update, "Wrong?", notice=True)
        back = retracting.restore(site.services.store, update.id, site.bob)
        assert retracting.restore(site.services.store, update.id, site.alice) == back
    assert (back.published_at, back.revision, back.edited_at) == (update.published_at, 1, None)
    assert (back.reason, back.notice, back.version) == (None, False, above.version + 4)
    page = site.charlie.get("/feeds/news").text
    assert page.index("Above") < page.index("Right")
    for path in ("/feeds/news?q=right", f"/updates/{update.id}", f"/api/v1/updates/{update.id}"):
        assert "Right" in site.charlie.get(path).text
    assert "It was retracted once" in site.charlie.get(f"/updates/{update.id}/history").text
    record = site.at_desk().get("/desk/feeds/news").text
    assert record.count("</b> restored") == 2


def test_what_a_later_release_has_stored_is_listed_too(site: Site) -> None:
    """During a deploy both work on one database."""
    update = site.publish("x")
    site.services.store.write(lambda db: db.execute("UPDATE actions SET verb = 'translate'"))
    assert "</b> translate" in site.at_desk().get("/desk/feeds/news").text
    with pytest.raises(NotUndone):
        undo(site, update)


def test_a_contributor_undoes_in_drafts_alone(site: Site) -> None:
    site.write_article("sketch", live=True, draft=True)
    site.services.store.write(lambda db: db.execute("UPDATE editors SET role = 'contributor' WHERE name = 'bob'"))
    update = site.publish("In a draft", feed="sketch")
    assert undo(site, update).retracted_at
    update = site.publish("In a draft", feed="sketch")
    writing.edit(site.services.store, "sketch", site.alice, {"draft": False})
    with pytest.raises(NotAllowed):
        undo(site, update)
