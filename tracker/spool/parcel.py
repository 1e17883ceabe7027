"""What is handed to the spool at one time by one giver, and telling them what became of it.

Owns: events in their form on disk, and who hears once that they are safe, or are not yet.
Does not own: writing them (`writer`), or their form (`tracker.events`, `segments`, `link_sets`).
"""

from collections.abc import Callable, Sequence

from tracker.events import Event, encode
from tracker.spool import segments
from tracker.spool.link_sets import LinksApart, WrittenSet


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


def framed_apart(event: Event, apart: LinksApart) -> tuple[bytes, WrittenSet | None]:
    """Return an event as a record, and the set of links that has to stand before it."""
    line, link_set = apart.encoded(event)
    return segments.frame(line), link_set


class Parcel:
    """Events that came at one time, as records. `told` is None where nobody waits, or waits no more.

    `early`: the giver is told when they are written, not when they are durable. `link_sets` have to
    stand in the segment before them.
    """

    __slots__ = ("early", "link_sets", "records", "size_octets", "told")

    def __init__(
        self,
        records: Sequence[bytes],
        told: Told | None,
        *,
        early: bool = False,
        link_sets: Sequence[WrittenSet] = (),
    ) -> None:
        self.records = records
        self.told = told
        self.early = early
        self.link_sets = link_sets
        self.size_octets = sum(self._sizes())
        """How much memory they take, and their sets, which others may share."""

    def _sizes(self) -> list[int]:
        return [*map(len, self.records), *[len(each.record) for each in self.link_sets]]

    @property
    def longest_octets(self) -> int:
        """The size of the longest record, or set."""
        return max(self._sizes())

    @property
    def waits(self) -> bool:
        """Return whether somebody waits until they are durable."""
        return self.told is not None and not self.early

    def tell(self, error: SpoolError | None) -> None:
        """Tell the giver, if nobody did."""
        told, self.told = self.told, None
        if told is not None:
            told(error)
