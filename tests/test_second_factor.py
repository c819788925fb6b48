"""The second step of signing in: codes of an app, each once; recovery codes; who changes them, and what resets them."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyotp
import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from feed import times
from feed.errors import Missing, NotAllowed, NotFresh
from feed.store import (
    attempts,
    carried,
    editors,
    freshness,
    invitations,
    people,
    recovery_codes,
    second_factor,
    sessions,
    steps,
    totp,
)
from feed.store.editors import Editor
from feed.store.hashes import hashed
from tests.conftest import FROM_HERE, PASSWORD, Site
from tests.pages import elements
from tests.test_log import entries

SIGN_IN, STEP = "/desk/sign-in", "/desk/sign-in/second-step"
START = datetime(2026, 11, 28, 12, 0, 15, tzinfo=UTC)


class Clock:
    """The time as the site sees it."""

    def __init__(self) -> None:
        self.at = START

    def step(self, seconds: float) -> None:
        self.at += timedelta(seconds=seconds)


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """A clock that stands still."""
    made = Clock()
    monkeypatch.setattr(times, "now", lambda: times.to_text(made.at))
    monkeypatch.setattr(times, "after", lambda seconds: times.to_text(made.at + timedelta(seconds=seconds)))
    return made


class App:
    """An authenticator app."""

    def __init__(self, site: Site, clock: Clock, editor: Editor) -> None:
        self._clock = clock
        self.browser = site.at_desk(editor.name)
        store, key, mine = site.services.store, site.services.settings.secret_key, session_of(site, self.browser)
        totp.set_up(store, editor, mine)
        with store.read() as db:
            self._app = pyotp.TOTP(totp.pending(db, key, mine))
        totp.confirm(store, key, editor, self.code(), mine)
        clock.step(30)

    def code(self, early: int = 0) -> str:
        """Its code, that many steps from now."""
        return self._app.at(self._clock.at, counter_offset=early)


def session_of(site: Site, browser: FlaskClient) -> str:
    """The hash of the browser's session."""
    cookie = browser.get_cookie("liveline")
    assert cookie
    return hashed(cookie.value, site.services.settings.secret_key)


@pytest.fixture
def app(site: Site, clock: Clock) -> App:
    """Bob's app, which he has set up."""
    return App(site, clock, site.bob)


def password(browser: FlaskClient, name: str = "bob", word: str = PASSWORD, address: str = "127.0.0.1") -> TestResponse:
    """The first step."""
    form = {"name": name, "password": word, "next": "/desk/feeds/news"}
    return browser.post(SIGN_IN, data=form, headers=FROM_HERE, environ_overrides={"REMOTE_ADDR": address})


def code(browser: FlaskClient, typed: str, address: str = "127.0.0.1") -> TestResponse:
    """The second step."""
    form = {"code": typed, "next": "/desk/feeds/news"}
    return browser.post(STEP, data=form, headers=FROM_HERE, environ_overrides={"REMOTE_ADDR": address})


def is_in(browser: FlaskClient) -> bool:
    """Whether it is signed in."""
    return browser.get("/desk/").status_code == 200


# Signing in


def test_after_the_password_comes_the_code_and_then_the_page_that_was_asked_for(site: Site, app: App) -> None:
    browser = site.charlie
    asked = password(browser)
    assert asked.location == f"{STEP}?next=/desk/feeds/news"
    assert not is_in(browser)
    assert elements(browser.get(asked.location).text, "input", name="code", autocomplete="one-time-code")
    answer = code(browser, f" {app.code()[:3]} {app.code()[3:]} ")
    assert answer.location == "/desk/feeds/news"
    assert is_in(browser)
    assert browser.get_cookie("liveline-step") is None


def test_a_code_counts_once_and_for_one_step_either_way(site: Site, app: App, clock: Clock) -> None:
    first, second = site.charlie, site.charlie
    now = app.code()
    for browser in (first, second):
        password(browser)
    assert code(first, now).status_code == 303
    assert code(second, now).status_code == 403, "replayed"
    assert code(second, app.code(-1)).status_code == 403, "older than the last one"
    assert code(second, app.code(2)).status_code == 403, "two steps early"
    assert code(second, app.code(1)).status_code == 303
    clock.step(120)
    password(third := site.charlie)
    assert code(third, app.code(-2)).status_code == 403
    assert code(third, app.code(-1)).status_code == 303


@pytest.mark.parametrize("odd", ["", "0", "１２３４５６", "\x00", "a" * 9000, "12345\u200b6", "-1", "000000 000000"])
def test_an_odd_code_is_only_wrong(site: Site, app: App, odd: str) -> None:
    password(site.charlie)
    browser = site.charlie
    password(browser)
    assert code(browser, odd).status_code == 403
    assert not is_in(browser)


def test_the_password_form_tells_nobody_who_has_a_second_factor(site: Site, app: App) -> None:
    with_one, without, nobody = (password(site.charlie, name, "wrong") for name in ("bob", "alice", "eve"))
    assert with_one.status_code == without.status_code == nobody.status_code == 403
    assert with_one.text.replace("bob", "eve") == without.text.replace("alice", "eve") == nobody.text
    assert [each.headers.getlist("Set-Cookie") for each in (with_one, without, nobody)] == [[], [], []]


def test_the_step_is_no_session_at_any_door(site: Site, app: App) -> None:
    browser = site.charlie
    password(browser)
    step = browser.get_cookie("liveline-step")
    assert step
    assert "HttpOnly" in str(step) or step.http_only
    for path in ("/desk/", "/desk/profile", "/desk/drafts/6f9619ff-8b86-4011-b42d-00cf4fc964f1"):
        assert browser.get(path).status_code in (303, 401)
    other = site.charlie
    other.set_cookie("liveline", step.value)
    assert not is_in(other)


def test_a_step_is_of_one_browser_one_purpose_and_five_minutes(site: Site, app: App, clock: Clock) -> None:
    assert code(site.charlie, app.code()).status_code == 403, "without the password"
    browser = site.charlie
    password(browser)
    step = browser.get_cookie("liveline-step")
    assert step
    for forged in (step.value[:-1], "x" + step.value, step.value.replace(".", "A."), ""):
        other = site.charlie
        other.set_cookie("liveline-step", forged)
        assert code(other, app.code()).status_code == 403
    with pytest.raises(Missing):
        steps.opened(step.value, site.services.settings.secret_key, steps.Purpose.ADD_PASSKEY)
    with pytest.raises(Missing):
        steps.opened(step.value, b"k" * 32, steps.Purpose.SECOND_FACTOR)
    clock.step(steps.VALID_SECONDS + 1)
    late = code(browser, app.code())
    assert late.status_code == 403
    assert "That took too long" in late.text


def test_a_step_that_was_completed_begins_no_second_session(site: Site, app: App) -> None:
    browser, copy = site.charlie, site.charlie
    password(browser)
    step = browser.get_cookie("liveline-step")
    assert step
    copy.set_cookie("liveline-step", step.value)
    assert code(browser, app.code()).status_code == 303
    assert code(copy, app.code(1)).status_code == 403
    assert not is_in(copy)


VOID: dict[str, Callable[[Site], object]] = {
    "another password": lambda site: people.set_password(site.services.store, "bob", "another horse battery", None),
    "given a link for another password": lambda site: invitations.reset_password(site.services.store, "bob", 1, None),
    "disabled": lambda site: people.disable(site.services.store, "bob", None),
}


@pytest.mark.parametrize("meanwhile", VOID.values(), ids=VOID)
def test_a_step_is_void_after_what_ends_sessions(site: Site, app: App, meanwhile: Callable[[Site], object]) -> None:
    browser = site.charlie
    password(browser)
    meanwhile(site)
    assert code(browser, app.code()).status_code == 403


def test_a_link_for_another_password_is_no_way_around_the_second_factor(site: Site, app: App) -> None:
    browser, link = site.charlie, invitations.reset_password(site.services.store, "bob", 1, site.alice)
    form = {"password": "another horse battery", "next": "//evil.example/"}
    answer = browser.post(f"/desk/invitations/{link}", data=form, headers=FROM_HERE)
    assert answer.location == f"{STEP}?next=/desk/"
    assert not is_in(browser)
    assert code(browser, app.code()).status_code == 303
    assert is_in(browser)


# Guessing


def test_the_right_password_buys_no_further_tries_at_the_code(site: Site, app: App) -> None:
    browser = site.charlie
    tries = 0
    while password(browser, address="203.0.113.7").status_code == 303:
        for _ in range(3):
            tries += code(browser, "000000", "203.0.113.7").status_code == 403
        assert tries <= attempts.TRIES_PER_NAME_AND_ADDRESS, "of password and code together"
    assert code(browser, app.code(), "203.0.113.7").status_code == 429
    assert password(elsewhere := site.charlie).status_code == 303
    assert code(elsewhere, app.code()).status_code == 303, "where bob has signed in before"


def test_after_a_hundred_wrong_codes_they_count_only_where_bob_has_been(
    site: Site, app: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(totp, "WRONG_IN_A_ROW", 4)
    codes = recovery_codes.make(site.services.store, site.bob, session_of(site, app.browser))
    for n in range(4):
        password(browser := site.charlie, address=f"203.0.{n}.7")
        assert code(browser, "000000", f"203.0.{n}.7").status_code == 403
    assert code(browser, app.code(), "203.0.3.7").status_code == 403, "right, from where he never was"
    assert code(browser, codes[0], "203.0.3.7").status_code == 303, "nobody guesses such a code"
    assert password(home := site.charlie).status_code == 303
    assert code(home, app.code()).status_code == 303


def test_wrong_codes_are_told_once_for_each_network_and_do_not_fill_the_log(site: Site, app: App) -> None:
    begins = len(entries(site))
    for address in ("203.0.113.7", "203.0.113.8"):
        password(browser := site.charlie, word="wrong horse battery", address=address)
        password(browser, address=address)
        for _ in range(3):
            assert code(browser, "000000", address).status_code == 403
    told = [(each["network"], each["subject"], each["said"]["after"]["wrong"]) for each in entries(site)[begins:]]
    networks = ("203.0.113.7", "203.0.113.8")
    assert told == [(network, "bob", wrong) for network in networks for wrong in ("password", "code")]


def test_a_sign_in_with_both_steps_leaves_no_tries_behind(site: Site, app: App, clock: Clock) -> None:
    for _ in range(3):
        clock.step(30)
        browser = site.charlie
        password(browser)
        code(browser, app.code())
        assert is_in(browser)
    with site.services.store.read() as db:
        assert db.execute("SELECT count(*) FROM attempts").fetchone()[0] == 0


# What ends, and what comes back


def test_the_first_factor_ends_the_sessions_that_began_without_one(site: Site, clock: Clock) -> None:
    elsewhere = site.at_desk()
    app = App(site, clock, site.bob)
    assert is_in(app.browser)
    assert not is_in(elsewhere)


def test_a_worker_of_the_release_before_lets_nobody_in_by_the_password_alone(site: Site, app: App) -> None:
    store, key = site.services.store, site.services.settings.secret_key
    store.write(sessions.begin_in, key, "token", site.bob.id, sessions.Visit("::1", ""), None)
    browser = site.charlie
    browser.set_cookie("liveline", "token")
    assert not is_in(browser)


def test_a_recovery_code_stands_in_for_the_app_once(site: Site, app: App) -> None:
    codes = recovery_codes.make(site.services.store, site.bob, session_of(site, app.browser))
    assert len(set(codes)) == 10
    with site.services.store.read() as db:
        stored = str([tuple(row) for row in db.execute("SELECT * FROM recovery_codes").fetchall()])
    assert not any(each in stored or each.replace("-", "") in stored for each in codes)
    first, again = site.charlie, site.charlie
    for browser in (first, again):
        password(browser)
    assert code(first, codes[3].upper().replace("-", " ")).status_code == 303
    assert code(again, codes[3]).status_code == 403
    anew = recovery_codes.make(site.services.store, site.bob, session_of(site, app.browser))
    assert code(again, codes[4]).status_code == 403, "those before the new ones"
    assert code(again, anew[0]).status_code == 303


def test_codes_are_of_one_editor(site: Site, app: App, clock: Clock) -> None:
    other = App(site, clock, site.alice)
    codes = recovery_codes.make(site.services.store, site.alice, session_of(site, other.browser))
    browser = site.charlie
    password(browser)
    assert code(browser, other.code()).status_code == 403
    assert code(browser, codes[0]).status_code == 403


def test_an_admin_resets_what_somebody_has_lost(site: Site, app: App, clock: Clock) -> None:
    store = site.services.store
    recovery_codes.make(store, site.bob, session_of(site, app.browser))
    with pytest.raises(NotAllowed, match="Only an admin"):
        second_factor.reset(store, "alice", site.bob)
    with pytest.raises(NotAllowed, match="your own"):
        second_factor.reset(store, "alice", site.alice)
    alice = site.at_desk("alice")
    clock.step(freshness.FRESH_SECONDS + 1)
    path = "/desk/people/bob/second-factor/removal"
    assert alice.post(path, headers=FROM_HERE).location == "/desk/account/confirm?next=/desk/people"
    alice = site.at_desk("alice")
    assert "Reset second step" in alice.get("/desk/people").text
    assert alice.post(path, headers=FROM_HERE).location == "/desk/people?did=removed"
    assert not is_in(app.browser)
    assert password(browser := site.charlie).location == "/desk/feeds/news"
    assert is_in(browser)
    with store.read() as db:
        assert second_factor.of_editor(db, site.bob.id) == second_factor.Factors(None, 0, 0)


def test_the_command_resets_too(site: Site, app: App) -> None:
    done = site.app.test_cli_runner().invoke(args=["editor", "reset-second-factor", "bob"])
    assert done.output == "bob signs in with the password alone: ended 1 sessions\n"
    assert "no editor eve" in site.app.test_cli_runner().invoke(args=["editor", "reset-second-factor", "eve"]).output


def test_a_stolen_session_changes_no_second_factor(site: Site, app: App, clock: Clock) -> None:
    store, key, stolen = site.services.store, site.services.settings.secret_key, session_of(site, app.browser)
    clock.step(freshness.FRESH_SECONDS + 1)
    for change in (
        lambda: totp.set_up(store, site.bob, stolen),
        lambda: totp.confirm(store, key, site.bob, app.code(), stolen),
        lambda: totp.remove(store, site.bob, stolen),
        lambda: recovery_codes.make(store, site.bob, stolen),
        lambda: totp.remove(store, site.alice, stolen),
    ):
        with pytest.raises(NotFresh):
            change()
    password(browser := site.charlie)
    assert code(browser, app.code()).status_code == 303


@pytest.mark.parametrize("since", ["added", "removed", "used"])
def test_a_restore_undoes_no_second_factor(site: Site, clock: Clock, since: str) -> None:
    """The copy is this database as it was; what is read before is put into it."""
    store = site.services.store
    with store.read() as db:
        nothing = second_factor.rows(db)
    app = App(site, clock, site.bob)
    names = {site.alice.id: "alice", site.bob.id: "bob"}
    with store.read() as db:
        old = second_factor.rows(db)
    if since == "added":
        kept = carried.read(store.connect())
        store.write(second_factor.restore_rows, nothing, names)
    elif since == "removed":
        second_factor.reset(store, "bob", None)
        kept = carried.read(store.connect())
        store.write(second_factor.restore_rows, old, names)
    else:
        password(browser := site.charlie)
        used = app.code()
        assert code(browser, used).status_code == 303
        kept = carried.read(store.connect())
        store.write(second_factor.restore_rows, old, names)
    store.write(carried.put, kept)
    asked = password(browser := site.charlie)
    if since == "removed":
        assert asked.location == "/desk/feeds/news"
        return
    assert asked.location.startswith(STEP)
    if since == "used":
        assert code(browser, used).status_code == 403, "a code that was used stays used"
    assert code(browser, app.code(1)).status_code == 303


def test_another_key_makes_other_codes_and_recovery_codes_still_work(site: Site, app: App, tmp_path: Path) -> None:
    codes = recovery_codes.make(site.services.store, site.bob, session_of(site, app.browser))
    other_key = b"k" * 32
    with site.services.store.read() as db:
        (salt,) = db.execute("SELECT salt FROM totp").fetchone()
        assert totp._secret(other_key, salt) != totp._secret(site.services.settings.secret_key, salt)
        assert editors.by_name(db, "bob")
    assert not site.services.store.write(totp.accept, other_key, site.bob.id, app.code(), known=True)
    assert site.services.store.write(recovery_codes.accept, site.bob.id, codes[0])
