"""Whether the files of the pictures that a database names are there."""

from pathlib import Path

from feed.picture import SMALL, file_name
from feed.store.database import Store


def missing(store: Store, *folders: Path) -> list[str]:
    """The names of files that pages show and that are in none of these folders. Uploads that nobody has published are
    not asked for: they may be removed at any time."""
    with store.read() as db:
        rows = db.execute("SELECT id, format FROM pictures ORDER BY id").fetchall()
    names = [file_name(row["id"], row["format"], width) for row in rows for width in (None, SMALL)]
    here = {each.name for folder in folders if folder.is_dir() for each in folder.iterdir()}
    return [name for name in names if name not in here]
