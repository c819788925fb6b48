"""The desk's first page."""

from feed.store import presence
from tests.conftest import Site
from tests.pages import element, words


def test_each_feed_says_how_many_are_reading_it(site: Site) -> None:
    site.write_article(live=True)
    for worker, readers in (("one", 1), ("two", 1_233)):
        presence.report(site.services.store, worker, {"harbour": readers})
    feeds = element(site.at_desk().get("/desk/").text, "section", id="feeds")
    assert [words(each) for each in feeds.iter("li")] == ["News Feed Live", "About harbour Live · 1,234 reading now"]
