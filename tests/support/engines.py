"""Tests of what is asked of a store, run on each engine that may hold it.

A file of tests that is to run on all of them imports `engine`, `gives_back` and `store_table`, or its folder's
conftest does. Then `tests.support.checks.facts.empty`, the fixture `db`, and the fixtures that make a
configuration, give stores of the engine whose turn it is. A test of such a file that is about one engine
alone is marked, by a name that says why.

Hypothesis tries fewer examples on a server, as each costs some round trips: which differences there are
between the engines shows in few, and how exact counting is, in those on SQLite.
"""

import contextlib
import weakref
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import hypothesis
import pytest

from tests.support.checks import facts
from tests.support.checks.server_plans import columns_converted
from tests.support.postgresql import cluster
from tracker.sql.postgresql import PostgreSQL

ENGINES = ("sqlite", "postgresql")
FEWER = 10
"""Of so many examples of Hypothesis, one is tried on a server."""

IN_A_FILE = pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
"""Of a test about files: their locks, pages and damage, and that a store is replaced by another file."""
ON_ONE_MACHINE = IN_A_FILE
"""Of a test about what holds only where no other node may be at work."""
PLANS_OF_SQLITE = IN_A_FILE
"""Of a test that reads a plan in SQLite's words."""

_UNSHRUNK = (hypothesis.Phase.explicit, hypothesis.Phase.reuse, hypothesis.Phase.generate)
"""A failure is told as it was found: to make it small takes hundreds of stores."""
_SETTINGS = "_hypothesis_internal_use_settings"
"""Where Hypothesis keeps the settings of a test."""
_KEY = """
    SELECT attname FROM pg_index JOIN pg_attribute ON attrelid = indrelid AND attnum = ANY (indkey)
    WHERE indrelid = CAST(:table AS regclass) AND indisprimary ORDER BY array_position(indkey, attnum)
"""
_COLUMNS = """
    SELECT attname FROM pg_attribute
    WHERE attrelid = CAST(:table AS regclass) AND attnum > 0 AND NOT attisdropped ORDER BY attnum
"""
_TABLES = """
    SELECT relname FROM pg_class
    WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p') AND NOT relispartition
"""


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table."""

    name: str


@dataclass(frozen=True, slots=True)
class Table:
    """A table, asked as one of sqlite-utils is."""

    db: PostgreSQL
    name: str

    @property
    def rows(self) -> Iterator[dict[str, Any]]:
        """Yield all rows, in the order of their keys, as SQLite does."""
        key = ", ".join(self._names(_KEY))
        return self.db.query(f"SELECT * FROM {self.name} {f'ORDER BY {key}' if key else ''}")

    @property
    def columns(self) -> list[Column]:
        """What it has."""
        return [Column(name) for name in self._names(_COLUMNS)]

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

    def _names(self, sql: str) -> list[str]:
        return [name for (name,) in self.db.execute(sql, {"table": self.name})]


class Lent(PostgreSQL):
    """An empty store on a server; all that is done to it is undone once it is closed.

    What is asked with a moment that is no whole second must not have all rows of a table converted first:
    then no index is of use (`tracker.sql.db`).
    """

    def __init__(self) -> None:
        self._lending = contextlib.ExitStack()
        super().__init__(self._lending.enter_context(cluster().lent_store()).connection)

    def __del__(self) -> None:
        """Undo everything that a test left open."""
        self.close()

    def execute(self, sql: str, parameters: Any = ()) -> Any:
        """Run one statement, once it was looked at."""
        if sql not in _LOOKED_AT and any(isinstance(each, float) for each in _values(parameters)):
            _LOOKED_AT.add(sql)
            converted = columns_converted(super().execute, sql, parameters)
            assert converted == [], sql
        return super().execute(sql, parameters)

    @property
    def conn(self) -> "Lent":
        """What sqlite-utils calls the connection of Python's library."""
        return self

    @property
    def tables(self) -> list[Table]:
        """All tables of a store."""
        return tables(self)

    def iterdump(self) -> Iterator[str]:
        """Return all that the store holds."""
        return dumped(self)

    def __getitem__(self, name: str) -> Table:
        return Table(self, name)

    def close(self) -> None:
        """Undo everything."""
        self._lending.close()


def tables(db: PostgreSQL) -> list[Table]:
    """Return all tables of a store, those of months as one."""
    return [Table(db, name) for (name,) in db.execute(_TABLES)]


def dumped(db: PostgreSQL) -> Iterator[str]:
    """Yield all that a store holds, as text; octets as hexadecimal digits."""
    for table in tables(db):
        for row in db.execute(f"SELECT * FROM {table.name}"):
            yield repr([each.hex() if isinstance(each, bytes) else each for each in row])


_LOOKED_AT: set[str] = set()
_LENT: weakref.WeakSet[Lent] = weakref.WeakSet()


def _values(parameters: Any) -> Sequence[Any]:
    return list(parameters.values()) if isinstance(parameters, dict) else list(parameters)


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
def gives_back(
    engine: str, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> Iterator[None]:
    """Close what a test left open; on a server, have Hypothesis try fewer examples."""
    tried = getattr(request.function, _SETTINGS, None)
    if engine == "postgresql" and tried is not None:
        fewer = hypothesis.settings(
            tried, max_examples=max(1, tried.max_examples // FEWER), phases=_UNSHRUNK
        )
        monkeypatch.setattr(request.function, _SETTINGS, fewer)
    yield
    for lent in tuple(_LENT):
        lent.close()


@pytest.fixture
def store_table(engine: str, tmp_path: Path) -> Iterator[dict[str, str]]:
    """Return the table `[store]` of a configuration: of a file that is not there yet, or an empty database.

    As in a file, a segment of the spool goes with its last event.
    """
    if engine == "sqlite":
        yield {"url": f"sqlite:///{tmp_path}/waypost.db"}
        return
    with cluster().lent_database() as name:
        url = cluster().url(name)
        yield {"url": url, "state": str(tmp_path), "node": "a", "hold": "0s"}
