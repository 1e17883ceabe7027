"""The turns of the event loop, shared out: how much of everybody's mail is worked on in one.

Owns: the bound on a turn, and who comes next: first come, first served.
Does not own: how much one session reads or writes at a time (`proxy.session.limits`, `proxy.relay.session`).

When 200 clients upload at one time, octets of all of them may have come in one turn. Each takes
little to work on; without a bound the loop would do them all before anybody else had a word.
"""

import asyncio
from collections import deque

TURN_OCTETS = 1024 * 1024
"""Worked on in one turn of the event loop, for all clients that upload: some 3 ms."""


class LoopBudget:
    """One event loop's. Not for use from other threads."""

    def __init__(self, turn_octets: int) -> None:
        self._turn_octets = turn_octets
        self._admitted_octets = 0
        """Since the last count; those who were called then work in the turn after it."""
        self._before_octets = 0
        """Admitted before that, some of it perhaps in this turn: a count falls amid a turn."""
        self._waiting: deque[tuple[asyncio.Future[None], int]] = deque()
        self._counting = False

    async def take(self, octets: int) -> None:
        """Wait for a turn that has room. The last to find room in a turn may go beyond it."""
        if self._waiting or self._before_octets + self._admitted_octets >= self._turn_octets:
            coming = asyncio.get_running_loop().create_future()
            self._waiting.append((coming, octets))
            await coming
            return
        self._admitted_octets += octets
        self._count_soon()

    def _count_soon(self) -> None:
        if not self._counting:
            self._counting = True
            asyncio.get_running_loop().call_soon(self._count)

    def _count(self) -> None:
        self._counting = False
        self._before_octets, self._admitted_octets = self._admitted_octets, self._call()
        if self._before_octets or self._admitted_octets:
            self._count_soon()

    def _call(self) -> int:
        """Call a turn's worth of those who wait into the next turn; give how much they want."""
        called_octets = 0
        while self._waiting and called_octets < self._turn_octets:
            coming, octets = self._waiting.popleft()
            if not coming.done():  # else its session has ended
                coming.set_result(None)
                called_octets += octets
        return called_octets
