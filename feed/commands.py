"""The command line: `flask start`, `flask db …`, and the groups schedule and demo."""

import os
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click
from flask.cli import AppGroup, with_appcontext

from feed import picture, private, text, times
from feed.demo import replay as replaying
from feed.demo import sample
from feed.errors import Invalid
from feed.store import backup as backups
from feed.store import (
    feeds,
    invitations,
    log,
    migrations,
    picture_files,
    pictures,
    scheduled,
    scrubbing,
)
from feed.store import repair as repairs
from feed.store import rerender as rerendering
from feed.store.database import DatabaseError, Restoring, unsafe_sqlite
from feed.web.services import services

OPENING = 60  # characters of a text: a line of a terminal has room for them


@contextmanager
def errors_as_one_line() -> Iterator[None]:
    """Reports errors of files, of the database and of the input as one sentence, never as a stack trace."""
    try:
        yield
    except DatabaseError as error:
        raise click.ClickException(f"the database cannot be used: {error}. {_advice(error)}") from None
    except Invalid as error:
        raise click.ClickException(" ".join(reason.message for reason in error.reasons)) from None
    except UnicodeError:
        raise click.ClickException("this is not UTF-8") from None
    except OSError as error:
        raise click.ClickException(str(error)) from None


def _advice(error: DatabaseError) -> str:
    if isinstance(error, Restoring) or "locked" in str(error):
        return "Try again when that is over."
    if "no such table" in str(error):
        return "Run `flask db upgrade` first."
    return "Look at FEED_DATABASE; `flask db check` may say more."


class Group(AppGroup):
    """A group of commands that report errors as one sentence."""

    def invoke(self, ctx: click.Context) -> Any:
        with errors_as_one_line():
            return super().invoke(ctx)


db = Group("db", help="The database: upgrade, backup, restore, check, repair, rerender, vacuum.")
schedule = Group("schedule", help="What comes out by itself.")
demo = Group("demo", help="Stories to look at.")


@click.command(help="Prepare everything, print the addresses, and serve with gunicorn.")
@with_appcontext
def start() -> None:
    """Runs the site; `make run` calls this."""
    with errors_as_one_line():
        _make_ready()
    services().store.close()
    serve()


def _make_ready() -> None:
    check_port()
    private.tighten(services().settings.database, services().settings.media)
    migrations.upgrade(services().store)
    log.catch_up(services().store)
    picture.sweep(services().settings.media)
    sample.load_if_empty(services().store, services().settings.media)
    if warning := unsafe_sqlite():
        click.echo(f"Warning: {warning}", err=True)
    url = services().settings.public_url
    click.echo(f"\n  {services().settings.site_name} is at {url}\n  The desk is at {url}/desk/")
    if invitation := invitations.invite_first(services().store):
        click.echo(f"  Make the first editor (works once): {url}/desk/first/{invitation}")
    click.echo("  Stop with Ctrl+C.\n")


def check_port() -> None:
    """Refuses to start where the port that is to be served is taken, or is no port."""
    host, port = os.environ.get("HOST", "127.0.0.1"), int(os.environ.get("PORT", "8000"))
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host.strip("[]"), port))
        except OSError as error:
            raise click.ClickException(
                f"cannot listen on {host}, port {port}: {error.strerror}; choose another, as in PORT={port + 1}"
            ) from None


def serve() -> None:
    """Becomes gunicorn, which serves the application; never returns."""
    sys.stdout.flush()
    os.execv(sys.executable, [sys.executable, "-m", "gunicorn", "app:create_app()"])  # noqa: S606 - the arguments are ours


@db.command(help="Bring the schema up to date. Safe to repeat.")
def upgrade() -> None:
    """Applies the migrations and prints their names."""
    private.tighten(services().settings.database, services().settings.media)
    names = migrations.upgrade(services().store)
    log.catch_up(services().store)
    picture.sweep(services().settings.media)
    click.echo("\n".join(f"applied {name}" for name in names) or "up to date")


@db.command(help="Write a copy of database and pictures into one file, while the site runs.")
@click.argument("path", type=click.Path(path_type=Path))
@click.option("--keep", type=click.IntRange(min=1), help="PATH is a folder; of the backups there keep the latest KEEP.")
def backup(path: Path, keep: int | None) -> None:
    """Writes a backup to PATH or, with --keep, to a new file in the folder PATH."""
    if not services().store.path.is_file():  # SQLite would make an empty one, and the backup of that would be useless
        raise click.ClickException(f"there is no database at {services().store.path}; see FEED_DATABASE")
    if keep is None and path.is_dir():
        raise click.ClickException(f"{path} is a folder; name a file in it, or say how many to keep: --keep 14")
    store, media, path = services().store, services().settings.media, path.resolve()
    try:
        made = backups.backup_into(store, media, path, keep) if keep else path
        if not keep:
            backups.backup(store, media, path)
    except backups.NoBackup as error:
        raise click.ClickException(f"{error}. Nothing was written") from None
    click.echo(f"backed up to {made}")
    if lost := picture_files.missing(store, media):
        click.echo(f"Warning: {len(lost)} files of pictures are missing in {media}, such as {lost[0]}", err=True)


@db.command(help="Replace database and pictures by a backup; open pages reload.")
@click.argument("path", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--without-pictures", is_flag=True, help="Restore although files of pictures are missing.")
def restore(path: Path, *, without_pictures: bool) -> None:
    """Restores the backup at PATH, unless it is none, of a newer release, or without its pictures."""
    try:
        media = services().settings.media
        backups.restore(services().store, media, path.resolve(), without_pictures=without_pictures)
    except backups.NoBackup as error:
        raise click.ClickException(f"{error}. Nothing was changed.") from None
    click.echo(f"restored from {path}")


@db.command(help="Let all open pages reload: after the database was put here by other means than restore.")
def adopt() -> None:
    """Begins a new epoch of every feed."""
    click.echo(f"{feeds.begin_epochs(services().store)} feeds begin anew; open pages reload")


@db.command(help="Check the file, its contents and the log. Exit code 1 when something is wrong.")
@click.option("--head", metavar="NUMBER:DIGEST", help="What an earlier check printed: is it still in the log?")
def check(head: str | None) -> None:
    """Prints what is wrong, or that all is well; and where the log ends, to be noted elsewhere."""
    problems = backups.check(services().store)
    with services().store.read() as database:
        problems += log.check(database)
        if head is not None and not log.has(database, head):
            problems.append(f"the log has no entry {head}: it is not the log that it was, or one of another site")
        end = log.head(database)
    click.echo("\n".join(problems) or "all is well")
    click.echo(f"the log ends at {end}")
    sys.exit(1 if problems else 0)


@db.command(help="Make derived data anew: search index, counters, parts. Exit code 1 when something else is wrong.")
def repair() -> None:
    """Prints what was repaired, and fails with what only a backup can repair."""
    click.echo("\n".join(repairs.repair(services().store)))
    media = services().settings.media
    if swept := picture.sweep(media):
        click.echo(f"took away {swept} unfinished files of pictures")
    if measured := pictures.measure(services().store, media):
        click.echo(f"measured {measured} pictures of an earlier release")
    if problems := backups.check(services().store):
        raise click.ClickException("; ".join(problems) + ". Only a backup can mend that: flask db restore PATH")
    click.echo("all is well")


@db.command(help="Render all stored texts anew, by the rules of this release; open pages of what changed reload.")
@click.option("--dry-run", is_flag=True, help="Say what would change, and change nothing.")
def rerender(*, dry_run: bool) -> None:
    """Prints what was rendered anew, or would be."""
    for sentence in rerendering.rerender(services().store, dry_run=dry_run):
        click.echo(sentence)


@db.command(help="Write the file anew, so that it holds nothing of what was erased; nobody can write meanwhile.")
def vacuum() -> None:
    """Writes the file anew, however large it is, and says whether anything is left of what was deleted."""
    if warning := scrubbing.rewrite(services().store).value:
        raise click.ClickException(warning)
    click.echo("written anew; nothing is left in it of what was erased")


@schedule.command("list", help="List what is scheduled, and what could not come out.")
def list_scheduled() -> None:
    """Prints a line for each, with tabs between the fields: the moment in the site's zone, the state, the feed or
    article, the byline and the opening; and why it failed."""
    with services().store.read() as db:
        for each in scheduled.everything(db):
            moment = times.with_offset(each.publish_at, services().settings.timezone)
            opening = (
                each.heading if each.article_id else each.headline or text.shorten(" ".join(each.body.split()), OPENING)
            )
            where, why = each.feed or each.article or "", [each.reason] if each.reason else []
            click.echo("\t".join((moment, each.state, where, each.byline, opening or "", *why)))


@demo.command("load", help="Put the sample stories into an empty database.")
def load() -> None:
    """Loads the sample stories if there are no articles."""
    migrations.upgrade(services().store)
    loaded = sample.load_if_empty(services().store, services().settings.media)
    click.echo("loaded the sample stories" if loaded else "there are articles already; nothing was loaded")


@demo.command("replay", help="Replay the Apollo 11 landing through the API of a running site.")
@click.option("--url", default="http://127.0.0.1:8000", show_default=True)
@click.option("--token", "secret", envvar="FEED_TOKEN", required=True, help="Or FEED_TOKEN.")
@click.option("--speed", type=click.FloatRange(1), default=600, show_default=True, help="Times as fast as 1969.")
@click.option("--longest", type=click.FloatRange(0), default=8, show_default=True, help="Seconds between two steps.")
def replay(url: str, secret: str, speed: float, longest: float) -> None:
    """Replays the landing and prints a line for each step."""
    try:
        for line in replaying.replay(url.rstrip("/"), secret, speed, longest):
            click.echo(line)
    except replaying.Refused as error:
        raise click.ClickException(str(error)) from None
