"""The database that a store is copied into."""

import contextlib
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from config.schema import StoreConfig
from tests.support import moving
from tracker.moving import source, target
from tracker.moving.source import CannotMove, Source
from tracker.moving.tables import tables_of
from tracker.nodes import registry
from tracker.sql import postgresql
from tracker.sql.postgresql import PostgreSQL
from tracker.store.server import unfinished
from tracker.store.server.nodes import VitalSigns


@pytest.fixture
def ours(tmp_path: Path) -> Iterator[Source]:
    """Return a store in a file, open."""
    path = moving.fed(tmp_path / "w.db")
    with source.opened(path, path.with_name("w.db.spool"), "new", lambda _: None) as opened:
        yield opened


@pytest.fixture
def new(tmp_path: Path) -> StoreConfig:
    """Return a database that is made for it."""
    return moving.new(tmp_path)


@pytest.fixture
def db(new: StoreConfig) -> Iterator[PostgreSQL]:
    """Return a connection to it, with all tables made."""
    with target.opened(new) as opened:
        yield opened


def begin(db: PostgreSQL, new: StoreConfig, ours: Source) -> bool:
    """Make it ready to be filled."""
    return target.begin(db, new, ours, tables_of(ours.db))


def test_it_is_a_store_once_that_is_finished(
    db: PostgreSQL, new: StoreConfig, ours: Source
) -> None:
    """Until then it can be gone on with."""
    assert not begin(db, new, ours)
    assert begin(db, new, ours)
    target.finish(db, ours.db)
    assert unfinished.find(db) is None


def test_months_are_made_first(db: PostgreSQL, new: StoreConfig, ours: Source) -> None:
    """For each in which something was sent, however long ago, or years ahead."""
    begin(db, new, ours)
    parts = {name for (name,) in db.execute("SELECT relname FROM pg_class")}
    assert {"clicks_1970_01", "messages_2026_09", "deliveries_2031_09"} <= parts


def test_numbers_that_were_given_are_not_given_again(
    db: PostgreSQL, new: StoreConfig, ours: Source
) -> None:
    """Not of rows that are gone, either."""
    with contextlib.closing(sqlite3.connect(ours.path)) as conn:
        given = dict(conn.execute("SELECT name, seq FROM sqlite_sequence"))
    begin(db, new, ours)
    db.execute("INSERT INTO verdicts VALUES (7, 1, 0, 0, '')")
    target.finish(db, ours.db)
    assert {name: db.reserve(name, 1) - 1 for name in ("persons", "arrivals")} == given
    put = "INSERT INTO {} VALUES (DEFAULT, {}) RETURNING id"
    assert db.execute(put.format("verdicts", "0, 0, 0, ''")).fetchone() == (8,)
    assert db.execute(put.format("signal_sets", "'', ''")).fetchone() == (1,)


@pytest.mark.parametrize(
    "row",
    [
        "messages VALUES (1, 1, 1, NULL, NULL, 0, 0, 0)",
        "campaigns VALUES (3, 'news')",
        "pixels VALUES (1, 1, 1, 1, 1, 1)",
    ],
)
def test_one_that_holds_something_is_refused(
    db: PostgreSQL, new: StoreConfig, ours: Source, row: str
) -> None:
    """It is said in which table, and what to do."""
    db.execute(f"INSERT INTO {row}")
    with pytest.raises(CannotMove, match=rf"it has rows in {row.split(maxsplit=1)[0]}\..*createdb"):
        begin(db, new, ours)
    assert unfinished.find(db) is None


def test_one_that_nodes_use_is_refused(db: PostgreSQL, new: StoreConfig, ours: Source) -> None:
    """They are named; those that have been silent for long are no hindrance."""
    for name in ("a", "b"):
        registry.take_name(db, name, "key")
        registry.say(db, name, "key", VitalSigns("1", ("tracker",), 0, 0, 0.0))
    db.execute("UPDATE nodes SET seen_at_s = seen_at_s - 40 WHERE name = 'a'")
    with pytest.raises(CannotMove, match="in use by b: stop its services"):
        begin(db, new, ours)
    db.execute("UPDATE nodes SET seen_at_s = seen_at_s - 40")
    assert not begin(db, new, ours)


def test_the_copy_of_another_store_is_refused(
    db: PostgreSQL, new: StoreConfig, ours: Source, tmp_path: Path
) -> None:
    """So is that of this one as it was before."""
    begin(db, new, ours)
    other = Source(tmp_path / "other.db", ours.db, "1:2")
    with pytest.raises(CannotMove, match=r"w\.db, and .*other\.db is another store.*createdb"):
        begin(db, new, other)


def test_the_copy_for_another_node_is_refused(
    db: PostgreSQL, new: StoreConfig, ours: Source
) -> None:
    """Its segments would be nobody's."""
    begin(db, new, ours)
    with pytest.raises(CannotMove, match="--node a goes on"):
        begin(db, new.model_copy(update={"node": "b"}), ours)


def test_two_do_not_copy_at_once(
    db: PostgreSQL, new: StoreConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second is told, after a while."""
    assert not db.is_closed
    monkeypatch.setattr(postgresql, "_SETTINGS", {**postgresql._SETTINGS, "lock_timeout": "100ms"})
    with pytest.raises(CannotMove, match="somebody else is copying"), target.opened(new):
        pass
