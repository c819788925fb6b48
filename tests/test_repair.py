"""`flask db repair` makes derived data anew, and never changes what an editor wrote."""

import pytest

from app import create_app
from feed.store import backup, feeds, log, repair, search, updates
from feed.store.database import Database
from feed.store.feeds import NEWS
from feed.store.search import Holding
from tests.conftest import Site


def found(site: Site, words: str) -> list[str]:
    """The bodies of the updates that a reader finds."""
    search.catch_up(site.services.store)
    with site.services.store.read() as db:
        return [u.body for u in updates.newest_first(db, feeds.get(db, NEWS), None, 99, Holding(words))]


@pytest.mark.parametrize(
    ("harm", "done"),
    [
        ("UPDATE feeds SET version = 1", "its version was behind"),
        ("UPDATE parts SET version = 99", "its version was behind"),
        ("UPDATE updates SET pinned = 1", "of several pinned updates only 2 stays so"),
        ("UPDATE updates SET notice = 1 WHERE id = 2", "took the notice of a retraction off 1 updates"),
        ("DELETE FROM search WHERE rowid = 2", "made the search of 4 updates anew"),
        ("INSERT INTO search (rowid, text) VALUES (9, 'x')", "made the search of 4 updates anew"),
        ("UPDATE search_data SET block = x'00ff00ff' WHERE id > 1", "made the search of 4 updates anew"),
        ("DELETE FROM words WHERE rowid = 2", "made the search of 4 updates anew"),
        ("UPDATE words_data SET block = x'00ff00ff' WHERE id > 1", "made the search of 4 updates anew"),
        ("DELETE FROM revisions WHERE update_id = 2 AND revision = 2", "kept the text of now as a revision of 1"),
        ("DELETE FROM site", "the counter of what pages show beside feeds was missing"),
        ("UPDATE feeds SET tick = 7", "it had the tick of another feed"),
    ],
)
def test_what_is_derived_is_made_anew(site: Site, harm: str, done: str) -> None:
    site.write_article("harbour", live=True)
    for number in range(3):
        site.publish(f"Number {number}", pinned=number == 1)
    with site.services.store.read() as db:
        site.edit(updates.get(db, 2), body="Number 1, edited")
    site.retract(site.publish("Number 4"), "for the desk")
    assert backup.check(site.services.store) == []
    epoch = site.charlie.get("/feeds/news/changes?after=0").json
    site.services.store.write(lambda db: db.execute(harm))
    if "parts" not in harm:
        assert backup.check(site.services.store) != []
    sentences = repair.repair(site.services.store)
    assert done in " ".join(sentences)
    assert backup.check(site.services.store) == []
    assert found(site, "number") == ["Number 2", "Number 1, edited", "Number 0"]
    if "feed news" in " ".join(sentences):
        assert site.charlie.get("/feeds/news/changes?after=0").json != epoch, "open pages reload"
    assert site.publish("After").version > 5


def test_what_only_a_backup_has_is_said(site: Site) -> None:
    update = site.edit(site.publish("One"), body="Two")
    site.services.store.write(lambda db: db.execute("DELETE FROM revisions WHERE revision = 1"))
    environ = {"FEED_DATABASE": str(site.services.store.path)}
    app = create_app(environ)
    done = app.test_cli_runner().invoke(args=["db", "repair"])
    app.extensions["liveline"].store.close()
    assert done.exit_code == 1
    assert f"update {update.id} lacks a revision. Only a backup can mend that" in done.stderr
    assert "made the search of 1 updates anew" in done.stdout


def test_what_others_wrote_is_found(site: Site) -> None:
    """Rows that were written without our verbs are found, too, unless they are retracted."""
    site.publish("A lighthouse")
    gone = site.publish("A libellous lighthouse")
    sql = f"UPDATE updates SET retracted_at = '2026', reason = 'secret' WHERE id = {gone.id}"
    sql += "; UPDATE updates SET html = '<p>A beacon</p>', headline = 'beacon' WHERE id = 1"
    site.services.store.write(lambda db: [db.execute(each) for each in sql.split(";")])
    before = site.charlie.get("/feeds/news?q=lighthouse").text
    assert "libellous" not in before
    assert "secret" not in before
    assert "A beacon" in site.charlie.get("/feeds/news?q=beacon").text


def test_others_can_write_meanwhile_and_what_was_interrupted_goes_on(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = site.services.store
    for number in range(3):
        site.publish(f"Number {number}")
    monkeypatch.setattr(search, "CAUGHT_UP", 1)
    monkeypatch.setattr(log, "CAUGHT_UP", 1)
    published = []

    def pause(_: float) -> None:
        published.append(site.publish("Meanwhile").id)
        raise KeyboardInterrupt

    monkeypatch.setattr("time.sleep", pause)
    for begins, done in ((_all_due, search.catch_up_all), (None, repair.repair), (_lost_log, log.catch_up)):
        published.clear()
        if begins:
            store.write(begins)
        with pytest.raises(KeyboardInterrupt):
            done(store)
        assert published, done
        monkeypatch.setattr("time.sleep", lambda _: None)
        (log.catch_up if begins is _lost_log else search.catch_up_all)(store)
        monkeypatch.setattr("time.sleep", pause)
        assert backup.check(store) == []
        with store.read() as db:
            assert log.check(db) == []
    assert len(found(site, "meanwhile")) == 3


def _all_due(db: Database) -> None:
    db.execute("INSERT OR IGNORE INTO search_due (update_id) SELECT id FROM updates")


def _lost_log(db: Database) -> None:
    """As at the first upgrade to a release that has the log."""
    for number in range(5):
        db.execute(
            "INSERT INTO actions (at, editor_id, verb) VALUES (?, 2, 'edit')", [f"2026-07-26T12:00:0{number}.000Z"]
        )
