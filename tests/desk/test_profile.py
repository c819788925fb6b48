"""The editor's own page: what readers see of them, and their sessions."""

import re

from tests.conftest import Site
from tests.desk.forms import field, png, send
from tests.pages import element, elements


def test_the_profile_is_what_readers_see(site: Site) -> None:
    site.write_article("harbour")
    bob = site.at_desk()
    send(bob, "/desk/pictures", file=(png(), "bob.png"), alt="Bob")
    picture = re.search(r"/pictures/([0-9a-f]{16})\)", bob.get("/desk/pictures").text)
    assert picture
    profile = {
        "display_name": "Bob Brown",
        "job": "Harbour reporter",
        "bio": "Two lines.\nOf <me>.",
        "picture": picture[1],
    }
    assert send(bob, "/desk/profile", **profile).status_code == 303
    page = site.charlie.get("/articles/harbour").text
    assert "Harbour reporter" in page
    assert "Of &lt;me&gt;." in page
    assert elements(page, "img", class_="avatar", src=f"/pictures/{picture[1]}?small=192")

    refused = send(bob, "/desk/profile", **{**profile, "display_name": "", "picture": "0" * 16})
    assert refused.status_code == 422
    assert field(refused, "job") == "Harbour reporter"
    unknown = send(bob, "/desk/profile", **{**profile, "picture": "0" * 16})
    assert unknown.status_code == 422
    assert "There is no picture of this id" in unknown.text


def test_an_update_keeps_the_name_it_was_published_under(site: Site) -> None:
    bob = site.at_desk()
    send(bob, "/desk/feeds/news/updates", body="By Bob Brown")
    send(bob, "/desk/profile", display_name="Robert Brown")
    send(bob, "/desk/feeds/news/updates", body="By Robert Brown")
    listed = site.api("GET", "/api/v1/feeds/news/updates").get_json()["updates"]
    assert [update["byline"] for update in listed] == ["Robert Brown", "Bob Brown"]


def test_bob_ends_a_session_of_his_and_it_cannot_act(site: Site) -> None:
    here, lost = site.at_desk(), site.at_desk()
    alice = site.at_desk("alice")
    profile = here.get("/desk/account").text
    actions = [form.get("action") for form in elements(profile, "form")]
    ends = [action for action in actions if action.startswith("/desk/sessions/")]
    assert len(ends) == 2, "his own, and nobody else's"
    mine = element(profile.split("<b>this browser", 1)[1], "form").get("action")
    (other,) = set(ends) - {mine}

    send(alice, other)
    assert lost.get("/desk/").status_code == 200, "a session of bob's is not alice's to end"
    send(here, other)
    send(here, other)
    assert (
        send(lost, "/desk/feeds/news/updates", body="From a stolen laptop")
        .headers["Location"]
        .startswith("/desk/sign-in")
    )
    assert lost.get("/desk/").status_code == 303
    assert site.versions()["news"] == 0
    assert here.get("/desk/").status_code == 200
