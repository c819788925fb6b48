"""In an update prose wins over Markdown: a character that could be part of a fact is not taken as syntax."""

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from feed import fields, text
from feed.errors import Invalid
from feed.languages import ENGLISH
from tests.conftest import Site


def to_html(markdown: str, language: str = ENGLISH) -> str:
    """As the body of an update."""
    return text.to_html(markdown, fields.BODY, language)


FACTS = [
    "1. Mai: Demo\n3. Mai: Streik\n30. Mai: Feier",
    "1. FC Köln\n1. FC Nürnberg",
    "1. FC Köln wins",
    "2. Liga\n3. Liga",
    "1. a\n2. b\n4. c",
    "1986. A great year",
    "No. 5.\n3.5.",
    "Sen. Smith (R), 501(c)(3), Acme (tm), (C)",
    ">50,000 evacuated",
    "> 50,000 evacuated",
    "> $5 billion",
    "More\n>100 dead\n>5",
    "+ 3 degrees",
    "+ 3 degrees\n+ 4 degrees",
    "- 5 degrees",
    "- 5 degrees in Oslo\n- 7 degrees in Bergen",
    "-5 degrees",
    "- No, she said.",
    "* footnote",
    "LONDON\n-",
    "LONDON\n=",
    "LONDON\n---",
    "Hotel Astoria\n***\nA good one",
    "#hashtag",
    "# 1 priority",
    "#",
    "[Reporter]: Why?\n[Minister]: Because.",
    "[sic] [1] [Smith](R-Ohio) (see [2])",
    "@_john_doe_ _john_doe_ snake_case_names __init__.py",
    "2*3*4 5 * 3 * 2 f*** s***",
    "¯\\_(ツ)_/¯",
    "C:\\*.* C:\\_new \\\\server\\share C:\\Temp\\",
    "building.It was README.md, node.js and e.g.this",
    "mail mara@example.org or <foo@bar>",
    "AT&amp;T &copy; 2026 <b>bold</b> <!-- x --> <note:hello>",
    "10 +- 2, ?!?!?! ,, 1..10 ../up .... --help",
    "~5 km, ~~ and |x| and a | b\n- | -",
    "об`єкт і п`ять",
    "``` is not closed",
    "5:3, 3-2, 12:30, 2026-11-27",
]


@pytest.mark.parametrize("fact", FACTS)
def test_a_fact_stays_as_it_was_typed(fact: str) -> None:
    assert text.plain(to_html(fact)) == " ".join(fact.split())
    assert not {"<ol", "<ul", "<h2", "<blockquote", "<hr", "<em", "<pre", "<s>"} & set(to_html(fact).split(">"))
    assert "<a " not in to_html(fact)


def test_indented_words_are_no_code() -> None:
    assert to_html("\tA paragraph\n\n    and another") == "<p>A paragraph</p>\n<p>and another</p>"


def test_a_line_break_is_a_line_break() -> None:
    assert to_html("one\ntwo") == "<p>one<br>\ntwo</p>"


@pytest.mark.parametrize(
    ("markdown", "part"),
    [
        (
            "**bold** and *italic* and _italic words_",
            "<strong>bold</strong> and <em>italic</em> and <em>italic words</em>",
        ),
        ("他说**重要**的话", "<strong>重要</strong>"),
        ("\\*not bold\\*", "<p>*not bold*</p>"),
        ("~~gone~~", "<s>gone</s>"),
        ("- one\n- two", "<li>one</li>\n<li>two</li>"),
        ("- 3 dead\n- roads closed", "<li>3 dead</li>"),
        ("- a\n  - b\n- c", "<li>b</li>"),
        ("Said:\n1. one\n2. two", "<ol>\n<li>one</li>\n<li>two</li>\n</ol>"),
        ("1) one\n\n2) two", "<ol>"),
        ("•\tone\n•\ttwo\n\n•\t3", "<ul>"),
        ("\uf0b7\tone\n\uf0b7\t2", "<li>2</li>"),
        ("## 2026 in figures", "<h2>2026 in figures</h2>"),
        ("# Head", "<h2>Head</h2>"),
        ("> He said so\n> 50 times\n>\n> and left", "<blockquote>\n<p>He said so<br>\n50 times</p>\n<p>and left</p>"),
        ("above\n\n***\n\nbelow", "<hr>"),
        ("```py\n>5 • \\_\n```", "<code>&gt;5 • \\_\n</code>"),
        ("|a|b|\n|-|-|\n|1|2|\n|3|4|5|", "<p>|3|4|5|</p>"),
        ("`a_b`", "<code>a_b</code>"),
    ],
)
def test_deliberate_markdown_works(markdown: str, part: str) -> None:
    assert part in to_html(markdown)


def test_numbers_of_true_lists_are_among_the_plain_words() -> None:
    html = to_html("Now:\n\n1. one\n   - in it\n   - too\n2. two")
    assert text.plain(html) == "Now: 1. one in it too 2. two"
    assert text.plain('<ol start="3"><li>c</li><li value="7">d</li><li>e</li></ol>') == "3. c 7. d 8. e"


def test_numbers_reach_search_title_and_feeds(site: Site) -> None:
    update = site.publish("1. Anna wins\n2. Boris follows")
    assert "1. Anna wins 2. Boris follows" in site.charlie.get(f"/updates/{update.id}").text
    assert site.charlie.get("/feeds/news.json").json["items"][0]["title"].startswith("1. Anna wins")  # type: ignore[index]


@pytest.mark.parametrize(
    ("typed", "linked"),
    [
        ("(https://example.org/a_(b)).", "https://example.org/a_(b)"),
        ("see www.example.org, please", "www.example.org"),
        ("bbc.co.uk/news!", "bbc.co.uk/news"),
        ("https://example.org/%D0%B0?a=1", "https://example.org/%D0%B0?a=1"),
        ("<https://example.org>", "https://example.org"),
    ],
)
def test_whole_addresses_are_links_and_are_shown_as_typed(typed: str, linked: str) -> None:
    assert f'rel="noopener">{linked}</a>' in to_html(typed)


@pytest.mark.parametrize(
    "address", ["tel:+441632960961", "sms:+441632960961", "mailto:a@example.org", "/articles/x", "#x"]
)
def test_addresses_that_may_be_linked(address: str) -> None:
    assert to_html(f"[words]({address})") == f'<p><a href="{address}" rel="noopener">words</a></p>'


@pytest.mark.parametrize(
    "address",
    [
        "javascript:alert(1)",
        "ftp://example.org/x",
        "//evil.example/x",
        "whatsapp:1",
        "file:///x",
        "http://a:b:c/",
        "https://exämple.org:x/ü",
    ],
)
def test_an_address_that_may_not_be_linked_is_a_422_that_names_it(site: Site, address: str) -> None:
    answer = site.api("POST", "/api/v1/feeds/news/updates", {"body": f"See [this]({address})."})
    assert answer.status_code == 422
    assert answer.json["detail"].startswith(f"body: {address} cannot be linked.")  # type: ignore[index]
    assert site.versions()["news"] == 0


@pytest.mark.parametrize(
    ("language", "line"),
    [
        ("en", "“He said ‘no’”"),
        ("de", "„He said ‚no‘“"),
        ("de-AT", "„He said ‚no‘“"),
        ("fr", "«He said «no»»"),
        ("pl", "„He said «no»”"),
        ("cs", "„He said ‚no‘“"),
        ("uk", "«He said „no“»"),
        ("sv", "”He said ’no’”"),
        ("ja", "「He said 『no』」"),
        ("zh-TW", "「He said 『no』」"),
        ("pt-BR", "“He said ‘no’”"),
        ("pt-PT", "«He said “no”»"),
        ("en-GB", "“He said ‘no’”"),
    ],
)
def test_quotes_are_those_of_the_language(language: str, line: str) -> None:
    assert text.smart_line("\"He said 'no'\"", language) == line


@pytest.mark.parametrize(
    ("typed", "shown"),
    [
        ("'26 and '27", "’26 and ’27"),
        ("the '90s were the players' best", "the ’90s were the players’ best"),
        ("rock 'n' roll", "rock ’n’ roll"),
        ("п'ять з'їздів", "п’ять з’їздів"),
        ("O'Brien's", "O’Brien’s"),
        ("6 -- 7, wait...", "6 – 7, wait…"),
        ("a---b", "a—b"),
    ],
)
def test_apostrophes_and_dashes(typed: str, shown: str) -> None:
    assert text.smart_line(typed) == shown
    assert text.plain(to_html(typed)) == shown


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("a\vb", "a\nb"),
        ("a\fb", "a\n\nb"),
        ("a\x85b", "a\nb"),
        ("a\u2028b", "a\nb"),
        ("a\u2029b", "a\n\nb"),
        ("e\x1email", "e\u2011mail"),
        ("a\x1fb", "a\u00adb"),
        ("\x93a\x94 \x96", "“a” –"),
    ],
    ids=ascii,
)
def test_signs_of_word_processors_become_what_they_meant(typed: str, meant: str) -> None:
    assert fields.Text(100, lines=True).clean(typed) == meant
    assert fields.Text(100).clean(typed) == " ".join(meant.split())


MARKS = st.sampled_from(
    [*list("*_`~#>-+=|.)([]\\!&;:/<'\" \n\t1234aZé新•"), "\n- ", "\n1. ", "\n> ", "www.", "**", "---", "|-|"]
)


@settings(max_examples=60, deadline=None)
@given(st.lists(MARKS, max_size=60).map("".join))
@example("> " * 30 + "deep")
@example("- " * 30 + "deep")
@example("- a\n  - b\n    - c\n      - d\n        - e\n          - f\n            - g\n              - h")
@example("|a|b|\n|-|-|\n|1|2|3|")
def test_no_letter_or_digit_is_lost(words: str) -> None:
    words = words.replace("](", "] (").replace("```", "`")  # an address of a link is not shown, nor the kind of a code
    try:
        plain = text.plain(to_html(words))
    except Invalid:
        return
    assert [c for c in plain if c.isalnum()] == [c for c in words if c.isalnum()]
