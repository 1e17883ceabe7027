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

LOGIN_WAIT_S = 30.0
"""For a slot. Mail programs wait a minute or more for the reply to AUTH."""


class LoginsCrowded(TimeoutError):
    """No slot became free within LOGIN_WAIT_S."""


class LoginSlots:
    """The slots of one process. `limit` may change at any time."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self._held: Counter[str] = Counter()
        self._waiting: dict[asyncio.Future[None], str] = {}

    @property
    def held(self) -> int:
        """How many are logging in now."""
        return self._held.total()

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
        self._admit()
        try:
            async with asyncio.timeout(LOGIN_WAIT_S):
                await admitted
        except BaseException as error:
            if self._waiting.pop(admitted, None) is None:  # admitted as it gave up
                self._give_back(network)
            if isinstance(error, TimeoutError):
                raise LoginsCrowded from None
            raise

    def _give_back(self, network: str) -> None:
        self._held[network] -= 1
        if not self._held[network]:
            del self._held[network]
        self._admit()

    def _admit(self) -> None:
        while self.held < self.limit:
            share = (self.limit + 1) // 2
            may = [each for each, who in self._waiting.items() if self._held[who] < share]
            if not may:
                return
            first = min(may, key=lambda each: self._held[self._waiting[each]])
            self._held[self._waiting.pop(first)] += 1
            if not first.done():
                first.set_result(None)
