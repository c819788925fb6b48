"""A crawler walks every public door for a word that only scheduled texts have, until their moment comes."""

import uuid
from collections.abc import Iterator
from html import unescape
from itertools import product

import pytest

from feed.errors import Missing
from feed.followers.bus import LocalBus
from feed.followers.missed import Position
from feed.store import articles, feeds, scheduled, scheduling, waiting, writing
from feed.store.scheduled import RESTORED
from feed.store.scheduling import Timing
from tests.conftest import Site
from tests.images import a_png
from tests.test_schedule import Clock, at, step

CANARY = "zanzibarkestrel"
SOUGHT = "heliotrope"  # is beside it; a page may repeat what was searched for
SLUG = "quay"  # of the article that is scheduled; strangers may guess it
MOST_IDS = 6  # of updates, which strangers count up
ASKED = ("", f"?q={SOUGHT}", "?key=1", "?order=oldest", "?at=2027-03-01T14:00", "?before=x")


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    return Clock(monkeypatch)


@pytest.fixture
def hidden(site: Site, clock: Clock) -> list[str]:
    """Everything that can be scheduled, with the word in all of its fields; the ids that strangers may guess."""
    store, text = (
        site.services.store,
        {"headline": f"On {CANARY}", "body": f"About {CANARY} and {SOUGHT}.", "key": True},
    )
    site.write_article("harbour", live=True)
    site.publish("Seen", feed="harbour")
    site.publish("Seen")
    picture = waiting.keep(store, site.services.settings.media, a_png(), f"{CANARY}.png", site.bob).id
    waiting.set_words(store, picture, {"alt": CANARY}, site.bob)
    story = dict.fromkeys(("headline", "standfirst", "kicker", "body", "byline"), f"Of {CANARY}")
    given = {**story, "slug": SLUG, "draft": True, "live": True}
    writing.create(store, site.bob, given, timing=Timing(None, at(hours=1)))
    site.publish(f"In its coverage: {CANARY}", feed=SLUG, headline=CANARY, key=True)
    ids = [str(uuid.uuid4()) for _ in range(5)]
    for scheduled_id, feed in zip(ids, ("news", "harbour", SLUG, "news", "news"), strict=True):
        body = f"{text['body']}\n\n![](/pictures/{picture})" if scheduled_id == ids[0] else text["body"]
        scheduling.schedule(store, feed, site.bob, {**text, "body": body}, at(hours=1), scheduled_id)
    store.write(scheduled.fail, ids[3], 1, RESTORED)
    scheduling.cancel(store, ids[4], site.bob, 1)
    return [*ids, picture]


def doors(site: Site, ids: list[str]) -> Iterator[str]:
    """Every address that can be asked for without a session, the desk's too, with all that fits into it."""
    with site.services.store.read() as db:
        epochs = [feeds.get(db, slug, drafts=True).epoch for slug in ("news", "harbour", SLUG)]
    names = {
        "slug": ["news", "harbour", SLUG, "bob", f"article:{SLUG}", ids[0]],
        "update_id": [str(number) for number in range(1, MOST_IDS)],
        "picture_id": ids,
        "draft_id": ids[:1],
        "scheduled_id": ids[:1],
    }
    for rule in site.app.url_map.iter_rules():
        if "GET" not in (rule.methods or ()) or rule.endpoint == "files.static.static" or "digest" in rule.arguments:
            continue
        arguments = sorted(rule.arguments)
        for values in product(*(names.get(name, ids[:1]) for name in arguments)):
            path = rule.rule
            for name, value in zip(arguments, values, strict=True):
                path = path.replace(f"<{name}>", value).replace(f"<int:{name}>", value)
            yield from (path + asked for asked in (ASKED if "slug" in arguments else ("",)))
            if path.endswith("/changes"):
                yield from (f"{path}?after={after}&epoch={epoch}" for after in (0, 2) for epoch in epochs)
    for path in (f"articles/{SLUG}", f"feeds/{SLUG}", "updates/3", "updates/4"):
        yield f"/oembed?url=http://127.0.0.1:8000/{path}"


def everything_said(site: Site, path: str) -> str:
    """The answer of that door with its headers."""
    answer = site.charlie.get(path)
    assert answer.status_code < 500, path
    said = unescape(answer.data.decode(errors="replace") + str(answer.headers))
    answer.close()
    return said.lower()


def test_no_public_door_says_the_word_before_the_moment_and_the_right_ones_do_then(
    site: Site, clock: Clock, hidden: list[str]
) -> None:
    paths = list(doors(site, hidden))
    assert len(paths) > 200
    said = {path: everything_said(site, path) for path in paths}
    assert [path for path, text in said.items() if CANARY in text] == []
    unknown = site.charlie.get("/articles/nothing").data
    assert site.charlie.get(f"/articles/{SLUG}").data == unknown
    assert site.charlie.get(f"/pictures/{hidden[-1]}").status_code == 404
    clock.set(hours=1)
    step(site)
    for path in (f"/articles/{SLUG}", f"/feeds/{SLUG}", "/feeds/news", "/", "/feeds/news.atom", "/news-sitemap.xml",
                 f"/feeds/news?q={SOUGHT}", "/api/v1/feeds/harbour/updates"):  # fmt: skip
        assert CANARY in everything_said(site, path), path


def test_nothing_travels_over_a_socket_before_the_moment(site: Site, clock: Clock) -> None:
    """Nothing is bumped, so no follower is told and no page has anything to catch up with."""
    services, pushed = site.services, []  # type: ignore[var-annotated]
    site.write_article("harbour", live=True)
    tail = site.tail(pushed)
    position = tail.watch("news")
    before = site.versions()
    scheduling.schedule(services.store, "news", site.bob, {"body": CANARY}, at(hours=1), str(uuid.uuid4()))
    tail.step()
    bus = LocalBus(services.store, services.versions, services.parts, services.render)
    now = Position(position.epoch, position.version)
    assert (pushed, site.versions(), bus.missed("news", now, now)) == ([], before, None)
    with services.store.read() as db, pytest.raises(Missing):
        articles.get(db, SLUG)
    clock.set(hours=1)
    step(site)
    tail.step()
    assert [CANARY in each["changes"][0]["html"] for each in pushed] == [True]
