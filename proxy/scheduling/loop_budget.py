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

A callback keeps the loop from waiting for the kernel, so there is none while little is used: what
several iterations of the loop used then counts as one of ours, until that is half of the bound.

To rewrite a message is much at once, and how much is not known before. So each has a turn, and no iteration
of the loop has two. A turn ends by a callback of its own, which the loop calls in its next iteration.
"""

import asyncio
from collections import deque

ITERATION_OCTETS = 1024 * 1024
"""Worked on in one iteration, for all clients that upload: some 3 ms."""

COMMAND_WORTH_OCTETS = 16 * 1024
"""A command is about as much work as this much of a message."""

HELLO_WORTH_OCTETS = 64 * 1024
"""And so is a new connection, or a greeting, for which the relay may have to be called."""


class LoopBudget:
    """One event loop's. Not for use from other threads."""

    def __init__(self, iteration_octets: int) -> None:
        self._iteration_octets = iteration_octets
        self._little_octets = (iteration_octets + 1) // 2
        self._used_this_iteration = 0
        self._used_last_iteration = 0
        self._waiting: deque[tuple[asyncio.Future[None], int]] = deque()
        self._ticking = False
        self._has_turn = False
        """Somebody works in a turn, or is about to."""
        self._in_line: deque[asyncio.Future[None]] = deque()

    async def turn(self) -> None:
        """Wait for an iteration with room in which nobody else has a turn; this one lasts until the next await."""
        if self._has_turn:
            await self._stand_in_line()
        self._has_turn = True
        try:
            if not self.taken(COMMAND_WORTH_OCTETS):
                await self.take(COMMAND_WORTH_OCTETS)
        finally:
            asyncio.get_running_loop().call_soon(self._end_turn)

    async def _stand_in_line(self) -> None:
        admitted = asyncio.get_running_loop().create_future()
        self._in_line.append(admitted)
        try:
            await admitted
        except BaseException:
            if admitted.done() and not admitted.cancelled():  # it gave up as its turn came
                self._end_turn()
            raise

    def _end_turn(self) -> None:
        """Pass the turn on to who is next in line, if anybody is."""
        while self._in_line:
            admitted = self._in_line.popleft()
            if not admitted.done():
                admitted.set_result(None)
                return
        self._has_turn = False

    async def take(self, octets: int) -> None:
        """Wait for an iteration that has room. The last to find room may go beyond the bound."""
        if not self.taken(octets):
            admitted = asyncio.get_running_loop().create_future()
            self._waiting.append((admitted, octets))
            await admitted

    def taken(self, octets: int) -> bool:
        """Take at once where this iteration has room; False, and nothing is taken: it has none."""
        used = self._used_last_iteration + self._used_this_iteration
        if used >= self._iteration_octets or self._waiting:
            return False
        self._used_this_iteration += octets
        if used + octets >= self._little_octets and not self._ticking:
            self._tick_soon()
        return True

    @property
    def _used(self) -> int:
        return self._used_last_iteration + self._used_this_iteration

    def _tick_soon(self) -> None:
        self._ticking = True
        asyncio.get_running_loop().call_soon(self._tick)

    def _tick(self) -> None:
        """End an iteration and begin the next, until little is used."""
        self._used_last_iteration = self._used_this_iteration
        self._used_this_iteration = self._admit()
        if self._used >= self._little_octets:
            self._tick_soon()
        else:
            self._ticking = False
            self._used_this_iteration = self._used
            self._used_last_iteration = 0

    def _admit(self) -> int:
        """Wake as many as fit into one iteration; return the octets that they take."""
        admitted_octets = 0
        while self._waiting and admitted_octets < self._iteration_octets:
            admitted, octets = self._waiting.popleft()
            if not admitted.done():  # else its session has ended
                admitted.set_result(None)
                admitted_octets += octets
        return admitted_octets
