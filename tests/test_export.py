"""A coverage as JSON and as static pages: all that readers can see, and nothing else."""

import json
import re
import zipfile
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result

from feed.store import coverage, pictures, pointing, retracting, writing
from tests.conftest import FROM_HERE, Site
from tests.images import a_png

CANARY = "kestrel"  # in everything that readers cannot see


def run(site: Site, *args: object) -> Result:
    """Runs `flask coverage …`."""
    return site.app.test_cli_runner().invoke(args=["coverage", *map(str, args)])


def exported(site: Site, slug: str, folder: Path) -> Any:
    """The JSON of that feed, exported into that folder."""
    done = run(site, "export", slug, folder)
    assert done.exit_code == 0, done.output
    return json.loads((folder / "coverage.json").read_text())


def a_picture(site: Site, **words: str) -> str:
    """The id of a new picture."""
    services = site.services
    return pictures.add(services.store, services.settings.media, a_png(), {"alt": "A crane", **words}, None).id


@pytest.fixture
def story(site: Site) -> Site:
    """A coverage with everything that an export can hold, and with everything that it may not."""
    lead, inside = a_picture(site, caption="The crane", credit="Bob"), a_picture(site)
    site.write_article("harbour", live=True, draft=True, body=f"![]({'/pictures/' + inside})", picture=lead)
    drafted = site.publish(f"Before publication: {CANARY}", feed="harbour")
    site.edit(drafted, body="As it came out", note=f"Not {CANARY}")
    site.retract(site.publish(f"Never public: {CANARY}", feed="harbour"), CANARY, notice=True)
    writing.edit(site.services.store, "harbour", site.bob, {"draft": False})
    edited = site.publish("Five boats & <b>more</b>", feed="harbour", headline="Boats", key=True)
    site.edit(
        edited, body="Six boats: [list](/articles/harbour)", note="One was hidden", status="confirmed", source="Bob"
    )
    site.retract(site.publish(f"Taken back: {CANARY}", feed="harbour"), CANARY)
    site.retract(site.publish(f"Told: {CANARY}", feed="harbour"), "It was another harbour", notice=True)
    wrong = site.publish(f"Rested on: {CANARY}", feed="harbour")
    known = {"text": "Six boats", "updates": [edited.id, wrong.id]}
    pointing.add(site.services.store, "harbour", known, site.bob)
    site.retract(wrong)
    back = site.publish("Came back", feed="harbour", language="uk", pinned=True)
    site.retract(back, CANARY)
    retracting.restore(site.services.store, back.id, None)
    site.write_article("sketch", live=True, draft=True)
    return site


def test_the_json_holds_what_readers_can_see_and_nothing_else(story: Site, tmp_path: Path) -> None:
    document = exported(story, "harbour", tmp_path / "out")
    assert CANARY not in json.dumps(document, ensure_ascii=False)
    assert (document["liveline"], document["article"]["headline"]) == (1, "About harbour")
    came_out, edited, notice, back = document["updates"]
    assert (came_out["body"], came_out["revisions"], came_out["edited_at"]) == ("As it came out", [], None)
    assert [each["text"] for each in edited["revisions"]] == ["Five boats & <b>more</b>", "Six boats: list"]
    assert [each["note"] for each in edited["revisions"]] == [None, "One was hidden"]
    assert edited["key"]
    assert document["points"] == [{"text": "Six boats", "being_checked": True, "updates": [edited["id"]]}]
    assert notice["retracted"]["reason"] == "It was another harbour"
    assert "body" not in notice
    assert (back["pinned"], back["language"], bool(back["restored_at"])) == (True, "uk", True)
    assert len(document["pictures"]) == 2
    for each in document["pictures"].values():
        assert (tmp_path / "out" / each["file"]).is_file()


def test_a_folder_is_complete_or_not_there(story: Site, tmp_path: Path) -> None:
    for slug in ("sketch", "nowhere"):
        refused = run(story, "export", slug, tmp_path / "out")
        assert (refused.exit_code, "no public coverage" in refused.output) == (1, True)
    assert not list(tmp_path.glob("out*"))
    with story.services.store.read() as db:
        lost = story.services.settings.media / f"{pictures.latest(db, 1)[0].id}.png"
    lost.unlink()
    warned = run(story, "export", "harbour", tmp_path / "out")
    assert (warned.exit_code, lost.name in warned.stderr) == (0, True)
    again = run(story, "export", "harbour", tmp_path / "out", "--html")
    assert (again.exit_code, "exists" in again.output) == (1, True)
    assert not (tmp_path / "out" / "index.html").exists()


def test_the_pages_need_nothing_but_their_folder(story: Site, tmp_path: Path) -> None:
    for number in range(25):  # more than a page of the site shows
        story.publish(f"Boat {number}", feed="harbour")
    coverage.close(story.services.store, "harbour", None)
    assert run(story, "export", "harbour", tmp_path / "out", "--html").exit_code == 0
    pages = {path: path.read_text() for path in (tmp_path / "out").rglob("*.html")}
    for path, page in pages.items():
        assert CANARY not in page
        assert "<script" not in page
        addresses = re.findall(r' (?:href|src)="([^"]*)"', page)
        addresses += [each.split()[0] for found in re.findall(r'srcset="([^"]*)"', page) for each in found.split(",")]
        for address in addresses:
            if not address.startswith("http://127.0.0.1:8000/"):
                name, _, anchor = address.partition("#")
                assert (path.parent / name).exists(), address
                assert not anchor or f'id="{anchor}"' in pages.get((path.parent / name).resolve(), page)
    index = pages[tmp_path / "out" / "index.html"]
    assert index.count('<li id="update-') == 29
    assert "It was another harbour" in index
    assert "Europe/Berlin" in index
    assert 'href="http://127.0.0.1:8000/articles/harbour"' in index
    (edited,) = (page for path, page in pages.items() if path.parent.name == "history")
    assert "<del>Five" in edited


def test_the_desk_sends_the_same_as_a_zip(story: Site, tmp_path: Path) -> None:
    story.publish("In the News Feed")
    story.write_article("quay", live=True)
    bob = story.at_desk()
    assert "/exports" in bob.get("/desk/feeds/harbour").text
    assert "/exports" not in bob.get("/desk/feeds/sketch").text
    for slug, form in (("harbour", "json"), ("harbour", "html"), ("news", "html"), ("news", "json"), ("quay", "html")):
        answer = bob.post(f"/desk/feeds/{slug}/exports", data={"format": form}, headers=FROM_HERE)
        assert (answer.status_code, answer.content_length) == (200, len(answer.data))
        answer.close()
        assert answer.headers["Content-Disposition"] == f"attachment; filename={slug}-{form}.zip"
        flags = ["--html"] if form == "html" else []
        assert run(story, "export", slug, tmp_path / f"{slug}-{form}", *flags).exit_code == 0
        written = {
            str(each.relative_to(tmp_path)) for each in (tmp_path / f"{slug}-{form}").rglob("*") if each.is_file()
        }
        with zipfile.ZipFile(BytesIO(answer.data)) as archive:
            assert archive.testzip() is None
            assert {name.replace(slug, f"{slug}-{form}", 1) for name in archive.namelist()} == written
    for slug, form, status in (("sketch", "json", 404), ("harbour", "pdf", 400)):
        assert bob.post(f"/desk/feeds/{slug}/exports", data={"format": form}, headers=FROM_HERE).status_code == status
