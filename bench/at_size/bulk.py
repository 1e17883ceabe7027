"""Rows by bulk into an empty store: COPY where it is on a server, many INSERTs where it is a file.

Owns: what either engine wants done before and after, so that the store is as if it had been fed.
Does not own: the rows (`big_store`).
"""

import contextlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Self

from config.schema import StoreConfig
from tracker.sql.db import Db
from tracker.sql.postgresql import PostgreSQL
from tracker.store import database
from tracker.store.server import partitions

_PRAGMAS = ("synchronous = OFF", "cache_size = -400000", "wal_autocheckpoint = 10000")
_NUMBERED = ("verdicts", "signal_sets")
"""Tables of a server that number their rows themselves."""
_GO_ON = "SELECT setval(pg_get_serial_sequence('{0}', 'id'), max(id)) FROM {0}"
_GIVEN = "UPDATE last_numbers SET number = :number WHERE name = :name"


@dataclass(frozen=True, slots=True)
class Bulk:
    """A store that is being filled."""

    db: Db

    @classmethod
    @contextlib.contextmanager
    def into(cls, store: StoreConfig, moments: Iterable[int]) -> Iterator[Self]:
        """Open an empty store for what was sent at some moments; it is tidied up at the end."""
        opened = database.open_to_feed(store)
        try:
            if isinstance(opened.db, PostgreSQL):
                opened.db.script("SET synchronous_commit = off")
                with opened.transaction():
                    partitions.make_for(opened.db, moments)
            else:
                for pragma in _PRAGMAS:
                    opened.db.execute(f"PRAGMA {pragma}").fetchall()
            yield cls(opened.db)
            _tidy(opened.db)
        finally:
            opened.close()

    def put(self, table: str, columns: str, rows: Iterable[Sequence[object]]) -> None:
        """Write rows of a table, whose columns are named with blanks between."""
        names = columns.split()
        if isinstance(self.db, PostgreSQL):
            with self.db.atomic():
                self.db.copy_in(table, names, rows)
        else:
            places = ", ".join("?" * len(names))
            self.db.executemany(f"INSERT INTO {table} ({', '.join(names)}) VALUES ({places})", rows)

    def given(self, **numbers: int) -> None:
        """Note the last row numbers that were given; a file of SQLite does so by itself."""
        if isinstance(self.db, PostgreSQL):
            for name, number in numbers.items():
                self.db.execute(_GIVEN, {"name": name, "number": number})
            for table in _NUMBERED:
                self.db.execute(_GO_ON.format(table))


def _tidy(db: Db) -> None:
    """Do at once what autovacuum, or the next checkpoint, would do later."""
    if isinstance(db, PostgreSQL):
        db.script("VACUUM (ANALYZE)")
        db.script("CHECKPOINT")
    else:
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
