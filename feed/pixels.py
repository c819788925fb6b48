"""An uploaded file → a safe picture: decoded, its pixels copied into a new image, and written anew.

HEIC, which phones write, is read if pillow-heif is installed; otherwise it is refused by name.

Saving the opened image again would keep JPEG and GIF comments, so only the pixels are copied, after the rotation that
EXIF asks for. This runs in a process of its own: see decoder. So workers do not import this module, nor Pillow.
"""

import io
import warnings
from pathlib import Path

from PIL import Image, ImageCms, ImageOps

from feed.errors import Invalid, Message
from feed.picture import SMALL, TINY, SafePicture, check_size, file_name, refused

PIXELS = 50_000_000  # 200 MB decoded; Pillow only warns, at 90 million
WIDEST = 1600  # pixels; the picture's column is 760 CSS pixels wide, twice for sharp screens
SIDE = 16_383  # pixels, the most that WebP allows; one pixel wide and 50 million high would take 2 GB to decode
HEIF = "HEIF"  # what pillow-heif calls its decoder
FORMATS = ("JPEG", "PNG", "WEBP", "AVIF", "GIF", HEIF)  # the decoders that an upload may reach
KINDS = {"JPEG": "JPEG", "MPO": "JPEG", "PNG": "PNG", "WEBP": "WEBP", "AVIF": "WEBP", "GIF": "PNG", HEIF: "JPEG"}
"""The format that we write for each that the decoders report. MPO is a camera's JPEG with more pictures behind the
first. Of an animation the first picture is kept. Every browser shows these formats, and the previous release knows
them."""
STILL = ("MPO", HEIF)  # formats in which several pictures are no animation
HEIC_BRANDS = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1")  # ISO/IEC 23008-12, annex B
QUALITY = 82  # looks like 95, with a third of the bytes

UNREADABLE = Message("This file cannot be read as JPEG, PNG, WebP, AVIF, HEIC or GIF.")
NO_HEIC = Message("This site cannot read HEIC. Save the picture as JPEG, then upload that.")
LEVELS = 5  # above zero of red, green and blue in a picture's colour: 216 colours, 18 lines of CSS


def rewrite(upload: bytes) -> SafePicture:
    """Decodes the upload and writes it anew in all sizes. Raises Invalid when it is no picture that is accepted,
    whatever the decoder raises: libraries raise errors of every type for damaged files. This decodes in the present
    process; use `decoder.rewrite` instead.
    """
    check_size(upload)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # our limits are stricter
            with Image.open(io.BytesIO(upload), formats=_formats(upload)) as opened:
                return _written(opened)
    except Invalid:
        raise
    except Exception:
        raise refused(UNREADABLE) from None


def looks(folder: Path, picture_id: str, kind: str) -> tuple[int, str | None]:
    """Returns the width of the small variant and the colour of a stored picture. Raises OSError."""
    with Image.open(folder / file_name(picture_id, kind, SMALL)) as small:
        return small.width, colour_of(small)


def _formats(upload: bytes) -> tuple[str, ...]:
    """Returns the decoders for that upload. Raises Invalid for HEIC if its decoder is not installed."""
    of_pillow = FORMATS[:-1]
    if upload[4:8] != b"ftyp" or upload[8:12] not in HEIC_BRANDS:
        return of_pillow
    try:
        import pillow_heif  # imported here, because workers do not decode and need not load it
    except ImportError:  # no wheel for this platform; an AVIF may have such a brand too
        if b"avif" in upload[: int.from_bytes(upload[:4])]:
            return of_pillow
        raise refused(NO_HEIC) from None
    pillow_heif.register_heif_opener()
    return FORMATS


def _written(opened: Image.Image) -> SafePicture:
    kind = KINDS.get(str(opened.format))
    if kind is None:
        raise refused(UNREADABLE)
    if max(opened.size) > SIDE:
        raise refused(Message("This picture is over {count} pixels wide or high; make it smaller.", count=SIDE))
    if opened.width * opened.height > PIXELS:
        millions = PIXELS // 1_000_000
        raise refused(Message("This picture has over {count} million pixels; make it smaller.", count=millions))
    opened.load()
    upright = _in_srgb(_in_eight_bits(_upright(opened)))
    mode = "RGB" if kind == "JPEG" or not upright.has_transparency_data else "RGBA"
    pixels = Image.new(mode, upright.size)
    pixels.paste(upright.convert(mode))
    full, small = _fitted(pixels, WIDEST), _fitted(pixels, SMALL)
    whole, less, least = (_file(each, kind) for each in (full, small, _fitted(pixels, _tiny_width(pixels))))
    return SafePicture(
        kind,
        full.width,
        full.height,
        small_width=small.width if len(less) < len(whole) else full.width,
        colour=colour_of(small),
        animated=getattr(opened, "is_animated", False) and opened.format not in STILL,
        full=whole,
        small=min(whole, less, key=len),
        tiny=min(whole, less, least, key=len),
    )


def colour_of(pixels: Image.Image) -> str | None:
    """Returns the mean colour, which is shown until the picture has loaded, as words for a CSS selector: "r4 g2 b0".
    None for a transparent picture, through which the colour would always show."""
    if (
        pixels.mode != "RGB"
        and pixels.has_transparency_data
        and min(pixels.convert("RGBA").getchannel("A").tobytes()) < 255
    ):
        return None
    mean = pixels.convert("RGB").resize((1, 1), Image.Resampling.BOX).tobytes()
    return " ".join(f"{name}{round(level * LEVELS / 255)}" for name, level in zip("rgb", mean, strict=True))


def _tiny_width(image: Image.Image) -> int:
    """Returns the width at which the shorter side is TINY pixels; a panorama gets less."""
    return min(SMALL, max(TINY, round(image.width * TINY / image.height)))


def _upright(image: Image.Image) -> Image.Image:
    """Returns the image turned as EXIF asks, or unturned if its EXIF is broken."""
    try:
        return ImageOps.exif_transpose(image)
    except Exception:
        return image


def _in_eight_bits(image: Image.Image) -> Image.Image:
    """Scales 16-bit grey down to 8 bits; Pillow's own conversion would cut values off and leave white."""
    return image.point(lambda value: value / 256).convert("L") if image.mode.startswith("I") else image


def _in_srgb(image: Image.Image) -> Image.Image:
    """Returns the image converted from its colour profile to sRGB, since the profile is not kept. A profile that cannot
    be read is ignored, as browsers do."""
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
