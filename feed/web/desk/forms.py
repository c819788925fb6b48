"""What several forms of the desk share."""

from flask import request

PICTURES_SHOWN = 60  # on the page of pictures, and in the choice of one for an article or a profile


def revision_read() -> int:
    """The revision that the form was made of; 0, which no revision has, where the form does not say."""
    text = request.form.get("revision", "")
    return int(text) if text.isdecimal() and len(text) < 10 else 0
