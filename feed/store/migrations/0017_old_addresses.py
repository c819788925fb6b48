"""The slugs that articles had before. `public` says whether readers could have seen an article there.

A feed's id in Atom is made of its first slug and stays the same, so the first slug is kept when the slug changes.
"""

from sqlite_utils import Database


def apply(db: Database) -> None:
    db.executescript("""
        CREATE TABLE addresses (
            slug TEXT PRIMARY KEY, article_id INTEGER NOT NULL REFERENCES articles, public INTEGER NOT NULL
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX addresses_of_article ON addresses (article_id);
        ALTER TABLE feeds ADD COLUMN first_slug TEXT;
    """)
