"""Every setting in the table works, and a bad value stops the start with its name and what to write."""

import stat
from concurrent.futures import ThreadPoolExecutor
from dataclasses import fields
from pathlib import Path

import pytest
from werkzeug.test import EnvironBuilder

from app import create_app
from feed import settings
from feed.settings import BadSetting, load

URL = "like https://news.example.org"
HUB = "like https://hub.example.org/publish"
BAD = [
    ("FEED_PUBLIC_URL", "news.example.org", URL),
    ("FEED_PUBLIC_URL", "ftp://news.example.org", URL),
    ("FEED_PUBLIC_URL", "https://news.example.org/blog", URL),
    ("FEED_PUBLIC_URL", "https://news.example.org?x=1", URL),
    ("FEED_PUBLIC_URL", "https://news.example.org#x", URL),
    ("FEED_PUBLIC_URL", "https://me@news.example.org", URL),
    ("FEED_PUBLIC_URL", "https://", URL),
    ("FEED_PUBLIC_URL", "https://a b", URL),
    ("FEED_PUBLIC_URL", "http://[::1", URL),
    ("FEED_PUBLIC_URL", "http://host:99999", URL),
    ("FEED_PUBLIC_URL", "http://host:port", URL),
    ("FEED_PUBLIC_URL", "https://nachrichten.köln", URL),
    ("FEED_ORIGINS", "https://a.example, b.example", URL),
    ("FEED_ORIGINS", "*", URL),
    ("FEED_EMBED_ORIGINS", "example.org", "or * for any"),
    ("FEED_EMBED_ORIGINS", "https://*", "or * for any"),
    ("FEED_EMBED_ORIGINS", "https://a.*.org", "or * for any"),
    ("FEED_EMBED_ORIGINS", "https://*.org", "or * for any"),
    ("FEED_EMBED_ORIGINS", "https://*.127.0.0.1", "or * for any"),
    ("FEED_EMBED_ORIGINS", "https://*.[::1]", "or * for any"),
    ("FEED_EMBED_ORIGINS", "https://a.example; script-src *", "or * for any"),
    ("FEED_EMBED_ORIGINS", "'self'", "or * for any"),
    ("FEED_MASTODON_HOSTS", "https://mastodon.social", "or none"),
    ("FEED_MASTODON_HOSTS", "mastodon.social:443", "or none"),
    ("FEED_MASTODON_HOSTS", "mastodon.social/@a", "or none"),
    ("FEED_MASTODON_HOSTS", "mastodon.social.", "or none"),
    ("FEED_MASTODON_HOSTS", "*.social", "or none"),
    ("FEED_MASTODON_HOSTS", "*", "or none"),
    ("FEED_MASTODON_HOSTS", "social", "or none"),
    ("FEED_MASTODON_HOSTS", "127.0.0.1", "or none"),
    ("FEED_MASTODON_HOSTS", "köln.social", "or none"),
    ("FEED_MASTODON_HOSTS", "a.example; script-src *", "or none"),
    ("FEED_MASTODON_HOSTS", "a.example none", "or none"),
    ("FEED_SECRET_KEY", "short", "at least 32 characters"),
    ("FEED_TIMEZONE", "Mars/Olympus", "like Europe/Berlin"),
    ("FEED_TIMEZONE", "../../etc/passwd", "like Europe/Berlin"),
    ("FEED_TIMEZONE", "Europe", "like Europe/Berlin"),
    ("FEED_LANGUAGE", "english", "like en, uk or pt-BR"),
    ("FEED_LANGUAGE", "en_GB", "like en, uk or pt-BR"),
    ("FEED_LANGUAGE", "xx", "like en, uk or pt-BR"),
    ("FEED_SITE_NAME", "   ", "1 to 80 characters"),
    ("FEED_SITE_NAME", "x" * 81, "1 to 80 characters"),
    ("FEED_MAX_READERS", "0", "from 1 up"),
    ("FEED_MAX_READERS", "many", "from 1 up"),
    ("FEED_MAX_READERS", "-5", "from 1 up"),
    ("FEED_MAX_READERS", "1e3", "from 1 up"),
    ("FEED_MAX_READERS", "1.5", "from 1 up"),
    ("FEED_MAX_READERS_PER_ADDRESS", "0", "from 1 up"),
    ("FEED_PROXIES", "-1", "from 0 up"),
    ("FEED_PROXIES", "yes", "from 0 up"),
    ("FEED_HUB", "hub.example.org", HUB),
    ("FEED_HUB", "ftp://hub.example.org/", HUB),
    ("FEED_HUB", "https:///publish", HUB),
    ("FEED_HUB", "https://me:pass@hub.example.org/", HUB),
    ("FEED_HUB", "https://@hub.example.org/", HUB),
    ("FEED_HUB", "https://hub.example.org/#top", HUB),
    ("FEED_HUB", "https://hub.example.org/#", HUB),
    ("FEED_HUB", "https://hub.example.org/a b", HUB),
    ("FEED_HUB", "https://hub.example.org/>;rel=x,<y", HUB),
    ("FEED_HUB", "https://hub.example.org/\r\nX-Evil: 1", HUB),
    ("FEED_HUB", "https://hub.example.org/\n", HUB),
    ("FEED_HUB", "https://hub.example.org/ü", HUB),
    ("FEED_HUB", "https://köln.example/", HUB),
    ("FEED_HUB", "https://hub.example.org:99999/", HUB),
    ("FEED_HUB", "https://[::1/", HUB),
    ("FEED_DATABASE", "/proc/nowhere/feed.db", "whose folder can be used"),
    ("FEED_DATABASE", "/dev/null/feed.db", "whose folder can be used"),
]


@pytest.mark.parametrize(("name", "value", "advice"), BAD)
def test_a_bad_value_stops_the_start_and_says_what_to_write(tmp_path: Path, name: str, value: str, advice: str) -> None:
    with pytest.raises(BadSetting) as stopped:
        create_app({"FEED_DATABASE": str(tmp_path / "feed.db"), name: value})
    message = str(stopped.value)
    assert name in message
    assert advice in message
    assert "\n" not in message


def test_every_setting_is_in_the_table_and_stands_by_itself(tmp_path: Path) -> None:
    assert {f"FEED_{field.name.upper()}" for field in fields(settings.Settings)} == {s.name for s in settings.TABLE}
    assert all(setting.help for setting in settings.TABLE)
    empty = {setting.name: "" for setting in settings.TABLE} | {"FEED_DATABASE": str(tmp_path / "feed.db")}
    assert load(empty) == load({"FEED_DATABASE": str(tmp_path / "feed.db")}), "an empty value is none"


def test_what_is_not_said_is_the_default(tmp_path: Path) -> None:
    made = load({"FEED_DATABASE": str(tmp_path / "data" / "feed.db")})
    assert made.media == tmp_path / "data" / "media"
    assert made.public_url == "http://127.0.0.1:8000"
    assert (str(made.timezone), made.site_name, made.max_readers, made.proxies) == ("UTC", "Liveline", 12_000, 0)
    here = {"FEED_DATABASE": str(tmp_path / "feed.db"), "HOST": "10.0.0.5", "PORT": "9000"}
    assert load(here).public_url == "http://10.0.0.5:9000"


@pytest.mark.parametrize(
    ("written", "origins"),
    [
        ("https://news.example.org", ("https://news.example.org",)),
        ("https://News.Example.org/", ("https://news.example.org",)),
        ("https://news.example.org:443", ("https://news.example.org",)),
        ("http://news.example.org:80", ("http://news.example.org",)),
        ("https://news.example.org:8443", ("https://news.example.org:8443",)),
        ("http://localhost:8000", ("http://127.0.0.1:8000", "http://localhost:8000", "http://[::1]:8000")),
        ("http://[::1]", ("http://127.0.0.1", "http://localhost", "http://[::1]")),
    ],
)
def test_origins_are_as_browsers_write_them(tmp_path: Path, written: str, origins: tuple[str, ...]) -> None:
    made = load({"FEED_DATABASE": str(tmp_path / "feed.db"), "FEED_PUBLIC_URL": written})
    assert made.origins == origins
    more = load(
        {"FEED_DATABASE": str(tmp_path / "f.db"), "FEED_PUBLIC_URL": written, "FEED_ORIGINS": "https://a.b https://C.d"}
    )
    assert more.origins == (*origins, "https://a.b", "https://c.d")


def test_embedders_are_as_the_policy_writes_them(tmp_path: Path) -> None:
    written = "https://A.example, https://*.b.example:443 http://c.example:8080 *"
    made = load({"FEED_DATABASE": str(tmp_path / "feed.db"), "FEED_EMBED_ORIGINS": written})
    assert made.embed_origins == ("https://a.example", "https://*.b.example", "http://c.example:8080", "*")


@pytest.mark.parametrize(
    "written",
    [
        "https://hub.example.org",
        "http://[::1]:8080/",
        "https://a.superfeedr.com/?key=a%20b&x=(1,2);3",
        "HTTPS://A.b/~c",
    ],
)
def test_a_hub_stands_as_it_is_written(tmp_path: Path, written: str) -> None:
    assert load({"FEED_DATABASE": str(tmp_path / "feed.db"), "FEED_HUB": written}).hub == written
    assert load({"FEED_DATABASE": str(tmp_path / "feed.db")}).hub == ""


def test_the_secret_is_made_once_and_kept_from_others(tmp_path: Path) -> None:
    environ = {"FEED_DATABASE": str(tmp_path / "new" / "feed.db")}
    with ThreadPoolExecutor(8) as pool:
        made = {pool.submit(load, environ).result().secret_key for _ in range(8)}
    assert len(made) == 1
    assert len(made.pop()) >= 32
    (file,) = (tmp_path / "new").iterdir()
    assert file.name == "secret.key"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert load({**environ, "FEED_SECRET_KEY": "k" * 32}).secret_key == b"k" * 32


@pytest.mark.parametrize("left", [b"", b"\n", b"abc", b"\xff" * 40])
def test_a_secret_that_was_cut_short_is_not_used(tmp_path: Path, left: bytes) -> None:
    (tmp_path / "secret.key").write_bytes(left)
    with pytest.raises(BadSetting, match=r"secret\.key|whose folder"):
        load({"FEED_DATABASE": str(tmp_path / "feed.db")})


@pytest.mark.parametrize(("proxies", "seen"), [("0", "10.0.0.1"), ("1", "203.0.113.9"), ("2", "198.51.100.7")])
def test_only_trusted_proxies_are_believed(tmp_path: Path, proxies: str, seen: str) -> None:
    app = create_app({"FEED_DATABASE": str(tmp_path / "feed.db"), "FEED_PROXIES": proxies})

    @app.get("/who")
    def who() -> str:
        from flask import request

        return request.remote_addr or ""

    forwarded = {"X-Forwarded-For": "1.2.3.4, 198.51.100.7, 203.0.113.9"}
    answer = app.test_client().open(EnvironBuilder("/who", headers=forwarded, environ_base={"REMOTE_ADDR": "10.0.0.1"}))
    assert answer.text == seen
