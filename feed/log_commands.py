"""The command line: `flask log …`."""

import click
from flask import Flask

from feed.commands import Group
from feed.render import log_csv
from feed.store import log_entries
from feed.store.actions import Door
from feed.store.log_entries import Sought
from feed.web.services import services

log = Group("log", help="Who did what: export.")


def install(app: Flask) -> None:
    """Adds the commands to `flask`."""
    app.cli.add_command(log)


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
