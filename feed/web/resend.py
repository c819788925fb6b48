"""A form of the desk that could not be stored just now is given back on the error page, so that no text is lost."""

from typing import NamedTuple

from flask import request
from werkzeug.exceptions import HTTPException

from feed.web.cookies import session_presented
from feed.web.guards import DESK, check_form

FOR_NOW = (413, 429, 503)  # for these the form is given back; they are not about who sent it, as 401 and 403 are
SECRETS = ("current", "password", "code", "credential")  # a form with one of these is never given back

# The fields that can be read and changed before a form is sent again.
TEXTS = (
    "kicker", "headline", "slug", "standfirst", "body", "byline", "text", "source", "note", "reason", "display_name",
    "job", "bio",
)  # fmt: skip


class Sent(NamedTuple):
    """The fields that can be read and changed, as (name, value), and the others, which are sent as they are."""

    texts: list[tuple[str, str]]
    others: list[tuple[str, str]]


def form_sent(status: int) -> Sent | None:
    """The form of a request to the desk that was refused with that status; None where there is none to send again."""
    return form() if status in FOR_NOW else None


def form() -> Sent | None:
    """The form of this request to the desk; None where there is none that may be given back.

    A session cookie is enough, because no session can be looked up during a restore. A form of another site does not
    come here: it was refused before, with 403.
    """
    if request.method != "POST" or not request.path.startswith(DESK):
        return None
    if session_presented() is None or request.mimetype != "application/x-www-form-urlencoded":
        return None
    try:
        check_form()
        fields = list(request.form.items(multi=True))
    except HTTPException:  # too long to be read, or no text
        return None
    if any(name in SECRETS for name, _ in fields):
        return None
    return Sent([each for each in fields if each[0] in TEXTS], [each for each in fields if each[0] not in TEXTS])
