"""The writer's bus: that of one machine, and a relay to the nodes."""

from collections.abc import Callable

from feed.followers.broker.relay import Relay
from feed.followers.bus import LocalBus, Push
from feed.render.updates import Renderer
from feed.settings import Settings
from feed.store.database import Store
from feed.store.parts import Parts
from feed.store.versions import Versions


class WriterBus(LocalBus):
    """A LocalBus whose tail also wakes the relay. Nodes' readers and receipts are in the database as those of this
    machine's workers are."""

    def __init__(self, store: Store, versions: Versions, parts: Parts, render: Renderer, settings: Settings) -> None:
        super().__init__(store, versions, parts, render)
        self.relay = Relay(store, parts, render, settings.broker, settings.secret_key, self.worker)

    def subscribe(self, push: Push, end: Callable[[str], None], look: Callable[..., None]) -> None:
        """See Bus."""

        def look_and_wake(*, committed: bool) -> None:
            if committed:
                self.relay.wake()
            look(committed=committed)

        super().subscribe(push, end, look_and_wake)

    def measure(self) -> None:
        """See Bus."""
        super().measure()
        self.relay.measure()

    def begin(self) -> None:
        """See Bus. The tail runs from now on, since it is what wakes the relay."""
        self.start()
        self.relay.start()

    def drain(self) -> None:
        """See Bus."""
        self.relay.stop()

    def stop(self) -> None:
        """See Bus."""
        super().stop()
        self.relay.stop()
