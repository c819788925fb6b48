"""The history of an update: every reader can see what was changed, when, by whom and why."""

import re
import time
from html import unescape

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from feed.difference import MOST_COMPARED
from feed.errors import Invalid
from feed.render.history import difference
from feed.store import revisions
from feed.web.reader import REVISIONS_SHOWN
from tests.conftest import FROM_HERE, Site
from tests.pages import element, elements, inner, words

WORDS = st.lists(st.text(min_size=1, max_size=4) | st.sampled_from(["a", "b.", "the", "<i>"]), max_size=30).map(
    " ".join
)


def before_and_after(before: str, after: str) -> tuple[str, str]:
    """The two texts as the difference tells them."""
    pieces = difference(before, after)
    return tuple(" ".join(p.words for p in pieces if p.kind in ("same", kind)) for kind in ("del", "ins"))  # type: ignore[return-value]


def shown(page: str) -> list[str]:
    """The text of each revision on the page, newest first, with its marks."""
    return [unescape(inner(each)) for each in elements(page, "p", class_="compared")]


# What differs


@settings(max_examples=60, deadline=None)
@given(before=WORDS, after=WORDS)
def test_a_difference_holds_both_texts_whatever_they_are(before: str, after: str) -> None:
    assert before_and_after(before, after) == (" ".join(before.split()), " ".join(after.split()))
    assert all(piece.words for piece in difference(before, after))


@settings(max_examples=60, deadline=None)
@given(words=st.lists(st.sampled_from("abcdefghij"), min_size=1, max_size=40), at=st.integers(0, 39))
def test_one_word_more_is_one_word_marked(words: list[str], at: int) -> None:
    at = min(at, len(words))
    after = [*words[:at], "new", *words[at:]]
    assert [p for p in difference(" ".join(words), " ".join(after)) if p.kind != "same"] == [("ins", "new")]


def test_words_stay_whole_and_so_does_what_stands_around_them() -> None:
    assert [tuple(p) for p in difference("Two cars burn. Nobody is hurt.", "Two boats burn. Nobody is hurt.")] == [
        ("same", "Two"),
        ("del", "cars"),
        ("ins", "boats"),
        ("same", "burn. Nobody is hurt."),
    ]


@pytest.mark.parametrize("ending", ["", "."])
def test_the_longest_texts_are_compared_in_little_time(ending: str) -> None:
    """What takes difflib the cube of the length: every second word stays."""
    long = [f"{kind}{n}{ending}" for n in range(8_000) for kind in ("w", "x")]
    other = [word.replace("x", "y") for word in long]
    assert len(" ".join(long)) > 90_000
    began = time.perf_counter()
    assert before_and_after(" ".join(long), " ".join(other)) == (" ".join(long), " ".join(other))
    assert time.perf_counter() - began < 5


def test_two_small_changes_far_apart_in_a_long_text_are_small() -> None:
    sentences = [f"This is sentence number {n} of a long report." for n in range(MOST_COMPARED // 2)]
    after = ["Now begins it.", *sentences[1:-1], "Here it ends."]
    changed = [p for p in difference(" ".join(sentences), " ".join(after)) if p.kind != "same"]
    assert sum(len(p.words.split()) for p in changed) < 30


# The page


def test_the_history_shows_every_revision_with_its_note_and_name(site: Site) -> None:
    update = site.publish("Two cars burn.", headline="Fire at the quay")
    path = f"/api/v1/updates/{update.id}"
    edit = {"body": "Two boats burn.", "note": "They are boats, <not> cars.", "revision": 1}
    assert site.api("PATCH", path, edit, who="alice").status_code == 200
    site.api("PATCH", path, {"headline": "Fire in the harbour", "revision": 2})
    page = site.charlie.get(f"/updates/{update.id}/history").text
    entries = [each.get("id") for each in elements(page, "li") if each.get("id")]
    assert entries == ["revision-3", "revision-2", "revision-1"]
    assert shown(page) == ["Two boats burn.", "Two <del>cars</del> <ins>boats</ins> burn.", "Two cars burn."]
    assert [words(each) for each in elements(page, "p", class_="by")] == ["Bob Brown", "Alice Adams", "Bob Brown"]
    assert [words(each) for each in elements(page, "p", class_="note")] == ["They are boats, <not> cars."]
    assert inner(element(page, "h2")).strip() == (
        "Fire <del>at</del> <ins>in</ins> the <del>quay</del> <ins>harbour</ins>"
    )
    with site.services.store.read() as db:
        moments = [revision.at for revision in revisions.of(db, update, 9, 9)]
    assert [each.get("datetime") for each in elements(page, "time")] == moments


def test_updated_at_leads_to_the_history_and_reads_as_before(site: Site) -> None:
    update = site.publish("Two cars", pinned=True)
    assert "/history" not in site.charlie.get("/feeds/news").text
    site.edit(update, body="Two boats")
    page = site.charlie.get("/feeds/news").text
    found = elements(page, "a", class_="edited", href=f"/updates/{update.id}/history")
    assert len(found) == 2, "in the list, and in the pinned box"
    for each in found:
        assert re.fullmatch(r"\(Updated: \d\d:\d\d\)", words(each))
    assert site.charlie.get(f"/updates/{update.id}/history").status_code == 200


def test_an_edit_or_a_retraction_on_another_day_names_the_day(site: Site) -> None:
    """The site is in Berlin: 22:30 in Greenwich is the day after."""
    edited, late, gone = (site.publish(words) for words in ("Edited", "Late", "Gone"))
    site.edit(edited, body="Edited again")
    site.edit(late, body="Late again")
    site.retract(gone, notice=True)
    for what, at, update in (
        ("edited_at", "2026-11-25T13:05:00.000Z", edited),
        ("edited_at", "2026-11-20T22:59:00.000Z", late),
        ("retracted_at", "2026-11-20T23:01:00.000Z", gone),
    ):
        change = f"UPDATE updates SET published_at = '2026-11-20T08:00:00.000Z', {what} = ? WHERE id = ?"
        site.services.store.write(lambda db, change=change, given=(at, update.id): db.execute(change, given))
    page = site.charlie.get("/feeds/news").text
    told = [words(each) for each in elements(page, "a", class_="edited")]
    assert sorted(told) == ["(Updated: 23:59)", "(Updated: 25 November 2026, 14:05)"]
    (notice,) = elements(page, "li", class_="retracted")
    assert "at 21 November 2026, 00:01" in words(notice)


def test_what_an_editor_wrote_is_text_in_the_history_and_never_markup(site: Site) -> None:
    update = site.publish("Before `<script>alert(1)</script>` & \u202eafter")
    site.edit(update, body="Now `<img src=x onerror=y>` &amp; more", headline="<b>“Head”</b>")
    page = site.charlie.get(f"/updates/{update.id}/history").text.split("<ol", 1)[1]
    assert "<script" not in page
    assert "<img" not in page
    assert "<b>" not in page
    assert "<ins>&lt;b&gt;“Head”&lt;/b&gt;</ins>" in page


def test_an_edit_of_no_word_says_so(site: Site) -> None:
    update = site.publish("See [the map](/map)")
    site.edit(update, body="See [the map](/new-map)")
    assert "The words stayed" in site.charlie.get(f"/updates/{update.id}/history").text
    site.edit(update, body="See [our map](/new-map)")
    assert site.charlie.get(f"/updates/{update.id}/history").text.count("The words stayed") == 1


@pytest.mark.parametrize(
    "edits", [0, 1, REVISIONS_SHOWN - 1, REVISIONS_SHOWN, REVISIONS_SHOWN + 1, REVISIONS_SHOWN * 2]
)
def test_a_long_history_pages_back_to_the_first_text(site: Site, edits: int) -> None:
    update = site.publish("Number 0")
    for number in range(1, edits + 1):
        site.edit(update, body=f"Number {number}")
    path: str | None = f"/updates/{update.id}/history"
    seen: list[str] = []
    while path:
        page = site.charlie.get(path).text
        assert len(shown(page)) <= REVISIONS_SHOWN + 1
        seen += shown(page)
        more = elements(page, "a", rel="next")
        path = f"/updates/{update.id}/history{more[0].get('href')}" if more else None
    expected = [f"Number <del>{number - 1}</del> <ins>{number}</ins>" for number in range(edits, 0, -1)]
    assert seen == [*expected, "Number 0"]


def test_the_history_of_what_is_not_public_is_not_public(site: Site) -> None:
    site.write_article("secret", draft=True, live=True)
    secret, gone = site.publish("Secret words", feed="secret"), site.publish("Wrong words")
    for update in (secret, gone):
        site.edit(update, body="Other words")
    site.retract(gone)
    for browser in (site.charlie, site.at_desk()):
        draft = browser.get(f"/updates/{secret.id}/history")
        assert (draft.status_code, draft.data) == (404, browser.get("/updates/4711/history").data)
        retracted = browser.get(f"/updates/{gone.id}/history")
        assert retracted.status_code == 410
        assert "words" not in retracted.text


def test_an_odd_place_in_a_history_is_refused(site: Site) -> None:
    update = site.publish()
    answers = {
        before: site.charlie.get(f"/updates/{update.id}/history?before={before}").status_code
        for before in ("x", "-1", "1.5", "²", "9" * 30, "%00", "0", "1", "2", "")
    }
    assert answers == {"x": 400, "-1": 400, "1.5": 400, "²": 400, "9" * 30: 400, "%00": 400, "0": 404, "1": 404,
                       "2": 200, "": 200}  # fmt: skip


# The note


def test_bob_leaves_a_note_from_the_desk(site: Site) -> None:
    update = site.publish("Two cars")
    bob = site.at_desk()
    long = {"headline": "", "body": "Two boats", "revision": "1", "note": "x" * 301}
    refused = bob.post(f"/desk/updates/{update.id}", data=long, headers=FROM_HERE)
    assert refused.status_code == 422
    assert f'value="{"x" * 301}"' in refused.text
    assert bob.post(f"/desk/updates/{update.id}", data={**long, "note": "Boats"}, headers=FROM_HERE).status_code == 303
    assert '<p class="note">Boats</p>' in site.charlie.get(f"/updates/{update.id}/history").text


def test_a_note_stays_with_the_change_it_explains(site: Site) -> None:
    update = site.publish("Two cars")
    site.edit(update, body="Two boats", note="Boats")
    site.edit(update, body="Three boats")
    assert site.charlie.get(f"/updates/{update.id}/history").text.count('class="note"') == 1
    before = site.versions()
    for given_fields in ({"note": "Nothing"}, {"key": True, "note": "A mark"}, {"body": "Three boats", "note": "Same"}):
        with pytest.raises(Invalid, match="note"):
            site.edit(update, **given_fields)
    assert site.versions() == before
    assert site.api("POST", "/api/v1/feeds/news/updates", {"body": "x", "note": "y"}).status_code == 422


def test_the_history_keeps_the_name_a_revision_was_saved_under(site: Site) -> None:
    update = site.publish("Two cars")
    site.edit(update, body="Two boats")
    bob = site.at_desk()
    bob.post("/desk/profile", data={"display_name": "Robert Brown"}, headers=FROM_HERE)
    assert "Robert Brown" not in site.charlie.get(f"/updates/{update.id}/history").text
