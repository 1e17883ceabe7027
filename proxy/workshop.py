"""Work on large messages in a process of its own, so that no session waits for another's.

Owns: that process: started with the first large message, ended when there has been none for a
while, replaced when it dies, gone when its parent is.
Does not own: the work (`transform`), or what is done when it fails (`delivery`).

A thread would not do: one call into C, say to decode 25 MB of base64, holds the interpreter for a
tenth of a second and with it every session. Between processes only copies of the octets do, some
milliseconds each.
"""

import asyncio
import multiprocessing
import os
import signal
import threading
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import replace
from itertools import count
from multiprocessing import connection, parent_process
from typing import ParamSpec, TypeVar

from config import observe
from config.schema import Config
from proxy.heap import settle_in
from proxy.transform import Outgoing, Prepared, Submission, Transformer

IDLE_S = 120.0
"""After so long without work the process ends and gives its memory back."""

P = ParamSpec("P")
T = TypeVar("T")


class Workshop:
    """The process that works on large messages under one configuration."""

    def __init__(self, config: Config) -> None:
        self._config = config
        self._pool: ProcessPoolExecutor | None = None
        self._working = 0
        self._closing: asyncio.TimerHandle | None = None
        self._keys = count()

    async def shared(self, content: bytes, submission: Submission, now_s: float) -> Outgoing:
        """Give the one copy for all recipients.

        Raises SigningRefused, and BrokenProcessPool when the process died over it.
        """
        made = await self._do(_shared, content, submission, now_s)
        return replace(made, content=made.content or content)

    async def prepare(self, content: bytes, submission: Submission, now_s: float) -> int | None:
        """Plan a message and keep it there; give the key for `personal` and `forget`.

        None: nothing is to be changed, so that all may get the one copy. Raises as `shared`.
        """
        key = next(self._keys)
        return key if await self._do(_prepare, key, content, submission, now_s) else None

    async def personal(self, key: int, index: int) -> Outgoing:
        """Give the copy of the recipient at `index`. Raises as `shared`, and KeyError."""
        return await self._do(_personal, key, index)

    async def forget(self, key: int) -> None:
        """Let go of a message."""
        await self._do(_forget, key)

    def close(self) -> None:
        """End the process, once it has done what it was given."""
        if self._pool is not None:
            self._pool.shutdown(wait=False)
        self._pool = None

    async def _do(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        if self._closing is not None:
            self._closing.cancel()
        pool = self._started()
        self._working += 1
        try:
            return await asyncio.wrap_future(pool.submit(work, *args, **kwargs))
        except BrokenProcessPool:
            self.close()
            raise
        finally:
            self._working -= 1
            if not self._working:
                self._closing = asyncio.get_running_loop().call_later(IDLE_S, self.close)

    def _started(self) -> ProcessPoolExecutor:
        if self._pool is None:
            # Not forked: this process has threads and an event loop.
            self._pool = ProcessPoolExecutor(
                max_workers=1,
                mp_context=multiprocessing.get_context("spawn"),
                initializer=_begin,
                initargs=(self._config,),
            )
        return self._pool


# In the other process.

_prepared: dict[int, Prepared] = {}
_transformers: list[Transformer] = []


def _begin(config: Config) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    observe.configure(config.log.level, config.log.format)
    _transformers.append(Transformer.from_config(config))
    settle_in()


def _end_with_parent() -> None:
    """Not outlive a parent that was killed, which could not tell."""
    parent = parent_process()
    if parent is not None:
        connection.wait([parent.sentinel])
        os._exit(1)


def _shared(content: bytes, submission: Submission, now_s: float) -> Outgoing:
    made = _transformers[0].prepare(content, submission, now_s).shared()
    # What came in unchanged need not travel back.
    return replace(made, content=b"") if made.content == content else made


def _prepare(key: int, content: bytes, submission: Submission, now_s: float) -> bool:
    prepared = _transformers[0].prepare(content, submission, now_s)
    if prepared.untouched is not None:
        return False
    _prepared[key] = prepared
    return True


def _personal(key: int, index: int) -> Outgoing:
    return _prepared[key].personal(index)


def _forget(key: int) -> None:
    _prepared.pop(key, None)
