"""create_app(): the wiring of one application, and nothing else. gunicorn serves "app:create_app()"."""

import os
from collections.abc import Mapping

from flask import Flask
from werkzeug.middleware.proxy_fix import ProxyFix

from feed import settings
from feed.command_line import MODULES, NODE_MODULES, CommandLine
from feed.followers.bus import LocalBus
from feed.followers.hub import WebSub
from feed.followers.schedule import Schedule
from feed.languages import Languages
from feed.live.admission import READY
from feed.live.channel import Channel
from feed.live.editors import Editors
from feed.render import templates
from feed.render.updates import Renderer
from feed.settings import Settings
from feed.store.database import Store
from feed.store.parts import Parts
from feed.store.readiness import Readiness
from feed.store.versions import Versions
from feed.web import files, guards, labels, problems, request_ids, static
from feed.web.api import api
from feed.web.cache import Cache, Current, Parameters
from feed.web.desk import desk, installable
from feed.web.embed import embed
from feed.web.health import health
from feed.web.host import OwnHost
from feed.web.invitation import invitation_pages
from feed.web.reader import reader
from feed.web.ready import Ready
from feed.web.request_ids import RequestIds
from feed.web.second_step import second_step_pages
from feed.web.services import Services
from feed.web.sign_in import sign_in_pages
from feed.web.syndication import syndication


def create_app(environ: Mapping[str, str] = os.environ) -> Flask:
    """The application, set up from the FEED_* variables of that environment. Raises BadSetting."""
    chosen = settings.load(environ)
    app = Flask(__name__, static_folder=None)
    channel, current = _node(app, chosen) if chosen.is_node else _writer(app, chosen)
    own = OwnHost(app.wsgi_app, chosen.public_url)
    cache = Cache(own, current, Parameters(app))
    app.wsgi_app = RequestIds(cache, trusted=bool(chosen.proxies))  # type: ignore[method-assign]
    app.extensions[READY] = Ready(cache, trusted=bool(chosen.proxies))
    request_ids.install(app)
    channel.attach(app)
    if chosen.proxies:
        # After the channel, so that the socket too sees the reader's address and not the proxy's. Other headers that a
        # proxy sets or passes on are not used.
        app.wsgi_app = ProxyFix(  # type: ignore[method-assign]
            app.wsgi_app, x_for=chosen.proxies, x_proto=0, x_host=0
        )
    return app


def _writer(app: Flask, chosen: Settings) -> tuple[Channel, Current]:
    """Makes it the whole site, with the database; returns its channel, and what knows which pages are current."""
    languages = Languages(chosen.language, chosen.timezone)
    store = Store(chosen.database, chosen.language)
    render = Renderer(languages, chosen.public_url, chosen.mastodon_hosts)
    versions, parts = Versions(store), Parts(chosen.public_url, chosen.language)
    if chosen.broker:
        from feed.followers.broker.writer import WriterBus  # which imports redis

        bus: LocalBus = WriterBus(store, versions, parts, render, chosen)
    else:
        bus = LocalBus(store, versions, parts, render)
    channel = Channel(bus, chosen, Editors(store, chosen.secret_key, chosen.second_factor))
    websub = WebSub(store, versions, chosen)
    app.extensions["liveline"] = Services(
        chosen, languages, store, Readiness(store), versions, parts, render, channel, websub, Schedule(store)
    )

    templates.equip(app.jinja_env, languages)
    app.jinja_env.globals |= {
        "site_name": chosen.site_name,
        "public_url": chosen.public_url,
        "update_html": render.update,
        "part_html": render.part,
    }
    static.install(app)
    labels.install(app, languages)
    guards.guard(app)
    problems.install(app)
    for blueprint in (
        reader,
        syndication,
        embed,
        files.pictures,
        files.static,
        api,
        sign_in_pages,
        second_step_pages,
        invitation_pages,
        installable.pages,
        desk,
        health,
    ):
        app.register_blueprint(blueprint)
    app.cli = CommandLine(MODULES)
    return channel, versions


def _node(app: Flask, chosen: Settings) -> tuple[Channel, Current]:
    """Makes it a node that only holds readers; returns the same."""
    from feed.followers.broker.catch_up import CatchUp  # these import redis
    from feed.followers.broker.node import NodeBus
    from feed.web import node

    bus = NodeBus(chosen)
    channel = Channel(bus, chosen)
    bus.reading.cut = channel.cut_off
    app.extensions["liveline"] = node.Node(chosen, bus, channel, CatchUp(bus.streams, bus.sources))
    guards.guard(app)
    node.install(app)
    app.cli = CommandLine(NODE_MODULES)
    return channel, node.Answers(bus)
