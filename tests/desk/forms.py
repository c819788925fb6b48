"""Forms of the desk, as tests send and read them."""

import io
from typing import Any

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from tests.conftest import FROM_HERE
from tests.images import a_png
from tests.pages import element, elements


def send(browser: FlaskClient, path: str, **form: Any) -> TestResponse:
    """Sends a form as the desk's own page does."""
    return browser.post(path, data=form, headers=FROM_HERE)


def field(page: TestResponse, name: str) -> str:
    """What stands in a field of the form that came back."""
    found = element(page.text, name=name)
    return str(found.get("value") if found.tag == "input" else found.text_content().removeprefix("\n"))


def ticked(page: TestResponse, name: str) -> bool:
    """Whether a box of the form is ticked."""
    return bool(elements(page.text, "input", type="checkbox", name=name, checked=True))


def form_data(content: bytes, **words: str) -> dict[str, Any]:
    """A form with a file, as it travels: the test client would write a large one to the disk."""
    parts = [f'name="{name}"\r\n\r\n{value}\r\n'.encode() for name, value in words.items()]
    parts.insert(0, b'name="file"; filename="boat.jpg"\r\n\r\n' + content + b"\r\n")
    body = b"".join(b"--x\r\nContent-Disposition: form-data; " + part for part in parts) + b"--x--\r\n"
    return {"data": body, "headers": {**FROM_HERE, "Content-Type": "multipart/form-data; boundary=x"}}


def png(colour: str = "teal") -> io.BytesIO:
    """A small picture."""
    return io.BytesIO(a_png((20, 10), colour))
