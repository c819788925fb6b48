"""Addresses of articles: made of any headline, changed later; old ones redirect, and no draft leaves a trace."""

from urllib.parse import parse_qs, urlsplit

import pytest
import socketio

from feed.store import feeds, updates, writing
from feed.web.cursors import cursor_of
from tests.conftest import FROM_HERE, Site
from tests.server import Server

ENDPOINTS = (
    "/articles/{}", "/feeds/{}", "/feeds/{}.atom", "/feeds/{}.rss", "/feeds/{}.json", "/feeds/{}/older",
    "/feeds/{}/changes?after=0&epoch=x", "/embed/feeds/{}", "/api/v1/articles/{}", "/api/v1/feeds/{}/updates",
    "/feeds/{}?key=1", "/embed/feeds/{}?theme=dark", "/api/v1/feeds/{}/points",
)  # fmt: skip
URL = "http://127.0.0.1:8000"


def rename(site: Site, before: str, after: str) -> None:
    answer = site.api("PATCH", f"/api/v1/articles/{before}", {"slug": after})
    assert (answer.status_code, answer.get_json()["slug"]) == (200, after)


@pytest.mark.parametrize("endpoint", ENDPOINTS)
def test_an_old_address_leads_to_the_new_one_at_every_endpoint(site: Site, endpoint: str) -> None:
    site.write_article("harbour", live=True)
    site.publish("Fog", feed="harbour")
    assert site.charlie.get(endpoint.format("harbour")).status_code == 200
    rename(site, "harbour", "port")
    rename(site, "port", "quay")
    for old in ("harbour", "port", *(("HARBOUR", "Port") if "/api/" not in endpoint else ())):
        for method in ("GET", "HEAD"):
            answer = site.charlie.open(endpoint.format(old), method=method)
            assert answer.status_code == 301, old
            assert urlsplit(answer.headers["Location"]).path == urlsplit(endpoint.format("quay")).path
            found, asked = (parse_qs(urlsplit(each).query) for each in (answer.headers["Location"], endpoint))
            assert found == asked
            assert "immutable" not in answer.headers["Cache-Control"]
    assert site.charlie.get(endpoint.format("harbour"), follow_redirects=True).status_code == 200
    rename(site, "quay", "harbour")  # and back
    assert site.charlie.get(endpoint.format("harbour")).status_code == 200
    assert site.charlie.get(endpoint.format("quay")).status_code == 301


def test_oembed_of_an_old_address_leads_on(site: Site) -> None:
    site.write_article("harbour", live=True)
    rename(site, "harbour", "port")
    for page in ("articles", "feeds", "embed/feeds"):
        answer = site.charlie.get("/oembed", query_string={"url": f"{URL}/{page}/harbour", "maxwidth": "300"})
        assert answer.status_code == 301
        assert parse_qs(urlsplit(answer.headers["Location"]).query) == {
            "url": [f"{URL}/{page}/port"], "maxwidth": ["300"]
        }  # fmt: skip
        assert site.charlie.get(answer.headers["Location"]).status_code == 200
    for wrong in (f"{URL}/articles/nothing", "http://evil.example/articles/harbour", "http://[/articles/harbour", "x:"):
        assert site.charlie.get("/oembed", query_string={"url": wrong}).status_code == 404, wrong


def test_what_writes_is_sent_to_the_new_address_and_keeps_its_key(site: Site) -> None:
    site.write_article("harbour", live=True)
    one = site.api("POST", "/api/v1/feeds/harbour/updates", {"body": "Fog"}, Idempotency_Key="k").get_json()
    rename(site, "harbour", "port")
    for method, path in (("POST", "/api/v1/feeds/{}/updates"), ("PATCH", "/api/v1/articles/{}")):
        answer = site.api(method, path.format("harbour"), {"body": "Fog"})
        assert (answer.status_code, answer.headers["Location"]) == (308, path.format("port"))
        assert site.api(method, path.format("harbour"), {"body": "x"}, who=None).status_code == 401
    again = site.api("POST", "/api/v1/feeds/port/updates", {"body": "Fog"}, Idempotency_Key="k")
    assert (again.status_code, again.get_json()["id"]) == (201, one["id"])


def test_a_cursor_of_the_old_address_leads_to_the_same_place(site: Site) -> None:
    site.write_article("harbour", live=True)
    made = [site.publish(f"Fog {number}", feed="harbour") for number in range(4)]
    cursor = cursor_of("harbour", made[2].place)
    before = site.charlie.get(f"/feeds/harbour/older?before={cursor}")
    assert f"update-{made[1].id}" in before.text
    rename(site, "harbour", "port")
    after = site.charlie.get(f"/feeds/harbour/older?before={cursor}", follow_redirects=True)
    assert f"update-{made[1].id}" in after.text
    assert f"update-{made[2].id}" not in after.text
    assert site.charlie.get("/feeds/harbour/older?before=%00", follow_redirects=True).status_code == 400


def test_a_new_article_may_take_an_old_address(site: Site) -> None:
    site.write_article("harbour", live=True, body="Old")
    rename(site, "harbour", "port")
    site.write_article("harbour", body="New")
    assert "New" in site.charlie.get("/articles/harbour").text
    assert site.charlie.get("/feeds/harbour").status_code == 404, "the new one has no coverage"
    assert site.api("PATCH", "/api/v1/articles/port", {"slug": "harbour"}).status_code == 422
    assert site.api("PATCH", "/api/v1/articles/port", {"slug": "news"}).status_code == 422
    for wrong in (None, "", "Big Letters", 7):
        assert site.api("PATCH", "/api/v1/articles/port", {"slug": wrong}).status_code == 422, wrong


def test_a_draft_leaves_no_trace_in_redirects(site: Site) -> None:
    site.write_article("secret-name", draft=True, live=True)
    rename(site, "secret-name", "other-name")  # never public
    site.write_article("harbour", live=True)
    rename(site, "harbour", "port")
    writing.edit(site.services.store, "port", site.bob, {"draft": True})
    rename(site, "port", "secret-port")
    nothing = {endpoint: site.charlie.get(endpoint.format("nothing")) for endpoint in ENDPOINTS}
    for endpoint, known in nothing.items():
        for old in ("secret-name", "other-name", "harbour", "port", "secret-port", "Secret-Port"):
            answer = site.charlie.get(endpoint.format(old))
            assert (answer.status_code, answer.data) == (404, known.data), (endpoint, old)
        assert site.charlie.get(f"{urlsplit(endpoint).path.format('secret-port')}/").status_code == 404
    writing.edit(site.services.store, "other-name", site.bob, {"draft": False})
    writing.edit(site.services.store, "secret-port", site.bob, {"draft": False})
    assert site.charlie.get("/articles/secret-name").status_code == 404, "it was public at no time"
    assert site.charlie.get("/articles/harbour").headers["Location"] == "/articles/secret-port"
    assert site.charlie.get("/articles/port").headers["Location"] == "/articles/secret-port"


def test_an_editor_at_an_old_address_comes_to_the_new_one_a_draft_s_too(site: Site) -> None:
    site.write_article("harbour", draft=True, live=True)
    bob = site.at_desk()
    form = {"slug": "port", "headline": "About it", "draft": "1", "live": "1", "revision": "1"}
    saved = bob.post("/desk/articles/harbour", data=form, headers=FROM_HERE)
    assert (saved.status_code, saved.headers["Location"]) == (303, "/desk/articles/port?did=saved")
    for path in ("/desk/articles/{}", "/desk/feeds/{}", "/desk/articles/{}/preview"):
        answer = bob.get(path.format("harbour"))
        assert (answer.status_code, answer.headers["Location"]) == (302, path.format("port"))
        assert site.charlie.get(path.format("harbour")).status_code == 303
        assert site.charlie.get(path.format("harbour") + "/").status_code == 404
    sent = bob.post("/desk/feeds/harbour/updates", data={"body": "Fog"}, headers=FROM_HERE)
    assert (sent.status_code, sent.headers["Location"]) == (307, "/desk/feeds/port/updates")


@pytest.mark.parametrize(("asked", "right"), [
    ("/feeds/news/", "/feeds/news"), ("/feeds/NEWS", "/feeds/news"), ("/Feeds/News//", "/feeds/news"),
    ("/FEEDS/NEWS.ATOM", "/feeds/news.atom"), ("/feeds/news.rss/", "/feeds/news.rss"),
    ("/articles/harbour/", "/articles/harbour"), ("/articles/Harbour?key=1", "/articles/harbour?key=1"),
    ("/updates/1/", "/updates/1"), ("/embed/feeds/NEWS/", "/embed/feeds/news"), ("/sitemap.xml/", "/sitemap.xml"),
])  # fmt: skip
def test_a_slash_too_many_and_capitals_do_not_matter(site: Site, asked: str, right: str) -> None:
    site.write_article("harbour", live=True)
    site.publish("One")
    answer = site.charlie.get(asked)
    assert (answer.status_code, answer.headers["Location"]) == (301, right)
    assert site.charlie.get(right).status_code == 200


@pytest.mark.parametrize(
    "path",
    [
        "/api/v1/feeds/NEWS/updates",
        "/feeds/NOTHING",
        "/feeds/nothing/",
        "/x/",
        "/desk/x/",
        "/articles//evil.example/",
        "/FEEDS",
        "/%2f%2fx",
    ],
)
def test_what_is_nowhere_leads_nowhere(site: Site, path: str) -> None:
    answer = site.charlie.get(path)
    assert answer.status_code == 404 or not answer.headers["Location"].startswith("//")


def test_headlines_make_addresses_and_taken_ones_get_a_number(site: Site) -> None:
    made = [site.api("POST", "/api/v1/articles", {"headline": "Łódź Straße"}).get_json()["slug"] for _ in range(3)]
    assert made == ["lodz-strasse", "lodz-strasse-2", "lodz-strasse-3"]
    rename(site, "lodz-strasse-3", "elsewhere")
    again = site.api("POST", "/api/v1/articles", {"headline": "Łódź Straße"}).get_json()["slug"]
    assert again == "lodz-strasse-4", "the old address goes on leading to its article"
    assert site.api("POST", "/api/v1/articles", {"headline": "News"}).get_json()["slug"] == "news-2"
    assert site.api("POST", "/api/v1/articles", {"headline": "🔥"}).get_json()["slug"] == "article"
    german = site.api("POST", "/api/v1/articles", {"headline": "Öl", "language": "de"}).get_json()["slug"]
    assert german == "oel"
    taken = site.api("POST", "/api/v1/articles", {"headline": "Other", "slug": "lodz-strasse"})
    assert taken.status_code == 422
    bob = site.at_desk()
    answer = bob.post("/desk/articles", data={"headline": "Київ"}, headers=FROM_HERE)
    assert answer.headers["Location"] == "/desk/articles/kiiv?did=created"


def test_a_feed_keeps_its_name_in_atom_and_its_updates_theirs(site: Site) -> None:
    site.write_article("harbour", live=True)
    site.publish("Fog", feed="harbour")
    before = site.charlie.get("/feeds/harbour.atom").text
    rename(site, "harbour", "port")
    after = site.charlie.get("/feeds/port.atom").text
    ids = [text.split("<id>")[1:] for text in (before, after)]
    assert [each.partition("</id>")[0] for each in ids[0]] == [each.partition("</id>")[0] for each in ids[1]]


def test_a_card_follows_its_article_to_the_new_address(site: Site) -> None:
    site.write_article("harbour", headline="Fog")
    site.write_article("bridge", body="[x](/articles/harbour)")
    rename(site, "harbour", "port")
    page = site.charlie.get("/articles/bridge").text
    assert 'href="/articles/port"' in page
    writing.edit(site.services.store, "port", site.bob, {"draft": True})
    assert "/articles/port" not in site.charlie.get("/articles/bridge").text


def test_a_retraction_after_another_address_survives_a_rename(site: Site) -> None:
    site.write_article("harbour", live=True)
    one = site.publish("Fog", feed="harbour")
    rename(site, "harbour", "port")
    site.retract(one)
    with site.services.store.read() as db:
        assert feeds.get(db, "port").slug == "port"
        assert updates.get_any(db, one.id).feed == "port"
    assert site.charlie.get(f"/updates/{one.id}").status_code == 410


def test_who_follows_an_old_address_is_sent_on(server: Server) -> None:
    """An open socket gets another epoch under the name it knows; one that comes back by the old name, the new one."""
    server.api("POST", "/api/v1/articles", {"slug": "harbour", "headline": "Fog", "live": True})
    reader = socketio.SimpleClient()
    reader.connect(server.url, transports=["websocket"])
    told = reader.call("follow", {"feed": "harbour"})
    server.api("PATCH", "/api/v1/articles/harbour", {"slug": "port"})
    name, envelope = reader.receive(timeout=20)
    while name != "updated":
        name, envelope = reader.receive(timeout=20)
    assert (envelope["feed"], envelope["changes"]) == ("harbour", [])
    assert envelope["epoch"] != told["epoch"]
    again = reader.call("follow", {"feed": "harbour", "epoch": told["epoch"], "version": told["version"]})
    assert (again["feed"], again["epoch"]) == ("port", envelope["epoch"])
    server.api("POST", "/api/v1/feeds/port/updates", {"body": "More"})
    name, envelope = reader.receive(timeout=20)
    while name != "updated":
        name, envelope = reader.receive(timeout=20)
    assert envelope["feed"] == "port"
    assert len(envelope["changes"]) == 1
    reader.disconnect()
