"""Something to do now and then while a client is silent, and never amid what it says next.

Owns: when it begins, and that it has ended before the client is served again.
Does not own: what is done (`upstream`).
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress


class KeepAlive:
    """Calls `act` each `every_s`, the first time after that, until `stop`."""

    def __init__(self, act: Callable[[], Awaitable[None]], every_s: float) -> None:
        self._act = act
        self._every_s = every_s
        self._stopped = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._timer = asyncio.get_running_loop().call_later(every_s, self._begin)

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
