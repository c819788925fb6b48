"""The views of a feed: what they show, that paging neither skips nor repeats updates, and that no address causes an
error 500."""

import re
from collections.abc import Callable
from contextlib import suppress
from itertools import count
from typing import Any
from urllib.parse import parse_qsl, urlsplit
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from feed.errors import Gone
from feed.store import feeds, publishing, retracting, updates
from feed.web import feed_page
from feed.web.feed_page import SHOWN, FeedPage
from feed.web.views import view_of
from tests.conftest import Site
from tests.pages import Element, element, elements
from tests.pages import words as as_read
from tests.reader import items_in, updates_in

BERLIN = ZoneInfo("Europe/Berlin")
VIEWS = ["", "?key=1", "?order=oldest", "?key=1&order=oldest", "?at=2026-07-26T14:03",
         "?at=2026-07-26T14:03&order=oldest", "?q=tree"]  # fmt: skip


def publish_at(site: Site, moment: str, body: str, feed: str = "news", **more: Any) -> updates.Update:
    """An update as of that moment."""
    return publishing.publish(site.services.store, feed, site.bob, {"body": body, **more}, moment=moment)


def page_of(site: Site, feed: str, link: str, limit: int) -> FeedPage:
    """The page at that address, with so many updates."""
    asked = dict(parse_qsl(urlsplit(link).query, keep_blank_values=True))
    with site.services.store.read() as db:
        return feed_page.load(db, site.services.parts, feeds.get(db, feed), view_of(asked, BERLIN), limit)


def words(page: str, feed: str = "news") -> list[str]:
    """The texts of the updates of a page, from the top."""
    texts = [elements(li, "div", class_="text") for li in updates_in(page, feed).values()]
    return [as_read(text[0]) for text in texts if text]


def links(page: str) -> dict[str, str]:
    """Where a page leads by rel."""
    return {each.get("rel"): each.get("href").partition("#")[0] for each in ways(page)}


def ways(page: str) -> list[Element]:
    """The links on from a page, in it and in its head."""
    return [each for each in elements(page, href=True) if each.get("rel") in ("next", "prev")]


def attributes(page: str, feed: str = "news") -> dict[str, str]:
    """What the page says of itself to the script."""
    return dict(element(page, "live-feed", feed=feed).attrib)


# Paging, whatever happens meanwhile

# So few moments that several updates share one, and some come in late.
WRITTEN = st.tuples(st.integers(0, 9), st.booleans(), st.sampled_from(["A tree", "A bush"]))
MEANWHILE = st.lists(
    st.tuples(
        st.sampled_from(["publish", "edit", "mark", "retract", "notice", "restore"]), st.integers(0, 30), WRITTEN
    ),
    max_size=3,
)
_names = count()


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    view=st.sampled_from(VIEWS),
    written=st.lists(WRITTEN, max_size=14),
    meanwhile=st.lists(MEANWHILE, min_size=12, max_size=12),
    limit=st.integers(1, 4),
)
def test_paging_neither_skips_nor_repeats_while_others_write(
    site: Site, view: str, written: list[Any], meanwhile: list[Any], limit: int
) -> None:
    feed = f"feed-{next(_names)}"
    site.write_article(feed, live=True)
    made = [write(site, feed, each) for each in written]
    before = matching(site, feed, view)
    stayed, link, seen, pages = set(before), view, [], []
    for each in [*meanwhile, *([[]] * 40)]:
        page = page_of(site, feed, link, limit)
        pages.append(page)
        seen += [update.id for update in page.updates]
        if page.down is None:
            break
        link = page.down
        for change in each:
            happen(site, feed, made, change)
        stayed &= set(matching(site, feed, view))
    assert page.down is None
    assert len(seen) == len(set(seen)), "none twice"
    assert stayed <= set(seen), "what was there all the time was seen"
    assert sorted(seen, key=order(site, view)) == seen
    if not any(meanwhile):
        assert seen == before

    # And all the way back, now that nobody writes.
    now = matching(site, feed, without_at(view))
    bottom = page_of(site, feed, link, limit)
    back = [update.id for update in bottom.updates]
    while bottom.up:
        bottom = page_of(site, feed, bottom.up, limit)
        back = [*(update.id for update in bottom.updates), *back]
    assert back == now


def write(site: Site, feed: str, new: tuple[int, bool, str]) -> updates.Update:
    minute, key, body = new
    return publish_at(site, f"2026-07-26T12:0{minute}:00.000Z", body, feed, key=key)


def happen(site: Site, feed: str, made: list[updates.Update], change: tuple[str, int, Any]) -> None:
    verb, which, new = change
    update = made[which % len(made)] if made else None
    if verb == "publish" or update is None:
        made.append(write(site, feed, new))
    elif verb in ("edit", "mark"):
        with suppress(Gone):
            site.edit(update, **({"body": new[2]} if verb == "edit" else {"key": new[1]}))
    elif verb == "restore":
        for each in made:
            retracting.restore(site.services.store, each.id, site.bob)
    elif update_now(site, update).retracted_at is None:
        site.retract(update, notice=verb == "notice")


def update_now(site: Site, update: updates.Update) -> updates.Update:
    with site.services.store.read() as db:
        return updates.get_any(db, update.id)


def matching(site: Site, feed: str, view: str) -> list[int]:
    """What the view shows of what is there now, by a way of its own: every row, looked at one by one."""
    with site.services.store.read() as db:
        rows = db.execute(
            "SELECT updates.* FROM updates JOIN feeds ON feeds.id = feed_id WHERE slug = ?", [feed]
        ).fetchall()
    listed = [row for row in rows if row["retracted_at"] is None or row["notice"]]
    if "q=" in view:
        listed = [row for row in listed if row["retracted_at"] is None and "tree" in row["body"]]
        return [row["id"] for row in sorted(listed, key=lambda row: -row["id"])]
    if "key=1" in view:
        listed = [row for row in listed if row["retracted_at"] is None and row["key"]]
    listed.sort(key=lambda row: (row["published_at"], row["id"]), reverse="oldest" not in view)
    if "at=" in view:  # 14:03 in Berlin
        beyond = (lambda at: at >= "2026-07-26T12:03") if "oldest" in view else (lambda at: at < "2026-07-26T12:04")
        listed = [row for row in listed if beyond(row["published_at"])]
    return [row["id"] for row in listed]


def without_at(view: str) -> str:
    return re.sub(r"at=[^&]*&?", "", view)


def order(site: Site, view: str) -> Callable[[int], Any]:
    """The key that sorts as the view does."""
    with site.services.store.read() as db:
        places = {row[0]: (row[1], row[0]) for row in db.execute("SELECT id, published_at FROM updates")}
    ranks = sorted(places, key=lambda update_id: update_id if "q=" in view else places[update_id])
    ranks = ranks if "oldest" in view else ranks[::-1]
    return {update_id: rank for rank, update_id in enumerate(ranks)}.__getitem__


# The pages


@pytest.mark.parametrize("path", ["/feeds/harbour", "/articles/harbour"])
@pytest.mark.parametrize(("view", "shown", "told"), [
    ("", ["4", "3", "2", "1", "0"], {"shows": "top"}),
    ("?key=1", ["4", "2", "0"], {"shows": "top", "only": "key"}),
    ("?order=oldest", ["0", "1", "2", "3", "4"], {"shows": "top", "order": "oldest"}),
    ("?key=1&order=oldest", ["0", "2", "4"], {"shows": "top", "only": "key", "order": "oldest"}),
    ("?key=0&order=newest&at=&q=", ["4", "3", "2", "1", "0"], {"shows": "top"}),
    ("?at=2026-07-26T14:02", ["2", "1", "0"], {"shows": "older"}),
    ("?at=2026-07-26T14:02&order=oldest", ["2", "3", "4"], {"shows": "older", "order": "oldest"}),
    ("?at=2026-07-26T12:02Z&key=1", ["2", "0"], {"shows": "older", "only": "key"}),
    ("?at=2026-07-26T13:02%2B01:00", ["2", "1", "0"], {"shows": "older"}),
    ("?at=2026-07-26T13:02+01:00", ["2", "1", "0"], {"shows": "older"}),
    ("?at=2026-07-26+14:02:00", ["2", "1", "0"], {"shows": "older"}),
    ("?at=2026-07-26T14:01:59", ["1", "0"], {"shows": "older"}),
    ("?at=2026-07-26T14:02:00.000", ["2", "1", "0"], {"shows": "older"}),
    ("?at=2026-07-26T14:01:59.999", ["1", "0"], {"shows": "older"}),
    ("?at=2026-07-26T12:02:00.001Z&order=oldest", ["3", "4"], {"shows": "older", "order": "oldest"}),
    ("?at=2099-01-01T00:00", ["4", "3", "2", "1", "0"], {"shows": "top"}),
    ("?at=1999-01-01T00:00", [], {"shows": "older"}),
    ("?q=minute+3", ["3"], {"shows": "found"}),
    ("?q=minute&key=1&order=oldest", ["4", "3", "2", "1", "0"], {"shows": "found"}),
    ("?q=nothing", [], {"shows": "found"}),
])  # fmt: skip
def test_every_view_shows_what_it_says(
    site: Site, path: str, view: str, shown: list[str], told: dict[str, str]
) -> None:
    site.write_article("harbour", live=True)
    for minute in range(5):
        publish_at(site, f"2026-07-26T12:0{minute}:00.000Z", f"Minute {minute}", "harbour", key=minute % 2 == 0)
    answer = site.charlie.get(path + view)
    assert answer.status_code == 200
    assert words(answer.text, "harbour") == [f"Minute {minute}" for minute in shown]
    said = attributes(answer.text, "harbour")
    assert ('<ol class="updates" role="none" reversed>' in answer.text.split("</live-feed>")[0]) == (
        "order" not in told
    )
    assert {name: said[name] for name in ("shows", "only", "order") if name in said} == told


@pytest.mark.parametrize("view", ["", "?key=1", "?order=oldest", "?key=1&order=oldest", "?q=number"])
def test_the_links_of_a_page_lead_down_and_up_again_in_the_same_view(site: Site, view: str) -> None:
    for number in range(SHOWN * 2 + 5):
        site.publish(f"Number {number}", key=True)
    pages = [site.charlie.get(f"/feeds/news{view}").text]
    while down := links(pages[-1]).get("next"):
        pages.append(site.charlie.get(f"/feeds/news{down}").text)
    assert [len(words(page)) for page in pages] == [SHOWN, SHOWN, 5]
    assert "prev" not in links(pages[0])
    up = [site.charlie.get(f"/feeds/news{links(page)['prev']}").text for page in pages[1:]]
    assert [words(page) for page in up] == [words(page) for page in pages[:-1]]
    assert "prev" not in links(up[0]), "back at the top, where new updates appear"
    told = [{**attributes(page), "version": ""} for page in (pages[0], up[0])]
    assert told[0] == told[1]
    kept = {attributes(page).get("only", "") + attributes(page).get("order", "") for page in pages + up}
    assert len(kept) == 1


@pytest.mark.parametrize("view", ["", "?key=1", "?order=oldest", "?q=number"])
def test_show_more_goes_on_in_the_same_view(site: Site, view: str) -> None:
    made = [site.publish(f"Number {number}", key=number % 2 == 0) for number in range(SHOWN * 3)]
    page = site.charlie.get(f"/feeds/news{view}").text
    seen = list(updates_in(page, "news").values())
    more = elements(page, data_older=True)
    url = more[0].get("data-older") if more else None
    while url:
        answer = site.charlie.get(url)
        seen += items_in(answer.text)
        link = re.fullmatch(r'<([^>]+)>; rel="next"', answer.headers.get("Link", ""))
        url = link and link[1]
    expected = [site.services.render.update(update) for update in made if update.key or view != "?key=1"]
    assert seen == (expected if view == "?order=oldest" else expected[::-1])


def test_an_empty_page_leads_back_to_what_stands_beyond_it(site: Site) -> None:
    made = [site.publish(f"Number {number}") for number in range(SHOWN + 1)]
    down = links(site.charlie.get("/feeds/news").text)["next"]
    site.retract(made[0])
    page = site.charlie.get(f"/feeds/news{down}").text
    assert (words(page), attributes(page)["shows"]) == ([], "older")
    back = site.charlie.get(f"/feeds/news{links(page)['prev']}").text
    assert words(back)[-1] == "Number 1", "the last one of the page above is not left out"


def test_the_news_beside_an_article_have_no_views(site: Site) -> None:
    site.write_article("harbour", live=True)
    site.write_article("bridge")
    for number in range(3):
        site.publish(f"News {number}", key=number == 1)
    for path in ("/", "/articles/bridge", "/articles/harbour"):
        for view in ("?key=1", "?order=oldest", "?q=nothing", "?at=1999-01-01T00:00"):
            page = site.charlie.get(path + view).text
            assert words(page) == ["News 2", "News 1", "News 0"], path + view
            assert 'id="q-news"' not in page
    assert 'id="q-harbour"' in site.charlie.get("/articles/harbour").text


def test_the_views_are_links_and_forms_that_show_what_was_chosen(site: Site) -> None:
    page = site.charlie.get("/feeds/news?key=1&order=oldest&at=2026-07-26T12:30Z").text
    views = page.split('<div class="views">', 1)[1].split("</div>")[0]
    chosen = elements(views, "a", aria_current="true")
    assert [(each.get("href"), as_read(each)) for each in chosen] == [
        ("?key=1&order=oldest#feed-news", "Key events only"),
        ("?key=1&order=oldest#feed-news", "Oldest first"),
    ]
    assert elements(views, "input", type="datetime-local", value="2026-07-26T14:30"), "in the site's zone"
    assert elements(views, "input", type="hidden", name="key", value="1")
    assert elements(views, "input", type="hidden", name="order", value="oldest")
    assert 'value="&lt;b&gt; &#34;x"' in site.charlie.get("/feeds/news?q=<b>+%22x").text


def test_a_retraction_at_the_edge_of_a_page_moves_nothing(site: Site) -> None:
    made = [site.publish(f"Number {number}") for number in range(SHOWN * 2)]
    down = links(site.charlie.get("/feeds/news").text)["next"]
    site.retract(made[SHOWN])
    site.retract(made[SHOWN - 1])
    assert words(site.charlie.get(f"/feeds/news{down}").text)[0] == f"Number {SHOWN - 2}"


# The clock of the site


@pytest.mark.parametrize(("at", "newest", "oldest"), [
    ("2026-07-26T14:00", "2026-07-26T12:01:00.000Z", "2026-07-26T12:00:00.000Z"),
    ("2026-12-24T14:00", "2026-12-24T13:01:00.000Z", "2026-12-24T13:00:00.000Z"),
    ("2026-10-25T02:30", "2026-10-25T01:31:00.000Z", "2026-10-25T00:30:00.000Z"),  # it comes twice that night
    ("2026-03-29T02:30", "2026-03-29T00:31:00.000Z", "2026-03-29T01:30:00.000Z"),  # it never comes that night
    ("2026-07-26T14:00:07", "2026-07-26T12:00:08.000Z", "2026-07-26T12:00:07.000Z"),
    ("2026-07-26T23:59-05:00", "2026-07-27T05:00:00.000Z", "2026-07-27T04:59:00.000Z"),
])  # fmt: skip
def test_a_moment_is_meant_in_the_zone_of_the_site_unless_it_says_which(at: str, newest: str, oldest: str) -> None:
    moment = view_of({"at": at}, BERLIN).at
    assert moment
    assert (moment.is_over.published_at, moment.begins.published_at) == (newest, oldest)


# Any address


@pytest.mark.parametrize("query", [
    "key=2", "key=yes", "order=up", "at=now", "at=2026-07-26", "at=2026-13-01T00:00",
    "at=2026-07-26T25:00", "at=2026-07-26T14:00:00.5",
    "at=2026-07-26T14:00.500", "at=0001-01-01T00:00", "at=9999-12-31T23:59-05:00", "at=2026-07-26T14:00+99:00",
    "at=２０２６-07-26T14:00", "before=x", "after=x", "after=", "before=a&after=b", "at=2026-07-26T14:00&after=b",
])  # fmt: skip
def test_what_makes_no_sense_is_refused_in_words(site: Site, query: str) -> None:
    site.publish()
    for path in ("/feeds/news", "/feeds/news/older"):
        answer = site.charlie.get(f"{path}?{query}")
        assert answer.status_code == 400, path
        assert re.fullmatch(r"(Write|This link) .+\.", as_read(element(answer.text, "h1", class_="page-title")))


TEXTS = st.text(max_size=40) | st.sampled_from(["1", "oldest", "2026-07-26T14:00", "\x00", '"', "bmV3cyAyMDI2IDE"])


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(asked=st.dictionaries(st.sampled_from(["key", "order", "at", "q", "before", "after"]), TEXTS))
def test_no_address_is_an_error_of_ours(site: Site, asked: dict[str, str]) -> None:
    site.write_article("harbour", live=True) if "harbour" not in site.versions() else None
    for path in ("/feeds/harbour", "/feeds/harbour/older", "/articles/harbour", "/"):
        query = {name: value.encode("utf-8", "replace").decode() for name, value in asked.items()}
        assert site.charlie.get(path, query_string=query).status_code in (200, 400)
