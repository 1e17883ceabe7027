"""Taking in one message from a client, within bounds on time and memory.

Owns: the timers of DATA (RFC 5321 §4.5.3.2.5), each chunk arming them anew but the whole bounded
by a slowest pace, and ending an upload that has to give way to others.
Does not own: what the octets mean (`proxy.smtp.data`), how much memory there is and who gives way
(`memory_budget`), or what is done with the message (`proxy.delivery.delivery`).
"""

import asyncio
import time
from collections.abc import Awaitable, Callable

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
    upload = _Upload(connection, lease, loop_budget, DataReader(max_octets, normalise=normalise))
    # A small message has come with its first chunk: it held nothing that others could need.
    if not await upload.ended():
        await upload.rest(meanwhile)
    received, rest = upload.reader.finish()
    if rest:
        connection.unread(rest)
    return received


class _Upload:
    """One message on its way in; it must neither trickle nor go on for ever."""

    def __init__(
        self,
        connection: ClientConnection,
        lease: Lease,
        loop_budget: LoopBudget,
        reader: DataReader,
    ) -> None:
        self.reader = reader
        self._connection = connection
        self._lease = lease
        self._loop_budget = loop_budget
        self._started_s = time.monotonic()
        self._octets = 0

    async def ended(self) -> bool:
        """Take what comes next; return whether that was the end."""
        chunk = await self._connection.chunk(DATA_PATIENCE_S)
        self._keep_pace(len(chunk))
        if not self._loop_budget.taken(len(chunk)):
            await self._loop_budget.take(len(chunk))
        ended = self.reader.feed(chunk)
        if not self._lease.resize(self.reader.held_octets):
            self.reader.refuse(Refusal.NO_MEMORY)
            self._lease.resize(0)
        return ended

    async def rest(self, meanwhile: Callable[[], Awaitable[None]]) -> None:
        """Take all that comes, for as long as others leave memory for it; raises as `receive`."""
        now_s = asyncio.get_running_loop().time
        try:
            async with asyncio.timeout(None) as limit:
                with self._lease.uploading(lambda: limit.reschedule(now_s())):
                    await meanwhile()
                    while not await self.ended():
                        await meanwhile()
        except TimeoutError:
            if not limit.expired():  # the client was silent for too long
                raise
            raise UploadAborted(replies.TOO_SLOW_NOW, "slow") from None

    def _keep_pace(self, octets: int) -> None:
        """Note that so much has come; raises UploadAborted where that took too long, or is too much."""
        self._octets += octets
        allowed_s = DATA_SLACK_S + self._octets / SLOWEST_OCTETS_PER_S
        if time.monotonic() - self._started_s > allowed_s:
            raise UploadAborted(replies.TIMED_OUT)
        if self._octets > DISCARD_FACTOR * self.reader.max_octets:
            raise UploadAborted(replies.ENDLESS)
