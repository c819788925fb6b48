"""The search finds the words of public updates and nothing else, and takes any input as words."""

from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from feed.store import backup, feeds, migrations, search, updates
from feed.store.search import Holding
from feed.words import of
from tests.conftest import Site
from tests.pages import element, elements
from tests.reader import updates_in


def found(site: Site, words: str, feed: str = "news") -> list[int]:
    """The ids of what a reader finds, from the top."""
    page = site.charlie.get(f"/feeds/{feed}", query_string={"q": words})
    assert page.status_code == 200
    return [int(name.removeprefix("update-")) for name in updates_in(page.text, feed)]


def test_words_are_found_in_headline_and_text_whatever_their_case_and_accents(site: Site) -> None:
    one = site.publish("Das **Café** an der Brücke\n\n- öffnet [wieder](/x)", headline="Don't panic: 3.5 % more")
    site.publish("Something else")
    for words in ("cafe", "CAFÉ", "brücke", "brucke", "wieder öffnet", "panic don't", "3.5",
                  "don’t", "cafe panic", " café\n", "(cafe)", '"cafe"', "cafe*", "öffnet"):  # fmt: skip
        assert found(site, words) == [one.id], words
    for words in ("caf", "cafe else", "href", "x wieder", "bruecke", "**", "-"):
        assert found(site, words) == [], words


@pytest.mark.parametrize(("body", "words"), [
    ("Пожежа в порту", "порту"), ("حريق في الميناء", "الميناء"), ("बंदरगाह में आग", "बंदरगाह"), ("Λιμάνι", "ΛΙΜΆΝΙ"),
    ("cafe\u0301 society", "café"), ("x" * 150, "x" * 150),
])  # fmt: skip
def test_words_of_other_scripts_are_found(site: Site, body: str, words: str) -> None:
    one = site.publish(body)
    site.publish("Something else")
    assert found(site, words) == [one.id]


def test_a_word_of_hindi_is_not_found_by_its_consonants(site: Site) -> None:
    site.publish("बंदरगाह")
    assert found(site, "बद") == []


def test_the_newest_is_found_first_and_of_its_own_feed_alone(site: Site) -> None:
    site.write_article("harbour", live=True)
    news = [site.publish(f"Fire {number}").id for number in range(3)]
    harbour = site.publish("Fire", feed="harbour").id
    assert found(site, "fire") == news[::-1]
    assert found(site, "fire", "harbour") == [harbour]
    assert found(site, str(harbour), "harbour") == [], "the mark of a feed is no word"


@pytest.mark.parametrize("notice", [False, True])
def test_an_edit_replaces_and_a_retraction_ends_what_is_found(site: Site, notice: bool) -> None:
    one = site.publish("The wrong word", headline="A wrong head")
    site.edit(one, body="The right word")
    assert (found(site, "wrong"), found(site, "right")) == ([one.id], [one.id])
    site.edit(one, headline="A good head")
    site.edit(one, key=True)
    assert (found(site, "wrong"), found(site, "good right")) == ([], [one.id])
    site.retract(one, "The right reason", notice=notice)
    for words in ("wrong", "right", "good", "word", "reason"):
        assert found(site, words) == []
    assert backup.check(site.services.store) == []


def test_a_draft_is_not_found(site: Site) -> None:
    site.write_article("secret", draft=True, live=True)
    site.publish("Secret word", feed="secret")
    assert found(site, "secret") == []
    answer = site.charlie.get("/feeds/secret?q=secret")
    assert (answer.status_code, answer.data) == (404, site.charlie.get("/feeds/nothing?q=secret").data)
    site.api("PATCH", "/api/v1/articles/secret", {"draft": False})
    assert len(found(site, "secret", "secret")) == 1


def test_what_is_found_stays_live_and_nothing_else_comes_in(site: Site) -> None:
    site.publish("Fire")
    page = site.charlie.get("/feeds/news?q=fire").text
    assert element(page, "live-feed").get("shows") == "found"
    assert "key-events-news" not in page
    assert elements(page, "meta", name="robots", content="noindex")
    assert "Nothing was found." in site.charlie.get("/feeds/news?q=flood").text


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(words=st.text(max_size=60) | st.text(alphabet='"*()^:-+{}NEAR AND OR NOTfeedtext', max_size=40))
@example(words='" OR feed:1')
@example(words="\x00")
@example(words="\ud800")
@example(words="a " * 500)
@example(words="headline : fire NEAR(")
@example(words="ÌN")
def test_no_input_is_an_error_nor_finds_what_it_does_not_hold(site: Site, words: str) -> None:
    if site.versions()["news"] == 0:
        site.publish("Fire in the harbour")
    with site.services.store.read() as db:
        feed = feeds.get(db, "news")
        every = updates.newest_first(db, feed, None, 9, Holding(words))
        assert every == updates.oldest_first(db, feed, None, 9, Holding(words))
    if every:
        compared = {word for typed in words[: search.LONGEST].split()[: search.MOST_WORDS] for word in of(typed)}
        assert compared <= {"fire", "in", "the", "harbour"}


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=st.text(min_size=1, max_size=40))
def test_every_word_that_can_be_published_can_be_found(site: Site, text: str) -> None:
    answer = site.api("POST", "/api/v1/feeds/news/updates", {"body": "Known words", "headline": text})
    if answer.status_code != 201:
        return
    made = answer.get_json()
    for word in (made["headline"] or "").split()[:3]:
        if search._phrases(word):
            assert made["id"] in found(site, word), word
    site.api("DELETE", f"/api/v1/updates/{made['id']}")


def test_a_common_word_costs_no_more_than_a_rare_one(site: Site) -> None:
    """FTS5 walks in the order that is asked for, and stops: no sorting of everything that was found."""
    site.publish("Fire")
    with site.services.store.read() as db:
        asked: list[str] = []
        db.conn.set_trace_callback(asked.append)
        updates.newest_first(db, feeds.get(db, "news"), updates.Place("2026", 7), 20, Holding("fire"))
        db.conn.set_trace_callback(None)
        sql = next(each for each in asked if "MATCH" in each)
        plan: list[Any] = [row["detail"] for row in db.execute(f"EXPLAIN QUERY PLAN {sql}")]
    assert not [step for step in plan if "TEMP B-TREE" in step], plan


def test_what_was_searched_for_stands_in_the_form_and_the_title(site: Site) -> None:
    page = site.charlie.get("/feeds/news", query_string={"q": '  <i>"fire"   & more '}).text
    assert element(page, "input", name="q", type="search").get("value") == '<i>"fire" & more'
    assert "<title>“&lt;i&gt;&#34;fire&#34; &amp; more” – News Feed – Liveline</title>" in page


APOSTROPHES = ("'", "’", "ʼ", "‘", "＇")


@pytest.mark.parametrize(("body", "asked"), [
    *[(f"п{one}ять п{one}ятниць", f"п{two}ять") for one in APOSTROPHES for two in APOSTROPHES],
    *[(f"Kyiv{one}s port", "kyiv") for one in APOSTROPHES],
    *[(f"Kyiv{one}s port", f"kyiv{two}s") for one in APOSTROPHES for two in APOSTROPHES],
    ("har\u00adbour", "harbour"), ("harbour", "har\u00adbour"), ("har\u200bbour \u200eport", "harbour port"),
    ("har\u2060bour", "har\ufeffbour"), ("می\u200cخواهم", "میخواهم"), ("harbour\ufe0f", "harbour"),
    ("STRASSE", "Straße"), ("Łódź", "lodz"), ("smørrebrød", "SMORREBROD"), ("İstanbul", "istanbul"),
    ("ISTANBUL", "ıstanbul"), ("œuvre", "oeuvre"), ("ﬁre", "fire"), ("ｆｉｒｅ", "fire"), ("naïve", "naive"),
    ("Đà Nẵng", "da nang"), ("Αθήνα", "ΑΘΗΝΑ"), ("ΟΔΟΣ", "οδος"), ("ёлка", "елка"), ("за\u0301мок", "замок"),
    ("كِتَاب", "كتاب"), ("أحمد", "احمد"), ("کتاب", "كتاب"), ("שָׁלוֹם", "שלום"), ("١٢٣", "123"), ("cafe\u0301", "CAFÉ"),
    ("東京都知事選挙が始まる", "都知事"), ("東京都知事選挙が始まる", "選"), ("東京タワーで火事", "タワー"),
    ("ﾀﾜｰ", "タワー"), ("北京今天下雨了", "下雨"), ("ประเทศไทยมีฝนตกหนัก", "ฝนตก"), ("서울에서 화재가 발생했다", "서울"),
    ("ភ្នំពេញជារាជធានី", "រាជធានី"), ("ရန်ကုန်မြို့", "မြို့"),
    ("G7サミット2026年開催", "サミット"), ("G7サミット2026年開催", "2026"), ("2026年開催", "2026年"),
])  # fmt: skip
def test_what_readers_take_for_the_same_word_is_found(site: Site, body: str, asked: str) -> None:
    one = site.publish("Something else", headline=body)
    two = site.publish(f"In a sentence: {body}, and on.")
    site.publish("Something else")
    assert found(site, asked) == [two.id, one.id]


@pytest.mark.parametrize(("body", "asked"), [
    ("їжак", "іжак"), ("йод", "иод"), ("ґанок", "ганок"), ("北京今天下雨", "雨下"),
    ("ประเทศไทย", "ไทยประเทศ"), ("บาน", "บน"),
    ("п ять", "пять"), ("harbour", "harb"),
])  # fmt: skip
def test_what_is_another_word_is_not_found(site: Site, body: str, asked: str) -> None:
    site.publish(body)
    assert found(site, body)
    assert found(site, asked) == []


def test_what_was_there_before_the_upgrade_is_found_and_the_release_before_finds_all(site: Site) -> None:
    """The migration fills the index; the one before is kept in step for as long as that release may return."""
    one = site.publish("東京都知事選挙")
    site.services.store.write(lambda db: db.executescript(
        "DROP TABLE words; DROP TRIGGER words_of_retracted; "
        "DELETE FROM _sqlite_migrations WHERE name = 'words_of_updates'"
    ))  # fmt: skip
    assert migrations.upgrade(site.services.store) == ["words_of_updates"]
    assert found(site, "知事") == [one.id]
    assert backup.check(site.services.store) == []
    two = site.publish("Fire")
    with site.services.store.read() as db:
        assert [row[0] for row in db.execute("SELECT rowid FROM search WHERE search MATCH 'fire'")] == [two.id]
    site.retract(two)
    with site.services.store.read() as db:
        assert not db.execute("SELECT 1 FROM words WHERE rowid = ?", [two.id]).fetchone()
        assert not db.execute("SELECT 1 FROM search WHERE rowid = ?", [two.id]).fetchone()
    site.services.store.write(lambda db: db.execute("DELETE FROM words").rowcount)
    assert backup.check(site.services.store) == [f"the search is not in step with update {one.id}"]
