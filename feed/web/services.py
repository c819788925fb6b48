"""What every view needs of the application: its store, settings, renderer, channel and hub notifier."""

import logging
from dataclasses import dataclass
from typing import cast

from flask import current_app, render_template, request
from jinja2 import Environment

from feed import private
from feed.followers.hub import WebSub
from feed.languages import Languages
from feed.live.channel import Channel
from feed.render import templates
from feed.render.updates import Renderer
from feed.settings import Settings
from feed.store import feeds, search
from feed.store.database import OperationalError, Store
from feed.store.parts import Parts
from feed.store.readiness import Readiness
from feed.store.versions import Versions

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Services:
    """The parts of one application, made by create_app()."""

    settings: Settings
    languages: Languages
    store: Store
    readiness: Readiness
    versions: Versions
    parts: Parts
    render: Renderer
    channel: Channel
    websub: WebSub

    def begin(self, pages: Environment) -> None:
        """What a server does before it answers, with the templates of its pages. Not at import: the command line stays
        without threads."""
        templates.load_all(pages)
        self.render.load()
        private.tighten(self.settings.database, self.settings.media)
        try:
            feeds.record_site_language(self.store)
        except OperationalError as error:
            log.warning("whether the site has another language could not be looked up: %s", error)
        self.websub.start()

    def drain(self) -> None:
        """Lets readers go, and leaves the hub to the next worker."""
        self.websub.stop()
        self.channel.drain()


def services() -> Services:
    """The parts of the application that answers this request."""
    return cast(Services, current_app.extensions["liveline"])


def before_a_search() -> None:
    """Lets the search take in what it has to, outside of the transaction that reads."""
    if request.args.get("q"):
        search.catch_up(services().store)


def written(language: str | None, template: str, **values: object) -> str:
    """The page in that language; None is the site's."""
    with services().languages.writing(language):
        return render_template(template, **values)
