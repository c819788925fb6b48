"""The size of a page's scripts on the wire, and that a bundle does the same as its modules."""

from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from playwright.sync_api import Browser

from feed import scripts
from tests.browser.conftest import NewPage
from tests.server import Server

MOST_BYTES = 8 * 1024  # of all scripts of a reader's page, as they come over the wire
MOST_WITH_SEARCH = MOST_BYTES + 640  # highlighting what was found is a script of its own
MOST_REQUESTS = 3

MODULES = {
    "low": "let count = 0;\nexport const log = [];\nexport function next() {\n  return ++count;\n}\nlog.push('low');\n",
    "left": 'import { log, next } from "./low.js";\n\nconst count = "left";\n'
    "export async function left() {\n  return count + next();\n}\nlog.push(count);\n",
    "right": 'import { left } from "./left.js";\nimport {\n  log,\n  next,\n} from "./low.js";\n\n'
    "const count = 'right', own = Symbol();\n"
    "export class Right {\n  answer = [count, next(), typeof own];\n  static of = left;\n}\nlog.push(count);\n",
    "entry": 'import { log } from "./low.js";\nimport { Right } from "./right.js";\nimport "./last.js";\n\n'
    "const count = 'entry';\nlog.push(count);\n"
    "export const all = async () => [await Right.of(), new Right().answer, log];\n",
    "last": 'import { log } from "./low.js";\n\nlog.push("last");\n',
}


@pytest.mark.parametrize(
    ("path", "most"),
    [(path, MOST_BYTES) for path in ("/articles/{slug}", "/", "/feeds/{slug}", "/embed/feeds/{slug}")]
    + [("/feeds/{slug}?q=quay", MOST_WITH_SEARCH)],
)
def test_a_readers_scripts_are_few_and_small_on_the_wire(
    shared: Server, slug: str, open_page: NewPage, path: str, most: int
) -> None:
    shared.publish("On the quay", slug)
    page = open_page()
    wire = page.context.new_cdp_session(page)
    kinds: dict[str, str] = {}
    sizes: dict[str, int] = {}

    def answered(event: Any) -> None:
        kinds[event["requestId"]] = event["type"]

    def came(event: Any) -> None:
        sizes[event["requestId"]] = sizes.get(event["requestId"], 0) + event["encodedDataLength"]

    wire.on("Network.responseReceived", answered)
    wire.on("Network.dataReceived", came)
    wire.send("Network.enable")
    page.goto(shared.url + path.format(slug=slug))
    page.wait_for_selector("live-feed[state=live]")
    page.wait_for_load_state("networkidle")
    weights = [sizes[request] for request, kind in kinds.items() if kind == "Script"]
    assert 0 < len(weights) <= MOST_REQUESTS
    assert 0 < sum(weights) <= most


def test_a_bundle_does_what_its_modules_do(chromium: Browser, tmp_path: Path) -> None:
    for name, source in MODULES.items():
        (tmp_path / f"{name}.js").write_text(source)
    code = scripts.packed(tmp_path / "entry.js").decode()
    page = chromium.new_page()
    said = page.evaluate("async (address) => (await import(address)).all()", f"data:text/javascript,{quote(code)}")
    page.close()
    # Each module ran once, after what it imports, and kept its names to itself.
    assert said == ["left1", ["right", 2, "symbol"], ["low", "left", "right", "last", "entry"]]
