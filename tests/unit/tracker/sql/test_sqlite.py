"""SQLite as an engine of the store."""

import sqlite3

import pytest

from tests.support.checks.facts import in_memory
from tracker.sql.sqlite import SQLite


def test_a_function_of_ours_is_known_to_statements(db: SQLite) -> None:
    """SQL has none that folds more than ASCII."""
    db.create_function("folded", str.casefold)
    assert db.execute("SELECT folded('STRAßE')").fetchone() == ("strasse",)


def test_what_a_failing_transaction_wrote_is_gone() -> None:
    """And the next one can begin."""
    db = in_memory()
    with pytest.raises(sqlite3.IntegrityError), db.transaction():
        db.executemany("INSERT INTO settings VALUES (?, ?)", [("a", 1), ("a", 2)])
    with db.transaction():
        assert db.execute("SELECT count(*) FROM settings").fetchone() == (0,)
    db.close()
