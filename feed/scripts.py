"""Packs scripts: each with all modules that it imports, so that a page loads one file, and without comments, indents
and long local names.

A module becomes a function that returns what it exports, so that its other names stay its own. A module that is
imported with `import("…")` stays a file of its own, which a page loads when it is needed.

To pack and to compress a script takes up to a second of a core. What comes of it is kept for the next process.
"""

import json
import re
import sys
from collections.abc import Callable
from functools import cache
from importlib.metadata import version
from os.path import normpath, relpath
from pathlib import Path

import zopfli.gzip  # type: ignore[import-untyped]

from feed import child, kept

KEPT = kept.folder("scripts")

_OURS = Path(__file__).read_text()  # now, since a deploy may replace it while this process goes on with what it read

_PATH = r'"((?:\./|(?:\.\./)+)[\w/-]+\.js)"'
_IMPORT = re.compile(rf"^import (?:\{{\s*\w+(?:,\s*\w+)*,?\s*\}} from )?{_PATH};\n", re.MULTILINE)
_LATER = re.compile(rf"\bimport\({_PATH}\)")
_EXPORT = re.compile(r"^export ((?:async )?function|const|class) (\w+)", re.MULTILINE)
_NUMBER = re.compile(r"^const ([A-Z_]+) = ([\d_]+);\n", re.MULTILINE)
_OTHER = re.compile(r"^(?:import|export)\b.*", re.MULTILINE)


@cache
def packed(path: Path) -> bytes:
    """Returns the packed script. Call it on a native thread: it may start a process and wait for it.

    Raises ValueError when there is an error in it or in a module that it imports.
    """
    return _kept(path.name, bundle(path).encode(), lambda source: _pack(path, source))


@cache
def zipped(path: Path) -> bytes:
    """The same in gzip, a thirtieth smaller than zlib's best. Call it on a native thread: 50 ms of work."""
    return _kept(f"{path.name}.gz", packed(path), lambda script: bytes(zopfli.gzip.compress(script)))


def bundle(entry: Path) -> str:
    """Returns the script with all modules that it imports, each once, before those that import it."""
    modules = _in_order(entry, ())
    _check_names(entry, modules)
    source = "".join(_as_function(path, entry) for path in modules)
    exports = ", ".join(_exports(entry))
    # Inside a block or a function, the minifier can shorten the names that modules share.
    if not exports:
        return f"{{\n{source}}}\n"
    return f"const [{exports}] = {_function(source, exports)}export {{ {exports} }};\n"


def main() -> None:
    """The process. The minifier is written in Go, whose threads and signal handlers a worker should not have."""
    import minify  # type: ignore[import-untyped]

    try:
        answer = {"packed": minify.string("application/javascript", sys.stdin.read())}
    except minify.MinifyError as error:
        answer = {"error": str(error)}
    sys.stdout.write(json.dumps(answer))


def _kept(name: str, source: bytes, make: Callable[[bytes], bytes]) -> bytes:
    """What `make` makes of the source, which is made only if it is not kept."""
    made_of = _tools() + source
    found = kept.load(KEPT / name, made_of)
    if found is None:
        kept.save(KEPT / name, made_of, found := make(source))
    return found


@cache
def _tools() -> bytes:
    return f"{version('tdewolff-minify')} {version('zopfli')} {_OURS}".encode()


def _pack(path: Path, source: bytes) -> bytes:
    answer = json.loads(child.run("feed.scripts", source) or "{}")
    if "packed" not in answer:
        raise ValueError(f"{path.name} cannot be packed: {answer.get('error', 'the process was ended')}")
    return str(answer["packed"]).encode()


def _in_order(path: Path, importers: tuple[Path, ...]) -> list[Path]:
    if path in importers:
        raise ValueError(f"{path.name} imports itself, by way of {importers[-1].name}.")
    found: dict[Path, None] = {}
    for name in _IMPORT.findall(path.read_text()):
        imported = Path(normpath(path.parent / name))  # a module has one path, whoever imports it
        found |= dict.fromkeys(_in_order(imported, (*importers, path)))
    return [*found, path]


def _check_names(entry: Path, modules: list[Path]) -> None:
    """Raises ValueError if two modules export the same name: a bundle has only one scope for what modules share."""
    exporters: dict[str, Path] = {}
    for path in modules:
        for name in _exports(path):
            if name in exporters:
                both = f"{exporters[name].name} and {path.name} both export {name}"
                raise ValueError(f"{entry.name} cannot be packed: {both}. Rename one of them.")
            exporters[name] = path


def _as_function(path: Path, entry: Path) -> str:
    exports = ", ".join(_exports(path))
    function = _function(_body(path, entry), exports)
    return f"const [{exports}] = {function}" if exports else function


def _function(body: str, exports: str) -> str:
    returned = f"return [{exports}];\n" if exports else ""
    return f"(() => {{\n{body}{returned}}})();\n"


def _exports(path: Path) -> list[str]:
    return [name for _, name in _EXPORT.findall(path.read_text())]


def _body(path: Path, entry: Path) -> str:
    body = _EXPORT.sub(r"\1 \2", _IMPORT.sub("", path.read_text()))
    if other := _OTHER.search(body):
        raise ValueError(f"{path.name} imports or exports in a way that bundles do not know: {other[0]}")
    # The browser looks for such a module beside the bundle, which is where its entry is.
    body = _LATER.sub(lambda later: f'import("{_seen_from(entry, path.parent / later[1])}")', body)
    # The minifier shortens the names of constants; numbers do without.
    for name, number in _NUMBER.findall(body):
        body = re.sub(rf"(?<![.$\w\"'`]){name}\b", number, _NUMBER.sub("", body, count=1))
    return body


def _seen_from(entry: Path, path: Path) -> str:
    """The address of a module, relative to the entry's."""
    if not path.exists():
        raise ValueError(f"{entry.name} imports {path.name}, which does not exist.")
    address = relpath(path, entry.parent)
    return address if address.startswith(".") else f"./{address}"


if __name__ == "__main__":
    main()
