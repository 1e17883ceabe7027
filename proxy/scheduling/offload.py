"""Work on large and slow messages in a process of its own, so that no other session waits for it.

Owns: that process: started with the first such message, ended when there has been none for a
while, replaced when it dies, gone when its parent is.
Does not own: which messages these are (`dispatch`), the work (`proxy.rewrite.transformer`), how
octets get there and back (`shared_memory`), or what is done when it fails
(`proxy.delivery.delivery`).

A thread would not do: one call into C, say to decode 25 MB of base64, holds the interpreter for a
tenth of a second and with it every session.
"""

import asyncio
import multiprocessing
import os
import signal
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import replace
from functools import partial
from itertools import count
from multiprocessing import connection, parent_process
from pathlib import Path
from typing import Concatenate, ParamSpec, TypeVar

from config.keys import kept_files
from config.schema import Config
from config.service import working_directory
from config.service.gc_tuning import freeze_startup_objects
from config.telemetry import observe
from proxy.rewrite.submission import Fault, Outgoing, Submission
from proxy.rewrite.transformer import Prepared, Transformer
from proxy.scheduling.shared_memory import SharedBuffer
from tracker.decisions.files import CONSENTS, ConsentsInForce
from tracker.records.live import LiveRecords

IDLE_S = 120.0
"""After this long without work the process ends and its memory is freed."""

MAX_BUFFERS = 2
"""Messages in shared buffers at one time: one that is worked on, and the next."""

MakeCopy = Callable[[int], Awaitable[Outgoing]]
"""Makes the copy of the recipient at this index."""

P = ParamSpec("P")
T = TypeVar("T")


class OffloadProcess:
    """The process that works on large and slow messages under one configuration."""

    def __init__(self, config: Config) -> None:
        self._config = config
        self._pool: ProcessPoolExecutor | None = None
        self._users = 0
        self._closing: asyncio.TimerHandle | None = None
        self._keys = count()
        self._buffers = asyncio.Semaphore(MAX_BUFFERS)

    def warm_up(self) -> None:
        """Start the process, if there is none: work for it is on its way. It ends unused after IDLE_S."""
        if self._pool is None:
            with self._in_use():
                # Whether it could be started is told to whoever needs it.
                self._submitted(_nothing).add_done_callback(Future.exception)

    async def shared(self, content: bytes, submission: Submission, now_s: float) -> Outgoing:
        """Return the one copy for all recipients.

        Raises Fault, OSError where there is no memory for a buffer, and BrokenProcessPool when the
        process died over it.
        """
        async with self._buffer() as buffer:
            await buffer.put(content)
            made = await self._do_with(buffer, _shared, submission, now_s)
            return replace(made, content=await buffer.taken() or content)

    async def left_alone(
        self, content: bytes, submission: Submission, now_s: float, fault: Fault
    ) -> Outgoing:
        """Return a message that could not be worked on as it may go out. Raises as `shared`."""
        async with self._buffer() as buffer:
            await buffer.put(content)
            made = await self._do_with(buffer, _left_alone, submission, now_s, fault)
            return replace(made, content=await buffer.taken() or content)

    @asynccontextmanager
    async def prepared(
        self, content: bytes, submission: Submission, now_s: float
    ) -> AsyncIterator[MakeCopy | None]:
        """Plan a message, keep the plan there, and yield a function that makes each copy.

        None: nothing is to be changed, so that all may get the one copy. Raises as `shared`, and so
        does the function, which adds KeyError where a new process knows nothing of the message.
        """
        key = next(self._keys)
        with self._in_use():  # the relay may take its time for each copy
            try:
                async with self._buffer() as buffer:
                    await buffer.put(content)
                    is_kept = await self._do_with(buffer, _prepare, key, submission, now_s)
                yield partial(self._personal, key) if is_kept else None
            finally:
                self._forget_there(key)

    async def _personal(self, key: int, index: int) -> Outgoing:
        async with self._buffer() as buffer:
            made = await self._do_with(buffer, _personal, key, index)
            return replace(made, content=await buffer.taken())

    def _forget_there(self, key: int) -> None:
        """Have the process forget a message; one that has died keeps none."""
        with suppress(BrokenProcessPool):
            if self._pool is not None:
                self._pool.submit(_forget, key)

    def close(self) -> None:
        """End the process, once it has finished its work."""
        if self._pool is not None:
            self._pool.shutdown(wait=False)
        self._pool = None

    @asynccontextmanager
    async def _buffer(self) -> AsyncIterator[SharedBuffer]:
        """Wait until fewer than MAX_BUFFERS are in use."""
        async with self._buffers:
            with SharedBuffer() as buffer:
                yield buffer

    async def _do_with(
        self,
        buffer: SharedBuffer,
        work: Callable[Concatenate[Path, P], T],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> T:
        """Run `work` in the process, on what is in `buffer`; return its result."""
        borrowed = buffer.borrowed()
        future = self._submitted(work, borrowed.path, *args, **kwargs)
        borrowed.until(future)
        return await self._done(future)

    def _submitted(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> "Future[T]":
        """Submit `work` to the process; where that fails, the future says so."""
        try:
            return self._started().submit(work, *args, **kwargs)
        except Exception as error:  # noqa: BLE001 - raised again by who awaits it
            failed: Future[T] = Future()
            failed.set_exception(error)
            return failed

    async def _done(self, future: "Future[T]") -> T:
        pool = self._pool
        with self._in_use():
            try:
                return await asyncio.wrap_future(future)
            except BrokenProcessPool:
                if self._pool is pool:  # else another message's failure has closed it before
                    self.close()
                raise

    @contextmanager
    def _in_use(self) -> Iterator[None]:
        """Keep the process meanwhile, and for IDLE_S after."""
        if self._closing is not None:
            self._closing.cancel()
        self._users += 1
        try:
            yield
        finally:
            self._users -= 1
            if not self._users:
                self._closing = asyncio.get_running_loop().call_later(IDLE_S, self.close)

    def _started(self) -> ProcessPoolExecutor:
        if self._pool is None:
            working_directory.make_sure()
            # Not forked: this process has threads and an event loop.
            self._pool = ProcessPoolExecutor(
                max_workers=1,
                mp_context=multiprocessing.get_context("spawn"),
                initializer=_begin,
                initargs=(self._config, kept_files.everything()),
            )
        return self._pool


# In the other process.

_prepared: dict[int, Prepared] = {}
_transformers: list[Transformer] = []


def _begin(config: Config, kept: Mapping[Path, bytes]) -> None:
    kept_files.adopt(kept)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    observe.configure(config.log.level, config.log.format)
    consents: ConsentsInForce = LiveRecords(CONSENTS, config.store.file)
    _transformers.append(Transformer.from_config(config, consents.latest, probed=True))
    freeze_startup_objects(keep_large_blocks=True)


def _end_with_parent() -> None:
    """Do not outlive a parent that was killed and could not end us."""
    parent = parent_process()
    if parent is not None:
        connection.wait([parent.sentinel])
        os._exit(1)


def _nothing() -> None:
    """Do nothing, in a process that has begun by then."""


def _shared(buffer: Path, submission: Submission, now_s: float) -> Outgoing:
    content = buffer.read_bytes()
    made = _transformers[0].prepare(content, submission, now_s).shared()
    return _packed_if_changed(buffer, content, made)


def _left_alone(buffer: Path, submission: Submission, now_s: float, fault: Fault) -> Outgoing:
    content = buffer.read_bytes()
    made = _transformers[0].left_alone(content, submission, now_s, fault)
    return _packed_if_changed(buffer, content, made)


def _prepare(buffer: Path, key: int, submission: Submission, now_s: float) -> bool:
    prepared = _transformers[0].prepare(buffer.read_bytes(), submission, now_s)
    if prepared.untouched is not None:
        return False
    _prepared[key] = prepared
    return True


def _personal(buffer: Path, key: int, index: int) -> Outgoing:
    return _packed(buffer, _prepared[key].personal(index))


def _packed_if_changed(buffer: Path, content: bytes, made: Outgoing) -> Outgoing:
    """Put what was made into `buffer`; what came in unchanged need not travel back."""
    return _packed(buffer, replace(made, content=b"") if made.content == content else made)


def _packed(buffer: Path, made: Outgoing) -> Outgoing:
    """Put what was made into `buffer`, in the memory that it has already."""
    with buffer.open("r+b") as file:
        file.write(made.content)
        file.truncate()
    return replace(made, content=b"")


def _forget(key: int) -> None:
    _prepared.pop(key, None)
