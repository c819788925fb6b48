"""An uploaded file → a safe picture: decoded, its pixels copied into a new image, and written anew.

Saving the opened image again would keep JPEG and GIF comments; only pixels are carried over (and the rotation that
EXIF asks for is applied to them first). Runs in a process of its own: see decoder.
"""

import io
import os
import warnings
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from PIL import Image, ImageCms, ImageOps

from feed import private
from feed.errors import Invalid, Reason, Sentence, Unsaved

UPLOAD_BYTES = 12 * 1024 * 1024  # a good camera's JPEG
PIXELS = 50_000_000  # 200 MB decoded; Pillow alone would only warn at 90 million
WIDEST = 1600  # pixels; the picture's column is 760 CSS pixels wide, twice for sharp screens
SMALL = 640  # pixels; a phone's screen, and the cards
SIDE = 16_383  # pixels, the most of a WebP; one pixel wide and 50 million high takes 2 GB to decode
FORMATS = ("JPEG", "PNG", "WEBP", "AVIF", "GIF")  # the decoders of Pillow that an upload may reach
KINDS = {"JPEG": "JPEG", "MPO": "JPEG", "PNG": "PNG", "WEBP": "WEBP", "AVIF": "WEBP", "GIF": "PNG"}
"""What we write for each kind that these decoders report: MPO is a camera's JPEG with more pictures behind the first.
Of an animation the first picture is kept. Every browser shows what we write, and so does the release before."""
QUALITY = 82  # no difference to the eye, a third of the bytes of 95

EXTENSIONS = {"JPEG": "jpg", "PNG": "png", "WEBP": "webp"}
UNFINISHED = ".unfinished"  # what the name of a file ends with while it is being written
UNREADABLE = Sentence("This file cannot be read as JPEG, PNG, WebP, AVIF or GIF.")


@dataclass(frozen=True)
class SafePicture:
    """A picture without its past. `full` and `small` are whole files; width and height are of `full`, in pixels."""

    format: str
    width: int
    height: int
    full: bytes
    small: bytes


def rewrite(upload: bytes) -> SafePicture:
    """The upload written anew at both sizes. Raises Invalid when it is no picture we take, whatever the decoder met:
    libraries raise errors of every type for damaged files. Decodes in this process: `decoder.rewrite` is the safe one.
    """
    check_size(upload)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # our own limits are the stricter ones
            with Image.open(io.BytesIO(upload), formats=FORMATS) as opened:
                return _written(opened)
    except Invalid:
        raise
    except Exception:
        raise refused(UNREADABLE) from None


def check_size(upload: bytes) -> None:
    """Raises Invalid when the upload has more bytes than we take."""
    if len(upload) > UPLOAD_BYTES:
        raise refused(Sentence("This file is over {size} MB; make it smaller.", size=UPLOAD_BYTES // 1024**2))


def save(safe: SafePicture, folder: Path, picture_id: str) -> None:
    """Writes both files so that they survive a power cut; each has its name only once it is whole. Raises Unsaved, and
    leaves nothing, when the disk does not take them."""
    small, full = (folder / file_name(picture_id, safe.format, small=small) for small in (True, False))
    try:
        private.make_folder(folder)
        _write(small, safe.small)
        _write(full, safe.full)
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)  # the names too
        finally:
            os.close(descriptor)
    except OSError as error:
        for each in (small, full):
            with suppress(OSError):
                each.unlink()
        raise Unsaved(f"the picture cannot be written to {folder}: {error.strerror}") from error


def file_name(picture_id: str, kind: str, *, small: bool = False) -> str:
    """What the file of a picture is called in the folder of pictures."""
    return f"{picture_id}{f'-{SMALL}' if small else ''}.{EXTENSIONS[kind]}"


def refused(message: str) -> Invalid:
    """The refusal of the file that was sent."""
    return Invalid(Reason("file", message))


def _write(path: Path, content: bytes) -> None:
    unfinished = path.with_name(path.name + UNFINISHED)
    try:
        with open(unfinished, "wb", opener=private.opener) as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        unfinished.rename(path)
    except OSError:
        with suppress(OSError):
            unfinished.unlink()
        raise


def _written(opened: Image.Image) -> SafePicture:
    kind = KINDS.get(str(opened.format))
    if kind is None:
        raise refused(UNREADABLE)
    if max(opened.size) > SIDE:
        raise refused(Sentence("This picture is over {count} pixels wide or high; make it smaller.", count=SIDE))
    if opened.width * opened.height > PIXELS:
        millions = PIXELS // 1_000_000
        raise refused(Sentence("This picture has over {count} million pixels; make it smaller.", count=millions))
    opened.load()
    upright = _in_srgb(_in_eight_bits(_upright(opened)))
    mode = "RGB" if kind == "JPEG" or not upright.has_transparency_data else "RGBA"
    pixels = Image.new(mode, upright.size)
    pixels.paste(upright.convert(mode))
    full, small = _fitted(pixels, WIDEST), _fitted(pixels, SMALL)
    whole, less = _file(full, kind), _file(small, kind)
    return SafePicture(kind, full.width, full.height, whole, min(whole, less, key=len))


def _upright(image: Image.Image) -> Image.Image:
    """Turned as EXIF asks. Broken EXIF is no reason to refuse pixels that are whole: they stay as they lie."""
    try:
        return ImageOps.exif_transpose(image)
    except Exception:
        return image


def _in_eight_bits(image: Image.Image) -> Image.Image:
    """Grey of 16 bits scaled down; Pillow's own conversion would cut, and leave white."""
    return image.point(lambda value: value / 256).convert("L") if image.mode.startswith("I") else image


def _in_srgb(image: Image.Image) -> Image.Image:
    """The colours that its profile means, as screens take them for granted: the profile itself is not carried over.
    A profile that cannot be read is ignored, as browsers do."""
    profile = image.info.get("icc_profile")
    if not profile:
        return image
    try:
        if image.mode not in ("L", "RGB", "RGBA", "CMYK"):
            image = image.convert("RGBA" if image.has_transparency_data else "RGB")
        meant = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        mode = "RGBA" if image.mode == "RGBA" else "RGB"
        made = ImageCms.profileToProfile(image, meant, ImageCms.createProfile("sRGB"), outputMode=mode)
    except Exception:
        return image
    return made or image


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
