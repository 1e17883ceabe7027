"""Taking in one message from a client, within bounds on time and memory.

Owns: the timers of DATA (RFC 5321 §4.5.3.2.5), each chunk arming them anew but the whole bounded
by a slowest pace, and ending an upload that has to give way to others.
Does not own: what the octets mean (`proxy.smtp.data`), how much memory there is and who gives way
(`memory_budget`), or what is done with the message (`proxy.delivery.delivery`).
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from proxy.client.connection import ClientConnection
from proxy.scheduling.loop_budget import LoopBudget
from proxy.session.limits import DATA_PATIENCE_S, DATA_SLACK_S, DISCARD_FACTOR, SLOWEST_OCTETS_PER_S
from proxy.session.memory_budget import Lease
from proxy.smtp import replies
from proxy.smtp.data import DataReader, Received, Refusal
from proxy.smtp.replies import Reply

REFUSALS = {
    Refusal.TOO_BIG: replies.TOO_BIG,
    Refusal.BARE_NEWLINE: replies.BARE_NEWLINE,
    Refusal.NO_MEMORY: replies.NO_MEMORY,
}
"""The reply at the end of a message that cannot be taken."""


class UploadAborted(ConnectionError):
    """A message that takes too long or does not end; `reply` is our last to this client.

    `why` is for the log.
    """

    def __init__(self, reply: Reply, why: str = "endless") -> None:
        super().__init__(str(reply))
        self.reply = reply
        self.why = why


async def receive(
    connection: ClientConnection,
    lease: Lease,
    loop_budget: LoopBudget,
    max_octets: int,
    *,
    normalise: bool,
    meanwhile: Callable[[], Awaitable[None]],
) -> Received:
    """Read a message to its end as the loop budget allows; return it.

    What the client sent after it stays in `connection`. `meanwhile` is awaited after each chunk but
    the last, to keep the relay session alive during a slow upload.
    Raises ClientGone, TimeoutError (silent for too long) or UploadAborted.
    """
    reader = DataReader(max_octets, normalise=normalise)
    pace = _Pace(max_octets)
    async with _giving_way(lease):
        while not reader.ended:
            chunk = pace.passed(await connection.chunk(DATA_PATIENCE_S))
            await loop_budget.take(len(chunk))
            if not reader.feed(chunk):
                await meanwhile()
            _settle(reader, lease)
    received, rest = reader.finish()
    connection.unread(rest)
    return received


@asynccontextmanager
async def _giving_way(lease: Lease) -> AsyncIterator[None]:
    """Break off the block where its upload has to give way to others; raises UploadAborted then."""
    now_s = asyncio.get_running_loop().time
    try:
        async with asyncio.timeout(None) as limit:
            with lease.uploading(lambda: limit.reschedule(now_s())):
                yield
    except TimeoutError:
        if not limit.expired():  # the client was silent for too long
            raise
        raise UploadAborted(replies.TOO_SLOW_NOW, "slow") from None


def _settle(reader: DataReader, lease: Lease) -> None:
    if not lease.resize(reader.held_octets):
        reader.refuse(Refusal.NO_MEMORY)
        lease.resize(0)


class _Pace:
    """Bounds a message that trickles, or that does not end."""

    def __init__(self, max_octets: int) -> None:
        self._now = asyncio.get_running_loop().time
        self._started_s = self._now()
        self._octets = 0
        self._most_octets = DISCARD_FACTOR * max_octets

    def passed(self, chunk: bytes) -> bytes:
        self._octets += len(chunk)
        allowed_s = DATA_SLACK_S + self._octets / SLOWEST_OCTETS_PER_S
        if self._now() - self._started_s > allowed_s:
            raise UploadAborted(replies.TIMED_OUT)
        if self._octets > self._most_octets:
            raise UploadAborted(replies.ENDLESS)
        return chunk
