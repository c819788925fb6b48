"""Erasing: the words of an update are nowhere any more, in no table, in no byte of the file, at no door."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from feed import times
from feed.errors import Gone, Invalid, KeyUsed, Missing
from feed.store import (
    backup,
    coming_out,
    drafts,
    editors,
    erasing,
    lineage,
    publishing,
    retracting,
    reviewing,
    scheduled,
    scheduling,
    scrubbing,
    submissions,
    submitting,
    undoing,
    updates,
)
from feed.store.database import Store
from feed.store.scrubbing import Scrubbed
from feed.store.updates import Update
from tests.conftest import FROM_HERE, PASSWORD, Site
from tests.submitting import submit
from tests.test_log import command, entries, problems

CANARY = "Quetzalcanary"
DRAFTS = [f"00000000-0000-4000-8000-00000000000{number}" for number in range(9)]


def typed(feed: str, body: str, **more: object) -> dict[str, object]:
    """A state of a draft, as the desk's script sends it."""
    texts = {"headline": "", "language": "", "note": "", "status": "", "source": ""}
    return {"feed": feed, "body": body, **texts, "key": False, "pinned": False, "seq": 1, "discarded": False, **more}


def with_the_canary(site: Site) -> Update:
    """An update whose word is everywhere that a word can be: revisions, notes, reasons, drafts, keys, the log."""
    store = site.services.store
    site.write_article("harbour", live=True)
    drafts.save(store, DRAFTS[0], site.bob, typed("harbour", f"{CANARY} one"))
    given = {"body": f"{CANARY} one", "headline": CANARY, "status": "unconfirmed", "source": CANARY, "pinned": True}
    update = publishing.publish(store, "harbour", site.bob, given, "a key", draft_id=DRAFTS[0])
    drafts.save(store, DRAFTS[1], site.alice, typed("harbour", f"{CANARY} of alice", update=update.id, revision=1))
    site.edit(update, body=f"{CANARY} two", note=f"{CANARY} was wrong")
    for number in range(60):  # so that the search has merged, and pages were used again
        if number % 20 == 0:
            site.edit(update, body=f"{CANARY} zebra {number}")
        site.publish(f"Number {number}")
    retracting.retract(store, update.id, {"reason": f"{CANARY} again", "notice": True}, site.bob)
    retracting.restore(store, update.id, site.bob)
    return update


def undone(site: Site) -> Update:
    """Another one, which became a draft by Undo."""
    update = site.publish(f"{CANARY} undone", feed="harbour")
    undoing.undo(site.services.store, update.id, site.bob, DRAFTS[2], 10)
    return update


def bytes_of(site: Site) -> bytes:
    """Everything in the files of the database."""
    path = site.services.store.path
    return b"".join(each.read_bytes() for each in sorted(path.parent.glob(f"{path.name}*")) if each.is_file())


DOORS = (
    "/", "/articles/harbour", "/feeds/harbour", "/feeds/harbour.atom", "/feeds/harbour.rss", "/feeds/harbour.json",
    "/feeds/harbour?key=1", "/feeds/harbour?q=zebra", "/updates/1", "/updates/1/history", "/sitemap.xml",
    "/news-sitemap.xml", "/api/v1/feeds/harbour/updates", "/api/v1/updates/1", "/embed/feeds/harbour",
    "/feeds/harbour/changes?after=0&epoch={epoch}", "/feeds/harbour/older",
)  # fmt: skip
DESK = (
    "/desk/", "/desk/feeds/harbour", "/desk/search?q=zebra", "/desk/log", "/desk/log?q=zebra", "/desk/log.csv",
    "/desk/updates/1", "/desk/updates/1/retraction", "/desk/updates/1/erasure", "/desk/on/updates/1",
    "/desk/on/articles/harbour", f"/desk/drafts/{DRAFTS[0]}", f"/desk/drafts/{DRAFTS[1]}", f"/desk/drafts/{DRAFTS[2]}",
)  # fmt: skip


def seen(site: Site) -> Iterator[str]:
    """The doors at which the word is to be seen."""
    with site.services.store.read() as db:
        (epoch,) = db.execute("SELECT epoch FROM feeds WHERE slug = 'harbour'").fetchone()
    reader, *editors = site.charlie, site.at_desk("bob"), site.at_desk("alice")
    for path in DOORS:
        if CANARY in reader.get(path.format(epoch=epoch)).text:
            yield path
    for path in DESK:
        if any(CANARY in editor.get(path).text for editor in editors):
            yield path


def test_what_is_erased_is_nowhere(site: Site) -> None:
    update, gone = with_the_canary(site), undone(site)
    before = set(seen(site))
    assert {"/articles/harbour", "/feeds/harbour.atom", "/updates/1/history", "/desk/log", "/desk/log.csv"} <= before
    assert {"/feeds/harbour?q=zebra", "/desk/search?q=zebra", "/desk/log?q=zebra"} <= before
    assert {"/desk/feeds/harbour", f"/desk/drafts/{DRAFTS[1]}", f"/desk/drafts/{DRAFTS[2]}"} <= before
    assert bytes_of(site).count(CANARY.encode()) > 20
    versions, head = site.versions()["harbour"], len(entries(site))
    said = command(site, "update", "erase", str(update.id), "--reason", "A court has ordered it")
    assert "erased update 1 of harbour" in said
    alice = site.at_desk("alice")
    form = {"reason": "A court has ordered it"}
    assert alice.post(f"/desk/updates/{gone.id}/erasure", data=form, headers=FROM_HERE).status_code == 303
    assert set(seen(site)) == set()
    for word in (CANARY, CANARY.lower()):
        assert word.encode() not in bytes_of(site), word
    assert site.versions()["harbour"] == versions + 2, "followers get it"
    answer = site.charlie.get("/updates/1")
    assert answer.status_code == 410
    assert site.api("GET", "/api/v1/updates/1").status_code == 410
    assert problems(site) == []
    assert backup.check(site.services.store) == []
    told = [each for each in entries(site)[head:] if each["verb"] == "erase"]
    assert [each["said"]["after"]["reason"] for each in told] == ["A court has ordered it"] * 2
    # Once more changes nothing.
    command(site, "update", "erase", str(update.id), "--reason", "Again")
    assert site.versions()["harbour"] == versions + 2
    assert [each["verb"] for each in entries(site)].count("erase") == 2


def test_what_is_erased_comes_back_by_no_way(site: Site) -> None:
    update = with_the_canary(site)
    erasing.erase(site.services.store, update.id, "The law", site.alice)
    with pytest.raises(Gone):
        retracting.restore(site.services.store, update.id, site.alice)
    with pytest.raises(Gone):
        publishing.restore_edited(site.services.store, update.id, site.bob, {"body": "x"}, None)
    given = {"body": f"{CANARY} one", "headline": CANARY, "status": "unconfirmed", "source": CANARY, "pinned": True}
    for more in ({"idempotency_key": "a key"}, {"draft_id": DRAFTS[0]}):
        with pytest.raises(Invalid):
            publishing.publish(site.services.store, "harbour", site.bob, given, **more)  # type: ignore[arg-type]
    command(site, "db", "repair")
    command(site, "db", "rerender")
    assert CANARY not in "".join(str(each) for each in entries(site))
    assert set(seen(site)) == set()


def test_what_was_submitted_or_scheduled_is_erased_too(site: Site) -> None:
    store = site.services.store
    site.write_article("harbour", live=True)
    carol = editors.add(store, "carol", PASSWORD, "contributor", actor=None)
    new = submit(site, carol, "harbour", f"{CANARY} submitted", headline=CANARY)
    made = reviewing.publish(store, new.id, 1, {"body": f"{CANARY} published"}, None, site.bob)
    sent_back, waits, other = (
        submit(site, carol, "harbour", body, update=made.id, revision=1)
        for body in (f"{CANARY} sent back", f"{CANARY} waits", "Of another")
    )
    reviewing.return_(store, sent_back.id, 1, {"note": f"{CANARY}?"}, site.bob)
    given, later = {"body": f"{CANARY} scheduled"}, times.after(3600)
    first = scheduling.schedule(store, "harbour", site.bob, given, later, DRAFTS[3])
    changed = scheduling.change(store, first.id, site.bob, {"body": f"{CANARY} changed"}, later, 1)
    out = coming_out.publish_now(store, first.id, site.bob, changed.revision)
    unrelated = submit(site, carol, "harbour", "Of nothing that is erased")
    for update in (made, out):
        erasing.erase(store, update.id, "The law", site.alice)
    scrubbing.scrub(store)
    assert CANARY.encode() not in bytes_of(site)
    assert problems(site) == []
    bob = site.at_desk("bob")
    for each in (new, sent_back, waits, other, unrelated):
        answer = bob.get(f"/desk/review/{each.id}")
        assert (answer.status_code, CANARY in answer.text) == (200, False)
    with store.read() as db:
        assert [each.id for each in submissions.waiting(db)] == [unrelated.id]


def of_many_drafts(site: Site) -> Update:
    """An update whose text went from draft to draft: scheduled and cancelled, submitted, returned, published and taken
    back at once, twice, and no two of these texts are the same."""
    store, later = site.services.store, times.after(3600)
    carol = editors.add(store, "carol", PASSWORD, "contributor", actor=None)
    sent = submit(site, carol, body=f"{CANARY} submitted")
    reviewing.return_(store, sent.id, 1, {"note": f"{CANARY}?"}, site.bob)
    sent = submit(site, carol, body=f"{CANARY} submitted again", draft_id=sent.draft_id)
    made = reviewing.publish(store, sent.id, sent.revision, {"body": f"{CANARY} reviewed"}, None, site.bob)
    undoing.undo(store, made.id, site.bob, DRAFTS[2], 10)
    drafts.save(store, DRAFTS[2], carol, typed("news", f"{CANARY} of carol", seq=2))
    with store.read() as db:
        again = submissions.of_draft(db, DRAFTS[2], carol)
    assert again
    made = reviewing.publish(store, again.id, again.revision, {"body": f"{CANARY} at last"}, None, site.bob)
    undoing.undo(store, made.id, site.bob, DRAFTS[6], 10)
    with store.read() as db:
        again = submissions.of_draft(db, DRAFTS[6], carol)
    assert again
    embargoed = {"body": f"{CANARY} embargoed"}
    waits = reviewing.schedule(store, again.id, again.revision, embargoed, None, later, site.bob)
    scheduling.cancel(store, waits.id, site.bob, waits.revision)
    submitting.take_back(store, again.id, carol)
    made = publishing.publish(store, "news", site.bob, {"body": f"{CANARY} of bob"})
    undoing.undo(store, made.id, site.bob, DRAFTS[7], 10)
    planned = scheduling.schedule(store, "news", site.bob, {"body": f"{CANARY} planned"}, later, DRAFTS[7])
    for body in ("changed", "changed again"):
        cancelled = scheduling.cancel(store, planned.id, site.bob, planned.revision)
        assert cancelled.draft_id
        planned = scheduling.schedule(store, "news", site.bob, {"body": f"{CANARY} {body}"}, later, cancelled.draft_id)
    return coming_out.publish_now(store, planned.id, site.bob, planned.revision)


def test_a_text_is_followed_through_all_drafts_that_it_passed(site: Site, tmp_path: Path) -> None:
    store = site.services.store
    of_bob = of_many_drafts(site)
    with store.read() as db:
        of_carol = [row[0] for row in db.execute("SELECT id FROM updates WHERE body LIKE '%at last'")]
    command(site, "db", "backup", str(tmp_path / "copy"))
    for update_id in (of_bob.id, *of_carol):
        erasing.erase(store, update_id, "The law", site.alice)
    for _ in range(2):
        scrubbing.scrub(store)
        assert CANARY.encode() not in bytes_of(site)
        assert problems(site) == []
        with store.read() as db:
            assert len(erasing.erased(db).updates) == 4, "what was taken back at once is erased with what came of it"
        command(site, "db", "restore", str(tmp_path / "copy"))
    # A page that is still open has the texts, and the ids of their drafts.
    with pytest.raises(Missing):
        drafts.save(store, DRAFTS[7], site.bob, typed("news", CANARY, seq=9))
    with pytest.raises(KeyUsed):
        publishing.publish(store, "news", site.bob, {"body": CANARY}, draft_id=DRAFTS[7])
    with pytest.raises(KeyUsed):
        scheduling.schedule(store, "news", site.bob, {"body": CANARY}, times.after(3600), DRAFTS[6])
    with pytest.raises(KeyUsed):
        submit(site, site.bob, body=CANARY, draft_id=DRAFTS[2])


def test_what_was_retracted_and_published_anew_is_one_text(site: Site) -> None:
    store = site.services.store
    wrong = site.publish(f"{CANARY} wrong")
    site.retract(wrong)
    form = {"body": f"{CANARY} right", "draft_id": DRAFTS[0], "revision": "1", "choice": "new"}
    answer = site.at_desk("bob").post(f"/desk/updates/{wrong.id}", data=form, headers=FROM_HERE)
    assert "did=published" in answer.location
    erasing.erase(store, wrong.id, "The law", site.alice)
    with store.read() as db:
        right = updates.get(db, wrong.id + 1)  # readers see it, so it is erased by its own number alone
    other = site.publish(f"{CANARY} wrong too")
    site.retract(other)
    publishing.publish(store, "news", site.bob, {"body": "Right"}, draft_id=DRAFTS[1], of=other.id)
    shown = [site.at_desk("alice").get(f"/desk/updates/{each}/erasure").text for each in (right.id, other.id + 1)]
    assert [f"{CANARY} wrong too" in page for page in shown] == [False, True], "what goes with it, and is not gone yet"
    for each in (right.id, other.id + 1):
        erasing.erase(store, each, "The law", site.alice)
    scrubbing.scrub(store)
    assert CANARY.encode() not in bytes_of(site)


def test_a_form_that_claims_to_be_of_an_update_whose_text_it_cannot_have_joins_nothing_to_it(site: Site) -> None:
    """An erasure would take both."""
    store = site.services.store
    site.write_article("harbour", live=True)
    public, gone, undone, away = (site.publish(f"Number {number}") for number in range(4))
    site.retract(gone)
    undoing.undo(store, away.id, site.bob, DRAFTS[0], 10)
    drafts.save(store, DRAFTS[1], site.alice, typed("news", "Alice's", update=gone.id, revision=1))
    drafts.save(store, DRAFTS[2], site.bob, typed("news", "Of another", update=undone.id, revision=1))
    drafts.save(store, DRAFTS[3], site.bob, typed("news", "Of none"))
    drafts.save(store, DRAFTS[4], site.bob, typed("news", "Of this", update=gone.id, revision=1))

    def claim(draft_id: str, of: int, feed: str = "news") -> None:
        publishing.publish(store, feed, site.bob, {"body": f"{draft_id} {of}"}, draft_id=draft_id, of=of)

    for draft_id, of in [(DRAFTS[5], public.id), *((each, gone.id) for each in DRAFTS[:4])]:
        with pytest.raises(Invalid):
            claim(draft_id, of)
    with pytest.raises(Missing):
        claim(DRAFTS[5], gone.id, "harbour")
    store.write(lambda db: db.execute("DELETE FROM drafts WHERE id = ?", [DRAFTS[0]]))  # after a week
    with pytest.raises(Invalid):
        claim(DRAFTS[0], gone.id)
    with store.read() as db:
        assert lineage.family(db, away.id) == ({DRAFTS[0], "update 4"}, {away.id})
        assert lineage.family(db, gone.id) == ({"update 2"}, {gone.id})
    for draft_id in DRAFTS[4:6]:
        claim(draft_id, gone.id)
    with store.read() as db:
        assert lineage.family(db, gone.id) == ({*DRAFTS[4:6], "update 2"}, {gone.id, away.id + 1, away.id + 2})


def test_what_others_wrote_in_the_same_words_stays(site: Site) -> None:
    store = site.services.store
    site.write_article("harbour", live=True)
    update = publishing.publish(store, "news", site.bob, {"body": "Thank you."}, draft_id=DRAFTS[0])
    carol = editors.add(store, "carol", PASSWORD, "contributor", actor=None)
    drafts.save(store, DRAFTS[1], site.alice, typed("news", "Thank you."))
    drafts.save(store, DRAFTS[2], site.bob, typed("harbour", "Thank you."))
    drafts.save(store, DRAFTS[3], site.bob, typed("news", "Thank you."))
    sent = submit(site, carol, body="Thank you.")
    planned = scheduling.schedule(store, "news", site.alice, {"body": "Thank you."}, times.after(3600), DRAFTS[4])
    erasing.erase(store, update.id, "The law", site.alice)
    with store.read() as db:
        assert drafts.get(db, DRAFTS[1], site.alice).body == "Thank you."
        assert drafts.get(db, DRAFTS[2], site.bob).body == "Thank you."
        with pytest.raises(Missing):  # the same writer's, for the same feed: the desk makes such copies in a conflict
            drafts.get(db, DRAFTS[3], site.bob)
        assert submissions.get(db, sent.id).fields["body"] == "Thank you."
        assert scheduled.get(db, planned.id).body == "Thank you."
    assert "Thank you." in str([each["said"] for each in entries(site)])


def test_a_restore_brings_back_no_draft_of_what_was_erased(site: Site, tmp_path: Path) -> None:
    store = site.services.store
    drafts.save(store, DRAFTS[4], site.bob, typed("news", f"{CANARY} draft"))
    planned = scheduling.schedule(store, "news", site.bob, {"body": f"{CANARY} planned"}, times.after(3600), DRAFTS[5])
    sent = submit(site, site.bob, body=f"{CANARY} sent")
    command(site, "db", "backup", str(tmp_path / "copy"))
    for update in (
        publishing.publish(store, "news", site.bob, {"body": f"{CANARY} draft"}, draft_id=DRAFTS[4]),
        coming_out.publish_now(store, planned.id, site.bob, 1),
        reviewing.publish(store, sent.id, 1, {"body": f"{CANARY} sent"}, None, site.alice),
    ):
        erasing.erase(store, update.id, "The law", site.alice)
    command(site, "db", "restore", str(tmp_path / "copy"))
    scrubbing.scrub(store)
    assert CANARY.encode() not in bytes_of(site)
    assert problems(site) == []


def test_a_large_file_forgets_and_is_not_written_anew_while_others_want_to_write(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = site.services.store
    monkeypatch.setattr(scrubbing, "WHOLE_BYTES", 0)
    update = with_the_canary(site)
    with store.read() as db:
        pages = db.execute("PRAGMA page_count").fetchone()[0]
    alice = site.at_desk("alice")
    answer = alice.post(f"/desk/updates/{update.id}/erasure", data={"reason": "The law"}, headers=FROM_HERE)
    assert "flask db vacuum" in alice.get(answer.location).text
    assert CANARY.encode() not in bytes_of(site), "what is deleted is overwritten"
    with store.read() as db:
        assert db.execute("PRAGMA page_count").fetchone()[0] >= pages
    assert "db vacuum" in command(site, "update", "erase", str(update.id), "--reason", "The law")
    assert "written anew" in command(site, "db", "vacuum")
    with store.read() as db:
        assert db.execute("PRAGMA freelist_count").fetchone()[0] == 0
    assert problems(site) == []


def test_others_can_write_while_a_file_forgets(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(30):
        site.publish(f"{CANARY} {number} " + " ".join(f"word{number}x{each}" for each in range(100)))
    erasing.erase(site.services.store, 1, "The law", site.alice)
    monkeypatch.setattr(scrubbing, "MERGED_PAGES", 1)
    published = []

    def pause(seconds: float) -> None:
        published.append(site.publish("Meanwhile").id)

    monkeypatch.setattr("feed.store.scrubbing.time.sleep", pause)
    assert scrubbing.scrub(site.services.store) is Scrubbed.WHOLLY
    assert published, "between two steps of the merge"
    # A reader who stays keeps the log, and nobody who writes.
    other = Store(site.services.store.path)
    published.clear()
    with other.read() as db:
        db.execute("SELECT 1 FROM updates").fetchone()
        assert scrubbing.scrub(site.services.store) is Scrubbed.READ
    assert len(published) >= scrubbing.EMPTYING_TIMES
    other.close()


def test_a_notice_that_told_the_reason_is_told_to_readers_anew(site: Site) -> None:
    update = site.publish("Wrong")
    retracting.retract(site.services.store, update.id, {"reason": CANARY, "notice": True}, site.bob)
    assert CANARY in site.charlie.get("/feeds/news").text
    before = site.versions()["news"]
    erasing.erase(site.services.store, update.id, "The law", None)
    assert site.versions()["news"] == before + 1
    assert CANARY not in site.charlie.get("/feeds/news").text


def test_a_restore_erases_again(site: Site, tmp_path: Path) -> None:
    update = with_the_canary(site)
    command(site, "db", "backup", str(tmp_path / "copy"))
    erasing.erase(site.services.store, update.id, "The law", site.alice)
    later = site.publish(f"{CANARY} later", feed="harbour")
    erasing.erase(site.services.store, later.id, "The law", site.alice)
    command(site, "db", "restore", str(tmp_path / "copy"))
    assert set(seen(site)) == set()
    assert problems(site) == []
    assert backup.check(site.services.store) == []
    again = site.publish("Another update with a number that was used", feed="harbour")
    assert again.id == later.id
    assert not again.erased
    site.retract(again)
    retracting.restore(site.services.store, again.id, site.alice)
    scrubbing.scrub(site.services.store)
    assert CANARY.encode() not in bytes_of(site)


def test_an_erasure_needs_a_reason_and_an_admin(site: Site) -> None:
    update = site.publish("Stays")
    alice, bob = site.at_desk("alice"), site.at_desk("bob")
    path = f"/desk/updates/{update.id}/erasure"
    refused = alice.post(path, data={"reason": " "}, headers=FROM_HERE)
    assert refused.status_code == 422
    assert "This is empty" in refused.text
    assert bob.get(path).status_code == 403
    assert bob.post(path, data={"reason": "x"}, headers=FROM_HERE).status_code == 403
    assert "Stays" in site.charlie.get("/feeds/news").text
    assert "no update 77" in command(site, "update", "erase", "77", "--reason", "x", code=1)
