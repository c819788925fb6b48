"""The log: every change has an entry, the chain tells when any of it was changed, and a restore keeps it."""

import csv
import io
import json
import re
from pathlib import Path
from typing import Any

import pytest

from feed.render import log_csv
from feed.store import backup, editors, invitations, log, log_entries, people, publishing, tokens, writing
from feed.store.database import IntegrityError, Store
from feed.store.verbs import WORDS, Verb
from tests.conftest import FROM_HERE, PASSWORD, Site, site_in


def entries(site: Site) -> list[dict[str, Any]]:
    """All entries, each with its texts as `said`."""
    with site.services.store.read() as db:
        sql = "SELECT log.*, text FROM log LEFT JOIN log_texts ON entry = log.id ORDER BY log.id"
        rows = [dict(row) for row in db.execute(sql)]
    return [{**row, "said": json.loads(row["text"]) if row["text"] else {}} for row in rows]


def problems(site: Site) -> list[str]:
    """What is wrong with the log."""
    with site.services.store.read() as db:
        return log.check(db)


def behind_its_back(site: Site, sql: str, number: int) -> None:
    """Changes the database as somebody does who has the file, and who drops what is in the way."""
    db = site.services.store.connect()
    made = [row[0] for row in db.execute("SELECT sql FROM sqlite_master WHERE type = 'trigger' AND name LIKE 'log%'")]
    for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'trigger' AND name LIKE 'log%'").fetchall():
        db.execute(f"DROP TRIGGER {name}")
    for each in sql.split(";"):
        db.execute(each, {"n": number})
    for each in made:
        db.execute(each)
    db.close()


def command(site: Site, *words: str, code: int = 0) -> str:
    """What a command printed."""
    done = site.app.test_cli_runner().invoke(args=words)
    assert done.exit_code == code, done.output
    return done.output


def test_every_verb_has_words_for_the_log() -> None:
    reading = {Verb.READ_DRAFT, Verb.READ_LOG}  # which changes nothing
    assert set(Verb) - WORDS.keys() == reading


# Who, when, from where, by which door, before and after


def test_an_entry_says_who_when_from_where_by_which_door_before_and_after(site: Site) -> None:
    site.write_article("harbour", live=True)
    begins = len(entries(site))
    there = {"environ_base": {"REMOTE_ADDR": "203.0.113.9"}, "headers": FROM_HERE}
    bob = site.at_desk("bob")
    bob.post("/desk/feeds/harbour/updates", data={"body": "Twelve hurt", "key": "1"}, **there)
    bob.post("/desk/updates/1", data={"body": "Nine hurt", "note": "Counted twice", "revision": "1"}, **there)
    site.api("PATCH", "/api/v1/updates/1", {"pinned": True, "revision": 2}, who="alice")
    bob.post("/desk/updates/1/retraction", data={"reason": "All wrong"}, **there)
    site.retract(site.publish("By a command"))
    signed_in, published, edited, marked, retracted, _, by_command = entries(site)[begins:]
    assert (signed_in["verb"], signed_in["who"], signed_in["door"]) == ("sign in", "bob", "desk")
    whence = ("who", "door", "network", "token", "account", "feed", "update_id")
    assert [published[each] for each in whence] == ["bob", "desk", "203.0.113.9", None, None, "harbour", 1]
    assert published["said"] == {"after": {"body": "Twelve hurt", "key": True}}
    assert published["at"] < edited["at"] < retracted["at"]
    assert edited["said"] == {
        "before": {"body": "Twelve hurt", "note": None},
        "after": {"body": "Nine hurt", "note": "Counted twice"},
    }
    assert [marked[each] for each in whence[:4]] == ["alice", "api", "127.0.0.1", "test"]
    assert marked["said"] == {"before": {"pinned": False}, "after": {"pinned": True}}
    assert retracted["said"] == {"after": {"reason": "All wrong"}}
    assert (by_command["who"], by_command["door"], by_command["account"]) == (None, "command line", log.account())


def test_changes_of_articles_pictures_and_people_are_told_and_no_secret_is(site: Site) -> None:
    store, key = site.services.store, site.services.settings.secret_key
    site.write_article("harbour", headline="The harbour")
    writing.edit(store, "harbour", site.bob, {"headline": "The port", "slug": "port"})
    editors.change_profile(store, site.bob.id, {"job": "Reporter"}, site.bob)
    token = tokens.add(store, "bob", "mobile", 30, actor=None)
    people.set_password(store, "bob", "another horse battery", site.alice)
    people.disable(store, "bob", site.alice)
    told = {each["verb"]: each for each in entries(site)}
    assert told["create article"]["said"]["after"]["headline"] == "The harbour"
    assert told["edit article"]["said"]["before"] == {"slug": "harbour", "headline": "The harbour"}
    assert told["edit article"]["article"] == "port"
    assert told["change profile"]["said"] == {"before": {"job": None}, "after": {"job": "Reporter"}}
    assert told["add token"]["subject"] == "bob"
    assert told["add token"]["said"]["after"]["token"] == "mobile"
    assert told["set password"]["said"] == told["disable person"]["said"] == {}
    everything = json.dumps(entries(site))
    assert token not in everything
    assert "argon2" not in everything
    assert PASSWORD not in everything
    assert key.hex() not in everything


def test_the_first_editor_comes_by_the_desk(tmp_path: Path) -> None:
    with site_in(tmp_path) as site:
        site.services.store.write(lambda db: db.execute("UPDATE editors SET password_hash = ''"))
        link = f"/desk/first/{invitations.invite_first(site.services.store)}"
        form = {"name": "dora", "password": "correct horse battery", "display_name": "Dora"}
        assert site.charlie.post(link, data=form, headers=FROM_HERE).status_code == 303
        added, signed_in = entries(site)[-2:]
        assert (added["verb"], added["subject"], added["who"], added["door"]) == (
            "accept invitation",
            "dora",
            "dora",
            "desk",
        )
        assert (signed_in["verb"], signed_in["who"]) == ("sign in", "dora")


def test_refused_sign_ins_are_told_of_known_names_and_do_not_fill_the_log(site: Site) -> None:
    for name in ("bob", "bob", "my secret password", "bob"):
        data = {"name": name, "password": "wrong horse battery"}
        assert site.charlie.post("/desk/sign-in", data=data, headers=FROM_HERE).status_code == 403
    bob = site.at_desk("bob")
    bob.post("/desk/sign-out", headers=FROM_HERE)
    told = [(each["verb"], each["who"], each["subject"]) for each in entries(site)[-3:]]
    assert told == [("refuse sign-in", None, "bob"), ("sign in", "bob", None), ("sign out", "bob", None)]
    assert [each["verb"] for each in entries(site)].count("refuse sign-in") == 1
    # Nor do those of somebody who sits in front of an open browser.
    bob = site.at_desk("bob")
    for _ in range(2):
        bob.post("/desk/account/confirm", data={"current": "wrong horse battery"}, headers=FROM_HERE)
        bob.post("/desk/password", data={"current": "wrong", "password": "another horse battery"}, headers=FROM_HERE)
    assert [each["verb"] for each in entries(site)].count("refuse sign-in") == 2
    assert problems(site) == []


# The chain


def test_the_log_can_only_be_added_to(site: Site) -> None:
    site.publish("One")
    db = site.services.store.connect()
    for sql in (
        "UPDATE log SET who = 'eve'", "DELETE FROM log", "UPDATE log_texts SET text = '{}'", "DELETE FROM log_texts",
        "INSERT OR REPLACE INTO log SELECT * FROM log", "INSERT OR REPLACE INTO log_texts SELECT * FROM log_texts",
        "UPDATE OR REPLACE log SET id = id + 1",
    ):  # fmt: skip
        with pytest.raises(IntegrityError, match="the log"):
            db.execute(sql)
    db.close()
    assert problems(site) == []


COLUMNS = (
    "at", "who", "account", "door", "network", "token", "verb", "subject", "feed", "article", "texts", "digest"
)  # fmt: skip
BROKEN = {
    **{column: f"UPDATE log SET {column} = coalesce({column}, '') || 'x' WHERE id = :n" for column in COLUMNS},
    "update": "UPDATE log SET update_id = 77 WHERE id = :n",
    "version": "UPDATE log SET version = 77 WHERE id = :n",
    "a row less": "DELETE FROM log WHERE id = :n",
    "a row less, and no gap": "DELETE FROM log WHERE id = :n; DELETE FROM log_texts WHERE entry = :n; "
    "UPDATE log SET id = :n WHERE id = :n + 1; UPDATE log_texts SET entry = :n WHERE entry = :n + 1;"
    "UPDATE log SET id = :n + 1 WHERE id = :n + 2; UPDATE log_texts SET entry = :n + 1 WHERE entry = :n + 2",
    "two rows swapped": "UPDATE log SET id = -1 WHERE id = :n; UPDATE log SET id = :n WHERE id = :n + 1; "
    "UPDATE log SET id = :n + 1 WHERE id = -1",
    "a text": "UPDATE log_texts SET text = replace(text, 'Three', 'Four') WHERE entry = :n",
    "a salt": "UPDATE log_texts SET salt = 'x' WHERE entry = :n",
    "a text less": "DELETE FROM log_texts WHERE entry = :n",
    "a text more": "INSERT INTO log_texts SELECT id, '', '{}' FROM log WHERE id = :n AND texts IS NULL",
}


@pytest.mark.parametrize("how", BROKEN)
def test_a_chain_that_is_broken_is_found_and_the_entry_named(site: Site, how: str) -> None:
    update = site.publish("Two")
    site.publish("One")
    if how == "a text more":
        site.retract(update)
    else:
        site.publish("Three")
    broken = len(entries(site))
    site.publish("Four")
    site.publish("Five")
    assert problems(site) == []
    behind_its_back(site, BROKEN[how], broken)
    assert f"entry {broken} of the log" in problems(site)[0]
    assert backup.check(site.services.store) == [], "a backup with such a log can be restored"


def test_an_end_that_was_cut_off_is_found(site: Site) -> None:
    site.publish("One")
    site.publish("Two")
    noted = re.search(r"the log ends at (\S+)", command(site, "db", "check"))
    last = len(entries(site))
    assert noted
    assert noted[1].startswith(f"{last}:")
    behind_its_back(site, "DELETE FROM log WHERE id = :n", last)
    ends, texts = problems(site)
    assert ends == f"entry {last} of the log is missing: it ends there, and should have {last} entries"
    assert f"texts of an entry {last}" in texts
    # Whoever makes the end fit as well is found by what was noted elsewhere.
    head = "UPDATE log_head SET entries = :n - 1, digest = (SELECT digest FROM log WHERE id = :n - 1)"
    behind_its_back(site, f"DELETE FROM log_texts WHERE entry = :n; {head}", last)
    assert problems(site) == []
    assert command(site, "db", "check").startswith("all is well")
    assert f"no entry {noted[1]}" in command(site, "db", "check", "--head", noted[1], code=1)
    site.publish("Three")
    assert f"no entry {noted[1]}" in command(site, "db", "check", "--head", noted[1], code=1)
    now = re.search(r"the log ends at (\S+)", command(site, "db", "check"))
    assert now
    site.publish("Four")
    assert command(site, "db", "check", "--head", now[1]).startswith("all is well")


def test_a_trigger_that_was_dropped_is_named(site: Site) -> None:
    site.services.store.write(lambda db: db.execute("DROP TRIGGER log_is_never_shortened"))
    assert problems(site) == ["the trigger log_is_never_shortened, which protects the log, is missing"]


def test_the_digest_of_a_text_does_not_tell_what_it_was(site: Site) -> None:
    site.publish("Yes")
    site.publish("Yes")
    one, other = entries(site)[-2:]
    assert one["said"] == other["said"]
    assert one["texts"] != other["texts"]


# What the release before writes, restores, repairs, other workers


def _as_the_release_before(db: Any) -> None:
    row = "'2026-07-26T12:00:00.000Z', 2, 'retract', 1, 1, 'Wrong'"
    db.execute(f"INSERT INTO actions (at, editor_id, verb, feed_id, update_id, detail) VALUES ({row})")


def test_what_the_release_before_wrote_is_taken_in_by_the_next_writer(site: Site) -> None:
    site.publish("One")
    site.services.store.write(_as_the_release_before)
    site.services.store.write(_as_the_release_before)
    assert problems(site) == []
    site.publish("Two")
    first, second, own = entries(site)[-3:]
    assert (first["who"], first["verb"], first["feed"], first["door"]) == ("bob", "retract", "news", None)
    assert first["said"] == second["said"] == {"after": {"detail": "Wrong"}}
    assert own["said"]["after"]["body"] == "Two"
    assert problems(site) == []


def test_the_log_survives_a_restore_whole(site: Site, tmp_path: Path) -> None:
    site.publish("Before")
    site.services.store.write(_as_the_release_before)
    command(site, "db", "backup", str(tmp_path / "copy"))
    site.retract(site.publish("After"))
    tokens.revoke(site.services.store, "bob", actor=site.alice)
    before = entries(site)
    command(site, "db", "restore", str(tmp_path / "copy"))
    after = entries(site)
    assert after[: len(before)] == before, "not one entry is lost, changed or told twice"
    assert [each["verb"] for each in after[len(before) :]] == ["restore backup"]
    assert after[-1]["said"]["after"]["log_before"].startswith(f"{len(before)}:")
    command(site, "db", "restore", str(tmp_path / "copy"))
    assert entries(site)[: len(after)] == after
    command(site, "db", "repair")
    command(site, "db", "adopt")
    command(site, "db", "rerender")
    assert [each["verb"] for each in entries(site)[-3:]] == ["repair database", "adopt database", "render anew"]
    assert command(site, "db", "check").startswith("all is well")


def test_a_restore_of_another_site_keeps_both_logs(site: Site, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    with site_in(tmp_path / "other") as other:
        other.publish("Elsewhere")
        other.services.store.write(_as_the_release_before)
        there = entries(other)
        backup.backup(other.services.store, other.services.settings.media, tmp_path / "copy")
    site.publish("Here")
    here = entries(site)
    command(site, "db", "restore", str(tmp_path / "copy"))
    told = entries(site)
    assert told[: len(there)] == there
    said = [(each["at"], each["verb"], each["said"]) for each in told[len(there) :]]
    assert said[0][1] == "retract", "what the release before wrote there"
    # What both sites were made from has its entries once.
    assert said[1:-1] == [(each["at"], each["verb"], each["said"]) for each in here if each not in there]
    assert len(said) == 3
    assert problems(site) == []


def test_two_workers_make_one_chain(site: Site) -> None:
    other = Store(site.services.store.path)
    for number in range(5):
        publishing.publish(other, "news", site.alice, {"body": f"Other {number}"})
        site.publish(f"Own {number}")
    other.close()
    assert problems(site) == []
    assert len({each["digest"] for each in entries(site)}) == len(entries(site))


# The page and the file


def _logged_site(site: Site) -> None:
    site.write_article("harbour", live=True)
    there = {"environ_base": {"REMOTE_ADDR": "203.0.113.9"}, "headers": FROM_HERE}
    bob = site.at_desk("bob")
    bob.post("/desk/feeds/harbour/updates", data={"body": "Twelve <b>hurt</b> at the Café"}, **there)
    bob.post("/desk/updates/1", data={"body": "Nine hurt at the Café", "revision": "1"}, **there)
    site.api("POST", "/api/v1/feeds/news/updates", {"body": "=HYPERLINK(1)", "headline": "@here"}, who="alice")


def test_admins_alone_read_the_log(site: Site) -> None:
    for path in ("/desk/log", "/desk/log.csv"):
        refused = site.at_desk("bob").get(path)
        assert refused.status_code == 403
        assert "Only an admin may read the log." in refused.text
    assert 'href="/desk/log"' not in site.at_desk("bob").get("/desk/").text
    assert 'href="/desk/log"' in site.at_desk("alice").get("/desk/").text
    assert site.charlie.get("/desk/log").status_code == 303


FOUND = {
    "q=cafe": ["edit", "publish"], "q=nine": ["edit"], "q=nowhere": [], "door=api": ["publish", "create article"],
    "who=bob": ["edit", "publish", "sign in", "create article"], "feed=harbour&who=bob&verb=edit": ["edit"],
    "verb=sign+in": ["sign in", "sign in"], "until=2020-01-01": [], "since=2020-01-01&q=hyperlink": ["publish"],
    "q=203.0.113.9": ["edit", "publish"], "verb=sign+in&who=alice": ["sign in"],
}  # fmt: skip


def test_the_log_is_filtered_and_searched_on_the_page_and_in_the_file(site: Site) -> None:
    alice = site.at_desk("alice")
    _logged_site(site)
    for asked, verbs in FOUND.items():
        page, file = alice.get(f"/desk/log?{asked}").text, alice.get(f"/desk/log.csv?{asked}")
        lines = list(csv.DictReader(io.StringIO(file.text.removeprefix("\ufeff"))))
        assert [each["verb"] for each in lines] == verbs, asked
        assert re.findall(r'id="entry-(\d+)"', page) == [each["id"] for each in lines], asked
    page = alice.get("/desk/log").text
    assert "<del>" in page
    assert "Twelve &lt;b&gt;hurt&lt;/b&gt;" in page
    assert alice.get("/desk/log?since=yesterday").status_code == 400
    assert alice.get("/desk/log?before=x").status_code == 400


def test_the_log_is_paged_and_a_search_goes_on_where_it_stopped(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log_entries, "BATCH", 4)
    monkeypatch.setattr(log_entries, "MOST_LOOKED", 2)
    site.publish("The needle")
    for _ in range(2 * 4 + 1):
        site.publish("Hay")
    found, older, pages = [], None, 0
    while pages == 0 or older:
        sought = log_entries.Sought(words="needle")
        page = log_entries.page(site.services.store, site.alice, sought, older, 50)
        found, older, pages = found + page.entries, page.older, pages + 1
    assert (len(found), pages) == (1, 2)
    everything, before = [], None
    while before or not everything:
        page = log_entries.page(site.services.store, site.alice, log_entries.Sought(), before, 3)
        everything, before = everything + [each.id for each in page.entries], page.older
    assert everything == [each["id"] for each in reversed(entries(site))]


def test_no_cell_of_the_file_is_a_formula(site: Site) -> None:
    token = tokens.add(site.services.store, "bob", "=cmd|' /C calc'!A0", actor=None)
    sent = {"Authorization": f"Bearer {token}"}
    site.charlie.post("/api/v1/feeds/news/updates", json={"body": "=1+1", "headline": "@here"}, headers=sent)
    (line,) = csv.DictReader(io.StringIO(site.at_desk("alice").get("/desk/log.csv?door=api").text))
    assert line["token"] == "'=cmd|' /C calc'!A0"
    assert json.loads(line["after"]) == {"headline": "@here", "body": "=1+1"}
    for begins in ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠"):
        assert log_csv.harmless(f"{begins}1") == f"'{begins}1"
    assert command(site, "log", "export", "--door", "api").splitlines()[1:] == [
        ",".join(f'"{each}"' for each in (*[value.replace('"', '""') for value in line.values()],))
    ]
