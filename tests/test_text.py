"""Texts of editors: what is stored is what was meant, and it cannot harm a reader."""

import re
import unicodedata
from dataclasses import replace
from html.parser import HTMLParser

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from feed import fields, slugs, text
from feed.errors import Invalid
from feed.figures import OWN_PICTURE, Picture
from feed.markdown import LONG_PARAGRAPH

ATTACKS = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "[x](javascript:alert(1))",
    "[x](JaVaScRiPt&#58;alert(1))",
    "[x](data:text/html;base64,PHNjcmlwdD4=)",
    "[x](vbscript:x)",
    "<a href='x' style='position:fixed'>x</a>",
    '[x](/a "\\" onmouseover=\\"alert(1)")',
    "![x](https://evil.example/pixel.png)",
    "![x](//evil.example/pixel.png)",
    "![x](data:image/png;base64,AAAA)",
    "![x](/pictures/0123456789abcdef/../../desk)",
    '![" onerror="alert(1)](/pictures/0123456789abcdef)',
    "<iframe src=//evil.example></iframe>",
    "<svg/onload=alert(1)>",
    "<form action=//evil.example><input name=password></form>",
    "<https://ok.example/\"onmouseover='alert(1)'>",
]


BOAT = Picture("0123456789abcdef", "JPEG", 1600, 900, "A <boat>", 'At "dawn"', "C. & A.", "", 640, "r1 g2 b3")


def to_html(markdown: str) -> str:
    """As the body of an update of a site that has one picture."""
    return text.to_html(markdown, fields.BODY, pictures={BOAT.id: BOAT})


class Tags(HTMLParser):
    """What a browser would see of a fragment."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.seen: list[tuple[str, dict[str, str | None]]] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append((tag, dict(attrs)))


def assert_harmless(html: str) -> None:
    for tag, attributes in Tags(html).seen:
        assert tag in text.TAGS
        ours = text.REACHED.get(tag, {})
        assert attributes.keys() <= text.ATTRIBUTES.get(tag, set()) | ours.keys() | ({"rel"} if tag == "a" else set())
        assert ours.items() <= attributes.items()
        if tag == "a":
            assert attributes["rel"] == "noopener"
            target = attributes.get("href") or ""
            assert not re.match(r"\s*(javascript|data|vbscript)", target, re.I)
        if tag == "img":
            assert OWN_PICTURE.fullmatch(attributes["src"] or ""), "a foreign host would learn who reads"


@pytest.mark.parametrize("attack", ATTACKS)
def test_no_markup_of_an_editor_can_run_or_call_home(attack: str) -> None:
    try:
        assert_harmless(to_html(attack))
    except Invalid as refused:
        assert_refuses_an_address(refused)


def assert_refuses_an_address(refused: Invalid) -> None:
    (reason,) = refused.reasons
    assert "cannot be linked" in reason.message or "picture" in reason.message


@given(
    st.text(alphabet=st.sampled_from("<>[]()!\"'`*_&#:/ \n-=|\\aijsx01.@") | st.characters(exclude_categories=["Cs"]))
)
@example("\tcode, in a box that keys can reach")
def test_any_text_becomes_harmless_html(words: str) -> None:
    try:
        assert_harmless(to_html(words))
    except Invalid as refused:
        assert_refuses_an_address(refused)


def test_markdown_is_set_as_the_editor_means_it() -> None:
    html = to_html('"Quoted" -- **bold**, https://example.org/a_b_c\n\n# Head\n\n- one\n- two\n\n|a|b|\n|-|-|\n|1|2|')
    assert "“Quoted” – <strong>bold</strong>" in html
    assert '<a href="https://example.org/a_b_c" rel="noopener">' in html
    assert "<h2>Head</h2>" in html, "the page's own headline is the only h1"
    assert "<li>one</li>" in html
    assert "<td>1</td>" in html


def test_a_paragraph_too_long_to_search_keeps_its_quotes_and_bare_links_as_typed() -> None:
    words = '"a" http://example.org '
    for often, found in ((LONG_PARAGRAPH // len(words), True), (LONG_PARAGRAPH // len(words) + 1, False)):
        first, last = to_html(words * often + "\n\n" + words).split("\n")
        assert ("“a”" in first, '<a href="http://example.org"' in first) == (found, found)
        assert "“a”" in last
        assert '<a href="http://example.org"' in last


@pytest.mark.parametrize(
    "address",
    ["https://evil.example/x.png", "//evil.example/x.png", "data:image/png;base64,AAAA", "javascript:alert(1)",
     "www.evil.example/x.png", "http://127.0.0.1:8000/pictures/0123456789abcdef", "/pictures/0123456789abcdee",
     "/pictures/0123456789ABCDEF", "/pictures/0123456789abcdef?small", "/pictures/0123456789abcdef/", "/pictures/",
     "/static/x.png", "/pictures/../pictures/0123456789abcdef", "#x", ""],
)  # fmt: skip
@pytest.mark.parametrize(
    "around", ["See {} here.", "{}", "# {}", "- {}", "|a|\n|-|\n|{}|", "**{}**", "[{}](https://example.org)", "> {}"]
)
def test_a_picture_that_is_none_of_ours_is_refused_by_its_address(address: str, around: str) -> None:
    with pytest.raises(Invalid) as refused:
        to_html(around.format(f"![the flooded harbour]({address})"))
    (reason,) = refused.value.reasons
    assert reason.field == "body"
    assert (address or "![the flooded harbour]()") in reason.message.replace("https://www.", "www.")


@pytest.mark.parametrize("words", ["`![x](https://evil.example/x)`", "Wow![x](see below)", "![x](harbour.jpg)", "![x]"])
def test_words_that_look_like_a_picture_stay(words: str) -> None:
    assert "<img" not in to_html(words)


IMAGE = (
    '<img src="/pictures/0123456789abcdef" alt="{}" width="1600" height="900" '
    'srcset="/pictures/0123456789abcdef?small 640w, /pictures/0123456789abcdef 1600w" '
    'sizes="(min-width: 64rem) 46rem, 100vw" data-colour="r1 g2 b3" loading="lazy">'
)
SAID = '<figcaption>At "dawn" (C. &amp; A.)</figcaption>'
OURS = "(/pictures/0123456789abcdef)"


@pytest.mark.parametrize(
    ("written", "html"),
    [
        (f"![a boat]{OURS}", f"<figure>{IMAGE.format('a boat')}{SAID}</figure>"),
        (f"![]{OURS}", f"<figure>{IMAGE.format('A &lt;boat&gt;')}{SAID}</figure>"),
        (f"One ![x]{OURS}, two.", f"<p>One</p>\n<figure>{IMAGE.format('x')}{SAID}</figure>\n<p>, two.</p>"),
        (f"One\n![x]{OURS}\ntwo", f"<p>One</p>\n<figure>{IMAGE.format('x')}{SAID}</figure>\n<p>two</p>"),
        (f"**one ![x]{OURS}**", f"<p><strong>one </strong></p>\n<figure>{IMAGE.format('x')}{SAID}</figure>"),
        (f"# One ![x]{OURS}", f"<h2>One</h2>\n<figure>{IMAGE.format('x')}{SAID}</figure>"),
        (f"# ![x]{OURS}", f"<figure>{IMAGE.format('x')}{SAID}</figure>"),
        (
            f"[![x]{OURS}](/articles/a)",
            f'<figure><a href="/articles/a" rel="noopener">{IMAGE.format("x")}</a>{SAID}</figure>',
        ),
        (
            f"[see ![x]{OURS}](/articles/a)",
            f'<p><a href="/articles/a" rel="noopener">see </a></p>\n<figure>{IMAGE.format("x")}{SAID}</figure>',
        ),
        (f"- one\n- ![x]{OURS}", f"<ul>\n<li>one</li>\n<li>\n<figure>{IMAGE.format('x')}{SAID}</figure>\n</li>\n</ul>"),
    ],
)
def test_a_picture_is_a_figure_with_its_size_and_what_is_said_of_it(written: str, html: str) -> None:
    assert to_html(written) == html
    assert text.first_picture(html) == BOAT.id


def test_a_picture_in_a_table_stays_in_its_cell() -> None:
    html = to_html(f"|a|b|\n|-|-|\n|one ![x]{OURS} two|**![y]{OURS}**|")
    assert f"<td>one<figure>{IMAGE.format('x')}{SAID}</figure>\ntwo</td>" in html
    assert f"<td><figure>{IMAGE.format('y')}{SAID}</figure>\n</td>" in html


@pytest.mark.parametrize(
    ("known", "caption"),
    [
        (BOAT, SAID),
        (replace(BOAT, credit=None), '<figcaption>At "dawn"</figcaption>'),
        (replace(BOAT, caption=None), "<figcaption>Then &amp; there (C. &amp; A.)</figcaption>"),
        (replace(BOAT, caption=None, credit=None), "<figcaption>Then &amp; there</figcaption>"),
    ],
)
def test_a_title_is_the_caption_where_the_picture_has_none(known: Picture, caption: str) -> None:
    html = text.to_html(f'![x]{OURS[:-1]} "Then & there")', fields.BODY, pictures={known.id: known})
    assert caption in html
    assert ('title="Then &amp; there"' in html) == (known.caption is not None), "no word of it is lost"


def test_a_picture_no_wider_than_its_small_variant_has_no_other() -> None:
    for known in (replace(BOAT, width=600, small_width=600), replace(BOAT, small_width=1600)):
        assert "srcset" not in text.to_html(f"![x]{OURS}", fields.BODY, pictures={known.id: known})
    old = replace(BOAT, small_width=None, colour=None)  # of a release that did not know
    html = text.to_html(f"![x]{OURS}", fields.BODY, pictures={old.id: old})
    assert "?small 640w" in html
    assert 'width="1600" height="900"' in html


def test_words_without_markup_leave_captions_to_the_search() -> None:
    html = to_html(f"One ![x < y]{OURS} two")
    assert text.plain(html) == "One two"
    assert text.findable(html) == 'One x < y At "dawn" (C. & A.) two'
    assert text.plain(to_html(f"![x]{OURS}")) == 'At "dawn" (C. & A.)', "where there are no others"


def test_elsewhere_a_picture_has_its_whole_address_and_no_more_than_others_can_use() -> None:
    html = text.absolute(to_html(f"![x]{OURS}"), "https://news.example/updates/1")
    image = '<img src="https://news.example/pictures/0123456789abcdef" alt="x" width="1600" height="900">'
    assert html == f"<figure>{image}{SAID}</figure>"


def test_plain_words_keep_the_gaps_between_blocks() -> None:
    html = to_html("One\n\nTwo & <three>\n\n- four\n- five\n\n|a|b|\n|-|-|\n|six|seven|")
    assert text.plain(html) == "One Two & <three> four five a b six seven"


@pytest.mark.parametrize(("words", "minutes"), [(0, 1), (238, 1), (239, 2), (476, 2), (477, 3), (1150, 5)])
def test_reading_time_is_in_minutes_begun_and_at_least_one(words: int, minutes: int) -> None:
    assert text.reading_minutes(to_html("word " * words)) == minutes
    assert text.reading_minutes(to_html("word – " * words)) == minutes, "a dash is no word"


@pytest.mark.parametrize(
    ("words", "minutes"), [("新闻" * 150, 2), ("ニュース" * 150, 2), ("ข่าววันนี้" * 200, 2), ("слово " * 240, 2)]
)
def test_reading_time_counts_words_that_no_spaces_part(words: str, minutes: int) -> None:
    assert text.reading_minutes(to_html(words)) == minutes


UNSEEN = ["", " ", "\n\t\r\n", "\u200b\u200d\u2060\ufeff", "\u00ad", "\u0301", "\u3164\u2800", "\u202e\u202c"]


@pytest.mark.parametrize("unseen", UNSEEN, ids=ascii)
def test_what_shows_nothing_is_empty(unseen: str) -> None:
    assert fields.Text(100).clean(unseen) is None
    with pytest.raises(ValueError, match="empty"):
        fields.Text(100, required=True).clean(unseen)


@pytest.mark.parametrize("broken", ["a\x00b", "a\x1b[31m", "a\x7f", "a\x81b", "a\ud83d", "M\ufffdller"], ids=ascii)
def test_broken_text_is_refused_and_not_mended_in_silence(broken: str) -> None:
    with pytest.raises(ValueError, match=r"control characters|half a character|unreadable"):
        fields.Text(100, lines=True).clean(broken)


@given(st.text(), st.booleans())
def test_cleaning_twice_is_cleaning_once(words: str, lines: bool) -> None:
    field = fields.Text(1000, lines=lines)
    try:
        once = field.clean(words)
    except ValueError:
        return
    assert field.clean(once) == once
    assert once is None or (unicodedata.is_normalized("NFC", once) and once == once.strip())
    assert lines or "\n" not in (once or "")


def test_limits_count_what_is_kept_and_say_both_numbers() -> None:
    assert fields.Text(5).clean("  five5  ") == "five5"
    with pytest.raises(ValueError, match=r"6 characters; at most 5 fit"):
        fields.Text(5).clean("sixsix")
    assert fields.Text(5).clean("🏳️‍🌈") == "🏳️‍🌈", "an emoji of four signs fits five"


@pytest.mark.parametrize("slug", ["a", "harbour-bridge", "a1-2-b"])
def test_good_slugs(slug: str) -> None:
    assert fields.ARTICLE["slug"].clean(slug) == slug


@pytest.mark.parametrize("slug", ["A", "a b", "-a", "a-", "a--b", "ä", "a/b", "a.b", "..", "a" * 81, "a\n", "%2e", 7])
def test_bad_slugs_are_refused_with_advice(slug: object) -> None:
    field = fields.ARTICLE["slug"]
    if slug == "a\n":
        assert field.clean(slug) == "a", "space around is trimmed, as everywhere"
        return
    with pytest.raises(ValueError, match=r"\w"):
        field.clean(slug)


@given(st.text(max_size=300))
def test_a_slug_made_of_any_headline_is_a_slug(headline: str) -> None:
    for language in ("en", "de", "uk", "nb-NO"):
        made = slugs.slug_of(headline, language)
        assert fields.ARTICLE["slug"].clean(made) == made
        assert fields.ARTICLE["slug"].clean(slugs.numbered(made, 1_000)) == slugs.numbered(made, 1_000)


@pytest.mark.parametrize(("headline", "language", "slug"), [
    ("Łódź Straße", "en", "lodz-strasse"),
    ("Łódź Straße", "pl", "lodz-strasse"),
    ("Über Zürich: Öl & Wärme", "de", "ueber-zuerich-oel-waerme"),
    ("Über Zürich: Öl & Wärme", "de-CH", "ueber-zuerich-oel-waerme"),
    ("Över Malmö", "sv", "over-malmo"),
    ("Ålesund på tå", "nb", "aalesund-paa-taa"),
    ("Київ: п’ять годин без світла", "uk", "kyiv-pyat-hodyn-bez-svitla"),
    ("Объявление: ёлка", "ru", "obyavlenie-elka"),
    ("Αθήνα", "el", "athina"),
    ("東京 2026年", "ja", "dong-jing-2026-nian"),
    ("북한 뉴스", "ko", "bughan-nyuseu"),
    ("ประเทศไทย", "th", "praethsaithy"),
    ("हिन्दी समाचार", "hi", "hindi-smacar"),
    ("Don’t stop: 50,000 & 3.5 %", "en", "dont-stop-50-000-3-5"),
    ("Don't stop", "en", "dont-stop"),
    ("Ελλάδα 🔥 fire", "el", "ellada-fire"),
    ("🔥", "en", "article"),
    ("***", "en", "article"),
    ("word " * 40, "en", "-".join(["word"] * 16)),
    ("w" * 200, "en", "w" * 80),
])  # fmt: skip
def test_headlines_of_any_script_make_an_address(headline: str, language: str, slug: str) -> None:
    assert slugs.slug_of(headline, language) == slug


def test_every_wrong_field_is_named_at_once() -> None:
    with pytest.raises(Invalid) as refused:
        fields.clean(fields.UPDATE, {"body": 7, "key": "yes", "colour": "red", "headline": "x" * 201})
    assert {reason.field for reason in refused.value.reasons} == {"body", "key", "colour", "headline"}


@settings(max_examples=60, deadline=None)
@given(words=st.text(max_size=60).map(lambda text: " ".join(text.split())), limit=st.integers(2, 70))
@example(words="It rains. It snows.", limit=12)
def test_a_shortened_text_is_its_first_whole_words(words: str, limit: int) -> None:
    short = text.shorten(words, limit)
    if len(words) <= limit:
        assert short == words
        return
    assert len(short) <= limit
    assert short.endswith("…")
    kept = short[:-1]
    assert words.startswith(kept)
    assert not kept.endswith((".", ",", " "))
    assert words[len(kept) :].lstrip(",;:.–—")[:1] in ("", " ") or " " not in words[:limit]
