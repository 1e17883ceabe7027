"""Counts that processes of one service keep together: how much of a limit the others have used.

Owns: memory that they share, with a part for each, and what becomes of the part of a process that ended.
Does not own: what is counted, or what the limits are (`proxy.server`, `proxy.session`, `proxy.client`,
`proxy.relay`).

Each process writes its own part alone, and adds up those of the others. So there is no lock, which a
process that is killed could take along, and what it held is given back by wiping its part. Counting first
and looking at the sum then, two processes that want the last place at the same time may both go without;
never do both get it.

A count is a name and an amount, at a place of its own until it is 0. Names are kept as keyed hashes of
64 bits, in one array, so that a name is found by a search for eight octets.
"""

import heapq
import mmap
import secrets
import sys
from collections import Counter
from functools import lru_cache
from hashlib import blake2b

PLACES = 32_768
"""Names that one process may count at the same time; what is beyond counts in that process alone."""

LOOK_AGAIN_S = 0.1
"""How often to look whether another process has given back what is waited for."""

_WORD_OCTETS = 8
_PART_WORDS = 1 + 2 * PLACES
_KEPT_NAMES = 4096


class Counts:
    """What a process counts among the processes of its service; this one is alone."""

    processes = 1

    def add(self, name: str, amount: int = 1) -> None:
        """Let the others know that this process holds so much more of `name`, or less."""

    def others(self, name: str) -> int:
        """Return how much of `name` the other processes hold together."""
        del name
        return 0

    @property
    def shared(self) -> bool:
        """Whether there are other processes."""
        return self.processes > 1


ALONE = Counts()


class SharedCounts:
    """The memory that `processes` share. Made before they are forked, by their parent."""

    def __init__(self, processes: int) -> None:
        self._key = secrets.token_bytes(16)
        memory = mmap.mmap(-1, processes * _PART_WORDS * _WORD_OCTETS)
        words = memoryview(memory).cast("q")
        self._parts = [
            _Part(words[i * _PART_WORDS : (i + 1) * _PART_WORDS]) for i in range(processes)
        ]

    def of(self, index: int) -> Counts:
        """Return the counts of the process of this number, which is to be the caller."""
        mine = self._parts[index]
        return _CountsOfOne(mine, [each for each in self._parts if each is not mine], self._key)

    def forget(self, index: int) -> None:
        """Take off all that the process of this number held: it has ended."""
        self._parts[index].wipe()


class _Part:
    """The part of one process: how many places were ever used, names, and amounts."""

    def __init__(self, words: memoryview) -> None:
        self.head, self.names, self.amounts = (
            words[:1],
            words[1 : 1 + PLACES],
            words[1 + PLACES :],
        )

    def amount(self, name: int) -> int:
        """Return the amount of a name, 0 where it is not counted."""
        names = self.names[: self.head[0]].tobytes()
        sought = name.to_bytes(_WORD_OCTETS, sys.byteorder, signed=True)
        at = names.find(sought)
        while at % _WORD_OCTETS and at >= 0:
            at = names.find(sought, at + 1)
        if at < 0:
            return 0
        place = at // _WORD_OCTETS
        amount = int(self.amounts[place])
        # Meanwhile it may have been given back, and its place be another's.
        return amount if self.names[place] == name else 0

    def wipe(self) -> None:
        """Make it as it was at the beginning."""
        used = self.head[0]
        self.head[0] = 0
        for place in range(used):
            self.names[place] = self.amounts[place] = 0


class _CountsOfOne(Counts):
    """The counts of one of several processes."""

    def __init__(self, mine: _Part, others: list[_Part], key: bytes) -> None:
        self.processes = 1 + len(others)
        self._mine = mine
        self._others = others
        self._places: dict[int, int] = {}
        self._beyond: Counter[int] = Counter()
        self._free: list[int] = []
        self._hashed = lru_cache(_KEPT_NAMES)(lambda name: _hashed(name, key))

    def add(self, name: str, amount: int = 1) -> None:
        hashed = self._hashed(name)
        place = self._places.get(hashed)
        if place is None and hashed not in self._beyond:
            place = self._begin(hashed)
        if place is None:
            self._add_beyond(hashed, amount)
            return
        self._mine.amounts[place] += amount
        if not self._mine.amounts[place]:
            self._mine.names[place] = 0
            heapq.heappush(self._free, self._places.pop(hashed))

    def others(self, name: str) -> int:
        hashed = self._hashed(name)
        return sum(part.amount(hashed) for part in self._others)

    def _add_beyond(self, hashed: int, amount: int) -> None:
        """Note what found no place, so that it is never taken off from what has one."""
        self._beyond[hashed] += amount
        if not self._beyond[hashed]:
            del self._beyond[hashed]

    def _begin(self, hashed: int) -> int | None:
        """Return a place for a name, the first that is free; None where there is none."""
        if self._free:
            place = heapq.heappop(self._free)
        elif (place := self._mine.head[0]) < PLACES:
            self._mine.head[0] = place + 1
        else:
            return None
        self._mine.names[place] = hashed
        self._places[hashed] = place
        return int(place)


def _hashed(name: str, key: bytes) -> int:
    """Return a number of 64 bits that is not 0, which stands for a place without a name."""
    digest = blake2b(name.encode(), digest_size=_WORD_OCTETS, key=key).digest()
    return int.from_bytes(digest, sys.byteorder, signed=True) or 1
