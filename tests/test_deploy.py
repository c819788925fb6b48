"""The files in deploy/ work as they are, but for addresses and paths, which tests put in."""

import getpass
import os
import re
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
import requests
from websocket import WebSocket, WebSocketBadStatusException, create_connection

from feed import settings
from tests import processes
from tests.broker import SECRET, Broker, brokering
from tests.reader import OpenPage, Reader
from tests.server import BIN, PASSWORD, ROOT, Server, free_port, serving
from tests.waiting import eventually

DEPLOY = ROOT / "deploy"
NGINX = shutil.which("nginx", path="/usr/sbin:/usr/bin:/usr/local/sbin:/usr/local/bin")
needs_caddy = pytest.mark.skipif(not shutil.which("caddy"), reason="Caddy is not installed (Debian: apt install caddy)")
needs_nginx = pytest.mark.skipif(not NGINX, reason="nginx is not installed (Debian: apt install nginx)")


def test_every_setting_that_is_named_exists() -> None:
    files = [each for each in DEPLOY.rglob("*") if each.is_file()]
    named = {name for each in files for name in re.findall(r"FEED_[A-Z_]+", each.read_text())}
    assert "FEED_PROXIES" in named, "this test reads nothing"
    assert named - {each.name for each in settings.TABLE} == set()


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="there is no systemd here")
def test_systemd_understands_the_units(tmp_path: Path) -> None:
    for unit in (DEPLOY / "systemd").iterdir():
        text = unit.read_text().replace("/srv/liveline/.venv/bin", str(BIN))  # it looks whether these can be run
        (tmp_path / unit.name).write_text(text)
    units = sorted(each for each in tmp_path.iterdir() if each.suffix in (".service", ".timer"))
    done = subprocess.run(["systemd-analyze", "verify", *units], capture_output=True, text=True)
    ours = [line for line in done.stderr.splitlines() if "liveline" in line]
    assert (len(units), ours) == (4, [])


@needs_caddy
def test_caddy_understands_its_file(tmp_path: Path) -> None:
    file = DEPLOY / "caddy" / "Caddyfile"
    command = ["caddy", "validate", "--adapter", "caddyfile", "--config", file]
    done = subprocess.run(command, capture_output=True, text=True, env=at_home(tmp_path))
    assert done.returncode == 0, done.stderr


def at_home(folder: Path) -> dict[str, str]:
    """The environment of a program that keeps its files in that folder."""
    return {**os.environ, "HOME": str(folder), "XDG_DATA_HOME": str(folder), "XDG_CONFIG_HOME": str(folder)}


def test_the_image_has_what_the_application_needs_and_runs_without_rights() -> None:
    """No container engine runs where these tests do; the steps are those of an installation by hand."""
    lines = (DEPLOY / "docker" / "Dockerfile").read_text().splitlines()
    allowed = (DEPLOY / "docker" / "Dockerfile.dockerignore").read_text().splitlines()
    copied = {name for line in lines if line.startswith("COPY ") and "--from" not in line
              for name in line.split()[1:-1] if not name.startswith("--")}  # fmt: skip
    assert {f"!{name}" for name in copied} <= set(allowed)
    assert {name for name in copied if not (ROOT / name).exists()} == set()
    assert {"app.py", "feed", "static", "templates", "gunicorn.conf.py"} <= copied
    assert "USER 10001" in lines
    for name in ("start", "healthy"):
        assert os.access(DEPLOY / "docker" / name, os.X_OK)


@dataclass
class Front:
    """nginx with the set-up of deploy/, without TLS, before a writer and two nodes."""

    url: str
    caddy_port: int
    writer: Server
    nodes: list[Server]
    broker: Broker


def configured(folder: Path, port: int, writer: Server, nodes: list[Server]) -> str:
    """The file of deploy/, with the addresses and paths of this test."""
    text = (DEPLOY / "nginx" / "nginx.conf").read_text()
    swaps = {
        "user www-data;": f"user {getpass.getuser()}; daemon off;",
        "worker_processes auto": "worker_processes 1",
        "/run/nginx.pid": str(folder / "pid"),
        "/var/log/nginx": str(folder),
        "/var/cache/nginx": str(folder),
        "10.0.0.4:8000": f"127.0.0.1:{writer.port}",
        "10.0.0.11:8000": f"127.0.0.1:{nodes[0].port}",
        "10.0.0.12:8000": f"127.0.0.1:{nodes[1].port}",
        "listen 80;": f"listen 127.0.0.1:{free_port()};",
        "listen 443 ssl http2;": f"listen 127.0.0.1:{port};",
        "rate=30r/s": "rate=1000r/s",
    }
    for before, after in swaps.items():
        assert before in text
        text = text.replace(before, after)
    kinds = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    temporary = "".join(f"{kind}_temp_path {folder}/{kind};" for kind in kinds)
    return re.sub(r"^ *ssl_certificate.*$", "", text, flags=re.M).replace("http {", f"http {{ {temporary}", 1)


@contextmanager
def nginx(folder: Path, text: str, url: str) -> Iterator[None]:
    """nginx with that configuration."""
    (folder / "nginx.conf").write_text(text)
    command = [str(NGINX), "-p", str(folder), "-c", "nginx.conf", "-e", str(folder / "early.log")]
    with open(folder / "out.log", "wb") as log:
        running = processes.start(*command, stdout=log, stderr=log)
    try:
        eventually(lambda: requests.get(f"{url}/feeds/news", timeout=5).ok)
        yield
    finally:
        running.terminate()
        running.wait()


@pytest.fixture(scope="module")
def front(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Front]:
    folder = tmp_path_factory.mktemp("front")
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    with brokering(folder) as broker, ExitStack() as running:
        shared = {"FEED_BROKER": broker.url, "FEED_SECRET_KEY": SECRET, "FEED_PUBLIC_URL": url, "FEED_PROXIES": "1"}
        shared["FEED_ORIGINS"] = f"http://127.0.0.1:{(caddy_port := free_port())}"
        writer = running.enter_context(serving(folder, **shared, FEED_MAX_READERS_PER_ADDRESS="8"))
        nodes = []
        for name in ("a", "b"):
            (folder / name).mkdir()
            own = {**shared, "FEED_ROLE": "reader", "FEED_WRITER_URL": writer.url, "FEED_MAX_READERS_PER_ADDRESS": "8"}
            nodes.append(Server(folder / name, **own))
            running.callback(nodes[-1].kill)
            nodes[-1].start()
        (folder / "nginx").mkdir()
        running.enter_context(nginx(folder / "nginx", configured(folder / "nginx", port, writer, nodes), url))
        yield Front(url, caddy_port, writer, nodes, broker)


def is_current(reader: Reader, writer: Server) -> bool:
    """Whether that page is as one that the writer makes now."""
    html = requests.get(f"{writer.url}/feeds/{reader.page.feed}", timeout=10).text
    fresh = OpenPage(reader.page.feed, html, lambda path: (path, None))
    same = (reader.page.epoch, reader.page.version) == (fresh.epoch, fresh.version)
    return same and reader.page.shown[: len(fresh.shown)] == fresh.shown  # what was pushed is not taken off at the end


@needs_nginx
def test_nobody_notices_when_everything_is_reloaded_while_editors_publish(front: Front) -> None:
    """The drill: HUP at the writer and at both nodes, in turn."""
    readers = [Reader(front.url, "news") for _ in range(6)]
    for each in readers:
        eventually(lambda each=each: each.following)
    answers: list[int] = []
    over = threading.Event()

    def look() -> None:
        while not over.is_set():
            for path in ("/feeds/news", "/", "/feeds/news/changes?after=0", "/feeds/news.json"):
                answers.append(requests.get(front.url + path, timeout=30).status_code)

    looking = threading.Thread(target=look)
    looking.start()
    headers = {"Authorization": f"Bearer {front.writer.token}"}
    published, reloaded = 0, 0
    everywhere = [*front.nodes, front.writer]
    before = [set(each.workers()) for each in everywhere]
    while reloaded < len(everywhere) or any(set(s.workers()) & b for s, b in zip(everywhere, before, strict=True)):
        if published % 5 == 0 and reloaded < len(everywhere):
            os.kill(everywhere[reloaded].pid, signal.SIGHUP)
            reloaded += 1
        sent = {"body": f"Number {published}"}
        answer = requests.post(f"{front.url}/api/v1/feeds/news/updates", json=sent, headers=headers, timeout=30)
        answers.append(answer.status_code)
        published += 1
    over.set()
    looking.join()
    assert set(answers) == {200, 201}
    for each in readers:
        eventually(lambda each=each: each.page.version >= front.writer.version() and is_current(each, front.writer))
        assert each.page.reloads == 0
        each.close()


@needs_nginx
def test_pages_are_kept_for_a_moment_and_what_is_for_one_person_never(front: Front) -> None:
    gone = front.writer.publish("Soon retracted")
    eventually(lambda: "Soon retracted" in requests.get(f"{front.url}/feeds/news", timeout=5).text)
    front.writer.api("DELETE", f"/api/v1/updates/{gone['id']}")
    eventually(lambda: "Soon retracted" not in requests.get(f"{front.url}/feeds/news", timeout=5).text, within=3)
    desk = requests.Session()
    desk.headers.update({"Origin": front.url, "Sec-Fetch-Site": "same-origin"})
    form = {"name": "bob", "password": PASSWORD}
    assert desk.post(f"{front.url}/desk/sign-in", form, timeout=10).ok
    assert "Bob Brown" in desk.get(f"{front.url}/desk/", timeout=10).text
    assert "Bob Brown" not in requests.get(f"{front.url}/desk/", timeout=10).text
    is_a_good_proxy(front.url)
    log = (Path(front.writer.log).parent / "nginx" / "access.log").read_text()
    assert "127.0.0.1" not in log


@needs_nginx
def test_a_guesser_is_slowed_and_an_address_is_the_clients_whatever_it_claims(front: Front) -> None:
    form = {"name": "bob", "password": "wrong password"}
    claim = {"Origin": front.url, "Sec-Fetch-Site": "same-origin", "X-Forwarded-For": "10.1.2.3"}
    asked = [requests.post(f"{front.url}/desk/sign-in", form, headers=claim, timeout=10).status_code for _ in range(25)]
    assert asked[-1] == 429
    eventually(lambda: sockets_of(*front.nodes) == 0)
    sockets = []
    try:
        for _ in range(16):  # FEED_MAX_READERS_PER_ADDRESS at each of two nodes
            sockets.append(upgraded(front.url))
        with pytest.raises(WebSocketBadStatusException, match="503"):
            upgraded(front.url)
    finally:
        for each in sockets:
            each.close()


@needs_nginx
def test_a_crowd_that_polls_without_the_broker_is_one_request_a_second_at_the_writer(front: Front) -> None:
    path = f"/feeds/news/changes?after={front.writer.version()}&epoch=another"
    requests.get(front.url + path, timeout=10)
    front.broker.freeze()
    try:
        for node in front.nodes:
            eventually(lambda node=node: requests.get(node.url + path, timeout=10).status_code == 503)
        before, begun = asked_at(front.writer), time.monotonic()
        assert {requests.get(front.url + path, timeout=10).status_code for _ in range(40)} == {200}
        assert 1 <= asked_at(front.writer) - before <= time.monotonic() - begun + 2
    finally:
        front.broker.thaw()
    for node in front.nodes:
        eventually(lambda node=node: requests.get(node.url + path, timeout=10).ok, within=20)


def asked_at(server: Server) -> float:
    """How many catch-ups it has answered."""
    text = requests.get(f"{server.url}/metrics", timeout=10).text
    return sum(float(number) for number in re.findall(r"^liveline_catch_ups_total.* (.*)$", text, re.M))


@needs_nginx  # for the writer behind it
@needs_caddy
def test_caddy_passes_on_sockets_and_no_claims(front: Front, tmp_path: Path) -> None:
    url = f"http://127.0.0.1:{front.caddy_port}"
    text = (DEPLOY / "caddy" / "Caddyfile").read_text()
    swaps = {"news.example.org": f"{{\n\tadmin off\n}}\n{url}", "127.0.0.1:8000": f"127.0.0.1:{front.writer.port}"}
    for before, after in swaps.items():
        assert before in text
        text = text.replace(before, after)
    file = tmp_path / "Caddyfile"
    file.write_text(text)
    with open(tmp_path / "caddy.log", "wb") as log:
        command = ("caddy", "run", "--adapter", "caddyfile", "--config", file)
        caddy = processes.start(*command, stdout=log, stderr=log, env=at_home(tmp_path))
    try:
        eventually(lambda: requests.get(f"{url}/feeds/news", timeout=5).ok)
        is_a_good_proxy(url)
        reader = Reader(url, "news")
        eventually(lambda: reader.following)
        front.writer.publish("Through Caddy")
        eventually(lambda: any("Through Caddy" in item for item in reader.page.shown))
        reader.close()
        eventually(lambda: sockets_of(front.writer) == 0)
        with ExitStack() as sockets:
            for _ in range(8):  # FEED_MAX_READERS_PER_ADDRESS, whatever addresses they claim
                sockets.callback(upgraded(url).close)
            with pytest.raises(WebSocketBadStatusException, match="503"):
                upgraded(url)
    finally:
        caddy.terminate()
        caddy.wait()


def is_a_good_proxy(url: str) -> None:
    """Checks that what is for operators is not found there, and that a client cannot choose the id of its request."""
    for path in ("/metrics", "/readyz", "/healthz"):
        assert requests.get(url + path, timeout=10).status_code == 404
    answer = requests.get(f"{url}/api/v1/updates/1", headers={"X-Request-ID": "chosen"}, timeout=10)
    assert answer.headers["X-Request-ID"] != "chosen"
    assert answer.headers["Strict-Transport-Security"] == "max-age=31536000"


def sockets_of(*servers: Server) -> float:
    """How many are open there."""
    texts = [requests.get(f"{each.url}/metrics", timeout=10).text for each in servers]
    return sum(float(number) for text in texts for number in re.findall(r"^liveline_worker_sockets (.*)$", text, re.M))


def upgraded(url: str) -> WebSocket:
    """An open socket, whose client claims to be elsewhere."""
    address = url.replace("http", "ws") + "/socket.io/?EIO=4&transport=websocket"
    return create_connection(address, timeout=10, header=["X-Forwarded-For: 10.9.8.7"], suppress_origin=True)
