"""From where this node has its news: from the broker or, while that cannot be used, from the writer itself."""

from time import monotonic

AWAY_SECONDS = 2.0  # without the broker or the writer's sign of life; a restart of either is often shorter
CUT_OFF_SECONDS = 15.0  # without broker and writer, after which readers are better off at another node, or polling
RECENT_SECONDS = 10.0  # in which the writer has answered: some rounds of questions

BROKER, WRITER, NONE = "broker", "writer", "none"


class Sources:
    """When each of them was heard of last, in seconds of the monotonic clock."""

    def __init__(self) -> None:
        self._begun = monotonic()
        self._answered = self._alive = self._read = self._writer = float("-inf")
        self.complete = False
        """Whether the broker has the place of every feed, as far as it answered last."""

    def looked(self, *, alive: bool, complete: bool) -> None:
        """The broker has answered; `alive` says whether there was the writer's sign of life."""
        self._answered, self.complete = monotonic(), complete
        if alive and complete:
            self._alive = self._answered

    def read(self) -> None:
        """The streams could be read."""
        self._read = monotonic()

    def writer_answered(self) -> None:
        """The writer has answered over HTTP."""
        self._writer = monotonic()

    @property
    def away(self) -> bool:
        """Whether the broker may lack what the writer has committed, for longer than a moment."""
        return monotonic() - max(self._begun, min(self._alive, self._read)) > AWAY_SECONDS

    @property
    def cut_off(self) -> bool:
        """Whether nothing was heard of broker and writer for long. The silence of a writer alone is none: without it
        nothing is committed."""
        return monotonic() - max(self._begun, self._answered, self._writer) > CUT_OFF_SECONDS

    @property
    def used(self) -> str:
        """From where the news come now."""
        if not self.away:
            return BROKER
        return WRITER if monotonic() - self._writer < RECENT_SECONDS else NONE

    @property
    def ready(self) -> bool:
        """Whether readers that come now can be told where feeds are."""
        answers = self.complete and monotonic() - self._answered <= 2 * AWAY_SECONDS
        return answers or monotonic() - self._writer < RECENT_SECONDS
