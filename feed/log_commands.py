"""The command line: `flask log …`, and `flask update …`, by which texts go from the log, too."""

import click

from feed.commands import Group
from feed.errors import Missing
from feed.render import log_csv
from feed.store import erasing, log_entries, scrubbing
from feed.store.actors import Door
from feed.store.log_entries import Sought
from feed.web.services import services

log = Group("log", help="Who did what: export.")
update = Group("update", help="Updates: erase.")


@log.command("export", help="Print the log as CSV, the latest entries first.")
@click.option("--who", help="Only what the editor of this name did.")
@click.option("--verb", help="Only this, such as “retract”: the column “verb” has the words.")
@click.option("--feed", help="Only of the feed or the article with this address.")
@click.option("--door", type=click.Choice([each.value for each in Door]), help="Only what came this way.")
@click.option("--words", default="", help="Only entries with these words.")
def export(who: str | None, verb: str | None, feed: str | None, door: str | None, words: str) -> None:
    """Prints a row for each entry."""
    click.echo(log_csv.head(), nl=False)
    sought = Sought(who, verb, feed, door, words=words)
    for entries, _ in log_entries.batches(services().store, None, sought):
        click.echo(log_csv.rows(entries), nl=False)


@update.command(
    "erase", help="Erase the text of the update ID for good, everywhere in the database; it is retracted first."
)
@click.argument("update_id", metavar="ID", type=click.IntRange(1))
@click.option("--reason", required=True, help="Why. It stays in the log, so do not quote what is erased.")
def erase(update_id: int, reason: str) -> None:
    """Erases the update, takes it out of the file, and says where the text still is."""
    try:
        erased = erasing.erase(services().store, update_id, reason, None)
    except Missing:
        raise click.ClickException(f"there is no update {update_id}") from None
    click.echo(
        f"erased update {update_id} of {erased.feed}. Backups made before still hold it, and the broker for a week"
    )
    if warning := scrubbing.scrub(services().store).value:
        click.echo(f"Warning: {warning}", err=True)
