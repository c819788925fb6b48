"""What we know, by the API."""

from typing import Any

import pytest

from feed.store import tokens, writing
from tests.conftest import Site

POINTS = "/api/v1/feeds/harbour/points"


@pytest.fixture
def covered(site: Site) -> Site:
    """With a coverage, `harbour`, of two updates: 1 and 2."""
    site.write_article("harbour", live=True)
    for text in ("The bridge fell.", "It is 90 years old."):
        site.publish(text, feed="harbour")
    return site


def know(site: Site, text: str, *grounds: int) -> dict[str, Any]:
    """Adds a point, and gives it as it was answered."""
    answer = site.api("POST", POINTS, {"text": text, "updates": [*grounds]})
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.get_json()
    return found


def shown(site: Site, path: str = "") -> Any:
    """What a stranger gets."""
    return site.api("GET", f"{POINTS}{path}", who=None).get_json()


def test_a_stranger_reads_of_them_what_the_page_shows(covered: Site) -> None:
    site = covered
    added = site.api("POST", POINTS, {"text": " It  fell", "updates": [2, 1, 2]})
    first = {"id": 1, "revision": 1, "text": "It fell", "checking": None, "updates": [1, 2]}
    assert (added.get_json(), added.headers["ETag"]) == (first, '"1"')
    assert site.api("GET", added.headers["Location"], who=None).get_json() == shown(site, "/1") == first
    second = know(site, "It was old", 2)
    assert know(site, "It was old", 2) == second, "twice is once"
    assert shown(site) == {"points": [first, second]}
    site.api("DELETE", "/api/v1/updates/1")
    checked = {**first, "checking": site.versions()["harbour"], "updates": [2]}
    assert shown(site)["points"] == [checked, second], "without what was retracted (invariant 4)"
    for path, who in ((f"{POINTS}/9", None), ("/api/v1/feeds/news/points/1", None), ("/api/v1/feeds/no/points", "bob")):
        assert site.api("GET", path, who=who).status_code == 404


def test_two_programs_of_one_point_cannot_both_win(covered: Site) -> None:
    site = covered
    know(site, "It fell", 1)
    edited = site.api("PATCH", f"{POINTS}/1", {"text": "By alice"}, "alice", If_Match='"1"')
    assert edited.get_json() == {"id": 1, "revision": 2, "text": "By alice", "checking": None, "updates": [1]}
    for sent in ({"text": "By bob", "revision": 1}, {"updates": [2], "revision": 1}):
        stale = site.api("PATCH", f"{POINTS}/1", sent)
        assert (stale.status_code, stale.mimetype) == (409, "application/problem+json")
        assert (stale.json["yours"], stale.json["theirs"], stale.json["revision"]) == (sent, edited.json, 2)
    assert site.api("DELETE", f"{POINTS}/1", {"revision": 1}).status_code == 409
    assert site.api("DELETE", f"{POINTS}/1").status_code == site.api("PATCH", f"{POINTS}/1", {}).status_code == 428
    version = site.versions()["harbour"]
    same = site.api("PATCH", f"{POINTS}/1", {"text": "By alice", "revision": 2})
    assert (same.json, site.versions()["harbour"]) == (edited.json, version), "what changes nothing is no change"
    assert site.api("PATCH", f"{POINTS}/1", {"updates": [2]}, If_Match="*").json["updates"] == [2]
    assert site.api("DELETE", f"{POINTS}/1", If_Match='"3"').json["text"] == "By alice"
    assert site.api("DELETE", f"{POINTS}/1", If_Match='"3"').status_code == 404
    assert shown(site) == {"points": []}


def test_what_changed_again_is_neither_confirmed_nor_edited_away(covered: Site) -> None:
    site = covered
    know(site, "It fell", 1)
    site.api("PATCH", "/api/v1/updates/1", {"body": "It leans."}, If_Match="*")
    seen = shown(site, "/1")["checking"]
    site.api("PATCH", "/api/v1/updates/1", {"body": "It stands."}, If_Match="*")
    stale = site.api("POST", f"{POINTS}/1/confirmation", {"checking": seen})
    assert (stale.status_code, stale.json["theirs"]) == (409, shown(site, "/1"))
    edited = site.api("PATCH", f"{POINTS}/1", {"text": "It leans", "revision": 1, "checking": seen}).json
    assert edited["checking"] == stale.json["theirs"]["checking"] > seen
    seen = {"checking": edited["checking"]}
    confirmed = [site.api("POST", f"{POINTS}/1/confirmation", seen).json for _ in range(2)]
    assert confirmed == [{**edited, "checking": None}] * 2
    site.api("DELETE", "/api/v1/updates/1")
    groundless = site.api("POST", f"{POINTS}/1/confirmation", {"checking": shown(site, "/1")["checking"]})
    assert (groundless.status_code, groundless.json["errors"][0]["field"]) == (422, "updates")


def test_a_repeat_with_the_same_key_adds_none_whatever_became_of_the_first(covered: Site) -> None:
    site, sent = covered, {"text": "It fell", "updates": [1]}

    def add(who: str = "bob", key: str = "k", **other: Any) -> Any:
        return site.api("POST", POINTS, sent | other, who, Idempotency_Key=key)

    first = add().get_json()
    edited = site.api("PATCH", f"{POINTS}/1", {"text": "It fell at noon", "revision": 1}).get_json()
    assert add().get_json() == edited == {**first, "revision": 2, "text": "It fell at noon"}
    for refused in (add(text="Another"), add(key="x" * 201)):
        assert (refused.status_code, refused.json["errors"][0]["field"]) == (422, "Idempotency-Key")
    update = site.api("POST", "/api/v1/feeds/harbour/updates", {"body": "x"}, Idempotency_Key="k")
    assert update.status_code == 201, "a key for a point is none for an update"
    assert add("alice").get_json()["id"] == 2, "and none of another editor's"
    site.api("DELETE", f"{POINTS}/1", If_Match="*")
    assert add().status_code == 404, "it was added, and taken out since"
    assert [each["id"] for each in shown(site)["points"]] == [2]


def test_a_refusal_names_the_field(covered: Site) -> None:
    site = covered
    know(site, "It fell", 1)
    version = site.versions()
    for method, path, sent, field in (
        ("POST", "", {"text": "x"}, "updates"),
        ("POST", "", {"text": "x", "updates": 1}, "updates"),
        ("POST", "", {"text": "x", "updates": [True]}, "updates"),
        ("POST", "", {"text": "x", "updates": [2**60]}, "updates"),
        ("POST", "", {"text": "x", "updates": [9]}, "updates"),
        ("POST", "", {"text": " ", "updates": [1]}, "text"),
        ("POST", "", {"text": "x", "updates": [1], "place": 1}, "place"),
        ("PATCH", "/1", {"text": None, "revision": 1}, "text"),
        ("PATCH", "/1", {"checking": "1", "revision": 1}, "checking"),
        ("DELETE", "/1", {"reason": "x", "revision": 1}, "reason"),
        ("POST", "/1/confirmation", {}, "checking"),
        ("POST", "/1/place", {"place": "first"}, "place"),
    ):
        refused = site.api(method, f"{POINTS}{path}", sent)
        assert refused.status_code == 422, sent
        assert [each["field"] for each in refused.json["errors"]] == [field]
    assert site.versions() == version


def test_a_page_that_has_caught_up_equals_a_fresh_one_and_the_log_names_the_token(covered: Site) -> None:
    site = covered
    pushed: list[dict[str, Any]] = []
    tail = site.tail(pushed)
    tail.watch("harbour")
    for text in ("One", "Two", "Three"):
        know(site, text, 1)
    tail.step()
    for method, path, sent in (
        ("POST", "/3/place", {"place": 1}),
        ("PATCH", "/2", {"text": "Zwei", "revision": 1}),
        ("PATCH", "/2", {"updates": [2], "revision": 2}),
        ("DELETE", "/1", {"revision": 1}),
        ("POST", "/3/place", {"place": 99}),
    ):
        before, known = site.versions()["harbour"], shown(site)
        assert site.api(method, f"{POINTS}{path}", sent).status_code == 200
        assert shown(site) != known
        tail.step()
        assert (pushed[-1]["after"], pushed[-1]["version"]) == (before, before + 1), "each is one change"
        missed = site.charlie.get(f"/feeds/harbour/changes?after={before}&epoch={pushed[-1]['epoch']}").json["changes"]
        assert missed == pushed[-1]["changes"]
        assert [each["html"] in site.charlie.get("/articles/harbour").text for each in missed] == [True]
    assert [each["text"] for each in shown(site)["points"]] == ["Zwei", "Three"]
    assert [each["id"] for each in site.api("POST", f"{POINTS}/3/place", {"place": 2}).json["points"]] == [2, 3]
    assert site.versions()["harbour"] == before + 1, "and is there already"
    with site.services.store.read() as db:
        rows = db.execute(
            "SELECT who, door, token, verb, text FROM log LEFT JOIN log_texts ON entry = log.id "
            "WHERE verb LIKE '%point%' ORDER BY id"
        ).fetchall()
    assert {tuple(row)[:4] for row in rows} == {("bob", "api", "test", "edit point")}
    assert '"before":{"text":"Two"},"after":{"text":"Zwei"}' in [row["text"] or "" for row in rows][4]


def test_a_token_does_what_its_scope_and_feeds_allow_and_a_draft_is_for_those_who_may(covered: Site) -> None:
    site, store = covered, covered.services.store
    site.write_article("sketch", live=True, draft=True)
    site.publish("Later", feed="sketch")
    drafted = "/api/v1/feeds/sketch/points"

    def asking(**limits: Any) -> dict[str, str]:
        token = tokens.add(store, "bob", str(limits), actor=None, **limits)
        return {"Authorization": f"Bearer {token}"}

    def add(path: str, update: int, headers: dict[str, str]) -> int:
        return site.api("POST", path, {"text": "A canary", "updates": [update]}, None, **headers).status_code

    here, there = (asking(scopes=["edit"], slugs=[slug]) for slug in ("harbour", "sketch"))
    assert (add(POINTS, 1, here), add(POINTS, 1, there)) == (201, 403)
    assert (add(drafted, 3, there), add(drafted, 3, here)) == (201, 403)
    assert add(POINTS, 1, asking(scopes=["publish", "retract", "read"])) == 403
    for path in (drafted, f"{drafted}/2", f"{POINTS}/2"):
        assert site.api("GET", path, who=None).status_code == 404
    for path in (drafted, f"{drafted}/2"):
        assert site.api("GET", path, who=None, **there).status_code == 403, "it may not read drafts"
        assert "A canary" in site.api("GET", path, who=None, **asking(scopes=["read"])).text
    writing.edit(store, "sketch", site.bob, {"draft": False})
    assert "A canary" in site.api("GET", drafted, who=None).text
