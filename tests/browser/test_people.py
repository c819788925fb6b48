"""An admin invites somebody, who comes in by the link, with and without scripts."""

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import DESKTOP, NewPage, sign_in
from tests.server import Server


@pytest.mark.parametrize("scripts", [True, False], ids=["with scripts", "without"])
def test_a_link_leads_whom_an_admin_invites_to_the_desk(
    shared: Server, slug: str, open_page: NewPage, *, scripts: bool
) -> None:
    options = {"java_script_enabled": scripts, "viewport": DESKTOP, "wait_for": None}
    alice = open_page(f"{shared.url}/desk/people", permissions=["clipboard-read", "clipboard-write"], **options)
    sign_in(alice, "alice")
    alice.get_by_label("Name to sign in with").fill(f"of.{slug}")
    alice.get_by_label("Name in the byline").fill(f"Dan of {slug}")
    alice.get_by_label("Role", exact=True).last.select_option("Contributor")
    alice.get_by_role("button", name="Make a link").click()
    link, copy = alice.get_by_label("Link", exact=True), alice.get_by_role("button", name="Copy")
    if scripts:
        alice.wait_for_load_state()  # until then no script runs
        copy.click()
        expect(alice.locator(".copy")).to_have_text("Copied")
        assert alice.evaluate("navigator.clipboard.readText()") == link.input_value()
    else:
        expect(copy).to_be_hidden()
    dan = open_page(link.input_value(), **options)
    dan.get_by_label("Password").fill("another horse battery")
    dan.get_by_role("button", name="Begin").click()
    expect(dan.get_by_role("heading", name="Desk")).to_be_visible()
    expect(dan.get_by_role("link", name=f"Dan of {slug}")).to_be_visible()
    expect(dan.get_by_role("link", name="People")).to_have_count(0)
    alice.goto(f"{shared.url}/desk/people")
    row = alice.locator("li", has_text=f"Dan of {slug}")
    expect(row).to_contain_text("Contributor · signs in · 1 session")
    row.get_by_text("Change", exact=True).click()
    row.get_by_role("button", name="Disable").click()
    expect(row).to_contain_text("disabled")
    if scripts:
        expect(alice.locator(".done")).to_have_text("Disabled. Sessions and tokens have ended.")
    dan.reload()
    expect(dan.get_by_role("heading", name="Sign in")).to_be_visible()
