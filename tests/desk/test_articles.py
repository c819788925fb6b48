"""Articles at the desk: drafts, refusals, and two editors of one article."""

from tests.conftest import FROM_HERE, Site
from tests.desk.forms import field, send, ticked
from tests.pages import element, elements


def test_bob_writes_an_article_as_a_draft_and_makes_it_public(site: Site) -> None:
    bob = site.at_desk()
    empty = bob.get("/desk/new-article")
    assert ticked(empty, "draft"), "nothing is public by accident"
    assert field(empty, "byline") == "Bob Brown"
    made = send(bob, "/desk/articles", headline="Über die Brücke!", body="B", draft="1", live="1")
    assert made.headers["Location"] == "/desk/articles/uber-die-brucke?did=created"
    assert site.charlie.get("/articles/uber-die-brucke").status_code == 404
    assert "Über die Brücke!" in bob.get("/desk/").text
    assert bob.get("/desk/feeds/uber-die-brucke").status_code == 200
    form = bob.get("/desk/articles/uber-die-brucke")
    assert (ticked(form, "draft"), ticked(form, "live"), field(form, "revision")) == (True, True, "1")
    send(bob, "/desk/articles/uber-die-brucke", headline="Over the bridge", body="B", live="1", revision="1")
    page = site.charlie.get("/articles/uber-die-brucke")
    assert page.status_code == 200
    assert "Over the bridge" in page.text
    assert "Live coverage" in page.text


def test_a_refused_article_comes_back_as_it_was_typed(site: Site) -> None:
    bob = site.at_desk()
    typed = {
        "headline": "",
        "body": "Long <b> text",
        "standfirst": "S & T",
        "kicker": "K",
        "byline": "B",
        "slug": "good",
    }
    answer = send(bob, "/desk/articles", **typed, live="1")
    assert answer.status_code == 422
    assert {name: field(answer, name) for name in typed} == typed
    assert (ticked(answer, "live"), ticked(answer, "draft")) == (True, False)
    assert 'id="headline-reason"' in answer.text
    assert site.versions() == {"news": 0}
    unnamed = send(bob, "/desk/articles", headline="橋", body="x")
    assert (unnamed.status_code, unnamed.headers["Location"]) == (303, "/desk/articles/qiao?did=created"), (
        "any script has one"
    )


def test_two_editors_of_one_article_lose_nothing(site: Site) -> None:
    site.write_article("harbour", body="As both read it")
    alice, bob = site.at_desk("alice"), site.at_desk()
    send(alice, "/desk/articles/harbour", headline="H", body="Alice's words", revision="1")

    refused = send(bob, "/desk/articles/harbour", headline="", body="Bob's words", revision="1")
    assert (refused.status_code, field(refused, "revision")) == (422, "1")

    conflict = send(
        bob, "/desk/articles/harbour", headline="H", body="Bob's words", revision=field(refused, "revision")
    )
    assert conflict.status_code == 409
    assert field(conflict, "body") == "Bob's words"
    assert "Alice&#39;s words" in conflict.text
    assert "Alice’s words" in site.charlie.get("/articles/harbour").text
    assert (field(conflict, "revision"), field(conflict, "against")) == ("1", "2"), "not before a choice"
    mine = {"headline": "H", "body": "Bob's words", "revision": "1", "against": "2"}
    chosen = send(bob, "/desk/articles/harbour", **mine, choice="mine")
    assert (chosen.status_code, field(chosen, "body"), field(chosen, "revision")) == (409, "Bob's words", "2")
    assert "Alice’s words" in site.charlie.get("/articles/harbour").text
    merged = send(bob, "/desk/articles/harbour", headline="H", body="Both", revision=field(chosen, "revision"))
    assert merged.status_code == 303


def test_an_article_conflict_keeps_what_each_editor_changed(site: Site) -> None:
    site.write_article(body="Old body", standfirst="Old standfirst", draft=True)
    bob = site.at_desk()
    form = {"revision": "1", "headline": "About harbour", "standfirst": "Old standfirst", "byline": "Bob Brown"}
    alice = {"standfirst": "Alice's standfirst", "draft": False, "kicker": "Alice's"}
    assert site.api("PATCH", "/api/v1/articles/harbour", alice, who="alice").status_code == 200
    mine = {**form, "body": "Bob's body", "kicker": "Bob's", "draft": "1"}
    refused = bob.post("/desk/articles/harbour", data=mine, headers=FROM_HERE)
    assert refused.status_code == 409
    assert "Alice&#39;s standfirst</textarea>" in refused.text  # untouched by bob: it becomes theirs
    assert "Bob&#39;s body</textarea>" in refused.text
    assert (
        element(refused.text, "input", name="draft", value="1").get("checked") is None
    )  # published by alice, and not by accident a draft again
    assert 'value="Bob&#39;s"' in refused.text
    assert elements(refused.text, "ins")[2].text_content() == "[put in: Alice's]"  # both changed the kicker
    again = {name: field(refused, name) for name in ("headline", "standfirst", "byline", "body", "kicker", "revision")}
    both = send(bob, "/desk/articles/harbour", **again, against=field(refused, "against"), choice="merge")
    assert field(both, "kicker") == "⟦Alice Adams: Alice's⟧ ⟦You: Bob's⟧"
    assert (field(both, "standfirst"), field(both, "body")) == ("Alice's standfirst", "Bob's body")
    assert "In 1 place you both changed the same." in both.text
    unfinished = {**again, "kicker": field(both, "kicker"), "revision": field(both, "revision")}
    refused = send(bob, "/desk/articles/harbour", **unfinished)
    assert (refused.status_code, "Both variants are still here." in refused.text) == (422, True)
    assert send(bob, "/desk/articles/harbour", **{**unfinished, "kicker": "Ours"}).status_code == 303
    page = site.charlie.get("/articles/harbour").text
    assert all(words in page for words in ("Ours", "Alice’s standfirst", "Bob’s body"))
