"""Every word of every page is in the catalogues: pages are rendered in a made-up language that puts all messages in
⟦brackets⟧."""

import io
import re
import uuid
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

import pytest
from babel.messages.pofile import write_po
from flask.testing import FlaskClient

from feed import languages, times
from feed.store import (
    coming_out,
    editors,
    freshness,
    invitations,
    migrations,
    people,
    pictures,
    scheduled,
    scheduling,
    tokens,
    writing,
)
from feed.store.hashes import hashed
from feed.store.permissions import Scope
from feed.store.scheduling import Timing
from tests.catalogues import messages
from tests.conftest import FROM_HERE, PASSWORD, Site, application_in, site_in
from tests.images import a_png

MADE_UP = "eo"  # a language with two plural forms and no catalogue of ours
VISIBLE = ("aria-label", "title", "alt", "placeholder", "content", "page-title")
HIDDEN_DATA = re.compile(
    r"data-(at|version|older|open|copy|update|for|look|keep|come-back|use|state|of|limit|helper|feed|edits|editor|byline|"
    r"deed|seq|seconds|from|word|article|receipt|question|host|make)\Z"
)
VOID = ("area", "base", "br", "hr", "img", "input", "link", "meta")
# Moments, addresses and the languages' names come from elsewhere.
SKIPPED = ("script", "style", "time", "code", "pre")


class Words(HTMLParser):
    """Everything of a page that is read or heard."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[str] = []
        self._open: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag not in VOID:
            self._open.append(tag)
        if tag == "time":
            given.pop("title", None)
        if tag == "meta" and not re.search(
            "description|title|alt|site_name", given.get("name", given.get("property", ""))
        ):
            given.pop("content", None)
        spoken = (
            each for each in given if each in VISIBLE or (each.startswith("data-") and not HIDDEN_DATA.match(each))
        )
        self.found += (given[name] for name in spoken)

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag, "this page is not well-formed"

    def handle_data(self, data: str) -> None:
        if not set(SKIPPED) & set(self._open):
            self.found.append(data)


def unmarked(html: str) -> list[str]:
    """The words of a page that stand outside of every mark."""
    page = re.sub(r'<select id="[\w-]*language".*?</select>|<textarea readonly.*?</textarea>', "", html, flags=re.S)
    words = "\n".join(Words(page).found)
    moments = r"\d{4}-\w+-\d\d(, \d\d:\d\d(:\d\d)? \w+)?|Europe/Berlin|UTC[+-]\d"
    words = re.sub(
        rf"\((Atom|RSS|JSON Feed)\)|{moments}|{{\w+}}|/articles/[\w-]+|\d{{4}}-\d\d-\d\dT\S+|^width=.*$",
        "",
        words,
        flags=re.M,
    )
    while (fewer := re.sub(r"⟦[^⟦⟧]*⟧", "", words)) != words:
        words = fewer
    return re.findall(r"\w*[^\W\d_]{2,}\w*", words)


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    """A site in the made-up language; what its editors wrote is marked too."""
    catalogue = messages()
    for message in catalogue:
        if message.id:
            ids = (message.id,) if isinstance(message.id, str) else message.id
            marked = tuple(f"⟦{each}⟧" for each in ids)
            message.string = marked if len(marked) > 1 else marked[0]
            message.flags.clear()
    catalogue.locale = MADE_UP  # type: ignore[assignment]
    catalogue.fuzzy = False
    written = io.BytesIO()
    write_po(written, catalogue)
    (tmp_path / "words").mkdir()
    (tmp_path / "words" / f"{MADE_UP}.po").write_bytes(written.getvalue())
    monkeypatch.setattr(languages, "CATALOGUES", tmp_path / "words")
    with site_in(tmp_path, FEED_LANGUAGE=MADE_UP, FEED_SITE_NAME="⟦S⟧", FEED_EMBED_ORIGINS="*") as made:
        furnish(made)
        yield made


def furnish(site: Site) -> None:
    """Something for every branch of the templates."""
    shown = {"alt": "⟦alt⟧", "caption": "⟦caption⟧", "credit": "⟦credit⟧"}
    uploaded = pictures.add(site.services.store, site.services.settings.media, a_png(), shown, None)
    about = {"display_name": "⟦Bob⟧", "job": "⟦job⟧", "bio": "⟦" + "bio " * 50 + "⟧", "picture": uploaded.id}
    site.bob = editors.change_profile(site.services.store, site.bob.id, about, None)
    editors.change_profile(site.services.store, site.alice.id, {"display_name": "⟦Alice⟧"}, None)
    told = {"headline": "⟦headline⟧", "kicker": "⟦kicker⟧", "standfirst": "⟦standfirst⟧", "picture": uploaded.id}
    site.write_article("2", **{**told, "body": "⟦body⟧"})
    site.write_article("first", **{**told, "body": "[⟦a⟧](/articles/2)", "live": True})
    site.write_article("draft", **{**told, "draft": True, "live": True})
    for feed in ("first", "news"):
        for each in range(13):
            site.publish(f"⟦{each}⟧", feed, key=True)
        long = site.publish("⟦" + "long " * 200 + "⟧", feed, headline="⟦headline⟧", key=True, pinned=True)
        site.edit(long, body="⟦" + "longer " * 200 + "⟧")
        again = site.publish("⟦a [link](/x)⟧", feed)
        site.edit(again, body="⟦a [link](/y)⟧")
        for reason in (None, "⟦reason⟧"):
            site.retract(site.publish("⟦wrong⟧", feed), reason, notice=True)
        site.retract(site.publish("⟦wrong⟧", feed))
        for each in range(12):
            site.publish(f"⟦{each}⟧", feed)
    schedule(site)
    site.write_article("ended", **{**told, "live": True})
    site.api("PATCH", "/api/v1/articles/ended", {"live": False})


def schedule(site: Site) -> None:
    """One that waits, one that could not come out, and an article that could not."""
    store, moment = site.services.store, times.after(3600)
    for scheduled_id in SCHEDULED:
        scheduling.schedule(store, "news", site.bob, {"body": "⟦later⟧"}, moment, scheduled_id)
    store.write(scheduled.fail, SCHEDULED[1], 1, scheduled.RESTORED)
    writing.edit(store, "draft", site.bob, {}, timing=Timing(None, moment))
    with store.read() as db:
        article = next(each for each in scheduled.everything(db) if each.article_id)
    store.write(scheduled.fail, article.id, 1, coming_out.CLOSED)


def with_number(site: Site, what: str) -> int:
    with site.services.store.read() as db:
        query = {
            "plain": "retracted_at IS NULL AND edited_at IS NULL ORDER BY id",
            "edited": "retracted_at IS NULL AND edited_at IS NOT NULL ORDER BY id DESC",
            "noticed": "notice AND reason IS NOT NULL",
            "gone": "retracted_at IS NOT NULL AND NOT notice",
        }[what]
        return int(db.execute(f"SELECT id FROM updates WHERE {query} LIMIT 1").fetchone()[0])


SCHEDULED = [str(uuid.uuid4()) for _ in range(2)]
READ = [
    "/", "/articles/first", "/articles/2", "/articles/ended", "/feeds/news", "/feeds/first", "/feeds/ended",
    "/feeds/first?key=1", "/feeds/first?order=oldest", "/feeds/first?q=%E2%9F%A6x%E2%9F%A7",
    "/feeds/first?at=2020-01-01T00:00", "/feeds/first?at=2020-01-01T00:00&order=oldest",
    "/updates/{plain}", "/updates/{edited}", "/updates/{edited}/history", "/updates/{noticed}", "/updates/{gone}",
    "/nowhere", "/feeds/news?order=x", "/feeds/news?at=x", "/feeds/news?before=x", "/updates/1/history?before=x",
    "/feeds/news?at=2020-01-01T00:00&before=x", "/embed/feeds/news", "/embed/feeds/first", "/embed/feeds/x?theme=x",
    "/embed/feeds/draft",
    "/desk/sign-in", "/desk/first/nothing",
]  # fmt: skip
AT_DESK = [
    "/desk/", "/desk/feeds/news", "/desk/feeds/first", "/desk/feeds/ended", "/desk/feeds/draft", "/desk/new-article",
    "/desk/articles/first", "/desk/articles/draft", "/desk/articles/draft/preview", "/desk/updates/{edited}",
    "/desk/updates/{plain}/retraction", "/desk/pictures", "/desk/profile", "/desk/nowhere",
    f"/desk/scheduled/{SCHEDULED[0]}", f"/desk/scheduled/{SCHEDULED[1]}",
]  # fmt: skip
LONG = "⟦" + "x" * 9_999 + "⟧"
WRONG = [
    ("/desk/articles", {"slug": "2", "headline": "⟦h⟧"}, 422),
    ("/desk/articles", {"slug": "news", "headline": "⟦h⟧"}, 422),
    ("/desk/articles", {"slug": "1 1", "headline": "", "picture": "x", "language": "x", "byline": LONG}, 422),
    ("/desk/articles", {"slug": "9", "headline": "⟦h⟧", "picture": "0" * 16}, 422),
    ("/desk/articles/first", {"revision": "0", "headline": "⟦mine⟧", "kicker": "⟦mine⟧"}, 409),
    ("/desk/feeds/news/updates", {"body": ""}, 422),
    ("/desk/feeds/news/updates", {"body": "[\u200b](/x)"}, 422),
    ("/desk/feeds/news/schedule", {"body": "⟦0⟧"}, 200),
    ("/desk/feeds/news/scheduled", {"body": "⟦0⟧", "publish_date": "2027-03-28", "publish_time": "02:30"}, 422),
    ("/desk/feeds/news/scheduled", {"body": "⟦0⟧", "publish_date": "2027-10-31", "publish_time": "02:30"}, 422),
    (f"/desk/scheduled/{SCHEDULED[0]}", {"body": "⟦mine⟧", "revision": "9", "publish_date": "2027-11-01",
                                         "publish_time": "02:30"}, 409),
    (f"/desk/scheduled/{SCHEDULED[0]}/cancellation", {"revision": "9"}, 409),
    (f"/desk/scheduled/{uuid.uuid4()}", {"body": "⟦mine⟧", "feed": "news", "revision": "1"}, 409),
    ("/desk/updates/{plain}", {"body": "⟦0⟧", "revision": "1", "note": "⟦note⟧"}, 422),
    ("/desk/updates/{plain}", {"body": "⟦mine⟧", "revision": "9"}, 409),
    ("/desk/updates/{plain}/retraction", {"reason": LONG}, 422),
    ("/desk/pictures", {"alt": ""}, 422),
    ("/desk/profile", {"display_name": ""}, 422),
    ("/desk/sign-in", {"name": "⟦n⟧", "password": "wrong"}, 403),
    ("/desk/", {}, 405),
]  # fmt: skip


def at_desk(site: Site, name: str = "bob") -> FlaskClient:
    """An editor, in a browser that does not say what it is."""
    browser = site.app.test_client()
    headers = {**FROM_HERE, "User-Agent": ""}
    assert browser.post("/desk/sign-in", data={"name": name, "password": PASSWORD}, headers=headers).status_code == 303
    return browser


def first_editor(folder: Path) -> str:
    """The page behind the one-time link of a site that nobody runs yet."""
    with application_in(folder / "new", FEED_LANGUAGE=MADE_UP, FEED_SITE_NAME="⟦S⟧") as app:
        store = app.extensions["liveline"].store
        migrations.upgrade(store)
        return app.test_client().get(f"/desk/first/{invitations.invite_first(store)}").text


def _of_tokens(site: Site, alice: FlaskClient) -> dict[str, str]:
    """Tokens in every state, and a form for one that was refused."""
    store = site.services.store
    tokens.revoke(store, "bob", actor=None)
    tokens.add(store, "bob", "⟦1⟧", actor=None)
    tokens.add(store, "bob", "⟦2⟧", 1, actor=None, scopes=list(Scope))
    form = {"whose": "bob", "name": "⟦3⟧", "days": "x", "limit": "some", "reach": "some"}
    pages = {
        "tokens": alice.get("/desk/tokens"),
        "refused token": alice.post("/desk/tokens", data=form, headers=FROM_HERE),
    }
    form |= {"days": "7", "scopes": "read", "reach": "all"}
    pages["made token"] = alice.post("/desk/tokens", data=form, headers=FROM_HERE)
    store.write(lambda db: db.execute("UPDATE sessions SET proved_at = ?", [times.after(-freshness.FRESH_SECONDS)]))
    pages["no fresh session"] = alice.get("/desk/tokens")
    pages["no fresh session for a token"] = alice.post("/desk/tokens", data=form, headers=FROM_HERE)
    return {name: re.sub(r"<b>test</b>", "", page.text) for name, page in pages.items()}


def of_people(site: Site) -> dict[str, str]:
    """The admins' pages, with a person in every state, and what links lead to."""
    alice, store = at_desk(site, "alice"), site.services.store
    editors.add(store, "0", PASSWORD, "contributor", "⟦0⟧", actor=None)
    people.disable(store, "0", None)
    invitations.reset_password(store, "bob", 7, site.alice)
    pages = {}
    for name, day in (("1", "7"), ("1", "x")):
        form = {"name": name, "display_name": "⟦1⟧", "role": "editor", "days": day}
        pages[f"invited for {day} days"] = alice.post("/desk/people/invitations", data=form, headers=FROM_HERE).text
    pages |= _of_tokens(site, alice)
    pages["last"] = alice.post("/desk/people/alice/disabled", data={"disabled": "1"}, headers=FROM_HERE).text
    for name, token in {
        "invitation": invitations.invite(store, "2", "editor", "⟦2⟧", 7, site.alice),
        "reset": invitations.reset_password(store, "bob", 7, site.alice),
    }.items():
        pages[name] = site.charlie.get(f"/desk/invitations/{token}").text
        invitations.revoke(store, hashed(token), None)
        pages[f"{name} over"] = site.charlie.get(f"/desk/invitations/{token}").text
    return {name: re.sub(r">(alice|bob) ·", ">", page) for name, page in pages.items()}  # with these they sign in


def test_every_word_that_readers_and_editors_see_is_translated(site: Site, tmp_path: Path) -> None:
    numbers = {what: with_number(site, what) for what in ("plain", "edited", "noticed", "gone")}
    desk = at_desk(site)
    pages = {path: site.charlie.get(path.format(**numbers)).text for path in READ}
    pages |= {path: desk.get(path.format(**numbers)).text for path in AT_DESK}
    for number, (path, form, status) in enumerate(WRONG):
        answer = desk.post(path.format(**numbers), data=form, headers=FROM_HERE)
        pages[f"{path} {number}"] = answer.text
        assert answer.status_code == status, path
    pages["foreign"] = site.charlie.post("/desk/sign-in", data={}, headers={"Origin": "https://evil.example"}).text
    pages["the first editor"] = first_editor(tmp_path)
    pages |= of_people(site)
    assert all("⟦" in page for page in pages.values())
    assert {path: found for path, page in pages.items() if (found := unmarked(page))} == {}


def test_a_word_outside_the_catalogues_would_be_found() -> None:
    page = '<p title="⟦a ⟦b⟧⟧">⟦c⟧ Hello <a aria-label="Go">⟦d⟧</a><i data-live="live" data-at="x"></i></p>'
    assert sorted(unmarked(page)) == ["Go", "Hello", "live"]
