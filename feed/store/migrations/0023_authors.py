"""Whose card an article shows. For articles that exist, it is the editor whose name is the byline, as before."""

from sqlite_utils import Database


def apply(db: Database) -> None:
    db.execute("ALTER TABLE articles ADD COLUMN author_id INTEGER REFERENCES editors")
    db.execute(
        "UPDATE articles SET author_id = (SELECT min(id) FROM editors WHERE display_name = byline) "
        "WHERE EXISTS (SELECT 1 FROM editors WHERE display_name = byline)"
    )
    db.execute("CREATE INDEX articles_of_author ON articles (author_id)")
