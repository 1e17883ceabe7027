"""Files in which things are said that only a later word takes back, never the loss of a line.

Owns: what such a file holds and what it comes to, the copy of all that was ever in it, and how the
lines of both are put together.
Does not own: the form of the lines (`jsonl`), what is in force while a service runs (`live`), or
what is said (`tracker.decisions.overrides`, `tracker.decisions.consents`).

The file is only ever appended to: it is its own audit log. What a service has read there once it
remembers, in memory and in the copy, which it writes whenever it learns something. So a file that was
deleted, emptied, damaged or made anew takes nothing back, also after a restart. Neither depends on
the database. See docs/adr/0008.
"""

import os
from collections import Counter, deque
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Generic, Protocol, TypeVar

from prometheus_client import Gauge
from pydantic import TypeAdapter

from config.keys.secret_files import locked, write_secret
from config.telemetry.observe import RecordFileMetrics
from tracker.records import jsonl
from tracker.records.durable import inherit_owner


class Summary(Protocol):
    """What all that was said comes to."""

    @property
    def in_force(self) -> int:
        """How much of it there is to be told."""


Record = TypeVar("Record")
Sum = TypeVar("Sum", bound=Summary)


@dataclass(frozen=True, slots=True)
class ParsedLines(Generic[Record]):
    """What stands in one file: its records, and how many lines are none."""

    made: tuple[Record, ...] = ()
    damaged: int = 0


@dataclass(frozen=True, slots=True)
class Merged(Generic[Record]):
    """All records, the oldest first; how many the file lost, and how many of its lines are none."""

    made: tuple[Record, ...] = ()
    lost: int = 0
    damaged: int = 0


def _everything_is(_record: object) -> bool:
    return True


def _nothing_is(_made: object) -> Collection[object]:
    return ()


@dataclass(frozen=True, slots=True)
class RecordFile(Generic[Record, Sum]):
    """One kind of such files. `name` is what they are called behind the store's own name.

    `summed` says what records come to; `is_sound` which of them can be meant; `erased` which of them
    must not be kept any longer, as others say. Where nothing at all can be read, a chronicle that
    `fails_open` counts as empty; else there is no saying.
    """

    name: str
    adapter: TypeAdapter[Record]
    summed: Callable[[Iterable[Record]], Sum]
    upkeep: RecordFileMetrics
    in_force: Gauge
    fails_open: bool
    is_sound: Callable[[Record], bool] = _everything_is
    erased: Callable[[Iterable[Record]], Collection[object]] = _nothing_is

    def file_of(self, store: Path) -> Path:
        """Give the file of the store at `store`."""
        return store.with_name(f"{store.name}.{self.name}")

    def copy_of(self, store: Path) -> Path:
        """Give the copy of all that was ever read there."""
        return store.with_name(f"{store.name}.{self.name}.known")

    def append(self, store: Path, record: Record) -> None:
        """Write a record down durably; raises OSError."""
        jsonl.append(self.file_of(store), self.adapter, record)

    def lines(self, octets: bytes) -> ParsedLines[Record]:
        """Read what a file, or a part of it, says."""
        found = [
            each if each is not None and self.is_sound(each) else None
            for each in jsonl.records(octets, self.adapter)
        ]
        made = tuple(each for each in found if each is not None)
        return ParsedLines(made, len(found) - len(made))

    def read(self, path: Path) -> ParsedLines[Record]:
        """Read a file, nothing where there is none; raises OSError."""
        return self.lines(jsonl.octets_of(path))

    def known(self, store: Path) -> Merged[Record]:
        """Give what the file says and the copy remembers; raises OSError."""
        return self.put_together((), self.read(self.file_of(store)), self.read(self.copy_of(store)))

    def put_together(
        self, remembered: Sequence[Record], file: ParsedLines[Record], copy: ParsedLines[Record]
    ) -> Merged[Record]:
        """Give what is known by memory, file and copy."""
        said = [remembered, file.made, copy.made]
        if erased := self.erased(chain(*said)):
            said = [[each for each in made if each not in erased] for made in said]
        in_memory, in_file, in_copy = said
        made = merged(in_copy, merged(in_memory, in_file))
        return Merged(made, len(made) - len(in_file), file.damaged)

    def remember(
        self,
        store: Path,
        made: Sequence[Record],
        copied: Callable[[], ParsedLines[Record]] | None = None,
    ) -> None:
        """Make sure that the copy has these records, beside all that it has; raises OSError.

        `copied` says what it has, where not all of it must be read for that; it is asked when no other
        process writes the copy. Where records only come on top, they are appended; else the copy is
        written whole or not at all.
        """
        copy = self.copy_of(store)
        with locked(copy):
            _sweep(copy)
            there = copied() if copied is not None else self.read(copy)
            everything = self.put_together((), ParsedLines(tuple(made)), there).made
            count = len(there.made)
            if count and there == ParsedLines(everything[:count]):
                jsonl.append(copy, self.adapter, *everything[count:])
            elif there != ParsedLines(everything):
                write_secret(copy, jsonl.dumped(everything, self.adapter), replace=True)
                inherit_owner(copy)

    def complaints(self, store: Path, known: Merged[Record]) -> Iterator[str]:
        """Say what is wrong with the file."""
        file, copy = self.file_of(store), self.copy_of(store)
        if known.damaged:
            yield f"Lines of {file} that cannot be read: {known.damaged}"
        if known.lost:
            yield f"Lines that {file} has lost, and that are in force by {copy}: {known.lost}"


def _sweep(copy: Path) -> None:
    """Remove what a process left that died while it wrote the copy; the lock says that none does."""
    target = Path(os.path.realpath(copy))
    for left in target.parent.iterdir():
        if left.name.startswith(f".{target.name}."):
            left.unlink(missing_ok=True)


def merged(known: Sequence[Record], told: Sequence[Record]) -> tuple[Record, ...]:
    """Give the records of both, each once, in an order that keeps that of `known`.

    What only `told` has follows what stood before it there, and all that is missing at that place:
    a file that lost its lines was appended to later. Repeated words are told apart by their number.
    """
    known, told = tuple(known), tuple(told)
    both = min(len(known), len(told))
    if known[:both] == told[:both]:  # as ever, where nothing was lost: one has grown
        return max(known, told, key=len)
    remembered, said = _numbered(known), _numbered(told)
    left, in_both = deque(remembered), set(remembered) & set(said)
    order: dict[tuple[Record, int], None] = {}
    for each in said:
        if each in order:  # somebody has sorted the file anew
            continue
        if each in in_both:
            while left[0] != each:
                order[left.popleft()] = None
            left.popleft()
        else:
            while left and left[0] not in in_both:
                order[left.popleft()] = None
        order[each] = None
    order |= dict.fromkeys(left)
    return tuple(made for made, _ in order)


def _numbered(made: Iterable[Record]) -> list[tuple[Record, int]]:
    seen: Counter[Record] = Counter()
    numbered = []
    for each in made:
        numbered.append((each, seen[each]))
        seen[each] += 1
    return numbered
