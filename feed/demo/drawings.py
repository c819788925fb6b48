"""The demo's pictures, drawn on the spot: no photograph to license, no binary file in the repository.

Flat shapes in one small palette, like a printed poster: ink blues, paper, one red. What looks random comes
from a seed, so that a name gives the same bytes on every run and an uploaded picture keeps its address.
"""

import io
import math
from collections.abc import Callable, Iterable
from random import Random

from PIL import Image, ImageDraw

OVERSAMPLE = 3  # drawn larger, then scaled down: at 2 the edges still show steps, at 4 it takes over a second
NIGHT, INK, SLATE, STEEL, MIST = "#0f1a26", "#182a3b", "#2a4259", "#56718a", "#9fb0bd"
PAPER, SAND, DUST, RED, GLOW = "#f3ede1", "#e2d8c6", "#c9c2b4", "#c2372e", "#f2cf8d"

Point = tuple[float, float]


class Sheet:
    """A canvas measured in the pixels of the finished picture."""

    def __init__(self, width: int, height: int, ground: str) -> None:
        self.width, self.height = width, height
        self.image = Image.new("RGB", (width * OVERSAMPLE, height * OVERSAMPLE), ground)
        self.pen = ImageDraw.Draw(self.image)

    def box(self, x: float, y: float, width: float, height: float, fill: str, radius: float = 0) -> None:
        corners = _scaled([(x, y), (x + width, y + height)])
        self.pen.rounded_rectangle(corners, radius * OVERSAMPLE, fill)

    def disc(self, x: float, y: float, rx: float, fill: str, ry: float | None = None) -> None:
        ry = rx if ry is None else ry
        self.pen.ellipse(_scaled([(x - rx, y - ry), (x + rx, y + ry)]), fill)

    def shape(self, points: Iterable[Point], fill: str) -> None:
        self.pen.polygon(_scaled(points), fill)

    def line(self, points: Iterable[Point], fill: str, width: float) -> None:
        self.pen.line(_scaled(points), fill, round(width * OVERSAMPLE), "curve")

    def png(self) -> bytes:
        buffer = io.BytesIO()
        self.image.resize((self.width, self.height), Image.Resampling.LANCZOS).save(buffer, "PNG")
        return buffer.getvalue()


def draw(name: str) -> bytes:
    """The PNG of that name. Raises ValueError, naming the known drawings, for any other."""
    try:
        drawing = DRAWINGS[name]
    except KeyError:
        raise ValueError(f"no drawing {name!r}; there are {', '.join(DRAWINGS)}") from None
    return drawing(Random(name)).png()  # noqa: S311 - stars and pebbles, not secrets


def _scaled(points: Iterable[Point]) -> list[Point]:
    return [(x * OVERSAMPLE, y * OVERSAMPLE) for x, y in points]


def _arc(x: float, y: float, rx: float, ry: float, start: int, end: int) -> list[Point]:
    """Points along an ellipse, in degrees clockwise from three o'clock."""
    step = 3 if end > start else -3
    angles = [math.radians(degree) for degree in range(start, end + step, step)]
    return [(x + rx * math.cos(angle), y + ry * math.sin(angle)) for angle in angles]


def _stars(sheet: Sheet, random: Random, count: int, lowest: float) -> None:
    for _ in range(count):
        x, y = random.uniform(0, sheet.width), random.uniform(0, lowest)
        sheet.disc(x, y, random.choice((1, 1.3, 2)), MIST)


def _moon(random: Random) -> Sheet:
    sheet = Sheet(1600, 1000, NIGHT)
    _stars(sheet, random, 80, 640)
    _earth(sheet, 1150, 260, 132)
    sheet.disc(700, 3420, 2760, DUST)
    sheet.disc(1050, 4060, 3250, SAND)
    craters: list[tuple[float, float, float]] = [(1210, 905, 165), (250, 900, 105), (690, 815, 74)]
    for _ in range(80):
        x, depth = random.uniform(0, 1600), random.random() ** 1.5
        horizon = 3420 - math.sqrt(2760**2 - (x - 700) ** 2)
        y, rx = horizon + 16 + depth * 320, (6 + 56 * depth) * random.uniform(0.5, 1)
        shaded = 150 < x < 540 and y < 740
        if not shaded and all(math.hypot(x - cx, 3 * (y - cy)) > 1.3 * (rx + cr) for cx, cy, cr in craters):
            craters.append((x, y, rx))
    for x, y, rx in craters:
        sheet.disc(x - rx * 0.03, y, rx, PAPER, rx * 0.29)
        sheet.disc(x + rx * 0.03, y, rx * 0.94, STEEL, rx * 0.255)
        sheet.disc(x - rx * 0.13, y + rx * 0.03, rx * 0.78, MIST, rx * 0.21)
    _lander(sheet, 470, 690)
    return sheet


def _earth(sheet: Sheet, x: float, y: float, radius: float) -> None:
    sheet.disc(x, y, radius, STEEL)
    for dx, dy, rx, ry in ((34, -62, 44, 30), (12, -36, 40, 26), (56, 34, 30, 40), (46, 66, 20, 34)):
        sheet.disc(x + dx, y + dy, rx, DUST, ry)
    clouds = ((16, -106, 44, 12), (70, -72, 34, 7), (62, -10, 62, 8), (20, 2, 60, 7), (30, 98, 50, 11))
    for dx, dy, rx, ry in clouds:
        sheet.disc(x + dx, y + dy, rx, PAPER, ry)
    edge = radius + 1
    sheet.shape([*_arc(x, y, edge, edge, 90, 270), *_arc(x, y, radius * 0.3, edge, 270, 90)], INK)


def _lander(sheet: Sheet, x: float, y: float) -> None:
    """Feet on (x, y); the light comes from the right."""
    sheet.shape([(x + 50, y), (x - 54, y), (x - 250, y + 22), (x - 290, y + 22), (x - 250, y + 28)], STEEL)
    for side in (-1, 1):
        sheet.line([(x + side * 22, y - 48), (x + side * 54, y)], INK, 4)
        sheet.line([(x + side * 26, y - 22), (x + side * 44, y - 14)], INK, 3)
        sheet.box(x + side * 54 - 12, y - 3, 24, 5, INK)
    sheet.shape([(x - 10, y - 30), (x + 10, y - 30), (x + 17, y - 12), (x - 17, y - 12)], INK)
    sheet.box(x - 38, y - 58, 76, 30, RED)
    cabin = [(-30, -58), (-38, -84), (-20, -108), (18, -108), (36, -84), (28, -58)]
    sheet.shape([(x + dx, y + dy) for dx, dy in cabin], PAPER)
    sheet.shape([(x + dx, y + dy) for dx, dy in [*cabin[:3], (-6, -108), (-14, -84), (-10, -58)]], STEEL)
    sheet.shape([(x + 4, y - 95), (x + 21, y - 88), (x + 7, y - 77)], INK)
    sheet.line([(x + 9, y - 106), (x + 9, y - 132)], PAPER, 3)


def _bridge(random: Random) -> Sheet:
    sheet = Sheet(1600, 1000, INK)
    for y, fill in ((150, SLATE), (290, STEEL), (410, MIST), (510, DUST), (574, SAND)):
        sheet.box(0, y, 1600, 660 - y, fill)
    sheet.disc(1110, 600, 96, RED)
    _town(sheet, random, range(-20, 250, 46))
    _town(sheet, random, range(1350, 1600, 46))
    for y, fill in ((660, STEEL), (700, SLATE), (800, INK), (920, NIGHT)):
        sheet.box(0, y, 1600, 1000 - y, fill)
    for y in range(690, 1000, 14):
        x, width = random.uniform(0, 1500), random.uniform(60, 240)
        sheet.box(x, y, width, 4, STEEL if y < 920 else SLATE, 2)
    for row in range(14):
        width = 170 * random.uniform(0.3, 1) * (1 - row / 18)
        sheet.box(1110 - width / 2 + random.uniform(-14, 14), 670 + row * 18, width, 6, RED, 3)
    _span(sheet, 800, 560)
    _boat(sheet, 560, 742)
    return sheet


def _town(sheet: Sheet, random: Random, columns: range) -> None:
    sheet.box(columns[0] - 20, 640, columns.step * len(columns) + 40, 26, NIGHT)
    for x in columns:
        top, middle = 660 - random.randint(60, 176), x + columns.step / 2
        sheet.box(x, top, columns.step, 660 - top, INK)
        sheet.shape([(x, top), (middle, top - 24), (x + columns.step, top)], INK)
        for y in range(608, top + 4, -26):
            if random.random() < 0.6:
                sheet.box(x + random.choice((10, 28)), y, 8, 11, GLOW)


def _span(sheet: Sheet, x: float, deck: float) -> None:
    """A swing bridge on its round pier: highest over the pivot, thin at both ends, a gap to the quays."""
    sheet.shape([(x - 66, deck), (x + 66, deck), (x + 80, 726), *_arc(x, 726, 80, 14, 0, 180)], NIGHT)
    for side in (-1, 1):
        tops = [(x + side * step * 56, deck - 172 + 128 * (step / 8) ** 0.8) for step in range(9)]
        sheet.line([*tops, (x + side * 490, deck)], NIGHT, 9)
        for (top_x, top_y), (next_x, _) in zip(tops, [*tops[1:], (x + side * 490, deck)], strict=True):
            sheet.line([(top_x, deck), (top_x, top_y), (next_x, deck)], NIGHT, 4)
        sheet.box(x + (508 if side > 0 else -908), deck - 6, 400, 26, NIGHT)
        sheet.box(x + side * 521 - 12, deck, 24, 140, NIGHT)
    sheet.box(x - 494, deck - 6, 988, 20, NIGHT)
    sheet.box(x - 26, deck - 210, 52, 44, NIGHT)
    sheet.box(x - 13, deck - 196, 26, 15, GLOW)


def _boat(sheet: Sheet, x: float, y: float) -> None:
    sheet.shape([(x - 62, y), (x + 62, y), (x + 44, y + 22), (x - 48, y + 22)], NIGHT)
    sheet.line([(x, y), (x, y - 122)], NIGHT, 4)
    sheet.shape([(x + 7, y - 112), (x + 7, y - 10), (x + 56, y - 10)], PAPER)
    sheet.shape([(x - 7, y - 96), (x - 7, y - 10), (x - 44, y - 10)], DUST)


def _train(random: Random) -> Sheet:
    sheet = Sheet(1600, 1000, NIGHT)
    sheet.disc(1230, 215, 430, INK)
    _stars(sheet, random, 100, 420)
    sheet.disc(1230, 215, 88, PAPER)
    for base, height, wave, fill in ((510, 75, 190, SLATE), (660, 46, 130, STEEL), (770, 30, 210, MIST)):
        _hills(sheet, base, height, wave, fill)
    sheet.box(0, 640, 1600, 24, NIGHT)
    for x in range(-95, 1600, 170):
        arch = _arc(x + 102, 760, 68, 70, 0, -180)
        legs = [(x + 34, 1000), (x + 34, 640), (x + 204, 640), (x + 204, 1000), (x + 170, 1000)]
        sheet.shape([*legs, *arch], NIGHT)
    for x in range(-120, 1200, 244):
        _carriage(sheet, random, x, 640)
    sheet.box(1333, 604, 9, 12, RED)
    _hills(sheet, 930, 34, 250, NIGHT)
    return sheet


def _hills(sheet: Sheet, base: float, height: float, wave: float, fill: str) -> None:
    """A ridge across the whole sheet: two sines over each other, filled down to the lower edge."""
    across = range(0, sheet.width + 4, 4)
    ridge = [(x, base - height * (math.sin(x / wave) + 0.6 * math.sin(x / wave * 2.3 + 2))) for x in across]
    sheet.shape([*ridge, (sheet.width, sheet.height), (0, sheet.height)], fill)


def _carriage(sheet: Sheet, random: Random, x: float, rail: float) -> None:
    sheet.box(x, rail - 84, 238, 72, INK, 12)
    sheet.box(x + 6, rail - 26, 226, 14, NIGHT)
    for axle in (30, 64, 158, 192):
        sheet.disc(x + axle, rail - 8, 9, NIGHT)
    for window in range(7):
        sheet.box(x + 16 + window * 30, rail - 66, 21, 24, GLOW if random.random() < 0.75 else SLATE, 2)


def _clock(random: Random) -> Sheet:
    """A log whose newest red line is the hand of a clock."""
    sheet, x, y = Sheet(1600, 1000, PAPER), 1240, 392
    sheet.disc(x, y, 470, SAND)
    for minute in range(60):
        inner, fill, width = (436, STEEL, 3) if minute % 5 else (400, INK, 6)
        angle = math.radians(minute * 6)
        sheet.line([(x + r * math.cos(angle), y + r * math.sin(angle)) for r in (inner, 470)], fill, width)
    top = 70
    for rows in (4, 3, 2, 0, 3, 1, 4, 2, 2, 3):
        sheet.box(90, top, 56, 8, INK)
        for fill in (INK, SLATE, STEEL, MIST)[:rows]:
            sheet.box(190, top, random.uniform(180, 520), 8, fill)
            top += 24
        top += 34 if rows else 58
    sheet.box(90, y - 4, x - 90, 8, RED)
    sheet.disc(x, y, 20, RED)
    return sheet


def _portrait(_: Random) -> Sheet:
    sheet = Sheet(600, 600, SAND)
    sheet.disc(300, 290, 230, MIST)
    sheet.shape([*_arc(300, 250, 128, 140, 180, 360), (438, 432), (162, 432)], INK)
    sheet.shape(_arc(300, 690, 250, 250, 180, 360), SLATE)
    sheet.box(254, 330, 92, 140, STEEL)
    sheet.disc(300, 268, 88, PAPER, 112)
    sheet.shape([*_arc(300, 268, 89, 113, -90, 90), *_arc(300, 268, 26, 113, 90, -90)], DUST)
    sheet.shape([(206, 300), *_arc(300, 250, 128, 140, 190, 350), (394, 290), (352, 200), (270, 190)], INK)
    sheet.shape([(244, 424), (356, 424), (388, 492), (300, 530), (212, 492)], RED)
    return sheet


def _footprint(random: Random) -> Sheet:
    sheet = Sheet(1200, 900, DUST)
    for _ in range(1800):
        x, y, size = random.uniform(0, 1200), random.uniform(0, 900), random.uniform(0.7, 3.2) ** 1.4
        sheet.disc(x + size / 2, y + size / 3, size, MIST)
        sheet.disc(x, y, size, SAND)
    _print(sheet, 730, 490)
    _print(sheet, 250, 60)
    return sheet


def _print(sheet: Sheet, x: float, y: float) -> None:
    """One sole pressed into the dust around (x, y); the light comes from the upper left."""
    for shift, fill in ((14, PAPER), (-8, STEEL), (0, MIST)):
        sheet.shape(_tilted(_sole(-350, 350), x + shift, y + shift / 2), fill)
    for top in range(-312, 300, 58):
        for shift, fill in ((0, STEEL), (10, SLATE)):
            sheet.shape(_tilted(_sole(top + shift, top + 32, 20), x, y), fill)


def _sole(top: int, bottom: int, inset: float = 0) -> list[Point]:
    """The outline of a part of a boot's sole, which reaches from -350 at the toe to 350 at the heel."""
    heights = [*range(top, bottom, 2), bottom]
    widths = [(146 - 15 * math.cos(y / 100 - 0.6)) * math.sqrt(1 - (y / 350) ** 4) - inset for y in heights]
    left = [(-width, float(y)) for width, y in zip(widths, heights, strict=True)]
    return left + [(-width, y) for width, y in reversed(left)]


def _tilted(points: Iterable[Point], x: float, y: float) -> list[Point]:
    cos, sin = math.cos(0.24), math.sin(0.24)
    return [(x + px * cos - py * sin, y + px * sin + py * cos) for px, py in points]


DRAWINGS: dict[str, Callable[[Random], Sheet]] = {
    "bridge": _bridge,
    "clock": _clock,
    "footprint": _footprint,
    "moon": _moon,
    "portrait": _portrait,
    "train": _train,
}
