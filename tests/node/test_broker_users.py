"""The users of Redis that docs/nodes.md names may do what the relay and the nodes do, and no more."""

import re
from pathlib import Path

import pytest
from redis import Redis
from redis.exceptions import NoPermissionError

from feed.followers.broker.streams import FEEDS, WRITER
from tests.broker import SECRET, brokering
from tests.conftest import site_in
from tests.node.local import Served, local_node
from tests.server import ROOT
from tests.waiting import eventually


def test_a_writer_and_a_node_with_the_rights_in_the_documents(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (rules,) = re.findall(r"```acl\n(.*?)```", (ROOT / "docs" / "nodes.md").read_text(), re.S)
    (tmp_path / "users.acl").write_text(rules.replace("user default off\n", "user default on nopass ~* &* +@all\n"))
    with brokering(tmp_path, "--aclfile", str(tmp_path / "users.acl")) as broker:
        writers = broker.url.replace("//", "//liveline-writer:WRITERS-PASSWORD@")
        nodes = broker.url.replace("//", "//liveline-node:NODES-PASSWORD@")
        with site_in(tmp_path, FEED_BROKER=writers, FEED_SECRET_KEY=SECRET) as site:
            site.services.channel.begin()
            served = Served(site.app)
            old_url, broker.url = broker.url, nodes
            with local_node(site, broker, served.url) as local:
                eventually(lambda: local.bus.sources.ready)
                page = local.open()
                wrong = site.publish("Wrong")
                local.all_current()
                site.retract(wrong)
                local.all_current()
                local.bus.report({"news": 3})
                local.bus.handed([])
                eventually(lambda: local.told() == {"news": 3})
                eventually(lambda: site.services.channel._bus.readers() == {"news": 3})
                assert local.get(f"/feeds/news/changes?after=0&epoch={page.epoch}").status_code == 200
                assert local.bus.sources.used == "broker"
            broker.url = old_url
            served.stop()
        assert "permission" not in caplog.text
        refused = [line for line in broker.client.acl_log() if line["reason"] != "auth"]
        assert {line["object"] for line in refused} <= {"client|maint_notifications"}
        stranger = Redis.from_url(nodes)
        for command in (("HSET", FEEDS, "news", "x"), ("DEL", WRITER), ("CONFIG", "GET", "dir"), ("FLUSHALL",)):
            with pytest.raises(NoPermissionError):
                stranger.execute_command(*command)
        stranger.close()
