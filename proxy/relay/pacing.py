"""How much the relay gets of us at the same time: sessions, and messages in a while.

Owns: `[relay] max_connections` and `max_rate`, who waits for how long, and whose idle session makes room.
Of the rate, each process of several has an even share.
Does not own: opening sessions (`relay`), or which are idle (`upstream`).

Sending services refuse what is beyond their limits, and some of them block who tries again. A client that
waits in its session with us costs nobody anything.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from contextlib import suppress

from config.service.shared_counts import ALONE, LOOK_AGAIN_S, Counts

WAIT_S = 30.0
"""For a session or for a turn; then the client hears 451 4.3.2. Mail programs wait for minutes."""

BURST_S = 1.0
"""What was not used of the rate in the last second may be used now."""


class TooMuchNow(TimeoutError):
    """The relay has as much of us as it may get, and none of it ended within WAIT_S."""


class SessionSlots:
    """The sessions that one relay may have of all processes that keep `counts`, where it is `name`.

    `limit` None: as many as there are.
    """

    def __init__(self, limit: int | None, name: str = "relay", counts: Counts = ALONE) -> None:
        self._limit = limit
        self.limited = limit is not None
        """Whether there is a limit at all."""
        self._name = name
        self._wanted = f"{name}, wanted"
        self._counts = counts
        self._looking: asyncio.TimerHandle | None = None
        self._held = 0
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._idle: dict[object, Callable[[], None]] = {}

    @property
    def full(self) -> bool:
        """Whether who wants a session now has to wait, or another has to end."""
        return self._limit is not None and self._held_by_all >= self._limit

    @property
    def _held_by_all(self) -> int:
        return self._held + self._counts.others(self._name)

    @property
    def _may_at_once(self) -> bool:
        """Whether a free slot may go to this process at once.

        Where another waits as well, it goes to who looks first: else those of the process that had it
        would pass it on among themselves, and the other would never see it.
        """
        if self._limit is None or self._held < self._limit // self._counts.processes:
            return True
        return not self._counts.others(self._wanted)

    def _held_now(self) -> bool:
        """Hold one more; False, and it is not held, where others have taken the last."""
        self._held += 1
        self._counts.add(self._name)
        if self._limit is None or self._held_by_all <= self._limit:
            return True
        self._let_go()
        return False

    def _let_go(self) -> None:
        self._held -= 1
        self._counts.add(self._name, -1)

    async def take(self) -> None:
        """Wait for a slot, and hold it; the caller calls `give_back`. Raises TooMuchNow."""
        if self.full:
            self._end_an_idle_one()
        if not self._waiting and self._may_at_once and self._held_now():
            return
        turn = asyncio.get_running_loop().create_future()
        self._waiting.append(turn)
        self._counts.add(self._wanted)
        try:
            async with asyncio.timeout(WAIT_S):
                while self._counts.shared and not turn.done():
                    await asyncio.wait((turn,), timeout=LOOK_AGAIN_S)
                    self._let_in()
                await turn
        except BaseException as error:
            with suppress(ValueError):
                self._waiting.remove(turn)
            if turn.done() and not turn.cancelled():
                self.give_back()
            if isinstance(error, TimeoutError):
                raise TooMuchNow from None
            raise
        finally:
            self._counts.add(self._wanted, -1)

    def give_back(self) -> None:
        """End the hold of one session; who waits longest is next."""
        self._let_go()
        if self._may_at_once:
            self._let_in()

    def _let_in(self) -> None:
        while self._waiting and self._held_now():
            turn = self._waiting.popleft()
            if turn.done():
                self._let_go()
            else:
                turn.set_result(None)

    def idle(self, who: object, end: Callable[[], None]) -> None:
        """Have `end` called if somebody needs the slot of `who`, until `busy` is called."""
        if self._limit is None:
            return
        self._idle[who] = end
        if self._waiting and self.full:
            self._end_an_idle_one()
        if self._counts.shared and self._looking is None:
            self._look_for_others()

    def busy(self, who: object) -> None:
        """Leave the session of `who` alone."""
        self._idle.pop(who, None)

    def _look_for_others(self) -> None:
        """End an idle session where another process waits for one, and look again while there are any."""
        self._looking = None
        if self._counts.others(self._wanted) and self.full:
            self._end_an_idle_one()
        if self._idle:
            loop = asyncio.get_running_loop()
            self._looking = loop.call_later(LOOK_AGAIN_S, self._look_for_others)

    def _end_an_idle_one(self) -> None:
        if self._idle:
            self._idle.pop(next(iter(self._idle)))()


class Pace:
    """The messages that one relay may get of this process in a second; None: as many as there are."""

    def __init__(self, per_s: float | None) -> None:
        self._every_s = 1 / per_s if per_s else 0.0
        self.limited = self._every_s > 0
        """Whether there is a limit at all."""
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
