"""What the desk's forms call their fields, the same in each form and where one is given back to be sent again; and how
long their texts may be."""

from flask import Flask

from feed import fields, statuses
from feed.errors import Message
from feed.languages import Languages

LABELS = {
    "kicker": Message("Kicker"),
    "headline": Message("Headline"),
    "slug": Message("Address"),
    "standfirst": Message("Standfirst"),
    "body": Message("Body"),
    "byline": Message("Byline"),
    "author": Message("Author"),
    "language": Message("Language"),
    "picture": Message("Picture"),
    "status": Message("Status"),
    "source": Message("Source: who says so, or a link (optional)"),
    "key": Message("Key event"),
    "pinned": Message("Pin on top"),
    "publish_at": Message("Publish at"),
    "draft": Message("Draft"),
    "live": Message("Live coverage"),
    "text": Message("Point"),
    "note": Message("Note for readers: what was corrected (optional)"),
    "minor": Message("Minor edit, without the Updated mark"),
    "reason": Message("Reason"),
    "display_name": Message("Name, as in the byline"),
    "job": Message("Role, such as Science correspondent"),
    "bio": Message("About you"),
}

ROLES = {
    "contributor": Message("Contributor"),
    "editor": Message("Editor"),
    "admin": Message("Admin"),
}

LIMITS = {
    (kind, name): field.limit
    for kind, table in {
        "update": fields.EDIT,
        "retraction": fields.RETRACTION,
        "point": fields.POINT,
        "return": fields.RETURN,
        "article": fields.ARTICLE,
        "closing": fields.CLOSING,
        "picture": fields.PICTURE,
        "profile": fields.PROFILE,
    }.items()
    for name, field in table.items()
    if isinstance(field, fields.Text)
}


def install(app: Flask, languages: Languages) -> None:
    """Gives templates `label("kicker")`, the label of that field in the language that is being written,
    `role_name("editor")`, `limit("update", "body")`, how many characters that field of such a form takes, and
    `statuses`, those that an update can have."""
    app.jinja_env.globals["label"] = lambda name: languages.now.translate(LABELS[name])
    app.jinja_env.globals["role_name"] = lambda role: languages.now.translate(ROLES[role])
    app.jinja_env.globals["statuses"] = tuple(statuses.WORDS)
    app.jinja_env.globals["limit"] = lambda kind, name: LIMITS[kind, name]
