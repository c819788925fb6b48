"""The desk finds updates of all feeds, of drafts and retracted ones too, and the editor's own drafts; readers' search
gains none of them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feed import excerpts
from feed.store import editors, retracting, search
from tests.conftest import Site
from tests.pages import elements, words
from tests.server import PASSWORD
from tests.test_before_publication import epoch, public_answers
from tests.test_drafts import new_id, put, typed


def hits(page: str) -> list[str]:
    """What was found, as it is read."""
    return [words(each) for list_ in elements(page, "ol", class_="hits") for each in list_.iter("li")]


def seen_at(page: str) -> list[str]:
    """The addresses of the links that show what was found at its place."""
    return [str(each.get("href")) for each in elements(page, "a") if "#update-" in str(each.get("href"))]


def found(site: Site, asked: str, who: str = "bob") -> list[str]:
    return hits(site.at_desk(who).get("/desk/search", query_string={"q": asked}).text)


def test_all_feeds_drafts_and_retracted_updates_are_searched_the_newest_first(site: Site) -> None:
    site.write_article(live=True)
    site.write_article("secret", draft=True, live=True)
    site.publish("Canary in the news", headline="First")
    site.publish("A canary at the harbour", "harbour", key=True)
    hidden = site.publish("A canary in secret", "secret")
    gone = site.publish("A canary that died", "harbour")
    site.retract(gone, "It lives")
    bob = site.at_desk()
    put(bob, new_id(), typed(body="Half a canary"))
    put(bob, new_id(), typed(body="No canary", discarded=True))
    put(site.at_desk("alice"), new_id(), typed(body="Alice's canary"))
    page = bob.get("/desk/search?q=CANARY").text
    texts = hits(page)
    assert len(texts) == 6
    for text, parts in zip(
        texts,
        (
            ("Half a canary", "Go on writing"),
            ("No canary", "Discarded", "Take back"),
            ("A canary that died", "About harbour", "Retracted", "Reason: It lives", "Restore"),
            ("A canary in secret", "About secret", "Draft", "Edit", "See it"),
            ("A canary at the harbour", "About harbour", "Key event", "Edit"),
            ("Canary in the news", "News Feed", "First", "Edit"),
        ),
        strict=True,
    ):
        assert all(part in text for part in parts), text
    assert {each.text for each in elements(page, "mark")} == {"canary", "Canary"}
    (address,) = [address for address in seen_at(page) if address.endswith(f"-{hidden.id}")]
    assert f'id="update-{hidden.id}"' in bob.get(address).text
    retracting.restore(site.services.store, gone.id, site.bob)
    assert "Retracted" not in found(site, "died")[0]


def test_readers_find_none_of_what_the_desk_finds(site: Site) -> None:
    site.write_article("harbour", draft=True, live=True)
    hidden = site.publish("Secretword one", "harbour", headline="Secretword")
    gone = site.publish("Secretword two")
    site.retract(gone, "Secretword three")
    put(site.at_desk(), new_id(), typed(body="Secretword four"))
    assert len(found(site, "secretword")) == 3
    for path, _, text in public_answers(site, [hidden.id, gone.id], {epoch(site)}, "secretword"):
        assert "Secretword" not in text, path
    assert "Nothing was found." in site.charlie.get("/feeds/news?q=secretword").text
    assert site.charlie.get("/desk/search?q=secretword").status_code == 303
    with site.services.store.read() as db:
        assert search.ids_anywhere(db, "secretword", 2**62, 9) == [gone.id, hidden.id]


@pytest.mark.parametrize(
    ("asked", "finds"),
    [
        ("п'ять", 1), ("ПʼЯТЬ", 1), ("їжачка", 1), ("ижачка", 0), ("ЗАМОК", 1), ("ёлка", 1), ("елка", 1),
        ("“п’ять”", 1),
        ("п'ять їжачка", 1), ("港口", 1), ("港", 1), ("口港", 0), ("OR", 0), ("NOT", 0), ("AND", 0), ("NEAR(", 0),
        ('"', 0), ("*", 0), ("text:", 0), ("-ёлка", 1), ("", 0), ("   ", 0), ("\x00", 0), ("x" * 5000, 0),
        ("ёлка " * 3000, 1), ("їж*", 0), ("%", 0), ("')--", 0),
    ],
)  # fmt: skip
def test_any_words_in_any_script_are_found_and_no_operator_is_one(site: Site, asked: str, finds: int) -> None:
    text = "П'ять їжачка за́мок ёлка 港口"
    site.publish(text)
    put(site.at_desk(), new_id(), typed(body=text))
    assert len(found(site, asked)) == finds * 2


def test_pages_follow_each_other_by_position(site: Site) -> None:
    made = [site.publish(f"Canary {number}") for number in range(45)]
    bob, address, seen = site.at_desk(), "/desk/search?q=canary", []
    while address:
        page = bob.get(address).text
        seen += [int(each.rpartition("-")[2]) for each in seen_at(page)]
        (link,) = elements(page, "a", rel="next") or [None]
        address = f"/desk/search{link.get('href')}" if link is not None else ""
        site.publish("Canary meanwhile")
    assert seen == [update.id for update in reversed(made)]
    for damaged in ("x", "-1", "9" * 30, "9" * 5_000, "1.5", "²"):
        assert bob.get("/desk/search", query_string={"q": "canary", "before": damaged}).status_code == 400


def test_a_contributor_is_offered_only_what_is_allowed(site: Site) -> None:
    editors.add(site.services.store, "dora", PASSWORD, "contributor", actor=None)
    site.write_article(draft=True, live=True)
    site.publish("Canary in the open")
    site.publish("Canary in a draft", "harbour")
    site.retract(site.publish("Canary gone"))
    gone, draft, public = found(site, "canary", "dora")
    assert ("Restore" in gone, "Edit" in draft, "Edit" in public) == (False, True, False)


@given(st.text(max_size=400), st.text(max_size=30))
def test_an_excerpt_is_part_of_the_text_and_marks_whole_words(text: str, asked: str) -> None:
    pieces = excerpts.excerpt(text, asked)
    plain = "".join(piece.text for piece in pieces).removeprefix("… ").removesuffix(" …")
    assert plain in " ".join(text.split())
    assert len(plain) <= excerpts.LENGTH


def test_an_excerpt_shows_what_was_found_far_inside_a_text() -> None:
    for filler in ("word " * 500, "港" * 2000):
        pieces = excerpts.excerpt(f"{filler} canary {filler}", "Canary")
        assert [piece.text for piece in pieces if piece.found] == ["canary"]
        assert (pieces[0].text, pieces[-1].text) == ("… ", " …")
    assert [piece.text for piece in excerpts.excerpt("古い港口です", "港口") if piece.found] == ["港口"]
    assert [piece.text for piece in excerpts.excerpt("古い港口です", "港") if piece.found] == ["港"]
