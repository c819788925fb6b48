"""Readers' pages are complete without scripts, the same for everybody, and show nothing that is not public."""

import re
from html.parser import HTMLParser
from typing import Any

import pytest
from werkzeug.test import TestResponse

from feed.store import editors, pictures
from feed.web.feed_page import SHOWN
from tests.conftest import Site
from tests.images import a_png
from tests.pages import attribute, element, elements
from tests.pages import words as as_read
from tests.reader import items_in, updates_in

LONG_BIO = "Bob has walked the harbour for twenty years. " * 6


class Page(HTMLParser):
    """The tags of a page, with their attributes."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.inline: list[str] = []
        self._inside: str | None = None
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        self._inside = tag if ("type", "application/ld+json") not in attrs else "data"  # which no browser runs

    def handle_endtag(self, tag: str) -> None:
        self._inside = None

    def handle_data(self, data: str) -> None:
        if self._inside in ("script", "style") and data.strip():
            self.inline.append(data)

    def links(self) -> list[str]:
        """Everything that the page points to or loads."""
        names = ("src", "href", "action", "data-older")
        found = [value for _, attributes in self.tags for name in names if (value := attributes.get(name))]
        sets = [value for _, attributes in self.tags if (value := attributes.get("srcset"))]
        return found + [part.split()[0] for each in sets for part in each.split(",")]


def a_picture(site: Site, alt: str, **words: str) -> str:
    """The id of a new picture."""
    content = a_png((30, 20), "teal")
    return pictures.add(site.services.store, site.services.settings.media, content, {"alt": alt, **words}, None).id


def a_whole_story(site: Site) -> dict[str, str]:
    """An article with everything an article can have; the ids of its pictures."""
    ids = {"main": a_picture(site, "Smoke <over> the docks", caption="At dawn", credit="C. Amera"),
           "bob": a_picture(site, "Bob"), "inside": a_picture(site, "A tug")}  # fmt: skip
    profile = {"display_name": "Bob Brown", "job": "Harbour reporter", "bio": LONG_BIO, "picture": ids["bob"]}
    editors.change_profile(site.services.store, site.bob.id, profile, None)
    site.write_article("bridge", picture=ids["main"])
    site.write_article("hidden", draft=True)
    body = (
        "First **bold** words.\n\n[Read on](/articles/bridge)\n\n[Later](/articles/hidden)\n\n"
        f"[Absolute](http://127.0.0.1:8000/articles/bridge)\n\n![A tug](/pictures/{ids['inside']})\n\n" + "word " * 460
    )
    site.write_article("harbour", kicker="Fire", standfirst="It & all", picture=ids["main"], body=body, live=True)
    return ids


# Complete without JavaScript


def test_an_article_is_complete_as_it_comes(site: Site) -> None:
    ids = a_whole_story(site)
    site.publish("On the spot", feed="harbour")
    site.publish("Elsewhere")
    page = site.charlie.get("/articles/harbour").text
    for shown in (
        '<p class="kicker">Fire</p>',
        '<h1 id="headline-harbour">About harbour</h1>',
        "It &amp; all",
        "<b>Bob Brown</b>",
        "Harbour reporter",
        "2 min read",
        "Read more",
        LONG_BIO.strip(),
        'alt="Smoke &lt;over&gt; the docks"',
        "At dawn",
        "(C. Amera)",
        "<strong>bold</strong>",
        f'<img src="/pictures/{ids["inside"]}" alt="A tug"',
        f'class="avatar" src="/pictures/{ids["bob"]}?small=192"',
        "Live coverage",
    ):
        assert shown in page, shown
    assert "On the spot" in "".join(updates_in(page, "harbour").values())
    assert "Elsewhere" in "".join(updates_in(page, "news").values())


def test_a_lone_link_to_an_article_becomes_its_card_and_to_a_draft_none(site: Site) -> None:
    a_whole_story(site)
    page = site.charlie.get("/articles/harbour").text
    cards = [each.find("a").get("href") for each in elements(page, "aside", class_="card")]
    assert cards == ["/articles/bridge", "/articles/bridge"]
    assert "About hidden" not in page
    assert '<a href="/articles/hidden" rel="noopener">Later</a>' in page
    site.api("PATCH", "/api/v1/articles/bridge", {"headline": "The bridge today"})
    assert "The bridge today" in site.charlie.get("/articles/harbour").text, "a card shows the headline of now"
    site.api("PATCH", "/api/v1/articles/bridge", {"draft": True})
    assert "The bridge today" not in site.charlie.get("/articles/harbour").text


def test_the_front_page_puts_live_articles_first(site: Site) -> None:
    site.write_article("live-now", live=True)
    site.write_article("ended", live=True)
    site.api("PATCH", "/api/v1/articles/ended", {"live": False})
    site.write_article("latest")
    site.write_article("hidden", draft=True)
    page = site.charlie.get("/").text
    stories = [each.get("href") for each in elements(page, "a") if each.get("href").startswith("/articles/")]
    assert stories == ["/articles/live-now", "/articles/latest", "/articles/ended"]
    assert 'id="feed-news"' in page


def test_an_empty_site_is_a_whole_page(site: Site) -> None:
    for path in ("/", "/feeds/news"):
        answer = site.charlie.get(path)
        assert (answer.status_code, "Nothing here yet." in answer.text) == (200, True)


def test_a_long_update_is_folded_and_a_short_one_is_not(site: Site) -> None:
    site.publish("word " * 200)
    assert "Show more" in site.charlie.get("/feeds/news").text
    site.retract(site.publish("x"))
    short = site.publish("short")
    assert "Show more" not in site.services.render.update(short)


# Show More


def onward(page: str, feed: str) -> str | None:
    """The query that leads to the older updates of that feed, if there are any."""
    for each in elements(page, "a", rel="next"):
        query, _, part = each.get("href").partition("#")
        if part == f"feed-{feed}":
            return str(query)
    return None


def test_show_more_is_a_link_that_pages_by_position(site: Site) -> None:
    site.write_article("harbour", live=True)
    old = [f"update-{site.publish(f'Old {n}', feed='harbour').id}" for n in range(SHOWN * 2 + 3)]
    path: str | None = "/articles/harbour"
    seen: list[str] = []
    pages = 0
    while path:
        page = site.charlie.get(path).text
        seen += updates_in(page, "harbour")
        pages += 1
        more = onward(page, "harbour")
        path = f"/articles/harbour{more}" if more else None
        site.publish("Published meanwhile", feed="harbour")
        site.publish("In the other feed")
    assert (seen, pages) == (old[::-1], 3)
    assert "Back to the newest updates" in page


def test_older_updates_come_as_the_same_list_items_and_lead_further(site: Site) -> None:
    made = [site.publish(f"Old {n}") for n in range(SHOWN * 2 + 1)]
    page = site.charlie.get("/feeds/news")
    url: str | None = attribute(page.text, "data-older")
    seen = list(updates_in(page.text, "news").values())
    while url:
        answer = site.charlie.get(url)
        assert answer.content_type == "text/html; charset=utf-8"
        assert answer.headers["Feed-Position"].split()[1] == str(site.versions()["news"])
        items = items_in(answer.text)
        assert answer.text == "\n".join(items), "list items and nothing else"
        seen += items
        link = re.fullmatch(r'<([^>]+)>; rel="next"', answer.headers.get("Link", ""))
        url = link and link[1]
        site.publish("Published meanwhile")
    assert seen == [site.services.render.update(update) for update in reversed(made)]


def test_a_cursor_of_one_feed_leaves_the_other_at_its_top(site: Site) -> None:
    site.write_article("harbour", live=True)
    for n in range(SHOWN + 1):
        site.publish(f"Here {n}", feed="harbour")
    news = site.publish("News")
    more = onward(site.charlie.get("/articles/harbour").text, "harbour")
    page = site.charlie.get(f"/articles/harbour{more}").text
    assert list(updates_in(page, "news")) == [f"update-{news.id}"]
    assert len(updates_in(page, "harbour")) == 1


# The same bytes for everybody


def test_the_html_of_an_update_is_the_same_everywhere(site: Site) -> None:
    """Invariant 5. The tail is a real one; its push is caught where it would go to the sockets."""
    site.write_article("harbour", live=True)
    pushed: list[dict[str, Any]] = []
    tail = site.tail(pushed)
    tail.watch("harbour")
    words = {"headline": "“Quotes” & <tags>", "key": True, "pinned": True}
    update = site.publish("# Big\n\n*Words* – 1 < 2 & [a link](/x) " + "x " * 300, feed="harbour", **words)
    tail.step()
    for _ in range(SHOWN):
        site.publish("Above it", feed="harbour")
    (change,) = [change for change in pushed[0]["changes"] if change["id"] == f"update-{update.id}"]
    pushed_html = change["html"]

    api = site.api("GET", f"/api/v1/updates/{update.id}").get_json()["html"]
    envelope = site.charlie.get(f"/feeds/harbour/changes?after=0&epoch={pushed[0]['epoch']}").get_json()
    caught_up = next(change["html"] for change in envelope["changes"] if change["id"] == f"update-{update.id}")
    assert pushed_html == api == caught_up
    assert pushed_html.startswith("<li ")
    assert pushed_html.endswith("</li>")

    at = site.charlie.get("/articles/harbour").text
    older = attribute(at, "data-older")
    before = older.split("?")[1]
    endpoints = [older, f"/articles/harbour?{before}", f"/feeds/harbour?{before}", f"/updates/{update.id}"]
    for browser in (site.charlie, site.at_desk("bob"), site.at_desk("alice")):
        for endpoint in endpoints:
            assert browser.get(endpoint).text.count(pushed_html) == 1, endpoint
    assert site.at_desk().get(f"/desk/feeds/harbour?{before}").text.count(pushed_html) == 1


def test_pages_are_the_same_for_editor_and_stranger(site: Site) -> None:
    a_whole_story(site)
    update = site.publish("Words")
    for path in ("/", "/articles/harbour", "/feeds/news", f"/updates/{update.id}", "/nothing"):
        assert site.at_desk().get(path).data == site.charlie.get(path).data, path


# Caches and cookies


def test_a_page_that_has_not_changed_is_not_sent_again(site: Site) -> None:
    a_whole_story(site)
    update = site.publish("Words")
    for path in ("/", "/articles/harbour", "/feeds/news", f"/updates/{update.id}"):
        first = site.charlie.get(path)
        again = site.charlie.get(path, headers={"If-None-Match": first.headers["ETag"]})
        assert (again.status_code, again.data) == (304, b""), path
        assert again.headers["Cache-Control"] == "no-cache", "kept, but asked for each time"
        site.edit(update, body=f"Words {path}")
        if path != "/articles/harbour":
            changed = site.charlie.get(path, headers={"If-None-Match": first.headers["ETag"]})
            assert changed.status_code == 200, path


def test_readers_get_no_cookie(site: Site) -> None:
    a_whole_story(site)
    update = site.publish("Words")
    for path in (*public_paths(update.id), "/desk/sign-in", "/nothing", "/api/v1/feeds/news/updates"):
        assert "Set-Cookie" not in site.charlie.get(path).headers, path


def public_paths(update_id: int) -> list[str]:
    return ["/", "/articles/harbour", "/feeds/news", "/feeds/harbour", f"/updates/{update_id}",
            f"/updates/{update_id}/history", "/feeds/news/older", "/feeds/news/changes?after=0"]  # fmt: skip


# Nothing foreign, nothing inline


def test_no_page_loads_from_another_host_or_runs_inline_code(site: Site) -> None:
    a_whole_story(site)
    update = site.publish(f"See https://example.org and ![x](/pictures/{a_picture(site, 'A tug')})", pinned=True)
    site.edit(update, headline="Edited")
    bob = site.at_desk()
    desk = ["", "feeds/news", "pictures", "profile", "new-article", "articles/harbour", f"updates/{update.id}",
            f"updates/{update.id}/retraction"]  # fmt: skip
    asked: list[tuple[Any, str]] = [(site.charlie, path) for path in (*public_paths(update.id)[:6], "/nothing")]
    asked += [(site.charlie, "/desk/sign-in"), *((bob, f"/desk/{path}") for path in desk)]
    for browser, path in asked:
        answer = browser.get(path)
        policy = answer.headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        foreign = [rule.split()[0] for rule in policy.split("; ") if "http" in rule]
        assert foreign == ["frame-src"], "for what a reader loads with a button, see test_external.py"
        page = Page(answer.text)
        assert not page.inline, path
        for tag, attributes in page.tags:
            assert not [name for name in attributes if name.startswith("on") or name == "style"], (path, tag)
            if (
                attributes.get("rel") == "canonical" or attributes.get("type") == "application/json+oembed"
            ):  # loads nothing
                assert (attributes["href"] or "").startswith("http://127.0.0.1:8000/")
            elif tag != "a":
                for name in ("src", "href", "action", "srcset", "poster", "data", "formaction"):
                    assert (attributes.get(name) or "/").startswith("/"), (path, tag, attributes)
                    assert not (attributes.get(name) or "").startswith("//"), (path, tag, attributes)


def test_every_link_of_our_pages_leads_somewhere(site: Site) -> None:
    """A crawl from the front page, without JavaScript."""
    a_whole_story(site)
    for n in range(SHOWN + 1):
        update = site.publish(f"Words {n}", key=n == 3, pinned=n == 3)
        site.edit(update, headline="Edited")
    site.retract(update)
    charlie = site.charlie
    seen: dict[str, int] = {}
    waiting = ["/"]
    while waiting:
        path = waiting.pop()
        if path in seen:
            continue
        with charlie.get(path) as answer:
            seen[path] = answer.status_code
            if answer.content_type.startswith("text/html") and not path.startswith("/static"):
                for link in Page(answer.text).links():
                    target = link.split("#")[0].removeprefix("http://127.0.0.1:8000")
                    target = path.split("?")[0] + target if target.startswith("?") else target
                    waiting += [target] if target.startswith("/") else []
    assert len(seen) > 30
    dead = {path: status for path, status in seen.items() if status not in (200, 303)}
    forms = {"/desk/sign-in/passkey": 405}  # takes a form only, whose answer is a redirect
    assert dead == {"/articles/hidden": 404, **forms}, "the one that an editor wrote, to a draft"


# Catch up


def test_the_catch_up_is_whole_or_the_order_to_reload(site: Site) -> None:
    first = site.publish("First")
    second = site.publish("Second")
    site.edit(first, body="First, edited")
    site.retract(second)
    page = site.charlie.get("/feeds/news").text
    epoch = attribute(page, "epoch", "live-feed", version="4")

    def changes(after: object, of: str = epoch) -> Any:
        return site.charlie.get(f"/feeds/news/changes?after={after}&epoch={of}").get_json()

    whole = changes(0)
    assert [whole[name] for name in ("feed", "epoch", "after", "version")] == ["news", epoch, 0, 4]
    shown = {change["id"]: change["html"] for change in whole["changes"]}
    assert [change["version"] for change in whole["changes"]] == [3, 4]
    assert "First, edited" in shown[f"update-{first.id}"]
    assert shown[f"update-{second.id}"] is None
    assert changes(4)["changes"] == []
    reload = {"feed": "news", "epoch": epoch, "version": 4, "reload": True}
    assert changes(5) == changes(0, "other") == changes(0, "") == reload
    answer = site.charlie.get(f"/feeds/news/changes?after=0&epoch={epoch}")
    assert answer.headers["Cache-Control"] == "public, max-age=1"


def test_more_than_300_changes_are_never_sent_in_part(site: Site) -> None:
    for n in range(301):
        site.publish(f"Number {n}")
    epoch = site.charlie.get("/feeds/news/changes?after=0").get_json()["epoch"]
    assert "reload" in site.charlie.get(f"/feeds/news/changes?after=0&epoch={epoch}").get_json()
    assert len(site.charlie.get(f"/feeds/news/changes?after=1&epoch={epoch}").get_json()["changes"]) == 300


def test_a_catch_up_from_nowhere_is_refused(site: Site) -> None:
    for after in ("", "-1", "x", "1.5", "²", "9" * 16, "9" * 5000, "%00", "1&after=x", "NaN"):
        answer = site.charlie.get(f"/feeds/news/changes?after={after}")
        if after == "1&after=x":
            assert answer.status_code == 200
            continue
        assert (answer.status_code, answer.content_type) == (400, "application/problem+json"), after
    assert site.charlie.get("/feeds/nothing/changes?after=0").status_code == 404


def test_parts_of_the_page_travel_as_changes(site: Site) -> None:
    site.write_article("harbour", live=True)
    update = site.publish("Pin me", feed="harbour", pinned=True)
    site.api("PATCH", "/api/v1/articles/harbour", {"headline": "New headline"})
    site.api("PATCH", "/api/v1/articles/harbour", {"live": False})
    page = site.charlie.get("/articles/harbour").text
    epoch = attribute(page, "epoch", "live-feed", feed="harbour")
    answer = site.charlie.get(f"/feeds/harbour/changes?after={update.version}&epoch={epoch}").get_json()
    parts = {change["id"]: change["html"] for change in answer["changes"]}
    assert parts.keys() == {"headline-harbour", "byline-harbour", "coverage-harbour"}  # the byline says when
    whole = site.charlie.get(f"/feeds/harbour/changes?after=0&epoch={epoch}").get_json()
    for change in whole["changes"]:
        assert change["html"] in page, change["id"]
    assert {change["id"] for change in whole["changes"]} == {*parts, "pinned-harbour", f"update-{update.id}"}


# Drafts

MISSING = "nothing"


def draft_endpoints(update_id: int) -> list[tuple[str, str]]:
    """Every public endpoint a draft could be seen through, and the same endpoint of what never was."""
    slugs = ["/articles/{}", "/feeds/{}", "/feeds/{}/changes?after=0", "/feeds/{}/older", "/feeds/{}?before=x",
             "/feeds/{}?q=secret", "/feeds/{}?key=1&order=oldest", "/feeds/{}?at=2099-01-01T00:00",
             "/feeds/{}/older?q=secret", "/api/v1/feeds/{}/updates", "/api/v1/articles/{}"]  # fmt: skip
    numbers = ["/updates/{}", "/updates/{}/history", "/api/v1/updates/{}"]
    return [(each.format("secret"), each.format(MISSING)) for each in slugs] + [
        (each.format(update_id), each.format(4711)) for each in numbers
    ]


def same(one: TestResponse, other: TestResponse) -> bool:
    """Whether two answers differ in nothing."""
    unlike = {"Date", "X-Request-ID"}
    heads = [{k: v for k, v in answer.headers if k not in unlike} for answer in (one, other)]
    return (one.status_code, one.data, heads[0]) == (other.status_code, other.data, heads[1])


@pytest.mark.parametrize("since", ["birth", "later"])
def test_a_draft_is_nowhere_and_looks_like_nothing(site: Site, since: str) -> None:
    site.write_article("secret", draft=since == "birth", live=True, body="Secret body", standfirst="Secret stand")
    update = site.publish("Secret words", feed="secret", headline="Secret head", pinned=True)
    gone = site.publish("Secret retracted", feed="secret")
    site.retract(gone)
    site.write_article("public", body="[See](/articles/secret)")
    if since == "later":
        assert site.charlie.get("/articles/secret").status_code == 200
        site.api("PATCH", "/api/v1/articles/secret", {"draft": True})
    for endpoint, nothing in (*draft_endpoints(update.id), *draft_endpoints(gone.id)):
        answer = site.charlie.get(endpoint)
        assert answer.status_code == 404, endpoint
        assert same(answer, site.charlie.get(nothing)), endpoint
    for path in ("/", "/articles/public", "/feeds/news", "/metrics", "/api/v1/feeds/news/updates"):
        page = site.charlie.get(path).text
        assert "Secret" not in page
        assert "About secret" not in page
        assert 'feed="secret"' not in page
    for method, path in (("POST", "/api/v1/feeds/secret/updates"), ("PATCH", f"/api/v1/updates/{update.id}")):
        assert site.api(method, path, {"body": "x"}, who=None).status_code == 401


def test_what_is_pushed_says_nothing_of_a_draft(site: Site) -> None:
    site.write_article("secret", live=True)
    pushed: list[dict[str, Any]] = []
    tail = site.tail(pushed)
    tail.watch("secret")
    site.api("PATCH", "/api/v1/articles/secret", {"draft": True})
    site.publish("Secret words", feed="secret")
    tail.step()
    site.publish("More secret words", feed="secret")
    tail.step()
    assert [envelope["changes"] for envelope in pushed] == [[]], "one push, which makes open pages reload"


def test_a_draft_made_public_brings_its_feed(site: Site) -> None:
    site.write_article("secret", draft=True, live=True)
    site.publish("Written before", feed="secret")
    site.api("PATCH", "/api/v1/articles/secret", {"draft": False})
    assert "Written before" in site.charlie.get("/articles/secret").text
    assert site.charlie.get("/feeds/secret").status_code == 200


def test_the_first_page_of_a_long_coverage_is_small(site: Site) -> None:
    site.write_article("harbour", live=True)
    for number in range(60):
        site.publish("The quay is full of people. " * 18, "harbour", headline=f"What happened at {number}", key=True)
    page = site.charlie.get("/articles/harbour").data
    assert page.count(b'class="update ') == SHOWN
    assert len(page) < 60_000


def test_the_words_of_a_byline_stand_apart(site: Site) -> None:
    site.write_article(byline="Ann Archer")
    site.api("PATCH", "/api/v1/articles/harbour", {"body": "Edited"})
    words = as_read(element(site.charlie.get("/articles/harbour").text, class_="byline"))
    assert re.search(r"By Ann Archer \d+ \w+ \d{4}, \d\d:\d\d CET \(Updated: \d\d:\d\d\) · 1 min read", words), words
