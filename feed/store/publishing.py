"""Publish and edit. With retract and restore (store.retracting) they are the verbs that change a feed.

Each runs in one transaction that bumps the version of the feed first and stamps it on everything that changes.
"""

from collections.abc import Mapping
from typing import Any

from sqlite_utils import Database

from feed import fields, repeats, text, times
from feed.errors import Gone, Invalid, KeyUsed, Message, Missing, Reason, Stale
from feed.figures import Picture
from feed.store import (
    actions,
    draft_states,
    drafts,
    feeds,
    flags,
    idempotency,
    lineage,
    moments,
    permissions,
    retracting,
    revisions,
    scheduled,
    search,
    submissions,
    updates,
    waiting,
)  # fmt: skip
from feed.store.database import Store, insert
from feed.store.editors import Editor
from feed.store.feeds import Feed
from feed.store.idempotency import Claim
from feed.store.updates import Update
from feed.store.verbs import Verb

ERASED = Message("This was erased for good: what was written of it cannot be published.")
PUT_BACK = Message("Somebody put this update back meanwhile. Your text is kept here: saving it edits what readers see.")
OF_ANOTHER = Message("The draft of this form is of another text. Copy yours, and load the page anew.")

_LOGGED = ("headline", "body", "key", "pinned", "language", "status", "source", "published_at", "note")


def publish(
    store: Store,
    slug: str,
    editor: Editor,
    given: Mapping[str, object],
    idempotency_key: str | None = None,
    *,
    draft_id: str | None = None,
    moment: str | None = None,
    of: int | None = None,
) -> Update:
    """Publishes an update in that feed, under the editor's name. It is dated now or, for an import, at a moment in the
    past: `moment`, or the field `published_at`. `of` is the retracted update of that feed whose form the text was in.

    The same idempotency key of the same editor gives the same update again for 24 hours, and the same draft does for
    ever. Raises Missing for the feed, Invalid for the fields and for an `of` that is not retracted, or erased; KeyUsed
    for a key or a draft from which something else was published; Gone when its update has been retracted.
    """
    cleaned = fields.clean(fields.PUBLICATION, given)
    check_source(cleaned["status"], cleaned["source"])
    with store.read() as db:
        feed = feeds.get(db, slug, drafts=True)
    claim = idempotency.claim(idempotency_key, feed.first_slug, cleaned) if idempotency_key is not None else None
    cleaned["html"] = html_of(store, cleaned["body"], cleaned["language"] or feed.language, editor)
    if draft_id is not None:
        draft_states.check_id(draft_id, "draft_id")
    update = store.write(put, slug, editor, cleaned, claim, draft_id, moment, actor=editor, of=of)
    if moments.seconds_ahead(update.published_at):
        repeats.say(
            f"this machine's clock is behind the newest update of {slug}: it was set back, or was ahead before. New "
            "updates are dated just after that one; set the clock right"
        )
    return update


def edit(
    store: Store,
    update_id: int,
    editor: Editor,
    given: Mapping[str, object],
    revision: int | None,
    *,
    draft_id: str | None = None,
) -> Update:
    """Changes the fields that are given. `revision` is the one that the editor read; None overwrites what others
    changed since. `draft_id` is the draft of this edit, if it was kept in one: once it is applied, applying it again
    changes nothing.

    Any status may follow any other, since editors err too; each change of it is a revision that readers see. The source
    goes with the status when that is taken away. A `note` tells readers what was changed and why, so it needs a change
    of the text or the status. A `minor` edit leaves the mark "Updated" and its time as they are, and is told in the
    history alone. An edit that changes nothing leaves the update as it is. Raises Missing, Gone, Invalid, NotAllowed,
    or Stale with the current update.
    """
    with store.read() as db:
        current = updates.get(db, update_id, drafts=True)
    edited = edited_fields(store, current, given, editor)
    return store.write(put_edit, update_id, editor, edited, revision, draft_id, actor=editor)


def restore_edited(
    store: Store,
    update_id: int,
    editor: Editor,
    given: Mapping[str, object],
    revision: int | None,
    *,
    draft_id: str | None = None,
) -> Update:
    """Puts a retracted update back at its old place with these fields, as `edit` takes them, in one step: readers do
    not see again what was retracted. An update that somebody else restored meanwhile is edited. Raises Missing,
    Invalid, NotAllowed, or Stale with the current update."""
    with store.read() as db:
        current = updates.get_any(db, update_id)
    edited = edited_fields(store, current, given, editor)
    return store.write(_restore_edited, update_id, editor, edited, revision, draft_id)


def html_of(store: Store, body: str, language: str | None, *editors: Editor | None) -> str:
    """The HTML of an update's text in that language; None is the site's. It may show public pictures and these editors'
    own uploads. Raises Invalid when nothing would show."""
    known = waiting.known_in(store, body, *editors)
    return store.texts.run(_rendered, body, language or store.language, known)


def new_fields(store: Store, slug: str, given: Mapping[str, object], *editors: Editor) -> dict[str, Any]:
    """The fields of a new update of that feed, cleaned, with the HTML of its text, which may show these editors' own
    uploads. Raises Invalid, Missing."""
    cleaned = fields.clean(fields.UPDATE, given)
    check_source(cleaned["status"], cleaned["source"])
    with store.read() as db:
        feed = feeds.get(db, slug, drafts=True)
    return cleaned | {"html": html_of(store, cleaned["body"], cleaned["language"] or feed.language, *editors)}


def edited_fields(store: Store, current: Update, given: Mapping[str, object], editor: Editor) -> dict[str, Any]:
    """The fields of an edit, cleaned, with the HTML of a new text. Raises Invalid."""
    cleaned = fields.clean(fields.EDIT, given, partial=True)
    if "body" in cleaned:
        language = cleaned.get("language", current.language) or current.feed_language
        cleaned["html"] = html_of(store, cleaned["body"], language, editor)
    return cleaned


def _rendered(body: str, language: str, known: Mapping[str, Picture]) -> str:
    html = text.to_html(body, fields.BODY, language, known)
    if not text.shows_something(html):
        raise Invalid(Reason("body", Message("Nothing of this would be visible. Write something first.")))
    return html


def put(
    db: Database,
    slug: str,
    author: Editor,
    new: dict[str, Any],
    claim: Claim | None = None,
    draft_id: str | None = None,
    moment: str | None = None,
    *,
    actor: Editor | None,
    of: int | None = None,
) -> Update:
    """Publishes these cleaned fields, with their HTML, in a transaction of the caller's. `author` wrote and signs the
    text, and `actor` publishes it. Raises what `publish` does, and NotAllowed for the actor."""
    feed = feeds.get(db, slug, drafts=True)
    if claim and (earlier := idempotency.recall(db, author, claim)):
        # It is shown as it is now, which a token for other feeds may not read
        in_draft = permissions.stays_draft(db, feed.draft, feed.id)
        permissions.permit(db, actor, Verb.PUBLISH, draft=in_draft, feed_id=feed.id)
        return updates.get(db, earlier, drafts=True)
    if draft_id and (known := published_from(db, draft_id, feed, author, new)):
        return updates.get(db, known, drafts=True)
    if draft_id:
        scheduled.refuse_waiting(db, draft_id)
    if of is not None:
        _note_origin(db, of, feed, draft_id, author, actor)
    version = feeds.bump(db, feed.id)
    waiting.publish(db, new["html"], author, actor)
    given = moment or new.get("published_at")
    moment = given or moments.now(db, feed)
    if new["pinned"]:
        flags.unpin(db, feed.id, version)
    flags.stamp(db, feed.id, version, {flag for flag in flags.PARTS if new[flag]})
    row = {
        **new,
        "feed_id": feed.id,
        "version": version,
        "revision": 1,
        "byline": author.display_name,
        "editor_id": author.id,
        "published_at": moment,
        "imported": given is not None,
        "draft_id": draft_id,
    }
    update_id = insert(db, "updates", row)
    revisions.keep(db, update_id, author, moment)
    search.add(db, update_id)
    actions.record(
        db, actor, Verb.PUBLISH,
        feed_id=feed.id, update_id=update_id, version=version, draft=feed.draft, after=_for_log(new),
    )  # fmt: skip
    if claim:
        idempotency.remember(db, author, claim, update_id)
    if draft_id:
        drafts.set_published(db, draft_id, author)
        submissions.set_published(db, draft_id, actor, update_id=update_id)
    return updates.get_any(db, update_id)


def _note_origin(db: Database, of: int, feed: Feed, draft_id: str | None, author: Editor, actor: Editor | None) -> None:
    """Notes of which retracted update this is the text, for an erasure to find both. What a form claims is believed
    only of an update whose text its editor can have had there. Raises as `publish` does."""
    permissions.permit(db, actor, Verb.PUBLISH, draft=permissions.stays_draft(db, feed.draft, feed.id), feed_id=feed.id)
    update = updates.get_any(db, of)
    if update.feed != feed.slug:
        raise Missing(of)
    if update.erased:
        raise Invalid(Reason("body", ERASED))
    if not update.retracted_at:
        raise Invalid(Reason("body", PUT_BACK))
    if draft_id is None:
        return
    if not drafts.may_be_of(db, draft_id, author, of) or lineage.of_draft(db, draft_id) != draft_id:
        raise Invalid(Reason("body", OF_ANOTHER))
    lineage.note(db, draft_id, lineage.of_update(db, of))


def published_from(db: Database, draft_id: str, feed: Feed, editor: Editor, new: dict[str, Any]) -> int | None:
    """The id of the update that was published from that draft before, None if none was. Raises KeyUsed if it was
    another text, or another editor's, or was erased: then what was typed since must not be taken for it."""
    row = db.execute("SELECT id, feed_id, editor_id FROM updates WHERE draft_id = ?", [draft_id]).fetchone()
    if row is None and not lineage.is_erased(db, draft_id):
        return None
    same = row and (row["feed_id"], row["editor_id"]) == (feed.id, editor.id)
    if not same or revisions.words_of(db, row["id"], 1) != {name: new[name] for name in revisions.WORDS}:
        told = Message("This draft was published already, with another text.")
        raise KeyUsed(Reason("draft_id", ERASED if row is None else told))
    return int(row["id"])


def put_edit(
    db: Database,
    update_id: int,
    author: Editor,
    given: dict[str, Any],
    revision: int | None,
    draft_id: str | None = None,
    *,
    actor: Editor | None,
) -> Update:
    """Applies an edit with these fields of `edited_fields`, in a transaction of the caller's. `author` wrote it, and
    `actor` saves it. Raises what `edit` does, and NotAllowed for the actor."""
    update = updates.get(db, update_id, drafts=True)
    feed = feeds.get(db, update.feed, drafts=True)
    verb = Verb.MINOR_EDIT if given.get("minor") else Verb.EDIT
    permissions.permit(db, actor, verb, draft=feed.draft, feed_id=feed.id)  # before anything is told, or noted
    if (
        draft_id
        and drafts.is_published(db, draft_id, author, update_id)
        and revisions.is_by(db, update_id, author, given)
    ):
        return update
    if revision is not None and revision != update.revision:
        raise Stale(update)
    return _apply(db, update, author, given, draft_id, actor)


def _restore_edited(
    db: Database, update_id: int, editor: Editor, given: dict[str, Any], revision: int | None, draft_id: str | None
) -> Update:
    update = updates.get_any(db, update_id)
    if update.erased:
        raise Gone(update_id)
    if not update.retracted_at or (draft_id and drafts.is_published(db, draft_id, editor, update_id)):
        return put_edit(db, update_id, editor, given, revision, draft_id, actor=editor)
    # First the edit: what is restored then is the new text, also in the history that readers see.
    _apply(db, update, editor, given, draft_id, editor)
    return retracting.put_back(db, update_id, editor)


def _apply(
    db: Database, update: Update, author: Editor, given: dict[str, Any], draft_id: str | None, actor: Editor | None
) -> Update:
    note, minor, update_id = given.pop("note", None), given.pop("minor", False), update.id
    if "status" in given and not given["status"]:
        given.setdefault("source", None)
    check_source(given.get("status", update.status), given.get("source", update.source))
    changed = {name: value for name, value in given.items() if getattr(update, name) != value}
    rewritten = changed.keys() & {*revisions.WORDS}
    if note and not rewritten:
        told = Message("A note goes with a change of the words or the status, and they are as they were.")
        raise Invalid(Reason("note", told))
    feed = feeds.get(db, update.feed, drafts=True)
    if minor:
        check_minor(draft=feed.draft, note=note, restated=bool(changed.keys() & {"status", "source"}))
    if draft_id:
        drafts.note_edit(db, draft_id, author, update_id)
        submissions.set_published(db, draft_id, actor, update_id=update_id)
    if not changed:
        return update
    version = feeds.bump(db, feed.id)
    waiting.publish(db, changed.get("html", ""), author, actor)
    moment = max(times.now(), update.edited_at or update.published_at)  # the clock may have been set back
    if changed.get("pinned"):
        flags.unpin(db, feed.id, version)
    flags.stamp(db, feed.id, version, flags.of(update) | changed.keys())
    if rewritten:
        changed |= {"revision": update.revision + 1, "edited_at": update.edited_at if minor else moment}
    db.table("updates").update(update_id, {**changed, "version": version})
    if rewritten:
        revisions.keep(db, update_id, author, moment, note, minor=minor)
        search.put(db, update_id)
    verb = (Verb.MINOR_EDIT if minor else Verb.EDIT) if rewritten else Verb.MARK
    marked = [f"{flag}: {'yes' if changed[flag] else 'no'}" for flag in flags.PARTS if flag in changed]
    if "status" in changed:
        marked.append(f"status: {changed['status'] or 'none'}")
    actions.record(
        db, actor, verb,
        feed_id=feed.id, update_id=update_id, version=version, detail=", ".join(marked) or None, draft=feed.draft,
        before={"note": None, **vars(update)}, after=_for_log({**changed, "note": note}),
    )  # fmt: skip
    return updates.get_any(db, update_id)


def check_source(status: str | None, source: str | None) -> None:
    """Raises Invalid for a source of which nothing says what it is the source of."""
    if source and not status:
        raise Invalid(Reason("source", Message("A source goes with a status: choose one, or take the source out.")))


def check_minor(*, draft: bool, note: str | None = None, restated: bool = False) -> None:
    """Raises Invalid where an edit cannot be a minor one: of a `draft`, with a `note`, or with another status or
    source."""
    if draft:
        told = Message("A draft has no Updated mark, so nothing of it can be left unmarked.")
    elif note:
        told = Message("A note tells readers of a change, and a minor edit is none. Choose one of them.")
    elif restated:
        told = Message("A change of the status or of its source is no minor edit.")
    else:
        return
    raise Invalid(Reason("minor", told))


def _for_log(given: Mapping[str, Any]) -> dict[str, Any]:
    """Those of these fields that the log keeps: what an editor wrote, not what was made of it."""
    return {name: given[name] for name in _LOGGED if name in given}
