"""Having a message worked on: here when it is small, in the workshop when it is large.

Owns: that choice, and that here no two are worked on in one turn of the event loop.
Does not own: the work (`transform`), or the process for large messages (`workshop`).
"""

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from proxy.session_limits import LARGE_MESSAGE_OCTETS, TURN_OCTETS
from proxy.transform import Outgoing, Submission, Transformer
from proxy.turns import Turns
from proxy.workshop import MakeCopy, Workshop


class Preparation:
    """Has messages worked on under one configuration."""

    def __init__(self, transformer: Transformer, workshop: Workshop, turns: Turns) -> None:
        self._transformer = transformer
        self._workshop = workshop
        self._turns = turns

    @property
    def sign_always(self) -> bool:
        """Whether mail of some sender must not go out unsigned."""
        return self._transformer.sign_always

    async def shared(self, content: bytes, submission: Submission) -> Outgoing:
        """Give the one copy for all recipients. Raises SigningRefused, or what is our fault."""
        if _is_small(content, submission):
            await self._turns.take(TURN_OCTETS)
            return _counted(self._transformer.prepare(content, submission, time.time()).shared())
        return _counted(await self._workshop.shared(content, submission, time.time()))

    @asynccontextmanager
    async def personal(
        self, content: bytes, submission: Submission
    ) -> AsyncIterator[MakeCopy | None]:
        """Give what makes each recipient's copy, or None where all may get the same.

        Raises as `shared`, and so does what it gives.
        """
        if _is_small(content, submission):
            await self._turns.take(TURN_OCTETS)
            prepared = self._transformer.prepare(content, submission, time.time())

            async def make(index: int) -> Outgoing:
                await self._turns.take(TURN_OCTETS)
                return prepared.personal(index)

            yield _counting(make) if prepared.untouched is None else None
            return
        async with self._workshop.prepared(content, submission, time.time()) as make_there:
            yield None if make_there is None else _counting(make_there)


def _counting(make: MakeCopy) -> MakeCopy:
    async def counted(index: int) -> Outgoing:
        return _counted(await make(index))

    return counted


def _counted(made: Outgoing) -> Outgoing:
    if made.counts is not None:
        made.counts.add()
    return made


def _is_small(content: bytes, submission: Submission) -> bool:
    """Tell small work; what is not trusted is not even looked at."""
    return len(content) < LARGE_MESSAGE_OCTETS or not submission.trusted
