"""Pictures: readers get pixels and nothing else, whatever was uploaded."""

import io
import os
import random
import re
import resource
import struct
import subprocess
import sys
import threading
import zlib
from typing import Any

import pillow_heif
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image, ImageCms, PngImagePlugin
from werkzeug.test import TestResponse

from app import create_app
from feed import decoder, picture, pixels
from feed.errors import Invalid
from feed.store import pictures
from feed.web.bodies import FORM_BYTES
from tests.conftest import Site

SECRET = b"TOP-SECRET-PLACE"
FORMATS = ["JPEG", "PNG", "WEBP"]
TYPES = {"JPEG": "image/jpeg", "PNG": "image/png", "WEBP": "image/webp"}


def upload(site: Site, content: bytes, **words: str) -> TestResponse:
    """Sends a file through the API."""
    body = b""
    for name, value in {"alt": "A boat", **words}.items():
        body += f'--x\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode()
    body += b'--x\r\nContent-Disposition: form-data; name="file"; filename="../../boat.php"\r\n\r\n'
    headers = {"Authorization": f"Bearer {site.tokens['bob']}", "Content-Type": "multipart/form-data; boundary=x"}
    return site.charlie.post("/api/v1/pictures", data=body + content + b"\r\n--x--\r\n", headers=headers)


def fetch(site: Site, path: str) -> TestResponse:
    """A file as charlie gets it, read to its end."""
    with site.charlie.get(path) as served:
        assert served.data
    return served


def talkative(kind: str, width: int = 40, height: int = 20, orientation: int = 1) -> bytes:
    """A picture that says in every way its format knows where and by whom it was taken. Its left half is red."""
    image = Image.new("RGB", (width, height), "blue")
    image.paste("red", (0, 0, width // 2, height))
    exif = Image.Exif()
    exif[0x010E] = SECRET.decode()
    exif[0x0112] = orientation
    exif.get_ifd(0x8825)[29] = SECRET.decode()
    more: dict[str, Any] = {"exif": exif.tobytes(), "xmp": b"<x:xmpmeta>" + SECRET + b"</x:xmpmeta>"}
    if kind == "JPEG":
        more |= {"comment": SECRET, "quality": 95}
    if kind == "PNG":
        info = PngImagePlugin.PngInfo()
        info.add_text("Comment", SECRET.decode())
        info.add_itxt("XML:com.adobe.xmp", SECRET.decode())
        more = {"exif": exif.tobytes(), "pnginfo": info}
    if kind == "WEBP":
        more["lossless"] = True
    out = io.BytesIO()
    image.save(out, kind, icc_profile=SECRET, **more)
    return out.getvalue()


def png_header(width: int, height: int) -> bytes:
    """A PNG that claims a size and holds almost nothing: 1 kB that would be decoded into hundreds of megabytes."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(bytes(1000))) + chunk(b"IEND", b"")
    )


@pytest.mark.parametrize("kind", FORMATS)
def test_nothing_but_pixels_survives(site: Site, kind: str) -> None:
    sent = talkative(kind)
    assert sent.count(SECRET) >= 3, "the file that is uploaded must talk, or this test shows nothing"
    answer = upload(site, sent, caption="C", credit="Me")
    made = answer.get_json()
    assert answer.status_code == 201
    assert made | {"id": "", "url": ""} == {
        "id": "", "width": 40, "height": 20, "alt": "A boat", "decorative": False, "caption": "C", "credit": "Me",
        "url": "",
    }  # fmt: skip
    assert re.fullmatch(r"[0-9a-f]{16}", made["id"])
    assert answer.headers["Location"] == made["url"] == f"http://127.0.0.1:8000/pictures/{made['id']}"
    for path in (f"/pictures/{made['id']}", f"/pictures/{made['id']}?small"):
        served = fetch(site, path)
        assert SECRET not in served.data
        assert served.content_type == TYPES[kind]
        opened = Image.open(io.BytesIO(served.data))
        assert opened.format == kind
        assert not opened.getexif()
        assert not {"comment", "xmp", "exif", "icc_profile", "photoshop", "Comment"} & opened.info.keys()
        red, _, blue = opened.convert("RGB").getpixel((3, 10))  # type: ignore[misc]
        assert red > 200 > 60 > blue


@pytest.mark.parametrize("kind", FORMATS)
@pytest.mark.parametrize(
    ("orientation", "size", "red_at"), [(3, (40, 20), (37, 10)), (6, (20, 40), (10, 3)), (8, (20, 40), (10, 37))]
)
def test_a_picture_taken_sideways_stands_upright(kind: str, orientation: int, size: Any, red_at: Any) -> None:
    safe = pixels.rewrite(talkative(kind, orientation=orientation))
    assert (safe.width, safe.height) == size
    opened = Image.open(io.BytesIO(safe.full))
    red, _, blue = opened.convert("RGB").getpixel(red_at)  # type: ignore[misc]
    assert red > 200 > 60 > blue
    assert not opened.getexif(), "or it would be turned twice"


def test_pictures_are_kept_by_browsers_for_good(site: Site) -> None:
    made = upload(site, talkative("JPEG")).get_json()
    served = fetch(site, f"/pictures/{made['id']}")
    assert served.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert served.headers["X-Content-Type-Options"] == "nosniff"
    assert "Set-Cookie" not in served.headers
    for missing in ("0" * 16, "x", "..%2f..%2ffeed.db", made["id"].upper() + "0", f"{made['id']}.jpg"):
        answer = site.charlie.get(f"/pictures/{missing}")
        assert answer.status_code == 404
        assert "immutable" not in answer.headers["Cache-Control"]


def test_a_camera_s_picture_is_served_no_larger_than_screens_need(site: Site) -> None:
    made = upload(site, talkative("JPEG", 4000, 1000)).get_json()
    assert (made["width"], made["height"]) == (1600, 400)
    full, small = (fetch(site, f"/pictures/{made['id']}{query}").data for query in ("", "?small"))
    assert Image.open(io.BytesIO(full)).size == (1600, 400)
    assert Image.open(io.BytesIO(small)).size == (640, 160)
    assert len(small) < len(full)
    portrait = upload(site, talkative("JPEG", 1000, 1500)).get_json()
    tiny = fetch(site, f"/pictures/{portrait['id']}?small=192").data
    assert Image.open(io.BytesIO(tiny)).size == (192, 288)
    for old in site.services.settings.media.glob("*-192.jpg"):
        old.unlink()
    assert Image.open(io.BytesIO(fetch(site, f"/pictures/{portrait['id']}?small=192").data)).size == (640, 960)


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGBA", "CMYK", "I;16", "YCbCr"])
def test_every_kind_of_pixel_keeps_its_tone(mode: str) -> None:
    if mode == "I;16":
        image = Image.frombytes("I;16", (2, 1), struct.pack("<HH", 20_000, 45_000))
    else:
        image = Image.new("L", (2, 1))
        image.putdata([78, 175])
        image = image.point(lambda v: 255 * (v > 100)) if mode == "1" else image
        image = (image.convert("RGB") if mode in ("CMYK", "YCbCr") else image).convert(mode)
    out = io.BytesIO()
    image.save(out, "JPEG" if mode in ("CMYK", "YCbCr") else "PNG", **({"quality": 100} if mode == "CMYK" else {}))
    safe = pixels.rewrite(out.getvalue())
    dark, light = (Image.open(io.BytesIO(safe.full)).convert("L").getpixel((x, 0)) for x in (0, 1))
    wanted = (0, 255) if mode == "1" else (78, 175)
    assert abs(dark - wanted[0]) < 12  # type: ignore[operator]
    assert abs(light - wanted[1]) < 12  # type: ignore[operator]


def test_transparency_stays() -> None:
    out = io.BytesIO()
    Image.new("RGBA", (4, 4), (255, 0, 0, 100)).save(out, "PNG")
    assert Image.open(io.BytesIO(pixels.rewrite(out.getvalue()).full)).getpixel((0, 0)) == (255, 0, 0, 100)


@pytest.mark.parametrize(
    ("kind", "served_as"), [("GIF", "image/png"), ("PNG", "image/png"), ("AVIF", "image/webp"), ("WEBP", "image/webp")]
)
def test_of_an_animation_the_first_picture_is_kept(site: Site, kind: str, served_as: str) -> None:
    out = io.BytesIO()
    first, second = Image.new("RGB", (40, 20), "red"), Image.new("RGB", (40, 20), "blue")
    first.save(out, kind, save_all=True, append_images=[second], duration=100)
    assert Image.open(io.BytesIO(out.getvalue())).n_frames == 2  # type: ignore[attr-defined]
    answer = upload(site, out.getvalue())
    assert (answer.status_code, answer.get_json()["animation_lost"]) == (201, True)
    served = fetch(site, f"/pictures/{answer.get_json()['id']}")
    assert served.content_type == served_as
    shown = Image.open(io.BytesIO(served.data))
    assert getattr(shown, "n_frames", 1) == 1
    red, _, blue = shown.convert("RGB").getpixel((20, 10))  # type: ignore[misc]
    assert red > 200 > 60 > blue


@pytest.mark.parametrize(
    ("mode", "kind"),
    [("RGB", "JPEG"), ("RGB", "PNG"), ("RGBA", "PNG"), ("P", "PNG"), ("RGBA", "WEBP"), ("RGB", "AVIF")],
)
def test_colours_are_those_that_the_profile_means(mode: str, kind: str) -> None:
    usual = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    at_red, at_green = usual.index(b"rXYZ"), usual.index(b"gXYZ")
    swapped = bytearray(usual)  # what is red by number is green to the eye
    swapped[at_red : at_red + 4], swapped[at_green : at_green + 4] = b"gXYZ", b"rXYZ"
    out = io.BytesIO()
    Image.new("RGB", (40, 20), "red").convert(mode).save(out, kind, icc_profile=bytes(swapped))
    shown = Image.open(io.BytesIO(pixels.rewrite(out.getvalue()).full))
    red, green, _ = shown.convert("RGB").getpixel((20, 10))  # type: ignore[misc]
    assert green > 200 > 60 > red
    assert "icc_profile" not in shown.info


def test_the_small_variant_is_never_the_larger_file() -> None:
    out = io.BytesIO()
    stripes = Image.new("1", (1600, 400))
    stripes.paste(1, (0, 0, 801, 400))
    stripes.rotate(13).convert("P").save(out, "PNG")
    safe = pixels.rewrite(out.getvalue())
    assert len(safe.small) <= len(safe.full)
    assert len(safe.tiny) <= len(safe.small)
    assert safe.small_width == Image.open(io.BytesIO(safe.small)).width, "what pages say of it is true"
    assert safe.small_width > picture.SMALL, "this one is smaller as it came, or this test shows nothing"


@pytest.mark.parametrize(
    ("mode", "colour", "stands"),
    [("RGB", (255, 0, 0), "r5 g0 b0"), ("RGB", (10, 110, 220), "r0 g2 b4"), ("L", 128, "r3 g3 b3"),
     ("RGBA", (255, 0, 0, 255), "r5 g0 b0"), ("RGBA", (255, 0, 0, 200), None)],
)  # fmt: skip
def test_the_mean_colour_stands_for_a_picture_unless_it_would_show_through(mode: str, colour: Any, stands: Any) -> None:
    out = io.BytesIO()
    Image.new(mode, (700, 300), colour).save(out, "PNG")
    assert pixels.rewrite(out.getvalue()).colour == stands


def heic(**options: Any) -> bytes:
    """A picture as phones write them. Its left half is red."""
    pillow_heif.register_heif_opener()
    image = Image.new("RGB", (64, 32), "blue")
    image.paste("red", (0, 0, 32, 32))
    out = io.BytesIO()
    image.save(out, "HEIF", quality=90, **options)
    return out.getvalue()


@pytest.mark.parametrize("several", [False, True])
def test_a_phone_s_heic_is_taken(site: Site, several: bool) -> None:
    exif = Image.Exif()
    exif[0x010E] = SECRET.decode()
    more = {"save_all": True, "append_images": [Image.new("RGB", (64, 32))]} if several else {}
    sent = heic(exif=exif.tobytes(), **more)
    assert SECRET in sent
    answer = upload(site, sent)
    made = answer.get_json()
    assert (answer.status_code, made["width"], made["height"]) == (201, 64, 32)
    assert "animation_lost" not in made
    served = fetch(site, f"/pictures/{made['id']}")
    assert (served.content_type, SECRET in served.data) == ("image/jpeg", False)
    red, _, blue = Image.open(io.BytesIO(served.data)).convert("RGB").getpixel((6, 16))  # type: ignore[misc]
    assert red > 200 > 60 > blue


def test_heic_of_any_brand_is_refused_by_its_name_where_nothing_reads_it(monkeypatch: pytest.MonkeyPatch) -> None:
    content = heic()
    monkeypatch.setitem(sys.modules, "pillow_heif", None)  # as on a platform that it has no wheel for
    for brand in pixels.HEIC_BRANDS:
        with pytest.raises(Invalid, match="cannot read HEIC"):
            pixels.rewrite(content[:8] + brand + content[12:])
    out = io.BytesIO()
    Image.new("RGB", (40, 20)).save(out, "AVIF")
    assert pixels.rewrite(out.getvalue()).width == 40
    assert pixels.rewrite(out.getvalue().replace(b"ftypavif", b"ftypmif1", 1)).width == 40, "an AVIF all the same"


REFUSED = {
    "nothing": b"",
    "text": b"not a picture",
    "svg": b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>',
    "page": b"\xff\xd8\xff<html>",
    "cut jpeg": talkative("JPEG", 400, 400)[:-700],
    "cut png": talkative("PNG", 400, 400)[:-200],
    "cut heic": heic()[:-60],
    "heic of nothing": b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(400),
    "cut webp": talkative("WEBP", 400, 400)[:-60],
    "bomb": png_header(12_000, 12_000),
    "larger bomb": png_header(60_000, 60_000),
    "one pixel wide": png_header(1, 50_000_000),
    "one pixel high": png_header(16_384, 1),
    "no pixels": png_header(0, 0),
    "fewer pixels than said": png_header(2_000, 2_000),
    "too large": b"\xff\xd8\xff" + bytes(picture.UPLOAD_BYTES),
}


def test_what_is_no_good_picture_is_refused_with_a_reason(site: Site) -> None:
    for name, content in REFUSED.items():
        answer = upload(site, content)
        assert answer.status_code == 422, name
        assert [reason["field"] for reason in answer.get_json()["errors"]] == ["file"], name
    assert not list(site.services.settings.media.glob("*")), "and nothing is left on the disk"


def camera_jpeg() -> bytes:
    """An MPO: a JPEG with another picture behind it, as cameras and phones write them."""
    out = io.BytesIO()
    first, second = Image.new("RGB", (40, 20), "red"), Image.new("RGB", (10, 5), "blue")
    first.save(out, "MPO", save_all=True, append_images=[second])
    return out.getvalue()


def test_a_camera_s_jpeg_with_several_pictures_is_taken_as_its_first(site: Site) -> None:
    assert Image.open(io.BytesIO(camera_jpeg())).format == "MPO"
    made = upload(site, camera_jpeg()).get_json()
    assert (made["width"], made["height"]) == (40, 20)
    served = fetch(site, f"/pictures/{made['id']}")
    assert served.content_type == "image/jpeg"
    assert Image.open(io.BytesIO(served.data)).format == "JPEG"


def test_every_kind_that_the_decoders_report_is_known() -> None:
    reported = {*pixels.FORMATS, "MPO"}  # what Pillow's JPEG decoder says of some files
    assert reported == set(pixels.KINDS)
    assert set(pixels.KINDS.values()) <= set(picture.EXTENSIONS)


@pytest.mark.parametrize("kind", FORMATS)
def test_broken_exif_leaves_a_picture_as_it_lies(kind: str) -> None:
    whole = talkative(kind, orientation=6)
    at = whole.index(b"MM\0*" if b"MM\0*" in whole else b"II*\0")
    broken = bytearray(whole)
    broken[at : at + 12] = b"MM\0*" + b"\xff" * 8
    if kind == "PNG":  # its sum, or the file is refused before anybody reads EXIF
        start = whole.index(b"eXIf")
        length = struct.unpack(">I", whole[start - 4 : start])[0]
        broken[start + 4 + length : start + 8 + length] = struct.pack(
            ">I", zlib.crc32(bytes(broken[start : start + 4 + length]))
        )
    assert pixels.rewrite(whole).width == 20
    assert pixels.rewrite(bytes(broken)).width == 40


def test_the_longest_sides_are_taken_in_every_kind() -> None:
    for kind in FORMATS:
        for size in ((pixels.SIDE, 2), (2, pixels.SIDE)):
            out = io.BytesIO()
            Image.new("RGB", size).save(out, kind)
            assert pixels.rewrite(out.getvalue()).width == min(size[0], pixels.WIDEST)


def children() -> set[str]:
    """The processes that this one began and that have not been seen to their end, zombies too."""
    return {pid for each in os.listdir("/proc/self/task") for pid in read_words(f"/proc/self/task/{each}/children")}


def read_words(path: str) -> list[str]:
    try:
        with open(path) as file:
            return file.read().split()
    except OSError:  # the thread has ended meanwhile
        return []


def test_a_decoder_has_its_own_memory_and_is_gone_afterwards() -> None:
    before, peak = children(), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    out = io.BytesIO()
    Image.new("L", (7_000, 7_000)).save(out, "PNG")
    assert decoder.rewrite(out.getvalue()).width == pixels.WIDEST
    assert resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss > 150_000, "kB: the picture was decoded elsewhere"
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - peak < 120_000, "kB"
    assert children() == before


@pytest.mark.parametrize(("limit", "most"), [("MEMORY_BYTES", 200 * 1024**2), ("CPU_SECONDS", 1), ("WALL_SECONDS", 1)])
def test_a_decoder_that_takes_too_much_costs_a_refusal(limit: str, most: int, tmp_path: Any) -> None:
    """The limits are lowered in the process itself, which then decodes for ever, or a picture that is too large."""
    out = io.BytesIO()
    Image.new("RGBA", (7_000, 7_000)).save(out, "PNG")
    (tmp_path / "sitecustomize.py").write_text(
        "from feed import decoder, pixels\n"
        f"decoder.{limit} = {most}\n"
        "import feed.decoder as d, runpy, sys, threading\n"
        f"work = {limit!r}\n"
        "if work == 'CPU_SECONDS':\n"
        "    def rewrite(upload):\n"
        "        while True: pass\n"
        "    pixels.rewrite = rewrite\n"
        "if work == 'WALL_SECONDS':\n"
        "    pixels.rewrite = lambda upload: threading.Event().wait()\n"
        "d.main()\nsys.stdout.flush()\nimport os\nos._exit(0)\n"
    )
    before = children()
    script = [str(tmp_path), *sys.path]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("sys.path", script)
        with pytest.raises(Invalid):
            decoder.rewrite(out.getvalue())
    assert children() == before


def test_decoders_work_beside_each_other() -> None:
    done: list[int] = []
    content = talkative("JPEG")
    threads = [threading.Thread(target=lambda: done.append(decoder.rewrite(content).width)) for _ in range(4)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert done == [40] * 4


UNDER_GEVENT = """
from gevent import monkey
monkey.patch_all()
import gevent, sys
from feed import decoder
from feed.threads import Pool
turns, done = 0, False
def loop():
    global turns
    while not done:
        turns += 1
        gevent.sleep(0.001)
beside = gevent.spawn(loop)
gevent.spawn(lambda: None).join()
from gevent import subprocess  # whose loop collects ended processes, too
subprocess.run(["true"])
before = turns
upload = sys.stdin.buffer.read()
safe = Pool(2).run(decoder.rewrite, upload)
done = True
print(safe.width, turns - before)
"""


def test_readers_are_served_while_a_picture_is_decoded() -> None:
    out = io.BytesIO()
    Image.new("L", (5_000, 5_000)).save(out, "PNG")
    ran = subprocess.run([sys.executable, "-c", UNDER_GEVENT], input=out.getvalue(), capture_output=True, check=True)
    width, turns = ran.stdout.split()
    assert int(width) == pixels.WIDEST
    assert int(turns) > 20, "the loop went on"


def test_a_full_disk_is_a_clear_answer_and_leaves_nothing(site: Site) -> None:
    out = io.BytesIO()
    Image.frombytes("RGB", (900, 900), random.Random(1).randbytes(3 * 900 * 900)).save(out, "JPEG", quality=60)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, hard))  # no file may grow further, as on a full disk
    try:
        answer = upload(site, out.getvalue())
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert answer.status_code == 503
    assert "no room" in answer.get_json()["detail"]
    assert not list(site.services.settings.media.iterdir())
    assert upload(site, out.getvalue()).status_code == 201


def test_what_a_power_cut_left_unfinished_is_swept_and_what_is_in_work_is_not(site: Site) -> None:
    upload(site, talkative("PNG"))
    media = site.services.settings.media
    whole = set(media.iterdir())
    left, in_work = (media / f"{name}.png{picture.UNFINISHED}" for name in ("left", "in-work"))
    runner = create_app({"FEED_DATABASE": str(site.services.store.path)}).test_cli_runner()
    for command, said in (("repair", "took away 1 unfinished files"), ("upgrade", "")):
        for each in (left, in_work):
            each.write_bytes(b"half")
        os.utime(left, (1, 1))
        done = runner.invoke(args=["db", command])
        assert (done.exit_code, said in done.output) == (0, True)
        assert set(media.iterdir()) == whole | {in_work}


def test_repair_measures_the_pictures_of_an_earlier_release(site: Site) -> None:
    made = upload(site, talkative("JPEG", 4000, 1000)).get_json()["id"]
    gone = upload(site, talkative("JPEG")).get_json()["id"]
    (site.services.settings.media / f"{gone}-640.jpg").unlink()
    with site.services.store.read() as db:
        known = pictures.get(db, made)
    site.services.store.write(lambda db: db.execute("DELETE FROM picture_looks"))
    runner = create_app({"FEED_DATABASE": str(site.services.store.path)}).test_cli_runner()
    assert "measured 1 pictures of an earlier release" in runner.invoke(args=["db", "repair"]).output
    with site.services.store.read() as db:
        assert pictures.get(db, made) == known
        assert pictures.get(db, gone).colour is None
    assert "measured" not in runner.invoke(args=["db", "repair"]).output


def test_an_upload_over_the_limit_of_all_bodies_is_refused(site: Site) -> None:
    answer = upload(site, bytes(picture.UPLOAD_BYTES + FORM_BYTES))
    assert (answer.status_code, answer.content_type) == (413, "application/problem+json")


@pytest.mark.parametrize(
    ("words", "field"),
    [({"alt": ""}, "alt"), ({"alt": "\u200b"}, "alt"), ({"alt": "x" * 1001}, "alt"), ({"colour": "x"}, "colour"),
     ({"credit": "a\x00b"}, "credit")],
)  # fmt: skip
def test_wrong_words_of_a_picture_are_refused(site: Site, words: dict[str, str], field: str) -> None:
    answer = upload(site, talkative("PNG"), **words)
    assert answer.status_code == 422
    assert [reason["field"] for reason in answer.get_json()["errors"]] == [field]


def test_words_that_are_not_utf8_are_refused(site: Site) -> None:
    part = b'--x\r\nContent-Disposition: form-data; name="alt"\r\n\r\nM\xfcller\r\n--x\r\n'
    part += (
        b'Content-Disposition: form-data; name="file"; filename="a.png"\r\n\r\n' + talkative("PNG") + b"\r\n--x--\r\n"
    )
    headers = {"Authorization": f"Bearer {site.tokens['bob']}", "Content-Type": "multipart/form-data; boundary=x"}
    answer = site.charlie.post("/api/v1/pictures", data=part, headers=headers)
    assert answer.status_code == 422
    assert [reason["field"] for reason in answer.get_json()["errors"]] == ["alt"]
    broken = {**headers, "Content-Type": "multipart/form-data"}
    assert 400 <= site.charlie.post("/api/v1/pictures", data=part, headers=broken).status_code < 500
    assert site.api("POST", "/api/v1/pictures", {"alt": "x"}).status_code == 415


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(kind=st.sampled_from(FORMATS), place=st.floats(0, 1), byte=st.integers(0, 255), cut=st.booleans())
def test_any_damage_to_a_file_is_taken_or_refused(kind: str, place: float, byte: int, cut: bool) -> None:
    content = bytearray(WHOLE[kind])
    at = int(place * (len(content) - 1))
    content[at] = byte
    try:
        safe = pixels.rewrite(bytes(content[:at] if cut else content))
    except Invalid:
        return
    assert Image.open(io.BytesIO(safe.full)).size == (safe.width, safe.height)


@pytest.mark.parametrize("kind", FORMATS)
def test_seeded_damage_anywhere_is_taken_or_refused(kind: str) -> None:
    """Several bytes at once, most of them in the heads and in EXIF, where decoders trust numbers."""
    chance = random.Random(f"damage to {kind}")
    for _ in range(400):
        content = bytearray(WHOLE[kind])
        for _ in range(chance.randint(1, 6)):
            content[chance.randrange(min(len(content), chance.choice((300, len(content)))))] = chance.randrange(256)
        try:
            safe = pixels.rewrite(bytes(content))
        except Invalid:
            continue
        assert Image.open(io.BytesIO(safe.full)).size == (safe.width, safe.height)


WHOLE = {kind: talkative(kind) for kind in FORMATS}
