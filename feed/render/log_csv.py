"""The log as CSV (RFC 4180), for spreadsheets and scripts.

A spreadsheet takes a cell for a formula that begins with one of a few characters, and a formula can send what is in the
sheet elsewhere. Such a cell gets an apostrophe in front, as OWASP advises under "CSV Injection".
"""

import csv
import io
import json
from collections.abc import Iterable, Mapping
from typing import Any

from feed.store.log_entries import Entry

TYPE = "text/csv; charset=utf-8"
BEGINS = "\ufeff"  # a byte order mark: without it Excel takes UTF-8 for something else

_COLUMNS = (
    "id", "at", "who", "by", "account", "door", "network", "token", "verb", "subject", "feed", "article", "update_id",
    "version",
)  # fmt: skip
_FORMULAS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")  # the wide forms too


def head() -> str:
    """The first row, with the byte order mark."""
    return BEGINS + _rows([[*_COLUMNS, "before", "after", "digest"]])


def rows(entries: Iterable[Entry]) -> str:
    """A row for each entry; what was before and after as JSON, "erased" for both where it was taken away."""
    return _rows(
        [*(getattr(each, name) for name in _COLUMNS), _said(each, each.before), _said(each, each.after), each.digest]
        for each in entries
    )


def harmless(cell: object) -> str:
    """The text of a cell, which no spreadsheet takes for a formula."""
    text = "" if cell is None else str(cell)
    return f"'{text}" if text.startswith(_FORMULAS) else text


def _said(entry: Entry, side: Mapping[str, Any]) -> str:
    return "erased" if entry.erased else json.dumps(side, ensure_ascii=False) if side else ""


def _rows(cells: Iterable[list[object]]) -> str:
    out = io.StringIO()
    csv.writer(out, quoting=csv.QUOTE_ALL).writerows([harmless(cell) for cell in row] for row in cells)
    return out.getvalue()
