"""A rolling deploy: for some seconds workers of the previous release write into the schema of this one."""

import io
import shutil
import subprocess
import sys
import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from feed.store import backup, feeds, migrations, updates
from feed.store.database import Store
from feed.store.search import Holding
from tests.conftest import PASSWORD
from tests.images import a_png
from tests.reader import Reader, updates_in
from tests.server import ROOT, Server
from tests.waiting import eventually

RELEASE_BEFORE = "8fefe1b7423babd58ed38d0962a025411b2516f3"


@pytest.fixture(scope="module")
def code_of_before(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The release before, out of the history of this clone."""
    archive = subprocess.run(["git", "archive", RELEASE_BEFORE], cwd=ROOT, capture_output=True)
    if archive.returncode:
        pytest.skip(f"no git history here that holds {RELEASE_BEFORE[:7]}, the release before")
    folder = tmp_path_factory.mktemp("release") / "before"
    with tarfile.open(fileobj=io.BytesIO(archive.stdout)) as files:
        files.extractall(folder, filter="data")
    return folder


@pytest.fixture(scope="module")
def both(code_of_before: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Server, Server]]:
    """The release before and this one, on one database of the new schema."""
    folder = tmp_path_factory.mktemp("both")
    now, before = Server(folder), Server(folder, root=code_of_before)
    now.prepare()
    before.token = now.token
    before.log = folder / "before.log"
    try:
        before.start()
        now.start()
        yield before, now
    finally:
        before.kill()
        now.kill()


FILL = """
import pathlib, sys
from feed.store import editors, migrations, updates
from feed.store.database import Store
store = Store(pathlib.Path(sys.argv[1]))
migrations.upgrade(store)
bob = editors.add(store, "bob", sys.argv[2], "editor")
for body in ("A lighthouse was lit", "A mistaken lighthouse"):
    updates.publish(store, "news", bob, {"body": body})
updates.retract(store, 2, {})
store.close()
"""


def test_a_database_of_the_release_before_is_upgraded_once(code_of_before: Path, tmp_path: Path) -> None:
    """What it recorded as applied is not applied again, and the schema becomes that of a new database."""
    path = tmp_path / "feed.db"
    subprocess.run([sys.executable, "-c", FILL, str(path), PASSWORD], cwd=code_of_before, check=True)
    old, new = Store(path), Store(tmp_path / "new.db")
    applied = migrations.upgrade(old)
    assert applied[0] == "clocks_of_articles", "the first that the release before does not know"
    assert len(applied) < len(migrations.upgrade(new))
    assert migrations.upgrade(old) == []
    assert schema_of(old) == schema_of(new)
    assert backup.check(old) == []
    with old.read() as db:
        found = updates.newest_first(db, feeds.get(db, "news"), None, 9, Holding("lighthouse"))
    assert [update.body for update in found] == ["A lighthouse was lit"]
    old.close()
    new.close()


def schema_of(store: Store) -> list[tuple[str, str, str]]:
    """Every table, index and trigger, with its definition."""
    with store.read() as db:
        return [tuple(row) for row in db.execute("SELECT type, name, sql FROM sqlite_master ORDER BY type, name")]


def found(server: Server, words: str) -> str:
    """The page of the News Feed that a search gives."""
    answer = requests.get(f"{server.url}/feeds/news", {"q": words}, timeout=10)
    assert answer.status_code == 200
    return answer.text


@pytest.mark.long
def test_the_release_before_writes_and_this_one_shows_it_right(both: tuple[Server, Server]) -> None:
    before, now = both
    reader = Reader(now.url)
    eventually(lambda: reader.following)
    assert "A lighthouse" not in found(now, "lighthouse"), "this answer is in the cache when the next is published"

    first = before.publish("A lighthouse was lit", headline="Light", key=True, pinned=True)
    libel = before.publish("A libellous lighthouse")
    noticed = before.publish("A mistaken lighthouse", key=True)
    keyed = {"Authorization": f"Bearer {before.token}", "Idempotency-Key": "k"}
    for _ in range(2):
        answer = requests.post(
            f"{before.url}/api/v1/feeds/news/updates", json={"body": "Once alone"}, headers=keyed, timeout=10
        )
        assert answer.status_code == 201, answer.text
    before.api("PATCH", f"/api/v1/updates/{first['id']}", {"body": "A lighthouse was relit", "revision": 1})
    before.api("DELETE", f"/api/v1/updates/{libel['id']}", {"reason": "for the desk alone"})
    before.api("DELETE", f"/api/v1/updates/{noticed['id']}", {"reason": "for readers", "notice": True})
    before.api("POST", "/api/v1/articles", {"slug": "harbour", "headline": "Harbour", "live": True})
    before.publish("At the harbour", feed="harbour")
    before.api("PATCH", "/api/v1/articles/harbour", {"headline": "Harbour reopens", "body": "Text", "live": False})

    for server in both:
        page = found(server, "lighthouse")
        assert "A lighthouse was relit" in page
        assert "libellous" not in page
        assert "mistaken" not in page
        for address in ("", f"/updates/{libel['id']}", f"/updates/{noticed['id']}", "/feeds/news", "/feeds/news.atom"):
            assert "for the desk alone" not in requests.get(server.url + address, timeout=10).text
        assert "Harbour reopens" in requests.get(f"{server.url}/articles/harbour", timeout=10).text
        assert requests.get(f"{server.url}/readyz", timeout=10).ok
    fresh = updates_in(requests.get(f"{now.url}/feeds/news", timeout=10).text, "news")
    eventually(lambda: reader.page.shown == [*fresh.values()])
    reader.close()
    assert "Traceback" not in before.log.read_text() + now.log.read_text()
    now.publish("A second lighthouse")
    assert "A second lighthouse" in found(before, "second"), "and the other way round"
    with now.store() as store:
        assert backup.check(store) == []


def test_the_desk_of_the_release_before_works_on(both: tuple[Server, Server]) -> None:
    before, now = both
    desk = before.at_desk()
    bearer = {"Authorization": f"Bearer {before.token}"}
    picture = requests.post(
        f"{before.url}/api/v1/pictures", {"alt": "A boat"}, files={"file": a_png()}, headers=bearer, timeout=10
    )
    assert picture.status_code == 201
    forms: list[tuple[str, dict[str, str]]] = [
        ("/desk/feeds/news/updates", {"body": "From the desk", "headline": "Desk"}),
        ("/desk/articles", {"slug": "quay", "headline": "Quay", "live": "1", "picture": picture.json()["id"]}),
        ("/desk/profile", {"display_name": "Bob B.", "job": "Reporter"}),
        ("/desk/feeds/quay/coverage", {"open": "0"}),
    ]
    for address, form in forms:
        sent = desk.post(before.url + address, form, allow_redirects=False, timeout=10)
        assert sent.status_code == 303, (address, sent.text)
    for address in ("/desk/", "/desk/feeds/news", "/desk/pictures", "/desk/profile"):
        assert desk.get(before.url + address, allow_redirects=False, timeout=10).status_code == 200, address
    assert "From the desk" in requests.get(f"{now.url}/feeds/news", timeout=10).text
    article = requests.get(f"{now.url}/articles/quay", timeout=10).text
    assert picture.json()["id"] in article
    assert "Traceback" not in before.log.read_text() + now.log.read_text()
    with now.store() as store:
        assert backup.check(store) == []


def test_a_worker_goes_on_with_the_templates_it_began_with(tmp_path: Path) -> None:
    """The files of the next release are in its folder for a while before it is told to end."""
    folder = tmp_path / "release"
    for part in ("feed", "templates", "static"):
        shutil.copytree(ROOT / part, folder / part)
    for file in ("app.py", "gunicorn.conf.py"):
        shutil.copy(ROOT / file, folder)
    server = Server(tmp_path, root=folder)
    server.prepare()
    try:
        server.start()
        for template in (folder / "templates").rglob("*.html"):
            template.write_text("{{ of_the_next_release.nothing_here }}")
        update = server.publish("One")
        server.api("PATCH", f"/api/v1/updates/{update['id']}", {"body": "Two", "revision": 1})
        for address in ("/", "/feeds/news", f"/updates/{update['id']}", f"/updates/{update['id']}/history"):
            answer = requests.get(server.url + address, timeout=10)
            assert answer.status_code == 200, address
            assert "Two" in answer.text
    finally:
        server.kill()
