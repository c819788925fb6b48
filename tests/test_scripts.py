"""Bundles of scripts: which modules they contain, and which imports are refused by name."""

import re
from pathlib import Path

import pytest

from feed import scripts
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
