"""What two edits of a text changed, word by word, and their merge, which never mixes facts."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feed.difference import CLOSES, OPENS, difference, has_variants, in_short, merge, merge_line

NAMES = ("You", "Bob")
KNOWN = (
    "Two are hurt.",
    "Three are hurt.",
    "The bridge is closed!",
    "Dr. Lee is there.",
    "* a point",
    "no end",
    "橋は閉鎖。",
)
SENTENCE = st.sampled_from(KNOWN)
TEXT = st.lists(st.tuples(SENTENCE, st.sampled_from([" ", "\n", "\n\n"])), max_size=8).map(
    lambda parts: "".join(sentence + gap for sentence, gap in parts).strip()
)
ANY = TEXT | st.text(max_size=60)
WIDE = str.maketrans("", "", "¶")


def told(before: str, after: str) -> list[tuple[str, str]]:
    """The pieces of a difference."""
    return [tuple(piece) for piece in difference(before, after)]


@given(before=ANY, after=ANY)
def test_a_difference_holds_both_texts_whatever_they_are(before: str, after: str) -> None:
    pieces = difference(before, after)
    for kind, text in (("del", before), ("ins", after)):
        shown = "".join(piece.text for piece in pieces if piece.kind in ("same", kind))
        assert "".join(shown.translate(WIDE).split()) == "".join(text.translate(WIDE).split())
    assert all(piece.text for piece in pieces)


@given(text=ANY)
def test_a_text_does_not_differ_from_itself(text: str) -> None:
    assert {piece.kind for piece in difference(text, text)} <= {"same"}


def test_words_line_breaks_and_characters_without_spaces_are_told_apart() -> None:
    assert told("Two cars burn.", "Two boats burn.") == [
        ("same", "Two"), ("del", " cars"), ("ins", " boats"), ("same", " burn."),
    ]  # fmt: skip
    assert told("One. Two.", "One.\n\nTwo.") == [("same", "One."), ("ins", "¶\n\n"), ("same", "Two.")]
    assert told("橋は閉鎖。", "橋は再開。") == [("same", "橋は"), ("del", "閉鎖"), ("ins", "再開"), ("same", "。")]


def test_a_long_text_is_shown_around_its_changes() -> None:
    long = "Nothing changed here at all. " * 20
    short = in_short(difference(f"{long}Two cars. {long}", f"{long}Three cars. {long}"))
    assert [piece.kind for piece in short] == ["same", "del", "ins", "same"]
    assert sum(len(piece.text) for piece in short) < 200
    assert "…" in short[0].text


# Merging


@given(base=ANY, mine=ANY)
def test_one_edit_alone_is_the_merge(base: str, mine: str) -> None:
    for merged in (merge(base, mine, base, NAMES), merge(base, base, mine, NAMES), merge(base, mine, mine, NAMES)):
        assert merged.clashes == 0
        assert merged.text.split() == mine.split()


@given(base=TEXT, mine=TEXT, theirs=TEXT)
def test_a_merge_has_whole_sentences_of_the_editors_and_no_other(base: str, mine: str, theirs: str) -> None:
    merged = merge(base, mine, theirs, NAMES)
    known = {line for text in (base, mine, theirs) for line in sentences(text)}
    assert set(
        sentences(merged.text.replace(f"{OPENS}You: ", " ").replace(f"{OPENS}Bob: ", " ").replace(CLOSES, " "))
    ) <= {
        *known,
        "–",
    }
    assert (merged.clashes > 0) == has_variants(merged.text)
    # Of a sentence that is there twice, one editor may take out the first, and the other change the second.
    once = [each for each in sentences(base) if sentences(base).count(each) == 1]
    assert all(each in merged.text for each in once if each in sentences(mine) and each in sentences(theirs))


def sentences(text: str) -> list[str]:
    """The sentences that SENTENCE makes."""
    found = []
    for known in KNOWN:
        found += [known] * text.count(known)
        text = text.replace(known, " ")
    return found + text.split()


@given(base=TEXT, mine=TEXT, theirs=TEXT)
def test_it_does_not_matter_who_saved_first(base: str, mine: str, theirs: str) -> None:
    one, other = merge(base, mine, theirs, NAMES), merge(base, theirs, mine, NAMES)
    assert one.clashes == other.clashes
    if not one.clashes:
        assert one.text == other.text


@pytest.mark.parametrize(
    ("base", "mine", "theirs", "merged"),
    [
        ("Fire at the quay. Two hurt.", "Fire at the quay. Three hurt.", "Fire at the old quay. Two hurt.",
         "Fire at the old quay. Three hurt."),
        ("Fire at the quay.", "Fire at the quay. Two hurt.", "Fire at the old quay.",
         "Fire at the old quay. Two hurt."),
        ("One.\n\nTwo.", "New.\n\nOne.\n\nTwo.", "One.\n\nTwo.\n\nThree.", "New.\n\nOne.\n\nTwo.\n\nThree."),
        ("* one\n* two", "* one\n* 2", "* 1\n* two", "* 1\n* 2"),
        ("First. Second. Third.", "First. Third.", "First. Second. Last.", "First. Last."),
        ("橋は閉鎖。列車は運行。", "橋は再開。列車は運行。", "橋は閉鎖。列車は運休。", "橋は再開。列車は運休。"),
    ],
)  # fmt: skip
def test_edits_of_different_sentences_are_merged(base: str, mine: str, theirs: str, merged: str) -> None:
    assert (merge(base, mine, theirs, NAMES).text, merge(base, mine, theirs, NAMES).clashes) == (merged, 0)


@pytest.mark.parametrize(
    ("base", "mine", "theirs", "merged"),
    [
        ("12 are hurt. More soon.", "14 are hurt. More soon.", "12 are dead. More soon.",
         "⟦Bob: 12 are dead.⟧ ⟦You: 14 are hurt.⟧ More soon."),
        ("First.", "First. Mine.", "First. Theirs.", "First. ⟦Bob: Theirs.⟧ ⟦You: Mine.⟧"),
        ("First. Second.", "First.", "First. Last.", "First. ⟦Bob: Last.⟧ ⟦You: –⟧"),
        ("Mr. Lee and Dr. Who of the U.S. came.", "Mr. Lee and Dr. Who of the U.S. left.",
         "Ms. Lee and Dr. Who of the U.S. came.",
         "⟦Bob: Ms. Lee and Dr. Who of the U.S. came.⟧ ⟦You: Mr. Lee and Dr. Who of the U.S. left.⟧"),
        ("", "Mine.", "Theirs.", "⟦Bob: Theirs.⟧ ⟦You: Mine.⟧"),
    ],
)  # fmt: skip
def test_two_edits_of_one_sentence_are_both_shown(base: str, mine: str, theirs: str, merged: str) -> None:
    found = merge(base, mine, theirs, NAMES)
    assert (found.text, found.clashes) == (merged, 1)
    assert has_variants(merged)


def test_a_headline_is_merged_as_a_whole() -> None:
    assert merge_line("A", "A", "B", NAMES).text == "B"
    assert merge_line("A", "B", "A", NAMES).text == "B"
    assert merge_line("A", "B", "C", NAMES) == merge("A.", "B", "C", NAMES)


def test_brackets_alone_are_no_variants() -> None:
    assert not has_variants("In logic ⟦x⟧ is a value.")
