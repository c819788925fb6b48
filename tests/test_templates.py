"""Templates have lines of a readable length, and are compiled once in a process, and again when their file has
changed."""

from pathlib import Path

import pytest
from jinja2 import DictLoader, Environment

from feed.languages import Languages
from feed.render import templates

MOST_CHARACTERS = 140  # of a template's line: what an editor's window shows beside the code, without scrolling


def environment_of(source: str) -> Environment:
    """An environment of one template, `page.html`."""
    made = Environment(loader=DictLoader({"page.html": source}), autoescape=True)
    templates.equip(made, Languages("en", "UTC"))
    return made


def test_a_template_is_compiled_once_for_all_environments_and_again_when_it_changes() -> None:
    first, second = (environment_of("{{ 6 * 7 }} boats").get_template("page.html") for _ in range(2))
    changed = environment_of("{{ 6 * 7 }} ships").get_template("page.html")
    assert first.root_render_func.__code__ is second.root_render_func.__code__
    assert (first.render(), second.render(), changed.render()) == ("42 boats", "42 boats", "42 ships")


def test_environments_share_code_and_nothing_else() -> None:
    first, second = (environment_of("{{ site_name }}") for _ in range(2))
    first.globals["site_name"], second.globals["site_name"] = "The Bridge", "<b>"
    assert [each.get_template("page.html").render() for each in (first, second)] == ["The Bridge", "&lt;b&gt;"]


def test_a_line_of_a_template_is_short_enough_to_read() -> None:
    long = [
        f"{path.relative_to(templates.FOLDER)}:{number}: {len(line)} characters"
        for path in sorted(templates.FOLDER.rglob("*.html"))
        for number, line in enumerate(path.read_text().splitlines(), 1)
        if len(line) > MOST_CHARACTERS
    ]
    assert not long, "Break them: `{%- … %}` and `-}}` take the line break out of the HTML again"


def compiled_by(made: templates._Compiled, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Which templates a new environment compiles, of the one that is asked for."""
    asked: list[str] = []
    environment = templates.environment(Languages("en", "UTC"))
    environment.bytecode_cache = made
    compiling = environment.compile
    monkeypatch.setattr(
        environment, "compile", lambda *given, **more: asked.append(given[1]) or compiling(*given, **more)
    )
    assert environment.get_template("_coverage.html")
    return asked


def test_code_of_templates_is_kept_for_the_next_process_as_long_as_nothing_of_it_changed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(templates, "KEPT", tmp_path / "kept")
    monkeypatch.setattr("sys.dont_write_bytecode", False)
    assert compiled_by(templates._Compiled(), monkeypatch) == ["_coverage.html"]
    assert compiled_by(templates._Compiled(), monkeypatch) == []
    (kept,) = (tmp_path / "kept").iterdir()
    good = kept.read_bytes()
    for bad in (b"", good[:40], good[:-20], b"x" * 32 + good[32:], good[:60] + b"x" * 20):
        kept.write_bytes(bad)
        assert compiled_by(templates._Compiled(), monkeypatch) == ["_coverage.html"], bad[:50]
        assert kept.read_bytes() == good
    monkeypatch.setattr(templates.jinja2, "__version__", "another")
    assert compiled_by(templates._Compiled(), monkeypatch) == ["_coverage.html"]


def test_without_a_folder_that_can_be_written_templates_are_compiled_each_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setattr(templates, "KEPT", tmp_path / "file" / "kept")
    monkeypatch.setattr("sys.dont_write_bytecode", False)
    for _ in range(2):
        assert compiled_by(templates._Compiled(), monkeypatch) == ["_coverage.html"]
