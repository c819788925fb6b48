"""Whoever acts, and from where."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol


class Door(StrEnum):
    """Which way something was asked for. The values are stored."""

    DESK = "desk"
    API = "api"
    COMMAND = "command line"
    SCHEDULE = "schedule"  # it came out at its moment


@dataclass(frozen=True)
class Origin:
    """From where somebody acts: by which door, from which network (see `networks.network_of`), and with the token of
    that name and id, which limits what they may do; at the desk, in the session with that hash. The web layer gives it
    to the editor that it finds (`Editor.origin`); who has none acts at the command line."""

    door: Door
    network: str | None = None
    token: str | None = None
    token_id: int | None = None
    session: str | None = field(default=None, compare=False, repr=False)


class Actor(Protocol):
    """Whoever acts: the editor's id and name, and from where."""

    @property
    def id(self) -> int: ...

    @property
    def name(self) -> str: ...

    @property
    def origin(self) -> Origin | None: ...
