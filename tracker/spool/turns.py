"""Events of one turn of an event loop: to the spool together, and back together, within bounded time.

Owns: handing over once a turn, coming back to the loop once for all that is safe by then, and who has
waited long enough; waiting by coroutines.
Does not own: the spool, which holds what it could not write (`writer`).

To wake the spool's thread, or the loop from there, costs as much as most of what is done for an event.
"""

import asyncio
import contextlib
from collections import deque
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Generic, TypeVar

from tracker.events import Event
from tracker.spool.parcel import Parcel, SpoolError, framed_apart
from tracker.spool.writer import Spool

if TYPE_CHECKING:
    from tracker.spool.link_sets import WrittenSet

PATIENCE_S = 0.25
"""How long anybody waits for the spool (P9); a group commit takes a few milliseconds."""

LARGE_OCTETS = 64 * 1024
"""A record so large is handed over by itself: where it is refused, the others are not."""

Waiter = TypeVar("Waiter")


class _Group(Generic[Waiter]):
    """Events that came in one turn and are told of at the same stage; each waiter is told once."""

    __slots__ = ("due_s", "early", "link_sets", "records", "waiters")

    def __init__(self, due_s: float, *, early: bool) -> None:
        self.due_s = due_s
        self.early = early
        self.records: list[bytes] = []
        self.link_sets: list[WrittenSet] = []
        self.waiters: list[Waiter] = []


class Turns(Generic[Waiter]):
    """Hands events of this loop to `spool`; `settle` hears what became of those of some waiters.

    That is called in the loop, once for each waiter: with None where their events are safe, with
    SpoolError where they are not yet, with TimeoutError after `patience_s`. One timer serves all.
    """

    def __init__(
        self,
        spool: Spool,
        settle: Callable[[list[Waiter], Exception | None], None],
        patience_s: float = PATIENCE_S,
    ) -> None:
        self._spool = spool
        self._settle = settle
        self._patience_s = patience_s
        self.loop = asyncio.get_running_loop()
        """The loop, which is found once: to ask for it costs a system call."""
        self._arriving: list[_Group[Waiter]] = []
        self._open: dict[bool, _Group[Waiter]] = {}
        self._back: deque[tuple[_Group[Waiter], SpoolError | None]] = deque()
        self._woken = False
        self._handing = False
        self._is_due = False
        self._waiting: deque[_Group[Waiter]] = deque()
        self._timer: asyncio.TimerHandle | None = None

    def keep(self, record: bytes, waiter: Waiter) -> None:
        """Hand a framed event over at the end of this turn; its waiter hears once it is durable."""
        self.hand_over_soon()
        group = self._open.get(False) or self._begin(early=False)
        group.records.append(record)
        group.waiters.append(waiter)

    def keep_event(
        self, event: Event, waiter: Waiter | None = None, *, early: bool = False
    ) -> None:
        """Hand an event over at the end of this turn; `early`: its waiter hears once it is written.

        Without a waiter nobody is told.
        """
        self.hand_over_soon()
        self.add(event, waiter, early=early)

    def add(self, event: Event, waiter: Waiter | None = None, *, early: bool = False) -> None:
        """Take an event as `keep_event` does, of a giver that has this turn handed over by itself."""
        record, link_set = framed_apart(event, self._spool.links_apart)
        group = self._open.get(early) if len(record) < LARGE_OCTETS else None
        group = group or self._begin(early=early, alone=len(record) >= LARGE_OCTETS)
        group.records.append(record)
        if link_set is not None:
            group.link_sets.append(link_set)
        if waiter is not None:
            group.waiters.append(waiter)

    def _begin(self, *, early: bool, alone: bool = False) -> _Group[Waiter]:
        group: _Group[Waiter] = _Group(self.loop.time() + self._patience_s, early=early)
        self._arriving.append(group)
        if not alone:
            self._open[early] = group
        return group

    def hand_over_soon(self) -> None:
        """Hand over at the end of this turn what comes in it: a turn more of the loop."""
        if not self._is_due:
            self._is_due = True
            self.loop.call_soon(self._end_turn)

    def _end_turn(self) -> None:
        self._is_due = False
        self.hand_over()

    def hand_over_if_idle(self) -> None:
        """Hand over what has come in this turn: at once, where the spool writes it at once as well."""
        if self._spool.idle:
            self.hand_over()
        else:
            self.hand_over_soon()

    def hand_over(self) -> None:
        """Hand the spool what has come in this turn of the loop, and settle what it tells at once."""
        if not self._arriving:  # it did not have to wait for the end of the turn
            return
        groups, self._arriving = self._arriving, []
        self._open.clear()
        self._waiting += groups
        if self._timer is None:
            self._timer = self.loop.call_at(groups[0].due_s, self._lose_patience)
        self._handing = True
        try:
            self._spool.hand_over([self._parcel(each) for each in groups])
        finally:  # whatever happens: what comes back from here on wakes the loop
            self._handing = False
        self._settle_all()

    def _parcel(self, group: _Group[Waiter]) -> Parcel:
        return Parcel(
            group.records,
            partial(self._hand_back, group) if group.waiters else None,
            early=group.early,
            link_sets=group.link_sets,
        )

    def _hand_back(self, group: _Group[Waiter], error: SpoolError | None) -> None:
        """Take the spool's word for a group; called in its thread, which comes once for several.

        Or in the loop's, while it hands over; then that looks for what is back itself.
        """
        self._back.append((group, error))
        if not (self._woken or self._handing):
            self._woken = True
            with contextlib.suppress(RuntimeError):  # the loop is closed: nobody waits any more
                self.loop.call_soon_threadsafe(self._settle_back)

    def _settle_back(self) -> None:
        self._woken = False  # first: what comes back from here on comes again
        self._settle_all()

    def _settle_all(self) -> None:
        while self._back:
            self._conclude(*self._back.popleft())

    def _lose_patience(self) -> None:
        """Tell all whose time is over, and come again for the next."""
        now_s, self._timer = self.loop.time(), None
        while self._waiting and (not self._waiting[0].waiters or self._waiting[0].due_s <= now_s):
            self._conclude(self._waiting.popleft(), TimeoutError("the spool is slow"))
        if self._waiting:
            self._timer = self.loop.call_at(self._waiting[0].due_s, self._lose_patience)

    def _conclude(self, group: _Group[Waiter], error: Exception | None) -> None:
        waiters, group.waiters = group.waiters, []
        if waiters:
            self._settle(waiters, error)


Kept = asyncio.Future[Exception | None]
"""Is done once an event is as safe as it must be, with None, or with why it is not yet: SpoolError, or
TimeoutError. So that somebody may wait for it later, or nobody."""


class AwaitedSpool:
    """A spool for coroutines of one event loop, each of which may wait until its event is as safe as it must be."""

    def __init__(self, spool: Spool) -> None:
        self._spool = spool
        self._turns: Turns[Kept] | None = None

    def durable(self, event: Event) -> Kept:
        """Keep an event; what is returned is done once it is durable. The disk is at work from here on."""
        turns = self._made()
        kept = self._kept(turns, event, early=False)
        turns.hand_over()
        return kept

    def written(self, event: Event) -> Kept:
        """Keep an event; what is returned is done once it is written: at once, where the spool is idle."""
        turns = self._made()
        try:
            return self._kept(turns, event, early=True)
        finally:  # what was to go along goes, whatever happens
            turns.hand_over_if_idle()

    def mention(self, event: Event) -> None:
        """Keep an event for which nobody waits."""
        self._made().keep_event(event, early=True)

    def along(self, event: Event) -> None:
        """Keep an event for which nobody waits, and which goes along with one that its giver hands over next."""
        self._made().add(event, early=True)

    def _kept(self, turns: Turns[Kept], event: Event, *, early: bool) -> Kept:
        kept: Kept = turns.loop.create_future()
        turns.add(event, kept, early=early)
        return kept

    def _made(self) -> Turns[Kept]:
        if self._turns is None:
            self._turns = Turns(self._spool, _resolve)
        return self._turns


def _resolve(waiters: list[Kept], error: Exception | None) -> None:
    for waiter in waiters:
        if not waiter.done():  # else nobody waits any more
            waiter.set_result(error)
