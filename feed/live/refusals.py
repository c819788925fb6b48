"""What strangers were refused: counted for /metrics, and told in one line a minute, however many they were.

A line for each would let anybody fill the disk, and hide what matters.
"""

import logging
import threading
from collections import Counter

TOLD_SECONDS = 60  # between two lines

log = logging.getLogger(__name__)


class Refusals:
    """Those of one worker."""

    def __init__(self) -> None:
        self.total: Counter[str] = Counter()
        """By reason, since the start."""
        self._told: Counter[str] = Counter()
        self._timer: threading.Timer | None = None
        self._lock = threading.Lock()

    def count(self, why: str) -> None:
        """Counts one more, for a reason of a word or two."""
        with self._lock:
            self.total[why] += 1
            if self._timer is None:
                self._timer = threading.Timer(TOLD_SECONDS, self.tell)
                self._timer.daemon = True
                self._timer.start()

    def tell(self) -> None:
        """Writes the line of what was counted since the last one."""
        with self._lock:
            self._timer = None
            new = self.total - self._told
            self._told = self.total.copy()
        if new:
            log.warning("Refused in the last minute: %s", ", ".join(f"{n} × {why}" for why, n in sorted(new.items())))

    def close(self) -> None:
        """Ends what runs in the background."""
        with self._lock:
            if self._timer is not None:
                self._timer.cancel()
                self._timer = None
