"""An INSERT for several rows at once does what as many for one row each do."""

import sqlite3
from collections.abc import Sequence

import pytest

from tests.support.checks.facts import in_memory
from tracker.sql import inserts

ADD = """
    INSERT INTO settings (name, value) VALUES (?, ?)
    ON CONFLICT (name) DO UPDATE SET value = settings.value + excluded.value
"""
KEEP = "INSERT INTO settings VALUES (?, ?) ON CONFLICT DO NOTHING"
COUNT = """
    INSERT INTO settings (name, value) VALUES (?, ?)
    ON CONFLICT (name) DO UPDATE SET value = (SELECT count(*) FROM settings)
"""


@pytest.mark.parametrize("sql", [ADD, KEEP, COUNT])
@pytest.mark.parametrize("count", [0, 1, 7, 8, 63, 64, 75, 1000])
def test_it_leaves_the_same_rows(sql: str, count: int) -> None:
    """However many there are; also where one meets another of the same statement."""
    names = [number % 10 if number % 3 else number for number in range(count)]
    rows = [(f"name {name}", float(number)) for number, name in enumerate(names)]
    together, apart = in_memory(), in_memory()
    together.executemany(sql, rows)
    for row in rows:
        apart.execute(sql, row)
    assert settings(together.conn) == settings(apart.conn)
    together.close()
    apart.close()


def test_parameters_with_names_are_the_same() -> None:
    """In whatever order a row has them."""
    db = in_memory()
    rows = [{"value": float(number), "name": f"name {number}"} for number in range(100)]
    db.executemany("INSERT INTO settings (name, value) VALUES (:name, :value)", rows)
    assert settings(db.conn) == sorted((row["name"], row["value"]) for row in rows)
    db.close()


def settings(conn: sqlite3.Connection) -> Sequence[object]:
    """Return what is in the table."""
    return conn.execute("SELECT name, value FROM settings ORDER BY name").fetchall()


def test_rows_go_in_their_order() -> None:
    """Which is that of their numbers."""
    db = in_memory()
    rows = [(bytes([number % 256, number // 256]), 1, 2) for number in range(300)]
    db.executemany("INSERT INTO sightings (hash, sent_s, message_id) VALUES (?, ?, ?)", rows)
    found = db.execute("SELECT hash, sent_s, message_id FROM sightings ORDER BY id").fetchall()
    assert found == rows
    db.close()


def test_no_statement_has_more_parameters_than_every_sqlite_takes() -> None:
    """Of wide tables fewer rows go together."""
    wide = inserts.several(f"INSERT INTO wide VALUES ({', '.join('?' * 40)})")
    assert wide is not None
    assert max(wide.sizes) * 40 <= inserts.MOST_PARAMETERS
    assert [wide.statement(each).count("?") for each in wide.sizes] == [24 * 40, 8 * 40]


@pytest.mark.parametrize(
    "sql",
    [
        "INSERT INTO settings VALUES (:name, ?)",
        "INSERT INTO settings VALUES (:name, :value) ON CONFLICT DO UPDATE SET value = :value",
        "INSERT INTO settings VALUES (?, 1)",
        "INSERT INTO settings VALUES (?, ?) RETURNING name",
        "INSERT INTO settings SELECT name, ? FROM campaigns",
        "INSERT INTO settings VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = ?",
        "UPDATE settings SET value = ? WHERE name = ?",
    ],
)
def test_others_are_run_row_by_row(sql: str) -> None:
    """As they answer, or their parameters do not stand in rows."""
    assert inserts.several(sql) is None
