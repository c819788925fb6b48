"""The `flask` commands of this application, imported when one is asked for: a worker runs none, and they and what they
import, such as the parsers of other systems' exports, are a third of what it would take to start it."""

from collections.abc import Sequence
from importlib import import_module

import click
from flask import Flask
from flask.cli import AppGroup


class CommandLine(AppGroup):
    """The commands of these modules of ours, each of which has an `install` that adds its own to `app.cli`."""

    def __init__(self, app: Flask, modules: Sequence[str]) -> None:
        super().__init__()
        self._app, self._modules = app, modules

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The names of all commands."""
        self._install()
        return super().list_commands(ctx)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """That command, if there is one of this name."""
        self._install()
        return super().get_command(ctx, cmd_name)

    def _install(self) -> None:
        modules, self._modules = self._modules, ()
        for name in modules:
            import_module(f"feed.{name}").install(self._app)
