"""A standby that lags takes the place of PostgreSQL: nothing that a node has is lost, or counted twice.

Real servers: a standby made by pg_basebackup, cut off before its primary is killed.
"""

import contextlib
import random
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest

from config.schema import Config
from tests.crash.nodes import Outcome, Telling, Victims, Wanted, look
from tests.support.checks.facts import accepted, pending
from tests.support.feeding import spool_message
from tests.support.nodes import exchange, node, records, revoke
from tests.support.pair import running_pair
from tests.support.pair_load import assert_exact, under_load
from tests.support.postgresql import Cluster, cluster, url_of
from tests.support.receiver import receiving, webhook
from tests.support.sending import clicks as sent_clicks
from tests.support.sending import sending
from tests.support.stack import Mailbox
from tests.support.waiting import until
from tracker.decisions import files, shared_log
from tracker.decisions.consents import Consent, Consents
from tracker.decisions.files import CONSENTS
from tracker.erasure.forget import erase
from tracker.events import Recipient
from tracker.ingest.catch_up import catch_up
from tracker.minting.short_links import ShortLinks
from tracker.nodes.codes import SharedCodes
from tracker.nodes.connecting import connected
from tracker.reports import summary
from tracker.reports.lists import people
from tracker.reports.log import page as log
from tracker.reports.log.filters import Filter
from tracker.spool.writer import Spool
from tracker.store import database

pytestmark = pytest.mark.timeout(600)
WITHIN_S = 120.0
ANN = "ann@example.org"


@dataclass
class Servers:
    """A primary and its standby, each of which may be the next to go; `url` names all."""

    primary: Cluster
    standby: Cluster
    url: str

    def cut_off(self) -> None:
        """Have the standby hear nothing more."""
        self.standby.cut_off(self.primary)

    def fail_over(self) -> None:
        """Kill the primary, and have the standby take its place."""
        self.primary.kill()
        self.standby.promote()

    def go_on(self, third: Cluster) -> "Servers":
        """Return the standby as a primary that has one of its own."""
        third.follow(self.standby)
        return Servers(self.standby, third, self.url)


@pytest.fixture
def places() -> Iterator[list[Cluster]]:
    """Return places of servers, of which a primary runs, with its standby; nodes know of the third as well."""
    with ExitStack() as ending:
        made = [ending.enter_context(cluster().place()) for _ in range(3)]
        made[0].make()
        made[0].start()
        yield made


@pytest.fixture
def servers(places: list[Cluster]) -> Servers:
    """Return a primary with a store, and its standby."""
    primary, standby, _ = places
    url = url_of(primary.empty_store(), *places)
    standby.follow(primary)
    return Servers(primary, standby, url)


@pytest.fixture
def nodes(tmp_path: Path, servers: Servers) -> tuple[Config, Config]:
    """Return two nodes."""
    return node(tmp_path, servers.url, "a"), node(tmp_path, servers.url, "b")


def until_counted(nodes: Sequence[Config]) -> None:
    """Wait until whoever feeds the store has counted all that the nodes were told."""
    for each in nodes:
        until(lambda each=each: catch_up(each).octets == 0, WITHIN_S)


def clicks(config: Config) -> int:
    """Return how many clicks the store has."""
    with database.reading(config.store) as db:
        return int(db.execute("SELECT count(*) FROM clicks").fetchone()[0])


def test_figures_are_complete_after_one_failover_and_after_a_second(
    nodes: tuple[Config, Config], servers: Servers, places: list[Cluster]
) -> None:
    """What a standby lacks is counted again from held segments, once; also where it is the next to go."""
    chance = random.Random(1)
    telling = Telling(nodes, Wanted(kills=20, server_kills=0, events=2000), chance)
    feeders = Victims(nodes, servers.primary, chance)
    feeders.start()
    try:
        for third in (places[2], None):
            telling.more()
            until_counted(nodes)
            servers.cut_off()
            told = clicks(nodes[0])
            telling.more()
            until_counted(nodes)
            assert clicks(nodes[0]) > told
            servers.fail_over()
            until_counted(nodes)
            if third is not None:
                servers = servers.go_on(third)
    finally:
        feeders.end()
    outcome = Outcome()
    look(nodes[0], telling, outcome)
    assert outcome.faults == {}, outcome.table()


def test_what_was_decided_is_in_force_on_all_nodes_though_the_standby_lacks_it(
    nodes: tuple[Config, Config], servers: Servers
) -> None:
    """Decisions in one order, consents, and short links, which no other link gets."""
    one, other = nodes
    revoke(one, "before.test")
    exchange(*nodes)
    servers.cut_off()
    revoke(one, "one.test")
    revoke(other, "other.test")
    files.record(one.store.file, ANN, Consent.NONE)
    code = ShortLinks(one.store.file).add("AQ-token")
    assert registered(one, code, "AQ-token")
    exchange(*nodes)
    servers.fail_over()
    late = revoke(other, "late.test")
    exchange(*nodes[::-1])
    assert records(one) == records(other)
    hosts = {"before.test", "one.test", "other.test", late.value}
    assert {each.value for each in records(one)} == hosts
    for each in nodes:
        assert consent(each) is Consent.NONE
        assert ShortLinks.load(each.store.file).token(code) == "AQ-token"
        assert not registered(each, code, "AQ-another")
    with connected(one.store) as db:
        assert len(shared_log.read(db, "overrides", 0, shared_log.latest(db))) == len(hosts)


def registered(config: Config, code: str, token: str) -> bool:
    """Have a code stand for a token on all nodes; return whether it does."""
    codes = SharedCodes(config.store)
    try:
        return codes.register(code, token)
    finally:
        codes.close()


def consent(config: Config) -> Consent:
    """Return what a node knows that Ann agreed to."""
    return Consents.from_records(CONSENTS.merged(config.store.file).records).of(ANN)


def test_who_was_forgotten_does_not_come_back_with_a_standby_that_lacks_it(
    nodes: tuple[Config, Config], servers: Servers
) -> None:
    """Nor by the mail that is counted again from held segments."""
    one, other = nodes
    for number, config in enumerate(nodes, 1):
        spool_message(config, "May", number)
    exchange(*nodes)
    until_counted(nodes)
    assert persons(one) == ["reader@example.net"]
    servers.cut_off()
    erase(one, "reader@example.net")
    exchange(*nodes)
    until_counted(nodes)
    assert persons(one) == []
    servers.fail_over()
    assert persons(one) == ["reader@example.net"]
    exchange(other, one)
    until_counted(nodes)
    assert persons(one) == []
    with database.reading(one.store) as db:
        assert summary.report(db).totals.messages == 2


def persons(config: Config) -> list[str]:
    """Return whom the store knows."""
    with database.reading(config.store) as db:
        return [name for (name,) in db.execute("SELECT name FROM persons").fetchall()]


def test_a_webhook_is_told_of_every_click_and_again_under_the_same_id_alone(
    nodes: tuple[Config, Config], servers: Servers, tmp_path: Path
) -> None:
    """Of those that the standby lacks, and of those that it did not know to be told."""
    with receiving() as receiver:
        config = nodes[0].model_copy(update={"webhook": (webhook(receiver, tmp_path),)})
        with sending(config):
            clicked(config, 0)
            receiver.wait_for(10)
            servers.cut_off()
            clicked(config, 10)
            receiver.wait_for(20)
            servers.fail_over()
            clicked(config, 20)
            receiver.wait_for(30)
            until(lambda: waiting(config) == 0, WITHIN_S)
    assert len(receiver.events()) == clicks(config) == 30


def test_who_reads_clicks_by_a_cursor_misses_none_though_the_standby_lacks_what_they_read(
    nodes: tuple[Config, Config], servers: Servers
) -> None:
    """Clicks that are counted again come again, with what is new; also where another node is the first."""
    clicked(nodes[0], 0)
    servers.cut_off()
    clicked(nodes[0], 10)
    with database.reading(nodes[0].store) as db:
        cursor = log.latest(db)
    servers.fail_over()
    clicked(nodes[1], 20)
    until_counted(nodes)
    with database.reading(nodes[0].store) as db:
        assert len(log.page(db, Filter(), cursor=cursor).rows) == 20
        assert len(log.page(db, Filter()).rows) == 30


def test_who_wrote_down_the_number_of_a_reader_hears_of_nobody_else_by_it(
    nodes: tuple[Config, Config], servers: Servers
) -> None:
    """The standby lacks a reader: the next one that it hears of gets another number."""
    spooled(nodes[0], "m1", "first@example.net")
    servers.cut_off()
    spooled(nodes[0], "m2", "ann@example.net")
    anns = number_of(nodes[0], "ann@example.net")
    servers.fail_over()
    spooled(nodes[1], "m3", "bob@example.net")
    assert number_of(nodes[1], "bob@example.net") > anns
    until_counted(nodes)
    assert number_of(nodes[0], "ann@example.net") > anns
    with database.reading(nodes[0].store) as db:
        assert people.told(db, [anns]) == []


def spooled(config: Config, message: str, address: str) -> None:
    """Have a message to somebody counted."""
    with contextlib.closing(Spool.open(config.store.spool_dir, "proxy")) as spool:
        spool.append(pending(message, recipients=(Recipient(1, address),)))
        spool.append(accepted(message, 1))
    until(lambda: catch_up(config).octets == 0, WITHIN_S)


def number_of(config: Config, address: str) -> int:
    """Return the number by which the API and pages name a person."""
    with database.reading(config.store) as db:
        (number,) = people.called(db, address)
    return number


def clicked(config: Config, first: int) -> None:
    """Have ten clicks counted."""
    spool = Spool.open(config.store.spool_dir, "tracker")
    for each in sent_clicks(10, first):
        spool.append(each)
    spool.close()
    until(lambda: catch_up(config).octets == 0, WITHIN_S)


def waiting(config: Config) -> int:
    """Return how many events wait to be told."""
    with database.reading(config.store) as db:
        return int(db.execute("SELECT count(*) FROM outbox").fetchone()[0])


def test_readers_and_applications_hear_no_error_and_all_they_did_is_counted_once(
    tmp_path: Path, mailbox: Mailbox, servers: Servers
) -> None:
    """Two nodes behind HAProxy, under load."""
    with running_pair(tmp_path, servers.url, mailbox.port) as pair:
        with under_load(pair) as load:
            servers.cut_off()
            load.wait_for_more()
            servers.fail_over()
            load.wait_for_more()
        assert load.failures == []
        assert_exact(load, mailbox)
