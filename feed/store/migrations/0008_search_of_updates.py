"""The words of the updates that are not retracted.

The table begins empty; the migration search_due lists what it lacks. Category M, combining marks, belongs to words: in
Hindi and Thai these are the vowels.
"""

from sqlite_utils import Database


def apply(db: Database) -> None:
    db.execute("""
        CREATE VIRTUAL TABLE search USING fts5 (
            feed, headline, text, revision UNINDEXED,
            tokenize = "unicode61 remove_diacritics 2 categories 'L* M* N* Co'"
        )
    """)
