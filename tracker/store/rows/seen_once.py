"""Rows of slots of which one message told, to one person: most slots of URLs that nobody else has.

Owns: the form of such a row, which holds all that is known of its slot; writing, finding and deleting it.
Does not own: what becomes of a slot of which more is told (`slots`), or which are seen once
(`tracker.counting.links.personal_links`).

A row stands for one of `slots`, five of `slot_values` and two of `link_set_slots`, with their indexes.
Only a store in a file has any: on a server, nodes of an earlier version would count beside them as if
nobody had told of these slots, and forget nobody there.
"""

from collections.abc import Collection, Iterable, Sequence
from itertools import islice
from operator import itemgetter
from typing import Any, NamedTuple

from tracker.sql.db import Db
from tracker.store import queries
from tracker.urls.slots import VALUE_OCTETS, hashed_octets

_COLUMNS = "campaign_id, hash, link_set_id, person_id, since_s, numbers, held"
_PUT = f"INSERT INTO slots_seen_once ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?)"  # noqa: S608 - a constant
_DROP = "DELETE FROM slots_seen_once WHERE campaign_id = ? AND hash = ?"
_OF_PERSONS = f"SELECT {_COLUMNS} FROM slots_seen_once WHERE person_id IN (:values)"  # noqa: S608 - as above
_OF_GONE = f"{_OF_PERSONS} AND NOT EXISTS (SELECT 1 FROM persons WHERE id = person_id)"  # noqa: S608 - as above
_OF_SETS = f"SELECT {_COLUMNS} FROM slots_seen_once WHERE link_set_id IN (:values)"  # noqa: S608 - as above
_NUMBERS_OF_SETS = (
    "SELECT link_set_id, numbers, hash FROM slots_seen_once WHERE link_set_id IN (:values)"
)
_NO_VALUE = hashed_octets("")


class SeenOnce(NamedTuple):
    """A row: whom one message told of a slot, when it was sent, and the numbers of its links there.

    `link_set_id` is the row of its links. `held` are the values, hashed: as many octets for each place,
    zeros where it has none.
    """

    campaign_id: int
    hash: bytes
    link_set_id: int
    person: int
    since_s: int
    numbers: str
    held: bytes

    @property
    def values(self) -> list[int | None]:
        """The values, hashed, of each place; None where it has none."""
        octets = [
            self.held[at : at + VALUE_OCTETS] for at in range(0, len(self.held), VALUE_OCTETS)
        ]
        return [None if each == _NO_VALUE else int.from_bytes(each, signed=True) for each in octets]

    @property
    def numbered(self) -> list[tuple[int, int, bytes]]:
        """Its links, as they are told of where more than one message told of their slot."""
        return [(self.link_set_id, int(each), self.hash) for each in self.numbers.split()]


def held(values: Iterable[str]) -> bytes:
    """Return what is kept of values, "" for none."""
    return b"".join(map(hashed_octets, values))


def are_kept(db: Db) -> bool:
    """Return whether this store is given such rows."""
    return db.engine == "sqlite"


def put(db: Db, once: Iterable[SeenOnce]) -> None:
    """Write rows, in the order of their key."""
    db.executemany(_PUT, sorted(once, key=itemgetter(0, 1)))


def drop(db: Db, once: Iterable[SeenOnce]) -> None:
    """Delete rows."""
    db.executemany(_DROP, [(each.campaign_id, each.hash) for each in once])


def of_persons(db: Db, persons: Iterable[int], most: int) -> list[SeenOnce]:
    """Return rows of what these persons alone were told: `most` of them, or all."""
    found = queries.rows_in(db, f"{_OF_PERSONS} LIMIT {most:d}", persons)
    return [SeenOnce(*row) for row in islice(found, most)]


def of_gone(db: Db, persons: Iterable[int]) -> list[SeenOnce]:
    """Return the rows of what those of these persons alone were told who have no row any more."""
    return [SeenOnce(*row) for row in queries.rows_in(db, _OF_GONE, persons)]


def of_sets(db: Db, sets: Collection[int]) -> list[SeenOnce]:
    """Return the rows of what messages told that have these sets of links."""
    return [SeenOnce(*row) for row in queries.rows_in(db, _OF_SETS, sets)]


def numbers(db: Db, sets: Collection[int]) -> list[Sequence[Any]]:
    """Return the set, number and slot of each link of these sets that such a row tells of."""
    return [
        (row, int(each), hash_)
        for row, numbers, hash_ in queries.rows_in(db, _NUMBERS_OF_SETS, sets)
        for each in numbers.split()
    ]
