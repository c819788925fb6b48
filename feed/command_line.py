"""The `flask` commands of this application. Each is imported when it is asked for: a worker runs none, and they and
what they import, such as the parsers of other systems' exports, are a fifth of what it would take to start it."""

from importlib import import_module

import click
from flask.cli import AppGroup

# The module of each command or group, which has it under its name.
MODULES = {
    **dict.fromkeys(("start", "db", "schedule", "demo"), "commands"),
    **dict.fromkeys(("editor", "token"), "people_commands"),
    **dict.fromkeys(("log", "update"), "log_commands"),
    "coverage": "coverage_commands",
}
NODE_MODULES = dict.fromkeys(MODULES, "node_commands")


class CommandLine(AppGroup):
    """These commands, by the name of their module in `feed`."""

    def __init__(self, modules: dict[str, str]) -> None:
        super().__init__()
        self._modules = modules

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The names of all commands."""
        return sorted(self._modules)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """That command, if there is one of this name."""
        if cmd_name not in self._modules:
            return None
        command: click.Command = getattr(import_module(f"feed.{self._modules[cmd_name]}"), cmd_name)
        return command
