"""Structured data: each field of the JSON-LD against Google's lists for articles and live blogs, one canonical address
for each page, and nothing that the page does not show."""

import io
import json
import re
from datetime import datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from feed import text
from feed.render import structured_data
from feed.store import coverage, editors, pictures, publishing, writing
from feed.web.feed_page import SHOWN
from tests.conftest import Site
from tests.pages import elements
from tests.test_permalink import card
from tests.test_reader_pages import Page, a_picture
from tests.test_sitemaps import age
from tests.test_syndication import ANY

URL = "http://127.0.0.1:8000"
MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[+-]\d\d:\d\d\Z")
HOSTILE = "</script><!-- <script>alert(1)</script> ]]> & \" ' \u2028 \\u003c"


def told(site: Site, path: str) -> dict[str, dict[str, Any]]:
    """The structured data of a page, by type; no type twice. Each stands alone in a script element."""
    page = site.charlie.get(path)
    assert page.status_code == 200
    found = [json.loads(each.text) for each in elements(page.text, "script", type="application/ld+json")]
    for data in found:
        assert data["@context"] == "https://schema.org"
        check(data)
    assert len({data["@type"] for data in found}) == len(found)
    return {data["@type"]: data for data in found}


def check(data: dict[str, Any]) -> None:
    """What Google's lists ask of an article, and of a posting in a live blog."""
    assert data["@type"] in ("NewsArticle", "LiveBlogPosting", "BlogPosting")
    assert isinstance(data["headline"], str)
    assert data["headline"].strip()
    assert data["url"].startswith(f"{URL}/")
    assert data["author"]["@type"] == "Person"
    assert data["author"]["name"]
    for name in ("datePublished", "dateModified"):
        assert MOMENT.match(data[name]), "with the offset of the site's zone"
    assert datetime.fromisoformat(data["datePublished"]) <= datetime.fromisoformat(data["dateModified"])
    if "@context" in data:
        publisher = data["publisher"]
        assert (publisher["@type"], publisher["name"], publisher["url"]) == ("Organization", "Liveline", f"{URL}/")
        assert publisher["logo"]["@type"] == "ImageObject"
        assert publisher["logo"]["url"].startswith(f"{URL}/static/")
        assert data["mainEntityOfPage"] == data["url"]
    if "image" in data:
        assert data["image"]["@type"] == "ImageObject"
        assert data["image"]["url"].startswith(f"{URL}/pictures/")
    if data["@type"] == "LiveBlogPosting":
        assert MOMENT.match(data["coverageStartTime"])
        for entry in data["liveBlogUpdate"]:
            assert entry["@type"] == "BlogPosting"
            check(entry)
    if data["@type"] == "BlogPosting":
        assert isinstance(data["articleBody"], str)
    assert None not in data.values()
    assert "" not in {name: value for name, value in data.items() if name != "articleBody"}.values()


def local(site: Site, moment: str | None) -> str:
    assert moment
    return datetime.fromisoformat(moment).astimezone(site.services.settings.timezone).isoformat(timespec="seconds")


def a_large_picture(site: Site) -> str:
    out = io.BytesIO()
    Image.new("RGB", (2400, 1500), "teal").save(out, "JPEG")
    given = {"alt": "Smoke", "caption": "At dawn", "credit": "C. Amera"}
    return pictures.add(site.services.store, site.services.settings.media, out.getvalue(), given, None).id


# Articles


def test_an_article_is_a_news_article_with_all_of_its_fields(site: Site) -> None:
    picture = a_large_picture(site)
    editors.change_profile(site.services.store, site.bob.id, {"job": "Harbour reporter"}, None)
    site.write_article(headline='"Fire" & <smoke>', standfirst="It -- burns", kicker="Port", picture=picture, body="x")
    edited = writing.edit(site.services.store, "harbour", site.bob, {"body": "Other words"})
    found = told(site, "/articles/harbour")
    assert list(found) == ["NewsArticle"], "no coverage, no live blog"
    data = found["NewsArticle"]
    assert (data["headline"], data["description"]) == ("“Fire” & <smoke>", "It – burns")
    assert data["url"] == f"{URL}/articles/harbour"
    assert data["author"] == {"@type": "Person", "name": "Bob Brown", "jobTitle": "Harbour reporter"}
    assert data["datePublished"] == local(site, edited.published_at)
    assert data["dateModified"] == local(site, edited.edited_at)
    assert data["articleSection"] == "Port"
    assert data["image"] == {
        "@type": "ImageObject", "url": f"{URL}/pictures/{picture}", "width": 1600, "height": 1000,
        "caption": "At dawn", "creditText": "C. Amera",
    }  # fmt: skip
    with site.charlie.get(f"/pictures/{picture}") as answer:
        size = Image.open(io.BytesIO(answer.data)).size
    assert size == (1600, 1000), "the picture is as large as it is said to be: 1,200 pixels wide at least"


def test_the_publishers_logo_is_a_picture_of_its_size(site: Site) -> None:
    site.write_article()
    logo = told(site, "/articles/harbour")["NewsArticle"]["publisher"]["logo"]
    answer = site.charlie.get(logo["url"].removeprefix(URL))
    assert answer.content_type == "image/png"
    assert Image.open(io.BytesIO(answer.data)).size == (logo["width"], logo["height"])
    assert min(logo["width"], logo["height"]) >= 112


# Coverage


def test_coverage_is_a_live_blog_whose_entries_have_their_own_fields(site: Site) -> None:
    picture = a_large_picture(site)
    article = site.write_article("harbour", live=True, standfirst="It burns")
    first = site.publish("One\n\nTwo & <three>\n\n- four\n- **fi**-ve", feed="harbour")
    second = publishing.publish(
        site.services.store, "harbour", site.alice, {"body": f"![A tug](/pictures/{picture}) Hi", "headline": '"A tug"'}
    )
    edited = site.edit(first, body="One.\n\nTwo & <three>\n\n- four\n- **fi**-ve")
    found = told(site, "/articles/harbour")
    assert list(found) == ["NewsArticle", "LiveBlogPosting"]
    live = found["LiveBlogPosting"]
    assert article.feed
    assert live["url"] == f"{URL}/articles/harbour"
    assert live["coverageStartTime"] == live["datePublished"] == local(site, article.published_at)
    assert live["dateModified"] == local(site, edited.edited_at)
    assert "coverageEndTime" not in live
    new, old = live["liveBlogUpdate"]
    assert (new["headline"], old["headline"]) == ("“A tug”", "One. Two & <three> four fi-ve")
    assert (new["author"]["name"], old["author"]["name"]) == ("Alice Adams", "Bob Brown")
    assert (new["url"], old["url"]) == (f"{URL}/updates/{second.id}", f"{URL}/updates/{first.id}")
    assert new["image"]["url"] == f"{URL}/pictures/{picture}"
    assert "image" not in old
    assert (new["articleBody"], old["articleBody"]) == ("Hi", "One. Two & <three> four fi-ve"), "words stay apart"
    assert (old["datePublished"], old["dateModified"]) == (
        local(site, first.published_at),
        local(site, edited.edited_at),
    )
    assert new["datePublished"] == new["dateModified"] == local(site, second.published_at)


def test_entries_have_their_own_dates_and_not_the_articles(site: Site) -> None:
    site.write_article("harbour", live=True)
    publishing.publish(site.services.store, "harbour", site.bob, {"body": "Then"}, moment="2026-01-02T03:04:05.678Z")
    (entry,) = told(site, "/articles/harbour")["LiveBlogPosting"]["liveBlogUpdate"]
    assert entry["datePublished"] == "2026-01-02T04:04:05+01:00"


def test_coverage_has_an_end_once_it_is_closed_and_none_when_it_goes_on(site: Site) -> None:
    site.write_article("harbour", live=True)
    update = site.publish("Words", feed="harbour")
    closed = coverage.close(site.services.store, "harbour", None)
    live = told(site, "/articles/harbour")["LiveBlogPosting"]
    assert live["coverageEndTime"] == live["dateModified"] == local(site, closed.closed_at)
    assert [each["url"] for each in live["liveBlogUpdate"]] == [f"{URL}/updates/{update.id}"]
    coverage.reopen(site.services.store, "harbour", None)
    assert "coverageEndTime" not in told(site, "/articles/harbour")["LiveBlogPosting"]


def test_what_the_page_shows_is_told_and_no_more(site: Site) -> None:
    site.write_article("harbour", live=True)
    made = [site.publish(f"Number {number}", feed="harbour") for number in range(SHOWN + 5)][::-1]
    site.publish("Of the News Feed")
    shown = [f"{URL}/updates/{each.id}" for each in made[:SHOWN]]
    for path in ("/articles/harbour", "/feeds/harbour"):
        live = told(site, path)["LiveBlogPosting"]
        assert [each["url"] for each in live["liveBlogUpdate"]] == shown
        assert live["url"] == f"{URL}/articles/harbour"
    assert told(site, "/feeds/news") == told(site, "/") == {}


def test_an_empty_coverage_is_a_live_blog_too(site: Site) -> None:
    site.write_article("harbour", live=True)
    assert told(site, "/articles/harbour")["LiveBlogPosting"]["liveBlogUpdate"] == []


def test_the_longest_are_shortened_where_all_together_would_weigh_too_much(site: Site) -> None:
    site.write_article("harbour", live=True, body="word " * 400)
    short, long = "Few words.", "Many words of a long update. " * 40
    for number in range(SHOWN):
        site.publish(short if number % 2 else long, feed="harbour")
    bodies = [each["articleBody"] for each in told(site, "/articles/harbour")["LiveBlogPosting"]["liveBlogUpdate"]]
    assert bodies[::2] == [short] * (SHOWN // 2)
    assert sum(map(len, bodies)) <= structured_data.BODIES
    assert all(500 < len(each) < len(long) and each.endswith("…") for each in bodies[1::2])
    assert len(site.charlie.get("/articles/harbour").data) < 60_000
    assert told(site, "/updates/1")["BlogPosting"]["articleBody"] == long.strip(), "whole on its own page"


@given(lengths=st.lists(st.integers(0, 20_000), max_size=20), budget=st.integers(0, 10_000))
def test_the_room_is_shared_so_that_none_is_shortened_without_need(lengths: list[int], budget: int) -> None:
    room = structured_data._room(lengths, budget)
    used = sum(min(length, room) for length in lengths)
    assert used <= budget
    if any(length > room for length in lengths):
        assert sum(min(length, room + 1) for length in lengths) > budget


# Permalinks


def test_an_update_on_its_own_page_is_a_posting_whole(site: Site) -> None:
    article = a_large_picture(site)
    site.write_article("harbour", live=True, picture=article)
    words = "A long one. " * 100
    for feed, part_of in (("harbour", "/articles/harbour"), ("news", "/feeds/news")):
        update = site.publish(words, feed=feed)
        found = told(site, f"/updates/{update.id}")
        assert list(found) == ["BlogPosting"]
        data = found["BlogPosting"]
        assert data["url"] == f"{URL}/updates/{update.id}"
        assert data["articleBody"] == words.strip()
        assert data["isPartOf"] == f"{URL}{part_of}"
        assert ("image" in data) == (feed == "harbour"), "its article's picture, as on its card"
        assert data["datePublished"] == local(site, update.published_at)


# Hostile text


@given(words=st.text(ANY, max_size=40))
@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
def test_no_text_ends_the_script_element_and_every_text_is_read_back(words: str) -> None:
    data = {"@type": "X", "headline": f"{HOSTILE}{words}"}
    written = structured_data._script(data)
    assert not set(written) & set("<>&'")
    assert json.loads(written) == data


def test_hostile_words_are_words(site: Site) -> None:
    picture = a_picture(site, HOSTILE[:40], caption=HOSTILE, credit=HOSTILE)
    editors.change_profile(site.services.store, site.bob.id, {"display_name": HOSTILE, "job": HOSTILE}, None)
    with site.services.store.read() as db:
        site.bob = editors.by_name(db, "bob")
    site.write_article("harbour", headline=HOSTILE, standfirst=HOSTILE, kicker=HOSTILE, picture=picture, live=True)
    update = site.publish(f"```\n{HOSTILE}\n```", feed="harbour", headline=HOSTILE)
    clean = " ".join(HOSTILE.split())
    for path in ("/articles/harbour", "/feeds/harbour", f"/updates/{update.id}"):
        page = site.charlie.get(path).text
        assert not Page(page).inline
        assert "<!--" not in page
        assert page.count("<script") == page.count("</script>") == 2 + len(told(site, path))
    (entry,) = told(site, "/articles/harbour")["LiveBlogPosting"]["liveBlogUpdate"]
    assert entry["articleBody"] == clean
    assert entry["author"]["name"] == clean
    assert entry["headline"] == text.plain(text.smart_line(clean))


# What is not public


@pytest.mark.parametrize("notice", [False, True])
def test_what_is_retracted_is_gone_with_the_answer_to_the_write(site: Site, notice: bool) -> None:
    site.write_article("harbour", live=True)
    stays, wrong = site.publish("Stays", feed="harbour"), site.publish("Zwetschge", feed="harbour", key=True)
    paths = ("/articles/harbour", "/feeds/harbour", f"/updates/{stays.id}")
    for path in paths[:2]:
        assert len(told(site, path)["LiveBlogPosting"]["liveBlogUpdate"]) == 2
    site.retract(wrong, "The wrong tree", notice=notice)
    for path in paths:
        assert "Zwetschge" not in site.charlie.get(path).text
        assert "wrong tree" not in json.dumps(told(site, path)), "a notice is no entry"
    for path in paths[:2]:
        (entry,) = told(site, path)["LiveBlogPosting"]["liveBlogUpdate"]
        assert entry["url"] == f"{URL}/updates/{stays.id}"


def test_a_draft_is_told_to_nobody_and_leaves_no_time_behind(site: Site) -> None:
    site.write_article("harbour", live=True, draft=True)
    age(site, "harbour", 24)
    site.publish("Prepared", feed="harbour")
    assert site.charlie.get("/articles/harbour").status_code == 404
    preview = site.at_desk().get("/desk/articles/harbour/preview")
    assert (preview.status_code, "ld+json" in preview.text) == (200, False)
    out = writing.edit(site.services.store, "harbour", site.bob, {"draft": False})
    live = told(site, "/articles/harbour")["LiveBlogPosting"]
    assert live["coverageStartTime"] == live["datePublished"] == local(site, out.published_at)


# One address for each page


def test_every_page_has_one_address_and_views_do_not_compete_with_it(site: Site) -> None:
    site.write_article("harbour", live=True)
    made = [site.publish(f"Number {number}", feed=feed) for number in range(SHOWN + 1) for feed in ("harbour", "news")]
    before = re.search(r'\?before=[^"#]+', site.charlie.get("/feeds/harbour").text)
    assert before
    for path, address in {
        "/": "/",
        "/articles/harbour": "/articles/harbour",
        "/feeds/harbour": "/articles/harbour",
        "/feeds/news": "/feeds/news",
        f"/updates/{made[0].id}": f"/updates/{made[0].id}",
    }.items():
        found = card(site.charlie.get(path).text)
        assert found["canonical"] == found["og:url"] == f"{URL}{address}"
        assert found["robots"] == "max-image-preview:large"
        assert found["description"]
        assert found["og:type"] == ("website" if path in ("/", "/feeds/news") else "article")
    for view in (before[0], "?key=1", "?order=oldest", "?q=number", "?at=2026-07-26T14:00"):
        # The story is the same beside any view of its coverage; a feed's view is nothing but that.
        assert card(site.charlie.get(f"/articles/harbour{view}").text)["canonical"] == f"{URL}/articles/harbour"
        found = card(site.charlie.get(f"/feeds/harbour{view}").text)
        assert (found["robots"], "canonical" in found) == ("noindex", False), view
    assert card(site.charlie.get(f"/updates/{made[0].id}/history").text)["robots"] == "noindex"


def test_cards_have_their_dates_in_the_sites_zone(site: Site) -> None:
    site.write_article("harbour", live=True)
    edited = writing.edit(site.services.store, "harbour", site.bob, {"body": "Other"})
    found = card(site.charlie.get("/articles/harbour").text)
    assert found["article:published_time"] == local(site, edited.published_at)
    assert found["article:modified_time"] == local(site, edited.edited_at)
