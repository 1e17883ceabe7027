"""Persons, found by what an address or an id begins with, in the order of the alphabet.

Owns: the question, its bounds, and its cursor.
Does not own: what a person was sent and clicked (`timeline`), or who is the same person (`tracker.persons`).

Letters of ASCII are alike in whatever case; others are looked for as they are written.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from tracker.reports.figures import Json
from tracker.sql.db import Db

LIMIT = 1000
_LAST_CHARACTER = chr(0x10FFFF)

COLUMNS = ("person", "address", "last_sent_s")
"""`address` is where mail for them went, where it is not their name; `last_sent_s` is when the latest was
sent, None where none was."""

_CURSOR = re.compile(r"([na])(\d{0,18}) (.*)", re.ASCII | re.DOTALL)
_BY_NAME = """
    SELECT id, name FROM persons
    WHERE name >= :begin COLLATE NOCASE AND name < :end COLLATE NOCASE
        AND (name COLLATE NOCASE, id) > (:after COLLATE NOCASE, :after_id)
    ORDER BY name COLLATE NOCASE, id LIMIT :limit
"""
_NEXT = """
    SELECT address FROM deliveries INDEXED BY deliveries_address
    WHERE address IS NOT NULL AND address {} :begin COLLATE NOCASE
        AND address < :end COLLATE NOCASE
    ORDER BY address COLLATE NOCASE LIMIT 1
"""
_WHOSE = """
    SELECT DISTINCT person_id, name FROM (
        SELECT person_id FROM deliveries INDEXED BY deliveries_address
        WHERE address IS NOT NULL AND address = :address COLLATE NOCASE LIMIT 1000
    ) AS theirs CROSS JOIN persons ON persons.id = person_id
"""
_LAST = "SELECT max(sent_s) FROM deliveries WHERE person_id = :person"


@dataclass(frozen=True, slots=True)
class Found:
    """Rows of COLUMNS; the next page begins behind `cursor`, None where there is none."""

    rows: list[Json]
    cursor: str | None


def starting_with(db: Db, text: str, *, after: str = "", limit: int = LIMIT) -> Found:
    """Return persons whose name, or the address at which they got mail, begins with a text.

    First those who are called so, then those whose address is another than their name. Raises ValueError
    where `after` is no cursor.
    """
    place = _Place.of(after)
    rows: list[Json] = []
    if not place.by_address:
        rows = list(_named(db, text, place, limit))
        if len(rows) == limit:
            last = rows[-1]
            return Found(_told(db, rows), f"n{last['id']} {last['person']}")
        place = _Place(by_address=True)
    addresses = _addressed(db, text, place.name)
    for address in addresses:
        rows += [
            {"id": row, "person": name, "address": address}
            for row, name in db.execute(_WHOSE, {"address": address})
        ]
        if len(rows) >= limit:
            return Found(_told(db, rows), f"a {address}")
    return Found(_told(db, rows), None)


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a page begins: behind a person's name and row, or behind an address."""

    by_address: bool = False
    row: int = 0
    name: str = ""

    @classmethod
    def of(cls, cursor: str) -> "_Place":
        """Return the place that a cursor means; raises ValueError."""
        if not cursor:
            return cls()
        written = _CURSOR.fullmatch(cursor)
        if written is None:
            raise ValueError(cursor)
        return cls(written[1] == "a", int(written[2] or 0), written[3])


def _named(db: Db, text: str, place: _Place, limit: int) -> Iterator[Json]:
    asked = {"after": place.name, "after_id": place.row, "limit": limit}
    for row, name in db.execute(_BY_NAME, {**_bounds(text), **asked}):
        yield {"id": row, "person": name, "address": None}


def _addressed(db: Db, text: str, after: str) -> Iterator[str]:
    """Yield addresses, each once, however much mail went there."""
    bounds, beyond = _bounds(text), ">="
    if after:
        bounds["begin"], beyond = after, ">"
    while found := db.execute(_NEXT.format(beyond), bounds).fetchone():
        yield found[0]
        bounds["begin"], beyond = found[0], ">"


def _bounds(text: str) -> dict[str, str]:
    return {"begin": text or "\x01", "end": text + _LAST_CHARACTER}


def _told(db: Db, rows: list[Json]) -> list[Json]:
    return [
        {
            "person": row["person"],
            "address": row["address"],
            "last_sent_s": db.execute(_LAST, {"person": row["id"]}).fetchone()[0],
        }
        for row in rows
    ]
