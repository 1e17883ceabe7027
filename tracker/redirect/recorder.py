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
from tracker.spool.writer import Spool, framed

PATIENCE_S = 0.25
"""A reader notices little of this; a group commit takes a few milliseconds."""


class _Group:
    """Readers whose clicks came at one time; each is called back once."""

    __slots__ = ("calls", "due_s", "records")

    def __init__(self, due_s: float) -> None:
        self.due_s = due_s
        self.records: list[bytes] = []
        self.calls: list[Callable[[], None]] = []


class Recorder:
    """Appends clicks to a spool, waiting until they are durable, or `patience_s` at most.

    The clicks of one turn of the event loop go to the spool together, and come back together: neither
    its thread nor the event loop is woken once a click. One timer serves all who wait.
    """

    def __init__(self, spool: Spool, patience_s: float = PATIENCE_S) -> None:
        self._spool = spool
        self._patience_s = patience_s
        self._loop = asyncio.get_running_loop()
        self._arriving: _Group | None = None
        self._waiting: deque[_Group] = deque()
        self._timer: asyncio.TimerHandle | None = None

    def record(self, click: Clicked | Opened, then: Callable[[], None]) -> None:
        """Keep one click or open, then call back. The spool still holds what it could not write (P9)."""
        record = framed(click)
        if self._arriving is None:
            self._arriving = _Group(self._loop.time() + self._patience_s)
            self._loop.call_soon(self._hand_over)
        self._arriving.records.append(record)
        self._arriving.calls.append(then)

    def _hand_over(self) -> None:
        """Hand the spool what has come in this turn of the loop."""
        group, self._arriving = self._arriving, None
        if group is None:
            return
        self._waiting.append(group)
        if self._timer is None:
            self._timer = self._loop.call_at(group.due_s, self._lose_patience)
        self._spool.append_all(group.records).add_done_callback(partial(self._hand_back, group))

    def _hand_back(self, group: _Group, future: Future[None]) -> None:
        """Take the spool's word for a group; called in its thread."""
        if not self._loop.is_closed():
            is_durable = future.exception() is None
            self._loop.call_soon_threadsafe(partial(self._settle, group, is_durable=is_durable))

    def _lose_patience(self) -> None:
        """Call back for all whose time is over, and come again for the next."""
        now_s, self._timer = self._loop.time(), None
        while self._waiting and (not self._waiting[0].calls or self._waiting[0].due_s <= now_s):
            self._settle(self._waiting.popleft(), is_durable=False)
        if self._waiting:
            self._timer = self._loop.call_at(self._waiting[0].due_s, self._lose_patience)

    def _settle(self, group: _Group, *, is_durable: bool) -> None:
        calls, group.calls = group.calls, []
        if not is_durable:
            observe.CLICKS_NOT_DURABLE.inc(len(calls))
        for then in calls:
            try:
                then()
            except Exception as error:  # noqa: BLE001 - one reader's answer must not cost another's
                observe.log(observe.REQUEST_FAILED, error=repr(error))
