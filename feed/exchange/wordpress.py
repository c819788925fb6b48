"""Automattic's Liveblog for WordPress, in its two forms: WordPress's export (WXR), where entries are comments of the
type `liveblog`, and the answers of its REST API (`/wp-json/liveblog/v1/<post>/entries/…` and `…/get-entries/…`).

How it stores entries, read in classes/class-wpcom-liveblog-entry.php and …-key-events.php of version 1.9: an edit adds
a comment with the meta `liveblog_replaces`, and also changes the original, which keeps its time. A deletion adds one
without a text, and moves the original to the trash. A key event has the meta `liveblog_key_entry`.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from feed.exchange.markup import Node
from feed.exchange.moments import of_mail, of_mysql, of_seconds
from feed.exchange.source import Entry, Retraction, Source, Unreadable, latest

WXR = "http://wordpress.org/export/"  # followed by the version
CONTENT = "http://purl.org/rss/1.0/modules/content/"
CREATOR = "http://purl.org/dc/elements/1.1/"
TYPE = "liveblog"
REPLACES, KEY, HIDES_AUTHOR = "liveblog_replaces", "liveblog_key_entry", "liveblog_hide_authors"
STATE, ENDED = "liveblog", "archive"  # the meta of the post

_COMMAND = re.compile(r'<span[^>]*class="liveblog-command[^>]*>[^<]*</span>')
_KEY_COMMAND = re.compile(r"(?<![\w/])/key\b")
_BLOCK = re.compile(r"<(?:p|div|br|ul|ol|blockquote|h[1-6]|table|figure)\b", re.IGNORECASE)


def is_export(root: Node) -> bool:
    """Whether that is a WordPress export."""
    return root.name == "rss" and any(
        child.space.startswith(WXR) for channel in root.all("channel") for child in channel.children
    )


def of_export(root: Node, post: str | None) -> Source:
    """The liveblog of an export; of several, that of the post with that number. Raises Unreadable."""
    channel = root.only("channel")
    found = {item.first("post_id", WXR): item for item in channel.all("item") if any(_comments(item))}
    if post is None and len(found) > 1:
        named = ", ".join(f"{number} ({item.first('title')})" for number, item in found.items())
        raise Unreadable(f"it has several liveblogs; choose one with --post: {named}")
    if not found or (post is not None and post not in found):
        raise Unreadable("it has no entries of Liveblog" + (f" in the post {post}" if post is not None else ""))
    return _of_post(channel, found[post] if post is not None else next(iter(found.values())))


def of_rest(answer: Mapping[str, Any]) -> Source:
    """The entries of an answer of the REST API, which says nothing of their post but its address."""
    entries = [each for each in answer["entries"] if isinstance(each, dict)]
    read = [entry for each in entries if (entry := _of_answer(each))]
    if not read:
        raise Unreadable("it has no entries of Liveblog")
    address = next((str(each["share_link"]) for each in entries if each.get("share_link")), "")
    post = re.sub(r"[?&]lbup=\d+|#.*", "", address)
    # Of an entry that was changed while its page was open, each change is there. `edited_at` is when.
    return Source(id=_source_id(post), title="Liveblog", article={}, entries=latest(read, _changed))


def _of_post(channel: Node, item: Node) -> Source:
    state = next((each.first("meta_value", WXR) for each in _meta(item) if each.first("meta_key", WXR) == STATE), "")
    title = item.first("title")
    login = item.first("creator", CREATOR)
    names = {
        each.first("author_login", WXR): each.first("author_display_name", WXR) for each in channel.all("author", WXR)
    }
    return Source(
        id=_source_id(item.first("link")),
        title=channel.first("title"),
        article={
            "headline": title,
            "slug": item.first("post_name", WXR),
            "html": _paragraphs(item.first("encoded", CONTENT)),
            "byline": names.get(login) or login,
            "published_at": of_mysql(item.first("post_date_gmt", WXR)) or of_mail(item.first("pubDate")),
        },
        entries=_entries(list(_comments(item))),
        language=channel.first("language"),
        closed=state == ENDED,
    )


def _entries(comments: Sequence[Node]) -> list[Entry]:
    changes: dict[str, tuple[str, bool]] = {}
    for each in comments:
        if replaced := _meta_of(each).get(REPLACES):
            moment = of_mysql(each.first("comment_date_gmt", WXR)) or ""
            before, _ = changes.get(replaced, ("", False))
            changes[replaced] = (max(before, moment), not each.first("comment_content", WXR))
    read = [_of_comment(each, changes) for each in comments if not _meta_of(each).get(REPLACES)]
    known = {each.id for each in read}
    # A deleted entry may be missing in the file; it may be here from an earlier import.
    read += [
        Entry(id=number, published_at=None, retraction=Retraction(moment))
        for number, (moment, deleted) in changes.items()
        if deleted and number not in known
    ]
    return latest(read, _changed)


def _of_comment(comment: Node, changes: Mapping[str, tuple[str, bool]]) -> Entry:
    number, meta = comment.first("comment_id", WXR), _meta_of(comment)
    moment, deleted = changes.get(number, (None, False))
    deleted = deleted or comment.first("comment_approved", WXR) == "trash"
    return Entry(
        id=number,
        published_at=of_mysql(comment.first("comment_date_gmt", WXR)),
        html=_paragraphs(_without_commands(comment.first("comment_content", WXR))),
        byline=None if meta.get(HIDES_AUTHOR) else comment.first("comment_author", WXR),
        key=bool(meta.get(KEY)),
        edited_at=None if deleted else moment,
        retraction=Retraction(moment) if deleted else None,
    )


def _of_answer(entry: Mapping[str, Any]) -> Entry | None:
    if not entry.get("id"):
        return None
    moment, first = of_seconds(entry.get("timestamp")), of_seconds(entry.get("entry_time"))
    change = entry.get("type")
    if change == "delete":
        return Entry(id=str(entry["id"]), published_at=first or moment, retraction=Retraction(moment))
    authors = entry.get("authors")
    names = (
        [str(each["name"]) for each in authors if isinstance(each, dict) and each.get("name")]
        if isinstance(authors, list)
        else []
    )
    return Entry(
        id=str(entry["id"]),
        published_at=first or moment,
        html=_without_commands(str(entry.get("render") or entry.get("html") or entry.get("content") or "")),
        headline=entry.get("headline") or None,
        byline=", ".join(names) or None,
        key=bool(entry.get("key_event")),
        edited_at=moment if change == "update" else None,
    )


def _changed(entry: Entry) -> object:
    return (entry.retraction and entry.retraction.at) or entry.edited_at or entry.published_at


def _source_id(post: str) -> str:
    return f"wordpress {re.sub('^https?://', '', post).rstrip('/')}"


def _comments(item: Node) -> list[Node]:
    return [each for each in item.all("comment", WXR) if each.first("comment_type", WXR) == TYPE]


def _meta(item: Node) -> list[Node]:
    return list(item.all("postmeta", WXR))


def _meta_of(comment: Node) -> dict[str, str]:
    return {each.first("meta_key", WXR): each.first("meta_value", WXR) for each in comment.all("commentmeta", WXR)}


def _without_commands(html: str) -> str:
    return _KEY_COMMAND.sub("", _COMMAND.sub("", html))


def _paragraphs(written: str) -> str:
    """WordPress stores empty lines, and makes paragraphs of them when it shows the text."""
    if _BLOCK.search(written):
        return written
    blocks = re.split(r"\n\s*\n", written.replace("\r\n", "\n").strip())
    return "".join(f"<p>{block.strip().replace(chr(10), '<br>')}</p>" for block in blocks if block.strip())
