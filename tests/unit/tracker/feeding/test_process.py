"""The process that feeds the store for a tracker: started, replaced, told, ended."""

import asyncio
import contextlib
import multiprocessing
import os
import signal
import time
from collections.abc import Callable, MutableMapping
from typing import Any

import pytest

from config.schema import Config
from tests.support.feeding import click_count, put
from tracker.feeding import child, process
from tracker.feeding.process import FeedProcess
from tracker.spool.writer import Spool
from tracker.store.database import StoreError


async def until(holds: Callable[[], bool]) -> None:
    """Wait for what another process does."""
    deadline_s = time.monotonic() + 60
    while True:
        with contextlib.suppress(StoreError):
            if holds():
                return
        assert time.monotonic() < deadline_s
        await asyncio.sleep(0.05)


def pids() -> list[int]:
    """Return the processes that feed now."""
    found = multiprocessing.active_children()
    return [each.pid for each in found if each.name == child.NAME and each.pid is not None]


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have another one at once."""
    monkeypatch.setattr(process, "FIRST_PAUSE_S", 0.01)


async def test_it_feeds_the_store_and_ends_with_the_block(storing: Config, spool: Spool) -> None:
    """It is a process of its own."""
    put(spool, 1, 2)
    async with FeedProcess(storing):
        await until(lambda: click_count(storing) == 2)
        (pid,) = pids()
        assert pid != os.getpid()
    assert not pids()
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


async def test_one_that_is_killed_is_replaced_and_nothing_is_lost(
    storing: Config, spool: Spool, logged: list[MutableMapping[str, Any]]
) -> None:
    """What was not counted yet waits in the spool; the log tells how the first one ended."""
    async with FeedProcess(storing):
        put(spool, 1, 2)
        await until(lambda: click_count(storing) == 2)
        (killed,) = pids()
        os.kill(killed, signal.SIGKILL)
        put(spool, 3, 4)
        await until(lambda: click_count(storing) == 4)
        assert pids() != [killed]
    (line,) = [line for line in logged if line["event"] == "feeder_lost"]
    assert line["status"] == -signal.SIGKILL


async def test_signals_for_the_whole_service_do_not_end_it(storing: Config, spool: Spool) -> None:
    """The tracker says when it is to end."""
    async with FeedProcess(storing):
        put(spool, 1)
        await until(lambda: click_count(storing) == 1)
        (pid,) = pids()
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            os.kill(pid, number)
        put(spool, 2)
        await until(lambda: click_count(storing) == 2)
        assert pids() == [pid]


async def test_a_new_configuration_reaches_it(storing: Config, spool: Spool) -> None:
    """And the one that comes after it: here, that no details are kept."""
    without = storing.model_copy(
        update={"privacy": storing.privacy.model_copy(update={"details": 0.0})}
    )
    async with FeedProcess(storing) as feeding:
        feeding.configure(without)
        put(spool, 1)
        await until(lambda: click_count(storing) == 1)
        (pid,) = pids()
        feeding.configure(storing)
        os.kill(pid, signal.SIGKILL)
        feeding.configure(without)
        put(spool, 2)
        await until(lambda: click_count(storing) == 2)
