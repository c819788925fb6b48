"""What goes wrong again and again is said in the log once, then counted, and summed up once a minute."""

import logging
import threading

SUMMARY_SECONDS = 60  # often enough to see whether it goes on, and no more than 1,440 lines a day
MOST_KNOWN = 50  # different sentences; what SQLite says of one fault are a few

log = logging.getLogger(__name__)


class Repeats:
    """Sentences and how often each was said since the last summary. Thread-safe."""

    def __init__(self, summary_seconds: float = SUMMARY_SECONDS) -> None:
        self._seconds = summary_seconds
        self._counts: dict[str, int] = {}
        self._lock = threading.Lock()

    def say(self, sentence: str, error: BaseException | None = None) -> None:
        """Logs the sentence as an error, with the stack trace of that one if it is given, unless that was done within
        the last minute or it goes on since then."""
        with self._lock:
            if sentence in self._counts or len(self._counts) >= MOST_KNOWN:
                known = sentence if sentence in self._counts else next(iter(self._counts))
                self._counts[known] += 1
                return
            self._counts[sentence] = 0
        log.error("%s", sentence, exc_info=error)
        self._wait(sentence)

    def sum_up(self, sentence: str) -> None:
        """Says how often it was said again; once it was not, it is forgotten."""
        with self._lock:
            count = self._counts.pop(sentence, 0)
            if count:
                self._counts[sentence] = 0
        if count:
            log.error("%s (%s more times in %s s)", sentence, count, self._seconds)
            self._wait(sentence)

    def _wait(self, sentence: str) -> None:
        timer = threading.Timer(self._seconds, self.sum_up, [sentence])
        timer.daemon = True  # a process that ends owes no summary
        timer.start()


say = Repeats().say
"""Of this process."""
