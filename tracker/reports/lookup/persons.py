"""Persons, found by what an address or an id begins with, in the order of the alphabet.

Owns: the question, its bounds, and its cursor.
Does not own: what a person was sent and clicked (`timeline`), or who is the same person (`tracker.persons`).

Letters of ASCII are alike in whatever case; others are looked for as they are written.
"""

import re
from dataclasses import dataclass

from tracker.reports.figures import Json
from tracker.sql.db import Db
from tracker.sql.spelling import JOINED

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
_ADDRESSES = """
    WITH RECURSIVE found (address, place) AS (
        SELECT (
            SELECT address FROM deliveries INDEXED BY deliveries_address
            WHERE address IS NOT NULL AND address {beyond} :begin COLLATE NOCASE
                AND address < :end COLLATE NOCASE
            ORDER BY address COLLATE NOCASE LIMIT 1
        ), 1
        UNION ALL
        SELECT (
            SELECT address FROM deliveries INDEXED BY deliveries_address
            WHERE address IS NOT NULL AND address > found.address COLLATE NOCASE
                AND address < :end COLLATE NOCASE
            ORDER BY address COLLATE NOCASE LIMIT 1
        ), place + 1
        FROM found WHERE found.address IS NOT NULL AND place < :limit
    )
    SELECT address, (
        SELECT {joined} FROM (
            SELECT person_id FROM deliveries INDEXED BY deliveries_address
            WHERE address IS NOT NULL AND address = found.address COLLATE NOCASE LIMIT 1000
        ) AS theirs
    ) FROM found WHERE address IS NOT NULL ORDER BY place
"""
"""Addresses in order, each once, however much mail went there; and the rows of those who got it."""
_PERSONS = """
    SELECT id, name, (SELECT max(sent_s) FROM deliveries WHERE person_id = persons.id) AS last_sent_s
    FROM persons WHERE id IN (:ids)
"""


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
    found: list[tuple[int, str | None]] = []
    if not place.by_address:
        named = _named(db, text, place, limit)
        if len(named) == limit:
            row, name = named[-1]
            return Found(_told(db, [(each, None) for each, _ in named]), f"n{row} {name}")
        found, place = [(each, None) for each, _ in named], _Place(by_address=True)
    addresses = _addressed(db, text, place.name, limit)
    for address, rows in addresses:
        found += [(row, address) for row in rows]
        if len(found) >= limit:
            return Found(_told(db, found), f"a {address}")
    more = f"a {addresses[-1][0]}" if len(addresses) == limit else None
    return Found(_told(db, found), more)


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


def _named(db: Db, text: str, place: _Place, limit: int) -> list[tuple[int, str]]:
    asked = {"after": place.name, "after_id": place.row, "limit": limit}
    return db.execute(_BY_NAME, {**_bounds(text), **asked}).fetchall()


def _addressed(db: Db, text: str, after: str, limit: int) -> list[tuple[str, list[int]]]:
    """Return the next addresses, each with the rows of the persons who got mail there."""
    sql = _ADDRESSES.replace("{joined}", JOINED[db.engine].format("person_id"))
    bounds = _bounds(text) | ({"begin": after} if after else {})
    found = db.execute(
        sql.replace("{beyond}", ">" if after else ">="), {**bounds, "limit": limit}
    ).fetchall()
    return [
        (address, sorted(map(int, rows.split(",")))) if rows else (address, [])
        for address, rows in found
    ]


def _bounds(text: str) -> dict[str, str]:
    return {"begin": text or "\x01", "end": text + _LAST_CHARACTER}


def _told(db: Db, found: list[tuple[int, str | None]]) -> list[Json]:
    """Return COLUMNS of persons by their rows, each with an address."""
    known = {row.pop("id"): row for row in db.query(_PERSONS, {"ids": [row for row, _ in found]})}
    return [
        {
            "person": known[row]["name"],
            "address": address,
            "last_sent_s": known[row]["last_sent_s"],
        }
        for row, address in found
        if row in known
    ]
