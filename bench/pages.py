"""Pages: requests a second of what plain HTTP serves, with and without readers on the socket.

    python bench/pages.py [--readers 0 5000] [--seconds 5] [--quick]

The article page has live coverage of 50 updates and a News Feed of 50 beside it; 304 is a request for the same page
with its ETag. The catch-up covers the last 10 updates of the News Feed. nginx (a file: the limit) and FastAPI (from
memory) serve the bytes of Liveline's answer. wrk makes the load over 16 kept connections.
"""

import json
import re
import resource
import shutil
import subprocess
from contextlib import nullcontext
from dataclasses import replace
from http.client import HTTPConnection

from harness import LOAD_CORE, Bench, Server, arguments
from servers import FASTAPI, LIVELINE, NGINX, fastapi, liveline, nginx

from feed.store import publishing, writing
from feed.store.database import Store
from feed.store.editors import Editor

ARTICLE = "harbour-bridge"
UPDATES, MISSED = 50, 10
CONNECTIONS = 16


def story(store: Store, editor: Editor) -> None:
    """An article under live coverage, and as many updates of it as of the News Feed."""
    body = "\n\n".join(
        ["The harbour bridge is open again after a night of work, and traffic moves in both lanes."] * 12
    )
    writing.create(store, editor, {"slug": ARTICLE, "headline": "The bridge is open", "body": body, "live": True})
    for number in range(UPDATES):
        for slug in (ARTICLE, "news"):
            text = f"Number {number}: the **bridge** was closed for inspection; the ferry takes cars until then."
            publishing.publish(store, slug, editor, {"headline": f"What happened at {number}", "body": text})


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


def measure(bench: Bench, server: Server, page: str, changes: str, readers: int, seconds: int) -> None:
    """One line of the table."""
    with bench.load(server, readers) if readers else nullcontext():
        runs = [
            requests_a_second(server.port, page, seconds),
            requests_a_second(server.port, page, seconds, get(server.port, page)[1]),
            requests_a_second(server.port, changes, seconds),
        ]
    rates = [f"{rate:,.0f}" for rate, _ in runs]
    bench.row(server.peer.name, f"{readers:,}", *rates, f"{max(share for _, share in runs):.0%}")


def main() -> None:
    """Measures and prints."""
    asked = arguments(__doc__, readers=([0, 5_000], [0, 500]), seconds=(5, 1))
    bench = Bench(
        f"Pages: requests a second over {CONNECTIONS} connections.",
        "server | readers | article 200 | article 304 | catch-up | load CPU, the highest",
        "load",
    )  # fmt: skip
    if not shutil.which("wrk"):
        bench.row("all", "missing: wrk, `apt install wrk`", "", "", "", "")
        return
    kept = bench.folder / "kept"
    kept.mkdir()
    with bench.server(replace(LIVELINE, start=liveline(seed=story))) as server:
        page, changes = our_addresses(server)
        (kept / "page").write_bytes(get(server.port, page)[2])
        (kept / "changes").write_bytes(get(server.port, changes)[2])
        for readers in asked.readers:
            measure(bench, server, page, changes, readers, asked.seconds)
    for peer in bench.present([replace(NGINX, start=nginx(kept)), replace(FASTAPI, start=fastapi(kept))]):
        with bench.server(peer) as server:
            for readers in asked.readers:
                measure(bench, server, "/page", "/changes", readers, asked.seconds)


if __name__ == "__main__":
    main()
