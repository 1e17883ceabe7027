"""Nothing is counted into a store that was given up for another."""

import time
from collections.abc import MutableMapping
from typing import Any

import pytest

from config.schema import Config
from config.telemetry import observe
from tests.support.feeding import click_count, eventually, put, running
from tracker.ingest.catch_up import catch_up
from tracker.ingest.ingester import Ingester
from tracker.ingest.lock import Lock
from tracker.spool.writer import Spool
from tracker.store.file import moved


def test_who_feeds_it_gives_way_and_takes_it_again(
    storing: Config,
    spool: Spool,
    ingester: Ingester,
    logged: list[MutableMapping[str, Any]],
) -> None:
    """What comes meanwhile waits in the spool; the log says so once."""
    lock, path = Lock(storing.store.spool_dir), storing.store.path
    with running(ingester):
        put(spool, 1)
        eventually(lambda: click_count(storing) == 1)
        moved.give_up(path, "elsewhere")
        eventually(lock.acquire)
        put(spool, 2)
        assert not ingester.feeds
        lock.release()
        assert catch_up(storing).octets > 0
        assert click_count(storing) == 1
        moved.take_back(path)
        eventually(lambda: click_count(storing) == 2)
    assert [each["event"] for each in logged].count(observe.STORE_GIVEN_UP.name) == 1


def test_a_store_that_is_given_up_while_its_lock_is_waited_for_is_not_fed(
    storing: Config, spool: Spool, ingester: Ingester, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It may be copied by then, and the lock free again."""
    acquire = Lock.acquire

    def copied_meanwhile(lock: Lock) -> bool:
        moved.give_up(storing.store.path, "elsewhere")
        return acquire(lock)

    put(spool, 1)
    assert ingester.drain()
    ingester.close()
    put(spool, 2)
    monkeypatch.setattr(Lock, "acquire", copied_meanwhile)
    assert not ingester.drain()
    assert click_count(storing) == 1
    assert not ingester.feeds


def test_who_asks_for_figures_does_not_wait(
    storing: Config, spool: Spool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It hears what is not in them, and why."""
    pauses: list[float] = []
    put(spool, 1)
    assert catch_up(storing).octets == 0
    put(spool, 2)
    moved.give_up(storing.store.path, "elsewhere")
    monkeypatch.setattr(time, "sleep", pauses.append)
    backlog = catch_up(storing)
    assert backlog.octets > 0
    assert "is being copied to elsewhere, or was" in next(backlog.sentences())
    assert pauses == []
