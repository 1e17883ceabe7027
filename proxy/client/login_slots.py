"""How many strangers may be logging in at the relay at the same time, and who is next.

Owns: the slots, each network's share of them, who waits and for how long.
Does not own: the exchange of a login (`authentication`), or who needs a slot (`identity`).

Each login under way holds a session with the relay, and a relay that is slow to refuse a password
holds it long. So the slots are few, no network has more than half of them, and one that becomes
free goes to the network that holds the fewest.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from config.service.shared_counts import ALONE, LOOK_AGAIN_S, Counts

_ALL, _WANTED = "slots", "slots, wanted"

LOGIN_WAIT_S = 30.0
"""For a slot. Mail programs wait a minute or more for the reply to AUTH."""


class LoginsCrowded(TimeoutError):
    """No slot became free within LOGIN_WAIT_S."""


class LoginSlots:
    """The slots of the processes that keep `counts`. `limit` may change at any time."""

    def __init__(self, limit: int, counts: Counts = ALONE) -> None:
        self.limit = limit
        self._counts = counts
        self._held: Counter[str] = Counter()
        self._waiting: dict[asyncio.Future[None], str] = {}

    @property
    def held(self) -> int:
        """How many are logging in now."""
        return self._held.total() + self._counts.others(_ALL)

    @asynccontextmanager
    async def slot(self, network: str) -> AsyncIterator[None]:
        """Hold a slot, of the share of this network, until the block ends. Raises LoginsCrowded."""
        await self._take(network)
        try:
            yield
        finally:
            self._give_back(network)

    async def _take(self, network: str) -> None:
        admitted = asyncio.get_running_loop().create_future()
        self._waiting[admitted] = network
        self._admit_at_once()
        try:
            async with asyncio.timeout(LOGIN_WAIT_S):
                if self._counts.shared and not admitted.done():
                    await self._look_for(admitted)
                await admitted
        except BaseException as error:
            if self._waiting.pop(admitted, None) is None:  # admitted as it gave up
                self._give_back(network)
            if isinstance(error, TimeoutError):
                raise LoginsCrowded from None
            raise

    async def _look_for(self, admitted: "asyncio.Future[None]") -> None:
        """Look now and then whether another process has given back a slot, until `admitted`."""
        self._counts.add(_WANTED)
        try:
            while not admitted.done():
                await asyncio.wait((admitted,), timeout=LOOK_AGAIN_S)
                self._admit()
        finally:
            self._counts.add(_WANTED, -1)

    def _give_back(self, network: str) -> None:
        self._hold(network, -1)
        self._admit_at_once()

    def _hold(self, network: str, change: int) -> None:
        self._held[network] += change
        self._counts.add(_ALL, change)
        self._counts.add(_of(network), change)
        if not self._held[network]:
            del self._held[network]

    def _held_by(self, network: str) -> int:
        return self._held[network] + self._counts.others(_of(network))

    def _admit_at_once(self) -> None:
        """Admit who may be, unless others wait in another process: then it is who looks first.

        Else those who wait in one process would pass the slots on among themselves.
        """
        few = self._held.total() < self.limit // self._counts.processes
        if few or not self._counts.others(_WANTED):
            self._admit()

    def _admit(self) -> None:
        while self.held < self.limit:
            share = (self.limit + 1) // 2
            may = [each for each, who in self._waiting.items() if self._held_by(who) < share]
            if not may:
                return
            first = min(may, key=lambda each: self._held_by(self._waiting[each]))
            if not self._admitted(first, share):
                return

    def _admitted(self, first: asyncio.Future[None], share: int) -> bool:
        """Return whether who is first has a slot now: another process may have taken it at the same time."""
        network = self._waiting[first]
        self._hold(network, 1)
        if self.held > self.limit or self._held_by(network) > share:
            self._hold(network, -1)
            return False
        del self._waiting[first]
        if not first.done():
            first.set_result(None)
        return True


def _of(network: str) -> str:
    return f"slots of {network}"
