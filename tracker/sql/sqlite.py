"""The store in a file of SQLite.

Owns: SQLite as an engine of `db.Db`, on sqlite-utils.
Does not own: how an INSERT reads that is for several rows (`inserts`), where the file is and how it is opened (`tracker.store.database`).
"""

import contextlib
import json
import sqlite3
from collections.abc import Generator, Iterable, Iterator, Sequence
from itertools import chain
from operator import itemgetter
from typing import Any

from sqlite_utils import Database

from tracker.sql import inserts
from tracker.sql.db import Engine, Given, Parameters, Value


class SQLite(Database):
    """A connection to a file of SQLite."""

    engine: Engine = "sqlite"

    def __init__(self, connection: sqlite3.Connection) -> None:
        super().__init__(connection, execute_plugins=False)
        connection.create_function("from_hex", 1, bytes.fromhex, deterministic=True)

    def execute(self, sql: str, parameters: Parameters | None = None) -> sqlite3.Cursor:
        """Run one statement."""
        if type(parameters) is list:  # of values that are looked for
            parameters = _quick_octets(parameters)
        return super().execute(*_without_lists(sql, parameters))

    def query(
        self, sql: str, params: Parameters | None = None
    ) -> Generator[dict[str, Any], None, None]:
        """Run one statement; yield its rows by the names of their columns."""
        return super().query(*_without_lists(sql, params))

    def stream(self, sql: str, parameters: Parameters | None = None) -> Iterator[dict[str, Any]]:
        """Do the same: SQLite finds rows as they are asked for."""
        return self.query(sql, parameters)

    def execute_given(
        self, sql: str, table: Given, rows: Iterable[Sequence[Value]]
    ) -> sqlite3.Cursor:
        """Run a query that reads a table of these rows."""
        columns = ", ".join(f"{name} {type_}" for name, type_ in table.columns.items())
        places = ", ".join("?" * len(table.columns))
        self.conn.execute(f"CREATE TEMP TABLE IF NOT EXISTS {table.name} ({columns})")
        self.conn.execute(f"DELETE FROM {table.name}")  # noqa: S608 - names of our own
        self.executemany(f"INSERT INTO {table.name} VALUES ({places})", rows)  # noqa: S608 - as above
        return self.conn.execute(sql)

    def executemany(self, sql: str, rows: Iterable[Parameters]) -> None:
        """Run one statement for each of `rows`, in order; an INSERT for several at once."""
        given = [*rows]
        several = inserts.several(sql) if len(given) >= min(inserts.AT_ONCE) else None
        for size in several.sizes if several else ():
            whole = len(given) - len(given) % size
            groups = (given[at : at + size] for at in range(0, whole, size))
            if several and whole:
                values = (_in_a_row(each, several.names) for each in groups)
                self.conn.executemany(several.statement(size), values)
            given = given[whole:]
        if given:
            self.conn.executemany(sql, given)

    @contextlib.contextmanager
    def transaction(self) -> Iterator[None]:
        """Write all or nothing: where the block raises, all is rolled back."""
        self.execute("BEGIN IMMEDIATE")
        try:
            yield
            self.conn.commit()
        except BaseException:
            with contextlib.suppress(sqlite3.Error):
                self.conn.rollback()
            raise

    def reserve(self, table: str, count: int) -> int:  # noqa: ARG002 - SQLite notes them with the rows
        """Return the first of some row numbers that a table with AUTOINCREMENT never gave."""
        found = self.execute("SELECT seq FROM sqlite_sequence WHERE name = ?", [table]).fetchone()
        return int(found[0]) + 1 if found else 1


def _in_a_row(rows: Sequence[Any], names: Sequence[str]) -> list[Any]:
    """Return the values of rows, one row after the other; those of dictionaries in the order of `names`."""
    if names:
        rows = [*map(itemgetter(*names), rows)]
    values: list[Any] = [*chain.from_iterable(rows)]
    width = len(rows[0])
    for column in range(width):
        if type(values[column]) is bytes:
            values[column::width] = _quick_octets(values[column::width])
    return values


def _quick_octets(values: list[Any]) -> list[Any]:
    """Return values as they are, or as bytearrays where all of them are bytes.

    For each of bytes, sqlite3 looks for an adapter, which takes as long as all else of a row.
    """
    return [*map(bytearray, values)] if {*map(type, values)} == {bytes} else values


def _without_lists(
    sql: str, parameters: Parameters | None
) -> tuple[str, Sequence[Any] | dict[str, Any] | None]:
    """Return a statement whose lists, for which SQLite has no type, are spelled otherwise.

    One of numbers goes as JSON, so that the statement is the same however many there are.
    """
    if not isinstance(parameters, dict) or list not in map(type, parameters.values()):
        return sql, parameters
    for name, values in [each for each in parameters.items() if isinstance(each[1], list)]:
        if all(isinstance(value, int) for value in values):
            spelled, given = f"SELECT value FROM json_each(:{name})", {name: json.dumps(values)}  # noqa: S608 - names of our own
        else:
            given = {f"{name}_{number}": value for number, value in enumerate(values)}
            spelled = ", ".join(f":{each}" for each in given)
        sql, parameters = sql.replace(f"IN (:{name})", f"IN ({spelled})"), {**parameters, **given}
    return sql, parameters
