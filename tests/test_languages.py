"""Languages of the site and of articles: the same in every endpoint, and the texts in them."""

import re
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from babel.messages.catalog import Catalog

from feed import languages
from feed.languages import Languages
from feed.store import articles, feeds
from tests.catalogues import catalogues, gaps, messages, texts
from tests.conftest import FROM_HERE, Site, site_in
from tests.pages import element, elements, words

CATALOGUES = catalogues()
UKRAINIAN = {"language": "uk", "live": True}


def attributes(html: str, tag: str) -> dict[str, str]:
    """Of the first element of that kind."""
    return dict(element(html, tag).attrib)


def test_a_catalogue_that_was_changed_is_read_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(languages, "CATALOGUES", tmp_path)
    monkeypatch.setattr(languages, "KEPT", tmp_path / "kept")
    monkeypatch.setattr("sys.dont_write_bytecode", False)
    for said in ("Так", "Ага"):  # which take as many bytes
        (tmp_path / "uk.po").write_text(
            f'msgid ""\nmsgstr "Content-Type: text/plain; charset=UTF-8"\n\nmsgid "Yes"\nmsgstr "{said}"\n'
        )
        for _ in range(2):
            languages._read.cache_clear()
            assert Languages("uk", ZoneInfo("UTC")).now.gettext("Yes") == said
    assert [each.name for each in (tmp_path / "kept").iterdir()] == ["uk"]


def test_there_is_a_ukrainian_catalogue() -> None:
    assert "uk" in CATALOGUES
    assert len(messages()) > 200, "the messages are looked for in the wrong places"


@pytest.mark.parametrize("catalogue", CATALOGUES.values(), ids=CATALOGUES.keys())
def test_a_catalogue_has_every_message_and_no_other(catalogue: Catalog) -> None:
    """`make translations` brings it in step."""
    said, translated = ({str(each.id) for each in of if each.id} for of in (messages(), catalogue))
    assert said - translated == set(), "these are not translated"
    assert translated - said == set(), "nobody says these"
    assert not catalogue.obsolete


@pytest.mark.parametrize("catalogue", CATALOGUES.values(), ids=CATALOGUES.keys())
def test_a_translation_is_whole(catalogue: Catalog) -> None:
    for message in catalogue:
        if not message.id:
            continue
        assert not message.fuzzy, message.id
        ids = [message.id] if isinstance(message.id, str) else list(message.id)
        assert len(texts(message)) == (catalogue.num_plurals if len(ids) > 1 else 1), message.id
        for text in texts(message):
            assert text.strip(), message.id
            assert gaps(text) == gaps(ids[-1]), message.id
            assert re.findall(r"</?\w+>", text) == re.findall(r"</?\w+>", ids[-1]), message.id


def test_ukrainian_counts_as_its_speakers_do(site: Site) -> None:
    forms = site.services.languages.of("uk").plural_forms("1 new update", "{count} new updates")
    assert forms == {
        "one": "{count} нове оновлення",
        "few": "{count} нові оновлення",
        "many": "{count} нових оновлень",
        "other": "{count} нових оновлень",
    }


def test_english_is_as_it_always_was(site: Site) -> None:
    english = site.services.languages.of(None)
    assert english.plural_forms("1 new update", "{count} new updates") == {
        "one": "1 new update",
        "other": "{count} new updates",
    }
    assert english.full("2026-07-26T12:05:00.000Z") == "26 July 2026, 14:05 CEST"


def test_an_article_s_page_is_in_its_language_and_the_news_beside_it_in_the_site_s(site: Site) -> None:
    site.write_article("harbour", **UKRAINIAN)
    site.edit(site.publish("Оновлення", feed="harbour"), body="Нове оновлення")
    site.edit(site.publish("An update"), body="A new update")
    page = site.charlie.get("/articles/harbour").text
    assert attributes(page, "html") == {"lang": "uk", "dir": "ltr"}
    own, news = page.split("</live-feed>")[:2]
    assert attributes(own, "live-feed")["lang"] == "uk"
    assert "Оновлено:" in own
    assert "Updated:" not in own
    assert attributes(news, "live-feed")["lang"] == "en"
    assert "Updated:" in news
    assert "Оновлено:" not in news
    assert "Show less" not in page.replace(news, "")


@pytest.mark.parametrize("path", ["/articles/harbour", "/feeds/harbour", "/updates/1", "/updates/1/history"])
def test_every_page_of_an_article_is_in_its_language(site: Site, path: str) -> None:
    site.write_article("harbour", **UKRAINIAN)
    update = site.publish("Оновлення", feed="harbour")
    assert attributes(site.charlie.get(path).text, "html")["lang"] == "uk"
    site.retract(update)
    gone = site.charlie.get("/updates/1")
    assert (gone.status_code, attributes(gone.text, "html")["lang"]) == (410, "uk")


@pytest.mark.parametrize("path", ["/", "/feeds/news", "/updates/1", "/nowhere", "/desk/sign-in"])
def test_the_other_pages_are_in_the_site_s(tmp_path: Path, path: str) -> None:
    with site_in(tmp_path, FEED_LANGUAGE="uk") as site:
        site.publish("Оновлення")
        page = site.charlie.get(path).text
        assert attributes(page, "html")["lang"] == "uk"
        assert "Новини" in page


def test_an_update_is_in_its_feed_s_language_everywhere(site: Site) -> None:
    """Invariant 5, also where the page around it is in another language, as at the desk."""
    site.write_article("harbour", **UKRAINIAN)
    pushed: list[dict[str, Any]] = []
    tail = site.tail(pushed)
    tail.watch("harbour")
    update = site.edit(site.publish("Текст " * 200, feed="harbour", key=True, pinned=True), body="Новий текст " * 60)
    tail.step()
    by_push = {change["id"]: change["html"] for change in pushed[-1]["changes"]}
    li = by_push[f"update-{update.id}"]
    for each in ("Ключова подія", "Закріплено", "Оновлено:", "Розгорнути", "Поділитися"):
        assert each in li
    assert attributes(li, "li")["lang"] == "uk"
    caught_up = site.charlie.get(f"/feeds/harbour/changes?after=0&epoch={pushed[-1]['epoch']}").get_json()
    assert {change["id"]: change["html"] for change in caught_up["changes"]} == by_push
    assert site.api("GET", f"/api/v1/updates/{update.id}", who=None).get_json()["html"] == li
    desk = site.at_desk().get("/desk/feeds/harbour").text
    assert attributes(desk, "html")["lang"] == "en"
    for page in (desk, *(site.charlie.get(path).text for path in ("/articles/harbour", "/feeds/harbour"))):
        assert li in page
        for part in ("pinned-harbour", "key-events-harbour"):
            assert by_push[part] in page


def test_another_language_reloads_what_is_open_and_leaves_nothing_in_the_cache(site: Site) -> None:
    site.write_article("harbour", live=True)
    update = site.edit(site.publish("Text", feed="harbour"), body="Another text")
    endpoints = ("/articles/harbour", "/feeds/harbour", f"/updates/{update.id}", "/api/v1/feeds/harbour/updates")
    with site.services.store.read() as db:
        before = feeds.get(db, "harbour")
    catch_up = f"/feeds/harbour/changes?after={before.version}&epoch={before.epoch}"
    for endpoint in (*endpoints, catch_up):
        assert "Оновлено:" not in site.charlie.get(endpoint).text
    pushed: list[dict[str, Any]] = []
    tail = site.tail(pushed)
    tail.watch("harbour")
    assert site.api("PATCH", "/api/v1/articles/harbour", {"language": "uk"}).status_code == 200
    for endpoint in endpoints:
        answer = site.charlie.get(endpoint)
        html = answer.get_json()["updates"][0]["html"] if answer.is_json else answer.text
        assert "Оновлено:" in html, endpoint
    assert site.charlie.get(catch_up).get_json()["reload"] is True
    tail.step()
    assert [each["epoch"] == before.epoch for each in pushed] == [False]
    again = site.versions()
    assert site.api("PATCH", "/api/v1/articles/harbour", {"language": "uk"}).status_code == 200
    assert site.versions() == again, "what changes nothing reloads nobody"


def test_an_article_runs_from_the_right_where_its_language_does(site: Site) -> None:
    """Arabic has no catalogue: its dates and direction are its own, and its words the site's."""
    site.write_article("harbour", language="ar", live=True)
    page = site.charlie.get("/articles/harbour").text
    assert attributes(page, "html") == {"lang": "ar", "dir": "rtl"}
    own, news = page.split("</live-feed>")[:2]
    assert attributes(own, "live-feed")["dir"] == "rtl"
    assert attributes(news, "live-feed")["dir"] == "ltr"
    assert "Live coverage" in own
    counting = [each for each in elements(page) if {"data-new-one", "data-now-one", "data-since-one"} & {*each.attrib}]
    assert len(counting) == 7
    english = [each for each in counting if (each.get("lang"), each.get("dir")) == ("en", "ltr")]
    assert english == [*counting[:3], counting[-1]]


def test_borrowed_words_are_the_site_s(tmp_path: Path) -> None:
    with site_in(tmp_path, FEED_LANGUAGE="uk") as site:
        site.write_article("harbour", language="ar", live=True)
        site.write_article("quay", language="en-US", live=True)
        arabic, english = (site.charlie.get(f"/articles/{slug}").text for slug in ("harbour", "quay"))
        assert "Трансляція" in arabic
        assert elements(arabic, lang="uk", dir="ltr")
        assert attributes(english, "html")["lang"] == "en-US"
        assert "Live coverage" in english.split("</live-feed>")[0]


@pytest.mark.parametrize(
    ("given", "kept"),
    [("uk", "uk"), ("PT-br", "pt-BR"), ("zh-hant-tw", "zh-Hant-TW"), ("es-419", "es-419"), ("", None), (None, None)],
)
def test_the_api_takes_a_tag_and_gives_it_back(site: Site, given: str | None, kept: str | None) -> None:
    body = {"slug": "harbour", "headline": "The harbour", "language": given}
    assert site.api("POST", "/api/v1/articles", body).get_json()["language"] == kept
    assert site.api("PATCH", "/api/v1/articles/harbour", {"language": "fr"}).get_json()["language"] == "fr"
    assert site.api("PATCH", "/api/v1/articles/harbour", {"headline": "Another"}).get_json()["language"] == "fr"
    assert site.api("PATCH", "/api/v1/articles/harbour", {"language": None}).get_json()["language"] is None


@pytest.mark.parametrize(
    "given", ["english", "en_GB", "xx", "und", "uk-", "uk\n-", "../uk", "e", "en-GB-x-y", 7, "en-XX", "u k", "🇺🇦"]
)
def test_what_is_no_language_is_refused_with_a_reason(site: Site, given: object) -> None:
    site.write_article("harbour")
    before = site.versions()
    for answer in (
        site.api("PATCH", "/api/v1/articles/harbour", {"language": given}),
        site.api("POST", "/api/v1/articles", {"slug": "quay", "headline": "The quay", "language": given}),
    ):
        assert answer.status_code == 422
        (error,) = answer.get_json()["errors"]
        assert error["field"] == "language"
        assert error["message"] == ("Write text here." if given == 7 else "Write a language tag, like en, uk or pt-BR.")
    assert site.versions() == before


def test_a_draft_s_language_leaves_no_trace(site: Site) -> None:
    site.write_article("harbour", live=True, draft=True)
    before = site.charlie.get("/").data
    site.api("PATCH", "/api/v1/articles/harbour", {"language": "uk"})
    assert site.charlie.get("/").data == before
    assert site.charlie.get("/articles/harbour").status_code == 404
    assert site.charlie.get("/feeds/harbour/changes?after=0").status_code == 404


def test_the_desk_offers_the_languages_and_keeps_the_chosen(site: Site) -> None:
    desk = site.at_desk()
    sent = {"slug": "harbour", "headline": "The harbour", "language": "uk"}
    assert desk.post("/desk/articles", data=sent, headers=FROM_HERE).status_code == 303
    form = desk.get("/desk/articles/harbour").text
    assert '<option value="uk" selected>Ukrainian</option>' in form
    assert '<option value="ar">Arabic</option>' in form
    with site.services.store.read() as db:
        assert articles.get(db, "harbour", drafts=True).language == "uk"
    sent |= {"language": "klingon", "revision": "1"}
    refused = desk.post("/desk/articles/harbour", data=sent, headers=FROM_HERE)
    assert refused.status_code == 422
    assert "Write a language tag, like en, uk or pt-BR." in refused.text
    # One that the list lacks, sent by the API, is not lost by the form.
    site.api("PATCH", "/api/v1/articles/harbour", {"language": "pt-BR"})
    assert words(element(desk.get("/desk/articles/harbour").text, "option", value="pt-BR", selected=True))


def test_quotes_are_those_of_the_language(site: Site) -> None:
    words = """Міст "Надія, або 'Мрія'" на п'ять метрів"""
    ukrainian, english = "Міст «Надія, або „Мрія“» на п’ять метрів", "Міст “Надія, або ‘Мрія’” на п’ять метрів"
    site.write_article("harbour", **{**UKRAINIAN, "headline": words, "standfirst": words, "body": words})
    update = site.edit(site.publish("x", feed="harbour", key=True), body=words, headline=words)
    site.publish(words, headline=words)
    page = site.charlie.get("/articles/harbour").text
    own, news = page.split("</live-feed>")[:2]
    assert own.count(ukrainian) == 14, (
        "two titles, two descriptions, four links for machines, headline, standfirst, body, key event, update twice"
    )
    assert english not in own
    assert news.count(english) == 2
    for path in ("/", f"/updates/{update.id}", f"/updates/{update.id}/history", "/feeds/harbour"):
        assert ukrainian in site.charlie.get(path).text, path
    assert words in site.api("GET", f"/api/v1/updates/{update.id}", who=None).get_json()["body"]
    # The site's own, where it is Ukrainian, and an article's of another language.
    site.api("PATCH", "/api/v1/articles/harbour", {"language": "en", "body": words})
    assert english in site.charlie.get("/articles/harbour").text.split('class="body text"')[1].split("</article>")[0]


def test_a_ukrainian_site_quotes_as_ukrainian_does(tmp_path: Path) -> None:
    with site_in(tmp_path, FEED_LANGUAGE="uk") as site:
        site.publish('Міст "Надія"', headline='"Так"')
        page = site.charlie.get("/").text
        assert "Міст «Надія»" in page
        assert "«Так»" in page


SAID = [
    ("/desk/articles", {"headline": "", "slug": "x"}, "Тут порожньо. Спершу напишіть щось."),
    ("/desk/articles", {"headline": "ї" * 12_345}, "Знаків: 12\u00a0345; уміщується щонайбільше 200."),
    ("/desk/articles", {"headline": "x", "slug": "X X"}, "Лише малі латинські літери"),
    ("/desk/feeds/news/updates", {"body": "[\u200b](/x)"}, "З цього нічого не буде видно."),
]


@pytest.mark.parametrize(("path", "given", "reason"), SAID)
def test_the_desk_gives_its_reasons_in_the_site_s_language(
    tmp_path: Path, path: str, given: dict[str, str], reason: str
) -> None:
    with site_in(tmp_path, FEED_LANGUAGE="uk") as site:
        answer = site.at_desk().post(path, data=given, headers=FROM_HERE)
        assert answer.status_code == 422
        assert reason in answer.text


def test_the_api_speaks_english_everywhere(tmp_path: Path) -> None:
    with site_in(tmp_path, FEED_LANGUAGE="uk") as site:
        refused = site.api("POST", "/api/v1/articles", {"slug": "x", "headline": "x" * 1_234}).get_json()
        assert refused["errors"][0]["message"] == "This has 1,234 characters; at most 200 fit."
        assert (refused["title"], refused["status"]) == ("Cannot be stored", 422)
        missing = site.api("GET", "/api/v1/articles/nowhere").get_json()
        assert missing["detail"] == "There is nothing at this address."


def test_the_search_engines_and_the_browser_are_told_the_language_of_each_headline(site: Site) -> None:
    site.write_article("harbour", headline="Гавань", language="uk")
    site.write_article("quay", body="[The harbour](/articles/harbour)")
    for path in ("/", "/articles/quay"):
        page = site.charlie.get(path).text
        assert any("Гавань" in words(each) for each in elements(page, lang="uk", dir="ltr")), path
