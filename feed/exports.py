"""Exports of a coverage: its JSON or its static pages, with the pictures, in a folder or in a zip for a browser.

An export reads in one transaction, so it is of one moment, and in pages, so its memory does not grow with the coverage.
It takes seconds, so a server makes it on a thread of its own.
"""

import io
import json
import shutil
import tempfile
import time
import zipfile
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from enum import StrEnum
from pathlib import Path
from typing import IO, Protocol

from jinja2 import Environment

from feed import figures
from feed.errors import Unsaved
from feed.picture import UNFINISHED, file_name
from feed.render import exported
from feed.render.exported_links import Links
from feed.render.exported_pages import Pages
from feed.store import exporting, pictures
from feed.store.database import Database
from feed.store.exporting import Exported
from feed.store.updates import Update
from feed.web.services import Services
from feed.web.static import STATIC

DOCUMENT = "coverage.json"
PAGE = "index.html"
COPIED = 1024 * 1024  # bytes of a file at once


class Format(StrEnum):
    """What is exported."""

    JSON = "json"
    HTML = "html"


class Target(Protocol):
    """Takes the files of an export one after the other."""

    def open(self, name: str) -> AbstractContextManager[IO[bytes]]:
        """A new file of that name, which may begin with the names of folders."""


class Export:
    """One export of one feed. `pages` are the templates of the site's pages."""

    def __init__(self, services: Services, pages: Environment, slug: str, form: Format) -> None:
        self._services = services
        self._pages = pages
        self._slug = slug
        self._form = form
        self.first = PAGE if form is Format.HTML else DOCUMENT
        """The file to begin with."""
        self.missing: list[str] = []
        """The files of pictures that are named and not there; then the export is complete but for them."""

    def into_folder(self, path: Path) -> None:
        """Makes a folder, which gets its name when it is complete. Raises FileExistsError, OSError, Missing."""
        if path.exists():
            raise FileExistsError(f"{path} exists already; name a folder that does not")
        unfinished = path.with_name(path.name + UNFINISHED)
        shutil.rmtree(unfinished, ignore_errors=True)
        unfinished.mkdir(parents=True)
        try:
            self._write(_Folder(unfinished))
            unfinished.rename(path)
        except BaseException:
            shutil.rmtree(unfinished, ignore_errors=True)
            raise

    def zipped(self) -> IO[bytes]:
        """A zip file, which is gone when it is closed, at its beginning. Call it on a native thread. Raises Missing,
        and Unsaved when the disk is full."""
        # Beside the database, where this process can write in any case.
        file = tempfile.TemporaryFile(dir=self._services.settings.database.parent)  # noqa: SIM115 - the caller closes it
        try:
            with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
                self._write(_Zip(archive, self._slug))
            file.seek(0)
        except BaseException as error:
            file.close()
            if isinstance(error, OSError):
                raise Unsaved(f"the export cannot be written: {error.strerror}") from error
            raise
        return file

    def _write(self, target: Target) -> None:
        with self._services.store.read() as db:
            found = exporting.get(db, self._slug)
            (self._json if self._form is Format.JSON else self._html)(db, found, target)

    def _json(self, db: Database, found: Exported, target: Target) -> None:
        settings, named = self._services.settings, set[str]()
        with _text(target, DOCUMENT) as file:
            whole = json.dumps(exported.head(settings, found), ensure_ascii=False, indent=1)
            file.write(whole.removesuffix("\n}"))
            file.write(',\n "updates": [')
            if found.article:
                named |= figures.named_in(found.article.body) | _shown_beside(found)
            between = "\n"
            for update in exporting.shown(db, found.feed):
                named |= set() if update.retracted_at else figures.named_in(update.body)
                file.write(between + "  " + json.dumps(self._update(db, update), ensure_ascii=False))
                between = ",\n"
            known = pictures.of_ids(db, sorted(named))
            file.write('\n ],\n "pictures": ')
            listed = {each.id: exported.picture(each) for each in known.values()}
            file.write(json.dumps(dict(sorted(listed.items())), ensure_ascii=False, indent=1) + "\n}\n")
        media = settings.media
        for each in known.values():
            self._copy(media / file_name(each.id, each.format), target, str(exported.picture(each)["file"]))

    def _update(self, db: Database, update: Update) -> dict[str, object]:
        history = exporting.history(db, update) if update.revision > 1 and not update.retracted_at else []
        return exported.update(self._services.settings.public_url, update, history)

    def _html(self, db: Database, found: Exported, target: Target) -> None:
        services = self._services
        known: dict[str, figures.Picture] = {}

        def picture(picture_id: str) -> figures.Picture | None:
            if picture_id not in known:
                known.update(pictures.of_ids(db, [picture_id]))
            return known.get(picture_id)

        shown, edited = exporting.ids(db, found.feed)
        links = Links(services.settings.public_url, shown, edited, picture, services.settings.media)
        pages = Pages(self._pages, services.render, services.languages, services.settings, found)
        story = services.parts.of_story(db, found.article) if found.article else None
        parts = services.parts.of_feed(db, found.feed, listed=exporting.KEY_EVENTS)
        newest = exporting.shown(db, found.feed, newest_first=True)
        with _text(target, PAGE) as file:
            for piece in pages.index(parts, story, newest, links):
                file.write(piece)
        for update in exporting.shown(db, found.feed):
            if update.id in edited:
                with _text(target, f"history/{update.id}.html") as file:
                    file.write(pages.history(update, exporting.history(db, update), links))
        for name, path in links.files.items():
            self._copy(path, target, name)
        for name in sorted(links.static):
            self._copy(STATIC / name, target, Path(name).name)

    def _copy(self, path: Path, target: Target, name: str) -> None:
        try:
            source = path.open("rb")
        except FileNotFoundError:
            self.missing.append(path.name)
            return
        with source, target.open(name) as file:
            shutil.copyfileobj(source, file, COPIED)


def _shown_beside(found: Exported) -> set[str]:
    """The ids of the pictures of the article and of its author."""
    article = found.article
    if article is None:
        return set()
    beside = (article.picture and article.picture.id, article.author and article.author.picture)
    return {each for each in beside if each}


@contextmanager
def _text(target: Target, name: str) -> Iterator[io.TextIOWrapper]:
    with target.open(name) as file:
        text_file = io.TextIOWrapper(file, "utf-8", newline="\n")
        yield text_file
        text_file.flush()
        text_file.detach()


class _Folder:
    def __init__(self, path: Path) -> None:
        self._path = path

    def open(self, name: str) -> AbstractContextManager[IO[bytes]]:
        path = self._path / name
        path.parent.mkdir(exist_ok=True)
        return path.open("wb")


class _Zip:
    """Everything in one folder, as it will be unpacked. Pictures are compressed already."""

    def __init__(self, archive: zipfile.ZipFile, folder: str) -> None:
        self._archive = archive
        self._folder = folder

    def open(self, name: str) -> AbstractContextManager[IO[bytes]]:
        kept = zipfile.ZipInfo(f"{self._folder}/{name}", time.localtime()[:6])
        kept.compress_type = zipfile.ZIP_STORED if name.startswith("pictures/") else zipfile.ZIP_DEFLATED
        kept.external_attr = 0o644 << 16
        return self._archive.open(kept, "w")
