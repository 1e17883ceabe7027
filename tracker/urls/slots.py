"""Slots: links that are one link, though each reader's copy leads to a URL of its own.

Owns: which links of a campaign's messages stand in one slot, what its messages tell of a slot, and
which values in its URLs are the reader's own.
Does not own: how URLs are taken apart (`shape`), where what was told is kept and when sums move
(`tracker.ingest`), or links that somebody named (`naming`).

Links of equal text, host and shape are one slot of their campaign. Messages decide, not clicks:

- A place in a slot (`shape`) is the *reader's* once `MIN_PERSONS` persons had a value there, and as
  long as no value was two persons'. Its values are no part of the link's name.
- It is *shared*, for ever, once a value was two persons', or one message had two values: then it
  tells links apart (`?session=101`, `?session=102` in one message, languages, halves of an A/B
  test, recommended products). One value in several links of a message is no objection: `?for=7` may
  be in all that a reader gets.
- A person may have any number of values, as each message may have another. A message to several
  persons shows what is not one person's. Nobody is told by an empty value.
- Once more than `MAX_PERSONS` persons had the place, it is the reader's for good: what comes later
  changes nothing, and the values need not be kept. Up to there, and to `MAX_VALUES`, the outcome is
  the same in whatever order messages come, and however often.

A text that shows the link's own host is a URL, and as good as none. A link without a text has that
of another link of its message to the same URL, as those of a message's plain text have.
"""

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from enum import IntEnum
from functools import lru_cache
from typing import Final, NamedTuple

from tracker.events import SentLink
from tracker.urls.hosts import host
from tracker.urls.shape import Parts, parts

MIN_PERSONS: Final = 3
MAX_PERSONS: Final = 1_000
MAX_VALUES: Final = 4_000
"""Values of one place that are compared, as one person may have any number."""
_CACHED_LINKS = 1_024
_CACHED_VALUES = 1_024
_SLOT_OCTETS = 16
VALUE_OCTETS: Final = 8
"""Of what is kept of a value."""


class Placed(NamedTuple):
    """A link of a message: its number there, its slot and text, and its URL taken apart."""

    number: int
    slot: bytes
    text: str
    parts: Parts


class Sighting(NamedTuple):
    """A person had a value at a place of a slot; without a value, one that is not theirs alone."""

    slot: bytes
    place: int
    value: int | None
    person: int


class State(IntEnum):
    """What is known of a place: nothing for certain, or one of two things for ever."""

    OPEN = 0
    SHARED = 1
    READERS = 2


_OPEN: Final = State.OPEN  # asked for each place of each link, and found sooner so


@dataclass(slots=True)
class Place:
    """What messages told of one place of a slot, so far.

    Of `holders`, the person behind each value, and of the persons that are `counted` already, only
    those need be there that are to be seen next.
    """

    state: State = State.OPEN
    persons: int = 0
    values: int = 0
    holders: dict[int, int] = field(default_factory=dict)
    counted: set[int] = field(default_factory=set)

    def see(self, value: int | None, person: int) -> None:
        """Merge a sighting."""
        if self.state is not _OPEN:
            return
        if value is None or self.holders.get(value, person) != person:
            self._settle(State.SHARED)
            return
        if value not in self.holders:
            self.holders[value] = person
            self.values += 1
        if person not in self.counted:
            self.counted.add(person)
            self.persons += 1
        if self.persons > MAX_PERSONS or self.values > MAX_VALUES:
            self._settle(State.READERS)

    @property
    def is_readers(self) -> bool:
        """Return whether values here are the reader's own."""
        if self.state is _OPEN:
            return self.persons >= MIN_PERSONS
        return self.state is State.READERS

    def _settle(self, state: State) -> None:
        self.state = state
        self.holders.clear()
        self.counted.clear()


def placed(links: Iterable[SentLink]) -> list[Placed]:
    """Return in which slots the links of a message stand, but for those that somebody named."""
    unnamed = [link for link in links if not link.group]
    if all(link.text for link in unnamed):
        return [_placed(link.number, link.text, link.url) for link in unnamed]
    texts: dict[str, str] = {}
    # The least of them: the same in whatever order they stand.
    for link in sorted(unnamed, key=lambda each: each.text, reverse=True):
        texts[link.url] = link.text or texts.get(link.url, "")
    return [_placed(link.number, link.text or texts[link.url], link.url) for link in unnamed]


def _placed(number: int, text: str, url: str) -> Placed:
    """Return a link with its slot."""
    return Placed(number, *_slot(text, url))


@lru_cache(_CACHED_LINKS)
def _slot(text: str, url: str) -> tuple[bytes, str, Parts]:
    """Return what `Placed` has of a link. Most links are in all messages, and often twice in one."""
    taken, shown = parts(url), "" if "." in text and _shows(text, url) else text
    about = f"{shown}\n{taken.shape}".encode("utf-8", "surrogatepass")
    return hashlib.blake2b(about, digest_size=_SLOT_OCTETS).digest(), shown, taken


def _shows(text: str, url: str) -> bool:
    name = host(url)
    return bool(name) and name in text.lower()


def sightings(links: Iterable[Placed], persons: frozenset[int]) -> Iterator[Sighting]:
    """Yield what a message to these persons tells of the slots that its links stand in.

    Links may be left out whose slots are settled: no place of theirs is open.
    """
    if not persons:
        return
    person, alone = min(persons), len(persons) == 1
    for slot, members in by_slot(links).items():
        for place, values in enumerate(zip(*members, strict=True)):
            found = {*values}
            found.discard("")
            if found:
                value = hashed(found.pop()) if alone and len(found) == 1 else None
                yield Sighting(slot, place, value, person)


def by_slot(links: Iterable[Placed]) -> dict[bytes, set[tuple[str, ...]]]:
    """Return the values that links have, each once, by their slots."""
    slots: dict[bytes, set[tuple[str, ...]]] = {}
    for link in links:
        slots.setdefault(link.slot, set()).add(link.parts.values)
    return slots


def hashed(value: str) -> int:
    """Return what is kept of a value: a number of 64 bits with a sign, as SQLite holds it."""
    return int.from_bytes(hashed_octets(value), signed=True)


@lru_cache(_CACHED_VALUES)
def hashed_octets(value: str) -> bytes:
    """Return the octets of that number, the highest first; zeros for "", which tells of nobody."""
    if not value:
        return bytes(VALUE_OCTETS)
    octets = value.encode("utf-8", "surrogatepass")
    return hashlib.blake2b(octets, digest_size=VALUE_OCTETS).digest()
