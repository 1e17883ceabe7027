"""Waiting for one thing after the other, each for so long, with one timer for all of them.

Owns: the timer, and that it ends with its owner.
Does not own: what is waited for, or for how long that may take.

A session waits for every line and for every reply, and hardly ever in vain. `asyncio.timeout` arms a
timer and takes it back each time; here it stays where it is while what is due comes later, and finds
that out when it fires.
"""

import asyncio
import math


class Patience:
    """The waits of one connection, of which there is one at a time. Made in a running loop."""

    def __init__(self) -> None:
        self.loop = asyncio.get_running_loop()
        """The loop, which is found once: to ask for it costs a system call."""
        self._waiter: asyncio.Future[None] | None = None
        self._due_s = math.inf
        self._timer: asyncio.TimerHandle | None = None
        self._fires_at_s = math.inf

    async def wait(self, patience_s: float) -> None:
        """Wait until `end` is called; raises TimeoutError when that takes more than `patience_s`."""
        await self.until(self.loop.time() + patience_s)

    async def wait_until(self, due_s: float) -> None:
        """Wait as `wait` does, until `due_s` by the loop's clock; never, where that is infinite."""
        await self.until(due_s)

    def until(self, due_s: float) -> asyncio.Future[None]:
        """Return what `wait_until` waits for: to be awaited at once, with no coroutine in between."""
        waiter = self._waiter = self.loop.create_future()
        self._due_s = due_s
        if due_s < self._fires_at_s:
            self._fire_at(due_s)
        return waiter

    def end(self) -> None:
        """End the wait that is under way, if one is."""
        waiter = self._waiter
        if waiter is not None:
            self._waiter = None
            if not waiter.done():
                waiter.set_result(None)

    def close(self) -> None:
        """Let go of the timer: nothing is waited for any more, or for ever."""
        if self._timer is not None:
            self._timer.cancel()
        self._timer, self._fires_at_s = None, math.inf

    def _fire_at(self, due_s: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer, self._fires_at_s = self.loop.call_at(due_s, self._fire), due_s

    def _fire(self) -> None:
        self._timer, self._fires_at_s = None, math.inf
        if self._waiter is None or self._waiter.done() or self._due_s == math.inf:
            return  # a wait that was cancelled is done, too
        if self._due_s > self.loop.time():
            self._fire_at(self._due_s)
        else:
            self._waiter.set_exception(TimeoutError())
