"""From where a request comes, for the record of who did what."""

from flask import request

from feed.networks import network_of
from feed.store.actors import Door, Origin


def network() -> str | None:
    """The network of the client; None where the server knows no address."""
    return network_of(request.remote_addr) if request.remote_addr else None


def at_desk(session_hash: str | None = None) -> Origin:
    """Where whoever sends this request to the desk, in that session if they are signed in, acts from."""
    return Origin(Door.DESK, network(), session=session_hash)
