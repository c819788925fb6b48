"""An open page of an article shows every edit of every part, whatever the network does meanwhile."""

from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from lxml import html

from feed.followers.tail import Tail
from feed.store import editors, feeds, writing
from feed.store.feeds import QUIET
from tests.conftest import PASSWORD, Site, site_in
from tests.test_reader_pages import a_picture

MISHAPS = st.sampled_from(["", "", "lost", "twice", "together with the next"])
LINES = st.sampled_from([None, "A line", 'Another "line"', "<b>third</b>"])
BODIES = st.sampled_from(["Text", "## More\n\n[The quay](/articles/quay)", "* a\n* b", ""])


class OpenStory:
    """The open page of an article: its tree, and the reader's rule for the clock that it follows."""

    def __init__(self, client: Any, slug: str) -> None:
        self.client, self.slug = client, slug
        self.reloads = 0
        self.load()

    def load(self) -> None:
        """A fresh page."""
        page = html.fromstring(self.client.get(f"/articles/{self.slug}").text)
        (self.story,) = page.find_class("story")
        (clock,) = page.xpath(f"//*[@feed = '{self.slug}' or starts-with(@feed, '{QUIET}')]")
        self.feed, self.epoch, self.version = clock.get("feed"), clock.get("epoch"), int(clock.get("version"))

    def receive(self, envelope: dict[str, Any]) -> None:
        """Another epoch: reload. Not newer: ignore. A hole: catch up. Else apply all, the version last."""
        if envelope.get("reload") or envelope["epoch"] != self.epoch:
            self.reloads += 1
            self.load()
        elif envelope["version"] > self.version:
            if envelope["after"] > self.version:
                self.catch_up()
                return
            for change in envelope["changes"]:
                fresh = html.fragment_fromstring(change["html"])
                for old in self.story.xpath(".//*[@id = $id]", id=change["id"]):
                    fresh.tail = old.tail
                    old.getparent().replace(old, fresh)
            self.version = envelope["version"]

    def catch_up(self) -> None:
        """Fetches what was missed."""
        asked = f"/feeds/{self.feed}/changes?after={self.version}&epoch={self.epoch}"
        self.receive(self.client.get(asked).get_json())

    @property
    def shown(self) -> str:
        """The article as it is on the page."""
        return str(html.tostring(self.story, encoding="unicode")).strip()


class Edits(RuleBasedStateMachine):
    """One article with an open page, another that it links to, their author, and a network of many moods."""

    @initialize(live=st.booleans())
    def open(self, live: bool) -> None:
        self.around = ExitStack()
        site = self.around.enter_context(site_in(Path(self.around.enter_context(TemporaryDirectory()))))
        self.app, self.services, self.store, self.bob = site.app, site.services, site.services.store, site.bob
        for slug, given in (("quay", {}), ("harbour", {"live": live})):
            writing.create(self.store, self.bob, {"slug": slug, "headline": "The harbour", "body": "Text", **given})
        self.page = OpenStory(self.app.test_client(), "harbour")
        self.wire: list[dict[str, Any]] = []
        self.tail = Tail(
            self.store,
            self.services.versions,
            self.services.parts,
            self.services.render,
            lambda slug, envelope: self.wire.append(envelope),
        )
        self.tail.watch(self.page.feed)

    def teardown(self) -> None:
        if hasattr(self, "around"):
            with self.around:
                self.reconnect()

    @rule(
        given=st.fixed_dictionaries(
            {}, optional={"kicker": LINES, "standfirst": LINES, "body": BODIES, "headline": st.sampled_from("ABC")}
        ),
        mishap=MISHAPS,
    )
    def edit(self, given: dict[str, Any], mishap: str) -> None:
        writing.edit(self.store, "harbour", self.bob, given)
        self.push(mishap)

    @rule(byline=st.sampled_from([None, "Somebody else"]), mishap=MISHAPS)
    def sign(self, byline: str | None, mishap: str) -> None:
        writing.edit(self.store, "harbour", self.bob, {"byline": byline})
        self.push(mishap)

    @rule(name=st.sampled_from(["Bob Brown", "Robert Brown"]), bio=LINES, mishap=MISHAPS)
    def change_the_author(self, name: str, bio: str | None, mishap: str) -> None:
        editors.change_profile(self.store, self.bob.id, {"display_name": name, "bio": bio}, None)
        with self.store.read() as db:
            self.bob = editors.by_id(db, self.bob.id)
        self.push(mishap)

    @rule(headline=st.sampled_from(["The quay", "Quay"]), draft=st.booleans(), mishap=MISHAPS)
    def change_what_it_links_to(self, headline: str, draft: bool, mishap: str) -> None:
        writing.edit(self.store, "quay", self.bob, {"headline": headline, "draft": draft})
        self.push(mishap)

    @rule(language=st.sampled_from([None, "uk"]), mishap=MISHAPS)
    def translate(self, language: str | None, mishap: str) -> None:
        writing.edit(self.store, "harbour", self.bob, {"language": language})
        self.push(mishap)

    @rule(live=st.booleans(), mishap=MISHAPS)
    def cover(self, live: bool, mishap: str) -> None:
        writing.edit(self.store, "harbour", self.bob, {"live": live})
        self.push(mishap)

    @rule()
    def reconnect(self) -> None:
        """Everything on the way is lost; the page catches up, and is as a fresh one."""
        self.wire.clear()
        self.page.catch_up()
        assert self.page.shown == OpenStory(self.app.test_client(), "harbour").shown

    @invariant()
    def the_page_is_public(self) -> None:
        assert self.app.test_client().get("/articles/harbour").status_code == 200

    def push(self, mishap: str) -> None:
        """The tail's turn, unless the next change comes first; then the network's."""
        if mishap == "together with the next":
            return
        self.tail.step()
        for envelope in self.wire:
            if mishap != "lost" and envelope["feed"] == self.page.feed:
                self.page.receive(envelope)
            if mishap == "twice" and envelope["feed"] == self.page.feed:
                self.page.receive(envelope)
        self.wire.clear()
        self.tail.watch(self.page.feed)


TestEdits = Edits.TestCase
TestEdits.settings = settings(
    max_examples=30, stateful_step_count=20, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)


@pytest.mark.parametrize("live", [False, True])
def test_an_edit_of_any_field_travels_to_the_open_page(site: Site, live: bool) -> None:
    picture = a_picture(site, "Smoke", caption="At dawn", credit="C. Amera")
    site.write_article("harbour", live=live)
    page = OpenStory(site.charlie, "harbour")
    for field, value, shown in (
        ("kicker", "Fire", "Fire"),
        ("headline", "It burns", "It burns"),
        ("standfirst", "What we know", "What we know"),
        ("body", "Ten boats", "Ten boats"),
        ("byline", "Alice Adams", "Alice Adams"),
        ("picture", picture, "At dawn"),
    ):
        site.api("PATCH", "/api/v1/articles/harbour", {field: value})
        assert shown not in page.shown, field
        page.catch_up()
        assert shown in page.shown, field
        assert page.shown == OpenStory(site.charlie, "harbour").shown, field
    assert page.reloads == 0


def test_what_says_nothing_new_moves_no_clock(site: Site) -> None:
    site.write_article("harbour")
    before = site.versions()
    site.api("PATCH", "/api/v1/articles/harbour", {"headline": "About harbour", "live": False})
    editors.change_profile(site.services.store, site.bob.id, {"display_name": "Bob Brown"}, None)
    assert site.versions() == before


def test_an_open_page_of_an_article_that_comes_under_coverage_reloads(site: Site) -> None:
    site.write_article("harbour")
    page = OpenStory(site.charlie, "harbour")
    site.api("PATCH", "/api/v1/articles/harbour", {"live": True})
    page.catch_up()
    assert (page.reloads, page.feed) == (1, "harbour")


def test_the_clock_of_an_article_is_no_feed_and_that_of_a_draft_is_missing(site: Site) -> None:
    site.write_article("harbour")
    site.write_article("secret", draft=True)
    clock = OpenStory(site.charlie, "harbour").feed
    with site.services.store.read() as db:
        assert clock not in [feed.slug for feed in feeds.all_feeds(db)]
        secret = next(
            row[0] for row in db.execute("SELECT slug FROM feeds WHERE quiet_of IS NOT NULL ORDER BY id DESC")
        )
    for path in ("/feeds/{}", "/feeds/{}.atom", "/feeds/{}/older", "/embed/feeds/{}", "/api/v1/feeds/{}/updates"):
        assert site.charlie.get(path.format(clock)).status_code == 404, path
    assert site.at_desk().get(f"/desk/feeds/{clock}").status_code == 404
    assert site.api("POST", f"/api/v1/feeds/{clock}/updates", {"body": "x"}).status_code == 404
    assert site.charlie.get(f"/feeds/{clock}/changes?after=0").status_code == 200
    assert site.charlie.get(f"/feeds/{secret}/changes?after=0").status_code == 404
    assert QUIET not in site.at_desk().get("/desk/articles/secret/preview").text


@pytest.mark.parametrize(
    "link", ["{site}/articles/quay", "{site}/articles/quay/?utm_source=x#top", "[The quay](/articles/quay)"]
)
def test_a_link_alone_is_a_card_with_headline_and_standfirst_however_it_was_written(site: Site, link: str) -> None:
    site.write_article("quay", standfirst="How it looked", headline="The quay")
    address = link.format(site=site.services.settings.public_url)
    site.write_article("harbour", body=f"Before\n\n{address}\n\nSee {address} too")
    (card,) = html.fromstring(site.charlie.get("/articles/harbour").text).find_class("card")
    assert card.xpath("a/@href") == ["/articles/quay"]
    assert [each.text for each in card.xpath(".//*[starts-with(@class, 'card-')]")] == ["The quay", "How it looked"]
    site.api("PATCH", "/api/v1/articles/quay", {"draft": True})
    assert "How it looked" not in site.charlie.get("/articles/harbour").text


def test_an_author_has_a_page_and_articles_lead_to_it(site: Site) -> None:
    assert site.charlie.get("/authors/bob-brown").status_code == 404
    site.write_article("secret", draft=True)
    assert site.charlie.get("/authors/bob-brown").status_code == 404, "a draft makes nobody an author"
    site.write_article("harbour", standfirst="It burns")
    editors.change_profile(site.services.store, site.bob.id, {"job": "Reporter", "bio": "Bob walks."}, None)
    page = html.fromstring(site.charlie.get("/articles/harbour").text)
    assert page.xpath("//*[@class = 'byline' or @class = 'author']//a/@href") == ["/authors/bob-brown"] * 2
    shown = html.fromstring(site.charlie.get("/authors/bob-brown").text)
    assert shown.xpath("//link[@rel = 'canonical']/@href") == [f"{site.services.settings.public_url}/authors/bob-brown"]
    assert shown.xpath("//*[@class = 'teaser']/a/@href") == ["/articles/harbour"]
    words = shown.xpath("//main")[0].text_content()
    assert all(each in words for each in ("Bob Brown", "Reporter", "Bob walks.", "It burns"))
    assert "/authors/bob-brown</loc>" in site.charlie.get("/sitemap.xml").text
    assert site.charlie.get("/authors/bob").status_code == 404, "the name that signs in is nobody's business"
    assert site.charlie.get("/authors/alice-adams").status_code == 404


def test_two_authors_of_like_names_have_two_pages(site: Site) -> None:
    for login, name in (("bob2", "Bob  Brôwn"), ("oksana", "Оксана")):
        editors.add(site.services.store, login, PASSWORD, "editor", name, actor=None)
    for slug, login in (("a", "bob"), ("b", "bob2"), ("c", "oksana")):
        site.write_article(slug, author=login)
    for address, slug in (("bob-brown", "a"), ("bob-brown-2", "b"), ("oksana", "c")):
        shown = html.fromstring(site.charlie.get(f"/authors/{address}").text)
        assert shown.xpath("//*[@class = 'teaser']/a/@href") == [f"/articles/{slug}"], address


def test_a_search_says_how_many_it_found(site: Site) -> None:
    for number in range(23):
        site.publish(f"Fire number {number}")
    for query, told in (("fire", ["23 updates hold these words."]), ("22", ["1 update holds these words."]), ("x", [])):
        page = html.fromstring(site.charlie.get(f"/feeds/news?q={query}").text)
        assert [each.text for each in page.find_class("found")] == told
