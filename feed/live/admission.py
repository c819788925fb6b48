"""Admission: how many sockets this worker takes, in all and from one client address. Counted before the upgrade, so
that a crowd is refused while pages are still served."""

from collections import Counter

SOCKET_PATH = "/socket.io/"
UNREAD = "liveline.unread"  # in the environment of a request that was peeked at: its bytes are in the socket still
BARE_HEADERS = {  # of answers that no page of ours can be
    "Content-Type": "text/plain; charset=utf-8",
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Cross-Origin-Resource-Policy": "same-origin",
}
RETRY_SECONDS = 30  # what a refused client is told to wait; its page polls meanwhile


class Admission:
    """The counts of one worker."""

    def __init__(self, most: int, most_per_address: int) -> None:
        self.most = most
        self._most_per_address = most_per_address
        self._by_address: Counter[str] = Counter()
        self.inside = 0

    def enter(self, address: str) -> bool:
        """Counts one more socket of that network, if it may come in. Who enters has to leave."""
        if self.inside >= self.most or self._by_address[address] >= self._most_per_address:
            return False
        self.inside += 1
        self._by_address[address] += 1
        return True

    def leave(self, address: str) -> None:
        """One socket of that network is gone."""
        self.inside -= 1
        self._by_address[address] -= 1
        if not self._by_address[address]:
            del self._by_address[address]
