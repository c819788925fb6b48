"""The README's tables are true: settings, routes, commands and socket events."""

import re
from pathlib import Path

import click

from feed.settings import TABLE
from tests.conftest import Site
from tests.server import ROOT

README = (ROOT / "README.md").read_text()


def rows(heading: str) -> list[list[str]]:
    """The cells of the table below that heading."""
    section = README.split(f"\n## {heading}\n", 1)[1].split("\n## ", 1)[0]
    table = [line for line in section.splitlines() if line.startswith("| `") or re.match(r"\| \w+ → \w+ ", line)]
    assert table, heading
    return [[cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]] for line in table]


def test_the_settings_are_all_there_with_their_defaults() -> None:
    expected = [[f"`{each.name}`", f"`{each.default}`" if each.default else "–", each.help] for each in TABLE]
    assert rows("Settings") == expected


def test_the_routes_are_all_there_with_their_methods(site: Site) -> None:
    actual: dict[str, set[str]] = {}
    for rule in site.app.url_map.iter_rules():
        path = re.sub(r"<\w+:", "<", rule.rule)
        path = "/desk/…" if path.startswith("/desk/") else path
        actual.setdefault(path, set()).update((rule.methods or set()) - {"HEAD", "OPTIONS"})
    documented = {path.strip("`"): set(methods.split(", ")) for path, methods, _ in rows("HTTP")}
    assert documented == actual


def test_the_commands_are_all_there(site: Site) -> None:
    documented = {re.match(r"`((?:make|flask)(?: [a-z]+)+)", row[0])[1] for row in rows("Commands")}  # type: ignore[index]
    targets = re.findall(r"^([a-z]+):.*(?:##|$)", (ROOT / "Makefile").read_text(), re.M)
    actual = {f"make {target}" for target in targets}
    for name, command in site.app.cli.commands.items():
        if isinstance(command, click.Group):
            actual |= {f"flask {name} {inner}" for inner in command.commands}
        elif name == "start":
            actual.add("flask start")
    assert documented == actual


def test_the_socket_events_are_all_there(site: Site) -> None:
    documented = {(row[0].split(" ")[0], row[1].strip("`")) for row in rows("The socket")}
    handled = set(site.house.channel.socketio.server.handlers["/"]) - {"connect", "disconnect"}
    emitted = set(re.findall(r'\.emit\("(\w+)"', (ROOT / "feed/live/channel.py").read_text()))
    assert documented == {("reader", event) for event in handled} | {("server", event) for event in emitted}


def test_the_pictures_are_there() -> None:
    for picture in re.findall(r"!\[[^\]]*\]\(([^)]+)\)", README):
        assert Path(ROOT / picture).stat().st_size > 10_000
