"""What one transaction feeds: records of a segment, and the events that they tell.

Owns: telling events from sets of links and from damage, and what is set aside of each.
Does not own: feeding events (`tracker.counting.feeder`), where damage is kept (`ingester`), or the
form of segments (`tracker.spool.segments`).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from config.telemetry import observe
from config.value_objects import value
from tracker.events import BadEvent, Event, LinkSet, MessagePending, decode, encode
from tracker.spool import segments
from tracker.spool.link_sets import LinkSets, SetMissing
from tracker.spool.segments import Record


@value
class Line:
    """A record and its event: None for a set of links, and where `damage` says what is wrong."""

    record: Record
    event: Event | None = None
    damage: str | None = None

    @property
    def kept_octets(self) -> bytes:
        """Return what is set aside of it: an event with its links, as a record that stands alone."""
        return self.record.raw if self.event is None else segments.frame(encode(self.event))


@dataclass(frozen=True, slots=True)
class Chunk:
    """Records that follow each other in a segment."""

    lines: tuple[Line, ...]

    @classmethod
    def read(cls, records: Sequence[Record], link_sets: LinkSets, descriptor: int) -> "Chunk":
        """Return what records of the open segment tell; raises OSError."""
        return cls(tuple(_line(record, link_sets, descriptor) for record in records))

    @property
    def end(self) -> int:
        """Return the offset after it."""
        return self.lines[-1].record.end

    @property
    def records(self) -> list[Record]:
        """Return its records."""
        return [line.record for line in self.lines]

    def events(self) -> list[Event]:
        """Return the events that are to be fed."""
        return [line.event for line in self.lines if line.event and line.damage is None]

    def damaged(self) -> Iterator[Line]:
        """Yield what is to be set aside."""
        return (line for line in self.lines if line.damage is not None)

    def halves(self) -> "tuple[Chunk, Chunk]":
        """Return it as two."""
        middle = len(self.lines) // 2
        return Chunk(self.lines[:middle]), Chunk(self.lines[middle:])

    def set_aside(self, why: str) -> "Chunk":
        """Return it with nothing to be fed."""
        return Chunk(tuple(replace(line, damage=line.damage or why) for line in self.lines))


def _line(record: Record, link_sets: LinkSets, descriptor: int) -> Line:
    try:
        told = decode(record.payload or b"")
    except BadEvent as error:
        return Line(record, damage=str(error) if record.payload else "damaged")
    if isinstance(told, LinkSet):
        link_sets.add(told)
        return Line(record)
    try:
        return Line(record, link_sets.complete(told, descriptor, record.end - len(record.raw)))
    except SetMissing:
        return Line(record, _without_links(told))


def _without_links(event: Event) -> Event:
    """Return a message of whose links nothing can be read any more: the rest of it counts."""
    if not isinstance(event, MessagePending):
        return event
    observe.log(observe.LINKS_LOST, message=event.message_id)
    return replace(event, links=(), link_set=None)
