"""The process that feeds the store for a tracker, as seen from the tracker.

Owns: starting it, starting another where it ended, handing on a new configuration, and its end.
Does not own: what it does (`child`), or which process of several may feed (`tracker.ingest.lock`).

It is not forked: the tracker has threads and an event loop by then. It is given the configuration that
is in force here, so that both go by the same, and nothing has to be read again that only root may read:
by the pipe, as what is given at the start has to fit where nobody reads it if the process cannot begin.
"""

import asyncio
import contextlib
import multiprocessing
import socket
from multiprocessing.connection import Connection
from multiprocessing.context import SpawnProcess
from types import TracebackType
from typing import Self

from config.keys import kept_files
from config.schema import Config
from config.service import working_directory
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
    """A process that feeds the store of `config` for a `service`, while the block runs."""

    def __init__(self, config: Config, service: str) -> None:
        self._config, self._service = config, service
        self._stop, self._news = asyncio.Event(), asyncio.Event()

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
        self._news.set()

    async def _keep(self) -> None:
        """See to it that there is one, until the end."""
        loop, pause_s = asyncio.get_running_loop(), FIRST_PAUSE_S
        while not self._stop.is_set():
            begun_s = loop.time()
            try:
                status: object = await self._run()
            except Exception as error:  # noqa: BLE001 - as where no process, pipe or thread is to be had
                status = str(error) or type(error).__name__
            if self._stop.is_set():
                return
            observe.log(observe.FEEDER_LOST, status=status)
            if loop.time() - begun_s > LIVED_S:
                pause_s = FIRST_PAUSE_S
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._stop.wait(), pause_s)
            pause_s = min(2 * pause_s, MOST_PAUSE_S)

    async def _run(self) -> int | None:
        """Run one until it ends, or has to; return its exit status."""
        ours, theirs = _SPAWN.Pipe()
        with ours:
            with theirs:
                process = _SPAWN.Process(
                    target=child.feed, args=(theirs, self._service), name=child.NAME
                )
                working_directory.make_sure()
                await asyncio.to_thread(process.start)
            over = asyncio.Event()
            telling = asyncio.create_task(self._tell(ours, over))
            try:
                await self._ended(process, telling)
            finally:
                over.set()
                self._news.set()
                _hang_up(ours)
                await telling
        await asyncio.to_thread(_end, process)
        return process.exitcode

    async def _tell(self, orders: Connection, over: asyncio.Event) -> None:
        """Send what is in force, and again when that changes; a process that has ended needs none.

        One that is slow to read holds up nothing here.
        """
        while not over.is_set():
            self._news.clear()
            order: child.Order = (self._config, kept_files.everything())
            with contextlib.suppress(OSError):
                await asyncio.to_thread(orders.send, order)
            await self._news.wait()

    async def _ended(self, process: SpawnProcess, telling: "asyncio.Task[None]") -> None:
        """Wait until a process has ended, cannot be told anything, or this is to end."""
        loop, ended = asyncio.get_running_loop(), asyncio.Event()
        loop.add_reader(process.sentinel, ended.set)
        waiting = [asyncio.create_task(each.wait()) for each in (ended, self._stop)]
        try:
            await asyncio.wait([*waiting, telling], return_when=asyncio.FIRST_COMPLETED)
        finally:
            loop.remove_reader(process.sentinel)
            for each in waiting:
                each.cancel()


def _hang_up(orders: Connection) -> None:
    """End what can be read and written here: closing alone would not wake a thread that writes."""
    ours = socket.socket(fileno=orders.fileno())
    try:
        with contextlib.suppress(OSError):
            ours.shutdown(socket.SHUT_RDWR)
    finally:
        ours.detach()


def _end(process: SpawnProcess) -> None:
    """Wait for the end of a process that has heard of it; not for ever."""
    process.join(LAST_S)
    if process.is_alive():
        process.kill()
        process.join()
