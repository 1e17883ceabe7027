"""Figures that are up to date, with and without a service that feeds the store."""

import pytest

from config.schema import Config
from tests.support.feeding import click_count, put, running
from tracker.ingest.catch_up import catch_up
from tracker.ingest.ingester import Ingester
from tracker.spool.writer import Spool
from tracker.store import database


def test_catching_up_feeds_where_nobody_does(storing: Config, spool: Spool) -> None:
    """A report needs no running service."""
    put(spool, *range(10))
    assert catch_up(storing).octets == 0
    assert click_count(storing) == 10


def test_catching_up_waits_for_the_ingester(
    storing: Config, spool: Spool, ingester: Ingester
) -> None:
    """What was in the spool when it began is in the store when it ends."""
    with running(ingester):
        for number in range(5):
            put(spool, number)
            assert catch_up(storing).octets == 0
            assert click_count(storing) == number + 1


def test_catching_up_says_what_is_left_when_time_is_up(
    storing: Config, spool: Spool, ingester: Ingester
) -> None:
    """An ingester that does not come on is not waited for without end."""
    ingester.drain()
    put(spool, 1)
    backlog = catch_up(storing, patience_s=0.1)
    assert backlog.octets > 0
    assert backlog.why == "another process is feeding the store"


def test_catching_up_on_nothing_makes_nothing(storing: Config) -> None:
    """Asking leaves no trace."""
    assert catch_up(storing).octets == 0
    assert list(storing.store.path.parent.iterdir()) == []


def test_catching_up_on_a_malformed_store_is_an_error(storing: Config, spool: Spool) -> None:
    """A report does not set anything aside."""
    put(spool, 1)
    storing.store.path.write_bytes(b"\xaa" * 5000)
    with pytest.raises(database.StoreError, match="malformed"):
        catch_up(storing)
    assert storing.store.path.read_bytes() == b"\xaa" * 5000
