"""What pages contain for programs: data that browsers do not run and CSP does not block, and links to feeds."""

import json
from typing import Any

import pytest

from tests.browser.conftest import NewPage
from tests.server import Server

HOSTILE = "</script><script>document.title = 'run'</script><!-- <b>"


@pytest.mark.parametrize("where", ["article", "feed", "update"])
def test_structured_data_is_data_and_breaks_no_rule(shared: Server, slug: str, open_page: NewPage, where: str) -> None:
    update = shared.publish(f"```\n{HOSTILE}\n```", slug, headline=HOSTILE)
    path = {"article": f"/articles/{slug}", "feed": f"/feeds/{slug}", "update": f"/updates/{update['id']}"}[where]
    page = open_page(f"{shared.url}/healthz", wait_for=None)
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.add_init_script(
        "window.violations = []; addEventListener('securitypolicyviolation', "
        "(event) => violations.push(event.violatedDirective));"
    )
    page.goto(f"{shared.url}{path}")
    page.wait_for_selector("live-feed[state=live]", state="attached")
    blocks = page.locator('script[type="application/ld+json"]').all_text_contents()
    data: dict[str, Any] = {each["@type"]: each for each in map(json.loads, blocks)}
    entry = data["BlogPosting"] if where == "update" else data["LiveBlogPosting"]["liveBlogUpdate"][0]
    assert entry["articleBody"] == HOSTILE
    assert page.evaluate("violations") == []
    assert not [each for each in said if "Content Security Policy" in each or "Refused" in each]
    assert page.title() != "run"
    # The same page does report what its rules forbid.
    page.evaluate("document.body.setAttribute('style', 'color: red')")
    page.wait_for_function("violations.length === 1")


def test_feeds_are_found_from_the_page_and_read_as_xml(shared: Server, slug: str, open_page: NewPage) -> None:
    shared.publish(f"Words \ufffe & {HOSTILE}", slug)
    page = open_page(f"{shared.url}/articles/{slug}")
    for ending in ("atom", "rss"):
        address = page.locator(f'link[rel=alternate][href="/feeds/{slug}.{ending}"]').get_attribute("href")
        root = page.evaluate(
            """async (address) => {
              const asked = new XMLHttpRequest();
              asked.open("GET", address);
              asked.overrideMimeType("application/xml");
              await new Promise((done) => { asked.onload = done; asked.send(); });
              return asked.responseXML.documentElement.localName;
            }""",
            address,
        )
        assert root == {"atom": "feed", "rss": "rss"}[ending], "Chromium's own parser finds no fault"
