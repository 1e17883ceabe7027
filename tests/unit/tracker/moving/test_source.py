"""The store that is copied: opened for reading alone."""

import contextlib
import sqlite3
from pathlib import Path

import pytest

from tests.support import moving
from tracker.ingest.lock import Lock
from tracker.moving.source import CannotMove, opened


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Return a store in a file."""
    return moving.fed(tmp_path / "w.db")


def test_nobody_feeds_it_meanwhile(path: Path) -> None:
    """A tracker that starts waits until the copy is done."""
    lock = Lock(spool := path.with_name("w.db.spool"))
    spool.mkdir()
    with opened(path, spool):
        assert not lock.acquire()
    assert lock.acquire()
    lock.release()


def test_one_that_is_fed_is_refused(path: Path) -> None:
    """With what to stop."""
    lock = Lock(spool := path.with_name("w.db.spool"))
    assert lock.acquire()
    with pytest.raises(CannotMove, match=r"a tracker feeds it.*stop that"), opened(path, spool):
        pass
    lock.release()


def test_without_a_spool_none_is_made(path: Path) -> None:
    """All that is there stays as it is."""
    spool = path.with_name("w.db.spool")
    with opened(path, spool):
        assert not spool.exists()


def test_it_is_known_whether_it_was_changed(path: Path) -> None:
    """Also where what was written is in its write-ahead log alone."""
    spool = path.with_name("w.db.spool")
    with contextlib.closing(sqlite3.connect(path)) as conn:
        with opened(path, spool) as source:
            assert source.is_as_it_was()
            conn.execute("UPDATE settings SET value = value + 1")
            conn.execute("INSERT INTO settings VALUES ('x', 1)")
            conn.commit()
            assert not source.is_as_it_was()
        with opened(path, spool) as source:
            assert source.is_as_it_was()
            assert source.db.execute("SELECT 1 FROM settings WHERE name = 'x'").fetchone()
