"""The authorisation matrix: each route, each event of the socket and each command, and who may use it. What is not in
the table fails the test, so whoever adds a route says here whom it is for."""

import io
import json
import re
import sqlite3
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from app import create_app
from feed import times
from feed.store import (
    all_drafts,
    coverage,
    editors,
    feeds,
    invitations,
    people,
    pictures,
    pointing,
    points,
    publishing,
    scheduling,
    sessions,
    signing_in,
    submitting,
    tokens,
    waiting,
    writing,
)
from feed.store.editors import Editor
from feed.store.permissions import Scope
from feed.store.scheduling import Timing
from feed.store.verbs import Verb
from feed.web.guards import FOR_SCRIPT
from feed.web.node import NO_PAGES
from feed.web.static import static_hash
from tests.conftest import FROM_HERE, PASSWORD, Site, application_in, site_in
from tests.images import a_png
from tests.submitting import new_id, submit

# Who asks. At the desk and of readers' pages: somebody signed out, the three of the cast, and a program that shows
# alice's token where a session belongs. At the API: nobody, the three with a token of theirs, alice with a token of
# each single scope, and alice's browser, whose session is no token.
BROWSERS = ("signed out", "carol", "bob", "alice", "a token")
PROGRAMS = ("no token", "carol", "bob", "alice", *Scope, "a session")

STRANGERS = ("signed out", "a token", "no token", "a session")

Who = frozenset[str]
NOBODY: Who = frozenset()
SIGNED_IN: Who = frozenset({"carol", "bob", "alice"})
PUBLISHES: Who = SIGNED_IN - {"carol"}
ADMIN: Who = frozenset({"alice"})
CAROL: Who = frozenset({"carol"})
BOB: Who = frozenset({"bob"})
ANYBODY: Who = frozenset({*BROWSERS, *PROGRAMS})
READS, WRITES_DRAFTS = SIGNED_IN | {Scope.READ}, SIGNED_IN | {Scope.PUBLISH}
API_PUBLISHES, API_EDITS, API_RETRACTS = (PUBLISHES | {each} for each in (Scope.PUBLISH, Scope.EDIT, Scope.RETRACT))


@dataclass(frozen=True)
class Row:
    """A request to a route, and who is let in. `of` are the values of its address, in their order; `sent` is its form,
    or its JSON at the API and for the desk's script. `refused` answers who is known and may not; `done` answers the
    others where that is no success, because the test has no authenticator, say."""

    rule: str
    who: Who
    of: tuple[str, ...]
    sent: Any
    refused: int
    done: int | None
    asked: str

    @property
    def method(self) -> str:
        return self.rule.split()[0]

    @property
    def path(self) -> str:
        values = iter(self.of)
        return re.sub(r"<[^>]+>", lambda _: next(values), self.rule.split()[1]) + self.asked

    def __str__(self) -> str:
        return f"{self.method} {self.path}"


def row(
    rule: str, who: Who, of: str = "", sent: Any = None, *, refused: int = 403, done: int | None = None, asked: str = ""
) -> Row:
    return Row(rule, who, tuple(of.split()), sent, refused, done, asked)


PLANNED, DRAWN = "00000000-0000-4000-8000-000000000001", "00000000-0000-4000-8000-000000000002"  # scheduled
TYPED, DROPPED = "00000000-0000-4000-8000-000000000003", "00000000-0000-4000-8000-000000000004"  # carol's drafts
NEW = "00000000-0000-4000-8000-000000000009"
OF_STRANGERS = ("/desk/sign-in", "/desk/first/", "/desk/invitations/")  # who cannot be signed in

UPLOAD = "00000000000000aa"  # carol's
NEXT_YEAR = {"publish_date": times.after(300 * 24 * 3600)[:10], "publish_time": "12:00"}

# Articles: `harbour` is public, `sketch` a draft, `later` a draft that is scheduled to come out, `ended` one whose
# coverage is closed. Updates: 1 in harbour, 2 in sketch, 3 and 4 retracted from them, 5 in later, 6 in ended; 7 was
# published by bob just now, in harbour, and 8 by carol, in sketch. Points: 1 in harbour, which is being checked, 2 in
# sketch and 3 in later. Submissions, all of carol's: 1 waits and edits update 1, 2 is a new article.
TABLE = [
    # Readers' pages: the same for everybody, and nothing of a draft
    row("GET /", ANYBODY),
    row("GET /articles/<slug>", ANYBODY, "harbour"),
    row("GET /articles/<slug>", ANYBODY, "ended"),
    row("GET /articles/<slug>", NOBODY, "sketch", refused=404),
    row("GET /articles/<slug>", NOBODY, "later", refused=404),
    row("GET /authors/<slug>", ANYBODY, "bob-brown"),
    row("GET /authors/<slug>", NOBODY, "carol", refused=404),
    *(
        each
        for form in ("", ".atom", ".rss", ".json", "/changes", "/older")
        for asked in ("?after=1&epoch=EPOCH" if form == "/changes" else "",)
        for each in (
            row(f"GET /feeds/<slug>{form}", ANYBODY, "news", asked=asked),
            row(f"GET /feeds/<slug>{form}", ANYBODY, "harbour", asked=asked),
            row(f"GET /feeds/<slug>{form}", NOBODY, "sketch", refused=404, asked=asked),
            row(f"GET /feeds/<slug>{form}", NOBODY, "later", refused=404, asked=asked),
        )
    ),
    row("GET /embed/feeds/<slug>", ANYBODY, "harbour"),
    row("GET /embed/feeds/<slug>", NOBODY, "sketch", refused=404),
    row("GET /oembed", ANYBODY, asked="?url=http://127.0.0.1:8000/feeds/harbour"),
    row("GET /oembed", NOBODY, refused=404, asked="?url=http://127.0.0.1:8000/feeds/sketch"),
    row("GET /updates/<int:update_id>", ANYBODY, "1"),
    row("GET /updates/<int:update_id>", NOBODY, "2", refused=404),
    row("GET /updates/<int:update_id>", NOBODY, "3", refused=410),
    row("GET /updates/<int:update_id>", NOBODY, "4", refused=404),
    row("GET /updates/<int:update_id>", NOBODY, "5", refused=404),
    row("GET /updates/<int:update_id>/history", ANYBODY, "1"),
    row("GET /updates/<int:update_id>/history", NOBODY, "2", refused=404),
    row("GET /updates/<int:update_id>/history", NOBODY, "3", refused=410),
    row("GET /updates/<int:update_id>/history", NOBODY, "4", refused=404),
    row("GET /pictures/<picture_id>", ANYBODY, "PICTURE"),
    row("GET /pictures/<picture_id>", NOBODY, UPLOAD, refused=404),
    *(
        row(f"GET /{each}", ANYBODY)
        for each in (
            "apple-touch-icon.png", "embed.js", "favicon.ico", "healthz", "metrics", "news-sitemap.xml", "readyz",
            "robots.txt", "sitemap.xml",
        )
    ),
    row("GET /static/<digest>/<path:name>", ANYBODY, "STATIC css/page.css"),

    # The API
    row("POST /api/v1/articles", API_PUBLISHES, sent={"headline": "x"}),
    row("POST /api/v1/articles", WRITES_DRAFTS, sent={"headline": "x", "draft": True}),
    row("GET /api/v1/articles/<slug>", ANYBODY, "harbour"),
    row("GET /api/v1/articles/<slug>", READS, "sketch"),
    row("GET /api/v1/articles/<slug>", READS, "later"),
    row("PATCH /api/v1/articles/<slug>", API_EDITS, "harbour", {"headline": "x"}),
    row("PATCH /api/v1/articles/<slug>", ADMIN | {Scope.EDIT}, "harbour", {"headline": "x", "minor": True}),
    row("PATCH /api/v1/articles/<slug>", SIGNED_IN | {Scope.EDIT}, "sketch", {"headline": "x"}),
    row("PATCH /api/v1/articles/<slug>", PUBLISHES, "sketch", {"draft": False}),
    row("PATCH /api/v1/articles/<slug>", API_EDITS, "later", {"headline": "x"}),
    row("PATCH /api/v1/articles/<slug>", PUBLISHES, "harbour", {"draft": True}),
    row("POST /api/v1/feeds/<slug>/updates", API_PUBLISHES, "harbour", {"body": "x"}),
    row("POST /api/v1/feeds/<slug>/updates", API_PUBLISHES, "news", {"body": "x"}),
    row("POST /api/v1/feeds/<slug>/updates", WRITES_DRAFTS, "sketch", {"body": "x"}),
    row("POST /api/v1/feeds/<slug>/updates", API_PUBLISHES, "later", {"body": "x"}),
    row("GET /api/v1/feeds/<slug>/updates", ANYBODY, "harbour"),
    row("GET /api/v1/feeds/<slug>/updates", NOBODY, "sketch", refused=404),
    row("GET /api/v1/feeds/<slug>/points", ANYBODY, "harbour"),
    row("GET /api/v1/feeds/<slug>/points", READS, "sketch"),
    row("GET /api/v1/feeds/<slug>/points", READS, "later"),
    row("GET /api/v1/feeds/<slug>/points/<int:point_id>", ANYBODY, "harbour 1"),
    row("GET /api/v1/feeds/<slug>/points/<int:point_id>", NOBODY, "harbour 2", refused=404),
    row("GET /api/v1/feeds/<slug>/points/<int:point_id>", READS, "sketch 2"),
    row("POST /api/v1/feeds/<slug>/points", API_EDITS, "harbour", {"text": "x", "updates": [1]}),
    row("POST /api/v1/feeds/<slug>/points", SIGNED_IN | {Scope.EDIT}, "sketch", {"text": "x", "updates": [2]}),
    row("POST /api/v1/feeds/<slug>/points", API_EDITS, "later", {"text": "x", "updates": [5]}),
    row("PATCH /api/v1/feeds/<slug>/points/<int:point_id>", API_EDITS, "harbour 1", {"text": "x", "revision": 1}),
    row("PATCH /api/v1/feeds/<slug>/points/<int:point_id>", API_EDITS, "later 3", {"text": "Known", "revision": 1}),
    row("PATCH /api/v1/feeds/<slug>/points/<int:point_id>", SIGNED_IN | {Scope.EDIT}, "sketch 2",
        {"text": "x", "revision": 1}),
    row("DELETE /api/v1/feeds/<slug>/points/<int:point_id>", API_EDITS, "harbour 1", {"revision": 1}),
    row("DELETE /api/v1/feeds/<slug>/points/<int:point_id>", SIGNED_IN | {Scope.EDIT}, "sketch 2", {"revision": 1}),
    row("POST /api/v1/feeds/<slug>/points/<int:point_id>/confirmation", API_EDITS, "harbour 1", {"checking": 0},
        done=409),
    row("POST /api/v1/feeds/<slug>/points/<int:point_id>/confirmation", API_EDITS, "later 3", {"checking": 0}),
    row("POST /api/v1/feeds/<slug>/points/<int:point_id>/confirmation", SIGNED_IN | {Scope.EDIT}, "sketch 2",
        {"checking": 0}),
    row("POST /api/v1/feeds/<slug>/points/<int:point_id>/place", API_EDITS, "harbour 1", {"place": 2}),
    row("POST /api/v1/feeds/<slug>/points/<int:point_id>/place", SIGNED_IN | {Scope.EDIT}, "sketch 2", {"place": 1}),
    row("POST /api/v1/pictures", WRITES_DRAFTS, sent={"file": "", "alt": "x"}),
    row("GET /api/v1/updates/<int:update_id>", ANYBODY, "1"),
    row("GET /api/v1/updates/<int:update_id>", READS, "2"),
    row("GET /api/v1/updates/<int:update_id>", NOBODY, "3", refused=410),
    row("GET /api/v1/updates/<int:update_id>", READS, "5"),
    row("PATCH /api/v1/updates/<int:update_id>", API_EDITS, "1", {"body": "x", "revision": 1}),
    row("PATCH /api/v1/updates/<int:update_id>", API_EDITS, "1", {"key": True, "revision": 1}),
    row("PATCH /api/v1/updates/<int:update_id>", ADMIN | {Scope.EDIT}, "1",
        {"body": "x", "minor": True, "revision": 1}),
    row("PATCH /api/v1/updates/<int:update_id>", SIGNED_IN | {Scope.EDIT}, "2", {"body": "x", "revision": 1}),
    row("PATCH /api/v1/updates/<int:update_id>", API_EDITS, "5", {"body": "x", "revision": 1}),
    row("DELETE /api/v1/updates/<int:update_id>", API_RETRACTS, "1"),
    row("DELETE /api/v1/updates/<int:update_id>", SIGNED_IN | {Scope.RETRACT}, "2"),
    row("DELETE /api/v1/updates/<int:update_id>", API_RETRACTS, "5"),

    # Signing in and what needs nobody: browsers ask for some of it without a cookie
    row("GET /desk/sign-in", ANYBODY),
    row("POST /desk/sign-in", ANYBODY, sent={"name": "bob", "password": PASSWORD}),
    row("GET /desk/sign-in/second-step", NOBODY),
    row("POST /desk/sign-in/second-step", NOBODY, sent={"code": "123456"}),
    row("POST /desk/sign-in/passkey/question", ANYBODY),
    row("POST /desk/sign-in/passkey", NOBODY, sent={"credential": "{}"}),
    row("POST /desk/sign-out", ANYBODY),
    row("GET /desk/first/<token>", NOBODY, "wrong", refused=404),
    row("POST /desk/first/<token>", NOBODY, "wrong", {"name": "eve", "password": "another horse"}, refused=404),
    row("GET /desk/invitations/<token>", ANYBODY, "LINK"),
    row("POST /desk/invitations/<token>", ANYBODY, "LINK", {"display_name": "Eve", "password": PASSWORD}),
    row("POST /desk/invitations/<token>", NOBODY, "wrong", {"password": "another horse battery"}, refused=404),
    row("GET /desk/manifest.webmanifest", ANYBODY),
    row("GET /desk/offline", ANYBODY),
    row("GET /desk/worker.js", ANYBODY),

    # Each one's own account
    row("GET /desk/account", SIGNED_IN),
    row("GET /desk/account/confirm", SIGNED_IN),
    row("POST /desk/account/confirm", SIGNED_IN, sent={"current": PASSWORD}),
    row("POST /desk/account/other-sessions/end", SIGNED_IN),
    row("POST /desk/sessions/<session_hash>/end", SIGNED_IN, "x" * 64),
    row("POST /desk/password", SIGNED_IN, sent={"current": PASSWORD, "password": "another horse battery"}),
    row("GET /desk/profile", SIGNED_IN),
    row("POST /desk/profile", SIGNED_IN, sent={"display_name": "X"}),
    row("POST /desk/account/app", SIGNED_IN),
    row("GET /desk/account/app", SIGNED_IN, done=404),
    row("GET /desk/account/app/qr.svg", SIGNED_IN, done=404),
    row("POST /desk/account/app/confirmation", SIGNED_IN, sent={"code": "123456"}, done=404),
    row("POST /desk/account/app/removal", SIGNED_IN),
    row("POST /desk/account/passkeys/question", SIGNED_IN),
    row("POST /desk/account/passkeys", SIGNED_IN, sent={"credential": "{}"}, done=404),
    row("POST /desk/account/passkeys/<passkey_id>/removal", SIGNED_IN, "k"),
    row("POST /desk/account/recovery-codes", SIGNED_IN),

    # What each one types is theirs alone; carol's drafts and upload here
    row("GET /desk/drafts", SIGNED_IN),
    row("GET /desk/drafts/<draft_id>", CAROL, TYPED, refused=404),
    row("PUT /desk/drafts/<draft_id>", CAROL, TYPED, {"feed": "news", "seq": 2, "body": "x"}, refused=404),
    row("DELETE /desk/drafts/<draft_id>", CAROL, TYPED, refused=404),
    row("POST /desk/discarded/<draft_id>", CAROL, TYPED, refused=404),
    row("POST /desk/kept/<draft_id>", CAROL, DROPPED, refused=404),
    row("POST /desk/feeds/<slug>/discarded", SIGNED_IN, "harbour", {"draft_id": NEW, "body": "x"}),
    row("POST /desk/updates/<int:update_id>/discarded", SIGNED_IN, "1", {"draft_id": NEW, "body": "x"}),
    row("POST /desk/new-article/discarded", SIGNED_IN, sent={"draft_id": NEW, "headline": "x"}),
    row("POST /desk/articles/<slug>/discarded", SIGNED_IN, "harbour", {"draft_id": NEW, "headline": "x"}),
    row("POST /desk/preview", SIGNED_IN, sent={"feed": "harbour", "body": "x"}),
    row("POST /desk/preview", PUBLISHES, sent={"feed": "harbour", "body": "x", "submission": 1}),
    row("POST /desk/paste", SIGNED_IN, sent={"text": "x"}),
    row("GET /desk/uploads", SIGNED_IN, asked=f"?id={UPLOAD}"),
    row("PUT /desk/uploads/<picture_id>", SIGNED_IN, "00000000000000bb", a_png()),
    row("PUT /desk/uploads/<picture_id>", CAROL, UPLOAD, a_png(), refused=422),
    row("PUT /desk/uploads/<picture_id>/words", CAROL, UPLOAD, {"alt": "x"}, refused=404),
    row("GET /desk/uploads/<picture_id>/file", CAROL, UPLOAD, refused=404),

    # Reading at the desk: drafts too, for all who write here
    row("GET /desk/", SIGNED_IN),
    row("GET /desk/search", SIGNED_IN, asked="?q=draft"),
    row("GET /desk/feeds/<slug>", SIGNED_IN, "harbour"),
    row("GET /desk/feeds/<slug>", SIGNED_IN, "sketch"),
    row("GET /desk/feeds/<slug>/reading", SIGNED_IN, "harbour"),
    row("GET /desk/feeds/<slug>/receipts/<int:version>", SIGNED_IN, "harbour 1"),
    row("GET /desk/feeds/<slug>/scheduled", SIGNED_IN, "harbour"),
    row("GET /desk/on/articles/<slug>", SIGNED_IN, "harbour"),
    row("GET /desk/on/articles/<slug>", NOBODY, "sketch", refused=404),
    row("GET /desk/on/updates/<int:update_id>", SIGNED_IN, "1"),
    row("GET /desk/on/updates/<int:update_id>", NOBODY, "2", refused=404),
    row("GET /desk/articles/<slug>", SIGNED_IN, "harbour"),
    row("GET /desk/articles/<slug>", SIGNED_IN, "sketch"),
    row("GET /desk/articles/<slug>/preview", SIGNED_IN, "sketch"),
    row("POST /desk/articles/<slug>/changed", SIGNED_IN, "harbour", {"revision": 1}),
    row("GET /desk/new-article", SIGNED_IN, asked="?like=sketch"),
    row("GET /desk/updates/<int:update_id>", SIGNED_IN, "1"),
    row("POST /desk/updates/<int:update_id>/changed", SIGNED_IN, "1", {"revision": 1}),
    row("GET /desk/updates/<int:update_id>/retraction", SIGNED_IN, "1"),
    row("GET /desk/feeds/<slug>/coverage", SIGNED_IN, "harbour"),
    row("GET /desk/feeds/<slug>/new-point", SIGNED_IN, "harbour"),
    row("GET /desk/feeds/<slug>/points/<int:point_id>", SIGNED_IN, "harbour 1"),
    row("GET /desk/pictures", SIGNED_IN),
    row("GET /desk/pictures/<picture_id>", SIGNED_IN, "PICTURE"),
    row("GET /desk/pictures/<picture_id>", CAROL, UPLOAD, refused=404),
    row("POST /desk/pictures", SIGNED_IN, sent={"file": "", "alt": "x"}),
    row("POST /desk/pictures/<picture_id>", PUBLISHES, "PICTURE", {"alt": "y"}),
    row("POST /desk/pictures/<picture_id>", CAROL, UPLOAD, {"alt": "y"}, refused=404),

    # Writing: of what is public, and of what comes out by itself, editors alone
    row("POST /desk/feeds/<slug>/updates", PUBLISHES, "harbour", {"body": "x"}),
    row("POST /desk/feeds/<slug>/updates", SIGNED_IN, "sketch", {"body": "x"}),
    row("POST /desk/feeds/<slug>/updates", PUBLISHES, "later", {"body": "x"}),
    row("POST /desk/feeds/<slug>/updates", PUBLISHES, "news", {"body": "x"}),
    row("POST /desk/updates/<int:update_id>", PUBLISHES, "1", {"body": "x", "revision": 1}),
    row("POST /desk/updates/<int:update_id>", ADMIN, "1", {"body": "x", "revision": 1, "minor": "1"}),
    row("POST /desk/updates/<int:update_id>", SIGNED_IN, "2", {"body": "x", "revision": 1}),
    row("POST /desk/updates/<int:update_id>", PUBLISHES, "5", {"body": "x", "revision": 1}),
    row("POST /desk/updates/<int:update_id>", PUBLISHES, "6", {"body": "x", "revision": 1}),
    row("POST /desk/updates/<int:update_id>", PUBLISHES, "3", {"body": "x", "revision": 1, "choice": "restore"}),
    row("POST /desk/updates/<int:update_id>", PUBLISHES, "3", {"body": "x", "revision": 1, "choice": "new"}),
    row("POST /desk/updates/<int:update_id>/marks", PUBLISHES, "1", {"key": "1"}),
    row("POST /desk/updates/<int:update_id>/marks", SIGNED_IN, "2", {"key": "1"}),
    row("POST /desk/updates/<int:update_id>/marks", PUBLISHES, "5", {"pinned": "1"}),
    row("POST /desk/updates/<int:update_id>/retraction", PUBLISHES, "1", {"reason": "x"}),
    row("POST /desk/updates/<int:update_id>/retraction", SIGNED_IN, "2", {"reason": "x"}),
    row("POST /desk/updates/<int:update_id>/retraction", PUBLISHES, "5", {"reason": "x"}),
    row("POST /desk/updates/<int:update_id>/restoration", PUBLISHES, "3"),
    row("POST /desk/updates/<int:update_id>/restoration", SIGNED_IN, "4"),
    row("POST /desk/updates/<int:update_id>/undo", BOB, "7", {"draft": NEW}, refused=409),
    row("POST /desk/updates/<int:update_id>/undo", CAROL, "8", {"draft": NEW}, refused=409),
    row("GET /desk/updates/<int:update_id>/erasure", ADMIN, "1"),
    row("POST /desk/updates/<int:update_id>/erasure", ADMIN, "3", {"reason": "x"}),
    row("POST /desk/updates/<int:update_id>/erasure", ADMIN, "4", {"reason": "x"}),
    row("POST /desk/feeds/<slug>/coverage", PUBLISHES, "harbour", {"open": "0"}),
    row("POST /desk/feeds/<slug>/coverage", SIGNED_IN, "sketch", {"open": "0"}),
    row("POST /desk/feeds/<slug>/coverage", PUBLISHES, "ended", {"open": "1"}),
    row("POST /desk/feeds/<slug>/coverage", PUBLISHES, "later", {"open": "0"}),
    row("POST /desk/feeds/<slug>/coverage", ADMIN, "news", {"open": "0"}),
    row("POST /desk/feeds/<slug>/exports", PUBLISHES, "harbour", {"format": "json"}),
    row("POST /desk/feeds/<slug>/points", PUBLISHES, "harbour", {"text": "x", "updates": "1"}),
    row("POST /desk/feeds/<slug>/points", SIGNED_IN, "sketch", {"text": "x", "updates": "2"}),
    row("POST /desk/feeds/<slug>/points/<int:point_id>", PUBLISHES, "harbour 1",
        {"text": "x", "updates": "1", "revision": 1}),
    row("POST /desk/feeds/<slug>/points/<int:point_id>", SIGNED_IN, "sketch 2",
        {"text": "x", "updates": "2", "revision": 1}),
    row("POST /desk/feeds/<slug>/points/<int:point_id>/confirmation", PUBLISHES, "harbour 1", {"checking": "CHECKING"}),
    row("POST /desk/feeds/<slug>/points/<int:point_id>/place", PUBLISHES, "harbour 1"),
    row("POST /desk/feeds/<slug>/points/<int:point_id>/place", SIGNED_IN, "sketch 2"),
    row("POST /desk/feeds/<slug>/points/<int:point_id>/removal", PUBLISHES, "harbour 1", {"revision": 1}),
    row("POST /desk/feeds/<slug>/points/<int:point_id>/removal", SIGNED_IN, "sketch 2", {"revision": 1}),
    row("POST /desk/articles", PUBLISHES, sent={"headline": "x"}),
    row("POST /desk/articles", SIGNED_IN, sent={"headline": "x", "draft": "1"}),
    row("POST /desk/articles/<slug>", PUBLISHES, "harbour", {"headline": "x", "revision": 1, "live": "1"}),
    row("POST /desk/articles/<slug>", ADMIN, "harbour", {"headline": "x", "revision": 1, "live": "1", "minor": "1"}),
    row("POST /desk/articles/<slug>", SIGNED_IN, "sketch", {"headline": "x", "revision": 1, "live": "1", "draft": "1"}),
    row("POST /desk/articles/<slug>", PUBLISHES, "sketch", {"headline": "x", "revision": 1, "live": "1"}),
    row("POST /desk/articles/<slug>", PUBLISHES, "sketch",
        {"headline": "x", "revision": 1, "live": "1", "draft": "1", "publish_read": "", **NEXT_YEAR}),
    row("POST /desk/articles/<slug>", PUBLISHES, "later", {"headline": "x", "revision": 1, "live": "1", "draft": "1"}),

    # What is scheduled, by those alone who may schedule there
    row("POST /desk/feeds/<slug>/schedule", SIGNED_IN, "harbour", {"body": "x"}),
    row("POST /desk/feeds/<slug>/scheduled", PUBLISHES, "harbour", {"body": "x", **NEXT_YEAR}),
    row("POST /desk/feeds/<slug>/scheduled", SIGNED_IN, "sketch", {"body": "x", **NEXT_YEAR}),
    row("POST /desk/feeds/<slug>/unscheduled", SIGNED_IN, "harbour", {"draft_id": NEW, "body": "x"}),
    row("GET /desk/scheduled/<scheduled_id>", PUBLISHES, PLANNED),
    row("GET /desk/scheduled/<scheduled_id>", SIGNED_IN, DRAWN),
    row("POST /desk/scheduled/<scheduled_id>", PUBLISHES, PLANNED, {"body": "x", "revision": 1, **NEXT_YEAR}),
    row("POST /desk/scheduled/<scheduled_id>", PUBLISHES, PLANNED, {"body": "x", "revision": 9, **NEXT_YEAR}, done=409),
    row("POST /desk/scheduled/<scheduled_id>", PUBLISHES, PLANNED, {"body": "", "revision": 1, **NEXT_YEAR}, done=422),
    row("POST /desk/scheduled/<scheduled_id>", SIGNED_IN, DRAWN, {"body": "x", "revision": 1, **NEXT_YEAR}),
    row("POST /desk/scheduled/<scheduled_id>/publication", PUBLISHES, PLANNED, {"revision": 1}),
    row("POST /desk/scheduled/<scheduled_id>/publication", PUBLISHES, PLANNED, {"revision": 9}, done=409),
    row("POST /desk/scheduled/<scheduled_id>/publication", SIGNED_IN, DRAWN, {"revision": 1}),
    row("POST /desk/scheduled/<scheduled_id>/cancellation", PUBLISHES, PLANNED, {"revision": 1}),
    row("POST /desk/scheduled/<scheduled_id>/cancellation", PUBLISHES, PLANNED, {"revision": 9}, done=409),
    row("POST /desk/scheduled/<scheduled_id>/cancellation", SIGNED_IN, DRAWN, {"revision": 1}),

    # What is submitted: by anybody, of their own; read and decided on by those who publish
    row("POST /desk/feeds/<slug>/submissions", SIGNED_IN, "harbour", {"draft_id": NEW, "body": "x"}),
    row("POST /desk/updates/<int:update_id>/submissions", SIGNED_IN, "1",
        {"draft_id": NEW, "body": "x", "revision": 1}),
    row("POST /desk/new-article/submissions", SIGNED_IN, sent={"draft_id": NEW, "headline": "x"}),
    row("POST /desk/articles/<slug>/submissions", SIGNED_IN, "harbour",
        {"draft_id": NEW, "headline": "x", "revision": 1, "live": "1"}),
    row("GET /desk/submissions/<draft_id>", SIGNED_IN, TYPED),
    row("POST /desk/submissions/<int:submission_id>/taken-back", CAROL, "1", refused=404),
    row("GET /desk/review", PUBLISHES),
    row("GET /desk/review/<int:submission_id>", PUBLISHES, "1"),
    row("GET /desk/review/<int:submission_id>/page", PUBLISHES, "2"),
    row("GET /desk/review/<int:submission_id>/state", PUBLISHES, "1", asked="?revision=1"),
    row("POST /desk/review/<int:submission_id>/publication", PUBLISHES, "1",
        {"body": "x", "revision": 1, "against": 1}),
    row("POST /desk/review/<int:submission_id>/scheduled", PUBLISHES, "2",
        {"headline": "x", "revision": 1, **NEXT_YEAR}),
    row("POST /desk/review/<int:submission_id>/return", PUBLISHES, "1", {"revision": 1, "note": "x"}),

    # Who writes here, and the log
    row("GET /desk/tokens", ADMIN),
    row("POST /desk/tokens", ADMIN, sent={"whose": "bob", "name": "x", "days": "7", "scopes": "read", "reach": "all"}),
    row("POST /desk/tokens/<int:token_id>/end", ADMIN, "1"),
    row("GET /desk/people", ADMIN),
    row("POST /desk/people/invitations", ADMIN, sent={"name": "fay", "role": "editor", "days": "7"}),
    row("POST /desk/people/invitations/<digest>/end", ADMIN, "DIGEST"),
    row("POST /desk/people/<name>/invitations", ADMIN, "bob"),
    row("POST /desk/people/<name>/role", ADMIN, "carol", {"role": "editor"}),
    row("POST /desk/people/<name>/disabled", ADMIN, "carol", {"disabled": "1"}),
    row("POST /desk/people/<name>/disabled", ADMIN, "dan", {"disabled": "0"}),
    row("POST /desk/people/<name>/second-factor/removal", ADMIN, "bob"),
    row("GET /desk/log", ADMIN),
    row("GET /desk/log.csv", ADMIN),
]  # fmt: skip

# What may be said at the socket; nobody is answered with more than an error who may not.
EVENTS: list[tuple[str, Who, Any]] = [
    ("connect", ANYBODY, None),
    ("follow", ANYBODY, {"feed": "harbour"}),
    ("follow", NOBODY, {"feed": "sketch"}),
    ("follow", NOBODY, {"feed": "later"}),
    ("unfollow", ANYBODY, {"feed": "harbour"}),
    ("present", PUBLISHES, {"feed": "harbour", "updates": [1]}),
    ("review", SIGNED_IN, {}),
    ("disconnect", ANYBODY, None),
]

# What each command is recorded as: done by whoever has a shell on the machine, who may do everything. None is for what
# only reads, or for what is no deed of anybody's: the database before there are people, the sample story.
COMMANDS: dict[str, Verb | None] = {
    "coverage export": Verb.EXPORT,
    "coverage import": Verb.IMPORT,
    "db adopt": Verb.ADOPT,
    "db backup": None,
    "db check": None,
    "db repair": Verb.REPAIR,
    "db rerender": Verb.RERENDER,
    "db restore": Verb.RESTORE,
    "db upgrade": None,
    "db vacuum": None,
    "demo load": None,
    "demo replay": None,
    "editor add": Verb.ADD_PERSON,
    "editor disable": Verb.DISABLE,
    "editor enable": Verb.ENABLE,
    "editor invite": Verb.INVITE,
    "editor list": None,
    "editor password": Verb.SET_PASSWORD,
    "editor reset-second-factor": Verb.RESET_SECOND_FACTOR,
    "editor role": Verb.CHANGE_ROLE,
    "log export": None,
    "schedule list": None,
    "start": None,
    "token add": Verb.ADD_TOKEN,
    "token list": None,
    "token revoke": Verb.REVOKE_TOKEN,
    "update erase": Verb.ERASE,
}
# Those of them that can be run here in a moment, in this order, and what is typed then.
RUN = {
    "coverage export": "harbour FOLDER/export.zip",
    "db adopt": "",
    "db repair": "",
    "db rerender": "",
    "editor add": "gus",
    "editor disable": "gus",
    "editor enable": "gus",
    "editor invite": "hal",
    "editor password": "gus",
    "editor role": "gus admin",
    "token add": "gus",
    "token revoke": "gus",
    "update erase": "3 --reason x",
}


class Matrix:
    """Asks on one site, which is put back after each request that has changed it."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._client = site.app.test_client(use_cookies=False)
        cast = _people(site)
        self._headers, self._values = _headers(site, cast), _prepare(site, cast)
        self._headers["other feed"] = _for_one_feed(site, "ended")
        self._db = sqlite3.connect(site.services.settings.database)
        self._prepared = sqlite3.connect(":memory:")
        self._db.backup(self._prepared)
        self._columns = self._columns_compared()
        self._rows = self._all()
        self._commits = self._commits_now()

    def close(self) -> None:
        """Closes its connections."""
        self._db.close()
        self._prepared.close()

    def wrong(self, row: Row, who: str, app: Flask | None = None) -> str | None:
        """What is not as the row says when that one asks, also of another application on the same database."""
        answer, got, changed = self.ask(row, who, app)
        if who in row.who:
            good = answer.status_code == row.done if row.done else _is_done(answer)
            return None if good else f"{row}: {who} may, and got {got}"
        said = _refusal(row, known=who not in STRANGERS)
        if not (got == said or got.startswith(f"{said}?")):
            return f"{row}: {who} may not, and got {got} for {said}"
        return f"{row}: {who} was refused, and changed {changed}" if changed else None

    def ask(self, row: Row, who: str, app: Flask | None = None) -> tuple[TestResponse, str, list[str]]:
        """The answer to that one; its status and where it leads; and what it has changed, which is put back."""
        client = app.test_client(use_cookies=False) if app else self._client
        headers = {**FROM_HERE, **self._headers[who]}
        answer = client.open(
            self._with_values(row.path), method=row.method, headers=headers, buffered=True, **self._body(row)
        )
        return answer, f"{answer.status_code} {answer.location or ''}".strip(), self.put_back()

    def cookie(self, who: str) -> str:
        """What that one's browser sends."""
        return self._headers[who].get("Cookie", "")

    def _body(self, row: Row) -> dict[str, Any]:
        if isinstance(row.sent, dict) and "file" in row.sent:
            return {"data": {**row.sent, "file": (io.BytesIO(a_png()), "x.png")}}
        if row.sent is None or isinstance(row.sent, bytes):
            return {"data": row.sent}
        if row.path.startswith(("/api/", *FOR_SCRIPT)):
            return {"json": row.sent}
        return {"data": {name: self._with_values(str(value)) for name, value in row.sent.items()}}

    def _with_values(self, text: str) -> str:
        for name, value in self._values.items():
            text = text.replace(name, value)
        return text

    def put_back(self) -> list[str]:
        """Puts the site back as it was, and names the tables that had changed. Most requests commit nothing, and take
        no time here."""
        if self._commits_now() == self._commits:
            return []
        now = self._all()
        changed = [table for table in now if now[table] != self._rows[table]]
        if changed:
            self._prepared.backup(self._db)
        self._commits = self._commits_now()
        return changed

    def _commits_now(self) -> int:
        return int(self._db.execute("PRAGMA data_version").fetchone()[0])

    def _all(self) -> dict[str, list[Any]]:
        read = {table: self._db.execute(f"SELECT {columns} FROM {table}") for table, columns in self._columns.items()}
        return {table: rows.fetchall() for table, rows in read.items()}

    def _columns_compared(self) -> dict[str, str]:
        """All columns of all tables, but for when a session or a token was used."""
        tables = [name for (name,) in self._db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        columns = {each: [row[1] for row in self._db.execute(f"PRAGMA table_info({each})")] for each in tables}
        return {
            table: ", ".join(f'"{each}"' for each in names if each != "used_at") for table, names in columns.items()
        }


def _is_done(answer: TestResponse) -> bool:
    return answer.status_code < 400 and not (answer.location or "").startswith("/desk/sign-in?")


def _askers(row: Row) -> list[str]:
    """Everybody who is to be refused, and of those who are let in the least, and each token with a scope: a role may
    what those before it may (see test_roles.py)."""
    everybody = PROGRAMS if row.path.startswith("/api/") else BROWSERS
    let_in = [who for who in everybody if who in row.who]
    return [who for who in everybody if who not in row.who or who == let_in[0] or who in list(Scope)]


def _refusal(row: Row, *, known: bool) -> str:
    """How somebody is refused who may not (`known`), or who is nobody to the desk and the API."""
    path = row.path
    if known or not path.startswith(("/api/", "/desk/")) or path.startswith(OF_STRANGERS):
        return str(row.refused)
    if path.startswith("/api/"):
        return "401" if row.method != "GET" else "404" if row.refused == 403 else str(row.refused)
    return "401" if path.startswith(FOR_SCRIPT) else "303 /desk/sign-in"


def _people(site: Site) -> dict[str, Editor]:
    """Carol and dan, who was disabled, beside the cast."""
    store = site.services.store
    for name in ("carol", "dan"):
        editors.add(store, name, PASSWORD, "contributor", actor=None)
    people.disable(store, "dan", None)
    with store.read() as db:
        return {name: editors.by_name(db, name) for name in ("carol", "bob", "alice")}


def _headers(site: Site, cast: Mapping[str, Editor]) -> dict[str, dict[str, str]]:
    """With which each one asks: at the desk with a session, at the API with a token."""
    store, key = site.services.store, site.services.settings.secret_key
    made: dict[str, dict[str, str]] = {"signed out": {}, "no token": {}}
    for name, editor in cast.items():
        begun = signing_in.by_link(store, key, editor, sessions.Visit("127.0.0.1", ""))
        assert isinstance(begun, signing_in.Begun)
        token = tokens.add(store, name, "all", actor=None)
        made[name] = {"Cookie": f"{sessions.COOKIE}={begun.token}", "Authorization": f"Bearer {token}"}
    for scope in Scope:
        made[scope] = {"Authorization": f"Bearer {tokens.add(store, 'alice', scope, actor=None, scopes=[scope])}"}
    store.write(lambda db: db.execute("UPDATE tokens SET used_at = ?", [times.now()]))  # is not noted again in a minute
    made["a token"] = {"Authorization": made["alice"]["Authorization"]}
    made["a session"] = {"Cookie": made["alice"]["Cookie"]}
    return made


def _for_one_feed(site: Site, slug: str) -> dict[str, str]:
    token = tokens.add(site.services.store, "alice", slug, actor=None, slugs=[slug])
    site.services.store.write(lambda db: db.execute("UPDATE tokens SET used_at = ?", [times.now()]))
    return {"Authorization": f"Bearer {token}"}


def _prepare(site: Site, cast: Mapping[str, Editor]) -> dict[str, str]:
    """Puts there what the table names. Returns what its words in capitals stand for, which nobody knows before."""
    store, carol, bob = site.services.store, cast["carol"], cast["bob"]
    for slug in ("harbour", "sketch", "later", "ended"):
        site.write_article(slug, live=True, draft=slug in ("sketch", "later"))
    made = [site.publish("Number", feed=slug) for slug in ("harbour", "sketch", "harbour", "sketch", "later", "ended")]
    harbour = pointing.add(store, "harbour", {"text": "Known", "updates": [1, 3]}, None)
    pointing.add(store, "sketch", {"text": "Known", "updates": [2]}, None)
    pointing.add(store, "later", {"text": "Known", "updates": [5]}, None)
    for wrong in made[2:4]:
        site.retract(wrong)
    coverage.close(store, "ended", None)
    publishing.publish(store, "harbour", bob, {"body": "Just now"})
    publishing.publish(store, "sketch", carol, {"body": "Just now"})
    soon = times.after(24 * 3600)
    scheduling.schedule(store, "harbour", bob, {"body": "Planned"}, soon, PLANNED)
    scheduling.schedule(store, "sketch", bob, {"body": "Drawn"}, soon, DRAWN)
    writing.edit(store, "later", bob, {}, timing=Timing(None, soon))
    submit(site, carol, "harbour", "Better", update=1, revision=1)
    of_article = {"article": None, "revision": None, "headline": "Mine"}
    submitting.submit_article(store, new_id(), carol, of_article, {"headline": "Mine"})
    for draft_id in (TYPED, DROPPED):
        all_drafts.save(store, draft_id, carol, {"feed": "news", "body": "Typed", "seq": 1})
    all_drafts.discard(store, DROPPED, carol)
    waiting.keep(store, site.services.settings.media, a_png(), "x.png", carol, UPLOAD)
    waiting.set_words(store, UPLOAD, {"alt": "x"}, carol)
    picture = pictures.add(store, site.services.settings.media, a_png(), {"alt": "x"}, bob)
    link = invitations.invite(store, "eve", "editor", "Eve", 7, None)
    with store.read() as db:
        (open_link,) = invitations.open_links(db)
        checking = points.of_feed(db, feeds.get(db, "harbour"))[0].checking
        assert harbour.id == 1
        epoch = feeds.get(db, "harbour").epoch
    with site.app.app_context():
        digest = static_hash()
    return {
        "PICTURE": picture.id,
        "LINK": link,
        "DIGEST": open_link.hash,
        "CHECKING": str(checking),
        "EPOCH": epoch,
        "STATIC": digest,
    }


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A site on which nobody is too late to undo."""
    with site_in(tmp_path_factory.mktemp("matrix"), FEED_UNDO_SECONDS="9999") as made:
        yield made


@pytest.fixture(scope="module")
def matrix(site: Site) -> Iterator[Matrix]:
    made = Matrix(site)
    yield made
    made.close()


def _routes(site: Site) -> set[str]:
    """Every route with each of its methods. Flask answers HEAD by the view of GET, and OPTIONS by itself."""
    rules = site.app.url_map.iter_rules()
    return {f"{method} {rule.rule}" for rule in rules for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}}


def test_every_route_is_in_the_table_and_every_row_has_a_route(site: Site) -> None:
    routes, rows = _routes(site), {row.rule for row in TABLE}
    assert routes - rows == set(), "say in TABLE who may use these"
    assert rows - routes == set(), "these are no routes any more"


def test_each_route_lets_in_whom_the_table_names_and_nobody_else(matrix: Matrix) -> None:
    wrong = [said for row in TABLE for who in _askers(row) if (said := matrix.wrong(row, who))]
    assert not wrong, "\n" + "\n".join(wrong)


def test_each_event_of_the_socket_is_for_whom_the_table_names(site: Site, matrix: Matrix) -> None:
    server = site.services.channel.socketio.server
    assert set(server.handlers["/"]) == {event for event, _, _ in EVENTS}, "say in EVENTS who may send these"
    wrong = []
    for who in BROWSERS:
        said, sid = server.handlers["/"], server.manager.connect(f"socket of {who}", "/")
        said["connect"](sid, {"HTTP_COOKIE": matrix.cookie(who)})
        for event, may, payload in EVENTS:
            if payload is not None:
                answer = said[event](sid, payload)
                refused = "error" in (json.loads(answer) if isinstance(answer, str) else answer)
                wrong += [f"{event} {payload}: {who} got {answer}"] if refused == (who in may) else []
        said["disconnect"](sid)
    assert not wrong, "\n".join(wrong)


def test_a_token_for_another_feed_does_nothing_and_is_shown_no_draft(matrix: Matrix) -> None:
    open_paths = ("articles/harbour", "feeds/harbour/updates", "updates/1", "feeds/harbour/points",
                  "feeds/harbour/points/1")  # fmt: skip
    public = {f"GET {path}" for path in open_paths}
    public |= {"POST pictures"}  # which no feed has
    also = [
        row("PATCH /api/v1/updates/<int:update_id>", NOBODY, "2", {"body": "Number", "revision": 1}),  # as it is
        row("PATCH /api/v1/updates/<int:update_id>", NOBODY, "2", {"body": "x", "revision": 9}),  # stale
        row("PATCH /api/v1/articles/<slug>", NOBODY, "sketch", {"headline": "x", "revision": 9}),
        row("DELETE /api/v1/updates/<int:update_id>", NOBODY, "4"),  # retracted already
        row("POST /api/v1/feeds/<slug>/updates", NOBODY, "nowhere", {"body": "x"}),
        row("POST /api/v1/feeds/<slug>/points", NOBODY, "sketch", {"text": "Known", "updates": [2]}),  # there already
        row("PATCH /api/v1/feeds/<slug>/points/<int:point_id>", NOBODY, "sketch 2", {"text": "x", "revision": 9}),
    ]
    wrong = []
    for each in (*TABLE, *also):
        if not each.path.startswith("/api/"):
            continue
        answer, got, changed = matrix.ask(each, "other feed")
        open_to_all = str(each).replace("/api/v1/", "") in public
        if open_to_all != (answer.status_code < 400) or (not open_to_all and changed):
            wrong.append(f"{each}: {got}, changed {changed}")
        if not open_to_all and any(word in answer.text for word in ("Number", "About ", "Just now", "Known")):
            wrong.append(f"{each}: shows {answer.text}")
    assert not wrong, "\n".join(wrong)


def test_a_repeated_key_shows_a_draft_to_no_token_for_another_feed(site: Site, matrix: Matrix) -> None:
    key, sent = {"Idempotency_Key": "once"}, {"body": "Mine"}
    made = site.api("POST", "/api/v1/feeds/sketch/updates", sent, "alice", **key).json
    address = f"/api/v1/updates/{made['id']}"
    site.api("PATCH", address, {"body": "Secret"}, "alice", If_Match="*")
    narrow = _for_one_feed(site, "ended")
    again = site.api("POST", "/api/v1/feeds/sketch/updates", sent, None, **key, **narrow)
    matrix.put_back()
    assert (again.status_code, "Secret" in again.text) == (403, False)


def test_who_needs_a_second_factor_has_the_page_to_set_it_up_alone(
    site: Site, matrix: Matrix, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = Path(site.services.settings.database).parent
    kept = {"FEED_SECRET_KEY": site.services.settings.secret_key.decode(), "FEED_UNDO_SECONDS": "9999"}
    with application_in(folder, FEED_SECOND_FACTOR="everybody", **kept) as strict:
        views = {
            f"{method} {rule.rule}": rule.endpoint
            for rule in strict.url_map.iter_rules()
            for method in rule.methods or ()
        }
        wrong = []
        for each in TABLE:
            view = views[each.rule]
            if not view.startswith("desk.") or view.startswith(("desk.account.", "desk.factors.")):
                said = matrix.wrong(each, "bob", strict)
            else:
                _, got, changed = matrix.ask(each, "bob", strict)
                told = "403" if each.path.startswith(FOR_SCRIPT) else "303 /desk/account"
                said = f"{each}: {got}, changed {changed}" if got != told or changed else None
            wrong += [said] if said else []
        assert not wrong, "\n".join(wrong)
        server = strict.extensions["liveline"].channel.socketio.server
        handlers, sid = server.handlers["/"], server.manager.connect("socket of bob", "/")
        handlers["connect"](sid, {"HTTP_COOKIE": matrix.cookie("bob")})
        assert handlers["present"](sid, {"feed": "harbour"}) == handlers["review"](sid, {}) == {"error": "sign in"}
        assert "error" not in handlers["follow"](sid, {"feed": "harbour"})
        assert "error" in handlers["follow"](sid, {"feed": "sketch"})


def test_a_reader_node_has_no_desk_no_api_and_takes_nothing(matrix: Matrix) -> None:
    nowhere = {"FEED_BROKER": "redis://127.0.0.1:9", "FEED_PUBLIC_URL": "http://127.0.0.1:8000"}
    node = create_app({"FEED_ROLE": "reader", "FEED_SECRET_KEY": "x" * 64, **nowhere})
    its = ("/healthz", "/readyz", "/metrics")
    for each in TABLE:
        for who in ("signed out", "alice"):
            answer, got, changed = matrix.ask(each, who, node)
            catch_up = each.rule == "GET /feeds/<slug>/changes"
            good = (
                answer.status_code in (200, 503)
                if each.path in its
                else answer.status_code == (503 if catch_up else 404)
            )
            assert good, f"{each}: {who} got {got}"
            assert not changed
            assert "Set-Cookie" not in answer.headers
            assert each.path in its or catch_up or answer.text == f"{NO_PAGES}\n", f"{each}: {answer.text}"
    for command in {each.split()[0] for each in COMMANDS} - {"start"}:
        refused = node.test_cli_runner().invoke(args=[command, "--force"])
        assert f"Run `flask {command}` at the writer" in refused.output
    events = node.extensions["liveline"].channel.socketio.server.handlers["/"]
    assert set(events) == {"connect", "disconnect", "follow", "unfollow"}


def test_each_command_is_in_the_table(site: Site) -> None:
    groups = {name: getattr(each, "commands", None) for name, each in site.commands().items()}
    found = {f"{name} {each}" if commands else name for name, commands in groups.items() for each in commands or [""]}
    assert found == set(COMMANDS), "say in COMMANDS what these are recorded as"


@pytest.mark.usefixtures("matrix")
def test_what_a_command_does_is_recorded_as_done_by_nobody(site: Site, tmp_path: Path) -> None:
    for command, words in RUN.items():
        with site.services.store.read() as db:
            (last,) = db.execute("SELECT coalesce(max(id), 0) FROM actions").fetchone()
        typed = [*command.split(), *words.replace("FOLDER", str(tmp_path)).split()]
        done = site.app.test_cli_runner().invoke(args=typed, input=f"{PASSWORD}\n")
        assert done.exit_code == 0, (command, done.output)
        with site.services.store.read() as db:
            made = db.execute("SELECT verb, editor_id FROM actions WHERE id > ?", [last]).fetchall()
        assert (COMMANDS[command], None) in {tuple(each) for each in made}, command
        assert {each["editor_id"] for each in made} == {None}, command
