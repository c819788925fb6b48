"""The file of a backup: whole or refused, whatever happened to it, and written while editors write."""

import hashlib
import io
import os
import resource
import signal
import subprocess
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest

from feed.picture import file_name
from feed.store import archive, backup, pictures
from feed.store.backup import NoBackup
from tests.conftest import Site
from tests.images import a_png
from tests.server import BIN, ROOT, Server
from tests.waiting import eventually


def contents(folder: Path) -> dict[str, str]:
    """The digest of each file there."""
    found = (each for each in folder.rglob("*") if each.is_file() and not each.name.endswith((".lock", "-shm")))
    return {str(each.relative_to(folder)): hashlib.sha256(each.read_bytes()).hexdigest() for each in found}


@pytest.fixture
def taken(site: Site, tmp_path: Path) -> Path:
    """A backup with an update and a picture."""
    site.publish("In the backup")
    pictures.add(site.services.store, site.services.settings.media, a_png(), {"alt": "A boat"}, None)
    path = tmp_path / "copies" / "site.backup"
    backup.backup(site.services.store, site.services.settings.media, path)
    return path


def restore(site: Site, path: Path) -> None:
    backup.restore(site.services.store, site.services.settings.media, path)


def test_one_file_holds_it_all_and_others_can_check_it(site: Site, taken: Path, tmp_path: Path) -> None:
    assert [each.name for each in taken.parent.iterdir()] == ["site.backup"]
    subprocess.run(["tar", "-xf", taken, "-C", tmp_path / "copies"], check=True)
    subprocess.run(["sha256sum", "--quiet", "-c", "SHA256SUMS"], cwd=tmp_path / "copies", check=True)
    media = site.services.settings.media
    assert contents(tmp_path / "copies" / "media") == contents(media)
    for each in media.iterdir():
        each.unlink()
    site.publish("Since")
    restore(site, taken)
    assert contents(media) == contents(tmp_path / "copies" / "media")
    assert [each["body"] for each in site.api("GET", "/api/v1/feeds/news/updates").json["updates"]] == ["In the backup"]


def cut(content: bytes, where: float) -> bytes:
    return content[: int(len(content) * where)]


def flipped(content: bytes, at: bytes) -> bytes:
    place = content.index(at) + len(at) // 2
    return content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :]


def rewritten(content: bytes, change: Callable[[tarfile.TarInfo], None]) -> bytes:
    """The archive with its members changed."""
    made = io.BytesIO()
    with tarfile.open(fileobj=io.BytesIO(content)) as old, tarfile.open(fileobj=made, mode="w") as new:
        for member in old:
            inside = old.extractfile(member)
            change(member)
            new.addfile(member, inside)
    return made.getvalue()


def named(before: str, after: str) -> Callable[[bytes], bytes]:
    """Gives another name to the members whose name begins so."""

    def change(member: tarfile.TarInfo) -> None:
        if member.name.startswith(before):
            member.name = after

    return lambda content: rewritten(content, change)


def linked(content: bytes) -> bytes:
    def change(member: tarfile.TarInfo) -> None:
        if member.name.startswith("media/"):
            member.type, member.linkname, member.size = tarfile.SYMTYPE, "/etc/passwd", 0

    return rewritten(content, change)


@pytest.mark.parametrize(
    "damage",
    [
        *(lambda content, where=where: cut(content, where) for where in (0.0, 0.2, 0.5, 0.9)),
        lambda content: content[:-10_240],
        lambda content: flipped(content, b"In the backup"),
        lambda content: flipped(content, b"IDAT"),
        lambda content: content[:512] + b"\0" * len(content[512:]),
        named("media/", "media/../../../evil.png"),
        named("media/", "media/.hidden"),
        named("media/", "/evil.png"),
        named("feed.db", "other.db"),
        named("media/", "feed.db"),
        linked,
        lambda content: b"junk" * 10_000,
    ],
)
def test_a_backup_that_is_not_whole_is_refused_and_nothing_changes(
    site: Site, taken: Path, tmp_path: Path, damage: Callable[[bytes], bytes]
) -> None:
    site.publish("Since")
    taken.write_bytes(damage(taken.read_bytes()))
    before = contents(tmp_path)
    with pytest.raises(NoBackup):
        restore(site, taken)
    assert contents(tmp_path) == before


def test_a_backup_without_its_pictures_is_refused_unless_they_are_here_or_not_wanted(
    site: Site, tmp_path: Path
) -> None:
    store, media = site.services.store, site.services.settings.media
    site.publish("In the backup")
    added = pictures.add(store, media, a_png(), {"alt": "A boat"}, None)
    live = store.connect()
    live.execute("VACUUM INTO ?", [str(tmp_path / "alone.backup")])
    live.close()
    site.publish("Since")
    lost = media / file_name(added.id, added.format)
    lost.rename(tmp_path / lost.name)
    before = contents(tmp_path)
    with pytest.raises(NoBackup, match=lost.name):
        restore(site, tmp_path / "alone.backup")
    assert contents(tmp_path) == before
    backup.restore(store, media, tmp_path / "alone.backup", without_pictures=True)
    (tmp_path / lost.name).rename(lost)
    restore(site, tmp_path / "alone.backup")


def test_a_restore_mends_a_picture_that_was_damaged_here(site: Site, taken: Path) -> None:
    before = contents(site.services.settings.media)
    for each in site.services.settings.media.iterdir():
        each.write_bytes(flipped(each.read_bytes(), b"IDAT"))
    restore(site, taken)
    assert contents(site.services.settings.media) == before


def test_a_backup_of_an_earlier_release_a_database_and_a_folder_can_be_restored(site: Site, tmp_path: Path) -> None:
    site.publish("In the backup")
    pictures.add(site.services.store, site.services.settings.media, a_png(), {"alt": "A boat"}, None)
    live = site.services.store.connect()
    live.execute("VACUUM INTO ?", [str(tmp_path / "old.backup")])
    live.close()
    site.services.settings.media.rename(tmp_path / "old.backup.media")
    site.publish("Since")
    restore(site, tmp_path / "old.backup")
    assert contents(site.services.settings.media) == contents(tmp_path / "old.backup.media")
    assert [each["body"] for each in site.api("GET", "/api/v1/feeds/news/updates").json["updates"]] == ["In the backup"]


def test_a_backup_of_a_damaged_database_is_none_and_the_last_one_stays(site: Site, taken: Path) -> None:
    before = taken.read_bytes()
    store = site.services.store
    for number in range(200):
        site.publish(f"Number {number} " + "text " * 100)
    store.write(lambda db: None)
    live = store.connect()
    live.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    live.close()
    with open(store.path, "r+b") as file:
        file.seek(4096 * 12)
        file.write(b"\xff" * 4096 * 4)
    with pytest.raises(NoBackup, match="damaged"):
        backup.backup(store, site.services.settings.media, taken)
    assert taken.read_bytes() == before
    assert [each.name for each in taken.parent.iterdir()] == ["site.backup"]


def test_of_dated_backups_the_latest_are_kept_and_other_files_stay(
    site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "nightly"
    folder.mkdir()
    for other in ("mine.backup", "feed-2020-01-01T00-00-00Z.backup.gz", "other-2020-01-01T00-00-00Z.backup"):
        (folder / other).touch()
    others = {each.name for each in folder.iterdir()}
    made = []
    for day in range(1, 5):
        monkeypatch.setattr("feed.times.now", lambda day=day: f"2026-11-0{day}T02:00:00.000Z")
        made.append(backup.backup_into(site.services.store, site.services.settings.media, folder, keep=2))
    assert {each.name for each in folder.iterdir()} - others == {each.name for each in made[-2:]}
    assert others <= {each.name for each in folder.iterdir()}
    assert made[-1].name == "feed-2026-11-04T02-00-00Z.backup"


def begun(server: Server, path: Path, most_bytes: int | None = None) -> "subprocess.Popen[str]":
    """Starts `flask db backup`. `most_bytes` is the largest file that it may write, as on a full disk."""

    def limit() -> None:
        if most_bytes:
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            resource.setrlimit(resource.RLIMIT_FSIZE, (most_bytes, most_bytes))

    command = [BIN / "flask", "db", "backup", str(path)]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    return subprocess.Popen(command, cwd=ROOT, env=server.environ, text=True, preexec_fn=limit, **pipes)


def test_while_editors_write_and_after_a_kill_or_a_full_disk_there_is_a_whole_backup_or_the_last_one(
    server: Server, tmp_path: Path
) -> None:
    media, path = tmp_path / "media", tmp_path / "copies" / "site.backup"
    media.mkdir(exist_ok=True)
    for number in range(40):
        (media / f"{number:016x}.png").write_bytes(os.urandom(1024 * 1024))
    published = [server.publish("First")["id"]]
    done = begun(server, path)
    while done.poll() is None:
        published.append(server.publish(f"Meanwhile {len(published)}")["id"])
    assert done.communicate() == (f"backed up to {path}\n", "")
    (tmp_path / "out").mkdir()
    archive.extract(path, tmp_path / "out")
    assert contents(tmp_path / "out" / "media") == contents(media)
    before = path.read_bytes()

    killed = begun(server, path)
    eventually(lambda: any(".unfinished" in each.name for each in path.parent.iterdir()))
    killed.kill()
    killed.communicate()
    assert path.read_bytes() == before

    full = begun(server, path, most_bytes=20 * 1024 * 1024)
    out, err = full.communicate()
    assert (full.returncode, out) == (1, "")
    assert "File too large" in err
    assert "Traceback" not in err
    assert path.read_bytes() == before

    again = begun(server, path)
    assert again.communicate()[1] == ""
    assert [each.name for each in path.parent.iterdir()] == ["site.backup"]
    with server.store() as store:
        backup.restore(store, media, path)
    assert {each["id"] for each in server.api("GET", "/api/v1/feeds/news/updates?limit=100")["updates"]} <= set(
        published
    )
