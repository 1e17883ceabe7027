"""Much is changed bit by bit: how much at once follows from how long it took."""

import contextlib
from pathlib import Path

import pytest

from tests.support.checks.facts import empty
from tests.support.engines import IN_A_FILE, engine, gives_back
from tracker.sql.sqlite import SQLite
from tracker.store import chunks, database
from tracker.store.chunks import Pace, db_of, writing
from tracker.store.file.file_store import FileStore
from tracker.store.opened import Store

__all__ = ["engine", "gives_back"]

FIND = "SELECT count(*) FROM segments"
PUT = """INSERT INTO segments (name, "offset") VALUES ('segment', 1)"""


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Have the time told by a test, in its last element."""
    times = [0.0]
    monkeypatch.setattr(chunks.time, "monotonic", lambda: times[-1])
    return times


def took(pace: Pace, db: SQLite, clock: list[float], seconds: float) -> int:
    """Have a transaction take so long; return how much is to be done in the next one."""
    with pace.writing(db):
        clock.append(clock[-1] + seconds)
    return pace.size


def test_slow_transactions_become_small_and_quick_ones_large(
    db: SQLite, clock: list[float]
) -> None:
    """By half of it or twice as much at a time; never nothing, and no more than is wanted."""
    pace = Pace(800)
    assert pace.size == 100
    assert [took(pace, db, clock, 0.001) for _ in range(4)] == [200, 400, 800, 800]
    assert [took(pace, db, clock, 2 * chunks.TARGET_S) for _ in range(2)] == [400, 200]
    assert [took(pace, db, clock, 60.0) for _ in range(5)] == [50, 12, 3, 1, 1]


@IN_A_FILE
def test_command_leaves_others_as_much_time_as_it_took(
    tmp_path: Path, clock: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who feeds the store asks for it a few times a second; who is alone has nobody to wait for."""
    slept: list[float] = []
    path = tmp_path / "waypost.db"
    with_feeder = FileStore.open(path)
    took(Pace(8), with_feeder.db, clock, 0.05)
    monkeypatch.setattr(chunks.time, "sleep", slept.append)
    with database.changing(path) as opened, Pace(8).writing(opened):
        clock.append(clock[-1] + 0.05)
    with_feeder.close()
    assert slept == [pytest.approx(0.05)]


def test_transaction_that_fails_leaves_nothing(db: SQLite) -> None:
    """In a store as in a database of one's own."""
    opened = Store(empty())
    for changed in (db, opened):
        with contextlib.suppress(ZeroDivisionError), writing(changed) as inside:
            inside.execute(PUT)
            raise ZeroDivisionError
        assert db_of(changed).execute(FIND).fetchone() == (0,)
        with writing(changed) as inside:
            inside.execute(PUT)
        assert db_of(changed).execute(FIND).fetchone() == (1,)
    opened.close()
