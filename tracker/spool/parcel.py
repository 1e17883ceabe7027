"""What is handed to the spool at one time by one giver, and telling them what became of it.

Owns: events in their form on disk, and who hears once that they are safe, or are not yet.
Does not own: writing them (`writer`), or their form (`tracker.events`, `segments`, `link_sets`).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from tracker.events import Event, encode
from tracker.spool import segments
from tracker.spool.link_sets import WrittenSet, taken_out


class SpoolError(OSError):
    """The event is not durable (yet): it is kept in memory and tried again."""


class SpoolFull(SpoolError):
    """The event was dropped: memory for events that cannot be written is full."""


Told = Callable[[SpoolError | None], object]
"""Hears what became of events: None where they are safe. Called once, maybe in the spool's thread;
it must not raise."""


def framed(event: Event) -> bytes:
    """Return an event as a record; one of a message, whose links stand apart, by `framed_apart`."""
    return segments.frame(encode(event))


def framed_apart(event: Event) -> tuple[bytes, WrittenSet | None]:
    """Return an event as a record, and the set of links that has to stand before it."""
    event, link_set = taken_out(event)
    return framed(event), link_set


@dataclass(slots=True)
class Parcel:
    """Events that came at one time, as records. `told` is None where nobody waits, or waits no more.

    `early`: the giver is told when they are written, not when they are durable. `link_sets` have to
    stand in the segment before them.
    """

    records: Sequence[bytes]
    told: Told | None
    early: bool = False
    link_sets: Sequence[WrittenSet] = ()
    size_octets: int = field(init=False)
    """How much memory they take, and their sets, which others may share."""

    def __post_init__(self) -> None:
        self.size_octets = sum(map(len, self.records))
        if self.link_sets:
            self.size_octets += sum(len(each.record) for each in self.link_sets)

    @property
    def longest_octets(self) -> int:
        """Return the size of the longest record."""
        return max(map(len, (*self.records, *(each.record for each in self.link_sets))))

    @property
    def waits(self) -> bool:
        """Return whether somebody waits until they are durable."""
        return self.told is not None and not self.early

    def tell(self, error: SpoolError | None) -> None:
        """Tell the giver, if nobody did."""
        told, self.told = self.told, None
        if told is not None:
            told(error)
