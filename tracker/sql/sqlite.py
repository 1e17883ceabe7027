"""The store in a file of SQLite.

Owns: SQLite as an engine of `db.Db`, on sqlite-utils.
Does not own: where the file is and how it is opened (`tracker.store.database`).
"""

import contextlib
import sqlite3
from collections.abc import Callable, Iterable, Iterator

from sqlite_utils import Database

from tracker.sql.db import Engine, Parameters


class SQLite(Database):
    """A connection to a file of SQLite."""

    engine: Engine = "sqlite"

    def __init__(self, connection: sqlite3.Connection) -> None:
        super().__init__(connection, execute_plugins=False)

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

    def create_function(self, name: str, function: Callable[[str], str]) -> None:
        """Have statements know a function of one text."""
        self.conn.create_function(name, 1, function, deterministic=True)
