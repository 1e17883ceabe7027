"""Queries for any number of values."""

import pytest

from tests.support.engines import engine, gives_back
from tracker.sql.sqlite import SQLite
from tracker.store import queries

__all__ = ["engine", "gives_back"]

MANY = 1700
"""More values than one query takes."""


@pytest.fixture
def numbered(db: SQLite) -> SQLite:
    """Return a store with many persons."""
    db.executemany(
        "INSERT INTO persons (id, name) VALUES (?, ?)", [(n, str(n)) for n in range(1, MANY + 1)]
    )
    return db


def test_any_number_of_values_may_be_asked_for(numbered: SQLite) -> None:
    """Each row comes once; no values, no rows."""
    sql = "SELECT id, name FROM persons WHERE id IN (:values)"
    asked = range(1, 2 * MANY)
    assert list(queries.rows_in(numbered, sql, asked)) == [(n, str(n)) for n in range(1, MANY + 1)]
    assert list(queries.rows_in(numbered, sql, [])) == []


def test_any_number_of_values_may_be_changed(numbered: SQLite) -> None:
    """All of them, and no other."""
    queries.change_in(numbered, "DELETE FROM persons WHERE id IN (:values)", range(2, 2 * MANY))
    assert [row["id"] for row in numbered["persons"].rows] == [1]


def test_the_next_row_number_is_free(numbered: SQLite, db: SQLite) -> None:
    """1 in an empty table."""
    assert queries.next_id(numbered, "persons") == MANY + 1
    assert queries.next_id(db, "links") == 1
