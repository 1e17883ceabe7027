"""Stores that are moved: with rows of every kind, and all rows of either side."""

import contextlib
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from config.schema import StoreConfig
from tests.support.checks.facts import (
    SENT_S,
    accepted,
    clicked,
    opened,
    own_click,
    own_link,
    pending,
    put,
    taken,
    with_pixel,
)
from tests.support.postgresql import cluster
from tracker.moving.tables import tables_of
from tracker.sql.postgresql import PostgreSQL, connect
from tracker.sql.sqlite import SQLite
from tracker.store.database import open_to_feed
from tracker.store.reserved import NO_CAMPAIGN

ODD: dict[str, tuple[Any, ...]] = {
    "INTEGER": (-(2**63), 2**63 - 1, 0),
    "REAL": (1.5, -0.1, 1e300),
    "TEXT": ("", "NUL \0, tab \t, \\N and \\.", "é" * 3000),
    "BLOB": (b"", b"\0\\\n\t\xff", bytes(range(256)) * 9),
}
"""Values on which a copy may stumble."""
FLAGS = (
    "shared",
    "counted",
    "unknown",
    "accepted",
    "refused",
    "human",
    "doubtful",
    "personal",
    "own",
)
"""Columns that are 0 or 1."""
_MANY = """
    WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < :many)
    INSERT INTO clicks SELECT :sent_s + n * 300, n * 7919, randomblob(16), 1000 + n, 1, 1, 1, 1, 1, 1, 1, NULL
    FROM numbers
"""


def fed(path: Path) -> Path:
    """Make a store at `path` in which mail and clicks were counted, some before 1971, some years later."""
    store = open_to_feed(path)
    assert isinstance(store.db, SQLite)
    years_later = SENT_S + 5 * 366 * 86400
    put(
        store.db,
        *(pending(), accepted(), clicked("c1"), clicked("c2", recipient=2, human=False)),
        *(pending("m2", links=(own_link("ann"),)), accepted("m2"), own_click("c3", "m2", "ann")),
        *(with_pixel("m3"), taken("m3"), opened("o1", "m3")),
        *(pending("m4", at_s=years_later), accepted("m4", sent_s=years_later)),
        clicked("c4", "m4", sent_at_s=years_later, at_s=years_later + 5),
        clicked("c5", "m5", sent_at_s=5, at_s=SENT_S),
    )
    with store.transaction():
        store.set_offset("tracker-1.log", 4711)
    store.close()
    return path


def odd(path: Path) -> Path:
    """Have each table of a store hold rows on which a copy may stumble, besides what it has."""
    with contextlib.closing(sqlite3.connect(path)) as conn:
        for table in tables_of(SQLite(conn)):
            for number in range(3):
                row = [_odd(column.name, column.kind, number) for column in table.columns]
                places = ", ".join("?" * len(row))
                conn.execute(f"INSERT OR IGNORE INTO {table.name} VALUES ({places})", row)
        conn.commit()
    return path


def _odd(name: str, kind: str, number: int) -> Any:
    if kind == "INTEGER" and name in FLAGS:
        return number % 2
    if name == "sent_s":  # any second that a token can name
        return (0, SENT_S, 2**33)[number]
    if name == "campaign_id":  # reports know the names of all
        return NO_CAMPAIGN
    return ODD[kind][number]


def many(path: Path, clicks: int) -> Path:
    """Have a store hold many clicks besides."""
    with contextlib.closing(sqlite3.connect(path)) as conn:
        conn.execute(_MANY, {"many": clicks, "sent_s": SENT_S})
        conn.commit()
    return path


def old(path: Path) -> StoreConfig:
    """Return where a store in a file is."""
    return StoreConfig(url=f"sqlite:///{path}")


def new(folder: Path, node: str = "a") -> StoreConfig:
    """Return a database that is made for it, with nothing in it."""
    return StoreConfig(url=cluster().url(cluster().new()), state=folder, node=node)


@contextlib.contextmanager
def server(store: StoreConfig) -> Iterator[PostgreSQL]:
    """Yield a connection to a database, whatever is in it."""
    with contextlib.closing(connect(store.url)) as db:
        yield db


def both(path: Path, store: StoreConfig) -> tuple[dict[str, list[str]], dict[str, list[str]]]:
    """Return all rows of both sides, by table; segments as the file calls them."""
    node = f"{store.node}/"
    with contextlib.closing(sqlite3.connect(path)) as conn, server(store) as db:
        tables = tables_of(SQLite(conn))
        sides = [
            {
                table.name: sorted(
                    repr([_less(node, value) for value in row])
                    for row in each.execute(f'SELECT {_names(table.names)} FROM "{table.name}"')
                )
                for table in tables
            }
            for each in (SQLite(conn), db)
        ]
    return sides[0], sides[1]


def _names(names: tuple[str, ...]) -> str:
    return ", ".join(f'"{name}"' for name in names)


def _less(node: str, value: Any) -> Any:
    return value.removeprefix(node) if isinstance(value, str) else value
