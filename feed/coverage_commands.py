"""The command line: `flask coverage …`."""

import sys
from collections.abc import Iterable
from pathlib import Path

import click
from flask import current_app

from feed.commands import Group
from feed.errors import Missing
from feed.exchange import files
from feed.exchange.source import Entry, Unreadable
from feed.exports import Export, Format
from feed.imports import Import, Refused
from feed.store import exporting
from feed.store.feeds import NEWS
from feed.web.services import services

coverage = Group("coverage", help="Coverages: export, import.")


@coverage.command("export", help="Write what readers can see of the coverage SLUG into the new folder PATH, as JSON.")
@click.argument("slug")
@click.argument("path", type=click.Path(path_type=Path))
@click.option("--html", is_flag=True, help="Static pages instead, which open without a server and a network.")
def export(slug: str, path: Path, *, html: bool) -> None:
    """Writes the folder, and prints the file to begin with."""
    made = Export(services(), current_app.jinja_env, slug, Format.HTML if html else Format.JSON)
    try:
        exporting.record(services().store, slug, None)
        made.into_folder(path.resolve())
    except Missing:
        raise click.ClickException(f"there is no public coverage {slug}") from None
    click.echo(f"exported to {path / made.first}")
    if made.missing:
        lost = f"{len(made.missing)} files of pictures are missing, such as {made.missing[0]}"
        click.echo(f"Warning: {lost}", err=True)


@coverage.command("import", help="Import a coverage: our JSON, WordPress Liveblog, RSS or Atom, with its own times.")
@click.argument("path", type=click.Path(path_type=Path, exists=True))
@click.option("--into", metavar="SLUG", help="A coverage of this site; a new article is made when left out.")
@click.option("--post", metavar="NUMBER", help="The post, in a WordPress export with several liveblogs.")
@click.option("--dry-run", is_flag=True, help="Say what would happen, and change nothing.")
def import_(path: Path, into: str | None, post: str | None, *, dry_run: bool) -> None:
    """Prints a line for each problem, and what became of all entries. Exit code 1 when something was refused."""
    try:
        made = Import(services(), files.read(path, post), into, _with_bar, dry_run=dry_run)
        for sentence in made.run():
            click.echo(sentence, err=True)
    except Unreadable as error:
        raise click.ClickException(f"{path} cannot be imported: {error}") from None
    except Refused as error:
        raise click.ClickException(str(error)) from None
    if dry_run:
        click.echo("Nothing was stored. The import would give:")
    for outcome, count in sorted(made.outcomes.items()):
        click.echo(f"{count} {outcome}")
    if made.points:
        click.echo(f"{made.points} points of what is known")
    if made.refused:
        click.echo(f"{made.refused} refused")
    if made.slug and not dry_run and made.public:
        click.echo(f"{services().settings.public_url}/{'articles' if made.slug != NEWS else 'feeds'}/{made.slug}")
    sys.exit(1 if made.refused else 0)


def _with_bar(entries: Iterable[Entry], count: int) -> Iterable[Entry]:
    """Shows a progress bar on a terminal, and nothing elsewhere."""
    if not sys.stderr.isatty():
        yield from entries
        return
    with click.progressbar(entries, count, "Reading", file=sys.stderr) as bar:
        yield from bar
