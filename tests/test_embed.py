"""Feeds on other sites: which sites may frame them, what oEmbed answers, and that neither contains hidden things."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from feed.store import writing
from tests.conftest import Site, application_in, site_in
from tests.pages import elements
from tests.test_reader_pages import Page

URL = "http://127.0.0.1:8000"
HOSTS = "https://a.example https://*.b.example"


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    with site_in(tmp_path, FEED_EMBED_ORIGINS=HOSTS) as made:
        yield made


def framers(site: Site, path: str) -> str:
    """Who may show that page in a frame."""
    policy = site.charlie.get(path).headers["Content-Security-Policy"]
    return next(part for part in policy.split("; ") if part.startswith("frame-ancestors")).removeprefix(
        "frame-ancestors "
    )


def oembed(site: Site, path: str, status: int = 200, **asked: object) -> dict[str, Any]:
    """What oEmbed answers for that page of ours, which keeps its rules."""
    answer = site.charlie.get("/oembed", query_string={"url": URL + path, **asked})
    assert answer.status_code == status, path
    if status != 200:
        assert answer.content_type == "application/problem+json"
        return {}
    told: dict[str, Any] = answer.get_json()
    assert answer.content_type == "application/json"
    assert told["version"] == "1.0"  # oembed.com, section 2.3.4
    assert told["type"] in ("rich", "link")
    assert (told["provider_name"], told["provider_url"]) == ("Liveline", f"{URL}/")
    # A title is words of an update: no cache may keep them beyond its retraction.
    assert answer.headers["Cache-Control"] == "no-cache"
    assert "cache_age" not in told
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert {"html", "width", "height"} <= set(told) or told["type"] == "link"
    assert all(isinstance(told[name], int) and told[name] > 0 for name in ("width", "height") if name in told)
    return told


def test_only_feeds_may_be_framed_and_only_by_who_is_listed(site: Site, tmp_path: Path) -> None:
    site.write_article("harbour", live=True)
    update = site.publish(feed="harbour")
    for path in (
        "/embed/feeds/news",
        "/embed/feeds/harbour",
        "/embed/feeds/nothing",
        "/embed/feeds/news?theme=x",
        "/embed/x",
    ):
        assert framers(site, path) == HOSTS, path
    for path in ("/", "/feeds/news", "/articles/harbour", f"/updates/{update.id}", "/desk/sign-in", "/nothing"):
        assert framers(site, path) == "'none'", path
    with application_in(tmp_path) as app:
        assert "frame-ancestors 'none'" in app.test_client().get("/embed/feeds/news").headers["Content-Security-Policy"]


def test_a_frame_shows_the_updates_as_every_page_does_and_leads_out_of_itself(site: Site) -> None:
    site.write_article("harbour", live=True)
    update = site.publish("Something **bold**", feed="harbour")
    page = site.charlie.get("/embed/feeds/harbour").text
    assert str(site.services.render.update(update)) in page
    assert '<base target="_blank">' in page
    assert elements(page, "meta", name="robots", content="noindex")
    for hidden in ("masthead", "/desk", "looks.js", "ld+json"):
        assert hidden not in page
    assert "data-theme" not in page
    assert ' data-theme="dark"' in site.charlie.get("/embed/feeds/harbour?theme=dark").text
    assert site.charlie.get("/embed/feeds/harbour?theme=blue").status_code == 400


def test_drafts_and_what_was_retracted_are_nowhere(site: Site) -> None:
    site.write_article("harbour", live=True)
    update = site.publish("A secret", feed="harbour")
    assert oembed(site, f"/updates/{update.id}")["title"] == "A secret"
    assert "A secret" in site.charlie.get("/embed/feeds/harbour").text
    site.retract(update)
    oembed(site, f"/updates/{update.id}", 410)
    assert "A secret" not in site.charlie.get("/embed/feeds/harbour").text
    writing.edit(site.services.store, "harbour", site.bob, {"draft": True})
    for path in ("/articles/harbour", "/feeds/harbour", "/embed/feeds/harbour", f"/updates/{update.id}"):
        oembed(site, path, 404)
    assert site.charlie.get("/embed/feeds/harbour").status_code == 404


def test_oembed_gives_the_frame_of_a_feed(site: Site) -> None:
    site.write_article("harbour", live=True, headline='High "tide" & <b>', byline="Ann Archer")
    for path in (
        "/articles/harbour",
        "/feeds/harbour",
        "/embed/feeds/harbour",
        "/articles/harbour?before=x#y",
        "/%66eeds/harbour",
    ):
        told = oembed(site, path)
        assert (told["type"], told["width"], told["height"]) == ("rich", 736, 600)
        assert told["title"] == "Live coverage: High “tide” & <b>"
        assert told.get("author_name") == ("Ann Archer" if path.startswith("/articles") else None)
        (tag, frame), (other, script) = Page(told["html"]).tags
        assert (tag, other) == ("iframe", "script")
        assert frame["src"] == f"{URL}/embed/feeds/harbour"
        assert frame["title"] == told["title"]
        assert frame["referrerpolicy"] == "no-referrer"
        assert not {"allow-top-navigation", "allow-forms", "allow-modals"} & set(str(frame["sandbox"]).split())
        assert script["src"] == f"{URL}/embed.js"
    small = oembed(site, "/feeds/news", maxwidth=320, maxheight=240)
    assert (small["title"], small["width"], small["height"]) == ("News Feed", 320, 240)
    frame = Page(small["html"]).tags[0][1]
    assert (frame["width"], frame["height"]) == ("320", "240")
    assert frame["style"] == "border: 0; width: 100%; max-width: 320px; max-height: min(90vh, 240px)"
    assert oembed(site, "/feeds/news", maxwidth=100_000, maxheight=9000)["width"] == 736


def test_oembed_gives_a_link_where_there_is_no_frame(site: Site, tmp_path: Path) -> None:
    site.write_article("bridge", byline="Ann Archer")
    update = site.publish("First words", headline="Low tide")
    told = oembed(site, "/articles/bridge")
    assert (told["type"], told["title"], told["author_name"]) == ("link", "About bridge", "Ann Archer")
    told = oembed(site, f"/updates/{update.id}")
    assert (told["type"], told["title"], told["author_name"]) == ("link", "Low tide", "Bob Brown")
    with application_in(tmp_path) as app:  # that lists nobody
        told = app.test_client().get(f"/oembed?url={URL}/feeds/news").get_json()
        assert told["type"] == "link"
        assert "html" not in told


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/desk/",
        "/nothing",
        "/articles/nothing",
        "/feeds/nothing",
        "/updates/9",
        "/articles/a/",
        "/feeds/news.atom",
    ],
)
def test_oembed_knows_nothing_of_other_pages(site: Site, path: str) -> None:
    oembed(site, path, 404)


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("", 404), ("url=", 404), ("url=http://[", 404), ("url=https://other.example/feeds/news", 404),
        (f"url={URL}.evil.example/feeds/news", 404), ("url=HTTP://127.0.0.1:08000/feeds/news", 200),
        ("url=http://me@127.0.0.1:8000/feeds/news", 404), ("url=//127.0.0.1:8000/feeds/news", 404),
        (f"url={URL}/feeds/news&format=xml", 501), (f"url={URL}/feeds/news&maxwidth=0", 400),
        (f"url={URL}/feeds/news&maxheight=-1", 400), (f"url={URL}/feeds/news&maxwidth=1e3", 400),
        (f"url={URL}/feeds/news&maxwidth={'9' * 5000}", 400), (f"url={URL}/feeds/news&maxheight=", 200),
    ],
)  # fmt: skip
def test_oembed_says_what_is_wrong(site: Site, query: str, status: int) -> None:
    answer = site.charlie.get(f"/oembed?{query}")
    assert answer.status_code == status
    assert status == 200 or answer.get_json()["detail"]


def test_pages_name_the_oembed_that_knows_them(site: Site) -> None:
    site.write_article("harbour", live=True)
    update = site.publish()
    for path in ("/articles/harbour", "/feeds/harbour", "/feeds/news", f"/updates/{update.id}"):
        links = [attributes for tag, attributes in Page(site.charlie.get(path).text).tags if tag == "link"]
        (address,) = (str(each["href"]) for each in links if each.get("type") == "application/json+oembed")
        assert address.startswith(f"{URL}/oembed?")
        (about,) = parse_qs(urlsplit(address).query)["url"]
        assert oembed(site, about.removeprefix(URL))["type"] == ("link" if "/updates/" in path else "rich")
    assert "oembed" not in site.charlie.get("/").text


def test_the_desk_gives_the_same_html_unless_nobody_may_use_it(site: Site) -> None:
    site.write_article("harbour", live=True)
    site.write_article("secret", live=True, draft=True)
    html = oembed(site, "/feeds/harbour")["html"].replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    assert html.replace('"', "&#34;") in site.at_desk().get("/desk/feeds/harbour").text
    assert "&lt;iframe" not in site.at_desk().get("/desk/feeds/secret").text
