"""Imports go strictly downward, and no layer knows what it must not know."""

import ast
import re
from collections.abc import Iterator
from dataclasses import is_dataclass
from functools import cache
from graphlib import TopologicalSorter
from importlib import import_module
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent

FLOORS = {
    **dict.fromkeys(("settings", "fields", "slugs", "words", "excerpts", "languages", "private", "passwords"), 0),
    **dict.fromkeys(("picture", "pixels", "decoder", "child", "scripts", "kept", "networks", "devices", "exchange"), 0),
    **dict.fromkeys(("text", "markdown", "figures", "cards", "external", "prose", "typography", "paste", "applied"), 0),
    **dict.fromkeys(("threads", "turns", "times", "local_times", "errors", "repeats", "difference", "statuses"), 0),
    **dict.fromkeys(("metrics", "metrics_files", "logs"), 0),
    "store": 1,
    "render": 2,
    "followers": 3,
    "live": 4,
    **dict.fromkeys(("web", "commands", "node_commands", "demo", "exports", "imports"), 5),
    **dict.fromkeys(("command_line", "coverage_commands", "log_commands", "people_commands"), 5),
}
SOURCES = sorted((ROOT / "feed").rglob("*.py"))
SQLITE = ("sqlite3", "pysqlite3", "sqlite_utils")
SOCKETS = ("socketio", "engineio", "flask_socketio")


def part_of(path: Path) -> str:
    """The file or folder of feed/ that a source belongs to."""
    return path.relative_to(ROOT / "feed").parts[0].removesuffix(".py")


@cache
def imports_of(path: Path) -> list[tuple[str, str]]:
    """Every import, also those inside functions, as (module, name)."""
    return list(_imports_of(path))


def _imports_of(path: Path) -> Iterator[tuple[str, str]]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from ((alias.name, "") for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f"{path.name} imports relatively, which this test cannot follow"
            yield from ((node.module or "", alias.name) for alias in node.names)


def who_imports(*packages: str) -> set[str]:
    """The sources that import any of those packages, relative to the top."""
    return {
        str(path.relative_to(ROOT))
        for path in [*SOURCES, ROOT / "app.py"]
        for module, _ in imports_of(path)
        if module.split(".")[0] in packages
    }


def test_every_source_stands_on_a_floor() -> None:
    parts = {part_of(path) for path in SOURCES} - {"__init__"}
    assert parts == set(FLOORS), "a new part of feed/ needs a floor here and in the design"


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_imports_go_downward(path: Path) -> None:
    for module, name in imports_of(path):
        top, *inside = module.split(".")
        assert top != "app", "app.py wires the layers; nothing in them knows it"
        if top != "feed":
            continue
        imported = inside[0] if inside else name
        own = part_of(path)
        assert imported == own or FLOORS[imported] < FLOORS[own] or FLOORS[imported] == FLOORS[own] in (0, 5), (
            f"{own} (floor {FLOORS[own]}) imports {imported} (floor {FLOORS[imported]})"
        )


def test_no_module_imports_itself_by_a_detour() -> None:
    """Inside a floor, too: of two modules, at most one needs the other."""
    modules = {".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__") for path in SOURCES}
    needs = {
        name: {
            imported
            for module, part in imports_of(ROOT / f"{name.replace('.', '/')}.py")
            for imported in (f"{module}.{part}", module)
            if imported in modules and imported != name
        }
        for name in modules
        if (ROOT / f"{name.replace('.', '/')}.py").is_file()
    }
    assert "feed.store.feeds" in needs["feed.store.updates"], "this test follows nothing"
    list(TopologicalSorter(needs).static_order())  # raises CycleError, which names the circle


def test_only_the_store_knows_sqlite() -> None:
    knowing = who_imports(*SQLITE)
    assert "feed/store/database.py" in knowing, "this test looks for the wrong names"
    assert {path for path in knowing if not path.startswith("feed/store/")} == set()


def test_only_the_store_speaks_sql() -> None:
    sql = re.compile(r"(?<!pipeline)\.execute\(|\.executescript\(")  # a pipeline is Redis'
    speaking = {path for path in SOURCES if sql.search(path.read_text())}
    assert {part_of(path) for path in speaking} == {"store"}


def test_a_plain_row_is_inserted_by_one_function() -> None:
    """`insert` of store/database.py. SQL by hand is for conflicts and for values that the database computes."""
    by_hand = re.compile(r"""\.insert(_all)?\(|INSERT INTO \w+ \([^)]*\) VALUES \([?, ]+\)["']""")
    migrations = ROOT / "feed" / "store" / "migrations"
    sources = [path for path in SOURCES if path.parent != migrations]
    assert [str(path.relative_to(ROOT)) for path in sources if by_hand.search(path.read_text())] == []


def test_only_live_knows_the_socket() -> None:
    knowing = who_imports(*SOCKETS)
    assert "feed/live/gate.py" in knowing, "this test looks for the wrong names"
    assert {path for path in knowing if not path.startswith("feed/live/")} == set()


def test_only_who_decodes_or_draws_knows_pillow() -> None:
    """To import it takes a twentieth of the start of a worker, which does neither."""
    knowing = who_imports("PIL")
    assert knowing == {"feed/pixels.py", "feed/demo/drawings.py"}
    at_once = re.compile(r"^(from|import) .*\b(pixels|drawings)\b", re.MULTILINE)
    assert [path for path in SOURCES if at_once.search(path.read_text())] == []


def test_only_the_broker_knows_redis() -> None:
    knowing = who_imports("redis")
    assert "feed/followers/broker/relay.py" in knowing, "this test looks for the wrong names"
    assert {path for path in knowing if not path.startswith("feed/followers/broker/")} == set()


def test_what_is_rendered_was_read_before() -> None:
    """The render layer is given plain data: of the store it knows types and constants, and nothing that reads."""
    asking = []
    for path in sorted((ROOT / "feed" / "render").glob("*.py")):
        for module, name in imports_of(path):
            if module.startswith("feed.store"):
                known = getattr(import_module(module), name, None)
                if not (is_dataclass(known) or isinstance(known, str)):
                    asking.append(f"{path.name} imports {name} from {module}")
    assert asking == []


def test_only_views_see_a_request() -> None:
    """The socket's events come without one."""
    seeing = {
        str(path.relative_to(ROOT))
        for path in SOURCES
        for module, name in imports_of(path)
        if module == "flask" and name in ("request", "session", "g")
    }
    assert {path for path in seeing if not path.startswith("feed/web/")} == set()


def test_no_view_imports_its_sibling() -> None:
    """A module that registers routes imports no other that does: what two share is no view. A package's own file, which
    puts its modules together, may."""
    views = {module_of(path): path for path in SOURCES if part_of(path) == "web" and registers_routes(path)}
    assert {"feed.web.reader", "feed.web.desk.updates"} <= views.keys(), "this test looks for the wrong decorators"
    siblings = [
        f"{view} imports {found}"
        for view, path in views.items()
        for module, name in imports_of(path)
        for found in (module, f"{module}.{name}")
        if found in views
    ]
    assert siblings == []


def module_of(path: Path) -> str:
    """The name by which that source is imported."""
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


def registers_routes(path: Path) -> bool:
    """Whether a function in it answers an address."""
    return any(
        isinstance(decorator, ast.Call)
        and isinstance(decorator.func, ast.Attribute)
        and decorator.func.attr in ("route", "get", "post", "put", "patch", "delete")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.FunctionDef)
        for decorator in node.decorator_list
    )


def test_the_markup_of_an_update_exists_once_and_reads_nothing_else() -> None:
    """Invariant 5 at its root: one template, and no viewer in it."""
    used = {path.name for path in (ROOT / "templates").rglob("*.html") if 'class="update{' in path.read_text()}
    assert used == {"_update.html"}
    markup = (ROOT / "templates" / "_update.html").read_text()
    assert not [word for word in ("request", "session", "g.", "current_user", "url_for") if f"{{{{ {word}" in markup]
