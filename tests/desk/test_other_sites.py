"""What another site's page cannot do at the desk, and what no cache keeps."""

import pytest

from tests.conftest import FROM_HERE, Site


@pytest.mark.parametrize(
    "headers",
    [{"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site", "Origin": "http://127.0.0.1:8000"},
     {"Origin": "https://evil.example"}, {"Origin": "null"}, {"Origin": ""}, {"Origin": "http://127.0.0.1:8001"},
     {"Origin": "http://127.0.0.1:8000.evil.example"}, {"Sec-Fetch-Site": "same-origin", "Origin": "https://evil.example"},
     {}],
    ids=str,
)  # fmt: skip
def test_a_page_of_another_site_cannot_write_in_bobs_name(site: Site, headers: dict[str, str]) -> None:
    bob = site.at_desk()
    update = site.publish("Stays")
    before = site.versions()
    for path in (
        "/desk/feeds/news/updates",
        f"/desk/updates/{update.id}/retraction",
        "/desk/sign-out",
        "/desk/profile",
    ):
        answer = bob.post(path, data={"body": "x", "display_name": "Eve"}, headers=headers)
        assert answer.status_code == 403, path
    assert site.versions() == before
    assert bob.get("/desk/").status_code == 200, "not even signed out"


@pytest.mark.parametrize(
    "headers", [{"Sec-Fetch-Site": "same-origin"}, {"Origin": "http://localhost"}, FROM_HERE], ids=str
)
def test_bobs_own_page_can_write(site: Site, headers: dict[str, str]) -> None:
    answer = site.at_desk().post("/desk/feeds/news/updates", data={"body": "x"}, headers=headers)
    assert answer.status_code == 303


def test_another_site_cannot_sign_anybody_in(site: Site) -> None:
    form = {"name": "bob", "password": "correct horse battery"}
    answer = site.charlie.post("/desk/sign-in", data=form, headers={"Sec-Fetch-Site": "cross-site"})
    assert answer.status_code == 403
    assert "Set-Cookie" not in answer.headers


def test_nothing_of_the_desk_stays_in_a_cache(site: Site) -> None:
    bob = site.at_desk()
    for path in ("/desk/", "/desk/feeds/news", "/desk/profile", "/desk/nothing"):
        assert bob.get(path).headers["Cache-Control"] in ("no-store", "no-cache")
    assert bob.get("/desk/profile").headers["Cache-Control"] == "no-store"
