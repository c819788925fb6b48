"""`flask db rerender`: stored texts are rendered anew when an operator orders it, and never by themselves."""

from typing import Any

import pytest

from app import create_app
from feed.store import backup, feeds, publishing, rerender, updates
from tests.conftest import Site


def age(site: Site, table: str, number: int) -> None:
    """As if an earlier release had rendered it."""
    site.services.store.write(lambda db: db.execute(f"UPDATE {table} SET html = '<p>Old</p>' WHERE id = ?", [number]))


def html_of(site: Site, number: int) -> str:
    with site.services.store.read() as db:
        return updates.get_any(db, number).html


def state(site: Site) -> Any:
    with site.services.store.read() as db:
        tables = ("updates", "articles", "feeds", "revisions", "article_revisions")
        return [[tuple(row) for row in db.execute(f"SELECT * FROM {table}")] for table in tables]


def test_texts_are_rendered_anew_and_pages_of_what_changed_reload(site: Site) -> None:
    article = site.write_article("harbour", live=True, language="de", body='Er sagte "nein"')
    site.write_article("quiet", body="Quiet")
    news, own, same = site.publish("1986. A year"), site.publish('"ja"', feed="harbour"), site.publish("Same")
    gone = site.retract(site.publish("Gone"))
    page = site.charlie.get("/articles/harbour").text
    for table, number in (("updates", news.id), ("updates", own.id), ("updates", gone.id), ("articles", article.id)):
        age(site, table, number)
    before = state(site)
    told = " ".join(rerender.rerender(site.services.store, dry_run=True))
    assert state(site) == before
    assert "updates: 2 of 3 would become other HTML" in told
    epochs = {slug: feed_of(site, slug).epoch for slug in ("news", "harbour")}
    told = " ".join(rerender.rerender(site.services.store))
    assert "updates: 2 of 3 became other HTML" in told
    assert "articles: 1 of 2 became other HTML" in told
    assert "feed news: 1 changed" in told
    assert "feed harbour: 2 changed" in told
    assert html_of(site, news.id) == "<p>1986. A year</p>"
    assert html_of(site, own.id) == "<p>„ja“</p>", "in the language of its article"
    assert html_of(site, same.id) == same.html
    assert html_of(site, gone.id) == "<p>Old</p>"
    assert all(feed_of(site, slug).epoch != epoch for slug, epoch in epochs.items())
    assert "„nein“" in site.charlie.get("/articles/harbour").text
    assert "„nein“" in page
    assert "/updates/1" in site.charlie.get("/feeds/news").text
    assert backup.check(site.services.store) == []
    assert "0 of 3" in next(iter(rerender.rerender(site.services.store)))


def feed_of(site: Site, slug: str) -> feeds.Feed:
    with site.services.store.read() as db:
        return feeds.get(db, slug)


def test_a_text_that_would_be_refused_today_keeps_its_html_and_is_named(site: Site) -> None:
    update = site.publish("Fine")
    site.services.store.write(lambda db: db.execute("UPDATE updates SET body = '[x](javascript:1)', html = '<p>x</p>'"))
    told = " ".join(rerender.rerender(site.services.store))
    assert f"updates {update.id} keeps its HTML: javascript:1 cannot be linked" in told
    assert html_of(site, update.id) == "<p>x</p>"


def test_what_is_edited_meanwhile_is_left_to_the_edit(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    update = site.publish("One")
    age(site, "updates", update.id)
    rendered = publishing.html_of

    def edited_first(*given: Any) -> str:
        monkeypatch.setattr(publishing, "html_of", rendered)
        site.edit(update, body="Two")
        return rendered(*given)

    monkeypatch.setattr(publishing, "html_of", edited_first)
    assert "updates: 0 of 1" in next(iter(rerender.rerender(site.services.store)))
    assert html_of(site, update.id) == "<p>Two</p>"


def test_the_command_says_what_it_did(site: Site) -> None:
    update = site.publish("One")
    age(site, "updates", update.id)
    runner = create_app({"FEED_DATABASE": str(site.services.store.path)}).test_cli_runner()
    assert "would become" in runner.invoke(args=["db", "rerender", "--dry-run"]).output
    assert html_of(site, update.id) == "<p>Old</p>"
    done = runner.invoke(args=["db", "rerender"])
    assert done.exit_code == 0
    assert "updates: 1 of 1 became other HTML" in done.output
    assert html_of(site, update.id) == "<p>One</p>"
