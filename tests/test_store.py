"""The store: versions have no gaps, every answered write is on disk, and a backup is complete or refused."""

from collections.abc import Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from threading import Barrier, Event
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from feed import threads, times
from feed.errors import Gone, Invalid, Stale
from feed.render.envelope import envelope
from feed.store import (
    archive,
    backup,
    changes,
    editors,
    feeds,
    idempotency,
    people,
    pictures,
    pointing,
    points,
    presence,
    publishing,
    readiness,
    retracting,
    sessions,
    signing_in,
    tokens,
    updates,
    workers,
    writing,
)
from feed.store.database import Store
from feed.store.feeds import NEWS
from feed.store.parts import FEED_PARTS
from tests.conftest import PASSWORD, Site
from tests.images import a_png
from tests.reader import updates_in


@pytest.fixture
def other(site: Site) -> Iterator[Store]:
    """A second writer on the same file, as another process would be."""
    store = Store(site.services.store.path)
    yield store
    store.close()


def rows(store: Store, sql: str, *values: object) -> list[Any]:
    """What the database holds."""
    with store.read() as db:
        return [tuple(row) for row in db.execute(sql, values)]


def feed_of(store: Store, slug: str = NEWS) -> feeds.Feed:
    with store.read() as db:
        return feeds.get(db, slug)


# The clock


def test_versions_have_no_holes_when_many_write_at_once(site: Site, other: Store) -> None:
    site.write_article("harbour", live=True)
    stores = [site.services.store, other]

    def write(number: int) -> list[int]:
        store = stores[number % 2]
        slug = "harbour" if number % 3 == 0 else NEWS
        made = publishing.publish(store, slug, site.bob, {"body": f"Number {number}"})
        edited = publishing.edit(store, made.id, site.alice, {"body": f"Number {number}, edited"}, None)
        return [made.version, edited.version] if slug == NEWS else []

    with ThreadPoolExecutor(8) as pool:
        answered = [version for each in pool.map(write, range(60)) for version in each]
    assert sorted(answered) == list(range(1, 81)), "each version is given once, and none is left out"
    assert site.versions() == {NEWS: 80, "harbour": 40}
    assert backup.check(other) == []
    assert rows(other, "SELECT count(*), count(DISTINCT tick) FROM feeds") == [(2, 2)]


def test_two_editors_of_one_update_cannot_both_win(site: Site, other: Store) -> None:
    update = site.publish("As both read it")

    def edit(number: int) -> str:
        store = [site.services.store, other][number % 2]
        try:
            return publishing.edit(store, update.id, site.bob, {"body": f"Text {number}"}, 1).body
        except Stale:
            return ""

    with ThreadPoolExecutor(6) as pool:
        won = [body for body in pool.map(edit, range(6)) if body]
    assert len(won) == 1
    assert rows(other, "SELECT body, revision FROM updates") == [(won[0], 2)]


def test_a_refused_write_leaves_no_trace(site: Site) -> None:
    update = site.publish("Pinned", pinned=True)
    dump = dump_of(site.services.store)

    def fails(db: Any) -> None:
        publishing.put(db, NEWS, site.bob, {**given_fields(), "pinned": True}, actor=site.bob)
        raise RuntimeError("in the middle")

    with pytest.raises(RuntimeError, match="in the middle"):
        site.services.store.write(fails)
    assert dump_of(site.services.store) == dump
    assert site.publish("Next").version == update.version + 1


def test_who_publishes_for_somebody_else_is_in_the_log_and_signs_nothing(site: Site) -> None:
    store = site.services.store
    made = store.write(publishing.put, NEWS, site.bob, given_fields(), actor=site.alice)
    edited = {**given_fields(), "body": "y", "html": "<p>y</p>"}
    store.write(publishing.put_edit, made.id, site.bob, edited, made.revision, actor=site.alice)
    assert rows(store, "SELECT byline, editor_id FROM updates") == [("Bob Brown", site.bob.id)]
    assert rows(store, "SELECT DISTINCT byline, editor_id FROM revisions") == [("Bob Brown", site.bob.id)]
    done = rows(store, "SELECT verb, editor_id FROM actions WHERE update_id = ?", made.id)
    assert done == [("publish", site.alice.id), ("edit", site.alice.id)]


def given_fields() -> dict[str, Any]:
    return {"headline": None, "body": "x", "html": "<p>x</p>", "key": False, "pinned": False}


def dump_of(store: Store) -> dict[str, list[Any]]:
    """All that the database holds."""
    tables = rows(store, "SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")
    assert len(tables) > 10
    return {name: rows(store, f"SELECT * FROM {name}") for (name,) in tables}


def test_a_reader_sees_one_moment_and_holds_up_no_writer(site: Site) -> None:
    site.publish("First")
    with site.services.store.read() as db:
        before = feeds.get(db, NEWS)
        site.publish("Second")
        assert feeds.get(db, NEWS) == before
        assert len(updates.newest_first(db, before, None, 9)) == 1
    assert feed_of(site.services.store).version == 2


def test_every_text_an_update_had_is_kept(site: Site) -> None:
    update = site.publish("One", headline="H")
    site.edit(update, body="Two")
    site.edit(update, key=True)
    site.edit(update, headline=None)
    site.retract(update, "wrong")
    kept = rows(site.services.store, "SELECT revision, headline, body FROM revisions ORDER BY revision")
    assert kept == [(1, "H", "One"), (2, "H", "Two"), (3, None, "Two")]


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["publish", "edit", "mark", "pin", "retract", "restore", "doubt", "point", "confirm", "same"]),
        st.integers(0, 5),
    ),
    max_size=12,
)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=STEPS)
def test_what_changed_after_any_version_leads_from_there_to_now(site: Site, steps: list[tuple[str, int]]) -> None:
    """The table is the log: a page of any version that applies what changed since equals a fresh page (invariant 3)."""
    store, render = site.services.store, site.services.render
    start = feed_of(store).version
    pages = {start: page_of(site)}
    made: list[int] = [update_id for (update_id,) in rows(store, "SELECT id FROM updates")][-3:]
    for verb, which in steps:
        before = feed_of(store).version
        play(site, verb, made, which)
        after = feed_of(store).version
        assert after in (before, before + 1), "one write, one version"
        pages[after] = page_of(site)
        assert after > before or pages[after] == pages[before]
    now = feed_of(store)
    for version, page in pages.items():
        with store.read() as db:
            missed = changes.missed(db, site.services.parts, now, version, now.epoch)
        if now.version - version > changes.MOST_CHANGES:
            continue
        assert missed
        caught_up = envelope(render, missed)
        assert (caught_up["after"], caught_up["version"]) == (version, now.version)
        assert all(version < change["version"] <= now.version for change in caught_up["changes"])
        for change in caught_up["changes"]:
            page = {name: html for name, html in page.items() if name != change["id"]}
            page |= {change["id"]: change["html"]} if change["html"] else {}
        assert page == pages[now.version]
    assert backup.check(store) == []


def play(site: Site, verb: str, made: list[int], which: int) -> None:
    if verb == "publish" or not made:
        made.append(site.publish(f"Text {which}", pinned=which == 0, key=which < 3).id)
        return
    update_id = made[which % len(made)]
    given: dict[str, Any] = {
        "edit": {"body": f"Edited {which}"}, "mark": {"key": which % 2 == 0}, "same": {},
        "doubt": {"status": ("unconfirmed", "confirmed", "wrong")[which % 3]},
    }.get(verb, {"pinned": which % 2 == 0})  # fmt: skip
    if verb in ("point", "confirm"):
        point(site, update_id, which, confirm=verb == "confirm")
        return
    try:
        if verb == "retract":
            retracting.retract(site.services.store, update_id, {"notice": which % 2 == 0}, None)
        elif verb == "restore":
            retracting.restore(site.services.store, update_id, site.bob)
        else:
            publishing.edit(site.services.store, update_id, site.bob, given, None)
    except Gone:
        assert verb != "restore"


def point(site: Site, update_id: int, which: int, *, confirm: bool) -> None:
    """Adds a point that rests on that update, or confirms one of those that are there, as far as that is possible."""
    store = site.services.store
    with store.read() as db:
        there = points.of_feed(db, feeds.get(db, NEWS))
    with suppress(Invalid):
        if confirm and there:
            each = there[which % len(there)]
            pointing.confirm(store, NEWS, each.id, each.checking or 0, site.bob)
        else:
            pointing.add(store, NEWS, {"text": f"Known {which}", "updates": [update_id]}, site.bob)


def page_of(site: Site) -> dict[str, str]:
    """A fresh page: all list items and parts by DOM id."""
    with site.services.store.read() as db:
        feed = feeds.get(db, NEWS)
        shown, parts = updates.newest_first(db, feed, None, 10_000), site.services.parts.of_feed(db, feed)
    render = site.services.render
    items = {f"update-{update.id}": str(render.update(update)) for update in shown}
    return items | {f"{name}-{NEWS}": str(render.part(parts, name)) for name in FEED_PARTS}


# The file


def test_the_settings_of_sqlite_hold_on_every_connection(site: Site) -> None:
    with site.services.store.read() as db:
        read = [db.execute(f"PRAGMA {name}").fetchone()[0] for name in ("journal_mode", "synchronous", "foreign_keys")]
    write = site.services.store.write(
        lambda db: [
            db.execute(f"PRAGMA {name}").fetchone()[0] for name in ("journal_mode", "synchronous", "foreign_keys")
        ]
    )
    assert read == write == ["wal", 2, 1], "FULL: a 200 survives a power cut"


def test_a_full_disk_refuses_and_loses_nothing(site: Site) -> None:
    site.publish("Before")
    assert site.charlie.get("/readyz").status_code == 200
    pages = site.services.store.write(lambda db: db.execute("PRAGMA page_count").fetchone()[0])
    site.services.store.write(lambda db: db.execute(f"PRAGMA max_page_count = {pages}").fetchone())
    full = site.api("POST", "/api/v1/feeds/news/updates", {"body": "x" * 20_000})
    assert (full.status_code, full.content_type) == (503, "application/problem+json")
    assert full.headers["Retry-After"]
    assert site.versions()[NEWS] == 1
    site.services.store.write(lambda db: db.execute("PRAGMA max_page_count = 1000000").fetchone())
    assert site.api("POST", "/api/v1/feeds/news/updates", {"body": "x" * 20_000}).status_code == 201
    assert site.versions()[NEWS] == 2


def test_whoever_asks_often_whether_it_is_ready_costs_one_write_a_second(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = 100.0
    monkeypatch.setattr(readiness, "monotonic", lambda: now)
    before = site.services.store.data_version()
    for _ in range(50):
        assert site.charlie.get("/readyz").status_code == 200
    assert site.services.store.data_version() == before + 1, "one commit"
    now += 1
    site.services.store.write(lambda db: db.execute("DROP TABLE probe").rowcount)
    assert site.charlie.get("/readyz").status_code == 503, "a second later it looks again"
    assert "no such table" in site.charlie.get("/readyz").text


def test_a_site_without_its_tables_says_not_now(tmp_path: Path) -> None:
    from app import create_app

    app = create_app({"FEED_DATABASE": str(tmp_path / "feed.db")})
    answers = {
        path: app.test_client().get(path) for path in ("/", "/feeds/news/changes?after=0", "/readyz", "/healthz")
    }
    assert {path: answer.status_code for path, answer in answers.items()} == {
        "/": 503, "/feeds/news/changes?after=0": 503, "/readyz": 503, "/healthz": 200,
    }  # fmt: skip
    app.extensions["liveline"].store.close()


def test_threads_that_come_first_together_share_one_writer_and_take_no_reader_twice(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """This happens under `flask run`, which answers each request on a thread of its own."""
    made: list[int] = []
    real_pool, together = threads.native_pool, Barrier(8)

    def slowly(size: int) -> Executor:
        made.append(size)
        Event().wait(0.05)  # the gap in which a second thread would come
        return real_pool(size)

    monkeypatch.setattr(threads, "native_pool", slowly)
    store = Store(site.services.store.path)

    def write(number: int) -> int:
        together.wait()
        store.write(lambda db: db.execute("UPDATE probe SET at = at").rowcount)
        with store.read() as db:
            return int(db.execute("SELECT ?", [number]).fetchone()[0])

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(write, range(8))) == list(range(8))
    assert made == [1], "two writers would wait for each other's locks"
    store.close()


class Emptied(list[Any]):
    """A list that another thread empties between the check and `pop`."""

    def __bool__(self) -> bool:
        return True


def test_a_reader_that_finds_the_last_connection_taken_opens_its_own(site: Site) -> None:
    site.services.store._idle = Emptied()
    assert rows(site.services.store, "SELECT 1") == [(1,)]


# Backup, restore, check


def test_a_backup_taken_while_editors_write_is_whole(site: Site, tmp_path: Path) -> None:
    over = Event()

    def keep_writing() -> int:
        written = 0
        while not over.is_set():
            update = site.publish(f"Number {written}", pinned=True)
            site.edit(update, body="Edited")
            written += 1
        return written

    with ThreadPoolExecutor(1) as pool:
        writing = pool.submit(keep_writing)
        for number in range(5):
            backup.backup(site.services.store, site.services.settings.media, tmp_path / f"{number}.backup")
        over.set()
        assert writing.result() > 0
    for number in range(5):
        (tmp_path / f"{number}").mkdir()
        archive.extract(tmp_path / f"{number}.backup", tmp_path / f"{number}")
        copy = Store(tmp_path / f"{number}" / archive.DATABASE)
        assert backup.check(copy) == []
        ((version, changed),) = rows(copy, "SELECT version, (SELECT count(*) FROM revisions) FROM feeds")
        assert version == changed, "two versions of one update are two revisions of it"
        copy.close()
    assert not list(tmp_path.glob("*.unfinished"))


def test_a_restore_brings_all_back_and_begins_a_new_history(site: Site, tmp_path: Path) -> None:
    store, media = site.services.store, site.services.settings.media
    picture = pictures.add(store, media, a_png(), {"alt": "A boat"}, None)
    site.write_article("harbour", live=True, picture=picture.id)
    old = site.publish("Before the backup")
    lost_laptop = site.at_desk()
    backup.backup(store, media, tmp_path / "site.backup")
    cursor = feed_of(store)

    site.publish("After the backup")
    site.edit(old, body="Edited after the backup")
    tokens.revoke(store, "bob", "test", actor=None)
    presence.report(store, "some worker", {NEWS: 3})
    for file in media.iterdir():
        file.unlink()
    seen = store.write(lambda db: feeds.last_tick(db))

    backup.restore(store, media, tmp_path / "site.backup")
    now = feed_of(store)
    assert (now.version, now.epoch != cursor.epoch) == (cursor.version, True)
    assert feed_of(store, "harbour").epoch
    with store.read() as db:
        assert [u.body for u in updates.newest_first(db, now, None, 9)] == ["Before the backup"]
        assert [feed.slug for feed in feeds.changed_since(db, seen)], "the tails of running servers notice"
    assert "reload" in site.charlie.get(f"/feeds/news/changes?after={cursor.version}&epoch={cursor.epoch}").text
    with site.charlie.get(f"/pictures/{picture.id}") as served:
        assert served.status_code == 200
    assert lost_laptop.get("/desk/").status_code == 303, "a session of then must not come back to life"
    assert site.api("GET", f"/api/v1/updates/{old.id}").status_code == 401, "nor a token that was revoked since"
    assert site.api("GET", f"/api/v1/updates/{old.id}", who="alice").status_code == 200
    assert rows(store, "SELECT * FROM presence") == []
    assert backup.check(store) == []
    assert site.publish("Life goes on").version == cursor.version + 1


def test_what_was_retracted_since_the_backup_stays_retracted(site: Site, tmp_path: Path) -> None:
    store, media = site.services.store, site.services.settings.media
    site.write_article("harbour", live=True)
    libel = site.publish("A libel", feed="harbour", pinned=True)
    site.publish("Stays", feed="harbour")
    backup.backup(store, media, tmp_path / "site.backup")
    site.retract(libel, "wrong man", notice=True)
    other = site.publish("Another of the same id", feed="harbour")
    backup.backup(store, media, tmp_path / "later.backup")
    backup.restore(store, media, tmp_path / "site.backup")
    assert site.charlie.get(f"/updates/{libel.id}").status_code == 410
    notice = updates_in(site.charlie.get("/articles/harbour").text, "harbour")[f"update-{libel.id}"]
    assert ": wrong man</p>" in notice, "as readers were told"
    again = site.publish("Retracted", feed="harbour")
    assert (again.id, again.published_at != other.published_at) == (other.id, True)
    site.retract(again)
    backup.restore(store, media, tmp_path / "later.backup")

    page = site.charlie.get("/articles/harbour").text
    assert "Stays" in page
    assert "Another of the same id" in page
    assert "libel" not in page
    with store.read() as db:
        feed, gone = feeds.get(db, "harbour"), updates.get_any(db, libel.id)
        assert updates.pinned(db, feed) is None
    assert (gone.version, gone.reason) == (libel.version + 2, "wrong man"), "stamped by the clock, like any change"
    assert backup.check(store) == []


def test_a_restored_update_is_what_it_was_in_an_older_copy_and_no_later_retraction_is_undone(
    site: Site, tmp_path: Path
) -> None:
    """What was done since is undone; only retractions are carried over, each as it was last."""
    store, media = site.services.store, site.services.settings.media
    first, second, third = (site.publish(f"Text {number}") for number in (1, 2, 3))
    for each in (second, third):
        site.retract(each, "told then", notice=True)
    backup.backup(store, media, tmp_path / "site.backup")
    site.retract(first)
    for each in (first, second, third):
        retracting.restore(store, each.id, site.bob)
    site.retract(third, "told to nobody")
    backup.restore(store, media, tmp_path / "site.backup")
    page = site.charlie.get("/feeds/news").text
    assert "Text 1" in page, "retracted and restored since"
    assert "Text 2" not in page, "restored since the backup was made"
    assert page.count("told then") == 1, "the third was retracted again, without telling readers"
    assert backup.check(store) == []


def test_what_people_may_do_no_more_comes_back_with_no_backup(site: Site, tmp_path: Path) -> None:
    store, media = site.services.store, site.services.settings.media
    backup.backup(store, media, tmp_path / "site.backup")
    store.write(lambda db: db.execute("UPDATE editors SET role = 'editor', password_hash = 'new' WHERE name = 'alice'"))
    editors.add(store, "eve", PASSWORD, "editor", actor=None)
    backup.restore(store, media, tmp_path / "site.backup")
    kept = rows(store, "SELECT name, role, password_hash = 'new' FROM editors ORDER BY id")
    assert kept == [("alice", "editor", 1), ("bob", "editor", 0)]


def test_who_did_what_since_the_backup_stays_on_record(site: Site, tmp_path: Path) -> None:
    store, media = site.services.store, site.services.settings.media
    site.write_article("harbour", live=True)
    site.publish("Before", feed="harbour")
    before = rows(store, "SELECT * FROM actions ORDER BY id")
    backup.backup(store, media, tmp_path / "site.backup")
    eve = editors.add(store, "eve", PASSWORD, "editor", "Eve Ellis", actor=site.alice)
    publishing.publish(store, "harbour", eve, {"body": "After"})
    retracting.retract(store, 1, {"reason": "Wrong"}, site.alice)
    writing.create(store, eve, {"headline": "Quay", "slug": "quay", "live": True})
    people.disable(store, "bob", site.alice)

    for _ in range(2):  # what was carried once is carried again, and no twice
        backup.restore(store, media, tmp_path / "site.backup")
        assert rows(store, "SELECT * FROM actions ORDER BY id")[: len(before)] == before
        sql = (
            "SELECT by_name, editor_id, verb, subject, feed_id, update_id, detail FROM actions WHERE id > ? ORDER BY id"
        )
        with store.read() as db:
            kept = [tuple(row) for row in db.execute(sql, [len(before)]).fetchall()]
        assert kept[:5] == [
            ("alice", 1, "add person", "eve", None, None, "editor"),
            ("eve", None, "publish", "update 2 of harbour", 3, None, None),
            ("alice", 1, "retract", "update 1 of harbour", 3, 1, "Wrong"),
            ("eve", None, "create article", "quay", None, None, None),
            ("alice", 1, "disable person", "bob", None, None, None),
        ]
        assert {row[2] for row in kept[5:]} == {"restore backup"}
        assert backup.check(store) == []
    said = site.at_desk("alice").get("/desk/feeds/harbour").text
    assert "<b>eve</b> published" in said
    assert "<b>Command line</b> restored a backup" in said


def test_an_article_taken_back_since_the_backup_stays_a_draft(site: Site, tmp_path: Path) -> None:
    store, media = site.services.store, site.services.settings.media
    for slug in ("harbour", "bridge"):
        site.write_article(slug, live=True)
    site.write_article("secret", draft=True)
    backup.backup(store, media, tmp_path / "site.backup")
    writing.edit(store, "harbour", site.bob, {"draft": True})
    writing.edit(store, "secret", site.bob, {"draft": False})
    backup.restore(store, media, tmp_path / "site.backup")
    paths = ("/articles/harbour", "/feeds/harbour", "/articles/bridge", "/articles/secret")
    assert [site.charlie.get(path).status_code for path in paths] == [404, 404, 200, 404]
    assert "harbour" not in site.charlie.get("/").text
    assert writing.edit(store, "harbour", site.bob, {"draft": False}, 2).revision == 3
    assert backup.check(store) == []


def put_copy(store: Store, path: Path) -> None:
    """Puts a backup there as earlier releases made it: the database alone, which a test can change."""
    live = store.connect()
    live.execute("VACUUM INTO ?", [str(path)])
    live.close()


def test_a_backup_of_a_newer_release_is_refused_with_the_reason(site: Site, tmp_path: Path) -> None:
    store, media = site.services.store, site.services.settings.media
    put_copy(store, tmp_path / "site.backup")
    copy = Store(tmp_path / "site.backup")
    applied = (
        "INSERT INTO _sqlite_migrations (migration_set, name, applied_at) VALUES ('liveline', 'holograms', '2030')"
    )
    copy.write(lambda db: db.execute(applied).rowcount)
    copy.close()
    site.publish("Stays")
    with pytest.raises(backup.NoBackup, match=r"made by a newer release.*holograms.*Install that release"):
        backup.restore(store, media, tmp_path / "site.backup")
    assert site.publish("Life goes on").version == 2


@pytest.mark.parametrize("damage", ["missing", "junk", "empty", "cut", "folder", "other", "foreign", "broken log"])
def test_what_is_no_backup_of_ours_is_refused_and_nothing_changes(site: Site, tmp_path: Path, damage: str) -> None:
    store, media = site.services.store, site.services.settings.media
    site.publish("Stays")
    path = tmp_path / "some.backup"
    if damage in ("cut", "broken log"):
        for _ in range(30):
            site.publish("x" * 5000)
        put_copy(store, path)
    if damage == "cut":
        path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    if damage == "junk":
        path.write_bytes(b"junk" * 5000)
    if damage == "empty":
        path.write_bytes(b"")
    if damage == "folder":
        path.mkdir()
    if damage in ("other", "foreign", "broken log"):
        copy = Store(path)
        harm = {"other": "CREATE TABLE feeds (id)", "foreign": "CREATE TABLE photos (id)"}.get(damage)
        copy.write(lambda db: db.execute(harm or "UPDATE feeds SET version = 1"))
        copy.close()
    before = dump_of(store)
    with pytest.raises(backup.NoBackup, match=r"\w"):
        backup.restore(store, media, path)
    assert dump_of(store) == before


@pytest.mark.parametrize(
    ("harm", "sentence"),
    [
        ("UPDATE feeds SET version = 1", "feed news is behind its own updates"),
        ("DELETE FROM revisions WHERE update_id = 2", "update 2 lacks a revision"),
        ("UPDATE updates SET pinned = 1", "feed 1 has several pinned updates"),
        ("DELETE FROM search WHERE rowid = 2", "the search is not in step with update 2"),
        ("UPDATE search SET revision = 2 WHERE rowid = 2", "the search is not in step with update 2"),
        ("INSERT INTO search (rowid, text) VALUES (9, 'x')", "the search is not in step with update 9"),
        ("UPDATE updates SET notice = 1 WHERE id = 2", "update 2 has a notice, and was not retracted"),
    ],
)
def test_check_notices_a_broken_promise(site: Site, harm: str, sentence: str) -> None:
    for number in range(3):
        site.publish(f"Number {number}")
    assert backup.check(site.services.store) == []
    site.services.store.write(lambda db: db.execute(harm))
    assert backup.check(site.services.store) == [sentence]


def test_check_notices_a_row_that_points_nowhere(site: Site) -> None:
    site.publish("Here")
    db = site.services.store.connect()
    db.execute("PRAGMA foreign_keys = OFF")
    db.execute("UPDATE revisions SET update_id = 99")
    db.close()
    assert [problem for problem in backup.check(site.services.store) if problem.endswith("of revisions points nowhere")]


# What ends by itself


def test_a_worker_that_is_gone_has_no_readers(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    store = site.services.store
    presence.report(store, "one", {NEWS: 2, "x": 1})
    presence.report(store, "two", {NEWS: 3})
    presence.report(store, "two", {NEWS: 5})
    with store.read() as db:
        assert presence.readers(db) == {NEWS: 7, "x": 1}
    real_after = times.after
    monkeypatch.setattr(times, "after", lambda seconds: real_after(seconds + workers.FRESH_SECONDS + 1))
    with store.read() as db:
        assert presence.readers(db) == {}


def test_a_key_is_remembered_for_a_day(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    first = publishing.publish(site.services.store, NEWS, site.bob, {"body": "x"}, "key")
    real_after = times.after
    monkeypatch.setattr(times, "after", lambda seconds: real_after(seconds + idempotency.REMEMBERED_SECONDS - 60))
    assert publishing.publish(site.services.store, NEWS, site.bob, {"body": "x"}, "key").id == first.id
    monkeypatch.setattr(times, "after", lambda seconds: real_after(seconds + idempotency.REMEMBERED_SECONDS + 60))
    assert publishing.publish(site.services.store, NEWS, site.bob, {"body": "x"}, "key").id != first.id


def test_the_key_of_a_release_before_gives_the_same_update(site: Site) -> None:
    """Stored digests must go on matching: with fields that came later left out, and under the feed's first address."""
    made = "62641c65b3c3f9691a17e35a87254fddf0cb7883f05f635be108e7731aee3ff2"  # as releases before made it
    cleaned = {"headline": None, "body": "x", "language": None, "key": False, "pinned": False, "published_at": None}
    cleaned |= {"status": None, "source": None}
    assert idempotency.claim("key", NEWS, cleaned).digest == made
    with_language = {**cleaned, "language": "uk"}
    assert idempotency.claim("key", NEWS, with_language).digest != made


def test_old_sessions_and_tries_are_swept_away(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    store, key = site.services.store, site.services.settings.secret_key
    signing_in.by_password(store, key, "bob", "wrong", sessions.Visit("10.0.0.1", ""))
    store.write(sessions.begin_in, key, "token", site.bob.id, sessions.Visit("127.0.0.1", "old browser"), None)
    late = times.after(sessions.SESSION_SECONDS + 60)
    monkeypatch.setattr(times, "now", lambda: late)
    monkeypatch.setattr(times, "after", lambda seconds: late)
    assert signing_in.by_password(store, key, "bob", PASSWORD, sessions.Visit("10.0.0.1", "new browser"))
    assert rows(store, "SELECT device FROM sessions") == [("new browser",)]
    assert rows(store, "SELECT count(*) FROM attempts") == [(0,)]


def test_an_article_keeps_its_revisions(site: Site) -> None:
    site.write_article("harbour", body="One")
    writing.edit(site.services.store, "harbour", site.bob, {"body": "Two"}, 1)
    kept = rows(
        site.services.store, "SELECT revision, json_extract(fields, '$.body') FROM article_revisions ORDER BY 1"
    )
    assert kept == [(1, "One"), (2, "Two")]


def test_what_is_written_is_made_known_before_the_commit_and_nobody_else_sees_it_yet(site: Site, other: Store) -> None:
    store, seen = site.services.store, list[tuple[object, int]]()
    store.before_commit = lambda made: seen.append((made, feed_of(other).version))
    published = publishing.publish(store, NEWS, site.bob, {"body": "Soon"})
    assert seen == [(published, published.version - 1)]
    assert feed_of(other).version == published.version


def test_a_commit_is_under_way_until_its_caller_knows_how_it_ended(site: Site) -> None:
    store = site.services.store
    site.publish("This opens the connection that writes")
    assert store._write_connection
    under_way = dict[str, int]()
    store._write_connection.conn.set_trace_callback(lambda sql: under_way.update({sql: len(store.committing)}))
    store.on_commit = lambda: under_way.update(told=len(store.committing))
    site.publish("So that the tail may wait")
    assert (under_way["BEGIN IMMEDIATE"], under_way["COMMIT"], under_way["told"]) == (0, 1, 0)

    def fail(db: Any) -> None:
        raise Stale(None)

    with pytest.raises(Stale):
        store.write(fail)
    assert not store.committing
