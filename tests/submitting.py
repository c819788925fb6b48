"""Submits texts, as the desk's forms do."""

import uuid
from typing import Any

from feed.store import submitting
from feed.store.database import Store
from feed.store.editors import Editor
from feed.store.submissions import Submission
from tests.conftest import Site

UNSET: dict[str, Any] = {
    "headline": "",
    "language": "",
    "status": "",
    "source": "",
    "note": "",
    "key": False,
    "pinned": False,
}


def new_id() -> str:
    """An id for a draft."""
    return str(uuid.uuid4())


def submit(site: Site, by: Editor, feed: str = "news", body: str = "Submitted", **more: Any) -> Submission:
    """Submits an update; an edit, with `update` and `revision`. `draft_id` is that of what was submitted before."""
    return submitted(site.services.store, by, body, feed, **more)


def submitted(store: Store, by: Editor, body: str, feed: str = "news", **more: Any) -> Submission:
    """The same in that database."""
    draft_id = more.pop("draft_id", None) or new_id()
    about = {"feed": feed, "update": more.pop("update", None), "revision": more.pop("revision", None)}
    given = {**UNSET, "body": body, **more}
    fields = {name: value for name, value in given.items() if name != "note" or about["update"]}
    return submitting.submit_update(store, draft_id, by, {**about, **given, "discarded": False}, fields)
