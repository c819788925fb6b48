"""Signing in: sessions that the server can end, slowed guesses, and protection from other sites."""

from collections.abc import Iterator
from http.cookies import SimpleCookie
from pathlib import Path

import pytest
from argon2 import PasswordHasher, extract_parameters
from argon2.exceptions import VerifyMismatchError
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from app import create_app
from feed import times
from feed.store import attempts, editors, hashes, invitations, migrations, sessions
from feed.web.guards import FOR_SCRIPT
from tests.conftest import FROM_HERE, PASSWORD, Site
from tests.pages import elements

SIGN_IN = "/desk/sign-in"
NOBODY = hashes.NOBODY


@pytest.fixture(autouse=True)
def unknown_names_are_checked_as_fast_as_bob(monkeypatch: pytest.MonkeyPatch) -> None:
    """The least that argon2 takes, as in the tests' database: tests try hundreds of names."""
    monkeypatch.setattr(hashes, "NOBODY", PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash("of nobody"))


def try_in(
    browser: FlaskClient, name: str = "bob", password: str = PASSWORD, address: str = "127.0.0.1", **more: str
) -> TestResponse:
    """One try at the form."""
    form = {"name": name, "password": password, **more}
    return browser.post(SIGN_IN, data=form, headers=FROM_HERE, environ_overrides={"REMOTE_ADDR": address})


def test_the_desk_asks_strangers_to_sign_in_and_leads_back(site: Site) -> None:
    charlie = site.charlie
    for path in ("/desk/", "/desk/feeds/news", "/desk/profile", "/desk/new-article", "/desk/pictures"):
        answer = charlie.get(path)
        assert answer.status_code == 303
        assert answer.headers["Location"] == f"{SIGN_IN}?next={path}"
    form = charlie.get(f"{SIGN_IN}?next=/desk/feeds/news?before=abc")
    assert elements(form.text, "input", name="next", value="/desk/feeds/news?before=abc")
    assert try_in(charlie, next="/desk/feeds/news").headers["Location"] == "/desk/feeds/news"
    assert "Bob Brown" in charlie.get("/desk/").text


def test_every_door_of_the_desk_is_closed_to_strangers(site: Site) -> None:
    site.publish("Stays")
    site.write_article("harbour", live=True)
    before = site.versions()
    endpoints = [rule for rule in site.app.url_map.iter_rules() if rule.endpoint.startswith("desk.")]
    assert len(endpoints) > 15
    for rule in endpoints:
        named = {"slug": "harbour", "update_id": 1}
        path = rule.build(dict.fromkeys(rule.arguments, "1") | named)
        assert path
        for method in sorted((rule.methods or set()) - {"OPTIONS"}):
            answer = site.app.test_client().open(path[1], method=method, data={"body": "x"}, headers=FROM_HERE)
            if path[1].startswith(FOR_SCRIPT):
                assert answer.status_code == 401, "the desk's script can read no sign-in page"
            else:
                assert answer.status_code == 303, path
                assert answer.headers["Location"].startswith(SIGN_IN)
    assert site.versions() == before


@pytest.mark.parametrize(
    "elsewhere",
    ["https://evil.example/", "//evil.example/desk/", "/desk//evil.example", "/desk/\\evil.example", "/\\evil.example",
     "/desk/\r\nSet-Cookie: a=b", "/desk/\t/x", "/desk/ü", "javascript:alert(1)", "/articles/x", "desk/", ""],
)  # fmt: skip
def test_the_way_back_never_leads_to_another_site(site: Site, elsewhere: str) -> None:
    answer = try_in(site.charlie, next=elsewhere)
    assert answer.status_code == 303
    assert answer.headers["Location"] == "/desk/"
    assert "evil" not in str(answer.headers)


def test_the_session_cookie_is_out_of_reach_of_scripts_and_other_sites(site: Site) -> None:
    answer = try_in(site.charlie)
    (morsel,) = SimpleCookie(answer.headers["Set-Cookie"]).values()
    assert morsel.key == "liveline"
    assert morsel["httponly"]
    assert morsel["samesite"] == "Lax"
    assert morsel["path"] == "/"
    assert not morsel["secure"], "this site is on plain http"
    assert len(morsel.value) >= 40
    with site.services.store.read() as db:
        stored = [str(tuple(row)) for row in db.execute("SELECT * FROM sessions")]
    assert len(stored) == 1
    assert morsel.value not in stored[0]


def test_behind_https_the_cookie_is_secure(tmp_path: Path) -> None:
    app = create_app({"FEED_DATABASE": str(tmp_path / "f.db"), "FEED_PUBLIC_URL": "https://news.example.org"})
    store = app.extensions["liveline"].store
    migrations.upgrade(store)
    editors.add(store, "bob", PASSWORD, "editor", actor=None)
    form = {"name": "bob", "password": PASSWORD}
    answer = app.test_client().post(SIGN_IN, data=form, headers={"Origin": "https://news.example.org"})
    assert answer.status_code == 303
    assert answer.headers["Set-Cookie"].startswith("__Host-liveline=")
    assert "; Secure" in answer.headers["Set-Cookie"]
    assert "Strict-Transport-Security" in answer.headers
    assert app.test_client().post(SIGN_IN, data=form, headers={"Origin": "http://news.example.org"}).status_code == 403
    store.close()


def test_a_wrong_try_says_not_which_word_was_wrong_and_keeps_the_name(site: Site) -> None:
    wrong_password = try_in(site.charlie, "bob", "wrong")
    wrong_name = try_in(site.charlie, "nobody", "wrong")
    assert wrong_password.status_code == wrong_name.status_code == 403
    assert wrong_password.text.replace("bob", "nobody") == wrong_name.text
    assert 'value="bob"' in wrong_password.text
    assert "wrong" not in wrong_password.text.replace("wrong.", "")
    assert "Set-Cookie" not in wrong_password.headers


def test_an_unknown_name_costs_the_same_work_as_a_wrong_password(site: Site) -> None:
    editors.add(site.services.store, "eve", PASSWORD, "editor", actor=None)
    with site.services.store.read() as db:
        (stored,) = db.execute("SELECT password_hash FROM editors WHERE name = 'eve'").fetchone()
    assert extract_parameters(NOBODY) == extract_parameters(stored)
    with pytest.raises(VerifyMismatchError):  # computed and compared, not refused for its form
        PasswordHasher().verify(NOBODY, PASSWORD)


def test_odd_names_and_passwords_are_only_wrong(site: Site) -> None:
    for word in ("", "\x00", "é" * 1000, "' OR 1=1 --", "ü\u200b", "x" * 5_000):
        assert try_in(site.charlie, word, word).status_code == 403


def test_guessing_is_slowed_down_even_with_the_right_word_at_last(site: Site) -> None:
    for _ in range(attempts.TRIES_PER_NAME_AND_ADDRESS):
        assert try_in(site.charlie, "bob", "wrong").status_code == 403
    refused = try_in(site.charlie)
    assert refused.status_code == 429
    assert int(refused.headers["Retry-After"]) == attempts.WINDOW_SECONDS
    assert "15 minutes" in refused.text
    assert try_in(site.charlie, "alice").status_code == 303, "bob's trouble is not alice's"


def test_a_stranger_who_guesses_locks_nobody_out_but_many_together_are_stopped(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(attempts, "TRIES_PER_NAME", 25)
    for _ in range(attempts.TRIES_PER_NAME_AND_ADDRESS + 10):
        last = try_in(site.charlie, "bob", "wrong", "203.0.113.7")
    assert last.status_code == 429
    assert try_in(site.charlie, address="198.51.100.1").status_code == 303, "what was refused is not counted"
    for number in range(25 - attempts.TRIES_PER_NAME_AND_ADDRESS):  # bob's sign-in elsewhere forgave nothing of it
        assert try_in(site.charlie, "bob", "wrong", f"203.0.{number}.7").status_code == 403
    assert try_in(site.charlie, address="198.51.100.2").status_code == 429
    assert try_in(site.charlie, address="198.51.100.1").status_code == 303, "where he has signed in before"


def test_one_address_cannot_try_all_names(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attempts, "TRIES_PER_ADDRESS", 3)
    assert [try_in(site.charlie, f"name{n}", "x").status_code for n in range(5)] == [403, 403, 403, 429, 429]


def test_after_the_window_and_after_success_tries_are_forgiven(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    for _ in range(attempts.TRIES_PER_NAME_AND_ADDRESS - 1):
        try_in(site.charlie, "bob", "wrong")
    assert try_in(site.charlie).status_code == 303
    for _ in range(attempts.TRIES_PER_NAME_AND_ADDRESS):
        assert try_in(site.charlie, "bob", "wrong").status_code == 403
    assert try_in(site.charlie).status_code == 429
    later = times.after(attempts.WINDOW_SECONDS + 1)
    real_after = times.after
    monkeypatch.setattr(times, "now", lambda: later)
    monkeypatch.setattr(times, "after", lambda seconds: real_after(seconds + attempts.WINDOW_SECONDS + 1))
    assert try_in(site.charlie).status_code == 303


def test_signing_out_ends_the_session_on_the_server(site: Site) -> None:
    bob = site.at_desk()
    cookie = bob.get_cookie("liveline")
    assert cookie
    answer = bob.post("/desk/sign-out", headers=FROM_HERE)
    assert answer.headers["Location"] == SIGN_IN
    assert bob.get_cookie("liveline") is None
    stolen = site.app.test_client()
    stolen.set_cookie("liveline", cookie.value)
    assert stolen.get("/desk/").status_code == 303


def test_a_session_ends_after_its_time(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    bob = site.at_desk()
    late = times.after(sessions.SESSION_SECONDS + 1)
    monkeypatch.setattr(times, "now", lambda: late)
    assert bob.get("/desk/").status_code == 303


def test_a_changed_secret_ends_every_session(site: Site, tmp_path: Path) -> None:
    cookie = site.at_desk().get_cookie("liveline")
    assert cookie
    changed = create_app({"FEED_DATABASE": str(tmp_path / "feed.db"), "FEED_SECRET_KEY": "k" * 32})
    browser = changed.test_client()
    browser.set_cookie("liveline", cookie.value)
    assert browser.get("/desk/").status_code == 303
    changed.extensions["liveline"].store.close()


def test_a_broken_cookie_is_no_session(site: Site) -> None:
    for value in ("", "x", "\xff\xfe", "a" * 4000, '"quoted', "%00"):
        assert site.charlie.get("/desk/", headers={"Cookie": f"liveline={value}"}).status_code == 303


# Whose tries count against whom


def v6(network: int, host: int = 1) -> str:
    """An address of one customer's /48: one of its 65,536 networks."""
    return f"2001:db8:77:{network:x}::{host:x}"


def test_guesses_from_one_large_network_lock_nobody_out_elsewhere(site: Site) -> None:
    answers = [try_in(site.charlie, "bob", "wrong", v6(n * 256)).status_code for n in range(200)]
    assert answers.count(403) == attempts.TRIES_PER_48 < attempts.TRIES_PER_NAME
    assert set(answers[attempts.TRIES_PER_48 :]) == {429}
    for elsewhere in ("198.51.100.7", "2001:db8:99::1", "::ffff:198.51.100.9"):
        assert try_in(site.charlie, address=elsewhere).status_code == 303


@pytest.mark.parametrize(
    ("apart", "limit"),
    [(1, attempts.TRIES_PER_56), (256, attempts.TRIES_PER_48)],
    ids=["a /56 of many /64", "a /48 of many /56"],
)
def test_a_customer_with_many_networks_counts_as_one(site: Site, apart: int, limit: int) -> None:
    answers = [try_in(site.charlie, f"name{n}", "x", v6(n * apart)).status_code for n in range(limit + 1)]
    assert answers == [403] * limit + [429]


def test_an_address_within_a_network_is_no_way_out_of_it(site: Site) -> None:
    for host in range(1, attempts.TRIES_PER_NAME_AND_ADDRESS + 1):
        assert try_in(site.charlie, "bob", "wrong", v6(1, host)).status_code == 403
    assert try_in(site.charlie, "bob", PASSWORD, v6(1, 99)).status_code == 429
    assert try_in(site.charlie, "bob", PASSWORD, "::ffff:127.0.0.1").status_code == 303
    assert attempts.networks_of("::ffff:127.0.0.1") == attempts.networks_of("127.0.0.1")


def test_where_bob_signed_in_before_no_strangers_tries_keep_him_out(site: Site) -> None:
    home = v6(7)
    assert try_in(site.charlie, address=home).status_code == 303
    for n in range(200):
        try_in(site.charlie, "bob", "wrong", v6(256 + n))
    for n in range(attempts.TRIES_PER_NAME):
        try_in(site.charlie, "bob", "wrong", f"203.0.{n}.7")
    for n in range(attempts.TRIES_PER_ADDRESS):
        try_in(site.charlie, f"name{n}", "wrong", home)
    assert try_in(site.charlie, address="198.51.100.1").status_code == 429, "where he never was"
    assert try_in(site.charlie, "alice", address=v6(8)).status_code == 429, "the others of that /48"
    assert try_in(site.charlie, address=home).status_code == 303
    for _ in range(attempts.TRIES_PER_NAME_AND_ADDRESS):
        assert try_in(site.charlie, "bob", "wrong", home).status_code == 403
    assert try_in(site.charlie, address=home).status_code == 429, "there too, guesses under his name have an end"


def test_an_insiders_own_sign_in_forgives_nothing_but_his_own_tries(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(attempts, "TRIES_PER_ADDRESS", 12)
    for n in range(9):
        assert try_in(site.charlie, "alice", "wrong").status_code == 403
        assert try_in(site.charlie, "bob").status_code == 303, f"{n}: right tries are none"
    assert try_in(site.charlie, "alice", "wrong").status_code == 403
    assert try_in(site.charlie, "alice").status_code == 429
    assert try_in(site.charlie, "x", "wrong").status_code == 403
    assert try_in(site.charlie, "y", "wrong").status_code == 403
    assert try_in(site.charlie, "z", "wrong").status_code == 429


def test_a_newsroom_behind_one_address_signs_in_all_day(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attempts, "TRIES_PER_ADDRESS", 3)
    monkeypatch.setattr(attempts, "TRIES_PER_NAME", 3)
    assert {try_in(site.charlie, name).status_code for _ in range(5) for name in ("alice", "bob")} == {303}


def test_where_somebody_signed_in_is_kept_as_a_hash(site: Site) -> None:
    try_in(site.charlie, address=v6(7))
    with site.services.store.read() as db:
        (row,) = [tuple(row) for row in db.execute("SELECT editor_id, network FROM known_networks")]
    assert row[0] == site.bob.id
    assert "2001" not in row[1]


# The session


def test_signing_in_ends_the_session_that_was_presented(site: Site) -> None:
    """Somebody else's may have been put into this browser; whoever put it there would share it."""
    attacker = site.at_desk("alice")
    planted = attacker.get_cookie("liveline")
    assert planted
    bob = site.charlie
    bob.set_cookie("liveline", planted.value)
    assert try_in(bob).status_code == 303
    assert "Bob Brown" in bob.get("/desk/").text
    assert attacker.get("/desk/").status_code == 303


def test_a_wrong_try_ends_no_session(site: Site) -> None:
    bob = site.at_desk()
    assert try_in(bob, password="wrong").status_code == 403
    assert bob.get("/desk/").status_code == 200


@pytest.fixture
def secure(tmp_path: Path) -> Iterator[FlaskClient]:
    """A browser at a site on https with bob."""
    app = create_app({"FEED_DATABASE": str(tmp_path / "s.db"), "FEED_PUBLIC_URL": "https://news.example.org"})
    store = app.extensions["liveline"].store
    migrations.upgrade(store)
    editors.add(store, "bob", PASSWORD, "editor", actor=None)
    yield app.test_client()
    store.close()


def test_a_sibling_domain_can_toss_no_session_in(secure: FlaskClient) -> None:
    headers = {"Origin": "https://news.example.org", "Sec-Fetch-Site": "same-origin"}
    at = "https://news.example.org"
    answer = secure.post(SIGN_IN, base_url=at, data={"name": "bob", "password": PASSWORD}, headers=headers)
    (morsel,) = SimpleCookie(answer.headers["Set-Cookie"]).values()
    assert (morsel.key, morsel["path"], morsel["domain"]) == ("__Host-liveline", "/", "")
    assert morsel["secure"]
    tossed = secure.application.test_client().get("/desk/", base_url=at, headers={"Cookie": f"liveline={morsel.value}"})
    assert tossed.status_code == 303, "the name that any subdomain may set is not looked at"
    assert secure.get("/desk/", base_url=at).status_code == 200
    out = secure.post("/desk/sign-out", base_url=at, headers=headers)
    assert out.headers["Set-Cookie"].startswith("__Host-liveline=;")
    assert "; Secure" in out.headers["Set-Cookie"], "without it a browser refuses to take it back"
    assert secure.get("/desk/", base_url=at).status_code == 303


@pytest.mark.parametrize(
    "path",
    [SIGN_IN, "/desk/", "/desk/first/x", "/desk/nothing/here", "/desk/profile", "/desk/updates/99", "/desk/feeds/x"],
)
def test_nothing_of_the_desk_is_kept_by_anybody(site: Site, path: str) -> None:
    for browser in (site.charlie, site.at_desk()):
        assert browser.get(path).headers["Cache-Control"] == "no-store"
        assert browser.post(path, headers=FROM_HERE).headers["Cache-Control"] == "no-store"


# The editor's own password


def change(browser: FlaskClient, current: str, new: str) -> TestResponse:
    """The form on the profile."""
    return browser.post("/desk/password", data={"current": current, "password": new}, headers=FROM_HERE)


def test_bob_changes_his_password_and_every_other_browser_is_out(site: Site) -> None:
    here, elsewhere, alice = site.at_desk(), site.at_desk(), site.at_desk("alice")
    assert change(here, PASSWORD, "another horse battery").status_code == 303
    assert here.get("/desk/").status_code == 200
    assert elsewhere.get("/desk/").status_code == 303
    assert alice.get("/desk/").status_code == 200
    assert try_in(site.charlie).status_code == 403
    assert try_in(site.charlie, password="another horse battery").status_code == 303


def test_a_stolen_session_changes_no_password(site: Site) -> None:
    thief, bob = site.at_desk(), site.at_desk()
    refused = change(thief, "wrong", "another horse battery")
    assert refused.status_code == 422
    assert "This is not your password." in refused.text
    for common in ("short", "password123", "bobbrown99"):
        assert change(thief, PASSWORD, common).status_code == 422
    answers = [change(thief, "wrong", "another horse battery").status_code for _ in range(12)]
    assert answers[-1] == 429
    assert bob.get("/desk/").status_code == 200


# The first editor


@pytest.fixture
def empty(tmp_path: Path) -> FlaskClient:
    """A site without editors."""
    app = create_app({"FEED_DATABASE": str(tmp_path / "feed.db")})
    migrations.upgrade(app.extensions["liveline"].store)
    return app.test_client()


def test_the_one_time_link_makes_one_admin_and_no_second(empty: FlaskClient) -> None:
    store = empty.application.extensions["liveline"].store
    old, link = invitations.invite_first(store), invitations.invite_first(store)
    assert empty.get(f"/desk/first/{old}").status_code == 404, "the latest link alone works"
    assert "Who will run this site?" in empty.get(f"/desk/first/{link}").text
    form = {"name": "Alice", "password": PASSWORD, "display_name": "Alice Adams"}

    short = empty.post(f"/desk/first/{link}", data={**form, "password": "short"}, headers=FROM_HERE)
    assert short.status_code == 422
    assert "15 to 200 characters" in short.text
    assert 'value="Alice Adams"' in short.text
    assert "short" not in short.text, "a password is never sent back"

    made = empty.post(f"/desk/first/{link}", data=form, headers=FROM_HERE)
    assert made.headers["Location"] == "/desk/"
    assert "Alice Adams" in empty.get("/desk/").text
    assert empty.get(f"/desk/first/{link}").status_code == 410
    assert empty.post(f"/desk/first/{link}", data={**form, "name": "eve"}, headers=FROM_HERE).status_code == 410
    assert invitations.invite_first(store) is None
    with store.read() as db:
        assert [tuple(row) for row in db.execute("SELECT name, role FROM editors")] == [("alice", "admin")]
    store.close()


def test_a_link_that_does_not_work_costs_no_password_hash(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    hashed: list[object] = []
    monkeypatch.setattr(site.services.store.passwords, "run", lambda work, *args: hashed.append(work) or work(*args))
    form = {"name": "eve", "password": PASSWORD, "display_name": "Eve"}
    assert site.charlie.post("/desk/first/made-up", data=form, headers=FROM_HERE).status_code == 404
    assert hashed == []
    assert try_in(site.charlie).status_code == 303
    assert len(hashed) == 1, "where passwords are hashed, and nothing else is"
