"""A counter of the changes that pages show and that no feed's version covers (see store.versions)."""

from sqlite_utils import Database


def apply(db: Database) -> None:
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
