"""The reader's rule of static/js/rule.js and its twin in tests/reader.py do the same with whatever a network brings."""

from typing import Any, ClassVar
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from playwright.sync_api import Browser, Page

from feed import scripts
from feed.web.static import STATIC
from tests.reader import Rule

EPOCH = "e1"
CHANGES = 12  # of the feed, each to one of a few updates
UPDATES = 4
RUN = """async ([address, epoch, touched, events]) => {
  const { follower } = await import(address);
  const envelope = (after, version) => {
    const last = new Map();
    touched.slice(after, version).forEach((id, i) => last.set(id, after + i + 1));
    return { epoch, after, version, changes: [...last].map(([id, at]) => ({ id, version: at })) };
  };
  const page = new (follower(class {
    epoch = epoch;
    version = 0;
    target = 0;
    shown = {};
    asked = [];
    reloads = 0;
    states = [];
    put(changes) { for (const { id, version } of changes) this.shown[id] = version; }
    async poll() {
      this.asked.push(this.version);
      this.receive(envelope(this.version, this.head));
      return true;
    }
    show(state) { this.states.push(state); }
    count() {}
    reload() { this.reloads++; }
  }))();
  for (const [kind, of, after, version, head] of events) {
    page.head = head;
    if (kind === "follow") page.followed({ epoch: of, version }, page.version);
    else if (kind === "missed") {
      page.followed({ epoch: of, version, missed: { ...envelope(after, version), epoch: of } }, after);
    } else page.receive({ ...envelope(after, version), epoch: of, ...(kind === "reload" && { reload: true }) });
    await null;
  }
  const { version, shown, asked, reloads, states } = page;
  return { version, shown, asked, reloads, ended: states.at(-1) };
}"""


class Twin(Rule):
    """The rule in Python, over the same feed."""

    touched: ClassVar[list[int]]

    def __init__(self) -> None:
        super().__init__(EPOCH, 0)
        self.head = 0
        self.shown: dict[str, int] = {}
        self.asked: list[int] = []

    def put(self, changes: list[dict[str, Any]]) -> None:
        self.shown |= {str(change["id"]): change["version"] for change in changes}

    def catch_up(self) -> None:
        self.asked.append(self.version)
        self.receive(envelope(self.touched, self.version, self.head))


def envelope(touched: list[int], after: int, version: int, epoch: str = EPOCH) -> dict[str, Any]:
    """What changed after a version, up to another: each update once, at its latest."""
    last = {update: after + number + 1 for number, update in enumerate(touched[after:version])}
    changes = [{"id": update, "version": at} for update, at in last.items()]
    return {"epoch": epoch, "after": after, "version": version, "changes": changes}


@st.composite
def mishaps(draw: st.DrawFn) -> tuple[list[int], list[tuple[str, str, int, int, int]]]:
    """A feed, and what a network makes of its pushes and of answers to `follow`, which may come late. Each event ends
    with where the feed was then."""
    touched = draw(st.lists(st.integers(1, UPDATES), min_size=CHANGES, max_size=CHANGES))
    events = []
    head = 1
    for _ in range(draw(st.integers(1, 14))):
        head = draw(st.integers(head, CHANGES))
        version = draw(st.integers(1, head))
        kind = draw(st.sampled_from(["push", "push", "push", "push", "follow", "missed", "missed", "reload"]))
        epoch = draw(st.sampled_from([EPOCH] * 9 + ["e2"]))
        events.append((kind, epoch, draw(st.integers(0, version - 1)), version, head))
    return touched, events


@pytest.fixture(scope="module")
def blank(chromium: Browser) -> Page:
    return chromium.new_page()


@given(mishaps())
@settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))
def test_browser_and_twin_end_alike_and_show_what_the_feed_says(
    blank: Page, given: tuple[list[int], list[tuple[str, str, int, int, int]]]
) -> None:
    touched, events = given
    # The last word is a push of all there is, so that both have caught up.
    head = events[-1][-1]
    events = [*events, ("push", EPOCH, head - 1, head, head)]
    code = scripts.packed(STATIC / "js/rule.js").decode()
    browser = blank.evaluate(RUN, [f"data:text/javascript,{quote(code)}", EPOCH, touched, events])
    Twin.touched = touched
    twin = Twin()
    for kind, epoch, after, version, at in events:
        twin.head = at
        if kind == "follow":
            twin.followed({"epoch": epoch, "version": version}, twin.version)
        elif kind == "missed":
            told = {"epoch": epoch, "version": version, "missed": envelope(touched, after, version, epoch)}
            twin.followed(told, after)
        else:
            twin.receive({**envelope(touched, after, version, epoch), "reload": kind == "reload"})
    ended = browser.pop("ended")
    assert browser == {"version": twin.version, "shown": twin.shown, "asked": twin.asked, "reloads": twin.reloads}
    assert twin.version == head
    assert ended == "live"
    latest = {str(change["id"]): change["version"] for change in envelope(touched, 0, head)["changes"]}
    assert twin.shown == latest
