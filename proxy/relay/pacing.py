"""How much the relay gets of us at the same time: sessions, and messages in a while.

Owns: `[relay] max_connections` and `max_rate`, who waits for how long, and whose idle session makes room.
Does not own: opening sessions (`relay`), or which are idle (`upstream`).

Sending services refuse what is beyond their limits, and some of them block who tries again. A client that
waits in its session with us costs nobody anything.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from contextlib import suppress

WAIT_S = 30.0
"""For a session or for a turn; then the client hears 451 4.3.2. Mail programs wait for minutes."""

BURST_S = 1.0
"""What was not used of the rate in the last second may be used now."""


class TooMuchNow(TimeoutError):
    """The relay has as much of us as it may get, and none of it ended within WAIT_S."""


class SessionSlots:
    """The sessions that one relay may have of this process; `limit` None: as many as there are."""

    def __init__(self, limit: int | None) -> None:
        self._limit = limit
        self._held = 0
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._idle: dict[object, Callable[[], None]] = {}

    @property
    def limited(self) -> bool:
        """Whether there is a limit at all."""
        return self._limit is not None

    @property
    def full(self) -> bool:
        """Whether who wants a session now has to wait, or another has to end."""
        return self._limit is not None and self._held >= self._limit

    async def take(self) -> None:
        """Wait for a slot, and hold it; the caller calls `give_back`. Raises TooMuchNow."""
        if self.full:
            self._end_an_idle_one()
        if not self.full and not self._waiting:
            self._held += 1
            return
        turn = asyncio.get_running_loop().create_future()
        self._waiting.append(turn)
        try:
            async with asyncio.timeout(WAIT_S):
                await turn
        except BaseException as error:
            with suppress(ValueError):
                self._waiting.remove(turn)
            if turn.done() and not turn.cancelled():
                self.give_back()
            if isinstance(error, TimeoutError):
                raise TooMuchNow from None
            raise

    def give_back(self) -> None:
        """End the hold of one session; who waits longest is next."""
        self._held -= 1
        while self._waiting and not self.full:
            turn = self._waiting.popleft()
            if not turn.done():
                self._held += 1
                turn.set_result(None)

    def idle(self, who: object, end: Callable[[], None]) -> None:
        """Have `end` called if somebody needs the slot of `who`, until `busy` is called."""
        if self._limit is None:
            return
        self._idle[who] = end
        if self._waiting and self.full:
            self._end_an_idle_one()

    def busy(self, who: object) -> None:
        """Leave the session of `who` alone."""
        self._idle.pop(who, None)

    def _end_an_idle_one(self) -> None:
        if self._idle:
            self._idle.pop(next(iter(self._idle)))()


class Pace:
    """The messages that one relay may get of this process in a second; None: as many as there are."""

    def __init__(self, per_s: float | None) -> None:
        self._every_s = 1 / per_s if per_s else 0.0
        self._next_at_s = 0.0

    async def turn(self) -> None:
        """Wait until a message may go. Raises TooMuchNow at once where that would take too long."""
        if not self._every_s:
            return
        now_s = asyncio.get_running_loop().time()
        next_at_s = max(self._next_at_s, now_s - BURST_S + min(self._every_s, BURST_S))
        if next_at_s - now_s > WAIT_S:
            raise TooMuchNow
        self._next_at_s = next_at_s + self._every_s
        if next_at_s > now_s:
            await asyncio.sleep(next_at_s - now_s)
