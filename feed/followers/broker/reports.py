"""What nodes report through the broker: how many read each feed at each worker, and to how many sockets an envelope was
handed. The writer stores it in its own tables, as if its own workers had reported it, and tells nodes the totals.
"""

import threading
from collections.abc import Callable, Mapping, Sequence
from time import monotonic
from typing import Any, cast

from redis import Redis, RedisError

from feed import repeats
from feed.followers.broker.seal import Seal
from feed.store import presence, receipts
from feed.store.database import OperationalError, Store
from feed.store.receipts import Handed
from feed.store.workers import FRESH_SECONDS

NODES = "liveline:nodes"  # the workers of nodes that have readers, and some that have ended
TOTALS = "liveline:totals"
RECEIPTS = "liveline:receipts"
MOST_RECEIPTS = 10_000  # not collected yet: what some hundred workers report in a minute of updates
COLLECT_SECONDS = 1.0  # between two collections: readers are told every five seconds, and the desk looks for ten
AGAIN_SECONDS = 15.0  # after which an unchanged number is stored again, which keeps it from being dropped


class Reporter:
    """The side of a node's worker. Methods raise RedisError."""

    def __init__(self, client: Redis, seal: Seal, worker: str) -> None:
        self._client = client
        self._seal = seal
        self._worker = worker

    def report(self, readers: Mapping[str, int]) -> None:
        """Replaces what this worker reported before. It is forgotten after a while without a report."""
        key, pipeline = _key(self._worker), self._client.pipeline(transaction=False)
        if readers:
            pipeline.set(key, self._seal.close(key, {"readers": dict(readers)}), ex=FRESH_SECONDS)
            pipeline.sadd(NODES, self._worker)
        else:
            pipeline.delete(key)
        pipeline.execute()

    def totals(self) -> dict[str, int]:
        """The readers of each feed at all workers, the writer's included, as the writer told last."""
        content = self._seal.open(TOTALS, cast(Any, self._client.get(TOTALS)))
        return dict(content["readers"]) if content else {}

    def handed(self, handed: Sequence[Handed]) -> None:
        """Says what this worker has handed to its sockets."""
        content = {"worker": self._worker, "handed": [list(each) for each in handed]}
        self._client.xadd(RECEIPTS, {"e": self._seal.close(RECEIPTS, content)}, maxlen=MOST_RECEIPTS, approximate=True)


class Collector:
    """The writer's side, at the worker that relays."""

    def __init__(self, store: Store, client: Redis, seal: Seal, relays: Callable[[], bool]) -> None:
        self._store = store
        self._client = client
        self._seal = seal
        self._relays = relays
        self._readers: dict[str, Mapping[str, int]] = {}
        self._stored = 0.0
        self._cursor = ""
        self._stopped = threading.Event()

    def start(self) -> None:
        """Starts collecting in the background."""
        threading.Thread(target=self._run, name="reports", daemon=True).start()

    def stop(self) -> None:
        """Ends it, without waiting."""
        self._stopped.set()

    def collect(self) -> None:
        """Stores what nodes have reported, and tells them the totals. Raises RedisError, OperationalError."""
        found, again = self._found(), monotonic() - self._stored >= AGAIN_SECONDS
        ended: dict[str, Mapping[str, int]] = {worker: {} for worker in self._readers if worker not in found}
        news = {worker: counts for worker, counts in found.items() if again or counts != self._readers.get(worker)}
        if news or ended:
            presence.report_all(self._store, {**news, **ended})
            self._stored = monotonic() if again else self._stored
        self._readers = found
        for worker, handed in self._handed():
            receipts.report(self._store, worker, handed)
        with self._store.read() as db:
            totals = presence.readers(db)
        self._client.set(TOTALS, self._seal.close(TOTALS, {"readers": totals}), ex=FRESH_SECONDS)

    def _found(self) -> dict[str, Mapping[str, int]]:
        workers = sorted(each.decode() for each in cast(Any, self._client.smembers(NODES)))
        if not workers:
            return {}
        sealed = cast(Any, self._client.mget([_key(worker) for worker in workers]))
        found: dict[str, Mapping[str, int]] = {}
        for worker, raw in zip(workers, sealed, strict=True):
            if content := self._seal.open(_key(worker), raw):
                found[worker] = content["readers"]
            else:
                self._client.srem(NODES, worker)
        return found

    def _handed(self) -> list[tuple[str, list[Handed]]]:
        if not self._cursor:
            seconds, _ = cast(Any, self._client.time())
            self._cursor = f"{(seconds - receipts.KEPT_SECONDS) * 1000}-0"
        entries = cast(Any, self._client.xrange(RECEIPTS, f"({self._cursor}", count=MOST_RECEIPTS))
        self._cursor = entries[-1][0].decode() if entries else self._cursor
        opened = [self._seal.open(RECEIPTS, fields.get(b"e")) for _, fields in entries]
        return [(each["worker"], [Handed(*one) for one in each["handed"]]) for each in opened if each]

    def _run(self) -> None:
        while not self._stopped.wait(COLLECT_SECONDS):
            if not self._relays():
                self._readers, self._cursor = {}, ""
                continue
            try:
                self.collect()
            except (RedisError, OperationalError) as error:
                repeats.say(f"what nodes report could not be stored: {error}")


def _key(worker: str) -> str:
    return f"liveline:readers:{worker}"
