"""The preview is what readers will see, says truly what the rules for texts did, and stores nothing."""

import re
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, example, given, settings
from hypothesis import strategies as st
from werkzeug.test import TestResponse

from feed import fields
from tests.conftest import FROM_HERE, Site
from tests.pages import element
from tests.test_api import assert_problem

PIECES = st.sampled_from([
    '"said"', "it's", "--", "...", "1. one\n2. two", "1986. A year", "- 5 degrees\n", "* a\n* b", "• a\n• b",
    "> 50,000", "> said", "# Then\n", "# 1 priority", "**bold**", "_on_", "`code`", "<b>", "&amp;",
    "https://a.example/b?c=1", "\n\nhttps://youtu.be/dQw4w9WgXcQ\n\n",
    "[x](https://a.example)", "[x](javascript:1)", "![a](/pictures/0123456789abcdef)",
    "|a|b|\n|-|-|\n|c|d|", "```\nx\n```", "\n", "\n\n", " ", "\\", "Київ", "ال", "\u200b", "\x93hi\x94", "e\u0301",
])  # fmt: skip
TEXTS = st.lists(st.one_of(PIECES, st.text(max_size=12)), min_size=1, max_size=8).map("".join)
LANGUAGES = st.sampled_from(["", "uk", "ar", "fr-CH"])
OWN = re.compile(r'update-\d+|/updates/\d+|data-version="\d+"|(?:data-at|datetime|title)="[^"]*"|<time.*?</time>', re.S)


def ask(site: Site, body: object, *, who: str = "bob", **more: Any) -> TestResponse:
    browser = site.at_desk(who)
    return browser.post("/desk/preview", json={"feed": "news", "body": body, **more}, headers=FROM_HERE)


def preview(site: Site, body: object, **more: Any) -> dict[str, Any]:
    answer = ask(site, body, **more)
    assert answer.status_code == 200, answer.text
    return dict(answer.get_json())


@given(body=TEXTS, headline=TEXTS, language=LANGUAGES, key=st.booleans(), pinned=st.booleans())
@example(body='"a" -- <b>', headline='"The \'20s" <i>', language="uk", key=True, pinned=True)
@example(body="long " * 200, headline="", language="", key=False, pinned=False)
@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
def test_it_is_the_published_li_but_for_id_version_and_times(
    site: Site, body: str, headline: str, language: str, key: bool, pinned: bool
) -> None:
    typed = {"body": body, "headline": headline, "language": language, "key": key, "pinned": pinned}
    shown = preview(site, **typed)
    published = site.api("POST", "/api/v1/feeds/news/updates", typed)
    if published.status_code == 422:
        assert (shown["html"], bool(shown["errors"])) == ("", True)
        told = {(error["field"], error["message"]) for error in shown["errors"]}
        assert told == {(error["field"], error["message"]) for error in published.get_json()["errors"]}
        assume(False)
    assert published.status_code == 201
    assert OWN.sub("", shown["html"]) == OWN.sub("", published.get_json()["html"])
    assert shown["errors"] == []


def test_nothing_is_stored_and_no_update_has_its_id(site: Site) -> None:
    shown = preview(site, "Only *typed*", headline="A headline", pinned=True, key=True)
    assert element(shown["html"], "li").get("id") == "update-0"
    assert site.versions()["news"] == 0
    assert site.charlie.get("/updates/0").status_code == 404
    assert "typed" not in site.charlie.get("/feeds/news").text
    assert site.at_desk().get("/desk/drafts").get_json() == {"drafts": [], "discarded": []}


def test_it_counts_what_readers_read_and_what_the_limit_counts(site: Site) -> None:
    shown = preview(site, "Two **words**")
    assert (shown["words"], shown["characters"], shown["limit"]) == (2, 13, fields.BODY)
    assert preview(site, "東京で")["words"] == 3
    assert preview(site, "x" * 20_001)["characters"] == 20_001


@pytest.mark.parametrize(
    ("typed", "field"),
    [
        ({"body": ""}, "body"),
        ({"body": None}, "body"),
        ({"body": 7}, "body"),
        ({"body": "\u200b"}, "body"),
        ({"body": "x" * 20_001}, "body"),
        ({"body": "\ud800"}, "body"),
        ({"body": "[a](javascript:alert(1))"}, "body"),
        ({"body": "![a](https://elsewhere.example/a.png)"}, "body"),
        ({"body": "Fine", "headline": "x" * 201}, "headline"),
        ({"body": "Fine", "language": "klingon"}, "language"),
        ({"body": "Fine", "key": "true"}, "key"),
        ({"body": "Fine", "colour": "red"}, "colour"),
    ],
)
def test_an_unfinished_text_is_answered_with_what_is_missing(site: Site, typed: dict[str, Any], field: str) -> None:
    shown = preview(site, **typed)
    assert shown["html"] == ""
    assert [error["field"] for error in shown["errors"]] == [field]


def test_errors_are_json_for_the_script(site: Site) -> None:
    assert_problem(ask(site, "Text", feed="no-such-feed"), 404)
    assert_problem(ask(site, "Text", feed=None), 422, "feed")
    assert_problem(ask(site, "Text", feed="\ud800"), 422)
    bob = site.at_desk()
    assert_problem(bob.post("/desk/preview", data="body=x", headers=FROM_HERE), 415)
    assert_problem(bob.post("/desk/preview", json=["body"], headers=FROM_HERE), 400)
    assert_problem(site.charlie.post("/desk/preview", json={"body": "x"}, headers=FROM_HERE), 401)
    assert_problem(bob.post("/desk/preview", json={"body": "x"}, headers={"Origin": "https://evil.example"}), 403)
    assert_problem(bob.get("/desk/preview"), 405)


def test_a_draft_articles_feed_can_be_previewed(site: Site) -> None:
    site.api(
        "POST", "/api/v1/articles", {"slug": "secret", "headline": "S", "live": True, "draft": True, "language": "uk"}
    )
    shown = preview(site, 'Вона сказала "так"', feed="secret")
    assert "«так»" in shown["html"]


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ('He said "yes", didn\'t he?', ["Quotes and apostrophes are set as “ ” ’ here."]),
        ("“Set by hand”, isn’t it -- no", ["Hyphens in a row became a dash."]),
        ("Wait...", ["Three dots became an ellipsis."]),
        ("1986. A great year", ["“1986. A great year” stays a line of text, as it was typed."]),
        (">50,000 evacuated", ["“>50,000 evacuated” stays a line of text, as it was typed."]),
        ("# 1 priority", ["“# 1 priority” stays a line of text, as it was typed."]),
        ("- 5 degrees", ["“- 5 degrees” stays a line of text, as it was typed."]),
        ("## Then\n\nWords", ["“Then” became a heading."]),
        ("See https://a.example/b now", ["https://a.example/b became a link."]),
        (
            "https://youtu.be/dQw4w9WgXcQ\n\nSee https://vimeo.com/1",
            [
                "https://vimeo.com/1 became a link.",
                "https://youtu.be/dQw4w9WgXcQ became a card, with a button that loads it from YouTube.",
            ],
        ),
        (
            "Landed:\nhttps://t.me/durov/142",
            ["https://t.me/durov/142 became a card, with a button that loads it from Telegram."],
        ),
        ("> https://t.me/durov/142", ["https://t.me/durov/142 became a link."]),
        ("• one\n• two", ["Lines that begin with • became a list."]),
        ("A <b>bold</b> claim", [f"{tag} is shown as it was typed: HTML has no effect." for tag in ("<b>", "</b>")]),
        ("Plain words.", []),
        ("1. one\n2. two", []),
        ("> a quotation", []),
        ("* one\n* two", []),
        ("[named](https://a.example)", []),
        ('`"code" -- ...` and \\> 5', []),
        ("```\n1986. code\n<b>\n```", []),
    ],
)
def test_it_says_what_the_rules_did_and_nothing_else(site: Site, body: str, told: list[str]) -> None:
    assert preview(site, body)["notes"] == told


def test_the_headline_has_rules_too(site: Site) -> None:
    assert preview(site, "Fine", headline='The "Ever Given" -- **free**')["notes"] == [
        "Quotes and apostrophes are set as “ ” here.",
        "Hyphens in a row became a dash.",
        "A headline takes no Markdown: its signs are shown.",
    ]


def test_many_sentences_of_a_kind_are_cut(site: Site) -> None:
    body = "\n\n".join(f"{year}. A year that was long enough to be told of at length" for year in range(1980, 1999))
    notes = preview(site, body)["notes"]
    assert len(notes) == 3
    assert all(len(note) < 100 for note in notes)
