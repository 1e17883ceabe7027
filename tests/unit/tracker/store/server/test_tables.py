"""The tables on a server, beside SQLite's."""

from collections.abc import Iterator

import pytest

from tests.support.checks.facts import in_memory
from tests.support.postgresql import cluster
from tracker.sql.postgresql import PostgreSQL

PARTED = ("messages", "deliveries", "clicks")
_COLUMNS = """
    SELECT attname FROM pg_attribute
    WHERE attrelid = CAST(:table AS regclass) AND attnum > 0 AND NOT attisdropped ORDER BY attnum
"""
_KEYS = """
    SELECT attname FROM pg_index JOIN pg_attribute ON attrelid = indrelid AND attnum = ANY(indkey)
    WHERE indrelid = CAST(:table AS regclass) AND indisprimary
"""
_TEXTS_BY_LOCALE = """
    SELECT attrelid::regclass::text, attname FROM pg_attribute JOIN pg_class ON pg_class.oid = attrelid
    WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p') AND attnum > 0
        AND attcollation NOT IN (0, '"C"'::regcollation) AND relname != 'migrations'
"""


@pytest.fixture
def db() -> Iterator[PostgreSQL]:
    """Return an empty store."""
    with cluster().lent_store() as lent:
        yield lent


def test_every_table_and_view_of_sqlite_is_there_with_its_columns(db: PostgreSQL) -> None:
    """In their order, so that a row of one is a row of the other."""
    sqlite = in_memory()
    for name in [*sqlite.table_names(), *sqlite.view_names()]:
        if name.startswith(("sqlite_", "_sqlite_")):
            continue
        columns = [column.name for column in sqlite[name].columns]
        assert [each for (each,) in db.execute(_COLUMNS, {"table": name})] == columns
    sqlite.close()


def test_every_primary_key_is_that_of_sqlite(db: PostgreSQL) -> None:
    """In tables of messages and clicks, the key of the message is part of it."""
    sqlite = in_memory()
    for name in sqlite.table_names():
        if name.startswith(("sqlite_", "_sqlite_")):
            continue
        keys = set(sqlite[name].pks)
        assert {each for (each,) in db.execute(_KEYS, {"table": name})} == keys
    sqlite.close()


def test_text_is_compared_by_its_octets(db: PostgreSQL) -> None:
    """As in SQLite, whatever the locale of the server is."""
    assert db.execute(_TEXTS_BY_LOCALE).fetchall() == []


@pytest.mark.parametrize("length", [3000, 100_000])
def test_a_name_may_be_as_long_as_a_url(db: PostgreSQL, length: int) -> None:
    """It is found again, and stands once."""
    name = "".join(f"{n:x}" for n in range(length))[:length]
    db.execute("INSERT INTO links (id, name, url) VALUES (1, :name, :name)", {"name": name})
    sql = "SELECT id FROM links WHERE name IN (:names) AND url = :name"
    assert db.execute(sql, {"names": [name], "name": name}).fetchall() == [(1,)]


@pytest.mark.parametrize(
    ("sql", "found"),
    [
        ("SELECT length(randomblob(16))", 16),
        ("SELECT message_text(-1)", "ffffffffffffffff"),
        ("SELECT moment_text(0)", "1970-01-01T00:00:00.000+00:00"),
        ("SELECT address_text(decode('c0000207', 'hex'))", "192.0.2.7"),
    ],
)
def test_functions_that_statements_know_are_there(db: PostgreSQL, sql: str, found: object) -> None:
    """They give what SQLite is given by Python."""
    assert db.execute(sql).fetchone() == (found,)
