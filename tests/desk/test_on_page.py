"""An editor edits on the page as readers see it, and no byte of a reader's page knows of it."""

from feed.store import editors
from tests.conftest import Site
from tests.pages import elements, words
from tests.server import PASSWORD


def offered(site: Site, referrer: str, who: str = "bob") -> list[str]:
    """The pages with tools that the desk's first page offers to somebody who came from there."""
    page = site.at_desk(who).get("/desk/", headers={"Referer": referrer}).text
    return [str(each.get("href")) for each in elements(page, "a") if str(each.get("href")).startswith("/desk/on/")]


def test_the_page_is_the_readers_with_the_tools_of_each_update(site: Site) -> None:
    site.write_article(live=True, body="The story")
    own, news = site.publish("Of the harbour", "harbour"), site.publish("In the news")
    page = site.at_desk().get("/desk/on/articles/harbour").text
    assert words(elements(page, "article", class_="story")[0]).startswith("About harbour")
    tools = [each.get("data-for") for each in elements(page, class_="update-tools")]
    assert tools == ["update-0", f"update-{own.id}", f"update-{news.id}"]
    page = site.at_desk().get(f"/desk/on/updates/{own.id}").text
    assert f"update-{own.id}" in [each.get("data-for") for each in elements(page, class_="update-tools")]
    for each in site.charlie.get("/articles/harbour"), site.charlie.get(f"/updates/{own.id}"):
        assert "update-tools" not in each.text


def test_a_readers_page_is_the_same_bytes_for_an_editor_and_sets_no_cookie(site: Site) -> None:
    site.write_article(live=True)
    update, bob = site.publish("Of the harbour", "harbour"), site.at_desk()
    for path in ("/articles/harbour", f"/updates/{update.id}", "/feeds/harbour", "/"):
        ours, theirs = bob.get(path), site.charlie.get(path)
        assert (ours.data, ours.headers.get("Set-Cookie")) == (theirs.data, None), path
        assert "/desk/on" not in theirs.text


def test_the_way_from_a_page_to_its_tools_is_the_link_for_editors(site: Site) -> None:
    site.write_article(live=True)
    site.write_article("secret", draft=True, live=True)
    update, hidden = site.publish("Of the harbour", "harbour"), site.publish("Of a draft", "secret")
    here = "http://127.0.0.1:8000"
    assert offered(site, f"{here}/articles/harbour?key=1") == ["/desk/on/articles/harbour"]
    assert offered(site, f"{here}/updates/{update.id}/history") == [f"/desk/on/updates/{update.id}"]
    for other in (
        "/", "/articles/nowhere", "/articles/secret", f"/updates/{hidden.id}", "/updates/4711", "/feeds/harbour",
        f"/updates/{'9' * 15}", "/articles/harbour/../../x", "//evil/articles/harbour",
    ):  # fmt: skip
        assert offered(site, here + other) == [], other
    for foreign in ("https://elsewhere.example/articles/harbour", "not an address", "http://[", ""):
        assert offered(site, foreign) == []
    site.retract(update)
    assert offered(site, f"{here}/updates/{update.id}") == []


def test_only_who_may_edit_has_tools_and_without_a_session_there_is_no_page(site: Site) -> None:
    site.write_article(live=True)
    site.write_article("secret", draft=True)
    update = site.publish("Of the harbour", "harbour")
    editors.add(site.services.store, "dora", PASSWORD, "contributor", actor=None)
    page = site.at_desk("dora").get("/desk/on/articles/harbour").text
    assert elements(page, class_="update-tools") == []
    assert "Only editors can change what is public." in page
    assert site.at_desk().get("/desk/on/articles/secret").status_code == 404
    site.retract(update)
    assert site.at_desk().get(f"/desk/on/updates/{update.id}").status_code == 410
    assert site.charlie.get("/desk/on/articles/harbour").location.startswith("/desk/sign-in")
