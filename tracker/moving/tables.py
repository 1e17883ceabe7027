"""The tables that are copied, as the source describes them.

Owns: which tables and columns there are, their keys, and how a column is read at the source.
Does not own: reading and writing rows (`copying`), or comparing them (`comparing`).

Whatever a later version adds to the store is copied without a word here.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from tracker.sql.db import Db

Kind = Literal["INTEGER", "REAL", "TEXT", "BLOB"]

_TABLES = """
    SELECT name FROM sqlite_schema
    WHERE type = 'table' AND name NOT LIKE 'sqlite!_%' ESCAPE '!' AND name <> '_sqlite_migrations'
    ORDER BY rootpage
"""
_COLUMNS = "SELECT name, type, pk FROM pragma_table_info(:table) ORDER BY cid"
_NODES = {"segments": {"name": ":node || name"}}
"""What is told otherwise on a server: whose a segment is."""


@dataclass(frozen=True, slots=True)
class Column:
    """A column, and the expression that reads it at the source."""

    name: str
    kind: Kind
    read: str


@dataclass(frozen=True, slots=True)
class Table:
    """A table with all of its columns, and those of its key, in order."""

    name: str
    columns: tuple[Column, ...]
    key: tuple[Column, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """What its columns are called."""
        return tuple(column.name for column in self.columns)


def tables_of(source: Db) -> list[Table]:
    """Return the tables of a store in a file."""
    return [_table(source, name) for (name,) in source.execute(_TABLES).fetchall()]


def quoted(names: Sequence[str]) -> str:
    """Return names for a statement, also where one is a word of SQL."""
    return ", ".join(f'"{name}"' for name in names)


def _table(source: Db, name: str) -> Table:
    found = source.execute(_COLUMNS, {"table": name}).fetchall()
    columns = {column: Column(column, kind, _read(name, column)) for column, kind, _ in found}
    key = sorted((at, column) for column, _, at in found if at)
    return Table(name, tuple(columns.values()), tuple(columns[column] for _, column in key))


def _read(table: str, column: str) -> str:
    return _NODES.get(table, {}).get(column, f'"{column}"')
