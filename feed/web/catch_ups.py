"""Counts the answers to readers who catch up, at the writer and at nodes."""

from collections.abc import Mapping
from typing import Any

from feed import metrics
from feed.web.cache import count_each

_CATCH_UPS = metrics.counter("liveline_catch_ups", "Answers to readers who caught up.", ["answer"])
_ENVELOPE, _RELOAD = _CATCH_UPS.labels("envelope"), _CATCH_UPS.labels("reload")


def count(answer: Mapping[str, Any]) -> None:
    """Counts that answer to the present request, which may be cached: what was missed, or the instruction to reload."""
    count_each(_RELOAD if answer.get("reload") else _ENVELOPE)
