"""The API: what programs can rely on, and how it reports errors."""

import base64
import io
import json
import re
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from threading import Barrier
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from werkzeug.test import TestResponse

from feed import fields, times
from feed.store import tokens
from feed.web.bodies import JSON_BYTES
from feed.web.problems import HTTP_TITLES
from tests.conftest import Site

PUBLISH = "/api/v1/feeds/news/updates"
UPDATE_FIELDS = {
    "id", "feed", "version", "revision", "headline", "body", "html", "key", "pinned", "byline", "published_at",
    "edited_at", "url", "language", "status", "source",
}  # fmt: skip

many = settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def assert_problem(answer: TestResponse, status: int, *fields_named: str) -> dict[str, Any]:
    """A refusal as RFC 9457 wants it, naming those fields."""
    assert answer.status_code == status, answer.text
    assert answer.content_type == "application/problem+json"
    assert answer.headers["Cache-Control"] == "no-store"
    problem: dict[str, Any] = json.loads(answer.text)
    assert problem["status"] == status
    assert problem["title"] == HTTP_TITLES[status]
    assert problem["detail"]
    assert "Traceback" not in answer.text
    assert {reason["field"] for reason in problem.get("errors", [])} == set(fields_named)
    assert all(reason["message"] for reason in problem.get("errors", []))
    return problem


# Publish, read, edit, list


def test_publishing_answers_with_the_update_as_every_door_shows_it(site: Site) -> None:
    before = site.versions()["news"]
    answer = site.api("POST", PUBLISH, {"headline": "Bridge open", "body": "**All lanes**", "key": True})
    made = answer.get_json()
    assert answer.status_code == 201
    assert made.keys() == UPDATE_FIELDS
    assert answer.headers["Location"] == made["url"] == f"http://127.0.0.1:8000/updates/{made['id']}"
    assert answer.headers["ETag"] == '"1"'
    assert made | {"id": 0, "html": "", "published_at": "", "url": ""} == {
        "id": 0, "feed": "news", "version": before + 1, "revision": 1, "headline": "Bridge open",
        "body": "**All lanes**", "html": "", "key": True, "pinned": False, "byline": "Bob Brown", "published_at": "",
        "edited_at": None, "url": "", "language": None, "status": None, "source": None,
    }  # fmt: skip
    assert datetime.fromisoformat(made["published_at"]).tzname() == "UTC"
    assert made["html"].startswith(f'<li id="update-{made["id"]}"')
    assert "<strong>All lanes</strong>" in made["html"]

    assert site.api("GET", f"/api/v1/updates/{made['id']}", who=None).get_json() == made
    assert site.api("GET", PUBLISH, who=None).get_json() == {"updates": [made], "next": None}
    edited = site.api("PATCH", f"/api/v1/updates/{made['id']}", {"body": "One lane", "revision": 1}).get_json()
    assert edited.keys() == UPDATE_FIELDS
    assert (edited["revision"], edited["version"], edited["headline"]) == (2, made["version"] + 1, "Bridge open")
    assert edited["published_at"] == made["published_at"] <= edited["edited_at"]
    assert site.api("GET", f"/api/v1/updates/{made['id']}", who=None).get_json() == edited


def test_paging_by_next_never_skips_or_repeats_while_others_publish(site: Site) -> None:
    old = [site.publish(f"Old {number}").id for number in range(11)]
    seen: list[int] = []
    url: str | None = f"{PUBLISH}?limit=3"
    while url:
        page = site.api("GET", url.removeprefix("http://127.0.0.1:8000"), who=None).get_json()
        seen += [update["id"] for update in page["updates"]]
        url = page["next"]
        site.publish("New meanwhile")
        if len(seen) == 6:
            site.retract(site.publish("Come and gone"))
    assert seen == old[::-1]


def test_a_limit_out_of_bounds_is_refused(site: Site) -> None:
    for limit in ("0", "101", "-1", "1.5", "", "x", "1e1", "²", "000000005000", "9" * 30, "9" * 5000):
        assert_problem(site.api("GET", f"{PUBLISH}?limit={limit}", who=None), 400)


def test_the_bounds_of_limit_are_allowed(site: Site) -> None:
    for _ in range(3):
        site.publish()
    assert [len(site.api("GET", f"{PUBLISH}?limit={n}").get_json()["updates"]) for n in (1, 100)] == [1, 3]


def test_the_html_of_an_update_is_the_same_for_whoever_asks(site: Site) -> None:
    update = site.publish()
    path = f"/api/v1/updates/{update.id}"
    answers = {site.api("GET", path, who=who).data for who in (None, "alice", "bob")}
    assert len(answers) == 1


# Edits, conflicts, marks


@pytest.mark.parametrize("how", ["If-Match", "body"])
def test_an_edit_of_what_the_editor_read_is_taken(site: Site, how: str) -> None:
    update = site.publish("Before")
    path = f"/api/v1/updates/{update.id}"
    if how == "body":
        answer = site.api("PATCH", path, {"body": "After", "revision": 1})
    else:
        answer = site.api("PATCH", path, {"body": "After"}, If_Match='"1"')
    assert (answer.status_code, answer.headers["ETag"], answer.get_json()["body"]) == (200, '"2"', "After")


def test_an_edit_must_say_what_it_read(site: Site) -> None:
    update = site.publish("Before")
    before = site.versions()
    assert_problem(site.api("PATCH", f"/api/v1/updates/{update.id}", {"body": "After"}), 428)
    assert site.versions() == before


def test_a_stale_edit_changes_nothing_and_gets_both_texts(site: Site) -> None:
    update = site.publish("Seen by both")
    path = f"/api/v1/updates/{update.id}"
    alices = site.api("PATCH", path, {"body": "Alice's text"}, who="alice", If_Match='"1"').get_json()
    before = site.versions()
    mine = {"body": "Bob's text", "revision": 1}
    problem = assert_problem(site.api("PATCH", path, mine), 409)
    assert problem["yours"] == mine
    assert problem["theirs"] == alices
    assert problem["revision"] == 2
    assert site.versions() == before
    assert site.api("GET", path).get_json() == alices
    merged = site.api("PATCH", path, {"body": "Both texts", "revision": problem["revision"]})
    assert merged.status_code == 200


@pytest.mark.parametrize(
    ("header", "in_body"),
    [("one", None), ('"1', None), ('"1", "2"', None), ("", None), ('"x"', 1), ('"1"', 2), (None, "1"), (None, True),
     (None, 1.0), (None, [1])],
)  # fmt: skip
def test_a_broken_revision_is_refused(site: Site, header: str | None, in_body: Any) -> None:
    update = site.publish("Before")
    before = site.versions()
    sent = {"body": "After"} | ({} if in_body is None else {"revision": in_body})
    headers = {} if header is None else {"If_Match": header}
    assert_problem(site.api("PATCH", f"/api/v1/updates/{update.id}", sent, **headers), 400)
    assert site.versions() == before


@pytest.mark.parametrize("revision", [0, -1, 2, 10**30])
def test_a_revision_that_never_was_is_a_conflict(site: Site, revision: int) -> None:
    update = site.publish("Before")
    assert_problem(site.api("PATCH", f"/api/v1/updates/{update.id}", {"body": "x", "revision": revision}), 409)


def test_an_edit_that_changes_nothing_is_no_version(site: Site) -> None:
    update = site.publish("Same", headline="Same")
    before = site.versions()
    answer = site.api("PATCH", f"/api/v1/updates/{update.id}", {"body": " Same\r\n", "key": False}, If_Match='"1"')
    assert answer.status_code == 200
    assert (answer.get_json()["revision"], answer.get_json()["edited_at"]) == (1, None)
    assert site.versions() == before


def test_only_what_was_sent_is_changed_and_null_takes_the_headline_away(site: Site) -> None:
    update = site.publish("Text", headline="Head", key=True)
    path = f"/api/v1/updates/{update.id}"
    answer = site.api("PATCH", path, {"headline": None}, If_Match='"1"').get_json()
    assert (answer["headline"], answer["body"], answer["key"]) == (None, "Text", True)


def test_a_mark_is_no_edit_of_the_text(site: Site) -> None:
    update = site.publish("Text")
    answer = site.api("PATCH", f"/api/v1/updates/{update.id}", {"key": True}, If_Match='"1"').get_json()
    assert (answer["key"], answer["revision"], answer["edited_at"]) == (True, 1, None)
    assert answer["version"] == update.version + 1


def test_one_update_at_most_is_pinned_in_a_feed(site: Site) -> None:
    site.write_article("harbour", live=True)
    elsewhere = site.publish("Other feed", feed="harbour", pinned=True)
    first = site.publish("First", pinned=True)
    second = site.api("POST", PUBLISH, {"body": "Second", "pinned": True}).get_json()
    listed = site.api("GET", PUBLISH).get_json()["updates"]
    assert {update["id"]: update["pinned"] for update in listed} == {second["id"]: True, first.id: False}
    site.api("PATCH", f"/api/v1/updates/{first.id}", {"pinned": True}, If_Match='"1"')
    listed = site.api("GET", PUBLISH).get_json()["updates"]
    assert {update["id"]: update["pinned"] for update in listed} == {second["id"]: False, first.id: True}
    assert site.api("GET", f"/api/v1/updates/{elsewhere.id}").get_json()["pinned"]


# Retraction


@pytest.mark.parametrize("sent", [None, {}, {"reason": "Wrong bridge"}])
def test_a_retraction_is_gone_everywhere(site: Site, sent: Any) -> None:
    update = site.publish("The wrong bridge burns", pinned=True)
    path = f"/api/v1/updates/{update.id}"
    answer = site.api("DELETE", path, sent)
    assert answer.status_code == 200
    told = answer.get_json()
    assert (told["id"], told["feed"], told["version"]) == (update.id, "news", update.version + 1)
    assert told["reason"] == (sent or {}).get("reason")

    assert_problem(site.api("GET", path, who=None), 410)
    assert_problem(site.api("GET", path), 410)
    assert_problem(site.api("PATCH", path, {"body": "x", "revision": 1}), 410)
    assert_problem(site.api("DELETE", path), 410)
    assert site.charlie.get(f"/updates/{update.id}").status_code == 410
    for endpoint in ("/", "/feeds/news", "/feeds/news/older", "/feeds/news/changes?after=0", PUBLISH, "/updates/1"):
        page = site.charlie.get(endpoint).text
        assert "wrong bridge" not in page.lower(), endpoint
    with site.services.store.read() as db:
        assert db.execute("SELECT body FROM updates").fetchone()[0] == update.body, "kept in the database"


# Idempotency


def test_the_same_key_gives_the_same_update(site: Site) -> None:
    sent = {"body": "Once"}
    first = site.api("POST", PUBLISH, sent, Idempotency_Key="k1")
    again = site.api("POST", PUBLISH, {"body": " Once\n", "key": False}, Idempotency_Key="k1")
    assert (first.status_code, again.status_code) == (201, 201)
    assert again.get_json() == first.get_json()
    assert site.api("POST", PUBLISH, sent, who="alice", Idempotency_Key="k1").get_json()["id"] != first.get_json()["id"]
    assert site.versions()["news"] == 2


def test_a_key_for_another_update_is_refused(site: Site) -> None:
    site.write_article("harbour", live=True)
    site.api("POST", PUBLISH, {"body": "One"}, Idempotency_Key="k")
    before = site.versions()
    assert_problem(site.api("POST", PUBLISH, {"body": "Two"}, Idempotency_Key="k"), 422, "Idempotency-Key")
    elsewhere = PUBLISH.replace("news", "harbour")
    assert_problem(site.api("POST", elsewhere, {"body": "One"}, Idempotency_Key="k"), 422, "Idempotency-Key")
    for odd in ("", "k" * 201):
        assert_problem(site.api("POST", PUBLISH, {"body": "One"}, Idempotency_Key=odd), 422, "Idempotency-Key")
    assert site.versions() == before


def test_a_repeat_after_the_retraction_publishes_nothing(site: Site) -> None:
    made = site.api("POST", PUBLISH, {"body": "One"}, Idempotency_Key="k").get_json()
    site.api("DELETE", f"/api/v1/updates/{made['id']}")
    before = site.versions()
    assert_problem(site.api("POST", PUBLISH, {"body": "One"}, Idempotency_Key="k"), 410)
    assert site.versions() == before


def test_many_at_once_with_one_key_make_one_update(site: Site) -> None:
    together = Barrier(8)

    def send(_: int) -> int:
        together.wait()
        answer = site.api("POST", PUBLISH, {"body": "Once"}, Idempotency_Key="k")
        assert answer.status_code == 201
        return int(answer.get_json()["id"])

    with ThreadPoolExecutor(8) as pool:
        assert len(set(pool.map(send, range(8)))) == 1
    assert site.versions()["news"] == 1


# Tokens

WRITES = [
    ("POST", PUBLISH, {"body": "x"}),
    ("PATCH", "/api/v1/updates/1", {"body": "x", "revision": 1}),
    ("DELETE", "/api/v1/updates/1", None),
    ("POST", "/api/v1/articles", {"slug": "a", "headline": "A"}),
    ("PATCH", "/api/v1/articles/harbour", {"headline": "A"}),
    ("POST", "/api/v1/pictures", None),
]


@pytest.mark.parametrize(("method", "path", "body"), WRITES)
def test_no_write_without_a_token_of_ours(site: Site, method: str, path: str, body: Any) -> None:
    site.publish("Stays")
    site.write_article("harbour")
    before = site.versions()
    for sent in ("", "Bearer", "Bearer liveline_wrong", "Basic Ym9iOmJvYg==", "Bearer a=b", "Token x", "Bearer \xff"):
        headers = {"Authorization": sent} if sent else {}
        answer = site.api(method, path, body, who=None, **headers)
        assert_problem(answer, 401)
        assert answer.headers["WWW-Authenticate"].startswith("Bearer realm=")
    assert site.versions() == before


def test_a_session_of_the_desk_is_no_sign_in_for_the_api(site: Site) -> None:
    bob = site.at_desk("bob")
    headers = {"Sec-Fetch-Site": "same-origin", "Origin": "http://127.0.0.1:8000"}
    assert bob.get("/desk/").status_code == 200
    assert_problem(bob.post(PUBLISH, json={"body": "x"}, headers=headers), 401)


def test_a_revoked_token_ends_at_once_and_others_work_on(site: Site) -> None:
    other = tokens.add(site.services.store, "bob", "other", actor=None)
    assert tokens.revoke(site.services.store, "bob", "test", actor=None) == 1
    assert_problem(site.api("POST", PUBLISH, {"body": "x"}), 401)
    assert site.api("POST", PUBLISH, {"body": "x"}, Authorization=f"Bearer {other}").status_code == 201


def test_a_token_ends_after_its_days(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    token = tokens.add(site.services.store, "bob", "short", days=2, actor=None)
    in_two_days = times.after(2 * 24 * 3600 - 60)
    monkeypatch.setattr(times, "now", lambda: in_two_days)
    assert site.api("POST", PUBLISH, {"body": "x"}, Authorization=f"Bearer {token}").status_code == 201
    past = times.after(2 * 24 * 3600 + 60)
    monkeypatch.setattr(times, "now", lambda: past)
    assert_problem(site.api("POST", PUBLISH, {"body": "x"}, Authorization=f"Bearer {token}"), 401)


def test_tokens_are_not_in_the_database(site: Site) -> None:
    with site.services.store.read() as db:
        dump = "\n".join(str(tuple(row)) for row in db.execute("SELECT * FROM tokens"))
    assert "test" in dump
    assert site.tokens["bob"] not in dump
    assert site.tokens["bob"].removeprefix("liveline_") not in dump


# Articles


def test_an_article_is_created_and_edited(site: Site) -> None:
    sent = {
        "slug": "harbour",
        "headline": "Fire",
        "standfirst": "S",
        "body": "# B",
        "kicker": "K",
        "byline": "A. Guest",
    }
    answer = site.api("POST", "/api/v1/articles", sent)
    made = answer.get_json()
    assert answer.status_code == 201
    assert answer.headers["Location"] == made["url"] == "http://127.0.0.1:8000/articles/harbour"
    assert made.items() >= {**sent, "draft": False, "live": False, "feed": None, "revision": 1}.items()
    assert site.charlie.get("/articles/harbour").status_code == 200

    edited = site.api("PATCH", "/api/v1/articles/harbour", {"headline": "Fire out"}, If_Match='"1"').get_json()
    assert (edited["headline"], edited["standfirst"], edited["revision"]) == ("Fire out", "S", 2)
    stale = site.api("PATCH", "/api/v1/articles/harbour", {"headline": "Mine"}, If_Match='"1"')
    problem = assert_problem(stale, 409)
    assert (problem["theirs"]["headline"], problem["yours"]["headline"]) == ("Fire out", "Mine")


def test_the_byline_is_the_editor_when_none_is_given(site: Site) -> None:
    assert site.api("POST", "/api/v1/articles", {"slug": "a", "headline": "A"}).get_json()["byline"] == "Bob Brown"


def test_live_gives_an_article_a_feed_and_the_end_closes_it(site: Site) -> None:
    site.api("POST", "/api/v1/articles", {"slug": "harbour", "headline": "Fire"})
    path, feed = "/api/v1/articles/harbour", "/api/v1/feeds/harbour/updates"
    assert_problem(site.api("POST", feed, {"body": "x"}), 404)
    assert site.api("PATCH", path, {"live": True}).get_json().items() >= {"live": True, "feed": "harbour"}.items()
    assert site.api("POST", feed, {"body": "Live now"}).status_code == 201
    ended = site.api("PATCH", path, {"live": False}).get_json()
    assert (ended["live"], ended["feed"]) == (False, "harbour")
    page = site.charlie.get("/articles/harbour").text
    assert "This coverage has ended." in page
    assert "Live now" in page, "what was published stays to be read"
    before = site.versions()
    site.api("PATCH", path, {"live": False})
    assert site.versions() == before
    assert site.api("PATCH", path, {"live": True}).get_json()["live"]
    assert "This coverage has ended." not in site.charlie.get("/articles/harbour").text


@pytest.mark.parametrize(
    ("sent", "field"),
    [({"slug": "news"}, "slug"), ({"slug": "taken"}, "slug"), ({"slug": "No Slug"}, "slug"), ({"slug": ""}, "slug"),
     ({"headline": "\u200b"}, "headline"), ({"picture": "0" * 16}, "picture"), ({"picture": "../../etc"}, "picture"),
     ({"live": "true"}, "live"), ({"draft": 1}, "draft"), ({"body": "x" * 100_001}, "body"),
     ({"author": "x"}, "author")],
)  # fmt: skip
def test_a_wrong_article_is_refused_by_field(site: Site, sent: dict[str, Any], field: str) -> None:
    site.write_article("taken")
    answer = site.api("POST", "/api/v1/articles", {"slug": "good", "headline": "H", **sent})
    assert_problem(answer, 422, field)
    assert_problem(site.api("GET", "/api/v1/articles/good"), 404)


def test_the_address_of_an_article_may_become_another(site: Site) -> None:
    site.write_article("harbour")
    assert site.api("PATCH", "/api/v1/articles/harbour", {"slug": "port"}).get_json()["slug"] == "port"
    assert site.api("PATCH", "/api/v1/articles/port", {"slug": "port", "kicker": "K"}).status_code == 200


# Bad input


@pytest.mark.parametrize(
    ("raw", "status", "field"),
    [
        (b"", 400, None),
        (b"{", 400, None),
        (b"[]", 400, None),
        (b'"body"', 400, None),
        (b"null", 400, None),
        (b"NaN", 400, None),
        (b"\xff\xfe{}", 400, None),
        (b'{"body": "M\xfcller"}', 400, None),
        (b"[" * 100_000, 400, None),
        (b'{"body":' * 20_000, 400, None),
        (b'{"body": ' + b"9" * 5_000 + b"}", 400, None),
        (b"{}", 422, "body"),
        (b'{"body": ""}', 422, "body"),
        (b'{"body": " \\n\\t "}', 422, "body"),
        (b'{"body": "\\u200b\\u200d\\ufeff"}', 422, "body"),
        (b'{"body": "[\\u200b](/x)"}', 422, "body"),
        (b'{"body": "[](/x)"}', 422, "body"),
        (b'{"body": "\\ud83d"}', 422, "body"),
        (b'{"body": "a\\u0000b"}', 422, "body"),
        (b'{"body": "\\u001b[31mred"}', 422, "body"),
        (b'{"body": null}', 422, "body"),
        (b'{"body": ["x"]}', 422, "body"),
        (b'{"body": {"text": "x"}}', 422, "body"),
        (b'{"body": 7}', 422, "body"),
        (b'{"body": NaN}', 422, "body"),
        (b'{"body": "x", "headline": 1e400}', 422, "headline"),
        (b'{"body": "x", "key": 1}', 422, "key"),
        (b'{"body": "x", "key": "true"}', 422, "key"),
        (b'{"body": "x", "pinned": null}', 422, "pinned"),
        (b'{"body": "x", "id": 9}', 422, "id"),
        (b'{"body": "x", "published_at": "2020-01-01"}', 422, "published_at"),
        (b'{"body": "x", "\\ud800": 1}', 422, "\ud800"),
        (json.dumps({"body": "x" * (fields.BODY + 1)}).encode(), 422, "body"),
        (json.dumps({"body": "x", "headline": "x" * (fields.LINE + 1)}).encode(), 422, "headline"),
        (json.dumps({"body": "x" * JSON_BYTES}).encode(), 413, None),
    ],
    ids=lambda value: repr(value)[:40] if isinstance(value, bytes) else None,
)
def test_bad_input_is_named_and_nothing_is_stored(site: Site, raw: bytes, status: int, field: str | None) -> None:
    before = site.versions()
    assert_problem(site.api("POST", PUBLISH, raw), status, *([field] if field else []))
    assert site.versions() == before
    update = site.publish("Stays")
    before = site.versions()
    if raw != b"{}":
        answer = site.api("PATCH", f"/api/v1/updates/{update.id}", raw, If_Match='"1"')
        assert_problem(answer, status, *([field] if field else []))
    assert site.versions() == before


def test_a_short_text_cannot_become_a_huge_page(site: Site) -> None:
    body = "|" + "a|" * 50 + "\n|" + "-|" * 50 + "\n" + "a\n" * 500
    before = site.versions()
    update = site.publish("Stays")
    assert_problem(site.api("POST", PUBLISH, {"body": body}), 422, "body")
    edit = site.api("PATCH", f"/api/v1/updates/{update.id}", {"body": body, "revision": 1})
    assert_problem(edit, 422, "body")
    assert site.versions() == {**before, "news": 1}


def test_nor_can_an_article(site: Site) -> None:
    body = "|" + "a|" * 90 + "\n|" + "-|" * 90 + "\n" + "a\n" * 600 + "\n```\n" + '"' * 95_000 + "\n```\n"
    assert_problem(site.api("POST", "/api/v1/articles", {"slug": "a", "headline": "A", "body": body}), 422, "body")


def test_the_longest_update_fits(site: Site) -> None:
    sent = {"body": "ü" * fields.BODY, "headline": "ü" * fields.LINE}
    assert site.api("POST", PUBLISH, sent).status_code == 201
    escaped = json.dumps({"slug": "long", "headline": "H", "body": "😀" * (fields.ARTICLE_BODY // 4)}).encode()
    assert site.api("POST", "/api/v1/articles", escaped).status_code == 201


@pytest.mark.parametrize("kind", ["", "text/plain", "application/x-www-form-urlencoded", "application/json5"])
def test_another_content_type_is_refused(site: Site, kind: str) -> None:
    before = site.versions()
    headers = {"Authorization": f"Bearer {site.tokens['bob']}"}
    answer = site.charlie.post(PUBLISH, data=b'{"body": "x"}', content_type=kind, headers=headers)
    assert_problem(answer, 415)
    assert site.versions() == before


@pytest.mark.parametrize("size", [JSON_BYTES + 1, 14 * 1024 * 1024])
@pytest.mark.parametrize("chunked", [False, True])
def test_a_body_over_the_limit_is_refused_also_in_chunks_of_unknown_number(
    site: Site, size: int, chunked: bool
) -> None:
    before = site.versions()
    body = b'{"body": "' + b"x" * size + b'"}'
    headers = {"Authorization": f"Bearer {site.tokens['bob']}"}
    if chunked:  # as gunicorn passes a chunked request on
        more: dict[str, Any] = {"input_stream": io.BytesIO(body), "environ_overrides": {"wsgi.input_terminated": True}}
    else:
        more = {"data": body}
    answer = site.charlie.post(PUBLISH, content_type="application/json", headers=headers, **more)
    assert_problem(answer, 413)
    assert site.versions() == before


def test_an_unknown_feed_is_missing(site: Site) -> None:
    for feed in ("nothing", "NEWS", "news ", "%00", "%ff", "..", "%ed%a0%80", "a" * 3000):
        assert_problem(site.api("POST", f"/api/v1/feeds/{feed}/updates", {"body": "x"}), 404)
        assert_problem(site.api("GET", f"/api/v1/feeds/{feed}/updates"), 404)


def test_an_odd_number_of_an_update_is_missing(site: Site) -> None:
    for number in ("0", "7", "-1", "1.0", "x", str(2**63), "99999999999999999999", "9" * 4000, "%00", "1e3", "１"):
        path = f"/api/v1/updates/{number}"
        assert_problem(site.api("GET", path), 404)
        assert_problem(site.api("PATCH", path, {"body": "x", "revision": 1}), 404)
        assert_problem(site.api("DELETE", path), 404)
        assert site.charlie.get(f"/updates/{number}").status_code == 404


def test_a_wrong_method_says_which_are_right(site: Site) -> None:
    answer = site.api("PUT", PUBLISH, {"body": "x"})
    assert_problem(answer, 405)
    assert {"GET", "POST"} <= set(re.split(r",\s*", answer.headers["Allow"]))


JSON_VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=30)
    | st.sampled_from(["", "\ud83d", "x"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
BODIES = JSON_VALUES | st.dictionaries(st.sampled_from([*fields.UPDATE, "revision", "reason", "slug"]), JSON_VALUES)


@many
@given(body=BODIES)
@example(body={"body": "x", "headline": "y", "key": True, "pinned": False})
@example(body={"body": 10**5000})
def test_any_json_is_stored_whole_or_not_at_all(site: Site, body: Any) -> None:
    before = site.versions()["news"]
    try:
        raw = json.dumps(body).encode()
    except ValueError:  # Python refuses to write such a number; others do not
        raw = b'{"body": ' + b"9" * 5000 + b"}"
    answer = site.api("POST", PUBLISH, raw)
    if answer.status_code == 201:
        assert site.versions()["news"] == before + 1
        assert answer.get_json() == site.api("GET", PUBLISH).get_json()["updates"][0]
    else:
        assert answer.status_code in (400, 422)
        assert answer.content_type == "application/problem+json"
        assert site.versions()["news"] == before


@many
@given(raw=st.binary(max_size=80), cursor=st.text(max_size=80))
def test_a_damaged_cursor_is_refused_or_ignored_and_never_our_mistake(site: Site, raw: bytes, cursor: str) -> None:
    site.publish("Here")
    for before in (cursor.encode("utf-8", "replace").decode(), base64.urlsafe_b64encode(raw).decode()):
        for path in (PUBLISH, "/feeds/news", "/feeds/news/older", "/"):
            answer = site.charlie.get(path, query_string={"before": before})
            assert answer.status_code in (200, 400), (path, before)


def test_a_forged_cursor_is_refused(site: Site) -> None:
    for place in (
        "news 2026 -1",
        "news 2026 9223372036854775808",
        "news 2026",
        "news a b c",
        "news 2026 x",
        "",
        "é 1 1",
    ):
        cursor = base64.urlsafe_b64encode(place.encode()).decode().rstrip("=")
        assert_problem(site.charlie.get(PUBLISH, query_string={"before": cursor}), 400)


# Drafts


def test_a_draft_is_open_to_a_token_and_missing_to_all_others(site: Site) -> None:
    site.write_article("secret", draft=True, live=True)
    update = site.publish("Secret words", feed="secret")
    paths = ["/api/v1/articles/secret", f"/api/v1/updates/{update.id}"]
    for path in paths:
        assert site.api("GET", path).status_code == 200
        missing = re.sub(r"secret|\d+$", lambda found: "nothing" if found[0] == "secret" else "4711", path)
        assert site.api("GET", path, who=None).data == site.api("GET", missing, who=None).data
    listed = site.api("GET", "/api/v1/feeds/secret/updates", who=None)
    assert_problem(listed, 404)
    assert listed.data == site.api("GET", "/api/v1/feeds/nothing/updates", who=None).data
    site.retract(update)
    assert_problem(site.api("GET", paths[1], who=None), 404)
