"""What every door needs of the application: its store, settings, renderer and channel."""

from dataclasses import dataclass
from typing import cast

from flask import current_app

from feed.live.channel import Channel
from feed.render.updates import Renderer
from feed.settings import Settings
from feed.store.database import Store
from feed.store.versions import Versions


@dataclass(frozen=True)
class House:
    """The parts of one application, made by create_app()."""

    settings: Settings
    store: Store
    versions: Versions
    render: Renderer
    channel: Channel


def house() -> House:
    """The parts of the application that answers this request."""
    return cast(House, current_app.extensions["liveline"])
