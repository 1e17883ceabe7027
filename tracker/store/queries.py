"""Queries of the store for any number of values, and numbers for new rows.

Owns: `IN (:values)` for more values than SQLite takes at once, and the next free row number.
Does not own: connections (`database`), or what is asked (`rows.named_rows`, `tracker.counting.rows`).
"""

from collections.abc import Iterable, Iterator
from typing import Any

from tracker.sql.db import Cursor, Db

_GROUP = 500
"""Parameters in one query; every SQLite takes 999."""


def rows_in(db: Db, sql: str, values: Iterable[object]) -> Iterator[Any]:
    """Run a query that holds `IN (:values)` for any number of values; yield its rows as tuples."""
    for cursor in _cursors(db, sql, values):
        yield from cursor


def change_in(db: Db, sql: str, values: Iterable[object]) -> int:
    """Run a statement that holds `IN (:values)` for any number of values; return how many rows it changed."""
    return sum(cursor.rowcount for cursor in _cursors(db, sql, values))


def _cursors(db: Db, sql: str, values: Iterable[object]) -> Iterator[Cursor]:
    todo = list(values)
    if db.engine == "postgresql":
        # An array, of however many, so that the server reads each statement once.
        if todo:
            yield db.execute(sql, {"values": todo})
        return
    for start in range(0, len(todo), _GROUP):
        group = todo[start : start + _GROUP]
        yield db.execute(sql.replace(":values", ",".join("?" * len(group))), group)


def next_id(db: Db, table: str) -> int:
    """Return the first free row number of a table that only this connection writes to.

    Where a server went back behind numbers that it had given, these are taken (`tracker.store.server.lineage`).
    """
    taken = f"SELECT max(id) AS id FROM {table}"  # noqa: S608 - names of our own
    if db.engine == "postgresql":
        taken += f" UNION ALL SELECT number FROM last_numbers WHERE name = '{table}'"  # noqa: S608 - as above
    sql = f"SELECT coalesce(max(id), 0) + 1 FROM ({taken}) AS taken"  # noqa: S608 - as above
    return int(db.execute(sql).fetchone()[0])
