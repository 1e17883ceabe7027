"""Rows, from a file to a server, in the order of their keys.

Owns: reading on where an earlier run was killed, and writing some rows in a transaction.
Does not own: which tables there are (`tables`), or comparing what came of it (`comparing`).

The database is empty at first and nobody else writes to it, so the last key that it has tells how far an
earlier run came: nothing else has to be noted, and a run may be killed at any moment.
"""

import itertools
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from tracker.moving.tables import Table, quoted
from tracker.sql.db import Db
from tracker.sql.postgresql import PostgreSQL

CHUNK = 20_000
"""Rows in a transaction: a killed run loses no more than these."""

Row = Sequence[Any]
Told = Callable[[Table, int], object]


def copy(source: Db, target: PostgreSQL, tables: Sequence[Table], node: str, told: Told) -> None:
    """Copy what a server does not have yet; `told` hears how many rows of a table were copied.

    Raises ServerError, and what the source raises.
    """
    for table in tables:
        copied = 0
        rows = _rows(source, table, node, _last(target, table))
        told(table, copied)
        while chunk := _copy_chunk(target, table, rows):
            copied += chunk
            told(table, copied)


def _copy_chunk(target: PostgreSQL, table: Table, rows: Iterator[Row]) -> int:
    with target.transaction():
        return target.copy_in(table.name, table.names, itertools.islice(rows, CHUNK))


def _last(target: Db, table: Table) -> Row | None:
    """Return the last key that a server has."""
    names = [column.name for column in table.key]
    order = ", ".join(f'"{name}" DESC' for name in names)
    sql = f'SELECT {quoted(names)} FROM "{table.name}" ORDER BY {order} LIMIT 1'  # noqa: S608 - names of the schema
    last: Row | None = target.execute(sql).fetchone()
    return last


def _rows(source: Db, table: Table, node: str, last: Row | None) -> Iterator[Row]:
    """Yield the rows after a key, in its order."""
    key = ", ".join(column.read for column in table.key)
    read = ", ".join(column.read for column in table.columns)
    values: dict[str, Any] = {"node": node}
    where = ""
    if last is not None:
        values |= {f"key_{at}": value for at, value in enumerate(last)}
        where = f"WHERE ({key}) > ({', '.join(f':key_{at}' for at in range(len(last)))})"
    return iter(source.execute(f'SELECT {read} FROM "{table.name}" {where} ORDER BY {key}', values))  # noqa: S608 - as above
