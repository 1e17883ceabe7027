"""Something to do now and then while a client is silent, and never amid what it says next.

Owns: when it begins, and that it has ended before the client is served again.
Does not own: what is done (`upstream`).
"""

import asyncio
import math
from collections.abc import Awaitable, Callable
from contextlib import suppress

Act = Callable[[], Awaitable[None]]


class KeepAlive:
    """Calls `act` each `every_s`, the first time after that or after `first_s`, until `stop`."""

    def __init__(self, act: Act, every_s: float, first_s: float | None = None) -> None:
        self._act = act
        self._every_s = every_s
        self._stopped = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        first_s = every_s if first_s is None else first_s
        self._timer = asyncio.get_running_loop().call_later(first_s, self._begin)

    async def stop(self) -> None:
        """End it; what is being done is waited for, unless the caller is cancelled."""
        self._timer.cancel()
        self._stopped.set()
        if self._task is None:
            return
        caller = asyncio.current_task()
        if caller is not None and caller.cancelling():
            self._task.cancel()
            return
        try:
            await asyncio.shield(self._task)
        except asyncio.CancelledError:
            self._task.cancel()
            raise

    def _begin(self) -> None:
        self._task = asyncio.create_task(self._run())

    async def _run(self) -> None:
        while not self._stopped.is_set():
            await self._act()
            with suppress(TimeoutError):
                async with asyncio.timeout(self._every_s):
                    await self._stopped.wait()


class IdleKeepAlive:
    """A KeepAlive in each silence of a client that lasts, with one timer for all of them.

    Hardly any lasts that long. So a timer stays where it is while clients go on, and finds out when it
    fires whether this silence has lasted.
    """

    def __init__(self, act: Act, every_s: float) -> None:
        self._act = act
        self._every_s = every_s
        self._due_s = math.inf
        self._timer: asyncio.TimerHandle | None = None
        self._keep_alive: KeepAlive | None = None

    def begin(self) -> None:
        """Note that a silence begins."""
        loop = asyncio.get_running_loop()
        self._due_s = loop.time() + self._every_s
        if self._timer is None:
            self._timer = loop.call_at(self._due_s, self._fire)

    async def end(self) -> None:
        """Note that the silence is over, once what is being done has ended."""
        self._due_s = math.inf
        if self._keep_alive is not None:
            lasting, self._keep_alive = self._keep_alive, None
            await lasting.stop()

    def close(self) -> None:
        """Let go of the timer."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _fire(self) -> None:
        self._timer = None
        loop = asyncio.get_running_loop()
        if self._due_s == math.inf:  # the next silence has a timer of its own
            return
        if self._due_s > loop.time():
            self._timer = loop.call_at(self._due_s, self._fire)
        else:
            self._keep_alive = KeepAlive(self._act, self._every_s, 0.0)
