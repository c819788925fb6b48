"""What an editor discards can be had back for a week, also with plain forms."""

from feed import times
from feed.store import draft_states
from tests.conftest import Site
from tests.desk.forms import field, send, ticked
from tests.pages import element, elements, inner
from tests.test_drafts import new_id, put, typed


def undo_of(html: str) -> str:
    """The address to which the form sends that has it back."""
    (form,) = [each for each in elements(html, "form") if "/desk/kept/" in (each.get("action") or "")]
    return str(form.get("action"))


def test_what_the_composer_holds_is_discarded_and_had_back_without_a_script(site: Site) -> None:
    bob, draft_id = site.at_desk(), new_id()
    told = send(
        bob,
        "/desk/feeds/news/discarded",
        draft_id=draft_id,
        headline="Fire",
        body="On\r\nthe quay",
        key="1",
        language="",
    )
    page = bob.get(told.location)
    assert "Discarded." in page.text
    assert field(page, "body") == ""
    kept = send(bob, undo_of(page.text), open="1")
    back = bob.get(kept.location)
    assert (field(back, "draft_id"), field(back, "headline"), field(back, "body")) == (draft_id, "Fire", "On\nthe quay")
    assert ticked(back, "key")
    assert bob.get(told.location).text.count("/desk/kept/") == 0, "there is nothing to undo any more"


def test_nothing_is_discarded_where_nothing_was_typed(site: Site) -> None:
    bob, update = site.at_desk(), site.publish("As it was")
    assert send(bob, "/desk/feeds/news/discarded", draft_id=new_id(), body=" \r\n").location == "/desk/feeds/news"
    left = send(
        bob, f"/desk/updates/{update.id}/discarded", draft_id=new_id(), headline="", body="As it was", revision="1"
    )
    assert left.location == f"/desk/feeds/news#update-{update.id}"
    assert bob.get("/desk/drafts").get_json() == {"drafts": [], "discarded": []}


def test_an_edit_is_discarded_and_had_back_without_a_script(site: Site) -> None:
    bob, update = site.at_desk(), site.publish("As it was")
    form = {"draft_id": new_id(), "body": "As it is", "revision": "1"}
    page = bob.get(send(bob, f"/desk/updates/{update.id}/discarded", **form).location)
    back = bob.get(send(bob, undo_of(page.text), open="1").location)
    assert (field(back, "body"), field(back, "revision")) == ("As it is", "1")
    put(bob, form["draft_id"], typed(9, update=update.id, revision=1, body="As it is"))
    send(bob, f"/desk/updates/{update.id}/discarded", **{**form, "body": "As it was"})
    assert len(bob.get("/desk/drafts").get_json()["discarded"]) == 1, "what was saved before is gone from the list"
    site.retract(update)
    page = bob.get(send(bob, f"/desk/updates/{update.id}/discarded", **{**form, "draft_id": new_id()}).location)
    assert "Discarded." in page.text


def test_discarded_drafts_are_folded_and_taken_back(site: Site) -> None:
    bob, alice, draft_id = site.at_desk(), site.at_desk("alice"), new_id()
    put(bob, draft_id, typed(body="Typed here"))
    for _ in range(2):
        told = send(bob, f"/desk/discarded/{draft_id}")
    assert f"/desk/kept/{draft_id}" in inner(element(bob.get(told.location).text, "div", role="status"))
    fold = element(bob.get("/desk/").text, "details")
    assert "Discarded (1)" in fold.text_content()
    assert "Typed here" in fold.text_content()
    assert send(alice, f"/desk/kept/{draft_id}").status_code == 404
    assert "Typed here" not in alice.get("/desk/").text
    for _ in range(2):
        page = bob.get(send(bob, f"/desk/kept/{draft_id}").location).text
    assert "It is among your drafts again." in page
    assert elements(page, "a", href=f"/desk/feeds/news?draft={draft_id}")
    send(bob, f"/desk/discarded/{draft_id}")
    week_ago = times.after(-draft_states.DISCARDED_SECONDS - 1)
    site.services.store.write(lambda db: db.execute("UPDATE drafts SET saved_at = ?", [week_ago]))
    assert "Typed here" not in bob.get("/desk/").text
    assert send(bob, f"/desk/kept/{draft_id}").status_code == 404


def test_what_was_published_is_neither_discarded_nor_kept_again(site: Site) -> None:
    bob, draft_id = site.at_desk(), new_id()
    put(bob, draft_id, typed())
    send(bob, "/desk/feeds/news/updates", draft_id=draft_id, body="Typed")
    for path in ("discarded", "kept"):
        assert send(bob, f"/desk/{path}/{draft_id}").status_code == 409
    assert put(bob, draft_id, typed(9, discarded=True)).status_code == 409


def test_a_save_on_its_way_does_not_bring_a_discarded_draft_back(site: Site) -> None:
    bob, draft_id = site.at_desk(), new_id()
    assert put(bob, draft_id, typed(2, discarded=True)).get_json()["state"] == "discarded"
    assert put(bob, draft_id, typed(2, discarded=True)).status_code == 200, "its answer was lost"
    assert put(bob, draft_id, typed(1)).status_code == 409
    assert put(bob, draft_id, typed(3)).get_json()["state"] == "kept"
