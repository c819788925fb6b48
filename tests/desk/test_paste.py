"""What is pasted at the desk: clean Markdown, which our renderer shows with the same words, emphasis and links."""

import re
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lxml import html as parser
from werkzeug.test import TestResponse

from feed import fields, text
from feed.paste import blocks, lines, tidy
from tests.conftest import FROM_HERE, Site
from tests.test_api import assert_problem

PASTED = Path(__file__).parent / "pasted"


def converted(html: str) -> str:
    return blocks.to_markdown(tidy.tidied(html))


def shown(html: str) -> str:
    """What readers would see of it, as HTML."""
    return text.to_html(converted(html), fields.ARTICLE_BODY)


def paste(browser: FlaskClient, **given: Any) -> TestResponse:
    return browser.post("/desk/paste", json=given, headers=FROM_HERE)


@pytest.mark.parametrize("source", sorted(PASTED.glob("*.html")), ids=lambda path: path.stem)
def test_each_source_becomes_clean_markdown(site: Site, source: Path) -> None:
    answer = paste(site.at_desk(), html=source.read_text())
    assert answer.get_json() == {"markdown": source.with_suffix(".md").read_text().strip("\n")}


def test_the_text_of_a_pdf_is_unwrapped(site: Site) -> None:
    source = PASTED / "pdf.txt"
    answer = paste(site.at_desk(), text=source.read_text())
    assert answer.get_json() == {"markdown": source.with_suffix(".md").read_text()}


@pytest.mark.parametrize(
    "kept",
    [
        "* one\n* two\n* three",
        "# Heading\nText",
        "Roses are red,\nviolets are blue",
        "1. Wait\n2. Leave",
        "| a | b |\n| - | - |\n| 1 | 2 |",
        "A line of more than forty-five characters, which ends here:\n- a siren\n- a plan",
        "Anna Meier\nHauptstraße 1\n10115 Berlin",
        "",
    ],
)
def test_lines_that_are_meant_stay(kept: str) -> None:
    assert lines.unwrapped(kept) == kept


def test_words_broken_in_a_pdf_that_came_as_html_are_whole() -> None:
    broken = (
        "<p><span>The committee found that the warning had been known to the min-</span><br>"
        "<span>istry for eleven days before <b>anybody told the people who lived be-</b></span><br>"
        "<span><b>low</b> the dam.</span></p>"
    )
    assert converted(broken) == (
        "The committee found that the warning had been known to the ministry for eleven days before "
        "**anybody told the people who lived below** the dam."
    )


AROUND = (
    "<p>{}</p>",
    "<p>Before</p><p>{}</p><p>{}</p>",
    "<p>x<br>{}<br>{}</p>",
    "<ul><li>{}</li><li>{}</li></ul>",
    "<blockquote><p>{}</p></blockquote>",
    "<h2>{}</h2>",
    "<ul><li>a</li><li>b</li></ul><p>{}</p>",
)


@pytest.mark.parametrize(
    "prose",
    [
        "1. Mai", "1) Mai", ">50,000 evacuated", "> 50 dead", "+ 3", "- 5 degrees", "# 1 priority", "#hashtag",
        "* See below",
        "2*3*4", "a * b * c", "*starred*", "**twice**", "_under_", "__init__.py", "snake_case_name", "~~gone~~",
        "`code`", "1`2`3", "[note](https://example.org)", "![alt](https://example.org/a.png)", "x:[a](https://b.example)",
        "<https://example.org>", "<b>", "&amp; &lt;", "C:\\*.*", "\\*foo*", "—*foo*", "¯\\_(ツ)_/¯", "[Reporter]: said",
        "---", "***", "```", "a | b", "https://example.org/a_b_c", "[x](ftp://example.org)", "//example.org", "• point",
    ],
)  # fmt: skip
def test_prose_never_becomes_syntax(prose: str) -> None:
    for around in AROUND:
        escaped = prose.replace("&", "&amp;").replace("<", "&lt;")
        html = around.replace("{}", escaped)
        assert words(shown(html)) == words(html), converted(html)
        assert not parser.fromstring(f"<div>{shown(html)}</div>").xpath(
            "//em | //strong | //code | //del | //s | //img"
        )


def test_days_that_follow_each_other_are_no_list() -> None:
    assert "<li>" not in shown("<p>1. Mai: Feier</p><p>2. Mai: nichts</p>")
    assert converted("<p>1. Mai: Feier</p><p>Nichts</p>") == "1. Mai: Feier\n\nNichts"


def words(html: str) -> str:
    """The letters and signs of it in their order, without spaces and what typography sets."""
    plain = "".join(parser.fromstring(f"<div>{html}</div>").itertext())
    return re.sub(r"[\s\u2060'\"“”‘’.…–—•-]", "", plain)


NAMES = {"bold": {"b", "strong"}, "italic": {"i", "em"}, "code": {"code"}}


def letters(html: str) -> list[tuple[str, frozenset[str], str]]:
    """Each letter and sign in its order, with how it looks and what it links to."""
    found = []
    for piece in parser.fromstring(f"<div>{html}</div>").xpath("//text()"):
        holder = piece.getparent()
        inside = [holder, *holder.iterancestors()] if piece.is_text else [*holder.iterancestors()]
        tags = {each.tag for each in inside}
        look = {name for name, names in NAMES.items() if tags & names}
        links = [each.get("href") for each in inside if each.tag == "a" and each.get("href") != each.text_content()]
        found += [(sign, frozenset(look), next(iter(links), "")) for sign in words_of(piece)]
    return found


def words_of(piece: str) -> str:
    return re.sub(r"[\s\u2060'\"“”‘’.…–—•-]", "", piece)


MARKS = st.text(st.sampled_from("ab1 *_`~[]()<>#!|\\-+.:&/"), min_size=1, max_size=12)
SENTENCES = st.sampled_from(
    ["1. Mai", "2. Juni", "- a", "* b", "# c", "> d", ">50", "+ 3", "Word", "+1", "https://example.org/a_b"]
)
PIECES = st.tuples(st.sampled_from(["", "b", "i", "a", "code"]), MARKS | SENTENCES)


def as_html(piece: tuple[str, str]) -> str:
    tag, inner = piece
    escaped = inner.replace("&", "&amp;").replace("<", "&lt;")
    opening = f'a href="https://example.org/{len(inner)}"' if tag == "a" else tag
    return f"<{opening}>{escaped}</{tag}>" if tag else escaped


PARAGRAPHS = st.lists(PIECES, min_size=1, max_size=4).map(lambda pieces: "".join(map(as_html, pieces)))
BLOCKS = st.one_of(
    PARAGRAPHS.map(lambda inner: f"<p>{inner}</p>"),
    st.lists(PARAGRAPHS, min_size=2, max_size=3).map(lambda inner: f"<p>{'<br>'.join(inner)}</p>"),
    st.lists(PARAGRAPHS, min_size=1, max_size=3).map(lambda inner: f"<ul><li>{'</li><li>'.join(inner)}</li></ul>"),
    PARAGRAPHS.map(lambda inner: f"<blockquote><p>{inner}</p></blockquote>"),
    st.lists(PARAGRAPHS, min_size=4, max_size=4).map(
        lambda inner: "<table><tr><td>{}</td><td>{}</td></tr><tr><td>{}</td><td>{}</td></tr></table>".format(*inner)
    ),
)


@given(st.lists(BLOCKS, min_size=1, max_size=4).map("".join))
@settings(max_examples=80, derandomize=True, deadline=None, suppress_health_check=list(HealthCheck))
def test_what_is_pasted_is_shown_with_the_same_words_and_links(html: str) -> None:
    before, after = letters(html), letters(shown(html))
    assert "".join(sign for sign, *_ in after) == "".join(sign for sign, *_ in before), converted(html)
    for (sign, look, link), (_, seen, led) in zip(before, after, strict=True):
        assert led == link or not link, (sign, converted(html))  # a bare address becomes a link, as when typed
        assert seen <= look, (sign, converted(html))


WORDS = st.lists(st.text(st.sampled_from("abcяéж1,.!?"), min_size=1, max_size=6), min_size=1, max_size=3).map(" ".join)


@given(st.lists(st.tuples(st.sampled_from(["", "b", "i", "a", "code"]), WORDS), min_size=1, max_size=6))
@settings(max_examples=40, derandomize=True, deadline=None, suppress_health_check=list(HealthCheck))
def test_whole_words_keep_their_looks(pieces: list[tuple[str, str]]) -> None:
    html = f"<p>{' '.join(map(as_html, pieces))}</p>"
    assert letters(shown(html)) == letters(html), converted(html)


@pytest.mark.parametrize(
    ("html", "markdown"),
    [
        ("<p>10<sup>6</sup> t of CO<sub>2</sub>, the 3<sup>rd</sup></p>", "10⁶ t of CO₂, the 3rd"),
        ("<p>She said <q>no</q>.</p>", "She said “no”."),
        ("<p>Har\u00adbour</p>", "Harbour"),
        ("<ol><li>alone</li></ol>", "1. alone"),
        ("<ol start=5><li>a</li><li>b</li></ol>", "5. a\n6. b"),
        ("<ul><li>alone</li></ul>", "alone"),
        ("<div><ul><li>a</li></ul></div><div><ul><li>b</li></ul></div>", "* a\n* b"),
        ("<div><ol><li>a</li></ol></div> <div><ol start=2><li>b</li></ol></div>", "1. a\n2. b"),
        ("<p><b>Note: </b>text, <b>“so”</b>, <b>a</b><b>b</b></p>", "**Note:** text, **“so”**, **ab**"),
        ("<p><b>a<br>b</b></p>", "**a**\n**b**"),
        ("<p><strong>all but <span style='font-weight:400'>this</span></strong></p>", "**all but** this"),
        ("<p><span style='font-weight:600'>x</span> <span style='font: italic bold 12px x'>y</span></p>", "**x y**"),
        ("<p><a href='/local'>here</a> <a href='#_ftn1'>[1]</a> <a href='mailto:a@b.example'>mail</a></p>",
         "here [1] [mail](mailto:a@b.example)"),
        ("<p>a&nbsp;b &nbsp; c 10&nbsp;%</p>", "a b c 10\u00a0%"),
        ("<table><tr><td><p>A layout</p></td></tr><tr><td><ul><li>a</li><li>b</li></ul></td></tr></table>",
         "A layout\n\n* a\n* b"),
        ("<p>x</p><p style='display:none'>hidden</p><p>y</p>", "x\n\ny"),
        ("<p class=MsoListParagraph>·\u00a0\u00a0 a</p><p class=MsoListParagraph>·\u00a0\u00a0 b</p>", "* a\n* b"),
        ("<p><a href='https://example.org/'><img src='https://x.example/a.png' alt='A map'></a></p>",
         "[A map](https://example.org/)"),
    ],
)  # fmt: skip
def test_what_each_kind_becomes(html: str, markdown: str) -> None:
    assert converted(html) == markdown


def test_hostile_html_costs_bounded_time(site: Site) -> None:
    bob = site.at_desk()
    nested = "".join(f'<b class="{number}"><p>' for number in range(30_000))
    assert_problem(paste(bob, html=nested), 422, "html")
    assert paste(bob, html="<p>Fine</p>").get_json() == {"markdown": "Fine"}


@pytest.mark.parametrize(
    "html",
    [
        "", " ", "plain", "<", "<p", "<!--", "<ul></ul>", "<li>a", "<table><tr><td>", "<ul><ul><ul><li>a", "a\0b"[:1],
        "<ol start=x><li>a<li>b</ol>", "<pre>```\nx\n```</pre>", "<p>\ufdd0\ufdd1\ufdd2</p>", "<td>a</td>", "<h1></h1>",
        "<blockquote>" * 40 + "deep", "<ul><li>" * 40 + "deep", "<div>" * 200 + "deep", "<b>" * 200 + "deep",
    ],
)  # fmt: skip
def test_broken_html_becomes_its_words(html: str) -> None:
    assert words(shown(html)) == words(html or " ") or "```" in html or "\ufdd0" in html


def test_who_may_paste_and_how_much(site: Site) -> None:
    bob = site.at_desk()
    assert_problem(paste(site.charlie, html="<p>a</p>"), 401)
    foreign = bob.post("/desk/paste", json={"html": ""}, headers={"Sec-Fetch-Site": "cross-site"})
    assert foreign.status_code == 403
    for sent in ({}, {"html": 1}, {"html": "a", "text": "b"}, {"html": "x" * (fields.PASTE + 1)}):
        assert_problem(paste(bob, **sent), 422, "html")
    assert_problem(paste(bob, body="a"), 422, "body")
    assert_problem(bob.post("/desk/paste", data=b"{", content_type="application/json", headers=FROM_HERE), 400)
    assert_problem(bob.post("/desk/paste", data={"html": "a"}, headers=FROM_HERE), 415)
    assert_problem(paste(bob, html="x" * 2_000_000), 413)
