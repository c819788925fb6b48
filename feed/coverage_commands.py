"""The command line: `flask coverage …`."""

from pathlib import Path

import click
from flask import Flask, current_app

from feed.commands import Group
from feed.errors import Missing
from feed.exports import Export, Format
from feed.store import exporting
from feed.web.services import services

coverage = Group("coverage", help="Coverages: export, import.")


def install(app: Flask) -> None:
    """Adds the commands to `flask`."""
    app.cli.add_command(coverage)


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
