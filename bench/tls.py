"""TLS: what nginx in front costs for each delivery, plain and with TLS.

    python bench/tls.py [--readers 2000] [--rounds 40] [--quick]

Readers are connected to Liveline itself, through nginx, and through nginx with TLS (a certificate of P-256 made for the
run), without compression and with it. Liveline and nginx share a core. An update of the demo is published in a closed
loop, to Liveline itself. CPU is that of all processes of each. A connect is one with its handshakes and `follow`.
"""

import getpass
import shutil
import subprocess
from contextlib import ExitStack
from pathlib import Path

from demo import demo
from harness import Bench, Server, arguments, free_port
from servers import HERE, LIVELINE, Call, Peer, Update, plain

CERTIFICATE = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 1 -subj /CN=localhost"
WARM_ROUNDS = 5  # not counted


def proxy(behind: int, safe: int) -> Peer:
    """nginx on its port, and with TLS on another one, in front of the server on a third."""

    def start(port: int, folder: Path) -> Call:
        files = ["-keyout", "key.pem", "-out", "certificate.pem"]
        subprocess.run([*CERTIFICATE.split(), *files], cwd=folder, check=True, capture_output=True)
        config = (HERE / "peers/proxy.conf").read_text()
        for word, value in {"PORT": port, "USER": getpass.getuser(), "SAFE": safe, "BEHIND": behind}.items():
            config = config.replace(word, str(value))
        (folder / "nginx.conf").write_text(config)
        return Call(["nginx", "-p", str(folder), "-c", "nginx.conf"], {}, plain("/"))

    return Peer("nginx", start)


def row(bench: Bench, liveline: Server, nginx: Server, way: str, port: int, update: Update, asked: object) -> None:
    """One line of the table: readers at that port, who go again."""
    readers, rounds = asked.readers, asked.rounds  # type: ignore[attr-defined]
    program = "load_tls" if "TLS" in way else "load"
    words = ["compression"] * ("compression" in way)
    servers = (liveline, nginx)
    before = [server.cpu() for server in servers]
    with bench.readers(port, liveline.peer.path, readers, *words, program=program) as load:
        connects = [(server.cpu() - was) / readers for server, was in zip(servers, before, strict=True)]
        load.ask("publish", liveline.update(update), WARM_ROUNDS, 0, liveline.port)
        before = [server.cpu() for server in servers]
        seen = load.ask("publish", liveline.update(update), rounds, 0, liveline.port)
        each = [(server.cpu() - was) / rounds / readers for server, was in zip(servers, before, strict=True)]
    for server in servers:
        server.rest()
    bench.row(
        way, f"{readers:,}", f"{seen['bytes']:,.0f}", f"{seen['deliveries_s']:,.0f}",
        *[f"{seconds * 1e6:.1f}" for seconds in each], *[f"{seconds * 1e6:.0f}" for seconds in connects],
        f"{seen['cpu_s'] / seen['wall_s']:.0%}",
    )  # fmt: skip


def main() -> None:
    """Measures and prints."""
    asked = arguments(__doc__, readers=(2_000, 300), rounds=(40, 10))
    missing = [name for name in ("nginx", "openssl") if not shutil.which(name)]
    found = subprocess.run(["cc", "-E", "-"], input=b"#include <openssl/ssl.h>", capture_output=True)
    if missing or found.returncode:
        raise SystemExit("missing: `apt install nginx openssl libssl-dev`")
    bench = Bench(
        "TLS: what nginx in front costs.",
        "readers come | readers | bytes | deliveries/s | Liveline: CPU µs/delivery | nginx: CPU µs/delivery "
        "| Liveline: CPU µs/connect | nginx: CPU µs/connect | load CPU",
        "load", "load_tls",
    )  # fmt: skip
    update = demo(bench)
    with ExitStack() as stack:
        liveline = stack.enter_context(bench.server(LIVELINE))
        safe = free_port()
        nginx = stack.enter_context(bench.server(proxy(liveline.port, safe)))
        ports = {"directly": liveline.port, "through nginx": nginx.port, "through nginx, TLS": safe}
        for way, port in ports.items():
            for more in ("", ", compression"):
                row(bench, liveline, nginx, way + more, port, update, asked)


if __name__ == "__main__":
    main()
