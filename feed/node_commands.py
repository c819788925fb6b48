"""The command line of a reader node: `flask start`. What needs the database is at the writer."""

from urllib.parse import urlsplit

import click
from flask.cli import with_appcontext

from feed.commands import check_port, serve
from feed.web.node import node


@click.command(help="Print what this node follows, and serve with gunicorn.")
@with_appcontext
def start() -> None:
    """Runs the node; `make run` calls this."""
    check_port()
    settings = node().settings
    click.echo(f"\n  This is a reader node of {settings.public_url}. It holds readers' sockets, and has no pages.")
    click.echo(f"  It follows {_without_password(settings.broker)}")
    click.echo(f"  and asks the writer at {settings.writer_url} while that is away.\n  Stop with Ctrl+C.\n")
    serve()


def _refused(name: str) -> click.Command:
    """A command in the place of one that needs the database, whatever follows its name."""

    def refuse() -> None:
        raise click.ClickException(
            f"this is a reader node (FEED_ROLE=reader), which has no database. Run `flask {name}` at the writer"
        )

    anything = {"ignore_unknown_options": True, "allow_extra_args": True}
    return click.Command(name, context_settings=anything, callback=refuse, help="At the writer only.")


coverage, db, demo, editor, log, schedule, token, update = map(
    _refused, ("coverage", "db", "demo", "editor", "log", "schedule", "token", "update")
)


def _without_password(broker: str) -> str:
    parts = urlsplit(broker)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"
