"""The store that is copied: opened for reading alone."""

import contextlib
import sqlite3
import threading
from pathlib import Path

import pytest

from config.schema import Config
from tests.support import moving
from tests.support.feeding import running
from tests.support.waiting import until
from tracker.ingest import ingester
from tracker.ingest.ingester import Ingester
from tracker.ingest.lock import Lock
from tracker.moving import source as module
from tracker.moving.source import CannotMove, Source, opened
from tracker.store import database
from tracker.store.file import moved
from tracker.store.opened import StoreError

TARGET = "postgresql:///new"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Return a store in a file."""
    return moving.fed(tmp_path / "w.db")


@pytest.fixture
def spool(path: Path) -> Path:
    """Return its spool, in which nothing waits."""
    made = path.with_name("w.db.spool")
    made.mkdir()
    return made


def opening(path: Path) -> contextlib.AbstractContextManager[Source]:
    """Open a store for TARGET."""
    return opened(path, path.with_name("w.db.spool"), TARGET, lambda _: None)


def test_nobody_feeds_it_meanwhile(path: Path, spool: Path) -> None:
    """Nor afterwards, once something of it was copied."""
    lock = Lock(spool)
    with opening(path) as source:
        assert not lock.acquire()
        assert moved.find(path) == moved.Moved(path, TARGET)
        source.is_begun = True
    assert lock.acquire()
    assert moved.find(path) == moved.Moved(path, TARGET)
    lock.release()


def test_where_nothing_was_copied_it_is_used_again(path: Path, spool: Path) -> None:
    """As where the database is refused; but not where an earlier run had begun."""
    with contextlib.suppress(CannotMove), opening(path):
        raise CannotMove
    assert moved.find(path) is None
    moved.give_up(path, TARGET)
    with opening(path):
        pass
    assert moved.find(path) is not None


def test_one_that_is_fed_is_waited_for(path: Path, spool: Path) -> None:
    """Who feeds it ends what it has begun; that is said."""
    lock, said, ours = Lock(spool), list[str](), list[Source]()
    assert lock.acquire()

    def open_it() -> None:
        with opened(path, spool, TARGET, said.append) as source:
            ours.append(source)

    thread = threading.Thread(target=open_it)
    thread.start()
    until(lambda: bool(said))
    assert not ours
    lock.release()
    thread.join(60)
    assert ours
    assert "ends what it has begun" in said[0]


def test_who_rests_gives_way_at_once(
    path: Path, spool: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However long it would leave alone what nobody asks for."""
    monkeypatch.setattr(ingester, "QUIET_S", 600.0)
    config = Config.model_validate({"store": {"url": f"sqlite:///{path}"}})
    with running(Ingester(config)):
        until((spool / ".ingester.bell").is_fifo)
        with opening(path):
            assert moved.find(path) == moved.Moved(path, TARGET)


def test_one_that_does_not_give_way_is_left_alone(
    path: Path, spool: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As a tracker of an earlier version; it goes on counting."""
    monkeypatch.setattr(module, "PATIENCE_S", 0.0)
    lock = Lock(spool)
    assert lock.acquire()
    with pytest.raises(CannotMove, match=r"does not give way.*stop that"), opening(path):
        pass
    assert moved.find(path) is None
    lock.release()


def test_a_command_that_changes_it_is_waited_for(path: Path, spool: Path) -> None:
    """What it has begun is copied, and it hears of that with its next change."""
    ours = list[Source]()

    def open_it() -> None:
        with opening(path) as source:
            ours.append(source)

    with database.changing(path) as command:
        with command.transaction():
            thread = threading.Thread(target=open_it)
            thread.start()
            until(lambda: moved.find(path) is not None)
            command.db.execute("INSERT INTO settings VALUES ('x', 1)")
            assert not ours
        thread.join(60)
        assert ours
        moved.give_up(path, TARGET)
        with pytest.raises(StoreError), command.transaction():
            pass


def test_a_database_of_another_program_is_left_alone(tmp_path: Path) -> None:
    """Nothing appears beside it."""
    path = tmp_path / "w.db"
    with contextlib.closing(sqlite3.connect(path)) as conn:
        conn.execute("CREATE TABLE mine (id)")
    path.with_name("w.db.spool").mkdir()
    with pytest.raises(StoreError, match="of another program"), opening(path):
        pass
    assert sorted(each.name for each in tmp_path.iterdir()) == ["w.db", "w.db.spool"]


def test_without_a_spool_nothing_is_made(path: Path) -> None:
    """All that is there stays as it is: nobody feeds a copy."""
    with opening(path):
        assert [each.name for each in path.parent.iterdir()] == ["w.db"]


def test_whoever_reads_it_meanwhile_changes_nothing(path: Path, spool: Path) -> None:
    """Also the last one, who would write the log of the one that fed it to the file."""
    with contextlib.closing(sqlite3.connect(path)) as conn:
        conn.execute("INSERT INTO settings VALUES ('x', 1)")
        conn.commit()
        with opening(path) as source:
            state = source.state
            with database.reading(path):
                pass
            assert source.is_as_it_was()
    with opening(path) as source:
        assert source.state == state


def test_it_is_known_whether_it_was_changed(path: Path) -> None:
    """Also where what was written is in its write-ahead log alone."""
    with contextlib.closing(sqlite3.connect(path)) as conn:
        with opening(path) as source:
            assert source.is_as_it_was()
            conn.execute("UPDATE settings SET value = value + 1")
            conn.execute("INSERT INTO settings VALUES ('x', 1)")
            conn.commit()
            assert not source.is_as_it_was()
        with opening(path) as source:
            assert source.is_as_it_was()
            assert source.db.execute("SELECT 1 FROM settings WHERE name = 'x'").fetchone()
