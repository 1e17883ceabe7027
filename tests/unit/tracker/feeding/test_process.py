"""The process that feeds the store for a tracker: started, replaced, told, ended."""

import asyncio
import contextlib
import dataclasses
import itertools
import multiprocessing
import os
import signal
import sys
import time
from collections.abc import Callable, MutableMapping
from multiprocessing import spawn
from multiprocessing.context import SpawnProcess
from pathlib import Path
from typing import Any
from unittest import mock

import pytest

from config.keys import kept_files
from config.schema import Config
from tests.support.details import handled
from tests.support.feeding import SENT_S, click_count, put, rows
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
    async with FeedProcess(storing, "tracker"):
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
    async with FeedProcess(storing, "tracker"):
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
    async with FeedProcess(storing, "tracker"):
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
    numbers = itertools.count(1)

    async def is_kept() -> bool:
        """Tell what became of a message, and of a click behind it; return whether the former is kept."""
        number, before = next(numbers), rows(storing, "details")
        spool.append(dataclasses.replace(handled(number), sent_s=SENT_S)).result(5)
        put(spool, number)
        await until(lambda: click_count(storing) == number)
        return rows(storing, "details") > before

    async with FeedProcess(storing, "tracker") as feeding:
        await until(lambda: rows(storing, "details") == 0)
        assert await is_kept()
        (pid,) = pids()
        feeding.configure(without)
        async with asyncio.timeout(60):
            while await is_kept():
                pass
        assert pids() == [pid]
        os.kill(pid, signal.SIGKILL)
        assert not await is_kept()
        assert pids() != [pid]


def much() -> dict[Path, bytes]:
    """Return more than waits in any pipe for who does not read it."""
    return {Path("/etc/waypost/large"): bytes(2_000_000)}


async def test_whatever_keeps_it_from_starting_another_try_is_made(
    storing: Config, spool: Spool, logged: list[MutableMapping[str, Any]]
) -> None:
    """Where processes are short, so are threads, and memory."""
    put(spool, 1)
    causes = [OSError("no process"), RuntimeError("no thread"), MemoryError("no memory")]
    plain = SpawnProcess.start

    def failing(started: SpawnProcess) -> None:
        if causes:
            raise causes.pop(0)
        plain(started)

    with mock.patch.object(SpawnProcess, "start", failing):
        async with FeedProcess(storing, "tracker"):
            await until(lambda: click_count(storing) == 1)
    told = [line["status"] for line in logged if line["event"] == "feeder_lost"]
    assert told == ["no process", "no thread", "no memory"]


async def test_a_program_that_cannot_be_run_is_tried_again(
    storing: Config, spool: Spool, logged: list[MutableMapping[str, Any]]
) -> None:
    """Nothing waits for it to read what it is told, however much that is."""
    put(spool, 1)
    spawn.set_executable("/nowhere/python")
    try:
        with mock.patch.object(kept_files, "everything", much):
            async with FeedProcess(storing, "tracker"):
                await until(lambda: any(line["event"] == "feeder_lost" for line in logged))
                spawn.set_executable(sys.executable)
                await until(lambda: click_count(storing) == 1)
                assert len(pids()) == 1
    finally:
        spawn.set_executable(sys.executable)


async def test_one_that_does_not_read_holds_up_nobody(storing: Config, spool: Spool) -> None:
    """It goes by the last of what it was told meanwhile."""
    with mock.patch.object(kept_files, "everything", much):
        async with FeedProcess(storing, "tracker") as feeding:
            put(spool, 1)
            await until(lambda: click_count(storing) == 1)
            (pid,) = pids()
            os.kill(pid, signal.SIGSTOP)
            for _ in range(3):
                feeding.configure(storing)
                await asyncio.sleep(0.01)
            os.kill(pid, signal.SIGCONT)
            put(spool, 2)
            await until(lambda: click_count(storing) == 2)
            assert pids() == [pid]


async def test_one_that_does_not_read_is_killed_at_the_end(
    storing: Config, spool: Spool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is told no more then, and not waited for."""
    monkeypatch.setattr(process, "LAST_S", 0.1)
    with mock.patch.object(kept_files, "everything", much):
        async with FeedProcess(storing, "tracker") as feeding:
            put(spool, 1)
            await until(lambda: click_count(storing) == 1)
            (pid,) = pids()
            os.kill(pid, signal.SIGSTOP)
            feeding.configure(storing)
            await asyncio.sleep(0.01)
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


async def test_it_starts_where_the_working_directory_is_gone(
    storing: Config, spool: Spool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As that of a version that was replaced while its tracker runs."""
    put(spool, 1)
    gone = tmp_path / "releases"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    async with FeedProcess(storing, "tracker"):
        await until(lambda: click_count(storing) == 1)
        assert not gone.exists()
