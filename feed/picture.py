"""An uploaded file → a safe picture: decoded, its pixels copied into a new image, and written anew.

Saving the opened image again would keep JPEG and GIF comments; only pixels are carried over (and the rotation that
EXIF asks for is applied to them first). Runs on a native thread: decoding takes tenths of a second.
"""

import io
import os
import warnings
from dataclasses import dataclass
from pathlib import Path

from PIL import Image, ImageOps, UnidentifiedImageError

from feed import private
from feed.errors import Invalid, Reason, Sentence

UPLOAD_BYTES = 12 * 1024 * 1024  # a good camera's JPEG
PIXELS = 50_000_000  # 200 MB decoded; Pillow alone would only warn at 90 million
WIDEST = 1600  # pixels; the picture's column is 760 CSS pixels wide, twice for sharp screens
SMALL = 640  # pixels; a phone's screen, and the cards
FORMATS = ("JPEG", "PNG", "WEBP")
QUALITY = 82  # no difference to the eye, a third of the bytes of 95

EXTENSIONS = {"JPEG": "jpg", "PNG": "png", "WEBP": "webp"}


@dataclass(frozen=True)
class SafePicture:
    """A picture without its past. `full` and `small` are whole files; width and height are of `full`, in pixels."""

    format: str
    width: int
    height: int
    full: bytes
    small: bytes


def rewrite(upload: bytes) -> SafePicture:
    """The upload written anew at both sizes. Raises Invalid when it is no picture we take."""
    if len(upload) > UPLOAD_BYTES:
        raise _refused(Sentence("This file is over {size} MB; make it smaller.", size=UPLOAD_BYTES // 1024**2))
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # our own limit on pixels is the stricter one
            with Image.open(io.BytesIO(upload), formats=FORMATS) as opened:
                kind = str(opened.format)
                if opened.width * opened.height > PIXELS:
                    millions = PIXELS // 1_000_000
                    raise _refused(
                        Sentence("This picture has over {count} million pixels; make it smaller.", count=millions)
                    )
                upright = _in_eight_bits(ImageOps.exif_transpose(opened))
                mode = "RGB" if kind == "JPEG" or not upright.has_transparency_data else "RGBA"
                pixels = Image.new(mode, upright.size)
                pixels.paste(upright.convert(mode))
    except Invalid:
        raise
    except (UnidentifiedImageError, Image.DecompressionBombError, OSError, ValueError, SyntaxError):
        raise _refused(Sentence("This file cannot be read as JPEG, PNG or WebP.")) from None
    full, small = _fitted(pixels, WIDEST), _fitted(pixels, SMALL)
    return SafePicture(kind, full.width, full.height, _file(full, kind), _file(small, kind))


def save(safe: SafePicture, folder: Path, picture_id: str) -> None:
    """Writes both files so that they survive a power cut."""
    private.make_folder(folder)
    for content, small in ((safe.full, False), (safe.small, True)):
        with open(folder / file_name(picture_id, safe.format, small=small), "wb", opener=private.opener) as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
    descriptor = os.open(folder, os.O_RDONLY)
    os.fsync(descriptor)  # the names too
    os.close(descriptor)


def file_name(picture_id: str, kind: str, *, small: bool = False) -> str:
    """What the file of a picture is called in the folder of pictures."""
    return f"{picture_id}{f'-{SMALL}' if small else ''}.{EXTENSIONS[kind]}"


def _in_eight_bits(image: Image.Image) -> Image.Image:
    """Grey of 16 bits scaled down; Pillow's own conversion would cut, and leave white."""
    return image.point(lambda value: value / 256).convert("L") if image.mode.startswith("I") else image


def _fitted(image: Image.Image, widest: int) -> Image.Image:
    if image.width <= widest:
        return image
    height = max(1, round(image.height * widest / image.width))
    return image.resize((widest, height), Image.Resampling.LANCZOS)


def _file(image: Image.Image, kind: str) -> bytes:
    out = io.BytesIO()
    options = {"optimize": True, "progressive": True} if kind == "JPEG" else {}
    image.save(out, kind, quality=QUALITY, **options)
    return out.getvalue()


def _refused(message: str) -> Invalid:
    return Invalid(Reason("file", message))
