"""Every installed file is pinned by its hash, so that what was tested is what runs."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
LOCKS = ("requirements", "tests/requirements", "bench/requirements")

_PIN = re.compile(r"([A-Za-z0-9][A-Za-z0-9._-]*)(\[[a-z0-9,-]+\])?==([^\s;\\]+)")


def requirements(path: str) -> list[str]:
    """The requirements of a file, one with its hashes a string, without comments."""
    lines = (ROOT / path).read_text().replace("\\\n", " ").splitlines()
    return [line.strip() for line in lines if line.strip() and not line.lstrip().startswith("#")]


def pins(path: str) -> dict[str, str]:
    """The releases of a file by name, as PyPI spells names."""
    found = [_PIN.match(line) for line in requirements(path) if not line.startswith("-c ")]
    assert all(found), f"{path} names something without its exact release"
    return {re.sub(r"[-_.]+", "-", pin[1]).lower(): pin[3] for pin in found if pin}


@pytest.mark.parametrize("name", LOCKS)
def test_all_that_is_installed_has_its_hashes(name: str) -> None:
    for line in requirements(f"{name}.txt"):
        assert _PIN.match(line), f"{line[:60]} is no exact release"
        assert re.search(r" --hash=sha256:[0-9a-f]{64}\b", line), f"{line[:60]} has no hash: run `make lock`"
        assert not re.search(r"[a-z]:/|@", line), "from PyPI, whatever lies on the machine that made the file"


@pytest.mark.parametrize("name", LOCKS)
def test_what_is_asked_for_is_what_is_installed(name: str) -> None:
    """`make lock` was run after the last change."""
    asked, locked = pins(f"{name}.in"), pins(f"{name}.txt")
    assert asked.items() <= locked.items()


def test_the_tests_run_with_what_the_product_runs_with() -> None:
    product, tests = pins("requirements.txt"), pins("tests/requirements.txt")
    assert {each: tests[each] for each in product.keys() & tests.keys()}.items() <= product.items()


def test_pip_itself_is_pinned() -> None:
    """sqlite-utils asks for it, so without its hash nothing can be installed in hash mode."""
    assert "pip" in pins("requirements.txt")


def test_everything_is_installed_with_hashes() -> None:
    commands = re.findall(r"pip install[^\n]*-r \S+", (ROOT / "Makefile").read_text())
    assert len(commands) == len(LOCKS)
    assert all("--require-hashes" in command for command in commands)
