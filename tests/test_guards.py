"""The guards: the checks of requests and the headers of answers, on every endpoint and every status."""

import io
import re

import pytest
from flask.testing import FlaskClient

from app import create_app
from feed.web.bodies import FORM_BYTES, FORM_FIELDS, STRANGERS_FORM_BYTES
from tests.conftest import FROM_HERE, Site
from tests.pages import element, elements, words

GUARDS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "strict-origin-when-cross-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
}


def policy(header: str) -> dict[str, list[str]]:
    """A Content-Security-Policy by directive."""
    parts = [part.split() for part in header.split(";")]
    return {name: values for name, *values in parts}


def every_kind_of_answer(site: Site) -> list[tuple[int, str, str]]:
    """(status, method, path), for charlie."""
    site.write_article("harbour", live=True)
    gone = site.publish("Gone")
    site.retract(gone)
    return [
        (200, "GET", "/"), (200, "HEAD", "/"), (200, "OPTIONS", "/"), (200, "GET", "/articles/harbour"),
        (200, "GET", "/feeds/news/older"), (200, "GET", "/feeds/news/changes?after=0"), (200, "GET", "/desk/sign-in"),
        (200, "GET", "/api/v1/feeds/news/updates"), (200, "GET", "/healthz"), (200, "GET", "/readyz"),
        (200, "GET", "/metrics"), (303, "GET", "/desk/"), (404, "GET", "/nothing"), (404, "GET", "/api/v1/nothing"),
        (200, "GET", "/embed/feeds/news"), (404, "GET", "/embed/feeds/x"), (200, "GET", "/embed.js"),
        (404, "GET", "/oembed"), (404, "GET", "/static/x/nothing.js"), (404, "GET", "/pictures/x"),
        (410, "GET", f"/updates/{gone.id}"), (400, "GET", "/feeds/news?before=!"), (400, "GET", "/feeds/news/changes"),
        (405, "DELETE", "/"), (401, "POST", "/api/v1/articles"), (403, "POST", "/desk/sign-in"),
    ]  # fmt: skip


def test_every_kind_of_answer_carries_the_guards(site: Site) -> None:
    for status, method, path in every_kind_of_answer(site):
        answer = site.charlie.open(path, method=method)
        assert answer.status_code == status, (method, path)
        assert GUARDS.items() <= dict(answer.headers).items(), path
        rules = policy(answer.headers["Content-Security-Policy"])
        assert rules["default-src"] == rules["base-uri"] == rules["frame-ancestors"] == ["'none'"]
        assert rules["require-trusted-types-for"] == ["'script'"]
        assert rules["trusted-types"] == ["liveline"] + ["liveline-worker"] * path.startswith("/desk/")
        assert rules["script-src"] == rules["style-src"] == rules["form-action"] == ["'self'"]
        assert answer.headers["Cache-Control"], path
        assert "Set-Cookie" not in answer.headers
        assert "Strict-Transport-Security" not in answer.headers, "this site is on plain http"
        answer.close()


def test_people_get_pages_and_programs_get_problems(site: Site) -> None:
    for status, method, path in every_kind_of_answer(site):
        answer = site.charlie.open(path, method=method)
        if status < 400:
            answer.close()
            continue
        program = path.startswith("/api/") or "/changes" in path or "/oembed" in path
        assert answer.content_type == ("application/problem+json" if program else "text/html; charset=utf-8"), path
        if not program:
            assert words(element(answer.text, "h1"))
            assert elements(answer.text, "a", href="/")
        assert "Traceback" not in answer.text
        assert "werkzeug" not in answer.text.lower()


def test_a_mistake_of_ours_shows_nothing_of_the_inside(site: Site, caplog: pytest.LogCaptureFixture) -> None:
    @site.app.get("/bug")
    @site.app.get("/api/bug", endpoint="api_bug")
    def bug() -> str:
        raise RuntimeError("the secret inside")

    for path, kind in (("/bug", "text/html; charset=utf-8"), ("/api/bug", "application/problem+json")):
        answer = site.charlie.get(path)
        assert (answer.status_code, answer.content_type) == (500, kind)
        assert "secret inside" not in answer.text
        assert "Traceback" not in answer.text
        assert GUARDS.items() <= dict(answer.headers).items()
    assert "the secret inside" in caplog.text, "but the engineers see it"


def test_words_in_the_address_come_back_escaped_or_not_at_all(site: Site) -> None:
    attack = "<script>alert(1)</script>"
    for path in ("/", "/articles/", "/feeds/news?before=", "/desk/sign-in?next=/desk/", "/desk/first/", "/desk/x?"):
        assert attack not in site.charlie.get(path + attack).text, path


def test_a_form_over_the_limit_is_refused_before_it_is_read(site: Site) -> None:
    bob = site.at_desk()
    long = {"body": "x" * (FORM_BYTES + 1)}
    answer = bob.post("/desk/feeds/news/updates", data=long, headers=FROM_HERE)
    assert (answer.status_code, answer.content_type) == (413, "text/html; charset=utf-8")
    part = '--x\r\nContent-Disposition: form-data; name="body"\r\n\r\n{}\r\n'
    for parts in (part.format(long["body"]), part.format("x") * 2_000):
        data, kind = (parts + "--x--\r\n").encode(), "multipart/form-data; boundary=x"
        answer = bob.post("/desk/feeds/news/updates", data=data, headers=FROM_HERE, content_type=kind)
        assert answer.status_code == 413
    assert site.versions()["news"] == 0


class Unread(io.BytesIO):
    """What a stranger sends; `taken` is how much of it was read."""

    taken = 0

    def read(self, size: int | None = -1) -> bytes:
        got = super().read(size)
        self.taken += len(got)
        return got


URLENCODED, MULTIPART = "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"


@pytest.mark.parametrize("kind", [URLENCODED, MULTIPART])
@pytest.mark.parametrize("path", ["/desk/sign-in", "/desk/first/x", "/desk/feeds/news/updates", "/nothing"])
@pytest.mark.parametrize("cookie", [None, "liveline=made-up"])
@pytest.mark.parametrize("chunked", [False, True])
def test_a_stranger_makes_nobody_read_a_long_form(
    site: Site, kind: str, path: str, cookie: str | None, chunked: bool
) -> None:
    sent = Unread(b"a&" * (FORM_BYTES // 2 - 1))
    more = {"wsgi.input_terminated": True} if chunked else {"CONTENT_LENGTH": str(FORM_BYTES - 2)}
    headers = FROM_HERE | ({"Cookie": cookie} if cookie else {})
    answer = site.charlie.post(path, input_stream=sent, headers=headers, content_type=kind, environ_overrides=more)
    assert answer.status_code == {"/desk/feeds/news/updates": 303, "/nothing": 404}.get(path, 413)
    assert sent.taken <= (STRANGERS_FORM_BYTES + 1 if chunked and answer.status_code == 413 else 0)


def test_a_form_of_too_many_fields_is_refused_also_from_an_editor(site: Site) -> None:
    bob = site.at_desk()
    for fields, status in ((FORM_FIELDS, 303), (FORM_FIELDS + 1, 413)):
        form = "body=x" + "&a" * (fields - 1)
        answer = bob.post("/desk/feeds/news/updates", data=form, headers=FROM_HERE, content_type=URLENCODED)
        assert answer.status_code == status
    assert site.versions()["news"] == 1


def test_a_name_of_this_machine_is_no_foreign_origin_but_another_port_is(site: Site) -> None:
    for origin, status in (("http://localhost:8000", 303), ("http://[::1]:8000", 303), ("http://localhost:9000", 403)):
        answer = site.at_desk().post("/desk/feeds/news/updates", data={"body": "x"}, headers={"Origin": origin})
        assert answer.status_code == status, origin


def test_static_files_are_kept_for_good_under_their_hash_only(site: Site) -> None:
    page = site.charlie.get("/").text
    found = re.search(r'href="(/static/([0-9a-f]{16})/css/page\.css)"', page)
    assert found
    with site.charlie.get(found[1]) as served:
        assert served.headers["Cache-Control"] == "public, max-age=31536000, immutable"
        assert served.content_type.startswith("text/css")
    with site.charlie.get(found[1].replace(found[2], "0" * 16)) as older:
        assert (older.status_code, older.headers["Cache-Control"]) == (200, "no-store"), "a page from before a deploy"
    for path in ("../app.py", "..%2fapp.py", "%2e%2e/app.py", "/etc/passwd", "css/../../app.py"):
        assert site.charlie.get(f"/static/{found[2]}/{path}", follow_redirects=True).status_code == 404, path


def test_scripts_import_relatively_so_that_one_hash_holds_for_all(site: Site) -> None:
    page = site.charlie.get("/").text
    scripts = [each.get("src") for each in elements(page, "script", src=True)]
    assert len(scripts) >= 2
    for script in scripts:
        with site.charlie.get(script) as served:
            assert served.content_type.startswith(("text/javascript", "application/javascript"))
            imports = re.findall(r'^import .*?"([^"]+)";', served.text, re.M)
        for name in imports:
            assert name.startswith("./"), f"{script} imports {name}"
            with site.charlie.get(script.rsplit("/", 1)[0] + name[1:]) as imported:
                assert imported.status_code == 200


def test_the_engineers_doors_say_how_it_is(site: Site) -> None:
    site.publish("One")
    site.write_article("hidden", draft=True, live=True)
    charlie = site.charlie
    assert (charlie.get("/healthz").text, charlie.get("/readyz").text) == ("alive\n", "ready\n")
    numbers = charlie.get("/metrics").text
    assert 'liveline_feed_changes_total{feed="news"} 1.0' in numbers
    assert 'liveline_readers{feed="news"} 0.0' in numbers
    assert "hidden" not in numbers


def test_behind_https_browsers_are_told_to_stay_there(tmp_path: object) -> None:
    app = create_app({"FEED_DATABASE": f"{tmp_path}/feed.db", "FEED_PUBLIC_URL": "https://news.example.org"})
    browser: FlaskClient = app.test_client()
    assert browser.get("/healthz").headers["Strict-Transport-Security"] == "max-age=31536000"


def test_other_sites_may_load_what_is_for_them_and_nothing_else(site: Site) -> None:
    site.write_article("harbour", live=True)
    shared = [
        "/feeds/news.atom", "/feeds/news.rss", "/feeds/news.json", "/embed/feeds/news", "/embed/feeds/x", "/embed.js",
        "/oembed?url=http://127.0.0.1:8000/feeds/news", "/static/x/logo.png", "/static/x/icon.svg", "/favicon.ico",
    ]  # fmt: skip
    own = [
        "/", "/articles/harbour", "/feeds/news", "/feeds/news/changes?after=0", "/feeds/news/older", "/desk/sign-in",
        "/desk/", "/api/v1/feeds/news/updates", "/metrics", "/static/x/js/feed.js", "/nothing",
    ]  # fmt: skip
    for paths, policy in ((shared, "cross-origin"), (own, "same-origin")):
        for path in paths:
            with site.charlie.get(path) as answer:
                assert answer.headers.getlist("Cross-Origin-Resource-Policy") == [policy], path
