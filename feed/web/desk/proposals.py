"""What publishing a submission would make: the text as readers would see it, and what it changes.

An edit is compared with what it edits as that is now. Where somebody else has saved that since the author began, both
are merged, and the editor sees what came from each; where both changed the same sentence, both variants stay in the
text, which cannot be published until one is left.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from flask import g
from markupsafe import Markup

from feed import fields, text, times
from feed.errors import Invalid, Message
from feed.store import articles, editors, previews, revisions, updates, waiting
from feed.store.articles import Article
from feed.store.database import Database
from feed.store.editors import Editor
from feed.store.parts import StoryParts
from feed.store.revisions import WORDS
from feed.store.submissions import State, Submission
from feed.store.updates import Update
from feed.web.desk import article_form, conflict
from feed.web.desk.conflict import Choice, Conflict, Sides
from feed.web.services import services

_SHOWN = re.compile(r'<img src="/pictures/([0-9a-f]{16})"([^>]*)>')
_SIZES = re.compile(r' (?:srcset|sizes)="[^"]*"')


@dataclass(frozen=True)
class Proposal:
    """A submission as an editor reads it. `given` are the fields of its form. `current` is what it edits; `changes` is
    what became of each side's words, and `moved` says that somebody else has saved that since the author began."""

    submission: Submission
    author: Editor
    given: Mapping[str, Any]
    current: Update | Article | None
    changes: Conflict | None
    moved: bool

    @property
    def against(self) -> int | None:
        """The revision of what it edits."""
        return self.current.revision if self.current else None

    @property
    def gone(self) -> bool:
        """Whether it edits an update that was retracted since."""
        return isinstance(self.current, Update) and self.current.retracted_at is not None

    @property
    def undecided(self) -> bool:
        """Whether the text holds two variants of a sentence, of which one is to be chosen."""
        return bool(self.changes and self.changes.clashes)


@dataclass(frozen=True)
class Rendered:
    """What readers would see: the `<li>` of an update, or the parts of an article's page. `error` says why it cannot be
    shown."""

    update: Markup | None = None
    story: StoryParts | None = None
    error: Invalid | None = None


def of(submission: Submission, typed: Mapping[str, object] | None = None) -> Proposal:
    """The proposal of that submission, or of what an editor made of it in the form."""
    with services().store.read() as db:
        author, current = editors.by_id(db, submission.author_id), current_of(db, submission)
    if current is None:
        return Proposal(submission, author, typed or submission.fields, None, None, moved=False)
    sides = _update_sides(submission, current) if isinstance(current, Update) else _sides(submission, current)
    moved = current.revision != submission.of_revision
    threads = services().store.texts if isinstance(current, Update) else services().store.stories
    words = _words(current)
    if typed is not None:
        mine = {name: value for name, value in typed.items() if name in sides.theirs}
        changes = threads.run(
            conflict.compare, replace(sides, base=sides.theirs, mine={**sides.theirs, **mine}), *words
        )
        given: Mapping[str, Any] = typed
    elif moved:
        given, changes = threads.run(conflict.choose, sides, Choice.MERGE, *words, submission.author)
    else:
        given, changes = sides.mine, threads.run(conflict.compare, sides, *words)
    given = {**submission.fields, **given}
    return Proposal(submission, author, given, current, changes, moved)


def current_of(db: Database, submission: Submission) -> Update | Article | None:
    """What the submission edits, as it is now, retracted or not; None for something new. Raises Missing."""
    if not submission.edits:
        return None
    if submission.update_id is not None:
        return updates.get_any(db, submission.update_id)
    return articles.get(db, submission.article or "", drafts=True)


def rendered(proposal: Proposal) -> Rendered:
    """What readers would see of it, with the pictures that wait for its publication."""
    if proposal.submission.state != State.SUBMITTED:  # its pictures are its author's alone again, or public
        return Rendered()
    try:
        if proposal.submission.feed:
            return Rendered(update=Markup(dressed(_update_of(proposal))))  # noqa: S704 - of our own templates
        return Rendered(story=_story_of(proposal))
    except Invalid as error:
        return Rendered(error=error)


def story_of(proposal: Proposal) -> Article:
    """The article that publishing it would make. Raises Invalid."""
    given = {name: value for name, value in proposal.given.items() if name in fields.ARTICLE}
    current = proposal.current if isinstance(proposal.current, Article) else None
    made = previews.article(services().store, g.editor, proposal.author, {**given, "draft": False}, current)
    return replace(made, draft=True, feed=None, published_at=made.published_at or times.now())


def dressed(html: str) -> str:
    """The HTML with pictures that only editors may see from where they may."""
    with services().store.read() as db:
        kept = waiting.of_ids(db, text.pictures(html), g.editor)

    def tag(found: re.Match[str]) -> str:
        picture_id, rest = found.groups()
        if picture_id not in kept:
            return found.group()
        return f'<img src="/desk/uploads/{picture_id}/file?small"{_SIZES.sub("", rest)}>'

    return _SHOWN.sub(tag, html)


def _update_of(proposal: Proposal) -> str:
    given = {name: value for name, value in proposal.given.items() if name in fields.UPDATE}
    shown = previews.preview(
        services().store,
        proposal.submission.feed or "",
        g.editor,
        given,
        byline=proposal.author.display_name,
        edits=proposal.current if isinstance(proposal.current, Update) else None,
    )
    return services().render.preview(replace(shown.update, retracted_at=None))


def _story_of(proposal: Proposal) -> StoryParts:
    with services().store.read() as db:
        return services().parts.of_story(db, story_of(proposal))


def _update_sides(submission: Submission, current: Update) -> Sides:
    with services().store.read() as db:
        began = revisions.words_of(db, current.id, submission.of_revision or 0)
        saves = revisions.saves_after(db, current.id, *_since(submission, current, known=bool(began)))
    theirs = {**{name: getattr(current, name) for name in (*WORDS, "language")}, "note": None}
    base = {**theirs, **began} if began else None
    return conflict.sides(fields.EDIT, base, theirs, submission.fields, against=current.revision, saves=saves)


def _sides(submission: Submission, current: Article) -> Sides:
    with services().store.read() as db:
        began = articles.as_of(db, current, submission.of_revision or 0)
        saves = articles.saves_after(db, current, *_since(submission, current, known=bool(began)))
    compared = set(article_form.COMPARED) - {"draft"}  # publishing it is what is decided here
    theirs = {name: value for name, value in article_form.values(current).items() if name in compared}
    return conflict.sides(
        fields.ARTICLE, began or None, theirs, submission.fields, against=current.revision, saves=saves
    )


def _since(submission: Submission, current: Update | Article, *, known: bool) -> tuple[int, int]:
    return conflict.since(submission.of_revision or 0, current.revision, known=known)


def _words(current: Update | Article) -> tuple[Any, conflict.Shown]:
    if isinstance(current, Article):
        return article_form.words()
    return conflict.words(services().languages.now, Message("The feed’s"))
