"""Statements for many rows at once."""

import sqlite3

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.postgresql import cluster
from tests.support.statements import statements
from tracker.sql.bulk import AT_ONCE, bulk


def written(sql: str, *rows: object) -> list[str]:
    """Return the statements that some rows come to, without blanks that mean nothing."""
    found = bulk(sql)
    assert found is not None
    groups = found.groups(found.rows(rows))
    return [" ".join(made[0].split()) for each in groups if (made := found.statement(each))]


ROWS = "unnest(CAST(:c0 AS bigint[]), CAST(:c1 AS text[])) AS given (c0, c1)"


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        (
            "INSERT INTO t (a, b) VALUES (?, ?)",
            f"INSERT INTO t (a, b) SELECT given.c0, given.c1 FROM {ROWS}",
        ),
        (
            "INSERT INTO t VALUES (?, ?) ON CONFLICT DO NOTHING",
            f"INSERT INTO t SELECT given.c0, given.c1 FROM {ROWS} ON CONFLICT DO NOTHING",
        ),
        (
            "UPDATE t SET a = a + ? WHERE b = ? AND (a > 0 OR a IS NULL)",
            f"UPDATE t SET a = a + given.c0 FROM {ROWS} WHERE b = given.c1 AND (a > 0 OR a IS NULL)",
        ),
        (
            "DELETE FROM t WHERE a < ? AND b = ?",
            f"DELETE FROM t USING {ROWS} WHERE a < given.c0 AND b = given.c1",
        ),
    ],
)
def test_parameters_are_columns_of_a_table(sql: str, expected: str) -> None:
    """In each of the three kinds of statements."""
    assert written(sql, (1, "x"), (2, "y")) == [expected]


def test_parameters_may_have_names() -> None:
    """One that stands twice is one column."""
    sql = "UPDATE t SET a = CASE WHEN :n > a THEN :n ELSE a END WHERE b = :b"
    case = "CASE WHEN given.c0 > a THEN given.c0 ELSE a END"
    assert written(sql, {"n": 1, "b": "x"}, {"b": "y", "n": 2}) == [
        f"UPDATE t SET a = {case} FROM {ROWS} WHERE b = given.c1"
    ]


def test_a_column_of_nothing_is_null() -> None:
    """It has no type that an array could have."""
    assert written("INSERT INTO t VALUES (?, ?, 7)", (1, None), (2, None)) == [
        "INSERT INTO t SELECT given.c0, NULL, 7 FROM unnest(CAST(:c0 AS bigint[])) AS given (c0)"
    ]


@pytest.mark.parametrize(
    ("sql", "groups"),
    [
        ("INSERT INTO t (a, b) VALUES (?, ?) ON CONFLICT (a) DO UPDATE SET b = excluded.b", 2),
        ("INSERT INTO t (a, b) VALUES (?, ?) ON CONFLICT (a, b) DO UPDATE SET b = excluded.b", 1),
        ("INSERT INTO t (a, b) VALUES (?, ?) ON CONFLICT (a) DO NOTHING", 1),
        ("UPDATE t SET b = ? WHERE a = ?", 2),
        ("DELETE FROM t WHERE a = ? AND b = ?", 1),
    ],
)
def test_rows_that_name_the_same_do_not_go_together(sql: str, groups: int) -> None:
    """Where what is done for one would be lost, or refused."""
    rows = [(1, 2), (3, 2), (1, 4)]
    assert len(written(sql, *rows)) == groups


def test_rows_go_in_groups_of_bounded_size() -> None:
    """So that no statement needs much memory."""
    rows = [(number,) for number in range(2 * AT_ONCE + 1)]
    assert len(written("INSERT INTO t VALUES (?)", *rows)) == 3


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT a FROM t WHERE b = ?",
        "INSERT INTO t (a) VALUES (1)",
        "INSERT INTO t (a) VALUES (?) RETURNING id",
        "INSERT INTO t (a) VALUES (?) ON CONFLICT (a) DO UPDATE SET b = ?",
        "INSERT INTO t (a) SELECT ? WHERE NOT EXISTS (SELECT 1 FROM t)",
        "UPDATE t SET a = ? WHERE a = ?",
        "UPDATE t SET a = ? WHERE b > ?",
        "UPDATE t SET a = ? WHERE b = ? OR c = 1 AND d = ?",
        "UPDATE t SET a = ? WHERE b = ? AND NOT EXISTS (SELECT 1 FROM t WHERE c = ?)",
        "DELETE FROM t WHERE a = ? AND NOT EXISTS (SELECT 1 FROM t AS u WHERE u.b = t.b)",
        "DELETE FROM t WHERE a = ? RETURNING b",
    ],
)
def test_a_statement_that_may_see_what_it_did_goes_row_by_row(sql: str) -> None:
    """Nor does one go together that answers for each row, or is none of these kinds."""
    assert bulk(sql) is None


def test_rows_of_several_types_in_one_column_go_row_by_row() -> None:
    """No array holds them."""
    found = bulk("INSERT INTO t VALUES (?)")
    assert found is not None
    assert found.statement([(1,), ("a",)]) is None


def test_most_statements_of_counting_go_together() -> None:
    """Those for each click, message and copy do."""
    wanted = ("tracker.counting.rows", "tracker.counting.sums", "tracker.store.rows.clicked_by")
    writing = [
        (module, sql)
        for module, sql in statements()
        if module in wanted and sql.split()[0] in ("INSERT", "UPDATE", "DELETE")
    ]
    apart = [sql for _, sql in writing if bulk(sql) is None]
    assert len(writing) > 15
    assert all("SET sent_s = :now" in sql for sql in apart), "messages that get another name may do"


_STATEMENTS = (
    "INSERT INTO kept (k, n, t) VALUES (?, ?, ?) ON CONFLICT (k) DO UPDATE SET n = kept.n + excluded.n, t = excluded.t",
    "INSERT INTO kept (k, n, t) VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
    "UPDATE kept SET n = n + :n, t = coalesce(:t, t) WHERE k = :k",
    "UPDATE kept SET t = ? WHERE k = ? AND (t IS NULL OR t > ?)",
    "UPDATE kept SET n = ? WHERE n = ? AND k = ?",
    "DELETE FROM kept WHERE k = ? AND n <= ? AND coalesce(t, '') != ?",
)
_ROW = st.tuples(st.integers(0, 4), st.integers(0, 3), st.sampled_from([None, "a", "b"]))


def _given(sql: str, row: tuple[int, int, str | None]) -> object:
    k, n, t = row
    if ":k" in sql:
        return {"k": k, "n": n, "t": t}
    if sql.startswith("UPDATE kept SET t"):
        return t, k, t
    return (n + 1, n, k) if sql.startswith("UPDATE kept SET n = ?") else row


@given(st.lists(st.tuples(st.sampled_from(_STATEMENTS), st.lists(_ROW, max_size=8)), max_size=6))
def test_together_they_do_what_they_do_row_by_row(
    done: list[tuple[str, list[tuple[int, int, str | None]]]],
) -> None:
    """As SQLite does, which knows them row by row alone."""
    made = "CREATE TABLE kept (k bigint PRIMARY KEY, n bigint, t text)"
    on_sqlite = sqlite3.connect(":memory:")
    on_sqlite.execute(made)
    with cluster().lent_store() as db:
        db.execute(made)
        for sql, rows in done:
            on_sqlite.executemany(sql, [_given(sql, row) for row in rows])
            db.executemany(sql, [_given(sql, row) for row in rows])
        query = "SELECT k, n, t FROM kept ORDER BY k"
        assert db.execute(query).fetchall() == on_sqlite.execute(query).fetchall()
    on_sqlite.close()
