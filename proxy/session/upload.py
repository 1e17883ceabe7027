"""Taking in one message from a client, within bounds on time and memory.

Owns: the timers of DATA (RFC 5321 §4.5.3.2.5), each chunk arming them anew but the whole bounded
by a slowest pace, and the memory that all messages of a process may hold together.
Does not own: what the octets mean (`proxy.smtp.data`), or what is done with the message
(`proxy.delivery.delivery`).
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Self

from proxy.scheduling.loop_budget import LoopBudget
from proxy.session.connection import ClientConnection
from proxy.session.limits import DATA_PATIENCE_S, DATA_SLACK_S, DISCARD_FACTOR, SLOWEST_OCTETS_PER_S
from proxy.smtp import replies
from proxy.smtp.data import DataReader, Received, Refusal
from proxy.smtp.replies import Reply

UPLOAD_BUDGET_OCTETS = 256 * 1024 * 1024
"""All messages being taken in or passed on, shared among `workers`. What is above gets 452: with
200 uploads of 25 MB and 1,000 idle sessions a process stays below 1 GiB."""

REFUSALS = {
    Refusal.TOO_BIG: replies.TOO_BIG,
    Refusal.BARE_NEWLINE: replies.BARE_NEWLINE,
    Refusal.NO_MEMORY: replies.NO_MEMORY,
}
"""The reply at the end of a message that cannot be taken."""


class UploadAborted(ConnectionError):
    """A message that takes too long or does not end; `reply` is our last to this client."""

    def __init__(self, reply: Reply) -> None:
        super().__init__(str(reply))
        self.reply = reply


class MemoryBudget:
    """Octets of mail that this process may hold at one time."""

    def __init__(self, limit_octets: int) -> None:
        self.limit_octets = limit_octets
        self.used_octets = 0

    @property
    def exhausted(self) -> bool:
        """No new message may begin."""
        return self.used_octets >= self.limit_octets

    def make_room_for(self, message_octets: int) -> None:
        """Raise the limit where two messages of this size would not fit."""
        self.limit_octets = max(self.limit_octets, 2 * message_octets)


class Lease:
    """One message's share of a budget; a context manager that returns it."""

    def __init__(self, budget: MemoryBudget) -> None:
        self._budget = budget
        self._held_octets = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.resize(0)

    def resize(self, held_octets: int) -> bool:
        """Hold this much; False, and the lease stays as it was, when there is no room."""
        change = held_octets - self._held_octets
        if change > 0 and self._budget.used_octets + change > self._budget.limit_octets:
            return False
        self._budget.used_octets += change
        self._held_octets = held_octets
        return True


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
    while not reader.ended:
        chunk = pace.passed(await connection.chunk(DATA_PATIENCE_S))
        await loop_budget.take(len(chunk))
        if not reader.feed(chunk):
            await meanwhile()
        _settle(reader, lease)
    received, rest = reader.finish()
    connection.unread(rest)
    return received


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
