"""Nothing from an article's time as a draft is in any public answer: no removed text, note or retraction, however often
the article becomes a draft again."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from html import unescape
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from feed import times
from feed.store import (
    articles,
    editors,
    feeds,
    migrations,
    publishing,
    retracting,
    reviewing,
    revisions,
    submitting,
    updates,
    writing,
)
from feed.store.database import Store
from feed.store.updates import Update
from tests.conftest import PASSWORD, Site, site_in
from tests.submitting import new_id, submit

SLUG = "harbour"


def public_answers(site: Site, ids: list[int], epochs: set[str], asked: str = "") -> Iterator[tuple[str, int, str]]:
    """Path, status and text of all that a stranger can ask of the article, its coverage and those updates."""
    paths = ["/", f"/articles/{SLUG}", "/sitemap.xml", "/news-sitemap.xml", f"/embed/feeds/{SLUG}"]
    paths += [f"/feeds/{SLUG}{more}" for more in ("", ".atom", ".rss", ".json", "/older", "?key=1", "?order=oldest")]
    last = site.versions()[SLUG]
    paths += [f"/feeds/{SLUG}/changes?after={after}&epoch={epoch}" for epoch in epochs for after in range(last + 2)]
    paths += [f"/api/v1/feeds/{SLUG}/{each}" for each in ("updates", "points", "points/1")]
    paths += [f"/api/v1/articles/{SLUG}"]
    paths += [f"/oembed?url=http://127.0.0.1:8000/{path}" for path in (f"articles/{SLUG}", f"feeds/{SLUG}")]
    for number in ids:
        paths += [f"/updates/{number}", f"/updates/{number}/history", f"/api/v1/updates/{number}"]
        paths += [f"/oembed?url=http://127.0.0.1:8000/updates/{number}"]
    paths += [f"/feeds/{SLUG}?q={asked}", f"/articles/{SLUG}?q={asked}"] if asked else []
    for path in paths:
        answer = site.charlie.get(path)
        yield path, answer.status_code, unescape(answer.text)


def come_out(site: Site, *, draft: bool = False) -> None:
    """The article comes out, or goes back to draft."""
    writing.edit(site.services.store, SLUG, site.bob, {"draft": draft})


def epoch(site: Site) -> str:
    """Of the coverage, which open pages know."""
    with site.services.store.read() as db:
        return feeds.get(db, SLUG, drafts=True).epoch


@dataclass
class Story:
    """Drives a site, and knows which words a reader could have seen. Each word is used once."""

    site: Site
    draft: bool = True
    words: Iterator[str] = field(default_factory=lambda: (f"wordnumber{n}x" for n in count(1)))
    used: set[str] = field(default_factory=set)
    seen: set[str] = field(default_factory=set)
    headline: str = ""
    made: list[int] = field(default_factory=list)
    texts: dict[int, str] = field(default_factory=dict)
    gone: dict[int, str] = field(default_factory=dict)
    ever_public: set[int] = field(default_factory=set)

    def word(self) -> str:
        word = next(self.words)
        self.used.add(word)
        return word

    def begin(self) -> None:
        self.headline = self.word()
        self.site.write_article(SLUG, headline=self.headline, draft=True, live=True)

    def publish(self, which: int) -> None:
        text = self.word()
        made = self.site.publish(text, feed=SLUG, key=which % 2 == 0, pinned=which % 3 == 0)
        self.made.append(made.id)
        self.texts[made.id] = text
        self._look()

    def edit(self, which: int) -> None:
        if (chosen := self._one(which)) is None:
            return
        text, note, seen_before = self.word(), self.word(), self.texts[chosen] in self.seen
        publishing.edit(self.site.services.store, chosen, self.site.bob, {"body": text, "note": note}, None)
        self.texts[chosen] = text
        if seen_before:
            self.seen.add(note)  # it explains what became of a text that readers saw
        self._look()

    def retract(self, which: int) -> None:
        if (chosen := self._one(which)) is None:
            return
        reason, notice = self.word(), which % 2 == 0
        self.site.retract(self._update(chosen), reason, notice=notice)
        self.gone[chosen] = self.texts.pop(chosen)
        if notice and self.gone[chosen] in self.seen:
            self.seen.add(reason)

    def restore(self, which: int) -> None:
        if retracted := sorted(self.gone):
            chosen = retracted[which % len(retracted)]
            retracting.restore(self.site.services.store, chosen, self.site.bob)
            self.texts[chosen] = self.gone.pop(chosen)
            self._look()

    def rename(self, which: int) -> None:
        self.headline = self.word()
        writing.edit(self.site.services.store, SLUG, self.site.bob, {"headline": self.headline})
        self._look()

    def turn(self, which: int) -> None:
        self.draft = not self.draft
        come_out(self.site, draft=self.draft)
        self._look()

    def _look(self) -> None:
        """What a reader sees at this moment."""
        if not self.draft:
            self.seen |= {self.headline, *self.texts.values()}
            self.ever_public |= set(self.texts)

    def _one(self, which: int) -> int | None:
        standing = sorted(self.texts)
        return standing[which % len(standing)] if standing else None

    def _update(self, number: int) -> Update:
        with self.site.services.store.read() as db:
            return updates.get_any(db, number)


STEPS = st.lists(
    st.tuples(st.sampled_from(["publish", "edit", "retract", "restore", "rename", "turn"]), st.integers(0, 11))
)


@settings(max_examples=25, deadline=None)
@given(steps=STEPS)
@pytest.mark.long
def test_no_public_answer_holds_a_word_that_no_reader_could_see(steps: list[tuple[str, int]]) -> None:
    with TemporaryDirectory() as folder, site_in(Path(folder)) as site:
        story = Story(site)
        story.begin()
        epochs = {epoch(site)}
        for verb, which in [("publish", 0), ("edit", 0), *steps]:
            getattr(story, verb)(which)
            epochs.add(epoch(site))
        if story.draft:
            for path, _, text in public_answers(site, story.made, epochs):
                assert not [word for word in story.used if word in text], f"{path} while it is a draft"
            story.turn(0)
        hidden = story.used - story.seen
        for path, status, text in public_answers(site, story.made, {*epochs, epoch(site)}):
            assert status < 500
            assert not [word for word in hidden if word in text], path
        for number in story.made:
            answer = site.charlie.get(f"/updates/{number}")
            expected = 200 if number in story.texts else 410 if number in story.ever_public else 404
            assert answer.status_code == site.api("GET", f"/api/v1/updates/{number}", who=None).status_code == expected


def test_the_owners_case_a_name_taken_out_of_a_draft_is_in_no_public_answer(site: Site) -> None:
    site.write_article(SLUG, headline="First headline", draft=True, live=True)
    named = site.publish("Mr Tadpole took it.", feed=SLUG, headline="Tadpole accused")
    publishing.edit(
        site.services.store, named.id, site.alice,
        {"headline": "Mayor accused", "body": "The mayor took it.", "note": "Legal: no Tadpole"}, None,
    )  # fmt: skip
    gone = site.publish("Mrs Tadpole helped.", feed=SLUG)
    site.retract(gone, "Tadpole sued", notice=True)
    writing.edit(site.services.store, SLUG, site.alice, {"headline": "Second headline"})
    before = epoch(site)
    come_out(site)
    for path, _, text in public_answers(site, [named.id, gone.id], {before, epoch(site)}, "tadpole"):
        assert "Tadpole" not in text, path
        assert "First headline" not in text, path
        assert "Alice Adams" not in text, "who worked on it before"
        assert "Updated" not in re.sub(r' data-edited="Updated: {latest}"', "", text), path
    history = site.charlie.get(f"/updates/{named.id}/history").text
    assert re.findall(r'<li id="revision-(\d)"', history) == ["2"]
    assert "Published:" in history
    with site.services.store.read() as db:
        article = articles.get(db, SLUG)
        assert history.count(f'datetime="{article.published_at}"') == 1
        assert article.edited_at is None
        assert article.feed
        assert article.feed.opened_at == article.published_at
        changes = updates.changed_after(db, article.feed, 0, 99)
    assert [each.id for each in changes] == [named.id]
    assert site.charlie.get(f"/updates/{gone.id}").status_code == 404
    assert site.charlie.get("/updates/4711").data == site.charlie.get(f"/updates/{gone.id}").data
    assert site.api("GET", f"/api/v1/updates/{gone.id}").status_code == 410, "the desk knows"
    assert "deleted-entry" not in site.charlie.get(f"/feeds/{SLUG}.atom").text


def test_nothing_that_was_submitted_or_said_of_it_is_in_any_public_answer(site: Site) -> None:
    site.write_article(SLUG, live=True)
    update, before = site.publish("Public", feed=SLUG), site.versions()
    carol = editors.add(site.services.store, "carol", PASSWORD, "contributor", "Carolcanary", actor=None)
    submit(site, carol, SLUG, "Newcanary", headline="Newcanary")
    edit = submit(site, carol, SLUG, "Editcanary", update=update.id, revision=1, note="Whycanary")
    back = submit(site, carol, SLUG, "Backcanary")
    reviewing.return_(site.services.store, back.id, 1, {"note": "Notecanary"}, site.bob)
    for author, article in ((carol, None), (site.bob, 1)):
        state = {"article": article, "revision": article, "headline": "Storycanary", "body": "Bodycanary"}
        state |= dict.fromkeys(("kicker", "standfirst", "byline", "author", "language", "picture"), "")
        state |= {"slug": f"{SLUG}-canary", "draft": True, "live": True, "discarded": False}
        given = {"headline": "Storycanary", "body": "Bodycanary", "slug": f"{SLUG}-canary"}
        submitting.submit_article(site.services.store, new_id(), author, state, given)
    for path, status, text in public_answers(site, [update.id, update.id + 1], {epoch(site)}, "newcanary"):
        assert not re.findall(r"[A-Z]\w*canary", text), path
        assert status < 500
    for path in (f"/articles/{SLUG}-canary", "/authors/carolcanary", f"/desk/review/{edit.id}"):
        assert site.charlie.get(path).status_code == (303 if "desk" in path else 404)
    assert site.versions() == before, "no page is told of it"


def test_what_happens_after_publication_is_told_as_ever(site: Site) -> None:
    site.write_article(SLUG, draft=True, live=True)
    update, other = site.publish("Draft one", feed=SLUG), site.publish("Other", feed=SLUG)
    site.edit(update, body="Draft two", note="Secret note")
    come_out(site)
    site.edit(update, body="Public three", note="We corrected it")
    history = unescape(site.charlie.get(f"/updates/{update.id}/history").text)
    assert re.findall(r'<li id="revision-(\d)"', history) == ["3", "2"]
    assert "We corrected it" in history
    assert "Secret note" not in history
    assert "Draft one" not in history
    site.retract(other, "It was wrong", notice=True)
    assert "It was wrong" in site.charlie.get(f"/feeds/{SLUG}").text
    assert site.charlie.get(f"/updates/{other.id}").status_code == 410
    assert "deleted-entry" in site.charlie.get(f"/feeds/{SLUG}.atom").text


def test_back_to_draft_and_out_again_shows_what_readers_saw_before_and_after(site: Site) -> None:
    site.write_article(SLUG, draft=False, live=True)
    update, gone = site.publish("Public one", feed=SLUG), site.publish("Public too", feed=SLUG)
    come_out(site, draft=True)
    site.edit(update, body="Hidden two", note="Hidden note")
    site.edit(update, body="Public three")
    never = site.publish("Hidden", feed=SLUG)
    for each in (gone, never):
        site.retract(each)
    come_out(site)
    history = unescape(site.charlie.get(f"/updates/{update.id}/history").text)
    assert re.findall(r'<li id="revision-(\d)"', history) == ["3", "1"]
    assert "Hidden" not in history
    assert "Updated:" in site.charlie.get(f"/feeds/{SLUG}").text, "readers had another text before"
    assert [site.charlie.get(f"/updates/{each.id}").status_code for each in (gone, never)] == [410, 404]


def test_what_was_retracted_in_a_draft_is_first_seen_when_it_is_restored(site: Site) -> None:
    site.write_article(SLUG, draft=True, live=True)
    never, back = site.publish("Never", feed=SLUG), site.publish("Hidden one", feed=SLUG)
    site.edit(back, body="Shown two", note="Hidden note")
    for each in (never, back):
        site.retract(each, "Hidden reason")
    come_out(site)
    with site.services.store.read() as db:
        before = feeds.get(db, SLUG)
    retracting.restore(site.services.store, back.id, site.bob)
    page, history = (site.charlie.get(path).text for path in (f"/feeds/{SLUG}", f"/updates/{back.id}/history"))
    assert "Shown two" in page
    assert "Updated: {" in page, "the sentence is there for later edits"
    assert 'class="edited"' not in page, "no reader had another text before"
    assert re.findall(r'<li id="revision-(\d)"', history) == ["2"]
    for text in (page, history, site.charlie.get(f"/feeds/{SLUG}.atom").text):
        assert "Hidden" not in text
    site.retract(back)
    missed = site.charlie.get(f"/feeds/{SLUG}/changes?after={before.version}&epoch={before.epoch}").get_json()
    assert [(each["id"], each["html"]) for each in missed["changes"]] == [(f"update-{back.id}", None)]
    assert [site.charlie.get(f"/updates/{each.id}").status_code for each in (back, never)] == [410, 404]


def test_a_text_of_a_draft_stays_hidden_where_its_update_comes_back_with_another(site: Site) -> None:
    site.write_article(SLUG, draft=True, live=True)
    back = site.publish("Hidden one", feed=SLUG)
    site.retract(back, "Hidden reason")
    come_out(site)
    publishing.restore_edited(site.services.store, back.id, site.bob, {"body": "Shown two"}, 1)
    page, history = (site.charlie.get(path).text for path in (f"/feeds/{SLUG}", f"/updates/{back.id}/history"))
    assert "Shown two" in page
    assert re.findall(r'<li id="revision-(\d)"', history) == ["2"]
    for text in (page, history, site.charlie.get(f"/feeds/{SLUG}.atom").text):
        assert "Hidden" not in text


def test_no_time_of_a_draft_is_told_by_what_was_restored_in_it(site: Site) -> None:
    site.write_article(SLUG, draft=False, live=True)
    update = site.publish("Public", feed=SLUG)
    site.retract(update)
    come_out(site, draft=True)
    in_draft = retracting.restore(site.services.store, update.id, site.bob).restored_at
    assert in_draft
    come_out(site)
    for path in (f"/feeds/{SLUG}.atom", f"/updates/{update.id}/history"):
        assert in_draft not in site.charlie.get(path).text, path


@pytest.mark.parametrize("reworded", [False, True])
def test_an_article_that_comes_out_again_is_updated_only_if_its_words_changed(site: Site, reworded: bool) -> None:
    site.write_article(SLUG, draft=False)
    come_out(site, draft=True)
    writing.edit(site.services.store, SLUG, site.bob, {"headline": "Another"})
    if not reworded:
        writing.edit(site.services.store, SLUG, site.bob, {"headline": f"About {SLUG}"})
    come_out(site)
    with site.services.store.read() as db:
        assert bool(articles.get(db, SLUG).edited_at) == reworded


def test_a_coverage_that_ended_in_a_draft_ended_when_the_article_came_out(site: Site) -> None:
    site.write_article(SLUG, draft=True, live=True)
    writing.edit(site.services.store, SLUG, site.bob, {"live": False})
    come_out(site)
    with site.services.store.read() as db:
        article = articles.get(db, SLUG)
        assert article.feed
        assert article.feed.opened_at == article.feed.closed_at == article.published_at


def test_what_was_written_before_this_schema_is_hidden_by_its_times(tmp_path: Path) -> None:
    """On a database of the release before: with notices, notes and revisions of a draft that has come out since."""
    store = Store(tmp_path / "old.db")
    db = store.connect()
    last = next(each.name for each in migrations.migrations.pending(db) if each.name == "before_publication")
    migrations.migrations.apply(db, stop_before=last)
    at = [times.after(seconds) for seconds in (-50, -40, -30, -20, -10)]
    rows: dict[str, list[dict[str, Any]]] = {
        "articles": [{"id": 1, "slug": SLUG, "revision": 2, "headline": "H", "body": "", "html": "", "byline": "B",
                      "draft": 0, "created_at": at[0], "published_at": at[3]}],
        "feeds": [{"id": 5, "slug": SLUG, "article_id": 1, "epoch": "old", "version": 9, "tick": 99,
                   "opened_at": at[0]}],
        "updates": [
            {"id": n, "feed_id": 5, "version": n, "revision": 3 - n, "body": "b", "html": "h", "key": 0, "pinned": 0,
             "byline": "B", "published_at": at[1], "retracted_at": gone, "notice": bool(gone)}
            for n, gone in ((1, None), (2, at[2]))
        ],
        "revisions": [
            {"update_id": n, "revision": r, "body": "b", "html": f"{n}{r}", "byline": "B", "at": at[r]}
            for n, r in ((1, 1), (1, 2), (2, 1))
        ],
    }  # fmt: skip
    for table, each in rows.items():
        db.table(table).insert_all(each)
    db.close()
    migrations.upgrade(store)
    with store.read() as read:
        feed = feeds.get(read, SLUG)
        assert feed.epoch != "old", "open pages reload, because a notice went"
        (shown,) = updates.newest_first(read, feed, None, 9)
        assert [(r.html, r.at, r.first) for r in revisions.of(read, shown, 9, 9)] == [("12", at[3], True)]
        assert updates.retracted_last(read, feed, 9) == []
    store.close()
