"""PostgreSQL is away for long, or comes back as it was before: what nodes hold is counted, once."""

import contextlib
import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from config.schema import Config
from tests.crash.nodes import Outcome, Telling, Victims, Wanted, look
from tests.support.feeding import spool_message
from tests.support.nodes import exchange, node, records, revoke
from tests.support.postgresql import Cluster, cluster
from tests.support.sending import clicks as sent_clicks
from tests.support.waiting import until
from tracker.decisions import shared_log
from tracker.erasure.forget import erase
from tracker.ingest.catch_up import catch_up
from tracker.nodes.connecting import connected
from tracker.reports import summary
from tracker.reports.log import page as log
from tracker.reports.log.filters import Filter
from tracker.spool import segments
from tracker.spool.writer import Spool
from tracker.store import database
from tracker.store.database import StoreError

pytestmark = pytest.mark.timeout(600)
WITHIN_S = 120.0
BURSTS = 40
"""As many segments a node as an hour has, and more: each burst is one of each node."""


@pytest.fixture
def server() -> Iterator[Cluster]:
    """Run a server that a test may stop."""
    with cluster().another() as made:
        yield made


def counted(config: Config) -> bool:
    """Return whether all that a node was told is counted; it is not while the server is away."""
    try:
        return catch_up(config).octets == 0
    except StoreError:
        return False


def until_counted(*nodes: Config) -> None:
    """Wait until whoever feeds the store has counted all that the nodes were told."""
    for each in nodes:
        until(lambda each=each: counted(each), WITHIN_S)


def test_what_gathers_in_an_hour_without_the_server_is_counted_once(
    tmp_path: Path, server: Cluster
) -> None:
    """Also where nodes start anew meanwhile; whoever asks for figures hears that it cannot be reached."""
    url = server.url(server.empty_store())
    nodes = node(tmp_path, url, "a"), node(tmp_path, url, "b")
    chance = random.Random(1)
    telling = Telling(nodes, Wanted(kills=5 * BURSTS, server_kills=0, events=4000), chance)
    feeders = Victims(nodes, server, chance)
    feeders.start()
    try:
        telling.more()
        until_counted(*nodes)
        server.stop()
        for burst in range(1, BURSTS):
            telling.more()
            if burst == BURSTS // 2:
                feeders.end()
                feeders.start()
        assert [len(segments.listing(each.store.spool_dir)) for each in nodes] == [BURSTS] * 2
        with pytest.raises(StoreError) as told:
            catch_up(nodes[0])
        assert told.value.cause == "unreachable"
        server.start()
        until_counted(*nodes)
    finally:
        feeders.end()
    outcome = Outcome()
    look(nodes[0], telling, outcome)
    assert outcome.faults == {}, outcome.table()


def test_a_server_restored_from_a_backup_has_again_what_nodes_hold(
    tmp_path: Path, server: Cluster
) -> None:
    """Figures, as far as segments are held, and every decision; nodes run meanwhile (docs/scale.md)."""
    name = server.empty_store()
    nodes = node(tmp_path, server.url(name), "a"), node(tmp_path, server.url(name), "b")
    chance = random.Random(1)
    telling = Telling(nodes, Wanted(kills=15, server_kills=0, events=1500), chance)
    feeders = Victims(nodes, server, chance)
    feeders.start()
    try:
        telling.more()
        until_counted(*nodes)
        early = revoke(nodes[0], "early.test")
        until(lambda: logged(nodes[0]) == 1, WITHIN_S)
        backup = server.dump(name)
        telling.more()
        until_counted(*nodes)
        late = revoke(nodes[1], "late.test")
        until(lambda: logged(nodes[0]) == 2, WITHIN_S)
        server.take_place(name, server.restore(backup))
        telling.more()
        until_counted(*nodes)
        until(lambda: logged(nodes[0]) == 2, WITHIN_S)
    finally:
        feeders.end()
    exchange(*nodes)
    assert records(nodes[0]) == records(nodes[1]) == (early, late)
    outcome = Outcome()
    look(nodes[0], telling, outcome)
    assert outcome.faults == {}, outcome.table()


def test_a_database_that_is_lost_whole_has_again_what_nodes_hold(
    tmp_path: Path, server: Cluster
) -> None:
    """Figures, decisions, and nobody who was forgotten; who reads clicks by a cursor goes on with it."""
    name = server.empty_store()
    nodes = node(tmp_path, server.url(name), "a"), node(tmp_path, server.url(name), "b")
    exchange(*nodes)
    for number, each in enumerate(nodes, 1):
        spool_message(each, "May", number)
        told(each, 10 * number)
    made = revoke(nodes[0], "early.test"), revoke(nodes[1], "late.test")
    exchange(*nodes)
    erase(nodes[0], "reader@example.net")
    exchange(*nodes)
    with database.reading(nodes[0].store) as db:
        cursor, before = log.latest(db), summary.report(db).totals
    server.take_place(name, server.new())
    database.open_to_feed(nodes[0].store).close()
    exchange(*nodes)
    told(nodes[0], 50)
    until_counted(*nodes)
    assert set(records(nodes[0])) == set(records(nodes[1])) == set(made)
    assert logged(nodes[0]) == len(made)
    with database.reading(nodes[0].store) as db:
        now = summary.report(db).totals
        assert (now.messages, now.clicks_all) == (before.messages + 10, before.clicks_all + 10)
        assert db.execute("SELECT count(*) FROM persons").fetchone() == (0,)
        assert len(log.page(db, Filter(), cursor=cursor).rows) == now.clicks_all


def told(config: Config, first: int) -> None:
    """Have a node count ten clicks."""
    with contextlib.closing(Spool.open(config.store.spool_dir, "tracker")) as spool:
        for each in sent_clicks(10, first):
            spool.append(each)
    until_counted(config)


def logged(config: Config) -> int:
    """Return how many decisions the log of all nodes has."""
    with connected(config.store) as db:
        return len(shared_log.read(db, "overrides", 0, shared_log.latest(db)))
