"""The template environment of what is the same for every reader.

Flask's own environment makes `request`, `session` and `g` globals, which a partial could read by accident and so
differ from reader to reader. This one has none of them, and an undefined name is an error. The pages' environment
gets the same filters by `equip`.
"""

from pathlib import Path
from zoneinfo import ZoneInfo

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from feed import text, times
from feed.store.updates import Update

FOLDER = Path(__file__).parent.parent.parent / "templates"


def environment(zone: ZoneInfo) -> Environment:
    """The environment of the partials that are pushed."""
    made = Environment(loader=FileSystemLoader(FOLDER), autoescape=True, undefined=StrictUndefined, auto_reload=False)
    equip(made, zone)
    return made


def equip(environment: Environment, zone: ZoneInfo) -> None:
    """Gives an environment the filters and the gettext that our templates use."""
    environment.trim_blocks = environment.lstrip_blocks = True
    environment.add_extension("jinja2.ext.i18n")
    environment.install_null_translations(newstyle=True)  # type: ignore[attr-defined]
    environment.filters |= {
        "clock": lambda moment: times.clock(moment, zone),
        "day": lambda moment: times.day(moment, zone),
        "full": lambda moment: times.full(moment, zone),
        "plain": text.plain,
        "opening": _opening,
        "shorten": text.shorten,
        "smart": lambda line: Markup(text.smart_line(line)),  # noqa: S704 - escaped there
        "reading_minutes": text.reading_minutes,
    }


def _opening(update: Update, limit: int) -> str:
    """An update in a line: its headline, or its first words; "" when it has none."""
    if update.headline:
        return text.plain(text.smart_line(update.headline))
    return text.shorten(text.plain(update.html), limit)
