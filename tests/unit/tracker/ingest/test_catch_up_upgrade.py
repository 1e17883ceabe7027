"""Whoever asks a store of an earlier version is told how far its upgrade is, or has it upgraded."""

import concurrent.futures
import os
import threading
from collections import namedtuple
from collections.abc import Iterator

import pytest

from config.schema import Config
from tests.support.earlier_stores import put_last
from tests.support.feeding import eventually, put, running
from tracker.first_form import upgrade
from tracker.ingest import catch_up as catch_up_module
from tracker.ingest.catch_up import catch_up
from tracker.ingest.ingester import Ingester
from tracker.ingest.lock import Lock
from tracker.reports import summary
from tracker.spool.writer import Spool
from tracker.store import database
from tracker.store.database import StoreError
from tracker.store.file import replacement
from tracker.store.file.replacement import Progress


@pytest.fixture
def earlier(storing: Config) -> Config:
    """Return the configuration of a store of an earlier version."""
    put_last(storing.store.path)
    return storing


@pytest.fixture
def small_disk(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Have a disk with room for nothing."""
    fields = namedtuple("fields", "f_bavail f_frsize")  # noqa: PYI024 - as the system's own
    monkeypatch.setattr(os, "statvfs", lambda _: fields(10, 4096))
    return


def clicks(config: Config) -> int:
    """Return how many clicks the report has."""
    with database.reading(config.store) as db:
        return summary.report(db).totals.clicks_all


def test_command_upgrades_where_no_service_does(earlier: Config, spool: Spool) -> None:
    """It tells how far that is, and counts what the spool has as well."""
    put(spool, *range(3))
    told: list[Progress] = []
    assert catch_up(earlier, tell=told.append).octets == 0
    assert told[0].percent == 0
    before = told[-1].total
    assert before > 0
    assert clicks(earlier) == 56 + 3


def test_whoever_cannot_wait_is_told_that_it_will_be_upgraded(earlier: Config) -> None:
    """A request over HTTP does not do it, however few clicks there are."""
    with pytest.raises(StoreError, match="of an earlier version, and about to be upgraded"):
        catch_up(earlier, 0)
    assert upgrade.is_due(earlier.store.path)


def test_whoever_asks_while_another_upgrades_is_told_how_far_that_is(earlier: Config) -> None:
    """Whether they would do it or not."""
    with replacement.replacing(earlier.store.path, "upgraded") as begun:
        begun.tell(43, 100)
        for tell in (None, lambda _: None):
            with pytest.raises(StoreError, match="the store is being upgraded, 43 %"):
                catch_up(earlier, tell=tell)


def test_command_that_has_to_waits_for_another_that_upgrades(earlier: Config) -> None:
    """`waypost forget` must find everybody: it goes on once the upgrade is done."""
    told: list[Progress] = []
    asked = threading.Event()

    def tell(progress: Progress) -> None:
        told.append(progress)
        asked.set()

    with concurrent.futures.ThreadPoolExecutor() as pool:
        with replacement.replacing(earlier.store.path, "upgraded") as begun:
            begun.tell(43, 100)
            done = pool.submit(catch_up, earlier, tell=tell, through_upgrade=True)
            assert asked.wait(20)
        assert done.result(60).octets == 0
    assert told[0].percent == 43
    assert not upgrade.is_due(earlier.store.path)


@pytest.mark.usefixtures("small_disk")
def test_what_keeps_a_service_from_it_is_told(earlier: Config, ingester: Ingester) -> None:
    """With the octets that are needed; nothing that was clicked is lost meanwhile."""
    with running(ingester):
        eventually(lambda: bool(Lock(earlier.store.spool_dir).told().failing))
        with pytest.raises(StoreError, match=r"cannot be upgraded: .* octets, and 40960 are free"):
            catch_up(earlier)


@pytest.mark.usefixtures("small_disk")
def test_command_says_what_keeps_it_from_upgrading(earlier: Config) -> None:
    """At once."""
    with pytest.raises(StoreError, match=r"cannot be upgraded: .* octets, and 40960 are free"):
        catch_up(earlier, tell=lambda _: None)


def test_service_that_does_not_upgrade_is_to_be_restarted(
    earlier: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is one of an earlier version that runs still."""
    monkeypatch.setattr(catch_up_module, "PATIENCE_S", 0)
    feeding = Lock(earlier.store.spool_dir)
    assert feeding.acquire()
    with pytest.raises(StoreError, match="restart the service"):
        catch_up(earlier, tell=lambda _: None)
    feeding.release()
