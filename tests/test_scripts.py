"""Bundles of scripts: which modules they contain, and which imports are refused by name."""

import gzip
import re
from pathlib import Path

import pytest

from feed import child, kept, scripts
from feed.web.static import STATIC

# Scripts that a page loads when they are needed.
LATER = {b"external.js"}

MOST_AT_DESK = 40 * 1024  # bytes in gzip, beyond those of readers


@pytest.mark.parametrize("path", sorted(STATIC.rglob("*.js")), ids=lambda path: path.name)
def test_every_script_asks_for_nothing_more_until_it_is_needed(path: Path) -> None:
    packed = scripts.packed(path)
    later = re.findall(rb'\bimport\("([^"]+)"\)', packed)
    assert packed.count(b"import") == len(later)
    for address in later:
        assert (path.parent / address.decode()).exists()
        assert address.rpartition(b"/")[2] in LATER


def test_a_module_that_is_imported_later_is_found_from_wherever_its_bundle_is(tmp_path: Path) -> None:
    (tmp_path / "desk").mkdir()
    (tmp_path / "later.js").write_text("export const one = 1;\n")
    (tmp_path / "low.js").write_text('export const low = async () => (await import("./later.js")).one;\n')
    (tmp_path / "desk" / "entry.js").write_text('import { low } from "../low.js";\n\nlow();\n')
    assert 'import("./later.js")' in scripts.bundle(tmp_path / "low.js")
    assert 'import("../later.js")' in scripts.bundle(tmp_path / "desk" / "entry.js")
    (tmp_path / "later.js").unlink()
    with pytest.raises(ValueError, match=r"imports later\.js, which does not exist"):
        scripts.bundle(tmp_path / "low.js")


def test_the_scripts_of_the_desk_are_small_beyond_those_of_readers() -> None:
    desk, worker, reader = (
        len(scripts.zipped(STATIC / "js" / name)) for name in ("desk/desk.js", "desk/worker.js", "feed.js")
    )
    assert 0 < desk + worker - reader <= MOST_AT_DESK


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ('import { twin as other } from "./twin.js";\n', "import { twin as other }"),
        ('import twin from "./twin.js";\n', "import twin"),
        ('import * as twin from "./twin.js";\n', "import *"),
        ("export default 1;\n", "export default"),
        ("export let count = 0;\n", "export let"),
        ('export { twin } from "./twin.js";\n', "export {"),
        ('import { twin } from "https://other.example/twin.js";\n', "import { twin }"),
        ('import "./entry.js";\n', "imports itself"),
        ('import { back } from "./back.js";\n', "imports itself, by way of back.js"),
        ("const twin = 1;\nconst twin = 2;\n", "twin"),
        ('import { twin } from "./twin.js";\n\nexport const twin = 1;\n', "twin.js and entry.js both export twin"),
        ('import "./twin.js";\nimport "./triplet.js";\n', "twin.js and triplet.js both export twin"),
        ("const open = {;\n", "line 3"),
    ],
)
def test_what_a_bundle_cannot_hold_is_refused_by_name(tmp_path: Path, source: str, reason: str) -> None:
    (tmp_path / "twin.js").write_text("export const twin = 0;\n")
    (tmp_path / "triplet.js").write_text("export const twin = 3;\n")
    (tmp_path / "back.js").write_text('import "./entry.js";\n\nexport const back = 1;\n')
    (tmp_path / "entry.js").write_text(source)
    with pytest.raises(ValueError, match=r"(?s)entry\.js") as refused:
        scripts.packed(tmp_path / "entry.js")
    assert reason in str(refused.value)


def test_a_module_that_two_folders_import_is_taken_once(tmp_path: Path) -> None:
    for path, source in {
        "low.js": "export const low = [];\n",
        "desk/near.js": 'import { low } from "../low.js";\n\nexport const near = low;\n',
        "desk/entry.js": 'import { low } from "../low.js";\nimport { near } from "./near.js";\n\nlow.push(near);\n',
    }.items():
        (tmp_path / path).parent.mkdir(exist_ok=True)
        (tmp_path / path).write_text(source)
    assert scripts.bundle(tmp_path / "desk" / "entry.js").count("const low = []") == 1


def test_a_script_without_imports_runs_as_it_did(tmp_path: Path) -> None:
    (tmp_path / "host.js").write_text("// a word\n(() => {\n  const site = 1;\n  window.site = site;\n})();\n")
    packed = scripts.packed(tmp_path / "host.js")
    assert b"window.site=" in packed
    assert b"word" not in packed


def test_a_number_stands_where_its_name_did_and_nowhere_else(tmp_path: Path) -> None:
    source = "const POLL = 10_000;\nconst POLL_AFTER = 3;\nconst $POLL = 'POLL';\n"
    (tmp_path / "line.js").write_text(source + "window.all = [POLL * 2, POLL_AFTER, $POLL, window.POLL];\n")
    (tmp_path / "entry.js").write_text('import "./line.js";\n\nconst POLL = 7;\nwindow.other = POLL;\n')
    packed = scripts.packed(tmp_path / "entry.js").decode()
    assert "window.all=[1e4*2,3," in packed
    assert "window.POLL]" in packed
    assert '"POLL"' in packed
    assert "window.other=7" in packed


@pytest.fixture
def made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What had to be made since, packed scripts and compressed ones; none are kept yet."""
    done: list[str] = []
    pack, compress = child.run, scripts.zopfli.gzip.compress
    monkeypatch.setattr(scripts, "KEPT", tmp_path / "kept")
    monkeypatch.setattr("sys.dont_write_bytecode", False)
    monkeypatch.setattr(child, "run", lambda *given: done.append("packed") or pack(*given))
    monkeypatch.setattr(scripts.zopfli.gzip, "compress", lambda given: done.append("zipped") or compress(given))
    return done


def answered(path: Path) -> bytes:
    """The packed script, as a process answers that has just started; in gzip it is the same."""
    scripts.packed.cache_clear()
    scripts.zipped.cache_clear()
    packed = scripts.packed(path)
    assert gzip.decompress(scripts.zipped(path)) == packed
    return packed


def test_scripts_are_kept_for_the_next_process_as_long_as_nothing_of_them_changed(
    tmp_path: Path, made: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "low.js").write_text("export const low = 1;\n")
    entry = tmp_path / "entry.js"
    entry.write_text('import { low } from "./low.js";\n\nwindow.low = low;\n')
    whole = answered(entry)
    assert made == ["packed", "zipped"]
    assert answered(entry) == whole
    assert made == ["packed", "zipped"]
    for file, what in ("entry.js", "packed"), ("entry.js.gz", "zipped"):
        good = (tmp_path / "kept" / file).read_bytes()
        for bad in (b"", good[:20], good[:-1], bytes(32) + good[32:], good[:40] + b"x" + good[41:]):
            (tmp_path / "kept" / file).write_bytes(bad)
            made.clear()
            assert answered(entry) == whole
            assert made == [what], bad
            assert (tmp_path / "kept" / file).read_bytes() == good
    (tmp_path / "low.js").write_text("export const low = 2;\n")
    made.clear()
    assert answered(entry) != whole
    assert made == ["packed", "zipped"]
    monkeypatch.setattr(scripts, "_OURS", "another")
    scripts._tools.cache_clear()
    answered(entry)
    scripts._tools.cache_clear()
    assert made == ["packed", "zipped"] * 2
    assert sorted(path.name for path in (tmp_path / "kept").iterdir()) == ["entry.js", "entry.js.gz"]


@pytest.mark.parametrize("forbidden", ["by the folder", "by Python"])
def test_scripts_that_cannot_be_kept_are_made_each_time(
    tmp_path: Path, made: list[str], monkeypatch: pytest.MonkeyPatch, forbidden: str
) -> None:
    (tmp_path / "entry.js").write_text("window.one = 1;\n")
    if forbidden == "by Python":
        monkeypatch.setattr("sys.dont_write_bytecode", True)
    else:
        (tmp_path / "kept").touch()
    for _ in range(2):
        assert b"window.one=1" in answered(tmp_path / "entry.js")
    assert made == ["packed", "zipped"] * 2
    assert not (tmp_path / "kept").is_dir()


def test_what_is_kept_lies_where_compiled_code_does(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("sys.pycache_prefix", None)
    assert kept.folder("scripts") == Path(kept.__file__).parent / "__pycache__" / "scripts"
    monkeypatch.setattr("sys.pycache_prefix", str(tmp_path))
    assert kept.folder("scripts").is_relative_to(tmp_path)
