"""How much of everybody's mail is worked on in one iteration of the event loop.

Owns: the bound on an iteration, and who comes next: first come, first served.
Does not own: how much one session reads or writes at a time (`proxy.client.limits`,
`proxy.smtp.data`).

When 200 clients upload at one time, octets of all of them may have come in one iteration. Each
takes little to work on; without a bound the loop would do them all before anybody else had a word.

asyncio does not tell when an iteration begins. So a callback, once in each, is where an iteration
ends and the next begins for us; that is somewhere in the middle of the loop's own:

    the loop's    |----- 1 -----|----- 2 -----|----- 3 -----|
    callback             ^             ^             ^
    ours          -- 1 --|----- 2 -----|----- 3 -----|-- 4 --

An iteration of the loop overlaps two of ours. So there is room at once only while what was used in
this one and in the last is together below the bound. Whoever has to wait is woken by the callback,
a bound's worth at a time, and works in the loop's next iteration.
"""

import asyncio
from collections import deque

ITERATION_OCTETS = 1024 * 1024
"""Worked on in one iteration, for all clients that upload: some 3 ms."""

COMMAND_WORTH_OCTETS = 64 * 1024
"""A command, or a new connection, is about as much work as this much of a message."""


class LoopBudget:
    """One event loop's. Not for use from other threads."""

    def __init__(self, iteration_octets: int) -> None:
        self._iteration_octets = iteration_octets
        self._used_this_iteration = 0
        self._used_last_iteration = 0
        self._waiting: deque[tuple[asyncio.Future[None], int]] = deque()
        self._ticking = False

    async def take(self, octets: int) -> None:
        """Wait for an iteration that has room. The last to find room may go beyond the bound."""
        if self._waiting or self._full:
            admitted = asyncio.get_running_loop().create_future()
            self._waiting.append((admitted, octets))
            await admitted
            return
        self._used_this_iteration += octets
        self._tick_soon()

    async def take_command(self) -> None:
        """Wait for an iteration that has room for a command, or a new connection."""
        await self.take(COMMAND_WORTH_OCTETS)

    @property
    def _full(self) -> bool:
        return self._used_last_iteration + self._used_this_iteration >= self._iteration_octets

    def _tick_soon(self) -> None:
        if not self._ticking:
            self._ticking = True
            asyncio.get_running_loop().call_soon(self._tick)

    def _tick(self) -> None:
        """End an iteration and begin the next, until nothing is used any more."""
        self._ticking = False
        self._used_last_iteration = self._used_this_iteration
        self._used_this_iteration = self._admit()
        if self._used_last_iteration or self._used_this_iteration:
            self._tick_soon()

    def _admit(self) -> int:
        """Wake as many as fit into one iteration; return the octets that they take."""
        admitted_octets = 0
        while self._waiting and admitted_octets < self._iteration_octets:
            admitted, octets = self._waiting.popleft()
            if not admitted.done():  # else its session has ended
                admitted.set_result(None)
                admitted_octets += octets
        return admitted_octets
