"""Keeping a click or an open before its reader is answered (P9), without delaying the answer long.

Owns: how long an answer waits for the spool, and what happens when the spool is slow or fails.
Does not own: the spool itself, which holds what it could not write and counts what it drops
(`tracker.spool.writer`).
"""

import asyncio
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from functools import partial

from config.telemetry import observe
from tracker.events import Clicked, Opened
from tracker.spool.writer import Spool

PATIENCE_S = 0.25
"""A reader notices little of this; a group commit takes a few milliseconds."""


class _Waiting:
    """A reader whose click is being kept; `then` is called once, and is None from then on."""

    __slots__ = ("due_s", "then")

    def __init__(self, due_s: float, then: Callable[[], None]) -> None:
        self.due_s = due_s
        self.then: Callable[[], None] | None = then


class Recorder:
    """Appends clicks to a spool, waiting until they are durable, or `patience_s` at most.

    The spool's thread hands over the results of a whole group of clicks at once, so that the event
    loop is woken once a group, and not once a click. One timer serves all who wait.
    """

    def __init__(self, spool: Spool, patience_s: float = PATIENCE_S) -> None:
        self._spool = spool
        self._patience_s = patience_s
        self._loop = asyncio.get_running_loop()
        self._results: deque[tuple[_Waiting, bool]] = deque()
        self._waking = False
        self._waiting: deque[_Waiting] = deque()
        self._timer: asyncio.TimerHandle | None = None

    def record(self, click: Clicked | Opened, then: Callable[[], None]) -> None:
        """Keep one click or open, then call back. The spool still holds what it could not write (P9)."""
        waiting = _Waiting(self._loop.time() + self._patience_s, then)
        self._spool.append(click).add_done_callback(partial(self._hand_over, waiting))
        self._waiting.append(waiting)
        if self._timer is None:
            self._timer = self._loop.call_later(self._patience_s, self._lose_patience)

    def _hand_over(self, waiting: _Waiting, future: Future[None]) -> None:
        """Hand a result over to the event loop; called in the spool's thread."""
        self._results.append((waiting, future.exception() is None))
        if not self._waking and not self._loop.is_closed():
            self._waking = True
            self._loop.call_soon_threadsafe(self._wake)

    def _wake(self) -> None:
        # Cleared first: results that come from now on wake us again, earlier ones are here.
        self._waking = False
        try:
            while self._results:
                _settle(*self._results.popleft())
        finally:
            if self._results:
                self._loop.call_soon(self._wake)

    def _lose_patience(self) -> None:
        """Call back for all whose time is over, and come again for the next."""
        now_s, self._timer = self._loop.time(), None
        while self._waiting and (self._waiting[0].then is None or self._waiting[0].due_s <= now_s):
            _settle(self._waiting.popleft(), durable=False)
        if self._waiting:
            self._timer = self._loop.call_at(self._waiting[0].due_s, self._lose_patience)


def _settle(waiting: _Waiting, durable: bool) -> None:  # noqa: FBT001 - the result itself
    then, waiting.then = waiting.then, None
    if then is None:
        return
    if not durable:
        observe.CLICKS_NOT_DURABLE.inc()
    then()
