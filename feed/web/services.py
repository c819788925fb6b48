"""The parts of the application that views use: its store, settings, renderer, channel, hub notifier and schedule."""

import logging
from dataclasses import dataclass
from typing import cast

from flask import current_app, render_template, request
from jinja2 import Environment

from feed import private
from feed.followers.hub import WebSub
from feed.followers.schedule import Schedule
from feed.languages import Languages
from feed.live.channel import Channel
from feed.render import templates
from feed.render.ahead import ahead
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
    schedule: Schedule

    def begin(self, pages: Environment) -> None:
        """Prepares a server for its first request; `pages` are the templates of its pages. This is not done at import,
        so that the command line starts no threads."""
        templates.load_all(pages)
        self.render.load()
        self.store.before_commit = ahead(self.render)
        private.tighten(self.settings.database, self.settings.media)
        try:
            feeds.record_site_language(self.store)
        except OperationalError as error:
            log.warning("whether the site has another language could not be looked up: %s", error)
        self.websub.start()
        self.schedule.start()
        self.channel.begin()

    def drain(self) -> None:
        """Ends the hub notifier and the schedule, and closes the readers' sockets over the drain window."""
        self.websub.stop()
        self.schedule.stop()
        self.channel.drain()


def services() -> Services:
    """The parts of the application that answers this request."""
    return cast(Services, current_app.extensions["liveline"])


def before_a_search() -> None:
    """Brings the search index up to date, outside of the transaction in which the view reads."""
    if request.args.get("q"):
        search.catch_up(services().store)


def render_page(language: str | None, template: str, **values: object) -> str:
    """The page of that template in that language; None is the site's."""
    with services().languages.writing(language):
        return render_template(template, **values)
