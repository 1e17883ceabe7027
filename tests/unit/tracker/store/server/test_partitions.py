"""Months of the tables on a server."""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from tests.support.postgresql import cluster
from tracker.sql.postgresql import PostgreSQL
from tracker.store.server import partitions
from tracker.store.server.partitions import Month

DECEMBER_S = datetime(2030, 12, 24, tzinfo=UTC).timestamp()
_PUT = "INSERT INTO messages VALUES (?, ?, 1, NULL, NULL, 0, 0, 0)"
_PLACES = "SELECT message_id, CAST(CAST(tableoid AS regclass) AS text) FROM messages"


@pytest.fixture
def db() -> Iterator[PostgreSQL]:
    """Return an empty store."""
    with cluster().lent_store() as lent:
        yield lent


def put(db: PostgreSQL, message: int, *day: int) -> None:
    """Write a message that was sent on a day."""
    db.execute(_PUT, [int(datetime(*day, tzinfo=UTC).timestamp()), message])


def test_a_month_ends_where_the_next_begins() -> None:
    """In UTC, whatever the year."""
    december = Month.of(DECEMBER_S)
    assert (december, december.next) == ((2030, 12), (2031, 1))
    assert december.next.begin_s - december.begin_s == 31 * 86400
    assert december.part_of("clicks") == "clicks_2030_12"


def test_this_month_and_three_to_come_are_made(db: PostgreSQL) -> None:
    """Once, however often that is asked for."""
    for _ in range(2):
        partitions.make_ahead(db, "messages", DECEMBER_S)
    put(db, 1, 2030, 12, 1)
    put(db, 2, 2031, 3, 31)
    put(db, 3, 2031, 4, 1)
    assert dict(db.execute(_PLACES)) == {
        1: "messages_2030_12",
        2: "messages_2031_03",
        3: "messages_at_other_times",
    }


def test_what_was_there_before_its_month_moves_into_it(db: PostgreSQL) -> None:
    """Mail that was sent meanwhile, as while no node ran; other mail stays."""
    put(db, 1, 2030, 12, 31)
    put(db, 2, 2030, 11, 30)
    partitions.make_ahead(db, "messages", DECEMBER_S)
    assert dict(db.execute(_PLACES)) == {1: "messages_2030_12", 2: "messages_at_other_times"}


def test_months_of_which_nothing_is_left_are_dropped(db: PostgreSQL) -> None:
    """Not those that hold something, and not before they are over."""
    partitions.make_ahead(db, "messages", DECEMBER_S)
    put(db, 1, 2031, 1, 1)
    over_s = Month(2031, 3).begin_s
    dropped = set(partitions.drop_empty(db, "messages", over_s - 1))
    assert "messages_2030_12" in dropped
    assert not dropped & {"messages_2031_01", "messages_2031_02"}
    db.execute("DELETE FROM messages")
    assert set(partitions.drop_empty(db, "messages", over_s)) == {
        "messages_2031_01",
        "messages_2031_02",
    }


def test_each_table_has_months_of_its_own(db: PostgreSQL) -> None:
    """So that who makes them never holds one table and waits for another."""
    partitions.make_ahead(db, "clicks", DECEMBER_S)
    partitions.make_ahead(db, "messages", DECEMBER_S)
    partitions.drop_empty(db, "clicks", Month(2031, 1).begin_s)
    put(db, 1, 2030, 12, 1)
    assert dict(db.execute(_PLACES)) == {1: "messages_2030_12"}


def test_months_of_some_moments_are_made(db: PostgreSQL) -> None:
    """Once, whatever is there already."""
    moments = [5, 6, int(DECEMBER_S), 5]
    for _ in range(2):
        partitions.make_for(db, moments)
    put(db, 1, 1970, 1, 1)
    put(db, 2, 2030, 12, 1)
    assert dict(db.execute(_PLACES)) == {1: "messages_1970_01", 2: "messages_2030_12"}
