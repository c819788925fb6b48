"""Work of one editor waits for earlier work of the same editor, and delays nobody else."""

import threading
from concurrent.futures import Future, ThreadPoolExecutor

import pytest
import requests

from feed.errors import Crowded
from feed.store import editors, tokens
from feed.store.database import Store
from feed.turns import MOST_ORDERED, Turns, orderer
from tests.conftest import Site
from tests.server import Server
from tests.waiting import eventually

HOSTILE = "![" * 8_000  # the slowest to read of all patterns that were tried: half a second of a core


def ordered(turns: Turns, who: int | None, work: threading.Event, begun: list[int | None]) -> bool:
    """Work that takes until that event, ordered by that editor."""
    orderer.set(who)

    def wait() -> bool:
        begun.append(who)
        return work.wait(20)

    return turns.run(wait)


def test_nobody_has_two_threads_and_others_pass_by() -> None:
    turns, hold, begun = Turns(2), threading.Event(), list[int | None]()
    with ThreadPoolExecutor(20) as crowd:
        mine = [crowd.submit(ordered, turns, 1, hold, begun) for _ in range(MOST_ORDERED)]
        eventually(lambda: begun == [1])
        eventually(lambda: turns._lines[1].ordered == MOST_ORDERED)
        over: Future[bool] = crowd.submit(ordered, turns, 1, hold, begun)
        with pytest.raises(Crowded):
            over.result(10)
        theirs = crowd.submit(ordered, turns, 2, hold, begun)
        eventually(lambda: begun == [1, 2])
        hold.set()
        assert all(each.result() for each in [*mine, theirs])
    assert ordered(turns, None, hold, begun), "a command waits for nobody's turn"
    assert turns._lines == {}, "nothing is kept of who has gone"
    turns.close()


def test_a_refused_order_gives_its_turn_back(site: Site) -> None:
    for _ in range(3 * MOST_ORDERED):
        assert site.api("POST", "/api/v1/feeds/news/updates", {"body": "<!-- -->"}).status_code in (201, 422)
    assert site.services.store.texts._lines == {}
    assert orderer.get() is None, "the next request of this connection may be anybody's"


@pytest.mark.long
def test_hostile_articles_of_one_token_hold_up_no_update_of_another(server: Server) -> None:
    store = Store(server.log.parent / "feed.db")
    editors.add(store, "eve", "correct horse battery", "editor", actor=None)
    eve = {"Authorization": f"Bearer {tokens.add(store, 'eve', 'test', actor=None)}"}
    store.close()

    def write(number: int) -> requests.Response:
        article = {"slug": f"hostile-{number}", "headline": "x", "body": HOSTILE}
        return requests.post(f"{server.url}/api/v1/articles", json=article, headers=eve, timeout=120)

    with ThreadPoolExecutor(2 * MOST_ORDERED) as crowd:
        hostile = [crowd.submit(write, number) for number in range(MOST_ORDERED + 4)]
        eventually(lambda: any(each.done() for each in hostile))  # the first refusal: all the others are in line
        for number in range(3):
            server.publish(f"An update {number}")
        assert not all(each.done() for each in hostile), "they were too quick to be in anybody's way"
        answers = [each.result() for each in hostile]
    refused = [answer for answer in answers if answer.status_code == 429]
    assert refused
    assert all(answer.headers["Retry-After"] and "in work already" in answer.json()["detail"] for answer in refused)
    assert {answer.status_code for answer in answers} <= {201, 422, 429}
    assert "Traceback" not in server.log.read_text()


def test_a_refusal_names_the_first_unknown_fields_only(site: Site) -> None:
    many = ",".join(f'"f{number}":1' for number in range(40_000))
    answer = site.api("POST", "/api/v1/feeds/news/updates", b'{"body":"x",%b}' % many.encode())
    assert (answer.status_code, len(answer.data) < 4_000) == (422, True)
    errors = answer.get_json()["errors"]
    assert [each["field"] for each in errors] == [*(f"f{number}" for number in range(10)), "…"]
    assert errors[-1]["message"] == "There are 39,990 more fields that do not exist."
    ten = site.api("POST", "/api/v1/feeds/news/updates", {"body": "", **{f"field {n}": 1 for n in range(10)}})
    assert [each["field"] for each in ten.get_json()["errors"]] == [*(f"field {n}" for n in range(10)), "body"]
    long = site.api("POST", "/api/v1/feeds/news/updates", {"body": "x", "n" * 100_000: 1, "\ud800": 2})
    assert (long.status_code, len(long.data) < 2_000) == (422, True)
