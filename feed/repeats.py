"""Counts what repeats and sums it up once a minute, so that nobody can fill the log or hide something in it. Errors are
logged once in full. Refusals of unknown clients are counted for /metrics and never logged one by one.
"""

import logging
import threading
from collections import Counter

from feed import metrics

SUMMARY_SECONDS = 60  # often enough to see whether it continues, and at most 1,440 summaries a day
MOST_KNOWN = 50  # different sentences; one fault of SQLite makes only a few

REFUSALS = metrics.counter("liveline_worker_refusals", "What strangers were refused.", ["why"])

log = logging.getLogger(__name__)


class Repeats:
    """The repeated errors and refusals of one process. Thread-safe."""

    def __init__(self, summary_seconds: float = SUMMARY_SECONDS) -> None:
        self._seconds = summary_seconds
        self.total: Counter[str] = Counter()
        """The number of refusals since the start, by reason."""
        self._summed_up: Counter[str] = Counter()
        self._again: dict[str, int] = {}
        """How often each sentence was repeated since the last summary."""
        self._timer: threading.Timer | None = None
        self._lock = threading.Lock()

    def say(self, sentence: str, error: BaseException | None = None) -> None:
        """Logs the sentence as an error, with the stack trace of `error` if it is given, unless it was logged within
        the last minute or has been repeated since then."""
        with self._lock:
            first = sentence not in self._again and len(self._again) < MOST_KNOWN
            known = sentence if first or sentence in self._again else next(iter(self._again))
            self._again[known] = 0 if first else self._again[known] + 1
            self._wait()
        metrics.ERRORS.inc()
        if first:
            log.error("%s", sentence, exc_info=error)

    def count(self, why: str) -> None:
        """Counts one more refusal; `why` is the reason in a word or two."""
        with self._lock:
            self.total[why] += 1
            self._wait()
        REFUSALS.labels(why).inc()

    def sum_up(self) -> None:
        """Logs a summary of what came since the last one. A sentence that was not repeated is forgotten."""
        with self._lock:
            self._timer = None
            again = {sentence: count for sentence, count in self._again.items() if count}
            self._again = dict.fromkeys(again, 0)
            refused, self._summed_up = self.total - self._summed_up, self.total.copy()
            if again:
                self._wait()
        for sentence, count in again.items():
            log.error("%s (%s more times in %s s)", sentence, count, self._seconds)
        if refused:
            told = ", ".join(f"{count} × {why}" for why, count in sorted(refused.items()))
            log.warning("Refused in the last minute: %s", told)

    def close(self) -> None:
        """Stops the timer."""
        with self._lock:
            if self._timer is not None:
                self._timer.cancel()
                self._timer = None

    def _wait(self) -> None:
        if self._timer is None:
            self._timer = threading.Timer(self._seconds, self.sum_up)
            self._timer.daemon = True  # it does not keep the process from ending
            self._timer.start()


say = Repeats().say
"""Logs an error through the one instance of this process."""
