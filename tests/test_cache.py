"""The cache of pages never serves a byte that is out of date, and a hit is cheap."""

import gzip
import io
import random
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image
from werkzeug.datastructures import Accept
from werkzeug.http import parse_accept_header

from feed.store import coverage, editors, feeds, publishing, retracting, writing
from feed.store.database import Store
from feed.web import cache, files, static
from feed.web.cache import Cache
from feed.web.cached_page import takes_gzip
from feed.web.request_ids import RequestIds
from feed.web.static import static_hash
from tests.conftest import PASSWORD, Site, application_in, site_in

MOST_ZIPPED = 8 * 1024  # bytes of a reader's style sheet

ENDPOINTS = (
    "/", "/articles/harbour", "/articles/bridge", "/articles/secret", "/feeds/news", "/feeds/harbour",
    "/feeds/news/changes?after=1&epoch={epoch}", "/feeds/harbour/older", "/updates/1", "/updates/2", "/updates/3",
    "/updates/3/history", "/feeds/news?key=1", "/articles/harbour?order=oldest", "/feeds/news?q=something",
    "/feeds/news.atom", "/feeds/harbour.atom", "/feeds/harbour.rss", "/feeds/harbour.json", "/feeds/secret.atom",
    "/sitemap.xml", "/embed/feeds/news", "/embed/feeds/harbour", "/embed/feeds/secret",
    "/oembed?url=http://127.0.0.1:8000/articles/harbour", "/oembed?url=http://127.0.0.1:8000/updates/3",
    "/oembed?url=http://127.0.0.1:8000/articles/bridge", "/oembed?url=http://127.0.0.1:8000/articles/secret",
    "/api/v1/feeds/news/updates", "/api/v1/feeds/harbour/updates?limit=2",
)  # fmt: skip


def furnish(site: Site) -> None:
    """Two articles that show each other, one of them live, a draft, and some updates."""
    site.write_article("bridge", body="Before\n\n[harbour](/articles/harbour)\n\nAfter")
    site.write_article("harbour", live=True, body="[bridge](/articles/bridge)\n\n[secret](/articles/secret)")
    site.write_article("secret", live=True, draft=True)
    for feed in ("news", "harbour", "news"):
        site.publish("Something of **note**", feed=feed)


Write = Callable[[Site], object]
WRITES: dict[str, Write] = {
    "publish": lambda site: site.publish("More", pinned=True),
    "publish in the coverage": lambda site: site.publish("More of it", feed="harbour", key=True),
    "edit": lambda site: site.edit(site.publish("Wrong"), body="Right"),
    "retract": lambda site: site.retract(site.publish("Gone soon", feed="harbour")),
    "retract with a notice": lambda site: retracting.retract(
        site.services.store, site.publish("Gone soon").id, {"reason": "A mistake", "notice": True}, None
    ),
    "another headline": lambda site: writing.edit(site.services.store, "harbour", site.bob, {"headline": "Low"}),
    "a feedless headline": lambda site: writing.edit(site.services.store, "bridge", site.bob, {"headline": "Up"}),
    "another body": lambda site: writing.edit(site.services.store, "bridge", site.bob, {"body": "All new"}),
    "another language": lambda site: writing.edit(site.services.store, "harbour", site.bob, {"language": "uk"}),
    "another language of an article without a feed": lambda site: writing.edit(
        site.services.store, "bridge", site.bob, {"language": "ar"}
    ),
    "coverage begins": lambda site: writing.edit(site.services.store, "bridge", site.bob, {"live": True}),
    "coverage ends": lambda site: coverage.close(site.services.store, "harbour", None),
    "coverage goes on": lambda site: coverage.reopen(site.services.store, "harbour", None),
    "a draft": lambda site: writing.edit(site.services.store, "harbour", site.bob, {"draft": True}),
    "a draft comes out": lambda site: writing.edit(site.services.store, "secret", site.bob, {"draft": False}),
    "public again": lambda site: writing.edit(site.services.store, "harbour", site.bob, {"draft": False}),
    "a new article": lambda site: site.write_article(f"story-{random.randrange(10**9)}"),
    "a new author": lambda site: editors.add(
        site.services.store, f"e{random.randrange(10**9)}", PASSWORD, "editor", actor=None
    ),
    "a biography": lambda site: editors.change_profile(
        site.services.store, site.bob.id, {"bio": "Born by the sea."}, None
    ),
}  # fmt: skip


def answers(app: Flask, endpoints: tuple[str, ...] = ENDPOINTS) -> dict[str, tuple[int, bytes, str | None]]:
    """What a reader gets at these endpoints."""
    with app.extensions["liveline"].store.read() as db:
        epoch = feeds.get(db, "news").epoch
    found = {}
    for endpoint in endpoints:
        answer = app.test_client().get(endpoint.format(epoch=epoch))
        found[endpoint] = (answer.status_code, answer.data, answer.headers.get("ETag"))
    return found


def fresh(site: Site) -> dict[str, tuple[int, bytes, str | None]]:
    """What an application that has just been started answers."""
    with application_in(site.services.settings.database.parent) as app:
        return answers(app)


@given(names=st.lists(st.sampled_from(sorted(WRITES)), min_size=3, max_size=6))
@settings(max_examples=4, deadline=None, suppress_health_check=list(HealthCheck))
@pytest.mark.long
def test_a_warm_site_answers_like_a_fresh_one_whatever_was_written(
    tmp_path_factory: pytest.TempPathFactory, names: list[str]
) -> None:
    with site_in(tmp_path_factory.mktemp("site")) as site:
        furnish(site)
        for name in names:
            answers(site.app)
            WRITES[name](site)
            assert answers(site.app) == fresh(site), name


@pytest.mark.parametrize("name", sorted(WRITES))
def test_each_kind_of_change_is_seen_by_the_next_request(site: Site, name: str) -> None:
    furnish(site)
    before = answers(site.app)
    WRITES[name](site)
    after = answers(site.app)
    assert after == fresh(site)
    # An author without an article, and what was so already, change nothing that readers see.
    assert after != before or name in ("a new author", "coverage goes on", "public again")


@pytest.mark.parametrize(
    "endpoint",
    [endpoint for endpoint in ENDPOINTS if "secret" not in endpoint and not endpoint.endswith("8000/articles/bridge")],
)
def test_a_hit_asks_sqlite_one_number_and_touches_neither_flask_nor_jinja(
    site: Site, endpoint: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    furnish(site)
    before = answers(site.app, (endpoint,))[endpoint]
    assert before[0] == 200
    answers(site.app, (endpoint,))  # the first hit after a commit asks for the counters

    def trap(*_: object, **__: object) -> None:
        raise AssertionError("a hit came this far")

    with site.services.store.read() as db:
        epoch = feeds.get(db, "news").epoch
    monkeypatch.setattr(site.services.store, "read", trap)
    monkeypatch.setattr(site.app, "full_dispatch_request", trap)
    hit = site.charlie.get(endpoint.format(epoch=epoch))
    assert (hit.status_code, hit.data, hit.headers["ETag"]) == before
    monkeypatch.undo()
    site.publish("A change")
    site.publish("A change there", feed="harbour")
    monkeypatch.setattr(site.app, "full_dispatch_request", trap)
    assert site.charlie.get(endpoint.format(epoch=epoch)).status_code == 500, "this was no hit"


def test_a_commit_of_another_process_is_seen(site: Site) -> None:
    furnish(site)
    assert b"From elsewhere" not in site.charlie.get("/feeds/news").data
    other = Store(site.services.settings.database)
    publishing.publish(other, "news", site.bob, {"body": "From elsewhere"})
    other.close()
    assert b"From elsewhere" in site.charlie.get("/feeds/news").data


def test_compressed_or_not_it_is_the_same_page_under_its_own_tag(site: Site) -> None:
    furnish(site)
    for _ in ("miss", "hit"):
        plain = site.charlie.get("/articles/harbour")
        zipped = site.charlie.get("/articles/harbour", headers={"Accept-Encoding": "br, gzip;q=0.5"})
        assert "Content-Encoding" not in plain.headers
        assert zipped.headers["Content-Encoding"] == "gzip"
        assert gzip.decompress(zipped.data) == plain.data
        assert int(zipped.headers["Content-Length"]) == len(zipped.data) < len(plain.data) / 2
        assert zipped.headers["ETag"] != plain.headers["ETag"]
        assert plain.headers["Vary"] == zipped.headers["Vary"] == "Accept-Encoding"
        for refused in ("gzip;q=0", "identity"):
            answer = site.charlie.get("/articles/harbour", headers={"Accept-Encoding": refused})
            assert answer.data == plain.data
        for known, accepts in ((plain, "identity"), (zipped, "gzip")):
            for tag in (known.headers["ETag"], f"W/{known.headers['ETag']}", f'"x", {known.headers["ETag"]}', "*"):
                asked = {"If-None-Match": tag, "Accept-Encoding": accepts}
                same = site.charlie.get("/articles/harbour", headers=asked)
                assert (same.status_code, same.data) == (304, b"")
                assert same.headers["ETag"] == known.headers["ETag"]
                assert "Content-Security-Policy" in same.headers
        head = site.charlie.head("/articles/harbour")
        assert (head.status_code, head.data) == (200, b"")
        assert head.headers["Content-Length"] == plain.headers["Content-Length"]


def test_static_files_are_compressed_too(site: Site) -> None:
    address = f"/static/{static_hash()}/css/page.css"
    plain = site.charlie.get(address)
    zipped = site.charlie.get(address, headers={"Accept-Encoding": "gzip"})
    assert gzip.decompress(zipped.data) == plain.data
    assert "immutable" in zipped.headers["Cache-Control"]
    with site.charlie.get("/static/0123456789abcdef/css/page.css") as old:
        assert "immutable" not in old.headers["Cache-Control"]


def test_what_an_editor_sees_is_kept_for_nobody(site: Site) -> None:
    furnish(site)
    bob = site.at_desk()
    for path in ("/desk/", "/desk/articles/secret/preview", "/desk/feeds/secret"):
        assert bob.get(path).status_code == 200
        assert site.charlie.get(path).status_code == 303, path
    token = {"Authorization": f"Bearer {site.tokens['bob']}"}
    assert site.charlie.get("/api/v1/articles/secret", headers=token).status_code == 200
    assert site.charlie.get("/api/v1/articles/secret").status_code == 404


def test_a_crowd_of_addresses_does_not_fill_the_memory(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    furnish(site)
    monkeypatch.setattr(cache, "MOST_BYTES", 100_000)
    kept = cache_of(site)
    wanted = site.charlie.get("/feeds/harbour").data
    for number in range(60):
        assert site.charlie.get(f"/feeds/news?q={number}").status_code == 200
        assert site.charlie.get("/feeds/harbour").data == wanted
        assert kept._size <= 100_000
        assert kept._size == sum(page.size for page in kept._pages.values())
    assert 1 < len(kept._pages) < 60
    assert ("/feeds/harbour", "") in kept._pages, "what is asked for stays"


def test_what_is_out_of_date_is_forgotten_though_nobody_asks_for_it_again(site: Site) -> None:
    furnish(site)
    kept = cache_of(site)
    current = ["/feeds/harbour", "/feeds/harbour/older", "/feeds/harbour.atom"]
    for path in current:
        assert site.charlie.get(path).status_code == 200
    with site.services.store.read() as db:
        epoch = feeds.get(db, "news").epoch
    for number in range(15):
        site.publish(f"Number {number}")
        assert site.charlie.get(f"/feeds/news/changes?after={number}&epoch={epoch}").status_code == 200
    assert {path for path, _ in kept._pages} >= {*current}, "what is current stays"
    assert len(kept._pages) <= 2 * (len(current) + 1), "one of each round was current"
    assert kept._size == sum(page.size for page in kept._pages.values())


UNKNOWN = ("fbclid=IwAR0", "utm_source=x&utm_medium=y", "&".join(f"a{n}=" for n in range(90)), "Q=a&KEY=1", "&&=&", "_")


@pytest.mark.parametrize("endpoint", [endpoint for endpoint in ENDPOINTS if "secret" not in endpoint])
def test_parameters_that_a_view_does_not_read_neither_miss_nor_fill(
    site: Site, endpoint: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    furnish(site)
    before = answers(site.app, (endpoint,))[endpoint]
    assert before[0] == 200
    with site.services.store.read() as db:
        address, _, query = endpoint.format(epoch=feeds.get(db, "news").epoch).partition("?")
    kept = len(cache_of(site)._pages)

    def trap(*_: object, **__: object) -> None:
        raise AssertionError("a hit came this far")

    monkeypatch.setattr(site.app, "full_dispatch_request", trap)
    read = query.split("&")
    for unknown in UNKNOWN:
        for asked in ([unknown, *read], [*read, unknown], [*read[::-1], unknown], [*read, *read]):
            answer = site.charlie.get(f"{address}?{'&'.join(filter(None, asked))}")
            assert (answer.status_code, answer.data, answer.headers["ETag"]) == before
            assert site.charlie.head(f"{address}?{'&'.join(filter(None, asked))}").status_code == 200
    assert len(cache_of(site)._pages) == kept


def test_of_a_repeated_parameter_the_first_counts_as_in_the_view(site: Site) -> None:
    one, two = site.publish("Fire"), site.publish("Flood")
    for query in ("q=fire&q=flood", "%71=fire&q=flood", "x=1&q=fire&utm=2&q=flood"):
        page = site.charlie.get(f"/feeds/news?{query}").text
        assert f'id="update-{one.id}"' in page
        assert f'id="update-{two.id}"' not in page


def test_every_view_that_says_what_it_shows_says_what_it_reads(site: Site) -> None:
    """One that did not would never be kept. What it does not name it does not get, so no page can hold it."""
    furnish(site)
    parameters = cache.Parameters(site.app)
    for endpoint in ENDPOINTS:
        assert parameters.of(endpoint.partition("?")[0]) is not None, endpoint
    for path in ("/desk/", "/desk/feeds/news", "/readyz", "/metrics", "/nothing", "/api/v1/articles"):
        assert parameters.of(path) is None


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.sampled_from(("gzip", "GZIP", "*", "br", "identity", "x-gzip", "gzip2")).flatmap(
            lambda name: st.sampled_from((name, f"{name};q=0", f"{name}; q=0.0", f"{name};q=0.001", f" {name} ;q=1"))
        ),
        max_size=6,
    )
)
def test_gzip_is_taken_as_werkzeug_reads_the_header(parts: list[str]) -> None:
    header = ",".join(parts)
    assert takes_gzip(header) == (parse_accept_header(header, Accept)["gzip"] > 0)


@pytest.mark.parametrize("filler", ["br;q=0.5,", ",", "x" * 40 + ",", " ", "\t,"])
def test_of_a_long_header_the_beginning_counts(filler: str) -> None:
    long = filler * (8_000 // len(filler))
    assert takes_gzip(f"gzip,{long}")
    assert not takes_gzip(f"gzip;q=0,{long}")
    assert not takes_gzip(f"{long}gzip")


def cache_of(site: Site) -> Cache:
    """The cache of an application."""
    return next(layer for layer in layers(site.app.wsgi_app) if isinstance(layer, Cache))


def layers(outer: object) -> list[object]:
    """The callables that a WSGI layer closes over or holds."""
    closed_over = [cell.cell_contents for cell in getattr(outer, "__closure__", None) or ()]
    return [outer, *closed_over, *(each._app for each in closed_over if isinstance(each, RequestIds))]


def test_files_of_the_next_release_are_not_kept_under_the_hash_of_this_one(
    site: Site, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A deploy replaces the files while this process goes on: a browser that asked it would keep them for ever."""
    folder = tmp_path / "static"
    shutil.copytree(static.STATIC, folder)
    monkeypatch.setattr(static, "STATIC", folder)
    kept = site.charlie.get(f"/static/{static_hash()}/css/page.css")
    assert "immutable" in kept.headers["Cache-Control"]
    (folder / "css" / "desk.css").write_text("body { color: red }")
    with site.charlie.get(f"/static/{static_hash()}/css/desk.css") as new:
        assert (new.data, new.headers["Cache-Control"]) == (b"body { color: red }", "no-store")
    assert site.charlie.get(f"/static/{static_hash()}/js/desk/desk.js").headers["Cache-Control"] == "no-store"
    assert site.charlie.get(f"/static/{static_hash()}/css/page.css").data == kept.data


def test_a_page_of_the_release_before_finds_the_scripts_that_have_moved(site: Site) -> None:
    """It may have been loaded just before the deploy, and asks for its script just after it."""
    for before, now in files.MOVED.items():
        old, new = (site.charlie.get(f"/static/0123456789abcdef/{name}") for name in (before, now))
        assert (old.status_code, old.data) == (200, new.data)
        assert old.headers["Cache-Control"] == "no-store"


def test_a_readers_style_sheet_is_small(site: Site) -> None:
    sheet = site.charlie.get(f"/static/{static_hash()}/css/page.css").data
    assert 0 < len(gzip.compress(sheet)) <= MOST_ZIPPED


def test_icons_answer_where_they_are_looked_for_unasked(site: Site) -> None:
    for path, kind, size in (("/favicon.ico", "ICO", (48, 48)), ("/apple-touch-icon.png", "PNG", (180, 180))):
        answer = site.charlie.get(path)
        assert (answer.status_code, answer.headers["Cache-Control"]) == (200, "public, max-age=86400")
        with Image.open(io.BytesIO(answer.data)) as icon:
            assert (icon.format, icon.size) == (kind, size)
        assert answer.mimetype in ("image/vnd.microsoft.icon", "image/x-icon", "image/png")
        assert site.charlie.head(path).headers["ETag"] == answer.headers["ETag"]
