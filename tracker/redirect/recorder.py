"""Keeping a click or an open before its reader is answered (P9), without delaying the answer long.

Owns: how long an answer waits for the spool, and what happens when the spool is slow or fails.
Does not own: the spool itself, which holds what it could not write and counts what it drops
(`tracker.spool.writer`).
"""

import asyncio
from collections import deque
from concurrent.futures import Future
from functools import partial

from config.telemetry import observe
from tracker.events import Clicked, Opened
from tracker.spool.writer import Spool

PATIENCE_S = 0.25
"""A reader notices little of this; a group commit takes a few milliseconds."""

Waiter = asyncio.Future[bool]
"""Its result is whether the click is durable."""


class Recorder:
    """Appends clicks to a spool, waiting until they are durable, or `patience_s` at most.

    The spool's thread hands over the results of a whole group of clicks at once, so that the event
    loop is woken once a group, and not once a click, as `asyncio.wrap_future` would.
    """

    def __init__(self, spool: Spool, patience_s: float = PATIENCE_S) -> None:
        self._spool = spool
        self._patience_s = patience_s
        self._results: deque[tuple[Waiter, bool]] = deque()
        self._waking = False

    async def record(self, click: Clicked | Opened) -> None:
        """Keep one click or open. The spool still holds what it could not write in time (P9)."""
        if not await self._durable(click):
            observe.CLICKS_NOT_DURABLE.inc()

    async def _durable(self, click: Clicked | Opened) -> bool:
        loop = asyncio.get_running_loop()
        waiter: Waiter = loop.create_future()
        self._spool.append(click).add_done_callback(partial(self._hand_over, loop, waiter))
        patience = loop.call_later(self._patience_s, _settle, waiter, False)  # noqa: FBT003
        try:
            return await waiter
        finally:
            patience.cancel()

    def _hand_over(
        self, loop: asyncio.AbstractEventLoop, waiter: Waiter, future: Future[None]
    ) -> None:
        """Hand a result over to the event loop; called in the spool's thread."""
        self._results.append((waiter, future.exception() is None))
        if not self._waking and not loop.is_closed():
            self._waking = True
            loop.call_soon_threadsafe(self._wake)

    def _wake(self) -> None:
        # Cleared first: results that come from now on wake us again, earlier ones are here.
        self._waking = False
        while self._results:
            _settle(*self._results.popleft())


def _settle(waiter: Waiter, durable: bool) -> None:  # noqa: FBT001 - the result itself
    if not waiter.done():
        waiter.set_result(durable)
