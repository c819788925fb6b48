"""One update's way to open pages, on a real server with the official client."""

from tests.reader import Reader
from tests.server import Server
from tests.waiting import eventually


def test_an_update_reaches_every_open_page(server: Server) -> None:
    readers = [Reader(server.url) for _ in range(3)]
    server.publish("First")
    server.publish("Second")
    for reader in readers:
        eventually(lambda reader=reader: reader.sees("Second", "First"))
        reader.close()
