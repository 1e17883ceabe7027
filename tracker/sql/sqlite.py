"""The store in a file of SQLite.

Owns: SQLite as an engine of `db.Db`, on sqlite-utils.
Does not own: where the file is and how it is opened (`tracker.store.database`).
"""

import contextlib
import json
import sqlite3
from collections.abc import Generator, Iterable, Iterator, Sequence
from typing import Any

from sqlite_utils import Database

from tracker.sql.db import Engine, Parameters


class SQLite(Database):
    """A connection to a file of SQLite."""

    engine: Engine = "sqlite"

    def __init__(self, connection: sqlite3.Connection) -> None:
        super().__init__(connection, execute_plugins=False)

    def execute(self, sql: str, parameters: Parameters | None = None) -> sqlite3.Cursor:
        """Run one statement."""
        return super().execute(*_without_lists(sql, parameters))

    def query(
        self, sql: str, params: Parameters | None = None
    ) -> Generator[dict[str, Any], None, None]:
        """Run one statement; yield its rows by the names of their columns."""
        return super().query(*_without_lists(sql, params))

    def stream(self, sql: str, parameters: Parameters | None = None) -> Iterator[dict[str, Any]]:
        """Do the same: SQLite finds rows as they are asked for."""
        return self.query(sql, parameters)

    def executemany(self, sql: str, rows: Iterable[Parameters]) -> sqlite3.Cursor:
        """Run one statement for each of `rows`."""
        return self.conn.executemany(sql, rows)

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
