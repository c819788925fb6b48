"""The page of an editor's account: sessions, second factors, and the setting that asks for one."""

import re
from collections.abc import Iterator
from pathlib import Path

import pyotp
import pytest
from flask.testing import FlaskClient

from feed.devices import readable
from feed.live.signed_in import SignedIn
from feed.store import sessions
from feed.web.guards import FOR_SCRIPT
from tests.conftest import Site, site_in
from tests.desk.forms import send
from tests.pages import element, elements

FIREFOX = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:142.0) Gecko/20100101 Firefox/142.0"
NAMES = {
    FIREFOX: "Firefox on Windows",
    "Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/140.0 Safari/537.36 Edg/140.0": "Edge on Windows",
    "Mozilla/5.0 (Linux; Android 15) AppleWebKit/537.36 Chrome/140.0 Mobile Safari/537.36": "Chrome on Android",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) Version/19.0 Mobile Safari/604.1": "Safari on iPhone",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) Version/18.1 Safari/605.1.15": "Safari on macOS",
    "curl/8.9 (Linux)": "Linux",
    "<b>": None,
    "": None,
}


@pytest.mark.parametrize(("said", "name"), NAMES.items())
def test_a_browser_has_the_name_that_people_call_it(said: str, name: str | None) -> None:
    assert readable(said) == name


def sessions_on(page: str) -> list[str]:
    """The lines of the list of sessions."""
    (found,) = elements(page, "ul", class_="sessions")
    return [" ".join(line.text_content().split()) for line in found]


def test_bob_sees_where_he_is_signed_in_and_signs_out_everywhere_else(site: Site) -> None:
    site.at_desk("alice")
    here, other = site.at_desk(), site.at_desk()
    site.services.store.write(lambda db: db.execute("UPDATE sessions SET device = ? WHERE rowid = 2", [FIREFOX]))
    lines = sessions_on(here.get("/desk/account").text)
    assert len(lines) == 2, "his own"
    (mine,) = [line for line in lines if "this browser" in line]
    assert "Firefox on Windows" in mine
    assert re.search(r"Since \d+ \w+ \d{4}, \d\d:\d\d CES?T · last used .* · network 127\.0\.0\.1", mine)
    assert "Europe/Berlin" in here.get("/desk/account").text
    assert send(here, "/desk/account/other-sessions/end").location == "/desk/account?did=elsewhere"
    assert other.get("/desk/").status_code == 303
    assert here.get("/desk/").status_code == 200


def test_the_use_of_a_session_is_noted_every_five_minutes(site: Site) -> None:
    bob, store = site.at_desk(), site.services.store

    def used() -> tuple[str, str]:
        with store.read() as db:
            return tuple(db.execute("SELECT used_at, network FROM sessions").fetchone())  # type: ignore[return-value]

    before = used()
    bob.get("/desk/", environ_overrides={"REMOTE_ADDR": "203.0.113.9"})
    assert used() == before
    old = "2026-01-01T00:00:00.000Z"
    store.write(lambda db: db.execute("UPDATE sessions SET used_at = ?", [old]))
    bob.get("/desk/", environ_overrides={"REMOTE_ADDR": "203.0.113.9"})
    assert used()[0] > old
    assert used()[1] == "203.0.113.9"


def set_up_app(browser: FlaskClient, name: str = "bob") -> tuple[pyotp.TOTP, list[str]]:
    """Sets an app up on the pages, as a person does; returns it and the recovery codes."""
    assert send(browser, "/desk/account/app").location == "/desk/account/app"
    page = browser.get("/desk/account/app").text
    secret = "".join(element(page, "code", class_="secret").text_content().split())
    app = pyotp.TOTP(secret)
    links = [each.get("href") for each in elements(page, "a")]
    assert app.provisioning_uri(name=name, issuer_name="Liveline") in links
    wrong = send(browser, "/desk/account/app/confirmation", code="000000")
    assert (wrong.status_code, "This code is not right" in wrong.text) == (422, True)
    codes = send(browser, "/desk/account/app/confirmation", code=app.now()).text
    return app, [each.text_content() for each in element(codes, "ol", class_="codes").iter("code")]


def test_bob_sets_up_an_app_without_javascript_and_removes_it(site: Site) -> None:
    bob = site.at_desk()
    app, codes = set_up_app(bob)
    assert len(codes) == 10
    assert bob.get("/desk/account/app").status_code == 404, "the secret is shown while it is set up, and never again"
    assert bob.get("/desk/account/app/qr.svg").status_code == 404
    page = bob.get("/desk/account").text
    assert "10 codes are left." in page
    assert app.secret not in page
    new = send(site.charlie, "/desk/sign-in", name="bob", password="correct horse battery")
    assert new.location == "/desk/sign-in/second-step?next=/desk/"
    assert send(bob, "/desk/account/app/removal").location == "/desk/account?did=removed"
    assert "With a second step" in bob.get("/desk/account").text
    for gone in ("/desk/account/app/removal", "/desk/account/passkeys/x/removal"):
        assert send(bob, gone).location == "/desk/account", "which does not say that it was removed"
    assert site.at_desk("bob")


def test_the_qr_code_is_an_image_of_our_own(site: Site) -> None:
    bob = site.at_desk()
    send(bob, "/desk/account/app")
    drawn = bob.get("/desk/account/app/qr.svg")
    assert drawn.mimetype == "image/svg+xml"
    assert drawn.headers["Cache-Control"] == "no-store"
    assert b"<svg" in drawn.data
    assert b"script" not in drawn.data
    assert elements(bob.get("/desk/account/app").text, "img", class_="qr", src="/desk/account/app/qr.svg")
    other = site.at_desk()
    assert other.get("/desk/account/app/qr.svg").status_code == 404, "of that session alone"


CHANGES = {
    "/desk/account/app": {},
    "/desk/account/app/removal": {},
    "/desk/account/recovery-codes": {},
    "/desk/account/passkeys/x/removal": {},
}


@pytest.mark.parametrize("path", CHANGES)
def test_a_session_that_is_not_fresh_is_led_to_confirm(site: Site, path: str) -> None:
    bob = site.at_desk()
    app, codes = set_up_app(bob)
    site.services.store.write(lambda db: db.execute("UPDATE sessions SET proved_at = '2026-01-01T00:00:00.000Z'"))
    refused = send(bob, path)
    assert refused.location == "/desk/account/confirm?next=/desk/account"
    page = bob.get("/desk/account").text
    assert "say once more that it is you" in page
    assert not elements(page, "form", action=path)
    assert send(bob, "/desk/account/confirm", current="wrong", next="/desk/account").status_code == 422
    asked = send(bob, "/desk/account/confirm", current="correct horse battery", next="/desk/account")
    assert asked.location == "/desk/sign-in/second-step?next=/desk/account"
    assert send(bob, path).status_code == 303, "the password alone is not enough for who has more"
    cookie = bob.get_cookie("liveline")
    assert send(bob, "/desk/sign-in/second-step", code=codes[0], next="/desk/account").location == "/desk/account"
    assert bob.get_cookie("liveline") == cookie, "the session goes on"
    with site.services.store.read() as db:
        assert sessions.of_editor(db, site.bob)[0].is_fresh
    assert app


# The setting


@pytest.fixture
def strict(tmp_path: Path) -> Iterator[Site]:
    """A site that asks admins for a second factor."""
    with site_in(tmp_path, FEED_SECOND_FACTOR="admins") as made:
        yield made


def test_an_admin_without_a_second_factor_can_do_nothing_but_set_one_up(strict: Site) -> None:
    alice = strict.at_desk("alice")
    before = strict.versions()
    open_to_her = 0
    for rule in strict.app.url_map.iter_rules():
        if not rule.endpoint.startswith("desk."):
            continue
        if rule.endpoint.startswith(("desk.account.", "desk.factors.")):
            open_to_her += 1
            continue
        built = rule.build(dict.fromkeys(rule.arguments, "1") | {"slug": "news", "update_id": 1})
        assert built
        for method in sorted((rule.methods or set()) - {"OPTIONS"}):
            answer = alice.open(built[1], method=method, data={"body": "x"}, headers={"Sec-Fetch-Site": "same-origin"})
            if built[1].startswith(FOR_SCRIPT):
                assert answer.status_code == 403, built[1]
            else:
                assert (answer.status_code, answer.location) == (303, "/desk/account"), built[1]
    assert open_to_her > 10
    assert strict.versions() == before
    assert "the rest of the desk is closed" in alice.get("/desk/account").text
    socket = SignedIn(strict.services.store, strict.services.settings.secret_key, ("admin",))
    cookie = alice.get_cookie("liveline")
    assert cookie
    assert not socket.enter("sid", f"liveline={cookie.value}"), "a reader's socket"
    set_up_app(alice, "alice")
    assert alice.get("/desk/").status_code == 200
    assert socket.enter("sid", f"liveline={cookie.value}")
    assert strict.at_desk("bob").get("/desk/").status_code == 200
    assert strict.api("POST", "/api/v1/feeds/news/updates", {"body": "x"}, who="alice").status_code == 201


def test_who_removes_the_last_factor_is_asked_for_one_again(strict: Site) -> None:
    alice = strict.at_desk("alice")
    set_up_app(alice, "alice")
    send(alice, "/desk/account/app/removal")
    assert alice.get("/desk/").location == "/desk/account"
