"""Both sides compared."""

import contextlib
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support import moving
from tests.support.postgresql import cluster
from tracker.moving import comparing, copying
from tracker.moving.tables import tables_of
from tracker.sql.postgresql import PostgreSQL
from tracker.sql.sqlite import SQLite


@pytest.fixture
def both(tmp_path: Path) -> Iterator[tuple[SQLite, PostgreSQL]]:
    """Return a store, and a copy of it."""
    path = moving.odd(moving.fed(tmp_path / "w.db"))
    with contextlib.closing(sqlite3.connect(path)) as conn, cluster().lent_store() as db:
        db.execute("DELETE FROM campaigns")
        source = SQLite(conn)
        copying.copy(source, db, tables_of(source), "a/", lambda *_: None)
        yield source, db


CHANGES = {
    "INTEGER": ("UPDATE deliveries SET clicks = clicks + 1 WHERE clicks = 0", "clicks"),
    "REAL": ("UPDATE settings SET value = 2e300 WHERE value = 1e300", "value"),
    "TEXT": ("UPDATE persons SET name = name || 'x' WHERE id = 1", "name"),
    "BLOB": ("UPDATE clicks SET ip = NULL WHERE length(ip) > 20", "ip"),
}


@pytest.mark.parametrize("kind", CHANGES)
def test_a_column_that_differs_is_named(both: tuple[SQLite, PostgreSQL], kind: str) -> None:
    """Whatever it holds; all else is equal."""
    sql, column = CHANGES[kind]
    assert both[1].execute(sql).rowcount
    found = comparing.tables(*both, tables_of(both[0]), "a/")
    assert [each.differ for each in found if not each.is_equal] == [(column,)]


def test_rows_that_are_missing_are_counted(both: tuple[SQLite, PostgreSQL]) -> None:
    """Beside those that should be there."""
    both[1].execute("DELETE FROM outbox")
    (found,) = (
        each for each in comparing.tables(*both, tables_of(both[0]), "a/") if not each.is_equal
    )
    assert (found.table, found.rows, found.copied) == ("outbox", 3, 0)


def test_reports_that_differ_are_named(both: tuple[SQLite, PostgreSQL]) -> None:
    """Those of clicks, and of opens."""
    assert comparing.reports_differ(*both) == []
    both[1].execute(
        "UPDATE counters SET clicks_human = clicks_human + 1 WHERE day = 0 AND link_id = 0"
    )
    assert comparing.reports_differ(*both) == ["report"]
    both[1].execute("DELETE FROM pixels")
    assert comparing.reports_differ(*both) == ["report", "opens"]
