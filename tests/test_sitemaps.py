"""Sitemap, news sitemap and robots.txt are valid and complete, and contain nothing that is not public."""

import re
from pathlib import Path
from typing import Any
from urllib import robotparser

import pytest
from lxml import etree

from feed import times
from feed.render import sitemaps
from feed.store import coverage, writing
from feed.store import sitemap as stored
from tests.conftest import Site

SCHEMA = Path(__file__).parent / "browser/node_modules/sitemap/schema/sitemap.xsd"
CORE, NEWS = "{http://www.sitemaps.org/schemas/sitemap/0.9}", "{http://www.google.com/schemas/sitemap-news/0.9}"
URL = "http://127.0.0.1:8000"
MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[+-]\d\d:\d\d\Z")  # W3C, in the site's zone


def fetched(site: Site, path: str) -> Any:
    """The root of a sitemap, which keeps the rules of sitemaps.org: by their schema where npm has brought it."""
    answer = site.charlie.get(path)
    assert (answer.status_code, answer.content_type) == (200, "application/xml; charset=utf-8")
    root = etree.fromstring(answer.data)
    assert root.tag == f"{CORE}urlset"
    urls = root.findall(f"{CORE}url")
    assert list(root) == urls
    assert 1 <= len(urls) <= 50_000
    for url in urls:
        assert [child.tag.removeprefix(CORE) for child in url] in (["loc"], ["loc", "lastmod"], ["loc", f"{NEWS}news"])
        address = url.findtext(f"{CORE}loc")
        assert address.startswith(f"{URL}/")
        assert len(address) <= 2048
        assert MOMENT.match(url.findtext(f"{CORE}lastmod", "2026-07-26T14:00:00+02:00"))
    assert len(answer.data) <= 50_000_000
    return root


def listed(site: Site) -> dict[str, str | None]:
    """When each address last changed."""
    urls = fetched(site, "/sitemap.xml").findall(f"{CORE}url")
    return {url.findtext(f"{CORE}loc").removeprefix(URL): url.findtext(f"{CORE}lastmod") for url in urls}


def news(site: Site) -> dict[str, tuple[str, str]]:
    """Title and date of each article in the news sitemap, which keeps the rules of Google's schema."""
    found = {}
    for url in fetched(site, "/news-sitemap.xml").findall(f"{CORE}url"):
        for told in url.findall(f"{NEWS}news"):
            assert [child.tag.removeprefix(NEWS) for child in told] == ["publication", "publication_date", "title"]
            publication, moment, title = told
            assert [child.tag.removeprefix(NEWS) for child in publication] == ["name", "language"]
            assert publication[0].text == "Liveline"
            assert re.match(r"(zh-cn|zh-tw|[a-z]{2,3})\Z", publication[1].text)
            assert MOMENT.match(moment.text)
            found[url.findtext(f"{CORE}loc").removeprefix(URL)] = (title.text, moment.text)
    assert len(found) <= 1_000
    return found


def local(site: Site, moment: str) -> str:
    return times.with_offset(moment, site.services.settings.timezone)


def age(site: Site, slug: str, hours: float) -> None:
    """Makes an article and its coverage as old as that; a draft stays one that never came out."""
    moment = times.after(-3600 * hours)

    def write(db: Any) -> None:
        db.execute("UPDATE articles SET published_at = ? WHERE slug = ? AND NOT draft", [moment, slug])
        db.execute("UPDATE feeds SET opened_at = ? WHERE slug = ?", [moment, slug])

    site.services.store.write(write)


@pytest.mark.skipif(not SCHEMA.exists(), reason="npm's sitemap is not installed; `make test` says how")
def test_both_are_valid_by_the_schema(site: Site) -> None:
    schema = etree.XMLSchema(etree.parse(SCHEMA))
    for slug in ("harbour", "bridge"):
        for path in ("/sitemap.xml", "/news-sitemap.xml"):
            root = fetched(site, path)
            # Google's extension has a schema of its own, which no package brings: its rules are in `news`.
            etree.strip_elements(root, f"{NEWS}news")
            schema.assertValid(root)
        site.write_article(slug, live=True)
    assert not schema.validate(etree.fromstring(f'<urlset xmlns="{CORE[1:-1]}"/>')), "it does find fault"


def test_the_sitemap_holds_the_public_articles_and_the_pages_that_lead_on(site: Site) -> None:
    assert listed(site) == {"/": None, "/feeds/news": None}
    site.write_article("secret", draft=True, live=True)
    bridge, harbour = site.write_article("bridge"), site.write_article("harbour", live=True)
    assert list(listed(site)) == ["/", "/feeds/news", "/articles/harbour", "/articles/bridge", "/authors/bob-brown"]
    assert listed(site)["/articles/bridge"] == local(site, bridge.published_at or "")
    assert listed(site)["/articles/harbour"] == local(site, harbour.feed.opened_at if harbour.feed else "")
    writing.edit(site.services.store, "bridge", site.bob, {"draft": True})
    writing.edit(site.services.store, "secret", site.bob, {"draft": False})
    assert set(listed(site)) == {"/", "/feeds/news", "/articles/harbour", "/articles/secret", "/authors/bob-brown"}


def test_an_article_changed_when_it_was_edited_or_its_coverage_went_on(site: Site) -> None:
    site.write_article("harbour", live=True)
    age(site, "harbour", 100)
    old = listed(site)["/articles/harbour"]
    assert old
    update = site.publish("News", feed="harbour")
    assert listed(site)["/articles/harbour"] == local(site, update.published_at)
    site.retract(update)
    assert listed(site)["/articles/harbour"] == old, "of what was retracted not even the moment is left"
    edited = writing.edit(site.services.store, "harbour", site.bob, {"headline": "Other"})
    assert listed(site)["/articles/harbour"] == local(site, edited.edited_at or "")
    closed = coverage.close(site.services.store, "harbour", None)
    assert listed(site)["/articles/harbour"] == local(site, closed.closed_at or "")


def test_the_sitemap_of_a_large_site_holds_the_latest(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sitemaps, "MOST_STORIES", 2)
    for slug in ("one", "two", "three"):
        site.write_article(slug)
    assert list(listed(site)) == ["/", "/feeds/news", "/articles/three", "/articles/two", "/authors/bob-brown"]


def test_the_news_are_of_the_last_48_hours(site: Site) -> None:
    assert news(site) == {}
    site.write_article("secret", draft=True, live=True)
    for slug, hours in (("old", 48.1), ("older", 100), ("young", 47.9)):
        site.write_article(slug, headline=f'"{slug}" & <more>')
        age(site, slug, hours)
    site.write_article("bridge")
    found = news(site)
    assert list(found) == ["/articles/bridge", "/articles/young"]
    assert found["/articles/young"][0] == "“young” & <more>"
    opened = writing.edit(site.services.store, "older", site.bob, {"live": True})
    assert opened.feed
    assert news(site)["/articles/older"][1] == local(site, opened.feed.opened_at), "coverage is news of its own"
    writing.edit(site.services.store, "bridge", site.bob, {"draft": True})
    assert "/articles/bridge" not in news(site)


def test_an_article_leaves_the_news_by_growing_old_alone(site: Site) -> None:
    article = site.write_article("harbour")
    assert list(news(site)) == ["/articles/harbour"]
    age(site, "harbour", 49)
    assert news(site) == {}
    assert article.published_at


def test_robots_keeps_machines_from_desk_and_api_and_names_the_sitemaps(site: Site) -> None:
    answer = site.charlie.get("/robots.txt")
    assert (answer.status_code, answer.content_type) == (200, "text/plain; charset=utf-8")
    rules = robotparser.RobotFileParser()
    rules.parse(answer.text.splitlines())
    assert rules.site_maps() == [f"{URL}/sitemap.xml", f"{URL}/news-sitemap.xml"]
    for path in ("/", "/articles/harbour", "/feeds/news", "/feeds/news.atom", "/updates/1", "/static/0/css/page.css"):
        assert rules.can_fetch("Googlebot", f"{URL}{path}"), path
    for path in ("/desk/", "/desk/sign-in", "/api/v1/feeds/news/updates"):
        assert not rules.can_fetch("Googlebot", f"{URL}{path}"), path


def test_neither_is_sorted_or_searched_through_at_any_size(site: Site) -> None:
    site.write_article("harbour", live=True)
    with site.services.store.read() as db:
        asked: list[str] = []
        db.conn.set_trace_callback(asked.append)
        stored.stories(db, 7)
        stored.begun_since(db, "2026", 7)
        db.conn.set_trace_callback(None)
        plans = [
            [row["detail"] for row in db.execute(f"EXPLAIN QUERY PLAN {sql}")] for sql in asked if "LIMIT 7" in sql
        ]
    latest, news = plans
    assert not [step for step in latest if "TEMP B-TREE" in step], latest
    assert "SEARCH updates USING INDEX updates_by_place (feed_id=?)" in latest, "the newest alone"
    assert not [step for step in news if step.startswith("SCAN articles")], news
