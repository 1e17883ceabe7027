"""Where a message is worked on: in the event loop if that is little work, else in a process.

Owns: that choice, and that no two messages are worked on in one iteration of the event loop.
Does not own: the work (`proxy.rewrite.transformer`) and counting it
(`proxy.message.work_budget`), or the process for large and slow messages (`offload`).

A large message is known by its octets. Any other is begun in the event loop; where it turns out to
be more work than other sessions could wait for, it is begun anew in the process. Nothing was said
or done by then.
"""

import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Self, TypeVar

from config.schema import Config
from proxy.rewrite.submission import Fault, Outgoing, Submission, TellPending
from proxy.rewrite.transformer import KnownConsents, Prepared, Transformer, within
from proxy.scheduling.loop_budget import LoopBudget
from proxy.scheduling.offload import MakeCopy, OffloadProcess

LARGE_MESSAGE_OCTETS = 256 * 1024
"""From here on work on a message is not begun in the event loop: below, it mostly takes a few
milliseconds."""

MAX_STEPS_IN_LOOP = 25_000
"""Steps of work on one message (`proxy.message.work_budget`), after which it leaves the event loop:
some 20 ms, 400 links. Real newsletters stay below 10,000."""

T = TypeVar("T")


class Dispatcher:
    """Has messages worked on under one configuration."""

    def __init__(
        self, transformer: Transformer, offload: OffloadProcess, loop_budget: LoopBudget
    ) -> None:
        self._transformer = transformer
        self._offload = offload
        self._loop_budget = loop_budget

    @classmethod
    def start(cls, config: Config, consents: KnownConsents, loop_budget: LoopBudget) -> Self:
        """Return one for a configuration; its process is started when it is needed.

        Raises as `Transformer.from_config`.
        """
        transformer = Transformer.from_config(config, consents)
        return cls(transformer, OffloadProcess(config), loop_budget)

    def close(self) -> None:
        """End the process, once it has done what it was given."""
        self._offload.close()

    @property
    def sign_always(self) -> bool:
        """Whether mail of some sender must not go out unsigned."""
        return self._transformer.sign_always

    def expect(self, octets: int) -> None:
        """Get ready for a message of at least so many octets, which may not be here yet.

        The process for large ones takes a while to start, which it does while they come in.
        """
        if octets >= LARGE_MESSAGE_OCTETS:
            self._offload.warm_up()

    async def shared(
        self, content: bytes, submission: Submission, tell_pending: TellPending | None = None
    ) -> Outgoing:
        """Return the one copy for all recipients. Raises Fault, or any error of ours.

        `tell_pending` hears of its event ahead of time where the work is done in the event loop.
        """
        prepared = await self._prepared_in_loop(content, submission, tell_pending)
        if prepared is not None:
            return prepared.shared()
        return await self._offload.shared(content, submission, time.time())

    @asynccontextmanager
    async def personal(
        self, content: bytes, submission: Submission, tell_pending: TellPending | None = None
    ) -> AsyncIterator[MakeCopy | None]:
        """Yield a function that makes each recipient's copy, or None where all may get the same.

        Raises as `shared`, and so does that function; `tell_pending` as there.
        """
        prepared = await self._prepared_in_loop(content, submission, tell_pending)
        if prepared is not None:
            yield self._personal_in_loop(prepared) if prepared.untouched is None else None
            return
        async with self._offload.prepared(content, submission, time.time()) as make_there:
            yield make_there

    async def left_alone(self, content: bytes, submission: Submission, fault: Fault) -> Outgoing:
        """Return a message that could not be worked on as it may go out. Raises as `shared`."""
        now_s = time.time()

        def here() -> Outgoing:
            return self._transformer.left_alone(content, submission, now_s, fault)

        made = None if len(content) >= LARGE_MESSAGE_OCTETS else await self._within_budget(here)
        if made is not None:
            return made
        return await self._offload.left_alone(content, submission, now_s, fault)

    async def _prepared_in_loop(
        self, content: bytes, submission: Submission, tell_pending: TellPending | None
    ) -> Prepared | None:
        """Work on a message in the event loop; None where that is, or would be, too much.

        A message that is not trusted is not even looked at, and waits for no iteration.
        """

        def here() -> Prepared:
            return self._transformer.prepare(content, submission, time.time(), tell_pending)

        if not submission.trusted:
            return here()
        return None if len(content) >= LARGE_MESSAGE_OCTETS else await self._within_budget(here)

    async def _within_budget(self, work: Callable[[], T]) -> T | None:
        """Return what `work` makes, in an iteration that has room; None where it is too much work."""
        await self._loop_budget.turn()
        return within(MAX_STEPS_IN_LOOP, work)

    def _personal_in_loop(self, prepared: Prepared) -> MakeCopy:
        async def make(index: int) -> Outgoing:
            await self._loop_budget.turn()
            return prepared.personal(index)

        return make
