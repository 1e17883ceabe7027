"""SQLite as an engine of the store."""

import sqlite3

import pytest

from tests.support.checks.facts import in_memory


def test_what_a_failing_transaction_wrote_is_gone() -> None:
    """And the next one can begin."""
    db = in_memory()
    with pytest.raises(sqlite3.IntegrityError), db.transaction():
        db.executemany("INSERT INTO settings VALUES (?, ?)", [("a", 1), ("a", 2)])
    with db.transaction():
        assert db.execute("SELECT count(*) FROM settings").fetchone() == (0,)
    db.close()
