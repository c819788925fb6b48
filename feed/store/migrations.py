"""The schema, as migrations that are appended and never edited.

They only add: workers of the release before write into the new schema until they are told to end. So a new column has a
default or may be NULL, a table that old code writes without naming its columns gains none (tests/test_house.py lists
them), and what old code does not know to keep up is kept by a trigger, or listed by one to be made good later.

sqlite-utils runs each in its own transaction but takes no lock around the whole, so two processes that start together
would race: `upgrade` holds a lock on a file beside the database.
"""

import secrets

from sqlite_utils import Database, Migrations

from feed import text, times, words
from feed.store import restoring
from feed.store.database import Store

migrations = Migrations("liveline")


def upgrade(store: Store) -> list[str]:
    """Applies what is missing and returns the names of it. Safe to call from several processes at once."""
    with restoring.locked(store.path):
        db = store.connect()
        try:
            names = [migration.name for migration in migrations.pending(db)]
            migrations.apply(db)
            return names
        finally:
            db.close()


def begun(store: Store) -> bool:
    """Whether any of ours was ever applied: whether this is a database of ours at all."""
    with store.read() as db:
        return bool(migrations.applied(db))


def unknown(store: Store) -> list[str]:
    """The names of migrations that this database has and we do not know: it was written by a newer release."""
    with store.read() as db:
        ours = {migration.name for migration in migrations._migrations}
        return [migration.name for migration in migrations.applied(db) if migration.name not in ours]


def pending(store: Store) -> list[str]:
    """The names of the migrations that this database still lacks."""
    with store.read() as db:
        return [migration.name for migration in migrations.pending(db)]


@migrations()
def people_and_pictures(db: Database) -> None:
    """Editors, what they sign in with, and the pictures."""
    db.executescript("""
        CREATE TABLE pictures (
            id TEXT PRIMARY KEY, format TEXT NOT NULL, width INTEGER NOT NULL, height INTEGER NOT NULL,
            alt TEXT NOT NULL, caption TEXT, credit TEXT, created_at TEXT NOT NULL
        ) STRICT;
        CREATE TABLE editors (
            id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, display_name TEXT NOT NULL,
            role TEXT NOT NULL CHECK (role IN ('editor', 'admin')), job TEXT, bio TEXT,
            picture_id TEXT REFERENCES pictures, password_hash TEXT NOT NULL, created_at TEXT NOT NULL
        ) STRICT;
        CREATE TABLE sessions (
            hash TEXT PRIMARY KEY, editor_id INTEGER NOT NULL REFERENCES editors ON DELETE CASCADE,
            device TEXT NOT NULL, created_at TEXT NOT NULL, expires_at TEXT NOT NULL
        ) STRICT;
        CREATE TABLE tokens (
            id INTEGER PRIMARY KEY, hash TEXT NOT NULL UNIQUE, name TEXT NOT NULL,
            editor_id INTEGER NOT NULL REFERENCES editors ON DELETE CASCADE,
            created_at TEXT NOT NULL, expires_at TEXT, revoked_at TEXT
        ) STRICT;
        CREATE TABLE invitations (hash TEXT PRIMARY KEY, expires_at TEXT NOT NULL) STRICT;
        CREATE TABLE attempts (who TEXT NOT NULL, at TEXT NOT NULL) STRICT;
        CREATE INDEX attempts_by_who ON attempts (who, at);
    """)


@migrations()
def articles_feeds_updates(db: Database) -> None:
    """The log. `tick` orders the last changes of all feeds, so that the tail asks for what is new by an index."""
    db.executescript("""
        CREATE TABLE articles (
            id INTEGER PRIMARY KEY, slug TEXT NOT NULL UNIQUE CHECK (slug <> 'news'), revision INTEGER NOT NULL,
            kicker TEXT, headline TEXT NOT NULL, standfirst TEXT, body TEXT NOT NULL, html TEXT NOT NULL,
            byline TEXT NOT NULL, picture_id TEXT REFERENCES pictures, draft INTEGER NOT NULL,
            created_at TEXT NOT NULL, published_at TEXT, edited_at TEXT
        ) STRICT;
        CREATE INDEX articles_by_place ON articles (published_at DESC, id DESC);
        CREATE TABLE article_revisions (
            article_id INTEGER NOT NULL REFERENCES articles, revision INTEGER NOT NULL, fields TEXT NOT NULL,
            editor_id INTEGER REFERENCES editors, at TEXT NOT NULL, PRIMARY KEY (article_id, revision)
        ) STRICT;
        CREATE TABLE feeds (
            id INTEGER PRIMARY KEY, slug TEXT NOT NULL UNIQUE, article_id INTEGER UNIQUE REFERENCES articles,
            epoch TEXT NOT NULL, version INTEGER NOT NULL DEFAULT 0, tick INTEGER NOT NULL DEFAULT 0,
            opened_at TEXT NOT NULL, closed_at TEXT
        ) STRICT;
        CREATE INDEX feeds_by_tick ON feeds (tick);
        CREATE TABLE parts (
            feed_id INTEGER NOT NULL REFERENCES feeds, name TEXT NOT NULL, version INTEGER NOT NULL,
            PRIMARY KEY (feed_id, name)
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE updates (
            id INTEGER PRIMARY KEY AUTOINCREMENT, feed_id INTEGER NOT NULL REFERENCES feeds,
            version INTEGER NOT NULL, revision INTEGER NOT NULL, headline TEXT, body TEXT NOT NULL,
            html TEXT NOT NULL, key INTEGER NOT NULL, pinned INTEGER NOT NULL, byline TEXT NOT NULL,
            editor_id INTEGER REFERENCES editors, published_at TEXT NOT NULL, edited_at TEXT,
            retracted_at TEXT, reason TEXT
        ) STRICT;
        CREATE INDEX updates_by_version ON updates (feed_id, version);
        CREATE INDEX updates_by_place ON updates (feed_id, published_at DESC, id DESC) WHERE retracted_at IS NULL;
        CREATE INDEX updates_pinned ON updates (feed_id) WHERE pinned AND retracted_at IS NULL;
        CREATE TABLE revisions (
            update_id INTEGER NOT NULL REFERENCES updates, revision INTEGER NOT NULL, headline TEXT,
            body TEXT NOT NULL, html TEXT NOT NULL, editor_id INTEGER REFERENCES editors, at TEXT NOT NULL,
            PRIMARY KEY (update_id, revision)
        ) STRICT;
        CREATE TABLE idempotency (
            editor_id INTEGER NOT NULL REFERENCES editors, key TEXT NOT NULL, digest TEXT NOT NULL,
            update_id INTEGER NOT NULL REFERENCES updates, at TEXT NOT NULL, PRIMARY KEY (editor_id, key)
        ) STRICT;
        CREATE INDEX idempotency_by_age ON idempotency (at);
    """)
    db.execute("INSERT INTO feeds (slug, epoch, opened_at) VALUES ('news', ?, ?)", [secrets.token_hex(8), times.now()])


@migrations()
def presence_and_probe(db: Database) -> None:
    """How many readers each worker has, and a row that `/readyz` writes."""
    db.executescript("""
        CREATE TABLE presence (
            worker TEXT NOT NULL, feed TEXT NOT NULL, readers INTEGER NOT NULL, at TEXT NOT NULL,
            PRIMARY KEY (worker, feed)
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE probe (id INTEGER PRIMARY KEY CHECK (id = 1), at TEXT NOT NULL) STRICT;
    """)


@migrations()
def site_counter(db: Database) -> None:
    """Counts the changes of what pages show and no feed's version covers (see store.versions)."""
    db.execute("CREATE TABLE site (id INTEGER PRIMARY KEY CHECK (id = 1), version INTEGER NOT NULL) STRICT")
    db.execute("INSERT INTO site VALUES (1, 0)")
    for name, change in (
        ("articles_added", "INSERT ON articles"),
        ("articles_edited", "UPDATE ON articles"),
        ("authors_added", "INSERT ON editors"),
        ("authors_edited", "UPDATE OF display_name, job, bio, picture_id ON editors"),
        ("pictures_edited", "UPDATE ON pictures"),
        ("coverage_added", "INSERT ON feeds"),
        ("coverage_changed", "UPDATE OF epoch, opened_at, closed_at ON feeds"),
    ):
        db.execute(f"CREATE TRIGGER {name} AFTER {change} BEGIN UPDATE site SET version = version + 1; END")


@migrations()
def corrections_in_the_open(db: Database) -> None:
    """What readers may know of a revision: under which name it was saved, and the editor's note."""
    db.executescript("""
        ALTER TABLE revisions ADD COLUMN byline TEXT NOT NULL DEFAULT '';
        ALTER TABLE revisions ADD COLUMN note TEXT;
        UPDATE revisions SET byline = CASE revision
            WHEN 1 THEN (SELECT byline FROM updates WHERE id = update_id)
            ELSE coalesce((SELECT display_name FROM editors WHERE id = editor_id), '') END;
    """)


@migrations()
def notices(db: Database) -> None:
    """A retraction may leave a notice in its place, and then it is listed."""
    db.executescript("""
        ALTER TABLE updates ADD COLUMN notice INTEGER NOT NULL DEFAULT 0;
        DROP INDEX updates_by_place;
        CREATE INDEX updates_by_place ON updates (feed_id, published_at DESC, id DESC)
            WHERE retracted_at IS NULL OR notice;
    """)


@migrations()
def key_events(db: Database) -> None:
    """The key events of a feed are listed on each of its pages."""
    db.execute(
        "CREATE INDEX updates_key ON updates (feed_id, published_at DESC, id DESC) WHERE key AND retracted_at IS NULL"
    )


@migrations()
def search_of_updates(db: Database) -> None:
    """The words of the updates that stand. Marks belong to words: in Hindi and Thai they are the vowels."""
    db.execute("""
        CREATE VIRTUAL TABLE search USING fts5 (
            feed, headline, text, revision UNINDEXED,
            tokenize = "unicode61 remove_diacritics 2 categories 'L* M* N* Co'"
        )
    """)
    standing = "SELECT id, feed_id, headline, html, revision FROM updates WHERE retracted_at IS NULL"
    for row in db.execute(standing).fetchall():
        db.execute(
            "INSERT INTO search (rowid, feed, headline, text, revision) VALUES (?, ?, ?, ?, ?)",
            [row["id"], str(row["feed_id"]), row["headline"] or "", text.plain(row["html"]), row["revision"]],
        )


@migrations()
def languages_of_articles(db: Database) -> None:
    """A BCP 47 tag, or NULL for the site's language."""
    db.execute("ALTER TABLE articles ADD COLUMN language TEXT")


@migrations()
def retractions(db: Database) -> None:
    """Feed readers are told what was retracted last."""
    db.execute("CREATE INDEX updates_retracted ON updates (feed_id, version DESC) WHERE retracted_at IS NOT NULL")


@migrations()
def language_of_the_site(db: Database) -> None:
    """The one that pages were last written in: when it is another, open ones reload."""
    db.execute("ALTER TABLE site ADD COLUMN language TEXT")


@migrations()
def websub(db: Database) -> None:
    """Up to which tick each hub was told, and when it may be told again (see store.websub)."""
    db.execute("""
        CREATE TABLE websub (
            hub TEXT PRIMARY KEY, told INTEGER NOT NULL, next_at TEXT NOT NULL, failures INTEGER NOT NULL
        ) STRICT
    """)


@migrations()
def clocks_of_articles(db: Database) -> None:
    """Every article has a quiet feed for as long as it has no coverage, so that its open pages learn of edits (see
    store.feeds). A trigger makes it, also for an article of a worker that runs the release before."""
    db.executescript("""
        ALTER TABLE feeds ADD COLUMN quiet_of INTEGER REFERENCES articles;
        CREATE UNIQUE INDEX feeds_quiet ON feeds (quiet_of) WHERE quiet_of IS NOT NULL;
        CREATE TABLE story_parts (
            feed_id INTEGER NOT NULL REFERENCES feeds, name TEXT NOT NULL, version INTEGER NOT NULL,
            PRIMARY KEY (feed_id, name)
        ) STRICT, WITHOUT ROWID;
        CREATE TRIGGER clock_added AFTER INSERT ON articles BEGIN
            INSERT INTO feeds (slug, quiet_of, epoch, opened_at, tick) VALUES (
                'article:' || new.id, new.id, lower(hex(randomblob(8))), new.created_at,
                (SELECT max(tick) + 1 FROM feeds)
            );
        END;
    """)
    for row in db.execute("SELECT id, created_at FROM articles").fetchall():
        db.execute(
            "INSERT INTO feeds (slug, quiet_of, epoch, opened_at, tick) "
            "VALUES (?, ?, ?, ?, (SELECT max(tick) + 1 FROM feeds))",
            [f"article:{row['id']}", row["id"], secrets.token_hex(8), row["created_at"]],
        )


@migrations()
def search_due(db: Database) -> None:
    """Which updates the search has still to take in. Triggers keep the list, so that a worker of the release before,
    whose verbs know another search or none, leaves nothing behind; what is retracted goes from the search at once."""
    db.executescript("""
        CREATE TABLE search_due (update_id INTEGER PRIMARY KEY) STRICT;
        CREATE TRIGGER search_due_added AFTER INSERT ON updates BEGIN
            INSERT OR IGNORE INTO search_due (update_id) VALUES (new.id);
        END;
        CREATE TRIGGER search_due_changed AFTER UPDATE OF feed_id, headline, html, revision, retracted_at ON updates
        BEGIN INSERT OR IGNORE INTO search_due (update_id) VALUES (new.id); END;
        CREATE TRIGGER search_of_retracted AFTER UPDATE OF retracted_at ON updates WHEN new.retracted_at IS NOT NULL
        BEGIN DELETE FROM search WHERE rowid = new.id; END;
        INSERT INTO search_due (update_id) SELECT id FROM updates LEFT JOIN search ON search.rowid = id
            WHERE (retracted_at IS NULL) <> (search.rowid IS NOT NULL) OR search.revision <> updates.revision;
    """)


@migrations()
def second_of_the_last_change(db: Database) -> None:
    """When each feed last became another, in seconds since 1970 and never twice the same, for readers that ask by date
    alone. A trigger keeps it, so that a worker of the release before does, too."""
    db.executescript("""
        ALTER TABLE feeds ADD COLUMN changed INTEGER;
        CREATE TRIGGER feed_changed AFTER UPDATE OF version, epoch ON feeds BEGIN
            UPDATE feeds SET changed = max(coalesce(changed + 1, 0), CAST(strftime('%s', 'now') AS INTEGER))
            WHERE id = new.id;
        END;
    """)


@migrations()
def before_publication(db: Database) -> None:
    """Which revisions were saved while their article was a draft, and when readers got them, if ever: each that stood
    when the article came out, and no other. Triggers keep it, so that a worker of the release before does, too."""
    unseen = "SELECT 1 FROM drafted WHERE update_id = updates.id AND drafted.revision = updates.revision"
    # Written out: what a trigger says is kept as it is, whatever becomes of the condition of store.updates.
    never = "NOT EXISTS (SELECT 1 FROM revisions WHERE update_id = updates.id AND NOT EXISTS (SELECT 1 FROM drafted "
    never += "WHERE drafted.update_id = updates.id AND drafted.revision = revisions.revision AND seen_at IS NULL))"
    moment = "CASE WHEN old.published_at IS NULL THEN new.published_at ELSE strftime('%Y-%m-%dT%H:%M:%fZ', 'now') END"
    of_feed = "feed_id = (SELECT id FROM feeds WHERE article_id = new.id)"
    db.executescript(f"""
        CREATE TABLE drafted (
            update_id INTEGER NOT NULL REFERENCES updates, revision INTEGER NOT NULL, seen_at TEXT,
            PRIMARY KEY (update_id, revision)
        ) STRICT, WITHOUT ROWID;
        CREATE TRIGGER revision_drafted AFTER INSERT ON revisions WHEN EXISTS (
            SELECT 1 FROM updates JOIN feeds ON feeds.id = updates.feed_id
            JOIN articles ON articles.id = feeds.article_id WHERE updates.id = new.update_id AND articles.draft
        ) BEGIN
            INSERT OR IGNORE INTO drafted (update_id, revision) VALUES (new.update_id, new.revision);
        END;
        CREATE TRIGGER article_came_out AFTER UPDATE OF draft ON articles WHEN old.draft AND NOT new.draft BEGIN
            UPDATE updates SET notice = 0
            WHERE {of_feed} AND retracted_at IS NOT NULL AND notice AND EXISTS ({unseen} AND seen_at IS NULL);
            UPDATE updates SET edited_at = CASE WHEN {never} THEN NULL ELSE {moment} END
            WHERE {of_feed} AND retracted_at IS NULL AND edited_at IS NOT NULL
            AND EXISTS ({unseen} AND seen_at IS NULL);
            UPDATE drafted SET seen_at = {moment}
            WHERE seen_at IS NULL AND (update_id, revision) IN (
                SELECT updates.id, updates.revision FROM updates WHERE {of_feed} AND retracted_at IS NULL
            );
            UPDATE feeds SET opened_at = new.published_at,
                closed_at = CASE WHEN closed_at IS NOT NULL THEN new.published_at END
            WHERE article_id = new.id AND old.published_at IS NULL;
        END;
        INSERT INTO drafted (update_id, revision)
            SELECT revisions.update_id, revisions.revision FROM revisions
            JOIN updates ON updates.id = revisions.update_id JOIN feeds ON feeds.id = updates.feed_id
            JOIN articles ON articles.id = feeds.article_id
            WHERE articles.published_at IS NULL OR revisions.at < articles.published_at;
        UPDATE drafted SET seen_at = (
            SELECT articles.published_at FROM updates JOIN feeds ON feeds.id = updates.feed_id
            JOIN articles ON articles.id = feeds.article_id WHERE updates.id = update_id
            AND (retracted_at IS NULL OR retracted_at >= articles.published_at)
        ) WHERE revision = (SELECT max(later.revision) FROM drafted AS later WHERE later.update_id = drafted.update_id);
    """)
    hidden = "retracted_at IS NOT NULL AND notice AND EXISTS (SELECT 1 FROM drafted WHERE update_id = updates.id "
    hidden += "AND drafted.revision = updates.revision AND seen_at IS NULL)"
    for (feed_id,) in db.execute(f"SELECT DISTINCT feed_id FROM updates WHERE {hidden}").fetchall():
        db.execute(f"UPDATE updates SET notice = 0 WHERE feed_id = ? AND {hidden}", [feed_id])
        # Open pages reload, and find it gone.
        db.execute(
            "UPDATE feeds SET epoch = ?, version = version + 1, tick = (SELECT max(tick) + 1 FROM feeds) WHERE id = ?",
            [secrets.token_hex(8), feed_id],
        )


@migrations()
def old_addresses(db: Database) -> None:
    """Slugs that articles had before; `public` says whether a reader could have seen an article there. A feed's name in
    Atom stays, so what it was made of is kept when the slug becomes another."""
    db.executescript("""
        CREATE TABLE addresses (
            slug TEXT PRIMARY KEY, article_id INTEGER NOT NULL REFERENCES articles, public INTEGER NOT NULL
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX addresses_of_article ON addresses (article_id);
        ALTER TABLE feeds ADD COLUMN first_slug TEXT;
    """)


@migrations()
def imports(db: Database) -> None:
    """Updates whose editor said when they were published: that stays, also when their article comes out later."""
    db.execute("ALTER TABLE updates ADD COLUMN imported INTEGER NOT NULL DEFAULT 0")


@migrations()
def languages_of_updates(db: Database) -> None:
    """A BCP 47 tag, or NULL for the feed's language."""
    db.execute("ALTER TABLE updates ADD COLUMN language TEXT")


@migrations()
def words_of_updates(db: Database) -> None:
    """The words of the updates that stand, each as it is compared (see feed.words), so that SQLite has but to part them
    at spaces. Beside the search of the release before, which goes on."""
    db.executescript("""
        CREATE VIRTUAL TABLE words USING fts5 (feed, headline, text, signs, revision UNINDEXED, tokenize = 'ascii');
        CREATE TRIGGER words_of_retracted AFTER UPDATE OF retracted_at ON updates WHEN new.retracted_at IS NOT NULL
        BEGIN DELETE FROM words WHERE rowid = new.id; END;
    """)
    standing = "SELECT id, feed_id, headline, html, revision FROM updates WHERE retracted_at IS NULL"
    for row in db.execute(standing).fetchall():
        headline, body = row["headline"] or "", text.plain(row["html"])
        folded = (" ".join(each) for each in (words.of(headline), words.of(body), words.signs(f"{headline} {body}")))
        db.execute(
            "INSERT INTO words (rowid, feed, headline, text, signs, revision) VALUES (?, ?, ?, ?, ?, ?)",
            [row["id"], str(row["feed_id"]), *folded, row["revision"]],
        )


@migrations()
def people_who_left(db: Database) -> None:
    """Editors who may not sign in any more. A trigger keeps a worker of the release before from letting them in."""
    db.executescript("""
        ALTER TABLE editors ADD COLUMN disabled_at TEXT;
        CREATE TRIGGER no_session_of_disabled BEFORE INSERT ON sessions WHEN EXISTS (
            SELECT 1 FROM editors WHERE id = new.editor_id AND disabled_at IS NOT NULL
        ) BEGIN SELECT RAISE(IGNORE); END;
    """)


@migrations()
def who_did_what(db: Database) -> None:
    """The record of what was done, and by whom; no editor is the command line (see store.actions)."""
    db.executescript("""
        CREATE TABLE actions (
            id INTEGER PRIMARY KEY, at TEXT NOT NULL, editor_id INTEGER REFERENCES editors, verb TEXT NOT NULL,
            subject TEXT, feed_id INTEGER REFERENCES feeds, update_id INTEGER REFERENCES updates,
            article_id INTEGER REFERENCES articles, detail TEXT
        ) STRICT;
        CREATE INDEX actions_of_feed ON actions (feed_id, id);
    """)


@migrations()
def authors(db: Database) -> None:
    """Which editor's card an article shows: for those that there are, the one whose name is the byline, as before."""
    db.execute("ALTER TABLE articles ADD COLUMN author_id INTEGER REFERENCES editors")
    db.execute(
        "UPDATE articles SET author_id = (SELECT min(id) FROM editors WHERE display_name = byline) "
        "WHERE EXISTS (SELECT 1 FROM editors WHERE display_name = byline)"
    )
    db.execute("CREATE INDEX articles_of_author ON articles (author_id)")


@migrations()
def known_networks(db: Database) -> None:
    """From where each editor has signed in: what strangers do elsewhere does not keep them out there."""
    db.executescript("""
        CREATE TABLE known_networks (
            editor_id INTEGER NOT NULL REFERENCES editors ON DELETE CASCADE, network TEXT NOT NULL, at TEXT NOT NULL,
            PRIMARY KEY (editor_id, network)
        ) STRICT, WITHOUT ROWID;
    """)


@migrations()
def contributors(db: Database) -> None:
    """A third role. SQLite has no other way to widen a CHECK than to write the table's definition anew, which is safe
    where no row changes (sqlite.org/lang_altertable.html, section 7); a column beside it would leave the release before
    with people whom it takes for editors. That one refuses a role it does not know."""
    before, now = "role IN ('editor', 'admin')", "role IN ('contributor', 'editor', 'admin')"
    schema = db.execute("PRAGMA schema_version").fetchone()[0]
    db.execute("PRAGMA writable_schema = ON")
    db.execute(
        "UPDATE sqlite_schema SET sql = replace(sql, ?, ?) WHERE type = 'table' AND name = 'editors'", [before, now]
    )
    db.execute(f"PRAGMA schema_version = {schema + 1}")  # other connections read the definitions again
    db.execute("PRAGMA writable_schema = RESET")  # so does this one


@migrations()
def actions_of_who_is_not_here(db: Database) -> None:
    """What was done by somebody who joined after the backup that was restored is kept under their name."""
    db.execute("ALTER TABLE actions ADD COLUMN by_name TEXT")


@migrations()
def looks_of_pictures(db: Database) -> None:
    """What a page says of a picture before it has loaded, and the uploads that wait for their words. In tables of their
    own: the release before names no columns of pictures."""
    db.executescript("""
        CREATE TABLE picture_looks (
            picture_id TEXT PRIMARY KEY REFERENCES pictures, small_width INTEGER NOT NULL, colour TEXT
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE waiting_pictures (
            id TEXT PRIMARY KEY, editor_id INTEGER NOT NULL REFERENCES editors, name TEXT NOT NULL,
            format TEXT NOT NULL, width INTEGER NOT NULL, height INTEGER NOT NULL, small_width INTEGER NOT NULL,
            colour TEXT, animated INTEGER NOT NULL, at TEXT NOT NULL
        ) STRICT, WITHOUT ROWID;
    """)
