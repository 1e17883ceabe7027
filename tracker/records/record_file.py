"""A record file: only a later record takes back what an earlier one says, never the loss of a line.

Owns: what such a file holds and comes to, the copy of all that was ever in it, what other nodes said
(`shared`), and how the lines of all three are merged.
Does not own: the form of the lines (`jsonl`), what is in force while a service runs (`live`), or
what records say (`tracker.decisions.overrides`, `tracker.decisions.consents`).

The file is only ever appended to: it is its own audit log. What a service has read there once it
remembers, in memory and in the copy, which it writes whenever it learns something. So a file that
was deleted, emptied, damaged or made anew takes nothing back, also after a restart. Neither depends
on the database. See docs/adr/0008.

Where several nodes share a database, what all of them said is in a third file, in the order of their
shared log; `tracker.nodes` writes it. It comes first, and what the log does not have yet follows. See
docs/adr/0034.
"""

import contextlib
import os
from collections import Counter, deque
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any, Generic, Protocol, TypeVar

from prometheus_client import Gauge
from pydantic import TypeAdapter

from config.keys.secret_files import locked, write_secret
from config.schema import StateFile
from config.telemetry.observe import RecordFileMetrics
from tracker.records import jsonl
from tracker.records.jsonl import RawLine, Record


class Summary(Protocol):
    """What all records come to."""

    @property
    def in_force(self) -> int:
        """How many of them count now, for a metric."""


Sum = TypeVar("Sum", bound=Summary)


@dataclass(frozen=True, slots=True)
class ParsedLines(Generic[Record]):
    """What stands in one file: its records, and how many lines are none."""

    records: tuple[Record, ...] = ()
    damaged: int = 0


NOTHING: ParsedLines[Any] = ParsedLines()


@dataclass(frozen=True, slots=True)
class Merged(Generic[Record]):
    """All records, the oldest first; how many the file lost, and how many of its lines are none."""

    records: tuple[Record, ...] = ()
    lost: int = 0
    damaged: int = 0


def _everything_is(_record: object) -> bool:
    return True


def _nothing_is(_records: object) -> Collection[object]:
    return ()


@dataclass(frozen=True, slots=True)
class RecordFile(Generic[Record, Sum]):
    """One kind of such files. `name` is what they are called behind the store's own name.

    `sum_of` returns what records come to; `is_sound` whether one can be meant; `erased` which of
    them must not be kept any longer, as others say. Where nothing at all can be read, a file that
    `fails_open` counts as empty; else whoever asks is told why. A file that no service goes by while it runs has
    no metrics.
    """

    name: str
    adapter: TypeAdapter[Record]
    sum_of: Callable[[Iterable[Record]], Sum]
    fails_open: bool
    metrics: RecordFileMetrics | None = None
    in_force: Gauge | None = None
    is_sound: Callable[[Record], bool] = _everything_is
    erased: Callable[[Iterable[Record]], Collection[object]] = _nothing_is

    def file_of(self, state: StateFile) -> Path:
        """Return the file of this machine."""
        return state(self.name)

    def copy_of(self, state: StateFile) -> Path:
        """Return the copy of all that was ever read there."""
        return state(f"{self.name}.known")

    def shared_of(self, state: StateFile) -> Path:
        """Return what all nodes said, in the order of their shared log."""
        return state(f"{self.name}.shared")

    def append(self, state: StateFile, record: Record) -> None:
        """Write a record down durably; raises OSError."""
        jsonl.append(self.file_of(state), self.adapter, record)

    def supersede(
        self,
        state: StateFile,
        goes: Callable[[RawLine[Record]], bool],
        instead: Callable[[Record], Record],
        also: Iterable[Record] = (),
    ) -> list[RawLine[Record]]:
        """Put others in the place of records in the file; see `jsonl.supersede`. Raises OSError."""
        return jsonl.supersede(self.file_of(state), self.adapter, goes, instead, also)

    def parse(self, octets: bytes) -> ParsedLines[Record]:
        """Return what a file, or a part of it, says."""
        found = [
            each if each is not None and self.is_sound(each) else None
            for each in jsonl.parse(octets, self.adapter)
        ]
        records = tuple(each for each in found if each is not None)
        return ParsedLines(records, len(found) - len(records))

    def read(self, path: Path) -> ParsedLines[Record]:
        """Read a file, nothing where there is none; raises OSError."""
        return self.parse(jsonl.octets_of(path))

    def merged(self, state: StateFile) -> Merged[Record]:
        """Return what the files of a machine say; raises OSError."""
        places = (self.file_of(state), self.copy_of(state), self.shared_of(state))
        return self.merge((), *map(self.read, places))

    def merge(
        self,
        remembered: Sequence[Record],
        file: ParsedLines[Record],
        copy: ParsedLines[Record],
        shared: ParsedLines[Record] = NOTHING,
    ) -> Merged[Record]:
        """Return all that memory, file, copy and other nodes say, but for what is erased."""
        sources = [remembered, file.records, copy.records, shared.records]
        if erased := self.erased(chain(*sources)):
            sources = [[each for each in source if each not in erased] for source in sources]
        in_memory, in_file, in_copy, in_shared = sources
        records = followed(in_shared, merge(in_copy, merge(in_memory, in_file)))
        lost = len(records) - len(followed(in_shared, in_file))
        return Merged(records, lost, file.damaged)

    def remember(self, state: StateFile, records: Sequence[Record]) -> None:
        """Make sure that the copy has these records, beside all that it has; raises OSError."""
        with self.locked_copy(state) as copy:
            self.write_copy(copy, self.read(copy), records, self.read(self.shared_of(state)))

    @contextlib.contextmanager
    def locked_copy(self, state: StateFile) -> Iterator[Path]:
        """Keep other processes from writing the copy while the block runs; raises OSError."""
        copy = self.copy_of(state)
        with locked(copy):
            _sweep(copy)
            yield copy

    def write_copy(
        self,
        copy: Path,
        lines: ParsedLines[Record],
        records: Sequence[Record],
        shared: ParsedLines[Record] = NOTHING,
    ) -> None:
        """Write a copy that holds `lines` and is locked, so that it has these records as well.

        Where they only come on top, they are appended; else the copy is written whole or not at
        all. Raises OSError.
        """
        everything = self.merge((), ParsedLines(tuple(records)), lines, shared).records
        count = len(lines.records)
        if count and lines == ParsedLines(everything[:count]):
            jsonl.append(copy, self.adapter, *everything[count:])
        elif lines != ParsedLines(everything):
            octets = jsonl.dump(everything, self.adapter)
            write_secret(copy, octets, replace=True, inherit_owner=True)

    def complaints(self, state: StateFile, merged: Merged[Record]) -> Iterator[str]:
        """Yield what is wrong with the file, for people."""
        file, copy = self.file_of(state), self.copy_of(state)
        if merged.damaged:
            yield f"Lines of {file} that cannot be read: {merged.damaged}"
        if merged.lost:
            yield f"Lines that {file} has lost, and that are in force by {copy}: {merged.lost}"


def _sweep(copy: Path) -> None:
    """Remove what a process left that died writing the copy; it is locked, so nobody writes now."""
    target = Path(os.path.realpath(copy))
    for left in target.parent.iterdir():
        if left.name.startswith(f".{target.name}."):
            left.unlink(missing_ok=True)


def merge(remembered: Sequence[Record], read: Sequence[Record]) -> tuple[Record, ...]:
    """Return the records of both, each once, in an order that keeps that of `remembered`.

    What only `read` has follows what stood before it there, and all that is missing at that place:
    a file that lost its lines was appended to later. Equal records are told apart by their number.
    """
    remembered, read = tuple(remembered), tuple(read)
    both = min(len(remembered), len(read))
    if remembered[:both] == read[:both]:  # as ever, where nothing was lost: one has grown
        return max(remembered, read, key=len)
    known, said = numbered(remembered), numbered(read)
    left, in_both = deque(known), set(known) & set(said)
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
    return tuple(record for record, _ in order)


def followed(first: Sequence[Record], more: Sequence[Record]) -> tuple[Record, ...]:
    """Return the records of both: those of `first` in their order, then what only `more` has, in its own."""
    if not first:
        return tuple(more)
    said = set(numbered(first))
    return (*first, *(each[0] for each in numbered(more) if each not in said))


def numbered(
    records: Iterable[Record], seen: Counter[Record] | None = None
) -> list[tuple[Record, int]]:
    """Return each record with its number among those that equal it, from 0; `seen` are those before them."""
    seen = Counter() if seen is None else seen
    found = []
    for each in records:
        found.append((each, seen[each]))
        seen[each] += 1
    return found
