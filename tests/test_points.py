"""What we know: points above a feed, which are being checked from the moment that what they rest on changes."""

import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from feed.errors import Invalid, Missing, Stale
from feed.store import backup, feeds, pointing, points, publishing, rerender, retracting, undoing, writing
from feed.store.points import MOST, Point
from feed.store.updates import Update
from tests.conftest import FROM_HERE, Site
from tests.pages import element, elements, words

NOW = Callable[[Site, Update], object]


@pytest.fixture
def covered(site: Site) -> Site:
    """With a coverage, `harbour`."""
    site.write_article("harbour", live=True)
    return site


def know(site: Site, text: str, *grounds: Update, feed: str = "harbour") -> Point:
    """Adds a point."""
    return pointing.add(site.services.store, feed, {"text": text, "updates": [each.id for each in grounds]}, site.bob)


def known(site: Site, feed: str = "harbour") -> list[Point]:
    with site.services.store.read() as db:
        return points.of_feed(db, feeds.get(db, feed, drafts=True))


def confirm(site: Site, point: Point, seen: int | None = None) -> Point:
    store = site.services.store
    return pointing.confirm(store, "harbour", point.id, seen or point.checking or 0, site.bob)


def box(html: str, feed: str = "harbour") -> list[tuple[str, list[str]]]:
    """Of each point what it says, with the mark of what is being checked, and where its links lead."""
    part = element(html, "div", id=f"points-{feed}")
    return [
        (" ".join(map(words, [li.find("p"), *li.iter("b")])), [str(a.get("href")) for a in li.iter("a")])
        for li in part.iter("li")
    ]


def page(site: Site, path: str = "/articles/harbour") -> str:
    return site.charlie.get(path).text


def test_they_are_above_the_coverage_with_links_to_what_they_rest_on(covered: Site) -> None:
    site = covered
    empty = page(site)
    assert box(empty) == []
    assert "What we know" not in empty
    first, second = (site.publish(text, feed="harbour") for text in ("The bridge fell.", "It is 90 years old."))
    know(site, "The bridge <b>fell</b>  at  noon", second, first, first)
    know(site, 'It was "sound"', second)
    links = [f"/updates/{first.id}", f"/updates/{second.id}"]
    shown = [("The bridge <b>fell</b> at noon", links), ("It was “sound”", links[1:])]
    for path in ("/articles/harbour", "/feeds/harbour", "/feeds/harbour?order=oldest", "/feeds/harbour?key=1"):
        assert box(page(site, path)) == shown, path
    times = [each.get("datetime") for each in element(page(site), "div", id="points-harbour").iter("time")]
    assert times == [first.published_at, second.published_at, second.published_at]
    for path in ("/feeds/harbour?q=bridge", f"/updates/{first.id}", "/embed/feeds/harbour", "/", "/feeds/news.json"):
        assert "points-harbour" not in page(site, path), path


def test_one_envelope_has_the_change_and_the_doubt(covered: Site) -> None:
    site = covered
    pushed: list[dict[str, Any]] = []
    update = site.publish("Two are hurt.", feed="harbour")
    other = site.publish("Nobody is hurt.", feed="harbour")
    point = know(site, "Two are hurt", update)
    know(site, "Nobody is hurt", other)
    tail = site.tail(pushed)
    tail.watch("harbour")

    def pushed_box() -> list[tuple[str, list[str]]]:
        tail.step()
        changes = {each["id"]: each for each in pushed[-1]["changes"]}
        part = changes["points-harbour"]
        assert part["html"] in page(site), "the same bytes as in a fresh page"
        assert {each["version"] for each in changes.values()} == {part["version"]}
        return box(part["html"])

    rest = ("Nobody is hurt", [f"/updates/{other.id}"])
    site.edit(update, body="Three are hurt.")
    assert pushed_box() == [("Two are hurt Being checked", [f"/updates/{update.id}"]), rest]
    assert [each["id"] for each in pushed[-1]["changes"]] == [f"update-{update.id}", "points-harbour"]
    confirm(site, known(site)[0])
    assert pushed_box() == [("Two are hurt", [f"/updates/{update.id}"]), rest]
    site.retract(update)
    assert pushed_box() == [("Two are hurt Being checked", []), rest], "and no link to it (invariant 4)"
    with pytest.raises(Invalid, match="rests on no update"):
        confirm(site, known(site)[0])
    retracting.restore(site.services.store, update.id, site.bob)
    assert pushed_box() == [("Two are hurt Being checked", [f"/updates/{update.id}"]), rest]
    pointing.remove(site.services.store, "harbour", point.id, 1, site.bob)
    assert pushed_box() == [rest]


def _undo(site: Site, update: Update) -> None:
    undoing.undo(site.services.store, update.id, site.bob, str(uuid.uuid4()), 60)


def _put_back_edited(site: Site, update: Update) -> None:
    site.retract(update)
    publishing.restore_edited(site.services.store, update.id, site.bob, {"body": "Other"}, 1)


def _of_the_release_before(site: Site, update: Update) -> None:
    """As a worker writes that knows of no points."""

    def write(db: Any) -> None:
        db.execute("UPDATE feeds SET version = version + 1 WHERE slug = 'harbour'")
        db.execute(
            "UPDATE updates SET body = 'y', version = (SELECT version FROM feeds WHERE slug = 'harbour') WHERE id = ?",
            [update.id],
        )

    site.services.store.write(write)


DOUBTS: dict[str, NOW] = {
    "words": lambda site, update: site.edit(update, body="Other"),
    "headline": lambda site, update: site.edit(update, headline="Other"),
    "unconfirmed": lambda site, update: site.edit(update, status="unconfirmed"),
    "wrong": lambda site, update: site.edit(update, status="wrong"),
    "retracted": lambda site, update: site.retract(update),
    "undone": _undo,
    "restored edited": _put_back_edited,
    "edited by the release before": _of_the_release_before,
}
NO_DOUBTS: dict[str, NOW] = {
    "confirmed": lambda site, update: site.edit(update, status="confirmed", source="The mayor"),
    "key": lambda site, update: site.edit(update, key=True, pinned=True),
    "language": lambda site, update: site.edit(update, language="fr"),
    "nothing": lambda site, update: site.edit(update, body=update.body),
    "another": lambda site, update: site.publish("Another", feed="harbour", pinned=True),
    "rerendered": lambda site, update: [*rerender.rerender(site.services.store)],
}


@pytest.mark.parametrize("deed", [*DOUBTS, *NO_DOUBTS])
def test_what_makes_a_point_doubtful(covered: Site, deed: str) -> None:
    site = covered
    update = site.publish("It fell.", feed="harbour")
    know(site, "It fell", update)
    know(site, "It was old", site.publish("It was old.", feed="harbour")) if deed != "undone" else None
    (DOUBTS | NO_DOUBTS)[deed](site, update)
    first, *others = known(site)
    assert (first.checking is not None) == (deed in DOUBTS)
    assert all(each.checking is None for each in others)
    assert ("Being checked" in box(page(site))[0][0]) == (deed in DOUBTS)
    assert backup.check(site.services.store) == []


def test_nobody_confirms_what_has_changed_since_they_looked(covered: Site) -> None:
    site = covered
    update = site.publish("One", feed="harbour")
    know(site, "One", update)
    site.edit(update, body="Two")
    seen = known(site)[0].checking
    site.edit(update, body="Three")
    with pytest.raises(Stale):
        confirm(site, known(site)[0], seen)
    edited = pointing.edit(
        site.services.store, "harbour", 1, {"text": "Two", "updates": [update.id]}, 1, seen, site.bob
    )
    assert edited.checking, "saved, and still to be checked"
    version = site.versions()["harbour"]
    again = confirm(site, known(site)[0])
    assert again.checking is None
    assert confirm(site, again, 1) == again, "a second press changes nothing"
    assert site.versions()["harbour"] == version + 1


def test_two_editors_of_one_point_cannot_both_win_and_those_of_two_can(covered: Site) -> None:
    site = covered
    update = site.publish("One", feed="harbour")
    know(site, "One", update)
    know(site, "Two", update)
    alice, bob = site.at_desk("alice"), site.at_desk("bob")
    form = {"revision": "1", "updates": str(update.id)}

    def save(browser: Any, number: int, text: str, **more: str) -> Any:
        return browser.post(
            f"/desk/feeds/harbour/points/{number}", data={**form, "text": text, **more}, headers=FROM_HERE
        )

    assert save(alice, 1, "By alice").status_code == save(bob, 2, "By bob").status_code == 303
    stale = save(bob, 1, "By bob, too")
    assert stale.status_code == 409
    assert "By alice" in words(element(stale.text, "p", class_="notice", role="alert"))
    assert element(stale.text, "textarea", name="text").text_content().strip() == "By bob, too"
    assert element(stale.text, "input", name="revision").get("value") == "2"
    assert save(bob, 1, "By both", revision="2").status_code == 303
    path = "/desk/feeds/harbour/points/1/removal"
    assert alice.post(path, data={"revision": "1"}, headers=FROM_HERE).status_code == 409
    assert alice.post(path, data={"revision": "3"}, headers=FROM_HERE).status_code == 303
    gone = save(bob, 1, "Not lost", revision="3")
    assert gone.status_code == 409
    assert element(gone.text, "form", class_="point").get("action") == "/desk/feeds/harbour/points"
    assert element(gone.text, "textarea", name="text").text_content().strip() == "Not lost"
    assert [each.text for each in known(site)] == ["By bob"]


def test_they_are_written_at_the_desk_without_a_script(covered: Site) -> None:
    site, bob = covered, covered.at_desk()
    first, second = (site.publish(text, feed="harbour") for text in ("A fire", "A flood"))
    elsewhere = site.publish("Elsewhere")

    def send(path: str, **form: Any) -> Any:
        return bob.post(f"/desk/feeds/harbour/{path}", data=form, headers=FROM_HERE)

    blank = bob.get(f"/desk/feeds/harbour/new-point?update={second.id}").text
    assert [each.get("value") for each in elements(blank, "input", name="updates", checked=True)] == [str(second.id)]
    found = send("points", text="A typed text", updates=[second.id], words="fire", find="1")
    assert found.status_code == 200
    assert [each.get("value") for each in elements(found.text, "input", name="updates")] == [
        str(second.id), str(first.id),
    ]  # fmt: skip
    assert element(found.text, "textarea", name="text").text_content().strip() == "A typed text"
    for refused in (
        send("points", text="No ground"),
        send("points", text=" ", updates=[first.id]),
        send("points", text="x" * 281, updates=[first.id]),
        send("points", text="x", updates=[elsewhere.id]),
        send("points", text="x", updates=[first.id], others="99"),
        send("points", text="x", updates=[*range(1, 32)]),
    ):
        assert refused.status_code == 422
        assert elements(refused.text, "p", class_="reason")
    assert known(site) == []
    for _ in range(2):
        sent = send("points", text="By address", others=f"http://127.0.0.1:8000/updates/{first.id}, #{first.id}")
        assert sent.status_code == 303, "twice is once"
    send("points", text="By choice", updates=[second.id])
    shown = bob.get(sent.headers["Location"].partition("#")[0]).text
    assert "What we know is changed." in shown
    assert [each.text for each in known(site)] == ["By address", "By choice"]
    assert send("points/2/place").status_code == send("points/2/place").status_code == 303
    assert [each.text for each in known(site)] == ["By choice", "By address"]
    site.edit(second, body="A smaller flood")
    section = element(bob.get("/desk/feeds/harbour").text, "section", id="what-we-know")
    stands = next(each for each in section.iter("form") if str(each.get("action")).endswith("/confirmation"))
    seen = next(each.get("value") for each in stands.iter("input") if each.get("name") == "checking")
    assert send("points/2/confirmation", checking=str(int(seen) - 1)).status_code == 409
    assert send("points/2/confirmation", checking=seen).status_code == 303
    assert [each.checking for each in known(site)] == [None, None]
    assert "confirmed what we know" in bob.get("/desk/feeds/harbour").text
    assert send("points/99/place").status_code == bob.get("/desk/feeds/harbour/points/99").status_code == 404
    assert bob.get(f"/desk/feeds/harbour/points/{'9' * 30}").status_code == 404


def test_a_box_has_room_for_what_is_read_at_a_glance(covered: Site) -> None:
    update = covered.publish("x", feed="harbour")
    for number in range(MOST):
        know(covered, f"Point {number}", update)
    with pytest.raises(Invalid, match="Take one out"):
        know(covered, "One more", update)
    with pytest.raises(Missing):
        know(covered, "Elsewhere", update, feed="nowhere")


def test_those_of_a_draft_are_seen_by_nobody_until_it_comes_out(site: Site) -> None:
    site.write_article("sketch", live=True, draft=True)
    gone, update = (site.publish(text, feed="sketch") for text in ("Gone", "Stays"))
    know(site, "A canary", gone, update, feed="sketch")
    site.retract(gone)
    for path in ("/", "/articles/sketch", "/feeds/sketch", "/feeds/sketch/changes?after=0&epoch=", "/sitemap.xml"):
        assert "canary" not in page(site, path)
    writing.edit(site.services.store, "sketch", site.bob, {"draft": False})
    assert box(page(site, "/articles/sketch"), "sketch") == [("A canary Being checked", [f"/updates/{update.id}"])]


def test_a_backup_has_them_and_a_later_retraction_wins_in_them_too(covered: Site, tmp_path: Path) -> None:
    site = covered
    store, settings = site.services.store, site.services.settings
    kept, gone, doubtful = (site.publish(text, feed="harbour") for text in ("Kept", "Gone", "Doubtful"))
    know(site, "Known", kept, gone)
    know(site, "Stands", kept)
    know(site, "Doubted since", doubtful)
    edited, taken_out = know(site, "Edited since", kept), know(site, "Taken out since", kept)
    backup.backup(store, settings.media, tmp_path / "copy")
    site.retract(gone)
    know(site, "Later", kept)
    site.edit(doubtful, body="Doubtful after all")
    pointing.edit(store, "harbour", edited.id, {"text": "Other", "updates": [kept.id]}, 1, None, site.bob)
    pointing.remove(store, "harbour", taken_out.id, 1, site.bob)
    backup.restore(store, settings.media, tmp_path / "copy")
    on = [f"/updates/{kept.id}"]
    assert box(page(site)) == [
        ("Known Being checked", on),
        ("Stands", on),
        ("Doubted since Being checked", [f"/updates/{doubtful.id}"]),
        ("Edited since Being checked", on),
        ("Taken out since Being checked", on),
    ]
    assert backup.check(store) == []
