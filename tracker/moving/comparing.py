"""Both sides compared: every table's rows and sums, and what the reports say.

Owns: what is summed of a column, and what of two reports must be the same.
Does not own: the reports (`tracker.reports`), or how it is printed (`tracker.cli.operations.store`).

Of numbers the sum is taken, less multiples of a prime, as ids are as large as a number can be; of texts and
octets how long they are; of moments the largest.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tracker.moving.tables import Column, Kind, Table
from tracker.reports import opens, summary
from tracker.reports.figures import Json
from tracker.sql.db import Db, Engine

_PRIME = 2_147_483_647
_SUMS: Mapping[Engine, Mapping[Kind, str]] = {
    "sqlite": {
        "INTEGER": f"sum({{}} % {_PRIME})",
        "REAL": "max({})",
        "TEXT": "sum(length(CAST({} AS BLOB)))",
        "BLOB": "sum(length({}))",
    },
    "postgresql": {
        "INTEGER": f"sum({{}} % {_PRIME})",
        "REAL": "max({})",
        # NUL has a longer stand-in there.
        "TEXT": "sum(octet_length(replace({}, :nul, ' ')))",
        "BLOB": "sum(length({}))",
    },
}


@dataclass(frozen=True, slots=True)
class Compared:
    """A table on both sides: how many rows it has, and the columns of which sums differ."""

    table: str
    rows: int
    copied: int
    differ: tuple[str, ...]

    @property
    def is_equal(self) -> bool:
        """Whether nothing differs."""
        return self.rows == self.copied and not self.differ


def tables(source: Db, target: Db, tables: Sequence[Table], node: str) -> Iterator[Compared]:
    """Yield each table as it is on both sides."""
    for table in tables:
        rows, *ours = _sums(source, table, [column.read for column in table.columns], node)
        copied, *theirs = _sums(target, table, [f'"{name}"' for name in table.names], node)
        pairs = zip(table.names, ours, theirs, strict=True)
        yield Compared(table.name, rows, copied, tuple(name for name, a, b in pairs if a != b))


def reports_differ(source: Db, target: Db) -> list[str]:
    """Return which reports say something else on the other side."""
    ours, theirs = _reports(source), _reports(target)
    return [name for name, said in ours.items() if said != theirs[name]]


def _reports(db: Db) -> dict[str, Json]:
    return {"report": summary.report(db).json(), "opens": opens.report(db).json()}


def _sums(db: Db, table: Table, reads: Sequence[str], node: str) -> list[Any]:
    sums = (
        _sum(db.engine, column, read) for column, read in zip(table.columns, reads, strict=True)
    )
    sql = f'SELECT count(*), {", ".join(sums)} FROM "{table.name}"'  # noqa: S608 - names of the schema
    return list(db.execute(sql, {"node": node, "nul": "\0"}).fetchone())


def _sum(engine: Engine, column: Column, read: str) -> str:
    return _SUMS[engine][column.kind].format(read)
