"""The command line, as operators and scripts use it: its output, and that it never prints a stack trace."""

import os
import subprocess
from pathlib import Path

import pytest
from click.testing import Result

from app import create_app
from feed.store import feeds, restoring
from feed.store.database import Store
from tests.conftest import PASSWORD
from tests.server import BIN, ROOT


class Shell:
    """Runs `flask …` on a database of its own; in this process where that shows the same, as a new one takes most of
    a second."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.environ = {"FEED_DATABASE": str(folder / "feed.db")}

    def run(self, *words: str, line: str = "") -> subprocess.CompletedProcess[str]:
        """The command in a process of its own, as it ended."""
        environ = {**os.environ, **self.environ}
        return subprocess.run(
            [BIN / "flask", *words], cwd=ROOT, env=environ, input=f"{line}\n", capture_output=True, text=True
        )

    def out(self, *words: str, line: str = "") -> str:
        """What a command printed that must succeed."""
        done = self._here(words, line.encode(), self.environ)
        assert (done.exit_code, done.stderr) == (0, ""), done.exception
        return done.stdout

    def refusal(self, *words: str, line: bytes = b"", **environ: str) -> str:
        """What a command said that must fail, and print nothing that a script could take for an answer."""
        done = self._here(words, line, {**self.environ, **environ})
        assert isinstance(done.exception, SystemExit), f"{words}: {done.exception!r}"
        assert done.exit_code != 0
        assert done.stdout == ""
        return done.stderr

    def _here(self, words: tuple[str, ...], line: bytes, environ: dict[str, str]) -> Result:
        app = create_app(environ)
        done = app.test_cli_runner().invoke(args=words, input=line + b"\n")
        app.extensions["liveline"].store.close()
        return done


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    return Shell(tmp_path)


def test_an_editor_and_a_token_in_three_commands(shell: Shell) -> None:
    assert "applied articles_feeds_updates" in shell.out("db", "upgrade")
    added = shell.run("editor", "add", "bob", "--role", "admin", line=PASSWORD)
    assert (added.returncode, added.stdout, added.stderr) == (0, "added bob (admin)\n", "")
    printed = shell.run("token", "add", "bob").stdout
    assert printed.startswith("liveline_")
    assert printed.split() == [printed.removesuffix("\n")], "the token alone, for a script to take"


def test_tokens_end_by_their_name(shell: Shell) -> None:
    shell.out("db", "upgrade")
    shell.out("editor", "add", "bob", line=PASSWORD)
    assert shell.out("token", "add", "bob", "--name", "ci", "--days", "2") != shell.out("token", "add", "bob")
    assert shell.out("token", "revoke", "bob", "--name", "ci") == "revoked 1\n1 tokens of bob still work: api\n"
    assert shell.out("token", "revoke", "bob", "--name", "ci") == "revoked 0\n1 tokens of bob still work: api\n"
    shell.out("token", "add", "bob", "--name", "laptop")
    assert shell.out("token", "revoke", "bob") == "revoked 2\n"
    lines = [line.split("\t") for line in shell.out("token", "list", "bob").splitlines()]
    assert [line[:2] for line in lines] == [["bob", "ci"], ["bob", "api"], ["bob", "laptop"]]
    assert all(line[3].startswith("revoked ") for line in lines)


def test_a_backup_is_taken_and_restored(shell: Shell, tmp_path: Path) -> None:
    shell.out("db", "upgrade")
    assert shell.out("db", "upgrade") == "up to date\n"
    shell.out("editor", "add", "bob", line=PASSWORD)
    copy = tmp_path / "copies" / "site.backup"
    assert shell.out("db", "backup", str(copy)) == f"backed up to {copy}\n"
    shell.out("editor", "add", "eve", line=PASSWORD)
    assert shell.out("db", "restore", str(copy)) == f"restored from {copy}\n"
    assert "no editor eve" in shell.refusal("token", "add", "eve")
    assert shell.out("token", "add", "bob")
    assert shell.out("db", "check").startswith("all is well\n")


def test_pages_of_a_database_that_was_put_here_by_other_means_can_be_told_to_reload(
    shell: Shell, tmp_path: Path
) -> None:
    shell.out("db", "upgrade")
    store = Store(tmp_path / "feed.db")

    def news() -> feeds.Feed:
        with store.read() as db:
            return feeds.get(db, "news")

    before = news()
    assert shell.out("db", "adopt") == "1 feeds begin anew; open pages reload\n"
    assert (news().epoch != before.epoch, news().version > before.version) == (True, True)
    store.close()


def test_a_damaged_database_is_moved_away_and_the_backup_restored(shell: Shell, tmp_path: Path) -> None:
    shell.out("db", "upgrade")
    shell.out("editor", "add", "bob", line=PASSWORD)
    copy, live = tmp_path / "site.backup", tmp_path / "feed.db"
    shell.out("db", "backup", str(copy))
    live.write_bytes(b"junk" * 5000)
    refusal = shell.refusal("db", "restore", str(copy))
    assert f"{live} is damaged" in refusal
    assert "move that file away with its -wal and -shm, then restore again" in refusal
    assert live.read_bytes() == b"junk" * 5000
    for file in tmp_path.glob("feed.db*"):
        file.unlink()
    shell.out("db", "restore", str(copy))
    assert shell.out("token", "add", "bob")


def test_the_sample_is_loaded_into_an_empty_site_only(shell: Shell) -> None:
    assert shell.out("demo", "load") == "loaded the sample stories\n"
    assert "nothing was loaded" in shell.out("demo", "load")
    assert shell.out("db", "check").startswith("all is well\n")


def test_a_database_that_is_not_ready_is_said_in_a_sentence(shell: Shell, tmp_path: Path) -> None:
    for words in (["db", "check"], ["editor", "add", "bob"], ["token", "add", "bob"]):
        assert "Run `flask db upgrade` first" in shell.refusal(*words, line=PASSWORD.encode())
    elsewhere = str(tmp_path / "elsewhere" / "feed.db")
    copy = tmp_path / "site.backup"
    assert elsewhere in shell.refusal("db", "backup", str(copy), FEED_DATABASE=elsewhere)
    assert not copy.exists(), "a backup of nothing would look like one"
    (tmp_path / "junk.db").write_bytes(b"junk" * 1000)
    for words in (["db", "check"], ["db", "repair"], ["db", "upgrade"], ["start"]):
        assert "not a database" in shell.refusal(*words, FEED_DATABASE=str(tmp_path / "junk.db"))


def test_a_database_that_others_use_is_said_in_a_sentence(shell: Shell, tmp_path: Path) -> None:
    shell.out("db", "upgrade")
    store = Store(tmp_path / "feed.db")
    db = store.connect()
    with restoring.locked(store.path):
        restoring.begin(db)
        refusal = shell.refusal("editor", "add", "bob", line=PASSWORD.encode())
    assert "being restored from a backup. Try again when that is over." in refusal
    db.close()
    assert shell.out("editor", "add", "bob", line=PASSWORD) == "added bob (editor)\n", "nobody restores any more"
    store.close()


def test_bad_input_is_refused_in_a_sentence(shell: Shell, tmp_path: Path) -> None:
    shell.out("db", "upgrade")
    shell.out("editor", "add", "bob", line=PASSWORD)
    word = PASSWORD.encode()
    assert "An editor of this name exists" in shell.refusal("editor", "add", "bob", line=word)
    assert "15 to 200 characters" in shell.refusal("editor", "add", "eve", line=b"short")
    assert "15 to 200 characters" in shell.refusal("editor", "add", "eve", line=b"")
    assert "not UTF-8" in shell.refusal("editor", "add", "eve", line=b"\xff\xfe" + word)
    assert "small letters" in shell.refusal("editor", "add", "Eve Adams", line=word)
    assert "half a character" in shell.refusal("editor", "add", "\udcffeve", line=word)
    assert "'chief' is not one of" in shell.refusal("editor", "add", "eve", "--role", "chief", line=word)
    assert "there is no editor nobody" in shell.refusal("token", "add", "nobody")
    assert "not UTF-8" in shell.refusal("token", "add", "\udcffbob")
    assert "there is no editor nobody" in shell.refusal("token", "revoke", "nobody")
    assert "0 is not in the range" in shell.refusal("token", "add", "bob", "--days", "0")
    assert "is no file" in shell.refusal("db", "restore", str(tmp_path / "missing"))
    (tmp_path / "empty").touch()
    assert "Nothing was changed" in shell.refusal("db", "restore", str(tmp_path / "empty"))
    assert "File exists" in shell.refusal("db", "backup", str(tmp_path / "empty" / "copy"))
    assert "cannot be reached" in shell.refusal("demo", "replay", "--url", "http://127.0.0.1:9", "--token", "x")
    assert shell.out("db", "check").startswith("all is well\n")


def test_a_bad_setting_stops_every_command(shell: Shell) -> None:
    shell.environ["FEED_TIMEZONE"] = "Mars"
    done = shell.run("db", "upgrade")
    assert (done.returncode, done.stdout) == (1, "")
    assert (
        done.stderr
        == "FEED_TIMEZONE='Mars' cannot be used: write a name of the time zone database, like Europe/Berlin\n"
    )
    assert not list(shell.folder.glob("*.db"))


def test_check_fails_when_a_promise_is_broken(shell: Shell) -> None:
    shell.out("demo", "load")
    store = Store(shell.folder / "feed.db")
    store.write(lambda db: db.execute("UPDATE feeds SET version = 0"))
    store.close()
    done = shell.run("db", "check")
    assert done.returncode == 1
    assert "feed news is behind its own updates" in done.stdout


def test_only_the_hash_of_a_password_is_kept(shell: Shell) -> None:
    shell.out("db", "upgrade")
    shell.out("editor", "add", "bob", line=PASSWORD)
    files = [path.read_bytes() for path in shell.folder.iterdir() if path.is_file()]
    assert any(b"$argon2id$" in content for content in files)
    assert not any(PASSWORD.encode() in content for content in files)
