"""Passkeys in Chromium, with an authenticator that DevTools simulates: made, used alone, and as the second step."""

import re

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, Route, expect

from feed.store import editors
from tests.browser.conftest import NewPage
from tests.server import PASSWORD, Server

QUESTION = "**/passkey/question"


@pytest.fixture
def kim(shared: Server) -> str:
    """The name of an editor of this test's own."""
    with shared.store() as store:
        editors.add(store, "kim", PASSWORD, "editor", "Kim", actor=None)
    return "kim"


class Authenticator:
    """A simulated one, of that page's browser, which agrees at once."""

    def __init__(self, page: Page) -> None:
        self._devtools = page.context.new_cdp_session(page)
        self._devtools.send("WebAuthn.enable")
        options = {"protocol": "ctap2", "transport": "internal", "hasResidentKey": True, "hasUserVerification": True,
                   "isUserVerified": True, "automaticPresenceSimulation": True}  # fmt: skip
        self._id = self._devtools.send("WebAuthn.addVirtualAuthenticator", {"options": options})["authenticatorId"]

    def agree(self, *, now: bool) -> None:
        """Lets its owner agree to what it is asked, or be away."""
        state = {"authenticatorId": self._id, "enabled": now}
        self._devtools.send("WebAuthn.setAutomaticPresenceSimulation", state)

    def agree_when_asked(self, page: Page) -> None:
        """Lets its owner agree to the next question of that page; what it asked before, nobody answers any more."""

        def agreeing(route: Route) -> None:
            self.agree(now=True)
            route.continue_()

        page.route(QUESTION, agreeing)


@pytest.fixture
def page(shared: Server, open_page: NewPage) -> Page:
    """The page to sign in."""
    return open_page(f"http://localhost:{shared.port}/desk/sign-in", wait_for=None)


def by_password(page: Page, name: str) -> None:
    """The first step."""
    page.get_by_label("Name").fill(name)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()


def accessible(page: Page) -> None:
    """Fails for what axe finds wrong with the page."""
    found = Axe().run(page).response["violations"]
    assert not found, [(each["id"], [node["html"] for node in each["nodes"]]) for each in found]


def test_a_passkey_is_made_and_signs_in_alone_and_after_the_password(page: Page, kim: str, shared: Server) -> None:
    authenticator = Authenticator(page)
    accessible(page)
    page.get_by_role("button", name="Show password").click()
    by_password(page, kim)
    expect(page).to_have_url(re.compile(r"\d/desk/$"))
    page.goto(f"http://localhost:{shared.port}/desk/account")
    accessible(page)
    page.get_by_label("Name of the passkey").fill("My laptop")
    page.get_by_role("button", name="Add a passkey").click()
    expect(page.locator(".codes li")).to_have_count(10)
    accessible(page)
    page.get_by_text("I have kept them").click()
    expect(page.locator(".factors .rows")).to_contain_text("My laptop")
    page.get_by_label("Name of the passkey").fill("Twice")
    page.get_by_role("button", name="Add a passkey").click()
    expect(page.locator(".passkey .reason")).to_contain_text("has a passkey for this site already")

    # The browser offers it beside the name; somebody who is away presses the button later
    page.locator(".masthead").get_by_role("button", name="Sign out").click()
    expect(page).to_have_url(re.compile(r"\d/desk/$"))
    authenticator.agree(now=False)
    with page.expect_response(QUESTION):
        page.locator(".masthead").get_by_role("button", name="Sign out").click()
    authenticator.agree_when_asked(page)
    page.get_by_role("button", name="Sign in with a passkey").click()
    expect(page).to_have_url(re.compile(r"\d/desk/$"))
    page.unroute(QUESTION)
    authenticator.agree(now=False)
    page.locator(".masthead").get_by_role("button", name="Sign out").click()
    by_password(page, kim)
    page.wait_for_url(re.compile("second-step"))
    authenticator.agree(now=True)
    accessible(page)
    page.get_by_role("button", name="Use a passkey").click()
    expect(page).to_have_url(re.compile(r"\d/desk/$"))

    page.goto(f"http://localhost:{shared.port}/desk/account/confirm?next=/desk/account")
    accessible(page)
    page.get_by_role("button", name="Use a passkey").click()
    expect(page).to_have_url(re.compile(r"\d/desk/account$"))
    expect(page.locator(".factors .rows")).to_contain_text("last used")
    page.get_by_role("button", name="Remove").click()
    expect(page.locator(".done")).to_contain_text("Removed.")


def test_where_there_can_be_no_passkey_the_page_says_so(shared: Server, open_page: NewPage) -> None:
    by_number = open_page(f"{shared.url}/desk/sign-in", wait_for=None)
    expect(by_number.locator(".passkey .reason")).to_have_text(f"Passkeys work at http://localhost:{shared.port} only.")
    expect(by_number.get_by_role("button", name="Sign in with a passkey")).to_be_disabled()
    plain = open_page(f"{shared.url}/desk/sign-in", wait_for=None, java_script_enabled=False)
    expect(plain.get_by_text("Passkeys need JavaScript")).to_be_visible()
    expect(plain.get_by_role("button", name="Show password")).to_be_hidden()
    password, show = by_number.get_by_label("Password"), by_number.get_by_role("button", name="Show password")
    password.fill("correct horse")
    show.click()
    expect(password).to_have_attribute("type", "text")
    by_number.get_by_role("button", name="Hide password").click()
    expect(password).to_have_attribute("type", "password")
    expect(password).to_have_value("correct horse")
