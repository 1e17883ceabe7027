"""Values on their way to PostgreSQL and back."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.support.postgresql import cluster
from tracker.sql.postgresql import PostgreSQL


@pytest.fixture
def db() -> Iterator[PostgreSQL]:
    """Return a connection to an empty store."""
    with cluster().lent_store() as lent:
        yield lent


@pytest.mark.parametrize(
    "value", [0, -1, 2**63 - 1, -(2**63), 1.5, "", "Ä 'quoted' %s ?", "N\0L", b"\x00\xff", None]
)
def test_a_value_comes_back_as_it_was_given(db: PostgreSQL, value: Any) -> None:
    """By name and by place."""
    column = {int: "bigint", float: "double precision", bytes: "bytea"}.get(type(value), "text")
    db.execute(f"CREATE TABLE kept (value {column})")
    db.execute("INSERT INTO kept VALUES (:value)", {"value": value})
    db.executemany("INSERT INTO kept VALUES (?)", [[value], (value,)])
    assert db.execute("SELECT value FROM kept").fetchall() == [(value,)] * 3
    assert list(db.query("SELECT value FROM kept LIMIT 1")) == [{"value": value}]


def test_a_boolean_is_a_number(db: PostgreSQL) -> None:
    """As in SQLite, both on its way in and on its way out."""
    db.execute("CREATE TABLE kept (flag smallint)")
    db.executemany("INSERT INTO kept VALUES (?)", [[True], [False]])
    found = db.execute("SELECT flag, flag = 1 FROM kept ORDER BY flag").fetchall()
    assert [tuple(map(repr, row)) for row in found] == [("0", "0"), ("1", "1")]


def test_a_sum_of_integers_is_an_integer(db: PostgreSQL) -> None:
    """However large; a quotient has its fraction."""
    found = db.execute(
        "SELECT sum(id), sum(id) / 2.0, sum(id) FILTER (WHERE id > 9) FROM campaigns"
    )
    assert [repr(each) for each in found.fetchone()] == ["3", "1.5", "None"]


@pytest.mark.parametrize(
    ("column", "values"),
    [
        ("bigint", [1, None, -(2**63)]),
        ("text", ["", 'a "b"\\', "N\0L"]),
        ("bytea", [b"\x00\\", b""]),
        ("double precision", [0.5, 1.0]),
    ],
)
def test_a_list_holds_values_of_any_one_type(
    db: PostgreSQL, column: str, values: list[Any]
) -> None:
    """As `IN` compares it; nothing is in an empty one."""
    db.execute(f"CREATE TABLE kept (value {column})")
    db.executemany("INSERT INTO kept VALUES (?)", [(each,) for each in values])
    sql = "SELECT value FROM kept WHERE value IN (:values)"
    found = db.execute(sql, {"values": values}).fetchall()
    assert [value for (value,) in found] == [each for each in values if each is not None]
    assert db.execute(sql, {"values": []}).fetchall() == []
