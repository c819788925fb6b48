"""The documents agree with the code: tables of settings, routes, commands and socket events, links, and file names."""

import re
from pathlib import Path

import click
import pytest

from feed.settings import TABLE
from feed.store.permissions import ROLES, SCOPES, may
from feed.store.verbs import Verb
from tests.conftest import Site
from tests.server import ROOT

DOCUMENTS = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").glob("*.md"))]
README_LINES = 150  # what a newcomer reads in ten minutes


def rows(document: str, heading: str) -> list[list[str]]:
    """The cells of the table below that heading."""
    section = (ROOT / document).read_text().split(f"# {heading}\n", 1)[1].split("\n## ", 1)[0]
    table = [line for line in section.splitlines() if line.startswith("| `") or re.match(r"\| \w+ → \w+ ", line)]
    assert table, heading
    return [[cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]] for line in table]


def test_the_settings_are_all_there_with_their_defaults() -> None:
    expected = [[f"`{each.name}`", f"`{each.default}`" if each.default else "–", each.help] for each in TABLE]
    assert rows("docs/operate.md", "Settings") == expected


def test_the_routes_are_all_there_with_their_methods(site: Site) -> None:
    actual: dict[str, set[str]] = {}
    for rule in site.app.url_map.iter_rules():
        path = re.sub(r"<\w+:", "<", rule.rule)
        path = "/desk/…" if path.startswith("/desk/") else path
        actual.setdefault(path, set()).update((rule.methods or set()) - {"HEAD", "OPTIONS"})
    documented = {
        path.strip("`"): set(methods.split(", ")) for path, methods, _ in rows("docs/api.md", "HTTP and the API")
    }
    assert documented == actual


def test_what_each_role_and_scope_may_do_is_all_there() -> None:
    expected = [
        f"| `{verb}` | {', '.join(role for role in ROLES if may(role, verb, draft=True))} | "
        f"{', '.join(role for role in ROLES if may(role, verb))} | {SCOPES.get(verb, '–')} |"
        for verb in Verb
    ]
    documented = ["| " + " | ".join(row) + " |" for row in rows("docs/newsroom.md", "Roles and scopes")]
    assert documented == expected, "\n".join(expected)


def test_the_metrics_are_all_there() -> None:
    documented = {row[0].strip("`").removesuffix("_total") for row in rows("docs/operate.md", "Metrics")}
    sources = "".join(path.read_text() for path in (ROOT / "feed").rglob("*.py"))
    assert documented == set(re.findall(r'"(liveline_\w+)"', sources))


def test_the_commands_are_all_there(site: Site) -> None:
    documented = {re.match(r"`((?:make|flask)(?: [a-z-]+)+)", row[0])[1] for row in rows("docs/operate.md", "Commands")}  # type: ignore[index]
    targets = re.findall(r"^([a-z]+):.*(?:##|$)", (ROOT / "Makefile").read_text(), re.M)
    actual = {f"make {target}" for target in targets}
    for name, command in site.commands().items():
        if isinstance(command, click.Group):
            actual |= {f"flask {name} {inner}" for inner in command.commands}
        elif name == "start":
            actual.add("flask start")
    assert documented == actual


def test_the_socket_events_are_all_there(site: Site) -> None:
    documented = {(row[0].split(" ")[0], row[1].strip("`")) for row in rows("docs/protocol.md", "Socket events")}
    handled = set(site.services.channel.socketio.server.handlers["/"]) - {"connect", "disconnect"}
    sources = [(ROOT / "feed/live" / name).read_text() for name in ("channel.py", "editors.py")]
    emitted = set(re.findall(r'\.emit\("(\w+)"', "".join(sources)))
    assert documented == {("reader", event) for event in handled} | {("server", event) for event in emitted}


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_links_of_the_documents_lead_somewhere(document: Path) -> None:
    for target in re.findall(r"\]\(([^)\s]+)\)", document.read_text()):
        if target.startswith(("http://", "https://")):
            continue
        path, _, anchor = target.partition("#")
        led_to = (document.parent / path).resolve() if path else document
        assert led_to.is_file(), target
        if led_to.suffix == ".png":
            assert led_to.stat().st_size > 10_000, f"{target} is no picture"
        if anchor:
            headings = re.findall(r"^#+ (.+)$", led_to.read_text(), re.M)
            assert anchor in [re.sub(r"[^\w -]", "", each).lower().replace(" ", "-") for each in headings], target


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_files_that_the_documents_name_are_there(document: Path) -> None:
    for name in re.findall(r"`((?:feed|static|templates|tests|bench|docs)/[\w./-]+\.\w+)`", document.read_text()):
        assert (ROOT / name).is_file(), name


def test_the_readme_is_short_and_leads_to_all_documents() -> None:
    readme = (ROOT / "README.md").read_text()
    assert len(readme.splitlines()) <= README_LINES
    assert [path for path in DOCUMENTS[1:] if f"({path.relative_to(ROOT)})" not in readme] == []
