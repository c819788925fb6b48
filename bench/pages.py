"""Pages: requests a second of what plain HTTP serves, with and without readers on the socket.

    python bench/pages.py [--readers 0 5000] [--seconds 5] [--quick]
    python bench/pages.py --paired ../before [--pairs 6] [--readers 0] [--seconds 2]

The article page has live coverage of 50 updates and a News Feed of 50 beside it; 304 is a request for the same page
with its ETag. The catch-up covers the last 10 updates of the News Feed. nginx (a file: the limit) and FastAPI (from
memory) serve the bytes of Liveline's answer. wrk makes the load over 16 kept connections. With --paired, only Liveline
is measured: that of the other tree, and that of this one.
"""

import json
import re
import resource
import shutil
import subprocess
from argparse import Namespace
from contextlib import ExitStack, nullcontext
from dataclasses import replace
from functools import partial
from http.client import HTTPConnection

from harness import LOAD_CORE, Bench, Load, Server, arguments
from paired import COLUMNS, compare, trees
from servers import ARTICLE, FASTAPI, LIVELINE, NGINX, fastapi, liveline, nginx

UPDATES, MISSED = 50, 10
CONNECTIONS = 16
TITLE = f"Pages: requests a second over {CONNECTIONS} connections."
FORMATS = dict.fromkeys(("article 200", "article 304", "catch-up"), ",.0f")
LOAD = "load CPU, the highest"


def get(port: int, path: str, etag: str = "") -> tuple[int, str, bytes]:
    """Status, ETag and body."""
    client = HTTPConnection("127.0.0.1", port)
    client.request("GET", path, headers={"If-None-Match": etag} if etag else {})
    answer = client.getresponse()
    found = answer.status, answer.getheader("ETag") or "", answer.read()
    client.close()
    return found


def our_addresses(server: Server) -> tuple[str, str]:
    """Returns the addresses of the page and of the catch-up, with the feed's version and epoch."""
    feed = json.loads(get(server.port, "/feeds/news/changes?after=0&epoch=")[2])
    query = f"after={feed['version'] - MISSED}&epoch={feed['epoch']}"
    return f"/articles/{ARTICLE}", f"/feeds/news/changes?{query}"


def requests_a_second(port: int, path: str, seconds: int, etag: str = "") -> tuple[float, float]:
    """Returns the rate that wrk counted and its share of its core. Raises SystemExit if an answer is not as
    expected."""
    expected = 304 if etag else 200
    if get(port, path, etag)[0] != expected:
        raise SystemExit(f"{path} does not answer {expected}")
    header = ["-H", f"If-None-Match: {etag}"] if etag else []
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    command = ["taskset", "-c", LOAD_CORE, "wrk", "-t1", f"-c{CONNECTIONS}", f"-d{seconds}s", *header]
    said = subprocess.run([*command, f"http://127.0.0.1:{port}{path}"], capture_output=True, text=True, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    counted = re.search(r"Requests/sec: +([\d.]+)", said.stdout)
    if (
        not counted
        or "Non-2xx" in said.stdout
        or "Socket errors" in said.stdout
        or get(port, path, etag)[0] != expected
    ):
        raise SystemExit(said.stdout + said.stderr)
    used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return float(counted[1]), used / seconds


def measure(server: Server, page: str, changes: str, seconds: int) -> dict[str, float]:
    """Returns the figures for the names in FORMATS, and the highest load."""
    runs = [
        requests_a_second(server.port, page, seconds),
        requests_a_second(server.port, page, seconds, get(server.port, page)[1]),
        requests_a_second(server.port, changes, seconds),
    ]
    rates = {name: rate for name, (rate, _) in zip(FORMATS, runs, strict=True)}
    return {**rates, LOAD: max(share for _, share in runs)}


def crowd(bench: Bench, server: Server, readers: int) -> Load | nullcontext[None]:
    """Connects that many readers; a context manager."""
    return bench.load(server, readers) if readers else nullcontext()


def peers(asked: Namespace) -> None:
    """The table of Liveline and its peers."""
    bench = Bench(TITLE, " | ".join(["server", "readers", *FORMATS, LOAD]), "load")
    kept = bench.folder / "kept"
    kept.mkdir()
    own = replace(LIVELINE, start=liveline(seed="story", count=UPDATES))
    for peer in bench.present([own, replace(NGINX, start=nginx(kept)), replace(FASTAPI, start=fastapi(kept))]):
        with bench.server(peer) as server:
            addresses = "/page", "/changes"
            if peer is own:
                addresses = our_addresses(server)
                for name, path in zip(("page", "changes"), addresses, strict=True):
                    (kept / name).write_bytes(get(server.port, path)[2])
            for readers in asked.readers:
                with crowd(bench, server, readers):
                    seen = measure(server, *addresses, asked.seconds)
                rates = [f"{seen[name]:{how}}" for name, how in FORMATS.items()]
                bench.row(peer.name, f"{readers:,}", *rates, f"{seen[LOAD]:.0%}")


def pair(asked: Namespace) -> None:
    """The table of both trees."""
    bench = Bench(f"{TITLE} Before and after: {asked.pairs} pairs.", COLUMNS, "load")
    with ExitStack() as stack:
        servers = [stack.enter_context(bench.server(peer)) for peer in trees(asked.paired, "story", UPDATES)]
        for readers in asked.readers:
            with ExitStack() as crowds:
                for server in servers:
                    crowds.enter_context(crowd(bench, server, readers))
                turns = [partial(measure, server, *our_addresses(server), asked.seconds) for server in servers]
                compare(bench, f"{readers:,} readers", FORMATS, asked.pairs, turns)


def main() -> None:
    """Measures and prints."""
    if not shutil.which("wrk"):
        raise SystemExit("missing: wrk, `apt install wrk`")
    asked = arguments(__doc__, readers=([0, 5_000], [0, 500]), seconds=(5, 1), paired=("", ""), pairs=(6, 2))
    (pair if asked.paired else peers)(asked)


if __name__ == "__main__":
    main()
