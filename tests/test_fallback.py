"""Where the transport cannot be used, Flask-SocketIO's stock driver does the same, and the log says so."""

import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from feed.live.direct.libraries import FITS
from tests.conftest import Site
from tests.reader import Reader
from tests.server import BIN, ROOT, Server
from tests.waiting import eventually


def test_the_transport_fits_the_releases_that_are_installed() -> None:
    """Otherwise a pin that moves on would silently choose the slow driver."""
    pinned = dict(re.findall(r"^([\w-]+)(?:\[\w+\])?==([\w.]+)", (ROOT / "requirements.txt").read_text(), re.M))
    found = {name.lower(): number for name, number in FITS.items()}
    assert found == {name: pinned[name] for name in found}


@contextmanager
def running(folder: Path, *command: str | Path, **settings: str) -> Iterator[Server]:
    """A server started in another way than usual."""
    server = Server(folder, **settings)
    if "FEED_PUBLIC_URL" in settings:
        server.url = settings["FEED_PUBLIC_URL"].replace("PORT", str(server.port))
        server.environ["FEED_PUBLIC_URL"] = server.url
    server.prepare()
    server.start(*(str(word).replace("PORT", str(server.port)) for word in command))
    yield server
    server.kill()


def serves(server: Server) -> None:
    """A reader gets what is published and edited."""
    reader = Reader(server.url)
    eventually(lambda: reader.following)
    update = server.publish("First")
    server.api("PATCH", f"/api/v1/updates/{update['id']}", {"body": "First, corrected", "revision": 1})
    server.publish("Second")
    eventually(lambda: reader.sees("Second", "First, corrected"))
    assert [version for each in reader.envelopes for version in range(each["after"], each["version"])] == [0, 1, 2]
    reader.close()
    assert "Traceback" not in server.log.read_text()


def test_tls_inside_gunicorn(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", "-subj", "/CN=127.0.0.1"),
            *("-addext", "subjectAltName=IP:127.0.0.1", "-keyout", key, "-out", certificate),
        ],
        check=True,
        capture_output=True,
    )
    for client in ("REQUESTS_CA_BUNDLE", "WEBSOCKET_CLIENT_CA_BUNDLE"):
        monkeypatch.setenv(client, str(certificate))
    tls = {
        "GUNICORN_CMD_ARGS": f"--keyfile {key} --certfile {certificate}",
        "FEED_PUBLIC_URL": "https://127.0.0.1:PORT",
    }
    with running(tmp_path, **tls) as server:
        assert "the stock driver serves" in server.log.read_text()
        serves(server)


def test_libraries_of_other_versions(tmp_path: Path) -> None:
    other = tmp_path / "other" / "python_engineio-4.99.0.dist-info"
    other.mkdir(parents=True)
    (other / "METADATA").write_text("Metadata-Version: 2.1\nName: python-engineio\nVersion: 4.99.0\n")
    with running(tmp_path, PYTHONPATH=str(other.parent)) as server:
        said = "python-engineio is 4.99.0, the transport was made for 4.15.1: the stock driver serves"
        assert said in server.log.read_text()
        serves(server)


def test_flask_run(tmp_path: Path) -> None:
    with running(tmp_path, BIN / "flask", "run", "--port", "PORT") as server:
        serves(server)


def test_the_test_client(site: Site) -> None:
    client = site.services.channel.socketio.test_client(site.app)
    followed = client.emit("follow", {"feed": "news"}, callback=True)
    assert followed["version"] == 0
    update = site.publish("First")
    pushed = eventually(lambda: client.get_received())
    assert [(each["name"], each["args"][0]["version"]) for each in pushed] == [("updated", update.version)]
    client.disconnect()
