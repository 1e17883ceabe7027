"""Who clicked: sets of persons, by link, campaign and the day on which their message was sent.

Owns: the sets as values, and their rows.
Does not own: when somebody enters or leaves one (`tracker.counting.clickers`), or what is asked of them
(`tracker.reports.people`).

Sets of any days are united without counting anybody twice, which sums cannot do. A set is kept in parts of
65,536 persons, by their rows, so that a click changes some kilobytes at most, however many there are.
Persons are numbers here, which are never given again: a set outlives those who are forgotten.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple, Self

from pyroaring import BitMap

from tracker.sql.db import Db, Given
from tracker.store.reserved import Kind

PART = 65536
"""Persons in a part: as many as one container of a roaring bitmap has."""
_NOBODY, _MACHINE, _DOUBTFUL, _CERTAIN = Kind  # looked up once: it is slow, and done for each click
ALL = 0
"""Stands for all links, all campaigns, or all days."""

_READ = """
    SELECT certain, doubtful, machines FROM clicked_by
    WHERE link_id = ? AND campaign_id = ? AND day = ? AND part = ?
"""
_WANTED = Given(
    "wanted_sets",
    {"link_id": "INTEGER", "campaign_id": "INTEGER", "day": "INTEGER", "part": "INTEGER"},
)
_READ_WANTED = """
    SELECT link_id, campaign_id, day, part, certain, doubtful, machines
    FROM wanted_sets CROSS JOIN clicked_by USING (link_id, campaign_id, day, part)
"""
_PUT = """
    INSERT INTO clicked_by (link_id, campaign_id, day, part, certain, doubtful, machines)
    VALUES (?, ?, ?, ?, ?, ?, ?)
    ON CONFLICT (link_id, campaign_id, day, part) DO UPDATE SET certain = excluded.certain,
        doubtful = excluded.doubtful, machines = excluded.machines
"""
_DROP = """
    DELETE FROM clicked_by WHERE link_id = ? AND campaign_id = ? AND day = ? AND part = ?
"""


class Scope(NamedTuple):
    """What a set is of: clicks on a link of a campaign, in messages of a day."""

    link_id: int
    campaign_id: int
    day: int


ScopeKey = tuple[int, int, int]
"""A scope, or what is the same."""
Place = tuple[ScopeKey, int]
"""A set, and a part of it."""


class Counts(NamedTuple):
    """How many persons: with human clicks, with none but doubtful ones of these, with any."""

    human: int = 0
    doubtful: int = 0
    all: int = 0

    @classmethod
    def of(cls, kinds: Iterable[Kind]) -> Self:
        """Return how many persons those are whose best clicks are of these kinds."""
        human = doubtful = total = 0
        for kind in kinds:
            if kind is not _NOBODY:
                total += 1
                human += kind is not _MACHINE
                doubtful += kind is _DOUBTFUL
        return cls(human, doubtful, total)

    def plus(self, other: "Counts") -> "Counts":
        """Return the sum of both."""
        return Counts(self[0] + other[0], self[1] + other[1], self[2] + other[2])

    def less(self, other: "Counts") -> "Counts":
        """Return by how much it is more than another."""
        return Counts(self[0] - other[0], self[1] - other[1], self[2] - other[2])


class Persons:
    """Persons in disjoint sets, by the best of their clicks: numbers within a part, or of all parts."""

    __slots__ = ("certain", "doubtful", "machines")

    def __init__(
        self,
        certain: BitMap | None = None,
        doubtful: BitMap | None = None,
        machines: BitMap | None = None,
    ) -> None:
        self.certain = BitMap() if certain is None else certain
        self.doubtful = BitMap() if doubtful is None else doubtful
        self.machines = BitMap() if machines is None else machines

    @classmethod
    def of(cls, kinds: Mapping[int, Kind]) -> Self:
        """Return these persons, with the best of their clicks."""
        found = cls()
        for number, kind in kinds.items():
            if kind is _CERTAIN:
                found.certain.add(number)
            elif kind is _DOUBTFUL:
                found.doubtful.add(number)
            else:
                found.machines.add(number)
        return found

    @classmethod
    def read(cls, row: Iterable[bytes | None]) -> Self:
        """Return what the columns of a row hold."""
        certain, doubtful, machines = row
        return cls(
            None if certain is None else BitMap.deserialize(certain),
            None if doubtful is None else BitMap.deserialize(doubtful),
            None if machines is None else BitMap.deserialize(machines),
        )

    def columns(self) -> tuple[bytes | None, bytes | None, bytes | None]:
        """Return the columns of a row."""
        return (
            self.certain.serialize() if self.certain else None,
            self.doubtful.serialize() if self.doubtful else None,
            self.machines.serialize() if self.machines else None,
        )

    def __bool__(self) -> bool:
        return bool(self.certain or self.doubtful or self.machines)

    def kind(self, person: int) -> Kind:
        """Return what the best click of a person is."""
        if person in self.certain:
            return _CERTAIN
        if person in self.doubtful:
            return _DOUBTFUL
        return _MACHINE if person in self.machines else _NOBODY

    def put(self, person: int, kind: Kind) -> None:
        """Have a person in the set of this kind, and in no other."""
        for each in (self.certain, self.doubtful, self.machines):
            each.discard(person)
        if kind is _CERTAIN:
            self.certain.add(person)
        elif kind is _DOUBTFUL:
            self.doubtful.add(person)
        elif kind is _MACHINE:
            self.machines.add(person)

    def raise_to(self, others: "Persons") -> "Persons":
        """Have others be in these sets by their kinds, or by better ones; return those who were not."""
        certain = others.certain and others.certain - self.certain
        doubtful = others.doubtful and others.doubtful - self.certain - self.doubtful
        machines = (
            others.machines and others.machines - self.certain - self.doubtful - self.machines
        )
        self.raise_by(others)
        return Persons(certain, doubtful, machines)

    def raise_by(self, others: "Persons") -> None:
        """Unite with others: whoever is in both is of the better kind."""
        if others.certain:
            self.certain |= others.certain
        if others.doubtful:
            self.doubtful |= others.doubtful
        if others.machines:
            self.machines |= others.machines
        if self.doubtful:
            self.doubtful -= self.certain
        if self.machines:
            self.machines -= self.certain
            self.machines -= self.doubtful

    def counts(self) -> Counts:
        """Return how many they are."""
        doubtful = len(self.doubtful)
        human = len(self.certain) + doubtful
        return Counts(human, doubtful, human + len(self.machines))


def united(rows: Iterable[Persons]) -> Persons:
    """Return everybody in some sets of one part, each with the best of their clicks."""
    every = list(rows)
    found = Persons(
        BitMap.union(*[each.certain for each in every]) if every else None,
        BitMap.union(*[each.doubtful for each in every]) if every else None,
        BitMap.union(*[each.machines for each in every]) if every else None,
    )
    found.doubtful -= found.certain
    found.machines -= found.certain
    found.machines -= found.doubtful
    return found


def load_all(db: Db, places: Iterable[Place]) -> dict[Place, Persons]:
    """Return those of these parts of sets in which there is anybody."""
    wanted = sorted([(*scope, part) for scope, part in places])
    found = db.execute_given(_READ_WANTED, _WANTED, wanted)
    return {(row[:3], row[3]): Persons.read(row[4:]) for row in found}


def load(db: Db, scope: ScopeKey, part: int) -> Persons:
    """Return one part of a set."""
    row = db.execute(_READ, (*scope, part)).fetchone()
    return Persons() if row is None else Persons.read(row)


def save(db: Db, changed: Mapping[Place, Persons]) -> None:
    """Write parts of sets; those of nobody are gone. What is of the same link is written side by side."""
    put = [
        (*scope, part, *persons.columns()) for (scope, part), persons in changed.items() if persons
    ]
    put.sort(key=_link_and_part)
    gone = [(*scope, part) for (scope, part), persons in changed.items() if not persons]
    db.executemany(_PUT, put)
    db.executemany(_DROP, gone)


def _link_and_part(row: Sequence[Any]) -> tuple[int, int]:
    return row[0], row[3]
