"""Import: our own export, WordPress Liveblog, RSS and Atom; what comes again changes nothing."""

import json
import re
import shutil
import zipfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from feed.errors import Invalid
from feed.exchange import files, markup
from feed.paste import many
from feed.store import articles, coverage, feeds, importing, pointing, points, publishing, retracting, updates
from feed.store.updates import Update
from tests.conftest import FROM_HERE, Site, site_in
from tests.test_export import CANARY, exported, run
from tests.test_export import story as story

FOLDER = Path(__file__).parent / "imported"
WXR, REST = FOLDER / "liveblog.xml", FOLDER / "entries.json"


def imported(site: Site, path: Path, *more: str, exit_code: int = 0) -> str:
    """What the command says."""
    done = run(site, "import", path, *more)
    assert done.exit_code == exit_code, done.output
    return done.output


def shown(site: Site, slug: str) -> list[Update]:
    """The updates of that feed that readers see, the oldest first."""
    with site.services.store.read() as db:
        return updates.oldest_first(db, feeds.get(db, slug), None, 100)


def comparable(document: Any) -> Any:
    """An export without what differs from site to site: ids, addresses, and when it was made."""
    ids = {update["id"]: f"update {number}" for number, update in enumerate(document["updates"])}
    numbers = ids | {picture: f"picture {number}" for number, picture in enumerate(document["pictures"])}
    written = json.dumps({**document, "exported_at": "", "site": ""})
    for picture, number in numbers.items():
        written = written.replace(picture, number)
    plain = json.loads(written)
    plain["feed"] |= {"id": "", "url": ""}
    for update in plain["updates"]:
        update |= {"id": "", "url": ""}
    return plain


def test_what_is_exported_and_imported_elsewhere_is_exported_as_it_was(story: Site, tmp_path: Path) -> None:
    closing = {"message": "All are home", "summary": "Six boats, **one** storm"}
    coverage.close(story.services.store, "harbour", None, closing)
    for text, grounds in (
        ("Six boats are out", shown(story, "harbour")),
        ("Nobody is hurt", shown(story, "harbour")[:1]),
    ):
        given = {"text": text, "updates": [each.id for each in grounds if not each.retracted_at]}
        pointing.add(story.services.store, "harbour", given, None)
    story.edit(shown(story, "harbour")[0], body="As it was then")
    typo = {"body": "As it was then.", "minor": True}
    publishing.edit(story.services.store, shown(story, "harbour")[0].id, story.alice, typo, None)
    first = exported(story, "harbour", tmp_path / "first")
    found = [(each["being_checked"], len(each["updates"])) for each in first["points"]]
    assert found == [(True, 1), (True, 3), (True, 1)]
    assert [each["minor"] for each in first["updates"][0]["revisions"]] == [False, False, True]
    assert first["feed"]["closing"] == closing
    (tmp_path / "other").mkdir()
    with site_in(tmp_path / "other", FEED_PUBLIC_URL="https://other.example") as other:
        before = other.versions()
        assert "4 imported" in imported(other, tmp_path / "first", "--dry-run")
        assert other.versions() == before
        assert imported(other, tmp_path / "first").splitlines() == [
            "4 imported", "https://other.example/articles/harbour",
        ]  # fmt: skip
        assert comparable(exported(other, "harbour", tmp_path / "second")) == comparable(first)
        versions = other.versions()
        assert imported(other, tmp_path / "first").splitlines()[0] == "4 as before"
        assert other.versions() == versions
        page = other.charlie.get("/articles/harbour").text
        assert "It was another harbour" in page
        assert CANARY not in page
        assert "Six boats, <strong>one</strong> storm" in page
        edited = next(each for each in shown(other, "harbour") if each.headline)
        assert "One was hidden" in other.charlie.get(f"/updates/{edited.id}/history").text
        assert "Six boats" in other.charlie.get("/feeds/harbour?q=six+boats").text
        marked = [each.edited_at for each in shown(other, "harbour")]
        for minor, body in ((True, "As it was, then."), (False, "As it really was.")):
            given = {"body": body, "minor": True} if minor else {"body": body}
            publishing.edit(story.services.store, shown(story, "harbour")[0].id, story.alice, given, None)
            exported(story, "harbour", tmp_path / body)
            assert "1 edited" in imported(other, tmp_path / body)
            assert shown(other, "harbour")[0].body == body
            assert ([each.edited_at for each in shown(other, "harbour")] == marked) == minor, "moves as at the source"
        history = other.charlie.get(f"/updates/{shown(other, 'harbour')[0].id}/history").text
        assert history.count("Minor edit:") == 2
        assert not run_checks(other)


def test_points_come_into_a_coverage_that_never_had_any(story: Site, tmp_path: Path) -> None:
    for text, grounds in (("Out", shown(story, "harbour")[:1]), ("Safe", shown(story, "harbour")[-1:])):
        pointing.add(story.services.store, "harbour", {"text": text, "updates": [each.id for each in grounds]}, None)
    exported(story, "harbour", tmp_path / "first")
    (tmp_path / "other").mkdir()
    with site_in(tmp_path / "other") as other:
        store = other.services.store
        other.write_article("port", live=True)
        pushed: list[dict[str, Any]] = []
        tail = other.tail(pushed)
        tail.watch("port")
        assert "3 points of what is known" in imported(other, tmp_path / "first", "--into", "port")
        tail.step()
        assert any("Safe" in (change["html"] or "") for each in pushed for change in each["changes"])
        with store.read() as db:
            found = points.of_feed(db, feeds.get(db, "port"))
        assert [(each.text, each.checking is None, len(each.shown)) for each in found[1:]] == [
            ("Out", True, 1), ("Safe", True, 1),
        ]  # fmt: skip
        for each in found:
            pointing.remove(store, "port", each.id, each.revision, None)
        versions = other.versions()
        assert "points" not in imported(other, tmp_path / "first", "--into", "port")
        assert other.versions() == versions, "what was taken out stays out"
        assert not run_checks(other)


def run_checks(site: Site) -> str:
    """What `flask db check` finds wrong."""
    said = site.app.test_cli_runner().invoke(args=["db", "check"])
    return said.output if said.exit_code else ""


TEXTS = st.text(st.characters(exclude_categories=("Cs", "Cc", "Cn"), exclude_characters="\ufffd"), max_size=60)


@pytest.fixture(scope="module")
def two_sites(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Two sites, and a number for each example."""
    one, other = tmp_path_factory.mktemp("one"), tmp_path_factory.mktemp("other")
    with site_in(one) as here, site_in(other) as there:
        yield here, there, tmp_path_factory.mktemp("exports"), iter(range(10_000))


@settings(max_examples=10, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(TEXTS, TEXTS, TEXTS, st.booleans(), st.booleans()), min_size=1, max_size=4))
def test_any_text_comes_through(two_sites: Any, written: list[tuple[str, str, str, bool, bool]]) -> None:
    here, there, folder, numbers = two_sites
    slug = f"story-{next(numbers)}"
    here.write_article(slug, live=True)
    for headline, before, after, key, gone in written:
        update = here.publish(f"a {before}", feed=slug, headline=f"h {headline}", key=key)
        here.edit(update, body=f"b {after}", note=f"n {headline}")
        if gone:
            here.retract(update, f"r {before}", notice=True)
    first = exported(here, slug, folder / slug)
    imported(there, folder / slug)
    assert comparable(exported(there, slug, folder / f"{slug}-again")) == comparable(first)


def test_a_liveblog_of_wordpress_keeps_its_times_names_and_key_events(site: Site) -> None:
    said = imported(site, WXR)
    assert "1 pictures and players of other sites became links" in said
    assert "1 deleted at the source before they were imported" in said
    closed, winds = shown(site, "storm")
    assert (closed.body, closed.key) == ("The *bridge* is closed.\n\nTake the upper one.", True)
    assert (closed.published_at, closed.byline) == ("2024-06-15T07:00:00.000Z", "Mara Lindqvist")
    assert winds.body == "Winds of 110 km/h. [A bent tree](https://post.example/wind.jpg)"
    assert (winds.edited_at, winds.byline) == ("2024-06-15T07:30:00.000Z", "Port Linden Post")
    with site.services.store.read() as db:
        article = articles.get(db, "storm")
    assert (article.headline, article.byline, article.live) == ("The storm, hour by hour", "Mara Lindqvist", False)
    assert article.body == "The storm reached the coast at dawn.\n\nIt is **moving** north."
    assert article.published_at == "2024-06-15T06:00:00.000Z"
    assert "203.0.113.7" not in (page := site.charlie.get("/articles/storm").text)
    assert "mara@post.example" not in page
    assert not run_checks(site)


def test_what_changed_at_the_source_changes_here_and_what_changed_here_stays(site: Site) -> None:
    imported(site, WXR)
    closed, winds = shown(site, "storm")
    said = imported(site, REST)
    assert "1 edited, as at the source" in said
    assert "1 imported" in said
    closed, winds, power = shown(site, "storm")
    assert (winds.body, winds.revision) == ("Winds of 130 km/h.", 2)
    assert (power.body, power.key, power.byline) == ("The power is back.", True, "Mara Lindqvist, Ivo Brandt")
    assert "130 km/h" in site.charlie.get(f"/updates/{winds.id}/history").text

    site.edit(winds, body="Winds of 131 km/h.")
    site.retract(closed)
    site.retract(power)
    entries = json.loads(REST.read_text())
    entries["entries"][1] |= {"render": "<p>Winds of 90 km/h.</p>", "timestamp": "1718445000"}
    entries["entries"][2] |= {"render": "<p>The power is back everywhere.</p>", "timestamp": "1718445000"}
    again = site.services.settings.database.with_name("again.json")
    again.write_text(json.dumps(entries))
    said = imported(site, again)
    assert "1 changed here too, and left as they are here" in said
    assert "1 retracted here, and left so" in said
    assert [each.body for each in shown(site, "storm")] == ["Winds of 131 km/h."]

    entries["entries"][1] |= {"type": "delete", "timestamp": "1718446000"}
    again.write_text(json.dumps(entries))
    assert "1 retracted, as at the source" in imported(site, again)
    assert not shown(site, "storm")


ATOM = """<?xml version="1.0"?><feed xmlns="http://www.w3.org/2005/Atom" xml:lang="de">
<id>tag:boats.example,2024:f</id><title>Boats</title><author><name>Greta Boot</name></author>
<entry><id>tag:boats.example,2024:1</id><title>Zwei Boote</title><published>2024-05-01T08:00:00+02:00</published>
<updated>2024-05-01T09:00:00+02:00</updated>
<content type="html">&lt;p&gt;Zwei &lt;b&gt;Boote&lt;/b&gt;.&lt;/p&gt;</content></entry>
<entry><id>tag:boats.example,2024:2</id><title>Drei</title><updated>2024-05-01T10:00:00Z</updated>
<author><name>Ivo</name></author>
<content type="xhtml"><div xmlns="http://www.w3.org/1999/xhtml">Drei <em>rote</em> Boote</div></content></entry>
<entry><id>tag:boats.example,2024:3</id><title>Ohne Zeit</title><summary>Wann?</summary></entry>
<entry><id>tag:boats.example,2024:4</id><title>Bald</title><updated>2999-05-01T10:00:00Z</updated><summary>Bald</summary>
</entry><entry><id>tag:boats.example,2024:5</id><title>Leer</title><updated>2024-05-01T11:00:00Z</updated></entry>
</feed>"""

RSS = """<rss version="2.0" xmlns:content="http://purl.org/rss/1.0/modules/content/"><channel><title>Ferries</title>
<link>https://ferries.example/</link><item><title>The 14:00 is late</title><guid isPermaLink="false">7</guid>
<pubDate>Sat, 15 Jun 2024 14:05:00 +0200</pubDate><author>ferry@ferries.example (Ann Pilot)</author>
<description>Short</description><content:encoded><![CDATA[<p>By <a href="/x">ten</a> minutes.</p>]]></content:encoded>
</item><item><description>No title, no guid</description><pubDate>Sat, 15 Jun 2024 13:05:00 GMT</pubDate></item>
</channel></rss>"""


def test_feeds_of_other_sites_are_imported_into_a_coverage(site: Site, tmp_path: Path) -> None:
    site.write_article("harbour", live=True)
    for name, content in (("a.atom", ATOM), ("b.rss", RSS)):
        (tmp_path / name).write_text(content)
    said = imported(site, tmp_path / "a.atom", "--into", "harbour", exit_code=1)
    assert "2024:3: it has no time" in said
    assert "in the future" in said
    assert "2024:5: body: This is empty" in said
    assert "2 imported\n3 refused" in said
    assert "2 imported" in imported(site, tmp_path / "b.rss", "--into", "harbour")
    two, three, late, untitled = shown(site, "harbour")
    assert (two.body, two.headline, two.byline, two.language) == ("Zwei **Boote**.", None, "Greta Boot", "de")
    assert (two.published_at, two.edited_at) == ("2024-05-01T06:00:00.000Z", "2024-05-01T07:00:00.000Z")
    assert (three.body, three.headline, three.byline) == ("Drei *rote* Boote", None, "Ivo")
    assert (late.body, late.headline, late.byline) == ("By ten minutes.", "The 14:00 is late", "Ann Pilot")
    assert (untitled.body, untitled.byline) == ("No title, no guid", "Ferries")
    assert "2 as before" in imported(site, tmp_path / "b.rss", "--into", "harbour")
    assert run(site, "import", tmp_path / "b.rss", "--into", "nowhere").exit_code == 1


def test_open_pages_are_told_in_one_envelope_or_to_reload(
    site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    site.write_article("harbour", live=True)
    (tmp_path / "b.rss").write_text(RSS)
    pushed: list[dict[str, Any]] = []
    tail = site.tail(pushed)
    epoch = tail.watch("harbour").epoch
    imported(site, tmp_path / "b.rss", "--into", "harbour")
    tail.step()
    assert [len(each["changes"]) for each in pushed] == [4]  # two updates, and the parts that may have changed
    monkeypatch.setattr(importing, "TOLD", 1)
    (tmp_path / "b.rss").write_text(RSS.replace("<guid", "<guid>x</guid><guid").replace("No title", "Neither title"))
    imported(site, tmp_path / "b.rss", "--into", "harbour")
    tail.step()
    assert pushed[1]["changes"] == []
    assert pushed[1]["epoch"] != epoch


def test_an_import_that_was_cut_off_shows_nothing_and_goes_on(
    site: Site, story: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    exported(story, "harbour", tmp_path / "first")
    (tmp_path / "other").mkdir()
    with site_in(tmp_path / "other") as other:
        monkeypatch.setattr(importing, "AT_ONCE", 2)
        put, batches = importing.put, iter(range(9))

        def cut_off(*args: Any) -> Any:
            if next(batches):
                raise KeyboardInterrupt
            return put(*args)

        monkeypatch.setattr(importing, "put", cut_off)
        run(other, "import", tmp_path / "first")
        assert other.charlie.get("/articles/harbour").status_code == 404
        monkeypatch.setattr(importing, "put", put)
        said = imported(other, tmp_path / "first")
        assert "2 as before\n2 imported" in said
        assert len(shown(other, "harbour")) == 4


HOSTILE: dict[str, tuple[bytes, str]] = {
    "entities": (b'<!DOCTYPE r [<!ENTITY a "b">]><rss><channel>&a;</channel></rss>', "DOCTYPE"),
    "outside": (b'<!DOCTYPE r SYSTEM "file:///etc/passwd"><rss/>', "DOCTYPE"),
    "in utf-16": ('<?xml version="1.0" encoding="UTF-16"?><!DOCTYPE r><rss/>'.encode("utf-16"), "neither"),
    "deep": (b"<rss>" + b"<a>" * 5000, "within each other"),
    "cut off": (b"<rss><channel>", "no XML"),
    "html": (b"<html><body>Not found</body></html>", "neither RSS"),
    "deep json": (b"[" * 100_000, "nested too deep"),
    "other json": (b'{"a": 1}', "neither an export"),
    "next version": (b'{"liveline": 2}', "version 2"),
    "halved": (b'{"liveline": 1, "updates": []}', "site is missing"),
    "zip": (b"PK\x03\x04 and no more", "zip"),
    "nothing": (b"", "empty"),
    "in latin-1": ('{"a": "é"}'.encode("latin-1"), "UTF-8"),
    "two channels": (WXR.read_bytes().replace(b"<channel>", b"<channel></channel><channel>"), "2 elements <channel>"),
    "two channels of rss": (b"<rss><channel/><channel/></rss>", "2 elements <channel>"),
    "many elements": (b"<rss>" + b"<a/>" * 1_000, "elements, attributes"),
    "many attributes": (
        b"<rss " + b" ".join(b"a%d=''" % each for each in range(200_000)) + b"/>",
        "a tag or a comment",
    ),
    "many names": (b"<rss>" + b"".join(b"<a%d/>" % each for each in range(999)) + b"</rss>", "more than 500 names"),
    "a long name": (b'<rss xmlns="' + b"n" * 300 + b'"/>', "a name in it"),
    "many values": (b"[" + b"{}," * 150_000 + b"0]", "more than 150,000 values"),
    "authors": (b'{"entries": [{"id": "\\ud800", "authors": ["x"], "render": "x", "timestamp": 1}]}', "half of one"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_what_is_not_what_it_should_be_is_refused_in_a_sentence(
    site: Site, tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(markup, "PIECES", 1000)
    monkeypatch.setattr(markup, "NAMES", 500)
    monkeypatch.setattr(files, "VALUES", 150_000)
    content, reason = HOSTILE[name]
    (tmp_path / "file").write_bytes(content)
    refused = run(site, "import", tmp_path / "file", "--into", "news")
    assert (refused.exit_code, refused.output.count("\n")) == (1, 1), refused.output
    assert re.search(reason, refused.output)


LISTED, END = b"PK\x01\x02", b"PK\x05\x06"  # the records of a zip file
ZIPS: dict[str, tuple[bytes, int, bytes, str]] = {
    "encrypted": (LISTED, 8, b"\1", "is encrypted"),
    "compressed otherwise": (LISTED, 10, b"\x0e", "make the zip file anew"),
    "with another sum": (LISTED, 16, b"\0\0\0\0", "damaged"),
    "with other bytes": (b"coverage.json", 13, b"\xff\xff\xff", "damaged"),
    "whose list leads nowhere": (END, 16, b"\xff\xff\xff\x7f", "damaged"),
    "with a long list": (END, 12, b"\0\0\0\1", "more files"),
    "without an end": (END, 0, b"PK\0\0", "end is missing"),
}


@pytest.mark.parametrize("name", ZIPS)
def test_a_zip_that_is_not_whole_is_refused_in_a_sentence(site: Site, tmp_path: Path, name: str) -> None:
    record, offset, put, reason = ZIPS[name]
    with zipfile.ZipFile(tmp_path / "zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a/coverage.json", b'{"liveline": 1}' * 100)
    content = bytearray((tmp_path / "zip").read_bytes())
    at = content.index(record) + offset
    content[at : at + len(put)] = put
    (tmp_path / "zip").write_bytes(content)
    refused = run(site, "import", tmp_path / "zip")
    assert (refused.exit_code, refused.output.count("\n")) == (1, 1), refused.output
    assert reason in refused.output


def test_what_a_zip_unpacks_to_is_counted_while_it_is_read(
    site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with zipfile.ZipFile(tmp_path / "zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("coverage.json", b" " * 5_000_000)
        archive.writestr("../coverage.json/", b"")
    monkeypatch.setattr(files, "READ_BYTES", 4 * 1024**2)
    assert "more than 4 MB" in run(site, "import", tmp_path / "zip").output
    (tmp_path / "empty").mkdir()
    assert "a folder without coverage.json" in run(site, "import", tmp_path / "empty").output


ANYTHING = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=9)
    | st.sampled_from(["\ud800", "x" * 999]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=4,
)


def places(value: Any) -> list[tuple[Any, Any]]:
    """Each object or list in that JSON, with each of its keys."""
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [each for key, inner in inside for each in ((value, key), *places(inner))]


def stored(site: Site) -> dict[str, int]:
    """How many rows each table has."""
    with site.services.store.read() as db:
        named = [row[0] for row in db.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")]
        return {name: db.execute(f"SELECT count(*) FROM [{name}]").fetchone()[0] for name in named}


@settings(max_examples=50, deadline=None, suppress_health_check=[*HealthCheck])
@given(st.data())
def test_an_export_with_anything_in_any_place_is_imported_or_refused_whole(
    story: Site, two_sites: Any, data: Any
) -> None:
    _, there, folder, numbers = two_sites
    path = folder / f"fuzzed-{next(numbers)}"
    if not (folder / "fuzzed").exists():
        pointing.add(story.services.store, "harbour", {"text": "Out", "updates": [shown(story, "harbour")[0].id]}, None)
        coverage.close(story.services.store, "harbour", None, {"message": "Home", "summary": "Six"})
        exported(story, "harbour", folder / "fuzzed")
    shutil.copytree(folder / "fuzzed", path)
    document = json.loads((path / "coverage.json").read_text())
    document["feed"]["id"] = path.name
    inside, key = data.draw(st.sampled_from(places(document)))
    inside[key] = data.draw(ANYTHING)
    (path / "coverage.json").write_text(json.dumps(document))
    before = stored(there)
    done = run(there, "import", path)
    assert isinstance(done.exception, SystemExit | None), done.exc_info
    if done.exit_code and not re.search(r"^[1-9]\d* (refused|imported)", done.output, re.M):
        assert done.output.startswith("Error: "), done.output
        assert stored(there) == before


def test_an_author_of_whom_no_card_can_be_made_refuses_the_import_whole(story: Site, tmp_path: Path) -> None:
    document = exported(story, "harbour", tmp_path / "first")
    document["article"]["author"] = {"display_name": "\0", "job": "x" * 999}
    (tmp_path / "first" / "coverage.json").write_text(json.dumps(document))
    (tmp_path / "other").mkdir()
    with site_in(tmp_path / "other") as other:
        before = stored(other)
        refused = imported(other, tmp_path / "first", exit_code=1)
        assert "the article cannot be imported: display_name: " in refused
        assert "job: " in refused
        assert stored(other) == before


def test_no_file_outside_of_the_folder_is_read(story: Site, tmp_path: Path) -> None:
    document = exported(story, "harbour", tmp_path / "first")
    (tmp_path / "secret.png").write_bytes(b"secret")
    for each in document["pictures"].values():
        each["file"] = "../secret.png"
    (tmp_path / "first" / "coverage.json").write_text(json.dumps(document))
    (tmp_path / "other").mkdir()
    with site_in(tmp_path / "other") as other:
        assert "not beside" in imported(other, tmp_path / "first", "--dry-run", exit_code=1)


def test_open_pages_that_link_to_what_was_imported_get_its_card(site: Site) -> None:
    slug = files.read(WXR).article["slug"]
    site.write_article("other", body=f"{site.services.settings.public_url}/articles/{slug}")
    with site.services.store.read() as db:
        clock = feeds.clock_of(db, articles.get(db, "other").id)
    imported(site, WXR)
    assert site.versions()[clock.slug] == clock.version + 1
    assert 'class="card' in site.charlie.get("/articles/other").text


def test_a_zip_of_the_desk_is_imported(story: Site, tmp_path: Path) -> None:
    with story.at_desk().post("/desk/feeds/harbour/exports", data={"format": "json"}, headers=FROM_HERE) as answer:
        (tmp_path / "harbour.zip").write_bytes(answer.data)
    (tmp_path / "other").mkdir()
    with site_in(tmp_path / "other") as other:
        assert "4 imported" in imported(other, tmp_path / "harbour.zip")
        assert "/pictures/" in other.charlie.get("/articles/harbour").text
        gone = next(each for each in shown(other, "harbour") if each.retracted_at)
        with pytest.raises(Invalid, match="was not imported"):
            retracting.restore(other.services.store, gone.id, None)


def test_a_text_that_takes_too_long_is_refused_and_those_after_it_are_not(monkeypatch: pytest.MonkeyPatch) -> None:
    def killed_at_slow_text(module: str, content: bytes) -> bytes:
        answers = [json.dumps([each, 0]) for each in json.loads(content)]
        slow = next((at for at, each in enumerate(answers) if "slow" in each), len(answers))
        return ("\n".join(answers[:slow]) + '\n["hal').encode()

    monkeypatch.setattr(many.child, "run", killed_at_slow_text)
    texts = ["one", "slow", "slow", *["more"] * many.AT_ONCE, "slow"]
    made = [each.markdown for each in many.to_markdown(texts)]
    assert made == [None if each == "slow" else each for each in texts]
