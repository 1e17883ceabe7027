"""Two nodes behind HAProxy, one of which, or whose database, goes away under load."""

import os
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.clients.programs import until
from tests.support.pair import NAMES, WITHIN_S, Pair, running_pair
from tests.support.pair_load import CAMPAIGN, READERS, Load, under_load
from tests.support.postgresql import Cluster, cluster
from tests.support.readers.links import Links
from tests.support.stack import Mailbox

ANN, BOB = "ann@example.net", "bob@example.net"
AWAY_S = float(os.environ.get("WAYPOST_AWAY_SECONDS", "3"))
"""How long the database is away; what nodes promise is for an hour as well."""
pytestmark = pytest.mark.timeout(300 + 2 * AWAY_S)


@pytest.fixture
def server() -> Iterator[Cluster]:
    """Run a server that a test may stop."""
    with cluster().another() as made:
        yield made


@pytest.fixture
def pair(tmp_path: Path, mailbox: Mailbox, server: Cluster) -> Iterator[Pair]:
    """Run both nodes, and HAProxy."""
    with running_pair(tmp_path, server.url(server.empty_store()), mailbox.port) as made:
        yield made


def counted(pair: Pair) -> Counter[str]:
    """Return how often a click that led to each destination was counted."""
    return Counter(Links(pair.nodes["a"].stack).counted())


def relayed(mailbox: Mailbox) -> Counter[str]:
    """Return how often the relay took the message of each key."""
    return Counter(each.rcpt_tos[0].partition("@")[0] for each in mailbox.received)


def deliveries(pair: Pair) -> int:
    """Return how many deliveries both nodes report."""
    return sum(
        each["deliveries"] for each in pair.report()["campaigns"] if each["campaign"] == CAMPAIGN
    )


def assert_exact(load: Load, mailbox: Mailbox) -> None:
    """Wait until every click and message is counted once; nothing else may be."""
    assert load.refused == []
    assert relayed(mailbox) == Counter(load.acknowledged)
    until(lambda: counted(load.pair).total() >= len(load.answered), WITHIN_S)
    assert counted(load.pair) == Counter(load.answered)
    until(lambda: deliveries(load.pair) >= len(load.acknowledged), WITHIN_S)
    assert deliveries(load.pair) == len(load.acknowledged)


def test_a_node_that_is_killed_costs_no_client_more_than_a_retry(
    pair: Pair, mailbox: Mailbox
) -> None:
    """What was acknowledged was relayed, and what was answered is counted once the node is back."""
    with under_load(pair) as load:
        pair.nodes["b"].kill()
        load.wait_for_more()
        pair.nodes["b"].start()
        pair.until_up()
        load.wait_for_more()
    assert load.refused == []
    copies = relayed(mailbox)
    assert set(load.acknowledged) <= copies.keys()
    until(lambda: set(load.answered) <= counted(pair).keys(), WITHIN_S)
    assert counted(pair).keys() <= load.asked
    # Those that were kept as the node was killed, and whose readers were not answered.
    assert counted(pair).total() - len(counted(pair)) <= READERS
    until(lambda: deliveries(pair) >= len(load.acknowledged), WITHIN_S)
    assert deliveries(pair) <= copies.total()


def test_nodes_are_restarted_one_by_one_and_nothing_is_counted_twice(
    pair: Pair, mailbox: Mailbox
) -> None:
    """As the page says of an upgrade."""
    with under_load(pair) as load:
        for name in NAMES:
            pair.steer(f"set server proxies/{name} state drain")
            pair.steer(f"set server trackers/{name} state maint")
            pair.nodes[name].stop()
            load.wait_for_more()
            pair.nodes[name].start()
            pair.steer(f"set server proxies/{name} state ready")
            pair.steer(f"set server trackers/{name} state ready")
            pair.until_up()
            load.wait_for_more()
    assert_exact(load, mailbox)


def test_who_is_forgotten_while_a_node_is_down_does_not_come_back_with_it(
    pair: Pair, mailbox: Mailbox, server: Cluster
) -> None:
    """Not by mail that it had not counted yet, either, which counts as mail to nobody."""
    pair.send("b", ANN)
    until(lambda: pair.report()["totals"]["deliveries"] == 1, WITHIN_S)
    server.stop()
    pair.send("b", ANN, BOB)
    assert len(mailbox.wait_for(3)) == 3
    pair.nodes["b"].kill()
    server.start()
    said = pair.nodes["a"].do("forget", ANN)
    assert "Not done yet on b" in said
    pair.nodes["b"].start()
    until(lambda: pair.report()["totals"]["messages"] == 2, WITHIN_S)
    assert ANN.encode() not in pair.nodes["b"].spooled()
    with pair.nodes["a"].stack.reading() as db:
        assert db.execute("SELECT name FROM persons").fetchall() == [(BOB,)]


def test_while_the_database_is_away_all_are_served_and_all_are_counted_then(
    pair: Pair, mailbox: Mailbox, server: Cluster
) -> None:
    """No reader and no application hears an error, not once."""
    with under_load(pair) as load:
        server.stop()
        until_s = time.monotonic() + AWAY_S
        while time.monotonic() < until_s:
            load.wait_for_more()
        server.start()
        load.wait_for_more()
    assert load.failures == []
    assert_exact(load, mailbox)
