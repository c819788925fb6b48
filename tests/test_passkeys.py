"""Passkeys at the site's side: what an answer has to be, for whom and for which question; once, and never of a copy."""

import json
import secrets
from base64 import urlsafe_b64encode
from collections.abc import Callable
from hashlib import sha256
from typing import Any

import cbor2
import pytest
from cryptography.hazmat.primitives import hashes as digests
from cryptography.hazmat.primitives.asymmetric import ec
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from feed.store import passkeys, people, steps
from tests.conftest import FROM_HERE, PASSWORD, Site

ORIGIN = "http://localhost:8000"
PRESENT, VERIFIED, ATTESTED = 1, 4, 64
QUESTION, ANSWER = "/desk/sign-in/passkey/question", "/desk/sign-in/passkey"


def text(of: bytes) -> str:
    """base64url, as WebAuthn writes bytes."""
    return urlsafe_b64encode(of).decode().rstrip("=")


class Device:
    """An authenticator with one key. Its attributes are what it says, which a test may change."""

    def __init__(self) -> None:
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.id = secrets.token_bytes(16)
        self.rp, self.origin, self.flags, self.count = "localhost", ORIGIN, PRESENT | VERIFIED, 0
        self.handle: str | None = None

    def make(self, question: dict[str, Any]) -> str:
        """Its answer to the question for a new passkey."""
        self.handle = question["user"]["id"]
        at = self.key.public_key().public_numbers()
        public = cbor2.dumps({1: 2, 3: -7, -1: 1, -2: at.x.to_bytes(32, "big"), -3: at.y.to_bytes(32, "big")})
        about = self._about(ATTESTED) + bytes(16) + len(self.id).to_bytes(2, "big") + self.id + public
        made = {"fmt": "none", "attStmt": {}, "authData": about}
        said = self._said("webauthn.create", question["challenge"])
        return self._answer({"clientDataJSON": text(said), "attestationObject": text(cbor2.dumps(made))})

    def sign(self, question: dict[str, Any]) -> str:
        """Its answer to the question of a sign-in."""
        self.count += 1
        said, about = self._said("webauthn.get", question["challenge"]), self._about()
        signature = self.key.sign(about + sha256(said).digest(), ec.ECDSA(digests.SHA256()))
        answer = {"clientDataJSON": text(said), "authenticatorData": text(about), "signature": text(signature)}
        return self._answer(answer | ({"userHandle": self.handle} if self.handle else {}))

    def _about(self, more: int = 0) -> bytes:
        return sha256(self.rp.encode()).digest() + bytes([self.flags | more]) + self.count.to_bytes(4, "big")

    def _said(self, kind: str, challenge: str) -> bytes:
        return json.dumps({"type": kind, "challenge": challenge, "origin": self.origin}).encode()

    def _answer(self, response: dict[str, str]) -> str:
        named = {"id": text(self.id), "rawId": text(self.id), "type": "public-key", "clientExtensionResults": {}}
        return json.dumps({**named, "response": response})


def ask(browser: FlaskClient, path: str = QUESTION) -> dict[str, Any]:
    """The site's question for a passkey."""
    asked = browser.post(path, headers=FROM_HERE)
    assert asked.status_code == 200, asked.text
    found: dict[str, Any] = asked.get_json()
    assert found.get("userVerification", "required") == "required"
    return found


def give(browser: FlaskClient, credential: str, path: str = ANSWER, **more: str) -> TestResponse:
    """Sends what a passkey answered."""
    return browser.post(path, data={"credential": credential, **more}, headers=FROM_HERE)


def enrol(browser: FlaskClient, device: Device) -> TestResponse:
    """Adds a passkey on the page of the account."""
    made = device.make(ask(browser, "/desk/account/passkeys/question"))
    return give(browser, made, "/desk/account/passkeys", name="Phone")


def is_in(browser: FlaskClient) -> bool:
    """Whether it is signed in."""
    return browser.get("/desk/").status_code == 200


@pytest.fixture
def phone(site: Site) -> Device:
    """Bob's."""
    device = Device()
    assert "Recovery codes" in enrol(site.at_desk(), device).text
    return device


def test_a_passkey_signs_in_alone_once_for_each_question(site: Site, phone: Device) -> None:
    browser, other = site.charlie, site.charlie
    phone.count = -1  # it says 0, as passkeys that are synced do
    signed = phone.sign(ask(browser))
    copied = browser.get_cookie("liveline-step")
    assert copied
    assert give(other, signed).status_code == 403, "in a browser that was asked nothing"
    ask(other)
    assert give(other, signed).status_code == 403, "the answer to another browser's question"
    assert give(browser, signed).location == "/desk/"
    assert is_in(browser)
    other.set_cookie("liveline-step", copied.value)
    assert give(other, signed).status_code == 403, "twice"
    assert not is_in(other)


WRONG: dict[str, Callable[[Device], None]] = {
    "nobody touched it": lambda device: setattr(device, "flags", VERIFIED),
    "nobody was verified": lambda device: setattr(device, "flags", PRESENT),
    "on another site": lambda device: setattr(device, "origin", "http://evil.example"),
    "by the machine's number": lambda device: setattr(device, "origin", "http://127.0.0.1:8000"),
    "for another site": lambda device: setattr(device, "rp", "evil.example"),
    "another key": lambda device: setattr(device, "key", ec.generate_private_key(ec.SECP256R1())),
    "an unknown key": lambda device: setattr(device, "id", b"unknown"),
    "another account": lambda device: setattr(device, "handle", text(b"x" * 32)),
    "a copy that has signed less often": lambda device: setattr(device, "count", 0),
}


@pytest.mark.parametrize("change", WRONG.values(), ids=WRONG)
def test_an_answer_that_is_wrong_in_one_thing_lets_nobody_in(
    site: Site, phone: Device, change: Callable[[Device], None]
) -> None:
    phone.count = 7
    first, browser = site.charlie, site.charlie
    assert give(first, phone.sign(ask(first))).status_code == 303
    change(phone)
    refused = give(browser, phone.sign(ask(browser)))
    assert refused.status_code == 403
    assert "This passkey was not accepted" in refused.text
    assert not is_in(browser)


@pytest.mark.parametrize(
    "junk", ["", "{}", "[]", "null", "x", '{"id": 1}', '{"id": "AAAA"}', "[" * 5000, '{"id": "\\ud800"}', "\x00"]
)
def test_junk_is_no_answer(site: Site, phone: Device, junk: str) -> None:
    browser = site.charlie
    ask(browser)
    assert give(browser, junk).status_code in (403, 422)
    known = json.loads(phone.sign(ask(browser)))
    for name in ("clientDataJSON", "authenticatorData", "signature"):
        spoilt = {**known, "response": {**known["response"], name: junk[:50] or None}}
        assert give(browser, json.dumps(spoilt)).status_code == 403


def test_after_bobs_password_only_bobs_passkey_counts(site: Site, phone: Device) -> None:
    alices = Device()
    enrol(site.at_desk("alice"), alices)
    browser = site.charlie
    form = {"name": "bob", "password": PASSWORD}
    assert "second-step" in browser.post("/desk/sign-in", data=form, headers=FROM_HERE).location
    question = ask(browser)
    assert [each["id"] for each in question["allowCredentials"]] == [text(phone.id)]
    assert give(browser, alices.sign(question)).status_code == 403
    assert give(browser, phone.sign(question)).status_code == 303
    assert "Bob Brown" in browser.get("/desk/").text
    assert ask(site.charlie)["allowCredentials"] == [], "before the password nobody learns who has which"


def test_a_passkey_is_added_by_its_own_session_and_question_alone(site: Site, phone: Device) -> None:
    alice, new = site.at_desk("alice"), Device()
    made = new.make(ask(alice, "/desk/account/passkeys/question"))
    step = alice.get_cookie("liveline-step")
    assert step
    bob = site.charlie
    assert give(bob, phone.sign(ask(bob))).status_code == 303
    bob.set_cookie("liveline-step", step.value)
    assert give(bob, made, "/desk/account/passkeys").status_code == 404, "alice's question in bob's browser"
    ask(bob, "/desk/account/passkeys/question")
    assert give(bob, made, "/desk/account/passkeys").status_code == 422
    assert give(alice, made, "/desk/account/passkeys").status_code == 200
    alice.set_cookie("liveline-step", step.value)
    assert give(alice, made, "/desk/account/passkeys").status_code == 404, "twice"
    again = phone.make(ask(alice, "/desk/account/passkeys/question"))
    assert "is here already" in give(alice, again, "/desk/account/passkeys").text, "bob's"
    unverified = Device()
    unverified.flags = PRESENT
    assert enrol(alice, unverified).status_code == 422


def test_who_was_disabled_comes_in_with_no_passkey(site: Site, phone: Device) -> None:
    browser = site.charlie
    signed = phone.sign(ask(browser))
    people.disable(site.services.store, "bob", None)
    assert give(browser, signed).status_code == 403
    assert not is_in(browser)


PARTIES = {
    "https://news.example.org": ("news.example.org", "https://news.example.org"),
    "http://127.0.0.1:8000": ("localhost", "http://localhost:8000"),
    "http://[::1]:8000": ("localhost", "http://localhost:8000"),
    "http://localhost": ("localhost", "http://localhost"),
    "https://192.0.2.7": None,
    "https://[2001:db8::7]": None,
}


@pytest.mark.parametrize(("url", "known"), PARTIES.items())
def test_a_site_has_passkeys_by_its_name(url: str, known: tuple[str, str] | None) -> None:
    found = passkeys.party(url, "Liveline")
    assert (found and (found.id, found.origin)) == known


def test_a_step_for_one_purpose_is_none_for_another(site: Site, phone: Device) -> None:
    browser = site.charlie
    ask(browser)
    assert browser.post("/desk/sign-in/second-step", data={"code": "000000"}, headers=FROM_HERE).status_code == 403
    assert {purpose.value for purpose in steps.Purpose} == {"second factor", "passkey", "add passkey"}
