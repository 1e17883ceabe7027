"""Links that many messages have, written once a segment.

Owns: taking the links out of a message's event, and putting them back when a segment is read.
Does not own: the events (`tracker.events`), writing (`writer`), or the form of segments (`segments`).

A newsletter's forty links take 4 KB, and each of its messages has the same. The first message of a process has
them itself, as most mail has links of its own. Where another has them, too, their set is written before the first of
these in a segment, and is called by a hash. So a segment can be read alone, from any message on: sets that came before
are looked for once.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import replace
from functools import lru_cache
from typing import NamedTuple

from tracker.events import (
    BadEvent,
    Event,
    LinkFields,
    LinkSet,
    MessagePending,
    SentLink,
    Told,
    decode,
    encode,
    encode_apart,
    encode_unnamed,
    encode_with,
    link_fields,
)
from tracker.spool import segments
from tracker.spool.segments import Record

_REMEMBERED = 64
"""Sets whose name and form are kept, so that they are made once for a newsletter."""
_KNOWN_AGAIN = 4096
"""Links of so many messages are known again: between two messages of a newsletter may come others."""
_MOST_OCTETS = 1024 * 1024
"""A longer event has its links apart in any case: together, they could be more than a record holds."""
_CHUNK_OCTETS = 1024 * 1024
_NAME = b'{"name":"'
"""What a set begins with, up to its name: so that it need not be encoded once more to be named."""
_LAST_FIELD = b'"kind":"links"}'


class WrittenSet(NamedTuple):
    """A set of links as it stands in a segment: its name, and its record."""

    name: str
    record: bytes


class SetMissing(LookupError):
    """No record before it in its segment tells of which links a message has."""


class LinksApart:
    """Knows which links more than one message of a process has had. Safe to use from any thread."""

    def __init__(self) -> None:
        self._seen: set[int] = set()

    def encoded(self, event: Event) -> tuple[bytes, WrittenSet | None]:
        """Return an event as its line, and the set of links that has to stand before it."""
        if not isinstance(event, MessagePending) or not event.links:
            return encode(event), None
        links = tuple(map(link_fields, event.links))
        if not self._see_again(hash(links)):
            line = encode_with(event, links)
            if len(line) <= _MOST_OCTETS:
                return line, None
        written = _written(links)
        return encode_apart(event, written.name), written

    def _see_again(self, links: int) -> bool:
        """Return whether there were links of this hash before. Were these others, they stand apart too soon."""
        if links in self._seen:
            return True
        if len(self._seen) >= _KNOWN_AGAIN:
            self._seen.clear()
        self._seen.add(links)
        return False


@lru_cache(maxsize=_REMEMBERED)
def _written(links: tuple[LinkFields, ...]) -> WrittenSet:
    unnamed = encode_unnamed(links)
    name = hashlib.blake2b(unnamed, digest_size=12).hexdigest()
    named = b"%b%b%b" % (_NAME, name.encode("ascii"), unnamed.removeprefix(_NAME))
    return WrittenSet(name, segments.frame(named))


class LinkSets:
    """The sets of one segment, as far as it was read."""

    def __init__(self) -> None:
        self._links: dict[str, tuple[SentLink, ...]] = {}
        self._searched_octets = 0

    def add(self, link_set: LinkSet) -> None:
        """Remember a set that was read."""
        self._links[link_set.name] = link_set.links

    def complete(self, event: Event, descriptor: int, before: int) -> Event:
        """Return an event with its links; `before` is the offset at which its record begins.

        Raises SetMissing and OSError.
        """
        if not isinstance(event, MessagePending) or event.link_set is None:
            return event
        if event.link_set not in self._links:
            self._search(descriptor, before)
        try:
            links = self._links[event.link_set]
        except KeyError as error:
            raise SetMissing(event.link_set) from error
        return replace(event, links=links, link_set=None)

    def _search(self, descriptor: int, before: int) -> None:
        """Read the sets of the segment up to an offset: after a restart, they were read long ago."""
        for found in sets_of(descriptor, self._searched_octets, before):
            self.add(found)
        self._searched_octets = max(before, self._searched_octets)


def sets_of(descriptor: int, start: int, end: int) -> Iterator[LinkSet]:
    """Yield the sets whose records stand from one offset on and before another; raises OSError.

    All that stands there is written: what is damaged, or blank, is passed over.
    """
    while start < end and (
        records := segments.read(descriptor, start, _CHUNK_OCTETS, finished=True)
    ):
        for record in records:
            found = _set_in(record)
            if found is not None and record.end <= end:
                yield found
        start = records[-1].end


def _set_in(record: Record) -> LinkSet | None:
    if record.payload is None or not record.payload.rstrip().endswith(_LAST_FIELD):
        return None
    try:
        told: Told = decode(record.payload)
    except BadEvent:
        return None
    return told if isinstance(told, LinkSet) else None
