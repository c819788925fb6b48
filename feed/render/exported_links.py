"""The addresses in an exported page: what is in the export is linked to there, and everything else at the site."""

import re
from collections.abc import Callable
from pathlib import Path, PurePosixPath

from feed.figures import Picture
from feed.picture import SMALL, TINY, file_name

_TAG = re.compile(r'<[a-z](?:[^<>"]|"[^"]*")*>')
_ADDRESS = re.compile(r' (href|src|srcset)="(/[^"]*)"')
_UPDATE = re.compile(r"/updates/(\d+)(/history)?")
_PICTURE = re.compile(r"/pictures/([0-9a-f]{16})(\?small(?:=192)?)?")
_STATIC = re.compile(r"/static/[0-9a-f]+/(.+)")
_WIDTHS = {"": None, "?small": SMALL, "?small=192": TINY}
_SHARED = 'class="share"'  # a link that is passed on leads to the site


class Links:
    """Rewrites the addresses of one export, and notes which files it needs. `updates` are the ids of those on its page,
    `edited` of those with a page of their history, `pictures` tells of a picture by its id, `media` has the files."""

    def __init__(
        self,
        site: str,
        updates: set[int],
        edited: set[int],
        pictures: Callable[[str], Picture | None],
        media: Path,
    ) -> None:
        self._site = site
        self._updates, self._edited = updates, edited
        self._pictures = pictures
        self._media = media
        self.files: dict[str, Path] = {}
        """The pictures that the pages show: by name in the export, the file."""
        self.static: set[str] = set()
        """The files of the static folder that they need."""

    def local(self, html: str, top: str = "") -> str:
        """That HTML with addresses for a page of the export; `top` leads from its folder to the top: "" or "../"."""
        return _TAG.sub(lambda tag: self._in_tag(tag[0], top), html)

    def _in_tag(self, tag: str, top: str) -> str:
        to_site = _SHARED in tag
        return _ADDRESS.sub(lambda found: f' {found[1]}="{self._each(found[1], found[2], top, to_site)}"', tag)

    def _each(self, attribute: str, value: str, top: str, to_site: bool) -> str:
        if to_site:
            return self._site + value
        if attribute != "srcset":
            return self._address(value, top)
        return ", ".join(
            " ".join([self._address(address, top), *width])
            for address, *width in (variant.split() for variant in value.split(","))
        )

    def _address(self, path: str, top: str) -> str:
        if path.startswith("//"):
            return path
        if found := _UPDATE.fullmatch(path):
            number, history = int(found[1]), found[2]
            if history and number in self._edited:
                return f"{top}history/{number}.html"
            if not history and number in self._updates:
                return f"{top and f'{top}index.html'}#update-{number}"
        if (found := _PICTURE.fullmatch(path)) and (name := self._picture(found[1], _WIDTHS[found[2] or ""])):
            return top + name
        if found := _STATIC.fullmatch(path):
            self.static.add(found[1])
            return top + PurePosixPath(found[1]).name
        return self._site + path

    def _picture(self, picture_id: str, width: int | None) -> str | None:
        """The name of that picture's file in the export; None if there is no such picture."""
        picture = self._pictures(picture_id)
        if picture is None:
            return None
        file = self._media / file_name(picture.id, picture.format, width)
        if width == TINY and not file.exists():  # of an earlier release
            file = self._media / file_name(picture.id, picture.format, SMALL)
        name = f"pictures/{file.name}"
        self.files[name] = file
        return name
