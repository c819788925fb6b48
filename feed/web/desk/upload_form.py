"""Reads a form with a file. However large the file is, the texts beside it are read, to be given back with the
reason."""

import io
from dataclasses import dataclass
from typing import Any

from flask import request
from werkzeug.datastructures import MultiDict
from werkzeug.exceptions import BadRequest
from werkzeug.formparser import FormDataParser

from feed.errors import Message
from feed.picture import UPLOAD_BYTES
from feed.web.bodies import FORM_BYTES, FORM_FIELDS, REFUSED_BYTES, bound


class _Beginning(io.BytesIO):
    """Stores no more of a file than one byte above the limit, which shows that it is too large."""

    def write(self, part: Any) -> int:
        """Stores as much of the part as there is room for, and says that it took all."""
        super().write(part[: max(0, UPLOAD_BYTES + 1 - self.tell())])
        return len(part)


@dataclass(frozen=True)
class Upload:
    """A file as it was sent; of one that is too large, as many bytes as show that it is."""

    name: str
    content: bytes


def read_upload() -> tuple[MultiDict[str, str], Upload | None]:
    """The texts of the form, and the file if one was chosen. Raises BadRequest and RequestEntityTooLarge."""
    if request.mimetype != "multipart/form-data":
        return request.form, None
    bound(REFUSED_BYTES)
    parser = FormDataParser(
        lambda *_, **__: _Beginning(), max_form_memory_size=FORM_BYTES, max_form_parts=FORM_FIELDS, silent=False
    )
    try:
        _, form, files = parser.parse(request.stream, request.mimetype, request.content_length, request.mimetype_params)
    except ValueError:
        raise BadRequest(Message("This form cannot be read.")) from None
    chosen = files.get("file")
    content = chosen.stream.getvalue() if chosen and isinstance(chosen.stream, _Beginning) else b""
    return form, Upload(chosen.filename or "", content) if chosen and (chosen.filename or content) else None
