"""Coverage that ends: what it is closed with, who is told, and the coverage that nobody has updated for hours."""

import json

import pytest

from feed import times
from feed.errors import Stale
from feed.store import coverage, editors, feeds, log, rerender, writing
from tests.conftest import FROM_HERE, PASSWORD, Site
from tests.pages import element, elements, words

MESSAGE, SUMMARY = "Thank you for reading.", "The bridge **opened** at 14:05.\n\n- 3 of 4 lanes\n- no trams"


@pytest.fixture
def live(site: Site) -> Site:
    """A site with a coverage that has an update."""
    site.write_article("harbour", live=True)
    site.publish("The first", feed="harbour")
    return site


def _page(site: Site) -> str:
    return site.charlie.get("/articles/harbour").text


def _close(site: Site, who: str = "bob", **form: str) -> tuple[int, str]:
    sent = {"open": "0", "revision": "0", "message": MESSAGE, "summary": SUMMARY, **form}
    answer = site.at_desk(who).post("/desk/feeds/harbour/coverage", data=sent, headers=FROM_HERE)
    return answer.status_code, answer.text


def test_readers_get_what_a_coverage_was_closed_with(live: Site) -> None:
    with live.services.store.read() as db:
        feed = feeds.get(db, "harbour")
    assert [_close(live)[0] for _ in range(2)] == [303, 303], "the same form sent twice is one closing"
    shown = element(_page(live), id="coverage-harbour")
    assert MESSAGE in words(shown)
    assert words(element(_page(live), class_="summary")).startswith("Summary The bridge opened at 14:05")
    missed = live.charlie.get(f"/feeds/harbour/changes?after={feed.version}&epoch={feed.epoch}").json
    assert missed["version"] == feed.version + 1
    (change,) = missed["changes"]
    assert change["id"] == "coverage-harbour"
    assert change["html"] in _page(live), "byte for byte what a fresh page shows"
    assert '"abstract":' in _page(live)


def test_what_it_was_closed_with_can_be_changed_and_goes_when_it_is_opened(live: Site) -> None:
    _close(live)
    assert _close(live, revision="1", message="The last word.", summary="")[0] == 303
    assert "The last word." in _page(live)
    assert SUMMARY.split()[2] not in words(element(_page(live), id="coverage-harbour"))
    with live.services.store.read() as db:
        entry, texts = log.entries_after(db, 0)[-1]
    assert (entry["verb"], entry["who"]) == ("close coverage", "bob")
    assert texts
    assert json.loads(texts["text"])["before"] == {"message": MESSAGE, "summary": SUMMARY}
    coverage.reopen(live.services.store, "harbour", live.bob)
    assert "The last word." not in _page(live)
    form = live.at_desk("bob").get("/desk/feeds/harbour/coverage").text
    assert element(form, "textarea", name="message").text.strip() == "The last word.", "the next closing begins with it"
    writing.edit(live.services.store, "harbour", live.bob, {"live": False})
    assert "The last word." not in _page(live), "that closing had no words"


def test_who_closes_after_somebody_else_is_told_of_their_words(live: Site) -> None:
    _close(live)
    status, form = _close(live, who="alice", message="Mine")
    assert status == 409
    assert MESSAGE in words(element(form, role="alert"))
    assert element(form, "textarea", name="message").text.strip() == "Mine"
    assert MESSAGE in _page(live)
    with pytest.raises(Stale):
        coverage.close(live.services.store, "harbour", live.bob, {"message": "Mine"}, 0)
    assert _close(live, who="alice", message="Mine", revision="1")[0] == 303
    assert "Mine" in _page(live)


def test_who_may_not_close_it_is_not_told_the_words_of_a_closing_before(live: Site) -> None:
    _close(live)
    editors.add(live.services.store, "carol", PASSWORD, "contributor", actor=None)
    assert _close(live, who="carol", message="Mine")[0] == 403


@pytest.mark.parametrize(
    ("field", "text"),
    [("message", "x" * 301), ("summary", "x" * 3_001), ("summary", "![a](https://elsewhere.example/a.png)")],
)
def test_a_refused_closing_closes_nothing_and_keeps_what_was_typed(live: Site, field: str, text: str) -> None:
    status, form = _close(live, **{field: text})
    assert status == 422
    assert element(form, id=f"{field}-reason") is not None
    assert text in form
    with live.services.store.read() as db:
        assert feeds.get(db, "harbour").open


def test_the_summary_is_rendered_anew_with_the_other_texts(live: Site) -> None:
    _close(live)
    live.services.store.write(lambda db: db.execute("UPDATE closings SET html = '<p>Old</p>'"))
    assert "closings: 1 of 1 became other HTML" in " ".join(rerender.rerender(live.services.store))
    assert "The bridge opened" in words(element(_page(live), class_="summary"))


def test_words_cannot_end_the_markup(live: Site) -> None:
    _close(live, message="<b onclick=x>&", summary="<script>x</script>")
    shown = element(_page(live), id="coverage-harbour")
    assert "<b onclick=x>&" in words(shown)
    assert not elements(_page(live), "b", onclick=True)
    assert not list(shown.iter("script"))


def test_the_desk_reminds_of_a_coverage_without_an_update(live: Site) -> None:
    silent = "No update for 5 hours"
    live.write_article("draft", live=True, draft=True)
    live.write_article("over", live=True)
    coverage.close(live.services.store, "over", None)
    desk = live.at_desk("bob")
    assert silent not in desk.get("/desk/").text
    ago = times.after(-5 * 3600 - 60)
    live.services.store.write(lambda db: db.execute("UPDATE feeds SET opened_at = ?", [ago]))
    assert silent not in desk.get("/desk/").text, "an update came since"
    live.services.store.write(lambda db: db.execute("UPDATE updates SET published_at = ?", [ago]))
    (told,) = elements(desk.get("/desk/").text, "a", class_="silent")
    assert told.get("href") == "/desk/feeds/harbour"
    assert silent in words(told)
    assert silent in desk.get("/desk/feeds/harbour").text
    assert silent in desk.get("/desk/feeds/harbour/reading").text
    assert silent not in desk.get("/desk/feeds/news").text
    assert silent not in _page(live)
    live.publish("At last", feed="harbour")
    assert silent not in desk.get("/desk/").text


def test_a_new_coverage_begins_like_another(live: Site) -> None:
    writing.edit(live.services.store, "harbour", live.bob, {"standfirst": "What we watch", "kicker": "Election"})
    form = live.at_desk("bob").get("/desk/new-article?like=harbour").text
    assert element(form, "input", name="kicker").get("value") == "Election"
    assert element(form, "textarea", name="standfirst").text.strip() == "What we watch"
    assert element(form, "input", name="live").get("checked") is not None
    assert element(form, "input", name="draft").get("checked") is not None
    assert element(form, "input", name="slug").get("value") == ""
    assert live.at_desk("bob").get("/desk/new-article?like=nothing").status_code == 404
