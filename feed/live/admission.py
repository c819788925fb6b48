"""Admission limits the sockets of this worker, in all and for each client network. They are counted before the upgrade,
so that a crowd is refused while pages are still served."""

from collections import Counter

SOCKET_PATH = "/socket.io/"
UNREAD = (
    "liveline.unread"  # set in the environment of a request that was only peeked at: its bytes are still in the socket
)
READY = "liveline.ready"  # the extension of the application that gives answers without WSGI
BARE_HEADERS = {  # for answers that are no pages
    "Content-Type": "text/plain; charset=utf-8",
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Cross-Origin-Resource-Policy": "same-origin",
}
RETRY_SECONDS = 30  # Retry-After for a refused client; its page polls meanwhile


class Admission:
    """The counters of one worker."""

    def __init__(self, most: int, most_per_address: int) -> None:
        self.most = most
        self._most_per_address = most_per_address
        self._by_address: Counter[str] = Counter()
        self.inside = 0

    def enter(self, address: str) -> bool:
        """Counts one more socket of that network if it is admitted, and says whether it is. Each needs a `leave`
        later."""
        if self.inside >= self.most or self._by_address[address] >= self._most_per_address:
            return False
        self.inside += 1
        self._by_address[address] += 1
        return True

    def leave(self, address: str) -> None:
        """Counts one socket of that network less."""
        self.inside -= 1
        self._by_address[address] -= 1
        if not self._by_address[address]:
            del self._by_address[address]
