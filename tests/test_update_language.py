"""An update in another language has `lang` and `dir` on its words, and on nothing around them (WCAG 3.1.2)."""

import json

import pytest
from lxml import html

from tests.conftest import Site

WORDS = {"headline": 'Він сказав "так"', "body": 'Вона сказала "ні".'}


def item_of(site: Site, update_id: int) -> html.HtmlElement:
    """The update's element in its feed's page."""
    (found,) = html.fromstring(site.charlie.get("/feeds/news").text).xpath(f"//li[@id = 'update-{update_id}']")
    return found


def test_the_words_of_an_update_say_their_language_and_have_its_quotes(site: Site) -> None:
    made = site.api("POST", "/api/v1/feeds/news/updates", {**WORDS, "language": "uk"}).get_json()
    plain = site.api("POST", "/api/v1/feeds/news/updates", {"body": 'She said "no".'}).get_json()
    assert (made["language"], plain["language"]) == ("uk", None)
    item = item_of(site, made["id"])
    (headline,), (text,) = item.xpath(".//h3"), item.find_class("text")
    assert (item.get("lang"), headline.get("lang"), text.get("lang"), text.get("dir")) == ("en", "uk", "uk", "ltr")
    assert (headline.text_content(), text.text_content()) == ("Він сказав «так»", "Вона сказала «ні».")
    assert item.find_class("share")[0].text_content() == "Share"
    other = item_of(site, plain["id"])
    assert (other.find_class("text")[0].get("lang"), other.text_content().count("“no”")) == (None, 1)


def test_right_to_left_words_stand_in_a_page_that_runs_the_other_way(site: Site) -> None:
    update = site.publish("شب", language="ar", pinned=True, key=True)
    page = html.fromstring(site.charlie.get("/feeds/news").text)
    told = [(each.get("lang"), each.get("dir")) for each in page.find_class("text")]
    assert told == [("ar", "rtl")] * 2, "in the list and in the pinned box"
    assert page.xpath("//*[@data-update]/span/@dir") == ["rtl"]
    assert html.fromstring(site.charlie.get(f"/updates/{update.id}/history").text).xpath(
        "//p[contains(@class, 'compared')]/@lang"
    ) == ["ar"]


def test_machines_are_told_the_language_of_an_update(site: Site) -> None:
    site.write_article("harbour", live=True)
    update = site.publish(**WORDS, feed="harbour", language="uk")
    for path in ("/articles/harbour", f"/updates/{update.id}"):
        blocks = html.fromstring(site.charlie.get(path).text).xpath("//script[@type = 'application/ld+json']/text()")
        data = json.loads(blocks[-1])
        entry = data["liveBlogUpdate"][0] if "liveBlogUpdate" in data else data
        assert (entry["inLanguage"], entry["headline"]) == ("uk", "Він сказав «так»")
    assert site.charlie.get("/feeds/harbour.json").get_json()["items"][0]["language"] == "uk"
    assert '<entry xml:lang="uk">' in site.charlie.get("/feeds/harbour.atom").text


def test_an_edit_changes_the_language_and_its_quotes_and_null_takes_it_away(site: Site) -> None:
    update = site.publish('"Ja"')
    path = f"/api/v1/updates/{update.id}"
    edited = site.api("PATCH", path, {"language": "uk", "body": '"Ja"', "revision": 1}).get_json()
    assert "«Ja»" in edited["html"]
    assert edited["version"] > update.version, "open pages learn of it"
    back = site.api("PATCH", path, {"language": None, "revision": edited["revision"]}).get_json()
    assert back["language"] is None
    assert 'lang="uk"' not in back["html"]


@pytest.mark.parametrize("language", ["klingon!", "xx-nowhere-at-all", 7])
def test_what_is_no_language_is_refused(site: Site, language: object) -> None:
    answer = site.api("POST", "/api/v1/feeds/news/updates", {"body": "x", "language": language})
    assert (answer.status_code, answer.get_json()["errors"][0]["field"]) == (422, "language")


def test_the_desk_takes_a_language_and_a_form_without_one_leaves_it(site: Site) -> None:
    desk = site.at_desk()
    here = {"Sec-Fetch-Site": "same-origin", "Origin": "http://127.0.0.1:8000"}
    desk.post("/desk/feeds/news/updates", data={"body": "Так", "language": "uk"}, headers=here)
    (made,) = site.charlie.get("/api/v1/feeds/news/updates").get_json()["updates"]
    assert made["language"] == "uk"
    form = html.fromstring(desk.get(f"/desk/updates/{made['id']}").text)
    assert form.xpath("//select[@name = 'language']/option[@selected]/@value") == ["uk"]
    desk.post(f"/desk/updates/{made['id']}", data={"body": "Ні", "revision": "1"}, headers=here)
    assert site.charlie.get(f"/api/v1/updates/{made['id']}").get_json()["language"] == "uk"
    desk.post(f"/desk/updates/{made['id']}", data={"body": "No", "revision": "2", "language": ""}, headers=here)
    assert site.charlie.get(f"/api/v1/updates/{made['id']}").get_json()["language"] is None


def test_a_key_of_the_release_before_is_known_again(site: Site) -> None:
    """Its digest was made of fields among which no language was."""
    first = site.api("POST", "/api/v1/feeds/news/updates", {"body": "x"}, Idempotency_Key="k").get_json()
    again = site.api("POST", "/api/v1/feeds/news/updates", {"body": "x", "language": None}, Idempotency_Key="k")
    assert again.get_json()["id"] == first["id"]
    other = site.api("POST", "/api/v1/feeds/news/updates", {"body": "x", "language": "uk"}, Idempotency_Key="k")
    assert other.status_code == 422


def test_an_update_without_a_headline_is_named_by_its_first_words_and_so_is_its_link(site: Site) -> None:
    named, bare = site.publish("Text", headline="The quay burns"), site.publish("Ten boats left the harbour " * 9)
    for update, words in ((named, "The quay burns"), (bare, "Ten boats left")):
        item = item_of(site, update.id)
        (article,), (share,) = item.xpath("article"), item.find_class("share")
        _, label = share.get("aria-labelledby").split()
        (name,) = item.xpath(".//*[@id = $id]", id=label)
        assert (name.get("aria-label") or name.text_content()).startswith(words)
        assert article.get("aria-labelledby", label) == label
