"""Only the site's account can read its files, whatever the umask of the process."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from feed import private
from feed.store import backup, pictures
from feed.store.database import Store
from tests.conftest import site_in
from tests.images import a_png
from tests.server import BIN, ROOT, Server


@pytest.fixture(params=[0o000, 0o022, 0o077], ids=oct)
def umask(request: pytest.FixtureRequest) -> Iterator[int]:
    before = os.umask(request.param)
    yield request.param
    os.umask(before)


def open_to_others(folder: Path) -> set[str]:
    """What in that folder another account could look into."""
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.lstat().st_mode & 0o077}


@pytest.mark.parametrize("umask", [0o000], ids=oct, indirect=True)  # whatever another umask lets through, this does too
def test_all_that_a_server_keeps_is_private(umask: int, tmp_path: Path) -> None:
    data = tmp_path / "new" / "data"
    running = Server(tmp_path, FEED_DATABASE=str(data / "feed.db"))
    try:
        running.flask("db", "upgrade")
        running.token = running.add_bob()
        running.start()
        running.publish("Something")
        made = {path.name for path in data.iterdir()}
        assert {"feed.db", "feed.db-wal", "feed.db-shm", "feed.db.lock", "secret.key"} <= made
        assert open_to_others(tmp_path / "new") == set()
        assert (tmp_path / "new").stat().st_mode & 0o777 == 0o700
    finally:
        running.stop()


def test_pictures_backups_and_what_is_restored_are_private(umask: int, tmp_path: Path) -> None:
    with site_in(tmp_path / "data") as site:
        store, media = site.services.store, site.services.settings.media
        private.tighten(store.path, media)  # the tests' database is a copy
        pictures.add(store, media, a_png(), {"alt": "A boat"}, None)
        backup.backup(store, media, tmp_path / "copies" / "monday" / "site.backup")
        for file in media.iterdir():
            file.unlink()
        media.rmdir()
        backup.restore(store, media, tmp_path / "copies" / "monday" / "site.backup")
        assert [file.suffix for file in media.iterdir()] != []
        assert open_to_others(tmp_path) - {"data"} == set()


def test_what_an_earlier_release_made_is_tightened_at_the_start(tmp_path: Path) -> None:
    data = tmp_path / "instance"
    with site_in(data) as site:
        pictures.add(site.services.store, site.services.settings.media, a_png(), {"alt": "A boat"}, None)
    for path in (data, *data.rglob("*")):
        path.chmod(0o755 if path.is_dir() else 0o644)
    assert open_to_others(tmp_path) > {"instance/feed.db", "instance/media", "instance/secret.key"}
    environ = {**os.environ, "FEED_DATABASE": str(data / "feed.db")}
    subprocess.run([BIN / "flask", "db", "upgrade"], cwd=ROOT, env=environ, check=True, capture_output=True)
    assert open_to_others(tmp_path) == set()


def test_a_folder_that_others_use_too_stays_as_it_is(tmp_path: Path) -> None:
    store = Store(tmp_path / "feed.db")
    store.write(lambda db: db.execute("CREATE TABLE t (x)").rowcount)
    store.close()
    (tmp_path / "of-others.txt").touch(0o644)
    (tmp_path / "feed.db-link").symlink_to(tmp_path / "of-others.txt")
    (tmp_path / "feed.db").chmod(0o666)
    tmp_path.chmod(0o755)
    private.tighten(tmp_path / "feed.db", tmp_path / "media")
    assert tmp_path.stat().st_mode & 0o777 == 0o755
    assert (tmp_path / "of-others.txt").stat().st_mode & 0o777 == 0o644
    assert (tmp_path / "feed.db").stat().st_mode & 0o777 == 0o600
    private.tighten(tmp_path / "nowhere" / "feed.db", tmp_path / "media")
    assert not (tmp_path / "nowhere").exists()
