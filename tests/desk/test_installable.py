"""The desk as an application: manifest, worker and policy are the desk's alone, and two kinds of pages may be kept."""

import gzip
import re
from io import BytesIO

from PIL import Image

from feed.web.desk.installable import COPY, PAPER
from tests.conftest import FROM_HERE, Site
from tests.pages import element, elements
from tests.server import ROOT
from tests.test_guards import policy


def test_the_manifest_is_that_of_the_site_and_of_its_desk_only(site: Site) -> None:
    link = element(site.at_desk().get("/desk/").text, "link", rel="manifest")
    answer = site.charlie.get(str(link.get("href")))
    assert answer.content_type == "application/manifest+json"
    manifest = answer.get_json()
    assert manifest["short_name"] == site.services.settings.site_name
    assert manifest["start_url"] == manifest["scope"] == "/desk/"
    kinds = {}
    for icon in manifest["icons"]:
        with site.charlie.get(icon["src"]) as picture:
            width, height = Image.open(BytesIO(picture.data)).size
        assert icon["sizes"] == f"{width}x{height}"
        kinds[width, icon["purpose"]] = icon["src"]
    assert set(kinds) == {(192, "any"), (512, "any"), (512, "maskable")}


def test_a_maskable_icon_has_no_corner_that_a_mask_would_show(site: Site) -> None:
    icon = Image.open(ROOT / "static/icon-maskable.png").convert("RGBA")
    assert {icon.getpixel((x, y)) for x in (0, 511) for y in (0, 511)} == {icon.getpixel((256, 20))}


def test_the_colours_around_the_window_are_those_of_the_page(site: Site) -> None:
    page = site.at_desk().get("/desk/").text
    papers = re.findall(r"--paper: (#\w+)", (ROOT / "static/css/page.css").read_text())
    assert papers[0] == PAPER
    assert [each.get("content") for each in elements(page, "meta", name="theme-color")] == papers[:2]


def test_readers_pages_know_nothing_of_it(site: Site) -> None:
    site.write_article("harbour", live=True)
    update = site.publish("One")
    paths = ["/", "/articles/harbour", "/feeds/news", f"/updates/{update.id}", "/embed/feeds/news"]
    for browser in (site.charlie, site.at_desk()):
        for path in paths:
            answer = browser.get(path)
            assert answer.status_code == 200, path
            assert "manifest" not in answer.text, path
            assert COPY not in answer.headers, path
            rules = policy(answer.headers["Content-Security-Policy"])
            assert not {"worker-src", "manifest-src"} & set(rules), path
    rules = policy(site.at_desk().get("/desk/").headers["Content-Security-Policy"])
    assert rules["worker-src"] == rules["manifest-src"] == ["'self'"]


def test_each_release_has_a_worker_of_its_own_that_is_asked_for_each_time(site: Site) -> None:
    page = site.at_desk().get("/desk/").text
    release = re.search(r"/static/([0-9a-f]{16})/", page)
    assert release
    answer = site.charlie.get("/desk/worker.js")
    assert answer.text.startswith(f'self.release="{release[1]}";')
    assert answer.content_type.startswith("text/javascript")
    assert answer.headers["Cache-Control"] == "no-store"


def test_only_the_first_page_and_feeds_may_be_kept_each_by_its_session(site: Site) -> None:
    site.write_article("harbour", live=True)
    bob, again = site.at_desk(), site.at_desk()
    marks = {browser.get(path).headers[COPY] for browser in (bob, again) for path in ("/desk/", "/desk/feeds/harbour")}
    assert len(marks) == 2, "two sessions"
    assert all(re.fullmatch(r"[0-9a-f]{16} \d{4}-\d\d-\d\dT[\d:.]+Z", mark) for mark in marks)
    for path in ("/desk/articles/harbour", "/desk/pictures", "/desk/profile", "/desk/drafts", "/desk/feeds/none"):
        assert COPY not in bob.get(path).headers, path
    assert COPY not in bob.post("/desk/feeds/news/updates", data={"body": ""}, headers=FROM_HERE).headers
    for path in ("/desk/", "/desk/sign-in", "/desk/offline"):
        assert COPY not in site.charlie.get(path).headers, path


def test_what_phones_load_most_is_compressed_unless_the_request_is_in_it(site: Site) -> None:
    site.publish("The quay")
    bob = site.at_desk()
    for path, zipped in (("/desk/", True), ("/desk/feeds/news", True), ("/desk/feeds/news?q=quay", False)):
        plain, answer = bob.get(path), bob.get(path, headers={"Accept-Encoding": "gzip"})
        assert "Content-Encoding" not in plain.headers
        assert ("Content-Encoding" in answer.headers) == zipped, path
        if zipped:
            assert "<title>" in gzip.decompress(answer.data).decode()
            assert len(answer.data) < len(plain.data) / 2
            assert answer.headers["Vary"] == plain.headers["Vary"] == "Accept-Encoding"
