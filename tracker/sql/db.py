"""A connection to the store, whatever engine holds it.

Owns: what may be asked of a connection.
Does not own: the engines (`sqlite`), the statements, which stand where they are used, or when a
store is opened (`tracker.store.database`).

A statement is written once, for all engines: with named parameters (`:name`), or with `?` where it is run
for many rows at once; standard SQL where there is a choice, as `coalesce`; an `ON CONFLICT` names its
columns, and a column that is raised names its table. `IN (:name)` takes a list of values, and nothing else.
Moments that are compared with whole seconds are whole numbers, so that an index is of use.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any, Literal, NamedTuple, Protocol

Engine = Literal["sqlite", "postgresql"]
Parameters = Sequence[Any] | dict[str, Any]
Value = int | float | str | bytes | None
"""What a column holds."""


class Given(NamedTuple):
    """A table that a query reads as `name`, with its columns and their types, as SQLite calls these."""

    name: str
    columns: Mapping[str, Literal["INTEGER", "BLOB", "TEXT"]]


class Cursor(Protocol):
    """Rows that a statement found, as tuples (PEP 249)."""

    @property
    def rowcount(self) -> int:
        """How many rows the statement changed."""

    def fetchone(self) -> Any:  # noqa: ANN401 - a tuple, of what was asked for
        """Return the next row; None: there is none."""

    def fetchmany(self, size: int = ..., /) -> list[Any]:
        """Return the next rows, `size` at most."""

    def fetchall(self) -> list[Any]:
        """Return all rows that are left."""

    def __iter__(self) -> Iterator[Any]:
        """Yield the rows that are left."""

    def close(self) -> None:
        """Ask for no more of them."""


class Db(Protocol):
    """A connection to the store. Errors are the engine's own."""

    engine: Engine

    def execute(self, sql: str, parameters: Parameters = ..., /) -> Cursor:
        """Run one statement."""

    def execute_given(self, sql: str, table: Given, rows: Iterable[Sequence[Value]], /) -> Cursor:
        """Run a query that reads a table of these rows, which is there for it alone."""

    def executemany(self, sql: str, rows: Iterable[Parameters], /) -> None:
        """Run one statement for each of `rows`, in order, or what comes to the same.

        In a transaction, an error may come as late as with the next question, or at the end.
        """

    def query(self, sql: str, parameters: Parameters = ..., /) -> Iterator[dict[str, Any]]:
        """Run one statement; yield its rows by the names of their columns."""

    def stream(self, sql: str, parameters: Parameters = ..., /) -> Iterator[dict[str, Any]]:
        """Do the same where there may be more rows than one has room for; within a snapshot."""

    def transaction(self) -> AbstractContextManager[None]:
        """Write all or nothing: nobody else writes meanwhile, and where the block raises, all is rolled back."""

    def atomic(self) -> AbstractContextManager[object]:
        """Write all or nothing: as part of the transaction that is open, or in one of its own."""

    def reserve(self, table: str, count: int) -> int:
        """Return the first of `count` row numbers that a table never gave, not for deleted rows either.

        Of `persons` and `arrivals`, in the open transaction, in which rows with these numbers are written.
        """

    def close(self) -> None:
        """Close the connection."""
