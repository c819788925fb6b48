"""The sample stories of a new site, stored by the same functions as what editors write."""

import json
from pathlib import Path
from typing import Any

from feed import times
from feed.store import articles, editors, pictures, publishing, writing
from feed.store.database import Store

APART_SECONDS = 17 * 60  # between two updates of the sample: a quiet day
STORY = Path(__file__).parent / "sample.json"


def load_if_empty(store: Store, media: Path) -> bool:
    """Loads the sample unless there is an article already; returns whether it did."""
    with store.read() as db:
        if articles.newest_first(db, 1, drafts=True):
            return False
    from feed.demo.drawings import draw  # imported here, because other commands need no Pillow

    sample = json.loads(STORY.read_text())
    mara: dict[str, Any] = sample["editor"]
    portrait = pictures.add(store, media, draw(mara["picture"]), {"alt": f"Portrait of {mara['display_name']}"}, None)
    editor = editors.add_byline(store, "mara.lindqvist", {**mara, "picture": portrait.id}, None)
    for article in sample["articles"]:
        shown = {name: article.pop(name) for name in ("alt", "caption", "credit")}
        picture = pictures.add(store, media, draw(article.pop("picture")), shown, None)
        writing.create(store, editor, {**article, "picture": picture.id})
    for slug, updates in sample["feeds"].items():
        for number, update in enumerate(updates):
            ago = APART_SECONDS * (len(updates) - number)
            publishing.publish(store, slug, editor, update, moment=times.after(-ago))
    return True
