"""Two nodes behind HAProxy, one of which, or whose database, goes away under load."""

import json
import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.clients.programs import waypost
from tests.support.pair import NAMES, WITHIN_S, Pair, hrefs, running_pair
from tests.support.pair_load import (
    READERS,
    assert_exact,
    counted,
    deliveries,
    relayed,
    under_load,
)
from tests.support.postgresql import Cluster, cluster
from tests.support.stack import Mailbox
from tests.support.waiting import until

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
    """By the very commands that the page has for an upgrade."""
    with under_load(pair) as load:
        for name in NAMES:
            pair.take_out(name)
            pair.nodes[name].stop()
            load.wait_for_more()
            pair.nodes[name].start()
            pair.take_in(name)
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


def test_clicks_on_mail_of_a_node_that_is_gone_for_good_count_without_a_campaign(
    pair: Pair, mailbox: Mailbox, server: Cluster
) -> None:
    """What it had not sent yet is lost; once it is given up, nothing waits for it, and its name is free."""
    server.stop()
    pair.send("b", ANN)
    (ann,) = hrefs(mailbox, 1)
    pair.nodes["b"].kill()
    server.start()
    one = pair.nodes["a"]
    until(lambda: pair.ask(ann) == (302, "https://shop.test/sale"), WITHIN_S)
    assert "Not done yet on b" in one.do("forget", BOB)
    assert waypost("nodes", "-c", one.stack.config, "forget", "b").returncode == 0
    assert "Not done yet" not in one.do("forget", BOB)
    until(lambda: one.stack.report()["totals"]["clicks"]["all"] == 1, WITHIN_S)
    assert [each["campaign"] for each in one.stack.report()["campaigns"]] == [None]
    with one.stack.reading() as db:
        assert db.execute("SELECT name FROM persons").fetchall() == []
    assert [each["node"] for each in json.loads(one.do("nodes", "--json"))["nodes"]] == ["a"]
