"""Tests of what is asked of a store, run on each engine that may hold it.

A file of tests that is to run on all of them imports `engine` and `gives_back`, or its folder's conftest does. Then `tests.support.checks.facts.empty`,
and the fixture `db`, give stores of the engine whose turn it is.
"""

import contextlib
import weakref
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pytest

from tests.support.checks import facts
from tests.support.postgresql import cluster
from tracker.sql.postgresql import PostgreSQL

ENGINES = ("sqlite", "postgresql")


@dataclass(frozen=True, slots=True)
class Table:
    """A table, asked as one of sqlite-utils is."""

    db: PostgreSQL
    name: str

    @property
    def rows(self) -> Iterator[dict[str, Any]]:
        """Yield all rows."""
        return self.db.query(f"SELECT * FROM {self.name}")

    @property
    def count(self) -> int:
        """How many rows there are."""
        return self.count_where("1 = 1")

    def count_where(self, where: str, values: Any = ()) -> int:
        """Return how many rows fulfil a condition."""
        sql = f"SELECT count(*) FROM {self.name} WHERE {where}"
        return int(self.db.execute(sql, values).fetchone()[0])

    def insert(self, row: Mapping[str, Any]) -> None:
        """Write a row."""
        places = ", ".join(f":{name}" for name in row)
        self.db.execute(f"INSERT INTO {self.name} ({', '.join(row)}) VALUES ({places})", dict(row))


class Lent(PostgreSQL):
    """An empty store on a server; all that is done to it is undone once it is closed."""

    def __init__(self) -> None:
        self._lending = contextlib.ExitStack()
        super().__init__(self._lending.enter_context(cluster().lent_store()).connection)

    def __del__(self) -> None:
        """Undo everything that a test left open."""
        self.close()

    @property
    def conn(self) -> "Lent":
        """What sqlite-utils calls the connection of Python's library."""
        return self

    def iterdump(self) -> Iterator[str]:
        """Yield all that the store holds, as text; octets as such."""
        for (name,) in self.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'"):
            for row in self.execute(f"SELECT * FROM {name}"):
                yield repr(row)

    def __getitem__(self, name: str) -> Table:
        return Table(self, name)

    def close(self) -> None:
        """Undo everything."""
        self._lending.close()


_LENT: weakref.WeakSet[Lent] = weakref.WeakSet()


def _lend() -> Any:
    lent = Lent()
    _LENT.add(lent)
    return lent


@pytest.fixture(scope="module", params=ENGINES, autouse=True)
def engine(request: pytest.FixtureRequest) -> Iterator[str]:
    """Have stores of an engine, for all tests of a file; say which it is."""
    before = facts.make
    if request.param == "postgresql":
        cluster()
        facts.make = _lend
    yield request.param
    facts.make = before


@pytest.fixture(autouse=True)
def gives_back() -> Iterator[None]:
    """Close what a test left open."""
    yield
    for lent in tuple(_LENT):
        lent.close()
