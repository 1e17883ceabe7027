"""The process that feeds the store for a tracker, as seen from the tracker.

Owns: starting it, starting another where it ended, handing on a new configuration, and its end.
Does not own: what it does (`child`), or which process of several may feed (`tracker.ingest.lock`).

It is not forked: the tracker has threads and an event loop by then. It is given the configuration that
is in force here, so that both go by the same, and nothing has to be read again that only root may read.
"""

import asyncio
import contextlib
import multiprocessing
from multiprocessing.connection import Connection
from multiprocessing.context import SpawnProcess
from types import TracebackType
from typing import Self

from config.keys import kept_files
from config.schema import Config
from config.telemetry import observe
from tracker.feeding import child

FIRST_PAUSE_S = 0.5
MOST_PAUSE_S = 30.0
LIVED_S = 60.0
"""Who ends before this is tried again ever more seldom."""
LAST_S = 30.0
"""How long what it has under way may take at the end; nothing is lost where it is cut off."""

_SPAWN = multiprocessing.get_context("spawn")


class FeedProcess:
    """A process that feeds the store of `config`, while the block runs."""

    def __init__(self, config: Config) -> None:
        self._config = config
        self._orders: Connection | None = None
        self._stop = asyncio.Event()

    async def __aenter__(self) -> Self:
        """Start it; nobody has to wait until it is there."""
        self._keeping = asyncio.create_task(self._keep())
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Have it end, and wait for that."""
        self._stop.set()
        await self._keeping

    def configure(self, config: Config) -> None:
        """Have it go by another configuration, it and whichever comes after it."""
        self._config = config
        if self._orders is not None:
            self._order(self._orders)

    async def _keep(self) -> None:
        """See to it that there is one, until the end."""
        loop, pause_s = asyncio.get_running_loop(), FIRST_PAUSE_S
        while not self._stop.is_set():
            begun_s = loop.time()
            try:
                status: object = await self._run()
            except OSError as error:  # no process, or no pipe, is to be had
                status = str(error)
            if self._stop.is_set():
                return
            observe.log(observe.FEEDER_LOST, status=status)
            lived = loop.time() - begun_s > LIVED_S
            pause_s = FIRST_PAUSE_S if lived else min(2 * pause_s, MOST_PAUSE_S)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._stop.wait(), pause_s)

    async def _run(self) -> int | None:
        """Run one until it ends, or has to; return its exit status."""
        ours, theirs = _SPAWN.Pipe()
        given = self._config
        first: child.Order = (given, kept_files.everything())
        process = _SPAWN.Process(target=child.feed, args=(theirs, first), name=child.NAME)
        try:
            with theirs:
                await asyncio.to_thread(process.start)
            self._orders = ours
            if self._config is not given:
                self._order(ours)
            await self._ended(process)
        finally:
            self._orders = None
            ours.close()
        await asyncio.to_thread(_end, process)
        return process.exitcode

    async def _ended(self, process: SpawnProcess) -> None:
        """Wait until a process has ended, or this is to end."""
        loop, ended = asyncio.get_running_loop(), asyncio.Event()
        loop.add_reader(process.sentinel, ended.set)
        waiting = [asyncio.create_task(each.wait()) for each in (ended, self._stop)]
        try:
            await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        finally:
            loop.remove_reader(process.sentinel)
            for each in waiting:
                each.cancel()

    def _order(self, orders: Connection) -> None:
        """Send what is in force; a process that has ended is followed by one that is given it."""
        order: child.Order = (self._config, kept_files.everything())
        with contextlib.suppress(OSError):
            orders.send(order)


def _end(process: SpawnProcess) -> None:
    """Wait for the end of a process that has heard of it; not for ever."""
    process.join(LAST_S)
    if process.is_alive():
        process.kill()
        process.join()
