"""The messages of the templates and of the code, and the catalogues that translate them.

`make translations` runs this as a script: it adds new messages without a translation, and removes unused ones.
"""

import re
from io import BytesIO
from pathlib import Path

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract
from babel.messages.pofile import read_po, write_po

from feed.languages import CATALOGUES
from tests.server import ROOT

TEMPLATES = ROOT / "templates"
KEYWORDS = {
    "jinja2": {"_": None, "gettext": None, "ngettext": (1, 2), "counted": (2, 3)},
    "python": {"Message": None},
}


def messages() -> Catalog:
    """All that the templates and the code may say, with the places."""
    found = Catalog()
    for kind, paths in (("jinja2", TEMPLATES.rglob("*.html")), ("python", (ROOT / "feed").rglob("*.py"))):
        for path in sorted(paths):
            for line, message, comments, context in _extracted(kind, path):
                place = (str(path.relative_to(ROOT)), line)
                found.add(message, locations=[place], auto_comments=comments, context=context)
    return found


def _extracted(kind: str, path: Path) -> list[tuple[int, str | tuple[str, ...], list[str], str | None]]:
    options = {"newstyle_gettext": "true", "silent": "false"}
    with path.open("rb") as file:
        return list(extract(kind, file, KEYWORDS[kind], ["Translators:"], options if kind == "jinja2" else {}))


def catalogues() -> dict[str, Catalog]:
    """The committed catalogues, by tag."""
    return {path.stem: read(path) for path in CATALOGUES.glob("*.po")}


def read(path: Path) -> Catalog:
    with path.open("rb") as file:
        return read_po(file)


def gaps(words: str) -> set[str]:
    """What is put into a message: {these} in the browser and by Message, %(these)s in templates."""
    return set(re.findall(r"{\w+}|%\(\w+\)s", words))


def texts(message: Message) -> list[str]:
    """A message's translations: one, or one for each plural form."""
    return [message.string] if isinstance(message.string, str) else list(message.string)


def bring_in_step(path: Path) -> None:
    """Adds what the catalogue lacks and takes out what nobody uses. Nothing is guessed from what looks alike."""
    catalogue = read(path)
    catalogue.update(messages(), no_fuzzy_matching=True)
    catalogue.obsolete.clear()
    header = path.read_text().split("\n\n", 1)[0]  # as it stands: Babel's would hold the moment of this run
    out = BytesIO()
    write_po(out, catalogue, width=110, omit_header=True, sort_output=True, include_lineno=False)
    path.write_text(f"{header}\n\n{out.getvalue().decode().strip()}\n")


if __name__ == "__main__":
    for each in CATALOGUES.glob("*.po"):
        bring_in_step(each)
        empty = [message.id for message in read(each) if message.id and not all(texts(message))]
        print(f"{each.name}: {len(empty)} to translate")
