"""What happens again and again is counted and summed up once a minute, so that nobody can fill the log, and nothing in
it hides what matters: mistakes of ours, which are said once in full, and what strangers were refused, which is counted
for /metrics and never written down each.
"""

import logging
import threading
from collections import Counter

SUMMARY_SECONDS = 60  # often enough to see whether it goes on, and no more than 1,440 summaries a day
MOST_KNOWN = 50  # different sentences; what SQLite says of one fault are a few

log = logging.getLogger(__name__)


class Repeats:
    """Those of one process. Thread-safe."""

    def __init__(self, summary_seconds: float = SUMMARY_SECONDS) -> None:
        self._seconds = summary_seconds
        self.total: Counter[str] = Counter()
        """What was counted, by reason, since the start."""
        self._summed_up: Counter[str] = Counter()
        self._again: dict[str, int] = {}
        """Sentences, and how often each was said again since the last summary."""
        self._timer: threading.Timer | None = None
        self._lock = threading.Lock()

    def say(self, sentence: str, error: BaseException | None = None) -> None:
        """Logs the sentence as an error, with the stack trace of that one if it is given, unless that was done within
        the last minute or it goes on since then."""
        with self._lock:
            first = sentence not in self._again and len(self._again) < MOST_KNOWN
            known = sentence if first or sentence in self._again else next(iter(self._again))
            self._again[known] = 0 if first else self._again[known] + 1
            self._wait()
        if first:
            log.error("%s", sentence, exc_info=error)

    def count(self, why: str) -> None:
        """Counts one more refusal, for a reason of a word or two."""
        with self._lock:
            self.total[why] += 1
            self._wait()

    def sum_up(self) -> None:
        """Writes what came since the last summary. A sentence that was not said again is forgotten."""
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
        """Ends what runs in the background."""
        with self._lock:
            if self._timer is not None:
                self._timer.cancel()
                self._timer = None

    def _wait(self) -> None:
        if self._timer is None:
            self._timer = threading.Timer(self._seconds, self.sum_up)
            self._timer.daemon = True  # a process that ends owes no summary
            self._timer.start()


say = Repeats().say
"""Of this process."""
