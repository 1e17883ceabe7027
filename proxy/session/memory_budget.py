"""The memory that all messages of a service may hold together, and who has to give way.

Owns: what is held by whom, how much one account or network may hold beside others, and which
upload ends when memory is short.
Does not own: reading a message (`upload`), who its client is (`proxy.client.identity`), or what
one message may hold (`proxy.smtp.data`).

An account, and a network, may hold as much as it leaves free (a dynamic threshold, Choudhury and
Hahne, IEEE/ACM ToN 6(2), 1998): at most a half, and while others hold theirs a half of what those
left. So none can hold all, and little is kept idle for those who do not come.

Memory that is held long is worth as much as memory that is held often. When it is short, and only
then, uploads that are slow for what they hold end at once, the largest first. An upload is slow
when it has used up its patience: that is UPLOAD_PATIENCE_S at first and at most, runs out as time
passes, and is earned back by what comes, at the pace of an upload that takes UPLOAD_S. One that
comes evenly within UPLOAD_S is thus never slow, nor is one that stalls for less than its patience.

That is Postfix's `smtpd_min_data_rate` with `smtpd_per_request_deadline`, which Postfix switches on
under stress as well, with a patience of 10 s (`smtpd_timeout`) and a pace of 500 octets a second. A
client may take three minutes for a block of DATA (RFC 5321 §4.5.3.2.5), and has them as long as
there is memory for everybody; RFC 5321 §3.8 lets a server end a session with 421 when it must.
"""

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Collection
from typing import Self

from config.service.shared_counts import ALONE, Counts

UPLOAD_BUDGET_OCTETS = 256 * 1024 * 1024
"""All messages being taken in or passed on, in all `workers`. What is above gets 452: with 200 uploads of
25 MB and 1,000 idle sessions a process stays below 1 GiB."""

LARGEST_MESSAGES = 4
"""The budget is at least so many of the largest: two fit, even of one client, as it has to leave as
much free as it holds."""

UPLOAD_PATIENCE_S = 60.0
"""How long an upload may bring nothing, or a larger one too little, while memory is short."""

UPLOAD_S = 300.0
"""How long a message may take at an even pace while memory is short: 35 MB at 1 Mbit/s."""

_now_s = time.monotonic

_ALL, _WANTED = "mail", "mail that found no memory"

WANTED_S = 1.0
"""For so long the uploads of other workers hear that there was no memory, and the slow ones give way."""


class MemoryBudget:
    """Octets of mail that the processes which keep `counts` may hold at one time."""

    def __init__(self, limit_octets: int, counts: Counts = ALONE) -> None:
        self.limit_octets = limit_octets
        self._counts = counts
        self._shared = counts.shared
        self.used_octets = 0
        self._held: Counter[str] = Counter()
        self._uploads: set[Lease] = set()

    def make_room_for(self, message_octets: int) -> None:
        """Raise the limit where two messages of this size would not fit."""
        self.limit_octets = max(self.limit_octets, LARGEST_MESSAGES * message_octets)

    def admit(self, lease: "Lease", octets: int) -> bool:
        """Return whether `lease` may hold so much more, once slow uploads have given way."""
        if self._shared:
            self._make_way()
        elif 2 * (self.used_octets + octets) <= self.limit_octets:
            return True  # whoever held all of it could still have more
        if self._fits(lease, octets):
            return True
        for upload in self._slow_uploads(lease, octets):
            upload.end()
            if self._fits(lease, octets):
                return True
        if self._shared and not self._greedy(lease, octets):
            self._want(octets)
        return False

    def _want(self, octets: int) -> None:
        """Have other workers end what is slow."""
        self._counts.add(_WANTED, octets)
        later = asyncio.get_running_loop().call_later
        later(WANTED_S, self._counts.add, _WANTED, -octets)

    def _make_way(self) -> None:
        """End what is slow here, the largest first, where a message found no memory in another worker."""
        wanted_octets = self._counts.others(_WANTED)
        slow = [each for each in self._uploads if each.slow] if wanted_octets else []
        for upload in sorted(slow, key=lambda each: each.held_octets, reverse=True):
            if wanted_octets > 0:
                wanted_octets -= upload.held_octets
                upload.end()

    def hold(self, lease: "Lease", change_octets: int) -> None:
        """Note that `lease` holds so much more, or less."""
        self.used_octets += change_octets
        held = self._held
        for holder in lease.holders:
            held_octets = held.get(holder, 0) + change_octets
            if held_octets:
                held[holder] = held_octets
            else:
                held.pop(holder, None)
        if self._shared:
            self._counts.add(_ALL, change_octets)
            for holder in lease.holders:
                self._counts.add(_of(holder), change_octets)

    def upload_begins(self, lease: "Lease") -> None:
        """Let `lease` be ended from here on."""
        self._uploads.add(lease)

    def upload_ends(self, lease: "Lease") -> None:
        """Let it be ended no more."""
        self._uploads.discard(lease)

    def _fits(self, lease: "Lease", octets: int) -> bool:
        held_octets = max(map(self._held_by, lease.holders))
        used_octets = self.used_octets + (self._counts.others(_ALL) if self._shared else 0)
        return held_octets + octets <= self.limit_octets - used_octets - octets

    def _held_by(self, holder: str) -> int:
        return self._held[holder] + (self._counts.others(_of(holder)) if self._shared else 0)

    def _greedy(self, lease: "Lease", octets: int) -> set[str]:
        """Return whose share would be more than anybody may hold."""
        most_octets = self.limit_octets // 2 - octets
        return {holder for holder in lease.holders if self._held_by(holder) > most_octets}

    def _slow_uploads(self, lease: "Lease", octets: int) -> list["Lease"]:
        """Return what may give way to `lease`, the largest first.

        To those who would hold more than anybody may, only what is their own.
        """
        greedy = self._greedy(lease, octets)
        slow = [
            upload
            for upload in self._uploads - {lease}
            if upload.held_octets and upload.slow and (not greedy or greedy & upload.holders)
        ]
        return sorted(slow, key=lambda upload: upload.held_octets, reverse=True)


class Lease:
    """One message's part of a budget; a context manager that returns it."""

    def __init__(self, budget: MemoryBudget, holders: Collection[str]) -> None:
        """`holders` are whose share it counts in: the account, and the network."""
        self.holders = frozenset(holders)
        self.held_octets = 0
        self._budget = budget
        self._ended = False
        self._on_end: Callable[[], None] | None = None
        self._patience_s = UPLOAD_PATIENCE_S
        self._judged_at_s = _now_s()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._hold(0)

    @property
    def may_begin(self) -> bool:
        """There is room for the first octet."""
        return self._budget.admit(self, 1)

    @property
    def slow(self) -> bool:
        """The upload has used up its patience."""
        return self._patience_s <= _now_s() - self._judged_at_s

    def resize(self, held_octets: int) -> bool:
        """Hold this much; False, and the lease stays as it was, when there is no room."""
        change_octets = held_octets - self.held_octets
        if change_octets > 0:
            if self._ended or not self._budget.admit(self, change_octets):
                return False
            now_s = _now_s()
            left_s = self._patience_s - (now_s - self._judged_at_s)
            earned_s = UPLOAD_S * change_octets / held_octets
            self._patience_s = min(left_s + earned_s, UPLOAD_PATIENCE_S)
            self._judged_at_s = now_s
        self._hold(held_octets)
        return True

    def uploading(self, on_end: Callable[[], None]) -> "_Uploading":
        """Return a block within which the upload gives way to others; `on_end` is called then."""
        self._on_end = on_end
        return _Uploading(self._budget, self)

    def end(self) -> None:
        """Make way for others: hold nothing any more."""
        self._ended = True
        self._hold(0)
        if self._on_end is not None:
            self._on_end()

    def _hold(self, held_octets: int) -> None:
        self._budget.hold(self, held_octets - self.held_octets)
        self.held_octets = held_octets


class _Uploading:
    """While this block runs, an upload may be ended."""

    def __init__(self, budget: MemoryBudget, lease: Lease) -> None:
        self._budget = budget
        self._lease = lease

    def __enter__(self) -> None:
        self._budget.upload_begins(self._lease)

    def __exit__(self, *_: object) -> None:
        self._budget.upload_ends(self._lease)


def _of(holder: str) -> str:
    return f"mail of {holder}"
