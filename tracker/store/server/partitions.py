"""Months: what tables that grow with mail and clicks are parted in.

Owns: which months there are, making those to come, and dropping those of which nothing is left.
Does not own: the tables (`tables`), or what is deleted from them (`tracker.retention`).

A month is that in which a message was sent, in UTC. What belongs to none stands in a part of its own, and
moves when its month is made: so nothing depends on a month being there, nor on all tables having the same ones.
An empty month costs nothing, and one that is dropped gives its room back at once.

To make or drop a part keeps everybody from the table, or from its part of no month. Readers hold tables in any
order until they are done; so where there may be readers, each table has a transaction of its own: one that held
the first table and waited for the second would wait for a reader that waits for the first.
"""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import NamedTuple

from tracker.sql.db import Db

PARTED = ("messages", "deliveries", "clicks")
AHEAD = 3
"""Months that are there before they begin."""

_DEFAULT = "CREATE TABLE {0}_at_other_times PARTITION OF {0} DEFAULT"
_MAKE = (
    "CREATE TABLE {0} (LIKE {1} INCLUDING DEFAULTS)",
    """WITH moved AS (
        DELETE FROM {1}_at_other_times WHERE sent_s >= {2} AND sent_s < {3} RETURNING *
    ) INSERT INTO {0} SELECT * FROM moved""",
    "ALTER TABLE {1} ATTACH PARTITION {0} FOR VALUES FROM ({2}) TO ({3})",
)
_THERE = """
    SELECT relname FROM pg_inherits JOIN pg_class ON pg_class.oid = inhrelid
    WHERE inhparent = '{}'::regclass
"""
_ANY = "SELECT EXISTS (SELECT 1 FROM {})"


class Month(NamedTuple):
    """A month of the calendar."""

    year: int
    month: int

    @classmethod
    def of(cls, at_s: float) -> "Month":
        """Return the month of a moment."""
        moment = datetime.fromtimestamp(at_s, UTC)
        return cls(moment.year, moment.month)

    @property
    def next(self) -> "Month":
        """The month after it."""
        return Month(self.year + self.month // 12, self.month % 12 + 1)

    @property
    def begin_s(self) -> int:
        """Its first second, since 1970."""
        return int(datetime(self.year, self.month, 1, tzinfo=UTC).timestamp())

    def part_of(self, table: str) -> str:
        """Return what a table's part for it is called."""
        return f"{table}_{self.year:04}_{self.month:02}"


def make_default(db: Db) -> None:
    """Make the parts for what belongs to no month."""
    for table in PARTED:
        db.execute(_DEFAULT.format(table))


def make_ahead(db: Db, table: str, now_s: float) -> None:
    """Make a table's months that are not there yet: this one and those to come, within the open transaction."""
    _make(db, table, _ahead(now_s))


def make_for(db: Db, moments: Iterable[int]) -> None:
    """Make the months of some moments, where they are not there yet, within the open transaction.

    Of all tables: for databases that nobody reads yet.
    """
    months = sorted({Month.of(at_s) for at_s in moments})
    for table in PARTED:
        _make(db, table, months)


def drop_empty(db: Db, table: str, before_s: float) -> list[str]:
    """Drop a table's months of which nothing is left and that were over at a moment; return their parts."""
    gone = [month for month in _months(_there(db, table)) if month.next.begin_s <= before_s]
    parts = [month.part_of(table) for month in gone]
    empty = [part for part in parts if not db.execute(_ANY.format(part)).fetchone()[0]]
    for part in empty:
        db.execute(f"DROP TABLE {part}")
    return empty


def _ahead(now_s: float) -> Iterator[Month]:
    month = Month.of(now_s)
    for _ in range(1 + AHEAD):
        yield month
        month = month.next


def _there(db: Db, table: str) -> set[str]:
    return {name for (name,) in db.execute(_THERE.format(table))}


def _months(parts: Iterable[str]) -> Iterator[Month]:
    for name in parts:
        _, *numbers = name.split("_")
        if all(each.isdecimal() for each in numbers):
            yield Month(*map(int, numbers))


def _make(db: Db, table: str, months: Iterable[Month]) -> None:
    there = _there(db, table)
    for month in months:
        if (part := month.part_of(table)) not in there:
            for statement in _MAKE:
                db.execute(statement.format(part, table, month.begin_s, month.next.begin_s))
