"""What the relay was last seen to offer, for clients that get no relay session of their own yet.

Owns: that memory, how long it is good for, and the one probe for all who wait where there is none.
Does not own: reaching the relay (`session`), which clients are answered from memory
(`proxy.client.identity`), or what they are offered of it (`proxy.smtp.extensions`).
"""

import asyncio
import math
from collections.abc import Awaitable, Callable, Mapping

from proxy.relay.pacing import TooMuchNow
from proxy.relay.session import RelaySession, RelayUnavailable

MAX_AGE_S = 60.0
"""How long the memory is good for. A relay that has gone, or offers logins only now, is noticed
after this time at the latest, though no client opens a session with it."""


class CapabilityCache:
    """The memory of one process; it is about one relay, with which `dial` opens a session."""

    def __init__(self, dial: Callable[[], Awaitable[RelaySession]]) -> None:
        self._dial = dial
        self._seen: Mapping[str, str] = {}
        self._seen_at_s = -math.inf
        self._probe: asyncio.Task[Mapping[str, str] | None] | None = None

    def note(self, capabilities: Mapping[str, str]) -> None:
        """Remember what the relay offers in a session that has just begun."""
        self._seen, self._seen_at_s = capabilities, asyncio.get_running_loop().time()

    def forget(self) -> None:
        """Have the next who asks wait for a probe: the relay could not be reached."""
        self._seen_at_s = -math.inf

    @property
    def last_seen(self) -> Mapping[str, str]:
        """What the relay offered when it was last reached, however long ago."""
        return self._seen

    async def get(self) -> Mapping[str, str] | None:
        """Return what the relay offers before a login; None: it cannot be reached.

        However many wait, there is one probe, and it goes on although some of them give up.
        """
        age_s = asyncio.get_running_loop().time() - self._seen_at_s
        if age_s <= MAX_AGE_S:
            return self._seen
        if self._probe is None:
            self._probe = asyncio.create_task(self._ask())
            self._probe.add_done_callback(self._probed)
        return await asyncio.shield(self._probe)

    def stop(self) -> None:
        """End a probe that is under way."""
        if self._probe is not None:
            self._probe.cancel()

    async def _ask(self) -> Mapping[str, str] | None:
        try:
            session = await self._dial()
        except (RelayUnavailable, TooMuchNow):
            self.forget()
            return None
        self.note(session.capabilities)
        await session.quit()
        return session.capabilities

    def _probed(self, _: asyncio.Task[Mapping[str, str] | None]) -> None:
        self._probe = None
