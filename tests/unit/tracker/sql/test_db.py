"""What is asked of a connection, of each engine that gives it."""

import contextlib
from collections.abc import Iterator

import pytest

from tests.support.checks.facts import in_memory
from tests.support.postgresql import cluster
from tracker.sql.db import Db, Given
from tracker.sql.errors import BadValues, DatabaseErrors

ENGINES = ("sqlite", "postgresql")
_PUT = "INSERT INTO settings (name, value) VALUES (?, ?)"


@pytest.fixture(params=ENGINES)
def db(request: pytest.FixtureRequest) -> Iterator[Db]:
    """Return an empty store of an engine."""
    with cluster().lent_store() if request.param == "postgresql" else _in_memory() as made:
        assert made.engine == request.param
        yield made


@contextlib.contextmanager
def _in_memory() -> Iterator[Db]:
    made = in_memory()
    yield made
    made.close()


def test_a_stream_has_all_rows_while_others_are_asked_for(db: Db) -> None:
    """However many; two at a time, and statements in between."""
    rows = [(f"{number:05}", number) for number in range(5000)]
    db.executemany(_PUT, rows)
    sql = "SELECT name FROM settings WHERE value >= :least ORDER BY name"
    every, late = (db.stream(sql, {"least": least}) for least in (0, 4990))
    found = [next(every)["name"], *(row["name"] for row in late)]
    assert db.execute("SELECT count(*) FROM settings").fetchone() == (5000,)
    assert found == ["00000", *(name for name, value in rows if value >= 4990)]
    assert [row["name"] for row in every] == [name for name, _ in rows[1:]]


def test_rows_that_are_written_may_be_found_meanwhile(db: Db) -> None:
    """Each as it is wanted, on the same connection."""
    numbers = (db.execute("SELECT :number + 1", {"number": number}).fetchone() for number in (1, 2))
    db.executemany("INSERT INTO settings (name, value) VALUES ('a' || ?, 0)", numbers)
    assert db.execute("SELECT count(*) FROM settings").fetchone()[0] == 2


def test_rows_are_tuples_or_told_by_their_columns(db: Db) -> None:
    """With parameters by name or by place."""
    db.executemany(_PUT, [("a", 1), ("b", 2)])
    assert db.execute("SELECT name FROM settings WHERE value = ?", [2]).fetchone() == ("b",)
    assert list(db.query("SELECT name FROM settings WHERE value < :most", {"most": 2})) == [
        {"name": "a"}
    ]


def test_how_many_rows_changed_is_known(db: Db) -> None:
    """By one statement."""
    db.executemany(_PUT, [("a", 1), ("b", 2)])
    assert db.execute("DELETE FROM settings").rowcount == 2


def test_a_query_reads_a_table_of_given_rows(db: Db) -> None:
    """Of each type that there is, and again with others; without rows it finds none."""
    table = Given("told", {"number": "INTEGER", "name": "TEXT", "octets": "BLOB"})
    sql = "SELECT told.name, number, octets, value FROM told CROSS JOIN settings ON settings.name = told.name"
    db.executemany(_PUT, [("a", 1), ("b", 2), ('"\\\0ü', 3)])
    for rows in (
        [(1, "a", b"\x00\\"), (-(2**63), '"\\\0ü', None)],
        [(None, "b", None)],
        [],
    ):
        found = [(row[1], row[0], row[2]) for row in db.execute_given(sql, table, rows)]
        assert sorted(found, key=repr) == sorted(rows, key=repr)


def failing(db: Db, *, asked: bool) -> None:
    """Write rows of which one is refused, and go on, in a transaction."""
    with db.atomic():
        db.executemany(_PUT, [("a", 1), ("b", 2), ("a", 3)])
        if asked:
            db.execute("SELECT 1")
        db.executemany(_PUT, [("c", 1), ("d", 2)])


@pytest.mark.parametrize("asked", [False, True])
def test_an_error_of_many_rows_is_told_by_the_end_of_the_transaction(
    db: Db, *, asked: bool
) -> None:
    """Whatever was asked or written after them; nothing of it is kept, and the connection is of use."""
    with pytest.raises(BadValues):
        failing(db, asked=asked)
    assert db.execute("SELECT count(*) FROM settings").fetchone() == (0,)


def test_what_was_written_for_many_rows_is_read_at_once(db: Db) -> None:
    """Nobody has to wait for it by hand."""
    with db.atomic():
        db.executemany(_PUT, [("a", 1), ("b", 2)])
        db.executemany("UPDATE settings SET value = value + ? WHERE name = ?", [(5, "a"), (6, "b")])
        assert list(db.query("SELECT sum(value) AS value FROM settings")) == [{"value": 14}]
        db.executemany("DELETE FROM settings WHERE name = ?", [("a",), ("b",)])
        assert db.execute("SELECT count(*) FROM settings").fetchone() == (0,)


def test_what_a_failing_part_wrote_is_gone(db: Db) -> None:
    """What was written before it is not."""
    with db.atomic():
        db.execute(_PUT, ["a", 1])
        with contextlib.suppress(LookupError), db.atomic():
            db.execute(_PUT, ["b", 2])
            raise LookupError
    assert db.execute("SELECT name FROM settings").fetchall() == [("a",)]


def test_values_that_break_a_constraint_are_told_as_that(db: Db) -> None:
    """They are an error of the database's, and to blame themselves."""
    assert set(BadValues) <= {each for each in BadValues if issubclass(each, DatabaseErrors)}
    with db.atomic():
        db.execute(_PUT, ["a", 1])
        with pytest.raises(BadValues), db.atomic():
            db.execute(_PUT, ["a", 2])


def test_numbers_are_reserved_behind_those_that_were_given(db: Db) -> None:
    """Also where the row that had the last one is gone."""
    with db.atomic():
        first = db.reserve("persons", 2)
        names = [(first, "a"), (first + 1, "b")]
        db.executemany("INSERT INTO persons (id, name) VALUES (?, ?)", names)
        db.execute("DELETE FROM persons")
        assert db.reserve("persons", 1) == first + 2
