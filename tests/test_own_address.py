"""The site's own address: no header of a request, not even through a proxy, changes the addresses that it writes."""

import http.client
import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import flask
import gunicorn.config
import pytest
import requests
import werkzeug

from tests.conftest import Site, site_in
from tests.server import Server, free_port, serving
from tests.waiting import eventually

EVIL = "evil.example"
VALUES = (f"//{EVIL}", EVIL, "https", "https, ssl", "on", "443")


def known_headers() -> list[str]:
    """All that gunicorn, Werkzeug, ProxyFix and Flask look for in a request, written in both ways; and their kin."""
    sources = [
        path.read_text() for package in (werkzeug, flask) for path in Path(str(package.__file__)).parent.rglob("*.py")
    ]
    names = {name for source in sources for name in re.findall(r"HTTP_([A-Z][A-Z_]+)", source)}
    defaults = gunicorn.config.Config().settings
    names |= {*defaults["forwarder_headers"].default.split(","), *defaults["secure_scheme_headers"].default}
    assert {"SCRIPT_NAME", "PATH_INFO", "X-FORWARDED-PROTO", "X_FORWARDED_PREFIX", "X_FORWARDED_HOST"} <= names
    names |= {
        "Forwarded", "X-Forwarded-Path", "X-Forwarded-Scheme", "X-Forwarded-Server", "X-Forwarded-Uri", "X-Host",
        "X-HTTP-Method-Override", "X-Original-Host", "X-Original-Url", "X-Rewrite-Url", "X-Script-Name", "X-Url-Scheme",
        "X-Real-Ip", "REMOTE_USER", "REMOTE_ADDR", "QUERY_STRING", "SERVER_NAME", "REQUEST_METHOD", "HTTP_HOST",
    }  # fmt: skip
    # Those that ask for something else, or for nothing: their answer may differ.
    other = r"(COOKIE|RANGE|IF|ACCEPT|CONNECTION|UPGRADE|TRANSFER|CONTENT|EXPECT|AUTHORIZATION|HOST\Z|ORIGIN\Z)"
    names = {name for name in names if not re.match(other, name)}
    return sorted(names | {name.replace("_", "-") for name in names})


Answer = tuple[int, list[tuple[str, str]], bytes]


def ask(port: int, path: str, headers: dict[str, str] | None = None) -> Answer:
    """The answer to that very path, which requests would tidy up first."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    sent = {"Host": f"127.0.0.1:{port}", **(headers or {})}
    connection.putrequest("GET", path, skip_host=True, skip_accept_encoding=True)
    for name, value in sent.items():
        connection.putheader(name, value)
    connection.endheaders()
    answer = connection.getresponse()
    body = answer.read()
    connection.close()
    varying = ("date", "server", "via", "connection", "transfer-encoding", "x-request-id")
    return answer.status, sorted(each for each in answer.getheaders() if each[0].lower() not in varying), body


def leads_away(answer: Answer) -> bool:
    """Whether the answer names the stranger's host as one."""
    _, headers, body = answer
    written = "\n".join(f"{name}: {value}" for name, value in headers).encode() + body
    return bool(re.search(rb"(//|\\|Host: |: )evil\.example", written))


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One server for this file, with something on every page."""
    with serving(tmp_path_factory.mktemp("address"), FEED_EMBED_ORIGINS="*", FEED_PROXIES="1") as running:
        fill(running)
        yield running


def fill(server: Server) -> None:
    """More updates than one page shows, and an article that is covered."""
    server.api("POST", "/api/v1/articles", {"slug": "harbour", "headline": "The harbour", "live": True})
    for number in range(25):
        server.publish(f"Number {number}")


def paths(server: Server) -> list[str]:
    """Every address of the site that can be read, and those that lead to one."""
    return [
        "/", "/articles/harbour", "/feeds/news", "/feeds/news/older", "/feeds/news/changes?after=0",
        "/feeds/news.atom", "/feeds/news.rss", "/feeds/news.json", "/sitemap.xml", "/news-sitemap.xml", "/robots.txt",
        "/updates/1", "/updates/1/history", "/embed/feeds/news", "/embed.js",
        f"/oembed?url={server.url}/feeds/news", "/api/v1/feeds/news/updates", "/api/v1/updates/1",
        "/api/v1/articles/harbour", "/static/x/css/page.css", "/authors/bob-brown",
        "/api/v1/feeds/news/points", "/api/v1/feeds/news/points/1",
        "/favicon.ico", "/apple-touch-icon.png", "/desk/sign-in", "/desk/", "/desk", "/nothing",
    ]  # fmt: skip


READ = ("/healthz", "/readyz", "/metrics")  # tell of the moment, and no address
SIGNED_IN = "/desk/"


def test_every_address_is_tried(site: Site, shared: Server) -> None:
    adapter = site.app.url_map.bind("")
    tried = set()
    for path in (*paths(shared), *READ):
        try:
            tried.add(adapter.match(path.partition("?")[0])[0])
        except werkzeug.exceptions.HTTPException:
            continue
    rules = {
        rule.endpoint: rule.rule
        for rule in site.app.url_map.iter_rules()
        if "GET" in (rule.methods or ()) and not rule.rule.startswith(SIGNED_IN)
    }
    missing = {rule for endpoint, rule in rules.items() if endpoint not in tried}
    assert missing <= {"/pictures/<picture_id>"}, "give them an example in paths()"


def hold(port: int, server: Server) -> None:
    """Holds a site to its own address, at that port of it or of a proxy."""
    headers = known_headers()
    for path in paths(server):
        clean = ask(port, path)
        assert not leads_away(clean), path
        for value in VALUES:
            everything = ask(port, path, dict.fromkeys(headers, value))
            assert everything == clean, (path, value)
        assert ask(port, path, {"SCRIPT_NAME": f"//{EVIL}"}) == clean, path
        for host in (EVIL, f"{EVIL}:80", f"user@{EVIL}", f"127.0.0.1:{port}.{EVIL}", "a b", ""):
            assert not leads_away(ask(port, path, {"Host": host})), (path, host)
        for before in (f"//{EVIL}", f"/\\{EVIL}", f"/%5C{EVIL}", f"/%2F{EVIL}"):
            for more in ({}, {"SCRIPT_NAME": before, "PATH_INFO": path}, {"Host": EVIL}):
                assert not leads_away(ask(port, before + path, more)), (before, path, more)
        assert ask(port, path) == clean, path


def test_no_header_and_no_host_is_written_back(shared: Server) -> None:
    hold(shared.port, shared)


def test_with_no_proxy_in_front_no_header_of_one_is_believed(tmp_path: Path) -> None:
    with serving(tmp_path, FEED_PROXIES="0", FEED_MAX_READERS_PER_ADDRESS="5") as server:
        fill(server)
        hold(server.port, server)


CADDY = """{{
  admin off
  auto_https off
}}
http://:{front} {{
  bind 127.0.0.1
  reverse_proxy 127.0.0.1:{back}
}}
"""
HAPROXY = """
defaults
  mode http
  timeout connect 5s
  timeout client 20s
  timeout server 20s
  option forwardfor
frontend front
  bind 127.0.0.1:{front}
  default_backend back
backend back
  server site 127.0.0.1:{back}
"""


@contextmanager
def proxy(folder: Path, name: str, back: int) -> Iterator[int]:
    """A reverse proxy in front of that port, as plain as its manual begins; gives its own port."""
    program = shutil.which(name, path="/usr/local/bin:/usr/bin:/usr/sbin:/usr/local/sbin:/opt/homebrew/bin")
    if program is None:
        pytest.skip(f"{name} is not installed: `make browser` installs it where apt has it")
    front, written = free_port(), folder / f"{name}.conf"
    written.write_text((CADDY if name == "caddy" else HAPROXY).format(front=front, back=back))
    how = ["run", "--adapter", "caddyfile", "--config"] if name == "caddy" else ["-db", "-f"]
    environ = {"HOME": str(folder), "XDG_DATA_HOME": str(folder), "XDG_CONFIG_HOME": str(folder)}
    with open(folder / f"{name}.log", "ab") as log:
        process = subprocess.Popen([program, *how, written], stdout=log, stderr=log, env=environ, cwd=folder)
    try:
        eventually(lambda: requests.get(f"http://127.0.0.1:{front}/healthz", timeout=2).ok, within=20)
        yield front
    finally:
        process.terminate()
        process.wait(20)


@pytest.mark.parametrize("name", ["caddy", "haproxy"])
def test_a_real_proxy_passes_no_stranger_s_address_on_to_everybody(shared: Server, tmp_path: Path, name: str) -> None:
    with proxy(tmp_path, name, shared.port) as front:
        hold(front, shared)


def test_a_slash_too_few_leads_to_a_path(site: Site) -> None:
    for host in (EVIL, "127.0.0.1:8000"):
        answer = site.charlie.get("/desk?next=/desk/profile", headers={"Host": host})
        assert (answer.status_code, answer.headers["Location"]) == (308, "/desk/?next=/desk/profile")


@pytest.mark.parametrize(
    ("origin", "host", "status"),
    [
        ("http://192.168.1.5:8000", "192.168.1.5:8000", 303),  # opened by number, in the services
        ("http://[fd00::5]:8000", "[fd00::5]:8000", 303),
        ("http://192.168.1.5:8000", "192.168.1.6:8000", 403),
        (f"http://{EVIL}", EVIL, 403),  # a name that leads here is not ours
        (f"http://{EVIL}:8000", f"{EVIL}:8000", 403),
        ("http://127.0.0.1:8000", EVIL, 303),  # the page was ours, whatever a proxy makes of Host
        ("null", "null", 403),
        ("http://[", "[", 403),
    ],
)
def test_a_form_comes_from_a_page_of_ours(site: Site, origin: str, host: str, status: int) -> None:
    body, here = {"body": "x"}, "http://127.0.0.1:8000"
    bob = site.at_desk()
    answer = bob.post(
        "/desk/feeds/news/updates", here, data=body, headers={"Origin": origin}, environ_overrides={"HTTP_HOST": host}
    )
    assert answer.status_code == status


def test_addresses_are_those_of_the_setting(tmp_path: Path) -> None:
    with site_in(tmp_path, FEED_PUBLIC_URL="https://news.example.org") as site:
        for number in range(3):
            site.publish(f"Number {number}")
        listed = site.charlie.get("/api/v1/feeds/news/updates?limit=2", headers={"Host": EVIL}).json
        assert urlsplit(listed["next"])[:2] == ("https", "news.example.org")
        assert listed["updates"][0]["url"] == "https://news.example.org/updates/3"


@pytest.mark.parametrize("accepts", ["", "gzip"])
@pytest.mark.parametrize("asked", ["bytes=0-9", "bytes=5-", "bytes=-5", "bytes=0-1,4-5", "bytes=9999999-", "x=1"])
@pytest.mark.parametrize("name", ["js/feed.js", "css/page.css", "logo.png"])
def test_a_file_is_sent_whole_whatever_part_was_asked_for(shared: Server, name: str, asked: str, accepts: str) -> None:
    page = requests.get(f"{shared.url}/", timeout=20).text
    found = re.search(r"/static/[0-9a-f]{16}/", page)
    assert found
    for folder in (found[0], "/static/0000000000000000/", found[0]):
        # A new query each time: one answer is made, the next comes from the cache.
        for path in (f"{folder}{name}?{asked}{accepts}", f"{folder}{name}"):
            status, headers, body = ask(shared.port, path, {"Range": asked, "Accept-Encoding": accepts})
            told = {key.lower(): value for key, value in headers}
            assert status == 200
            assert int(told["content-length"]) == len(body) > 20
            assert not told.keys() & {"content-range", "accept-ranges"}
