"""Reading events from segments a second time: what was counted, from where a reader was on.

Owns: the order (within a segment, that in which it was written; between segments, the older first), and
records that are rewritten in this moment.
Does not own: the form of segments (`tracker.spool.segments`), what was counted (`tracker.ingest.ingester`),
or how far a reader is (`sender`, `follow`).

Only what was counted is read: by then what it tells of forgotten persons was blanked, and what is damaged
was set aside.
"""

import os
import time
from collections.abc import Generator
from pathlib import Path
from typing import NamedTuple

from tracker.events import Event
from tracker.ingest.chunk import Chunk
from tracker.spool import segments
from tracker.spool.link_sets import LinkSets
from tracker.spool.segments import Record
from tracker.stream.cursor import Position

CHUNK_OCTETS = 256 * 1024
AGAIN = 5
AGAIN_S = 0.02
"""How often, and after how long, what looks damaged is read again: `waypost forget` may be rewriting it."""
REMEMBERED_S = 60.0
"""How long the links of a segment are kept in memory that nobody writes to; they can be looked for again."""


class Read(NamedTuple):
    """An event, and the offset after it in its segment; None for what tells of no event."""

    segment: str
    end: int
    event: Event | None


class Reader:
    """Reads the segments of one spool. For one thread."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._link_sets: dict[str, LinkSets] = {}
        self._read_s: dict[str, float] = {}
        """When something was last read of each of these, by the monotonic clock."""

    def read(self, position: Position, fed: Position) -> Generator[Read, None, None]:
        """Yield what follows a position, and was `fed` to the store; raises OSError.

        Segments that are no more are passed over.
        """
        self._forget_links(time.monotonic() - REMEMBERED_S)
        for path in segments.listing(self._directory):
            start, end = position.get(path.name, 0), fed.get(path.name, 0)
            if start < end:
                yield from self._segment(path, start, end)

    def _segment(self, path: Path, start: int, end: int) -> Generator[Read, None, None]:
        try:
            descriptor = segments.open_to_read(path)
        except FileNotFoundError:
            return
        link_sets = self._link_sets.setdefault(path.name, LinkSets())
        self._read_s[path.name] = time.monotonic()
        try:
            while start < end and (records := _records(descriptor, start, end)):
                for line in Chunk.read(records, link_sets, descriptor).lines:
                    event = line.event if line.damage is None else None
                    yield Read(path.name, line.record.end, event)
                start = records[-1].end
        finally:
            os.close(descriptor)

    def _forget_links(self, before_s: float) -> None:
        """Forget the links of segments of which nothing was read since: many are kept for a day."""
        for name in [name for name, at_s in self._read_s.items() if at_s < before_s]:
            del self._read_s[name], self._link_sets[name]


def _records(descriptor: int, start: int, end: int) -> list[Record]:
    """Return some records from an offset on, none that goes beyond `end`."""
    for left in reversed(range(AGAIN)):
        found = segments.read(descriptor, start, CHUNK_OCTETS, finished=True)
        records = [record for record in found if record.end <= end]
        if all(record.payload is not None for record in records):
            break
        if left:
            time.sleep(AGAIN_S)
    return records


def waiting_octets(position: Position, fed: Position) -> int:
    """Return how much was fed that follows a position."""
    return sum(max(0, octets - position.get(name, 0)) for name, octets in fed.items())
