"""Every statement is one text, which both engines read."""

import re
import sqlite3
from collections import defaultdict
from collections.abc import Iterator

import pytest

from tests.support.checks.facts import in_memory
from tests.support.postgresql import cluster
from tests.support.statements import statements, temporary_tables
from tracker.sql.dialect import for_postgresql
from tracker.sql.errors import ServerError
from tracker.sql.postgresql import PostgreSQL
from tracker.sql.sqlite import SQLite

STATEMENTS = statements()
_PLACE = re.compile(r"%\((\w+)\)s|%s|%%")


@pytest.fixture(scope="module")
def on_sqlite() -> Iterator[SQLite]:
    """Return an empty store of SQLite, with the tables of a connection."""
    made = in_memory()
    for sql in temporary_tables():
        made.execute(sql)
    yield made
    made.close()


@pytest.fixture(scope="module")
def on_server() -> Iterator[PostgreSQL]:
    """Return one of PostgreSQL."""
    with cluster().lent_store() as made:
        for sql in temporary_tables():
            made.execute(sql)
        yield made


def test_statements_are_found() -> None:
    """So the test below means something."""
    modules = {module for module, _ in STATEMENTS}
    assert {
        "tracker.reports.clicks",
        "tracker.counting.sums",
        "tracker.pages.views.clicks",
    } <= modules
    assert len(STATEMENTS) > 200


@pytest.mark.parametrize(("module", "sql"), STATEMENTS, ids=str)
def test_what_one_engine_reads_the_other_does(
    on_sqlite: SQLite, on_server: PostgreSQL, module: str, sql: str
) -> None:
    """All of it, but for pieces of statements, which neither does."""
    assert _refused_by_sqlite(on_sqlite, sql) == "" or _refused_by_server(on_server, sql) != ""
    assert _refused_by_server(on_server, sql) == "" or _refused_by_sqlite(on_sqlite, sql) != ""


def _refused_by_sqlite(db: SQLite, sql: str) -> str:
    """Return why SQLite does not read a statement; "" where it does."""
    named: defaultdict[str, None] = defaultdict(lambda: None)
    values = [None] * sql.count("?")
    try:
        db.conn.execute(f"EXPLAIN {sql}", values or named)
    except sqlite3.Error as error:
        return str(error)
    return ""


def _refused_by_server(db: PostgreSQL, sql: str) -> str:
    numbers: dict[str, int] = {}

    def place(found: re.Match[str]) -> str:
        if found[0] == "%%":
            return "%"
        return f"${numbers.setdefault(found[1] or str(len(numbers)), len(numbers) + 1)}"

    text = _PLACE.sub(place, for_postgresql(sql))
    types = ["unknown"] * len(numbers)
    while True:
        refused = _refused(db, f"PREPARE tried{_declared(types)} AS {text}")
        unclear = re.match(r"inconsistent types deduced for parameter \$(\d+)", refused)
        if not unclear:
            return refused
        types[int(unclear[1]) - 1] = "bigint"  # as psycopg says of whole numbers


def _declared(types: list[str]) -> str:
    return f" ({', '.join(types)})" if types else ""


def _refused(db: PostgreSQL, prepare: str) -> str:
    try:
        with db.atomic():
            db.script(prepare)
            db.script("DEALLOCATE tried")
    except ServerError as error:
        return str(error)
    return ""
