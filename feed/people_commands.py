"""The command line: `flask editor …` and `flask token …`."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

import click

from feed.commands import Group
from feed.errors import Invalid, Missing
from feed.store import editors, invitations, people, permissions, second_factor, tokens
from feed.web.services import services

editor = Group("editor", help="Who may write.")
token = Group("token", help="Bearer tokens of the API.")


@editor.command("add", help="Add an editor; the password comes from a prompt or one line of standard input.")
@click.argument("name")
@click.option("--role", type=click.Choice(permissions.ROLES), default="editor", show_default=True)
@click.option("--display-name", help="The byline; made of NAME when left out.")
def add_editor(name: str, role: str, display_name: str | None) -> None:
    """Adds an editor and prints the name and the role."""
    try:
        added = editors.add(services().store, name, _password(), role, display_name, actor=None)
    except Invalid as error:
        raise click.ClickException(str(error)) from None
    click.echo(f"added {added.name} ({added.role})")


@editor.command("invite", help="Print a one-time link: for somebody new, or to replace the password of an editor.")
@click.argument("name")
@click.option("--role", type=click.Choice(permissions.ROLES), help="Of somebody new.  [default: editor]")
@click.option("--display-name", help="The byline of somebody new; made of NAME when left out.")
@click.option("--days", type=click.IntRange(1, invitations.MOST_DAYS), default=invitations.DAYS, show_default=True)
def invite_editor(name: str, role: str | None, display_name: str | None, days: int) -> None:
    """Prints the link alone. An editor's old password and sessions end at once."""
    with services().store.read() as db:
        here = name in {person.editor.name for person in people.everyone(db)}
    if here and (role or display_name):
        raise click.ClickException(f"{name} is here already; without --role and --display-name they get a new password")
    if here:
        token = invitations.reset_password(services().store, name, days, None)
    else:
        token = invitations.invite(services().store, name, role or "editor", display_name, days, None)
    click.echo(f"{services().settings.public_url}/desk/invitations/{token}")


@editor.command("role", help="Give NAME another role, from the next request on.")
@click.argument("name")
@click.argument("role", type=click.Choice(permissions.ROLES))
def change_role(name: str, role: str) -> None:
    """Changes the role and prints it."""
    with _known(name):
        people.change_role(services().store, name, role, None)
    click.echo(f"{name} is {role} now")


@editor.command("list", help="List the editors, with their sessions and tokens.")
def list_editors() -> None:
    """Prints a line for each editor, with tabs between the fields."""
    with services().store.read() as db:
        for person in people.everyone(db):
            each = person.editor
            state = f"{person.state} {each.disabled_at or ''}".rstrip()
            works = f"{person.sessions} sessions, {person.tokens} tokens"
            click.echo("\t".join((each.name, each.display_name, each.role, state, works)))


@editor.command("disable", help="Keep NAME from writing, from now on: sessions and tokens end.")
@click.argument("name")
def disable_editor(name: str) -> None:
    """Ends all sessions and tokens of the editor, and prints how many."""
    with _known(name):
        ended = people.disable(services().store, name, None)
    click.echo(f"disabled {name}: ended {ended.sessions} sessions and {ended.tokens} tokens")


@editor.command("enable", help="Let NAME sign in again with the old password; tokens have to be made anew.")
@click.argument("name")
def enable_editor(name: str) -> None:
    """Lets the editor sign in again; the old tokens stay revoked."""
    with _known(name):
        people.enable(services().store, name, None)
    click.echo(f"enabled {name}")


@editor.command("password", help="Give NAME another password, as `add` takes it; all their sessions end.")
@click.argument("name")
def set_password(name: str) -> None:
    """Sets the password, ends the sessions, and prints the tokens that stay valid."""
    with _known(name):
        with services().store.read() as db:
            editors.by_name(db, name)  # fails before the password is typed
        ended = people.set_password(services().store, name, _password(), None)
    click.echo(f"changed the password of {name}: ended {ended.sessions} sessions")
    _say_what_works(name)


@editor.command("reset-second-factor", help="Take all second factors of NAME away, as for a lost phone; sessions end.")
@click.argument("name")
def reset_second_factor(name: str) -> None:
    """Takes app, passkeys and recovery codes away, and ends the sessions."""
    with _known(name):
        ended = second_factor.reset(services().store, name, None)
    click.echo(f"{name} signs in with the password alone: ended {ended} sessions")


@token.command("add", help="Print a new token of EDITOR, which is not shown again.")
@click.argument("editor_name", metavar="EDITOR")
@click.option("--name", default="api", show_default=True, help="What it is for; revoking goes by this.")
@click.option("--days", type=click.IntRange(1, 3650), help="For how many days it is valid; without end when left out.")
@click.option("--feed", "feeds_named", multiple=True, metavar="SLUG", help="Only for this feed; may be repeated.")
@click.option("--may", metavar="SCOPES", help="Only these, with commas: read,publish,edit,retract.")
def add_token(editor_name: str, name: str, days: int | None, feeds_named: tuple[str, ...], may: str | None) -> None:
    """Prints the token alone, so that a script can take it."""
    scopes = None if may is None else [each.strip() for each in may.split(",")]
    try:
        added = tokens.add(
            services().store, editor_name, name, days, actor=None, scopes=scopes, slugs=feeds_named or None
        )
    except Missing:
        raise click.ClickException(f"there is no editor {editor_name}; add one with `flask editor add`") from None
    click.echo(added)


@token.command("list", help="List the tokens of all, or of EDITOR; never the tokens themselves.")
@click.argument("editor_name", metavar="[EDITOR]", required=False)
def list_tokens(editor_name: str | None) -> None:
    """Prints a line for each token, with tabs between the fields."""
    with _known(editor_name or ""), services().store.read() as db:
        for each in tokens.of_editor(db, editor_name):
            until = f"until {each.expires_at}" if each.expires_at else "without end"
            state = f"revoked {each.revoked_at}" if each.revoked_at else until if each.works else f"over, {until}"
            may = "all" if each.scopes is None else ",".join(each.scopes)
            where = "all feeds" if each.feeds is None else f"feeds {','.join(each.feeds) or 'that are gone'}"
            used = f"used {each.used_at}" if each.used_at else "never used"
            line = (each.editor, each.name, f"made {each.created_at}", state, f"may {may}", where, used)
            click.echo("\t".join(line))


@token.command("revoke", help="End the tokens of EDITOR at once: all, or those of a name.")
@click.argument("editor_name", metavar="EDITOR")
@click.option("--name", help="Only those of this name.")
def revoke_token(editor_name: str, name: str | None) -> None:
    """Revokes the tokens, and prints those that stay valid."""
    with _known(editor_name):
        click.echo(f"revoked {tokens.revoke(services().store, editor_name, name, actor=None)}")
    _say_what_works(editor_name)


def _password() -> str:
    if sys.stdin.isatty():
        return str(click.prompt("Password", hide_input=True, confirmation_prompt=True))
    return sys.stdin.readline().rstrip("\n")


@contextmanager
def _known(name: str) -> Iterator[None]:
    try:
        yield
    except Missing:
        raise click.ClickException(f"there is no editor {name}; see `flask editor list`") from None


def _say_what_works(editor_name: str) -> None:
    with services().store.read() as db:
        working = [each.name for each in tokens.of_editor(db, editor_name) if each.works]
    if working:
        click.echo(f"{len(working)} tokens of {editor_name} still work: {', '.join(working)}")
