"""Feeds for feed readers, checked against RFC 4287, RFC 6721, RSS 2.0 and JSON Feed 1.1, with any Unicode, and without
retracted updates and drafts."""

import json
import re
import threading
from collections.abc import Callable
from datetime import datetime
from email.utils import parsedate_to_datetime
from html import unescape
from typing import Any
from urllib.parse import urlsplit
from xml.etree import ElementTree

import feedparser
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from werkzeug.http import http_date
from werkzeug.test import TestResponse

from feed import text
from feed.errors import Invalid
from feed.render import entries
from feed.render.entries import LISTED
from feed.store import backup, coverage, feeds, retracting, updates, writing
from feed.store.updates import Update
from feed.web import syndication
from tests.conftest import Site, application_in, site_in
from tests.pages import elements
from tests.test_reader_pages import Page, a_picture

FORMATS = ("atom", "rss", "json")
TYPES = {"atom": "application/atom+xml", "rss": "application/rss+xml", "json": "application/feed+json"}
ATOM, TOMBSTONE = "{http://www.w3.org/2005/Atom}", "{http://purl.org/atompub/tombstones/1.0}"
CONTENT, CREATOR = "{http://purl.org/rss/1.0/modules/content/}encoded", "{http://purl.org/dc/elements/1.1/}creator"
URL = "http://127.0.0.1:8000"

RFC_3339 = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)\Z")
RFC_4151 = re.compile(
    r"tag:[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?,\d{4}(?:-\d\d(?:-\d\d)?)?:[A-Za-z0-9._~!$&'()*+,;=:@/?-]*\Z"
)
_LINE_END = re.compile("\r\n?")  # as every parser of XML reads it
NO_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def fetched(site: Site, ending: str, feed: str = "news", **headers: str) -> TestResponse:
    """A feed's answer; header names with _ for -."""
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    return site.charlie.get(f"/feeds/{feed}.{ending}", headers=sent)


def checked(site: Site, ending: str, feed: str = "news") -> list[dict[str, Any]]:
    """The entries of a feed that keeps every rule of its format."""
    answer = fetched(site, ending, feed)
    assert answer.status_code == 200
    assert answer.content_type == f"{TYPES[ending]}; charset=utf-8"
    found = {"atom": check_atom, "rss": check_rss, "json": check_json_feed}[ending](answer.data)
    # A second opinion, by the parser that most readers in Python stand on.
    if ending != "json":
        parsed = feedparser.parse(answer.data)
        assert (parsed.bozo, parsed.version) == (False, {"atom": "atom10", "rss": "rss20"}[ending])
        assert [each.id for each in parsed.entries] == [each["id"] for each in found]
        assert all(each.link and each.title and each.author for each in parsed.entries)
    return found


def check_atom(document: bytes) -> list[dict[str, Any]]:
    """RFC 4287, section by section; RFC 6721, section 3."""
    feed = ElementTree.fromstring(document)
    assert feed.tag == f"{ATOM}feed"
    told = only_once(feed, ATOM, "id", "title", "updated")  # 4.1.1
    at_most_once(feed, ATOM, "subtitle", "icon", "logo", "generator", "rights")
    check_iri(told["id"])
    assert RFC_3339.match(told["updated"])  # 3.3
    check_links(feed, self_wanted=True)
    check_iri(feed.findtext(f"{ATOM}icon") or "")
    found = [check_atom_entry(each) for each in feed.findall(f"{ATOM}entry")]
    assert len({each["id"] for each in found}) == len(found)  # 4.1.2: an id twice needs two moments; ours need none
    gone = feed.findall(f"{TOMBSTONE}deleted-entry")
    for each in gone:
        assert RFC_4151.match(each.attrib["ref"])
        assert RFC_3339.match(each.attrib["when"])
        assert set(each.attrib) == {"ref", "when"}
        assert {child.tag for child in each} <= {f"{TOMBSTONE}comment"}
        assert len(each) <= 1
    assert len({(each.attrib["ref"], each.attrib["when"]) for each in gone}) == len(gone)
    assert not {each.attrib["ref"] for each in gone} & {each["id"] for each in found}
    # 4.2.15: the latest change that matters.
    moments = [each["updated"] for each in found] + [each.attrib["when"] for each in gone]
    assert told["updated"] == max(moments, default=told["updated"])
    allowed = {f"{ATOM}{name}" for name in ("id", "title", "subtitle", "updated", "author", "link", "icon", "entry")}
    assert {child.tag for child in feed} <= allowed | {f"{TOMBSTONE}deleted-entry"}
    return found


def check_atom_entry(entry: ElementTree.Element) -> dict[str, Any]:
    told = only_once(entry, ATOM, "id", "title", "updated", "published", "content")  # 4.1.2
    assert RFC_4151.match(told["id"])
    assert RFC_3339.match(told["updated"])
    assert RFC_3339.match(told["published"])
    assert told["published"] <= told["updated"]
    (author,) = entry.findall(f"{ATOM}author")  # 3.2
    assert [child.tag for child in author] == [f"{ATOM}name"]
    content = entry.find(f"{ATOM}content")
    assert content is not None
    assert content.attrib == {"type": "html"}
    assert not list(content)  # 4.1.3.3: escaped markup, no elements
    title = entry.find(f"{ATOM}title")
    assert title is not None
    assert title.attrib in ({}, {"type": "html"})
    if title.attrib:
        told["title"] = unescape(told["title"])
    else:
        assert not like_html(told["title"]), "feed readers take it for HTML, whatever it is"
    check_html(told["content"])
    return {**told, "html": told["content"], "author": author[0].text, "url": check_links(entry, self_wanted=False)}


def like_html(text: str) -> bool:
    return bool(re.search("</?[A-Za-z]|<[!?]", text)) or unescape(text) != text


def check_links(parent: ElementTree.Element, *, self_wanted: bool) -> str:
    """4.2.7: one alternate of a kind, absolute. Its address."""
    links = {each.attrib["rel"]: each.attrib for each in parent.findall(f"{ATOM}link")}
    assert len(links) == len(parent.findall(f"{ATOM}link"))
    assert set(links) == {"alternate", *(["self"] if self_wanted else [])}
    for each in links.values():
        check_iri(each["href"])
    assert links["alternate"]["type"] == "text/html"
    return links["alternate"]["href"]


def check_rss(document: bytes) -> list[dict[str, Any]]:
    """rssboard.org/rss-specification, and the Advisory Board's profile."""
    rss = ElementTree.fromstring(document)
    assert (rss.tag, rss.attrib) == ("rss", {"version": "2.0"})
    (channel,) = rss
    assert channel.tag == "channel"
    told = only_once(channel, "", "title", "link", "description", "lastBuildDate", "docs")
    check_iri(told["link"])
    parsedate_to_datetime(told["lastBuildDate"])
    (own,) = channel.findall(f"{ATOM}link")
    assert (own.attrib["rel"], own.attrib["type"]) == ("self", "application/rss+xml")
    check_iri(own.attrib["href"])
    return [check_rss_item(item) for item in channel.findall("item")]


def check_rss_item(item: ElementTree.Element) -> dict[str, Any]:
    told = only_once(item, "", "title", "link", "guid", "pubDate", "description")
    assert item.find("guid").attrib == {"isPermaLink": "false"}  # type: ignore[union-attr]
    check_iri(told["link"])
    assert re.match(r"[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d GMT\Z", told["pubDate"])
    at_most_once(item, "", "author", "category", "comments", "enclosure", "source")
    assert not re.search("<[A-Za-z/]", told["title"]), "feed readers take it for HTML"
    told["title"] = unescape(told["title"])
    html, author = item.findtext(CONTENT) or "", item.findtext(CREATOR)
    updated = item.findtext(f"{ATOM}updated") or ""
    assert RFC_3339.match(updated)
    check_html(html)
    published = parsedate_to_datetime(told["pubDate"])
    assert published <= datetime.fromisoformat(updated)
    assert "<" not in told["description"], "plain words, escaped once for XML and once as HTML"
    return {**told, "id": told["guid"], "url": told["link"], "author": author, "html": html, "updated": updated}


def check_json_feed(document: bytes) -> list[dict[str, Any]]:
    """jsonfeed.org/version/1.1: what must be there, and the type of each."""
    feed = json.loads(document.decode())
    assert feed["version"] == "https://jsonfeed.org/version/1.1"
    assert feed["title"]
    for name in ("home_page_url", "feed_url", "icon"):
        check_iri(feed[name])
    assert "expired" not in feed
    known = {"version", "language", "title", "description", "home_page_url", "feed_url", "icon", "authors", "items"}
    assert set(feed) == known
    names = {"id", "url", "title", "content_html", "summary", "image", "date_published", "date_modified", "authors"}
    for item in feed["items"]:
        assert names - {"image"} <= set(item) <= names
        assert all(isinstance(item[name], str) for name in set(item) - {"authors"})
        assert item["id"]
        check_iri(item["url"])
        check_iri(item.get("image", item["url"]))
        assert RFC_3339.match(item["date_published"])
        assert RFC_3339.match(item["date_modified"])
        assert [list(author) for author in item["authors"]] == [["name"]]
        check_html(item["content_html"])
    assert len({item["id"] for item in feed["items"]}) == len(feed["items"])
    return [
        {**item, "html": item["content_html"], "author": item["authors"][0]["name"], "updated": item["date_modified"]}
        for item in feed["items"]
    ]


def check_html(html: str) -> None:
    """All its addresses are absolute, so that it can be shown anywhere."""
    for address in Page(html).links():
        assert urlsplit(address).scheme in ("http", "https", "mailto"), address


def check_iri(address: str) -> None:
    assert urlsplit(address).scheme in ("http", "https", "tag"), address
    assert " " not in address


def only_once(parent: ElementTree.Element, space: str, *names: str) -> dict[str, str]:
    """The texts of elements of which there must be exactly one each."""
    for name in names:
        assert len(parent.findall(f"{space}{name}")) == 1, name
    return {name: parent.findtext(f"{space}{name}") or "" for name in names}


def at_most_once(parent: ElementTree.Element, space: str, *names: str) -> None:
    for name in names:
        assert len(parent.findall(f"{space}{name}")) <= 1, name


def tombstones(site: Site, feed: str = "news") -> dict[str, tuple[str, str | None]]:
    """What an Atom feed says was retracted: when and why, by id."""
    checked(site, "atom", feed)
    document = ElementTree.fromstring(fetched(site, "atom", feed).data)
    return {
        each.attrib["ref"]: (each.attrib["when"], each.findtext(f"{TOMBSTONE}comment"))
        for each in document.findall(f"{TOMBSTONE}deleted-entry")
    }


# What is in them


@pytest.mark.parametrize("ending", FORMATS)
def test_each_update_is_an_entry_with_its_own_words_dates_author_and_address(site: Site, ending: str) -> None:
    picture = a_picture(site, "A tug")
    site.write_article("harbour", live=True)
    first = site.publish("One. " * 30, feed="harbour")
    second = site.publish(
        f"See [this](/articles/harbour) & [that](#x), *“both”*\n\n![A tug](/pictures/{picture})",
        feed="harbour",
        headline='"Fire" & <smoke>',
    )
    edited = site.edit(first, body="One, corrected, with <b> & more")
    new, old = checked(site, ending, "harbour")
    assert (new["title"], old["title"]) == ("“Fire” & <smoke>", "One, corrected, with <b> & more")
    assert new["url"] == f"{URL}/updates/{second.id}"
    assert (new["author"], old["author"]) == ("Bob Brown", "Bob Brown")
    assert (new["updated"], old["updated"]) == (second.published_at, edited.edited_at)
    assert f'<a href="{URL}/articles/harbour"' in new["html"]
    assert f'<a href="{URL}/updates/{second.id}#x"' in new["html"]
    assert elements(new["html"], "img", src=f"{URL}/pictures/{picture}", alt="A tug")
    assert old["html"] == "<p>One, corrected, with &lt;b&gt; &amp; more</p>"
    assert {each.get("image") for each in (new, old)} == (
        {f"{URL}/pictures/{picture}", None} if ending == "json" else {None}
    )


@pytest.mark.parametrize("ending", FORMATS)
def test_they_hold_the_newest_of_a_feed_newest_first(site: Site, ending: str) -> None:
    made = [site.publish(f"Number {number}") for number in range(LISTED + 2)]
    assert [each["url"] for each in checked(site, ending)] == [
        f"{URL}/updates/{each.id}" for each in made[::-1][:LISTED]
    ]


@pytest.mark.parametrize("ending", FORMATS)
def test_an_empty_feed_a_closed_one_and_one_with_nothing_but_retractions_are_feeds_too(site: Site, ending: str) -> None:
    site.write_article("harbour", live=True)
    assert checked(site, ending, "harbour") == []
    site.retract(site.publish("Wrong", feed="harbour"))
    assert checked(site, ending, "harbour") == []
    update = site.publish("Right", feed="harbour")
    coverage.close(site.services.store, "harbour", None)
    assert [each["url"] for each in checked(site, ending, "harbour")] == [f"{URL}/updates/{update.id}"]


@pytest.mark.parametrize("ending", FORMATS)
def test_the_feed_names_itself_and_the_page_that_people_read(site: Site, ending: str) -> None:
    site.write_article("harbour", live=True, headline='The "harbour" & <more>')
    for feed, page, title in (
        ("news", "/feeds/news", "News Feed – Liveline"),
        ("harbour", "/articles/harbour", "The “harbour” & <more> – Liveline"),
    ):
        document = fetched(site, ending, feed).data
        if ending == "json":
            parsed = json.loads(document)
            told = (parsed["title"], parsed["feed_url"], parsed["home_page_url"])
        else:
            parsed = feedparser.parse(document).feed
            links = {each.rel: each.href for each in parsed.links}
            told = (unescape(parsed.title), links["self"], links["alternate"])
        assert told == (title, f"{URL}/feeds/{feed}.{ending}", f"{URL}{page}")


# Any Unicode


ANY = st.characters(exclude_categories=())
# What the fields let in, often what XML does not; and what they let in by name.
TAKEN = st.characters(exclude_categories=("Cc", "Cs"), exclude_characters="\ufffd") | st.sampled_from("\ufffe\uffff<&")
NAMED = st.integers(0, 31) | st.integers(0, 0x10FFFF) | st.sampled_from([0xD800, 0xFFFE, 0xFFFF])


@given(
    body=st.text(TAKEN, min_size=1, max_size=60) | st.text(ANY, max_size=20),
    headline=st.text(TAKEN, max_size=20) | st.text(ANY, max_size=5),
    named=st.lists(NAMED, max_size=4),
)
@settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))
def test_whatever_can_be_published_makes_valid_feeds(shared: Site, body: str, headline: str, named: list[int]) -> None:
    """Characters as they are, and as Markdown can name them: `&#12;`."""
    try:
        update = shared.publish(body + "".join(f"&#{number};" for number in named), headline=headline)
    except Invalid:
        assume(False)
        return
    for ending in FORMATS:
        newest = checked(shared, ending)[0]
        assert newest["url"] == f"{URL}/updates/{update.id}"
        html = text.absolute(update.html, newest["url"])
        assert newest["html"] == (html if ending == "json" else _LINE_END.sub("\n", NO_XML.sub("", html)))
    shared.retract(update)  # each was seen; the next examples need not read it again


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """One site for all examples."""
    with site_in(tmp_path_factory.mktemp("unicode")) as made:
        yield made


@pytest.mark.parametrize(
    "sign", ["&#12;", "&#x1b;", "\ufffe", "\uffff", "\U0001fffe", "&#xfffe;", "&#0;", "\u2028", "]]>", "&#13;"]
)
def test_what_xml_cannot_hold_is_left_out_of_it_and_nothing_else(site: Site, sign: str) -> None:
    site.publish(f"Before{sign}after", headline=f"Head{sign}line" if "&#" not in sign else "Head")
    for ending in ("atom", "rss"):
        (found,) = checked(site, ending)
        assert "Before" in found["html"]
        assert "after" in found["html"]
    (found,) = checked(site, "json")
    assert unescape(found["html"]).startswith("<p>Before")


# Ids


def test_an_id_is_a_tag_of_host_day_and_moment_and_stays_through_edits(site: Site) -> None:
    update = site.publish("One")
    (before,) = checked(site, "atom")
    day, clock = update.published_at[:10], update.published_at[11:23]
    assert before["id"] == f"tag:127.0.0.1,{day}:updates/{update.id}/{clock}"
    site.edit(update, body="Two", headline="Three")
    ids = {ending: [each["id"] for each in checked(site, ending)] for ending in FORMATS}
    assert ids == {ending: [before["id"]] for ending in FORMATS}


def test_a_number_that_comes_again_after_a_restore_is_another_entry(site: Site, tmp_path: Any) -> None:
    backup.backup(site.services.store, site.services.settings.media, tmp_path / "backup.db")
    lost = site.publish("Lost in the restore")
    (before,) = checked(site, "atom")
    backup.restore(site.services.store, site.services.settings.media, tmp_path / "backup.db")
    again = site.publish("Something else")
    assert again.id == lost.id, "the number does come again"
    (after,) = checked(site, "atom")
    assert after["id"] != before["id"]


@pytest.mark.parametrize(
    "url", ["https://news.example.org", "http://[::1]:8000", "http://localhost:8000", "https://xn--d1acufc.xn--p1ai"]
)
def test_an_id_is_valid_whatever_the_host(site: Site, url: str) -> None:
    assert RFC_4151.match(entries.tag(url, site.publish("Words")))


# Retractions, drafts, caches


@pytest.mark.parametrize("ending", FORMATS)
@pytest.mark.parametrize("notice", [False, True])
def test_a_retracted_update_is_gone_with_the_answer_to_the_write(site: Site, ending: str, notice: bool) -> None:
    stays, wrong = site.publish("Stays"), site.publish("A wrong word", headline="Wrong")
    assert len(checked(site, ending)) == 2
    site.retract(wrong, "The reason", notice=notice)
    answer = fetched(site, ending)
    assert "rong" not in answer.text
    assert ("The reason" in answer.text) == (notice and ending == "atom")
    assert [each["url"] for each in checked(site, ending)] == [f"{URL}/updates/{stays.id}"]


def test_atom_says_what_was_retracted_and_why_only_when_readers_were_told(site: Site) -> None:
    quiet, told, bare = (site.publish(word) for word in ("One", "Two", "Three"))
    ids = {each["url"]: each["id"] for each in checked(site, "atom")}
    gone = [
        site.retract(quiet, "For the desk alone"),
        site.retract(told, "The wrong man", notice=True),
        site.retract(bare, notice=True),
    ]
    assert tombstones(site) == {
        ids[f"{URL}/updates/{each.id}"]: (each.retracted_at, reason)
        for each, reason in zip(gone, (None, "The wrong man", None), strict=True)
    }
    assert "desk alone" not in fetched(site, "atom").text


def test_a_restored_update_is_an_entry_again_that_is_newer_than_its_tombstone(site: Site) -> None:
    """A feed reader that has deleted its copy takes back what was updated after that (RFC 6721)."""
    update = site.publish("Right after all")
    (before,) = checked(site, "atom")
    gone = site.retract(update)
    retracting.restore(site.services.store, update.id, site.bob)
    assert tombstones(site) == {}
    (entry,) = checked(site, "atom")
    assert (entry["id"], entry["published"]) == (before["id"], before["published"])
    assert entry["updated"] >= str(gone.retracted_at) >= before["updated"]
    for ending in FORMATS:
        assert "Right after all" in fetched(site, ending).text


def test_tombstones_are_of_their_own_feed_and_the_latest(site: Site) -> None:
    site.write_article("harbour", live=True)
    made = [site.publish("Wrong") for _ in range(LISTED + 1)]
    for each in made:
        site.retract(each)
    assert tombstones(site, "harbour") == {}
    assert list(tombstones(site)) == [entries.tag(URL, each) for each in made[:0:-1]]


def test_the_latest_retractions_are_found_by_an_index(site: Site) -> None:
    with site.services.store.read() as db:
        asked: list[str] = []
        db.conn.set_trace_callback(asked.append)
        updates.retracted_last(db, feeds.get(db, "news"), 7)
        db.conn.set_trace_callback(None)
        (sql,) = [each for each in asked if "LIMIT 7" in each]
        plan = [row["detail"] for row in db.execute(f"EXPLAIN QUERY PLAN {sql}")]
    assert any("updates USING INDEX updates_retracted" in step for step in plan), plan
    assert not [step for step in plan if "TEMP B-TREE" in step or step.startswith("SCAN")], plan


def test_a_draft_has_no_feed_and_leaves_no_trace_in_one(site: Site) -> None:
    site.write_article("secret", live=True, draft=True)
    site.retract(site.publish("Never seen by anybody", feed="secret"))
    update = site.publish("Seen later", feed="secret")
    assert [fetched(site, ending, "secret").status_code for ending in FORMATS] == [404] * 3
    assert "secret" not in fetched(site, "atom").text
    writing.edit(site.services.store, "secret", site.bob, {"draft": False})
    for ending in FORMATS:
        assert [each["url"] for each in checked(site, ending, "secret")] == [f"{URL}/updates/{update.id}"]
    assert tombstones(site, "secret") == {}, "what was taken back before it came out was never there"
    writing.edit(site.services.store, "secret", site.bob, {"draft": True})
    assert [fetched(site, ending, "secret").status_code for ending in FORMATS] == [404] * 3
    assert [fetched(site, ending, "nothing").status_code for ending in FORMATS] == [404] * 3


@pytest.mark.parametrize("ending", FORMATS)
def test_an_unchanged_feed_is_304_and_a_changed_one_has_another_etag(site: Site, ending: str) -> None:
    update: Update = site.publish("One")
    first = fetched(site, ending)
    assert fetched(site, ending, If_None_Match=first.headers["ETag"]).status_code == 304
    site.edit(update, body="Two")
    second = fetched(site, ending, If_None_Match=first.headers["ETag"])
    assert (second.status_code, second.headers["ETag"] != first.headers["ETag"]) == (200, True)
    site.retract(update)
    third = fetched(site, ending, If_None_Match=second.headers["ETag"])
    assert third.status_code == 200
    for number in range(20):
        site.publish(f"Long enough to be compressed {number}")
    assert fetched(site, ending, Accept_Encoding="gzip").headers["Content-Encoding"] == "gzip"


def test_a_restart_changes_nothing_for_a_feed_reader(site: Site) -> None:
    site.publish("One")
    before = fetched(site, "atom")
    with application_in(site.services.settings.database.parent) as app:
        again = app.test_client().get("/feeds/news.atom", headers={"If-None-Match": before.headers["ETag"]})
    assert again.status_code == 304


def test_pages_name_the_feeds_of_what_they_show(site: Site) -> None:
    site.write_article("harbour", live=True, headline='The "harbour" & more')
    site.write_article("bridge")
    update, news = site.publish("Here", feed="harbour"), site.publish("There")
    for path, expected in {
        "/": ["news"],
        "/articles/harbour": ["harbour", "news"],
        "/articles/bridge": ["news"],
        "/feeds/news": ["news"],
        "/feeds/harbour": ["harbour"],
        f"/updates/{update.id}": ["harbour"],
        f"/updates/{news.id}": ["news"],
    }.items():
        tags = [attributes for tag, attributes in Page(site.charlie.get(path).text).tags if tag == "link"]
        tags = [each for each in tags if each.get("rel") == "alternate" and "oembed" not in (each["type"] or "")]
        named = [(each["type"], each["href"]) for each in tags]
        assert named == [(TYPES[ending], f"/feeds/{feed}.{ending}") for feed in expected for ending in FORMATS], path
        for kind, address in named:
            assert site.charlie.get(address or "").content_type == f"{kind}; charset=utf-8"
    assert {each["title"] for each in tags} == {
        "News Feed (Atom)", "News Feed (RSS)", "News Feed (JSON Feed)",
    }  # fmt: skip
    page = site.charlie.get("/feeds/harbour").text
    assert 'title="Live coverage: The “harbour” &amp; more (Atom)"' in page


@pytest.mark.parametrize("ending", FORMATS)
def test_a_reader_that_asks_by_date_gets_304_until_the_feed_changes(site: Site, ending: str) -> None:
    site.write_article("harbour", live=True)
    one = site.publish("One", feed="harbour")
    first = fetched(site, ending, "harbour")
    date = first.headers["Last-Modified"]
    assert second_of(site, "harbour") == parsedate_to_datetime(date).timestamp()
    changes: list[Callable[[], object]] = [
        lambda: site.publish("Two", feed="harbour"),
        lambda: site.edit(one, body="Another"),
        lambda: site.retract(one),
        lambda: writing.edit(site.services.store, "harbour", site.bob, {"headline": "Low tide"}),
        lambda: writing.edit(site.services.store, "harbour", site.bob, {"language": "uk"}),
    ]
    for change in changes:
        same = fetched(site, ending, "harbour", If_Modified_Since=date)
        assert (same.status_code, same.data) == (304, b"")
        assert same.headers["Last-Modified"] == date
        change()  # in the same second
        answer = fetched(site, ending, "harbour", If_Modified_Since=date)
        assert answer.status_code == 200
        assert parsedate_to_datetime(answer.headers["Last-Modified"]) > parsedate_to_datetime(date)
        date = answer.headers["Last-Modified"]


def test_a_tag_goes_before_a_date_and_a_date_that_is_none_counts_for_nothing(site: Site) -> None:
    site.publish("One")
    set_second(site, "news")
    answer = fetched(site, "atom")
    date, tag = answer.headers["Last-Modified"], answer.headers["ETag"]
    assert fetched(site, "atom", If_Modified_Since=date).status_code == 304
    assert fetched(site, "atom", If_Modified_Since=http_date(2**32)).status_code == 304
    assert fetched(site, "atom", If_Modified_Since=date, If_None_Match='"other"').status_code == 200
    assert (
        fetched(site, "atom", If_Modified_Since="Thu, 01 Jan 1970 00:00:00 GMT", If_None_Match=tag).status_code == 304
    )
    for wrong in ("", "yesterday", "0", date * 300, "Thu, 01 Jan 1970 00:00:00 GMT", "Mon, 99 Feb 20200 00:00:00 GMT"):
        assert fetched(site, "atom", If_Modified_Since=wrong).status_code == 200, wrong
    assert "Last-Modified" not in site.charlie.get("/feeds/news").headers


def second_of(site: Site, feed: str) -> int:
    with site.services.store.read() as db:
        return feeds.get(db, feed).changed


def set_second(site: Site, feed: str) -> None:
    """As if the last change were a while ago, but after the start of the server."""
    moved = "UPDATE feeds SET changed = ? WHERE slug = ?"
    site.services.store.write(lambda db: db.execute(moved, [syndication.STARTED, feed]))
    site.services.store.write(lambda db: db.execute("UPDATE site SET version = version + 1"))


def test_documents_are_made_off_the_loop(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    site.publish("One")
    threads: set[str] = set()
    made = entries.listing

    def noted(*given: Any) -> entries.Listing:
        threads.add(threading.current_thread().name)
        return made(*given)

    monkeypatch.setattr(entries, "listing", noted)
    for ending in FORMATS:
        assert fetched(site, ending).status_code == 200
    assert threads
    assert threading.main_thread().name not in threads


@pytest.mark.parametrize(("headline", "atom", "rss"), [
    ("The <dialog> element", "The &amp;lt;dialog&amp;gt; element", "The &amp;lt;dialog&amp;gt; element"),
    ("Write &nbsp; here", "Write &amp;amp;nbsp; here", "Write &amp;amp;nbsp; here"),
    ("</b> at last", "&amp;lt;/b&amp;gt; at last", "&amp;lt;/b&amp;gt; at last"),
    ("AT&T: 5 < 6 > 4", "AT&amp;T: 5 &lt; 6 &gt; 4", "AT&amp;T: 5 &lt; 6 &gt; 4"),
])  # fmt: skip
def test_a_title_that_looks_like_html_is_shown_as_it_is(site: Site, headline: str, atom: str, rss: str) -> None:
    """What W3C's validator warns of, and what feed readers would leave out of the headline."""
    site.publish("Text", headline=headline)
    written = fetched(site, "atom").text
    kind = ' type="html"' if "&amp;" in atom.replace("AT&amp;T", "") else ""
    assert f"<title{kind}>{atom}</title>" in written
    assert f"<item><title>{rss}</title>" in fetched(site, "rss").text
    assert fetched(site, "json").get_json()["items"][0]["title"] == headline
    parsed = feedparser.parse(fetched(site, "atom").data).entries[0]
    assert unescape(parsed.title) == headline if kind else parsed.title == headline


def test_a_headline_that_looks_like_html_is_escaped_in_the_head_of_a_feed_too(site: Site) -> None:
    site.write_article("harbour", headline="The <dialog> element", live=True)
    assert '<title type="html">The &amp;lt;dialog&amp;gt; element' in fetched(site, "atom", "harbour").text
    assert "<channel><title>The &amp;lt;dialog&amp;gt; element" in fetched(site, "rss", "harbour").text
