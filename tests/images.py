"""Small pictures that tests upload."""

import io

from PIL import Image

Colour = str | tuple[int, int, int]


def a_png(size: tuple[int, int] = (4, 4), colour: Colour = "black") -> bytes:
    """A PNG of one colour; `size` is its width and height in pixels."""
    out = io.BytesIO()
    Image.new("RGB", size, colour).save(out, "PNG")
    return out.getvalue()
