"""The store's file: made, told apart from others, set aside."""

import errno
import sqlite3
from pathlib import Path

import pytest

from tracker.store import database
from tracker.store.database import Store, StoreError


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Return a place for a store."""
    return tmp_path / "waypost.db"


def made(path: Path) -> Store:
    """Make a store with one row."""
    opened = Store.open(path)
    with opened.transaction():
        opened.set_offset("segment", 7)
    return opened


def test_store_is_for_its_owner_alone_and_says_what_it_is(path: Path) -> None:
    """It holds addresses of people."""
    made(path).close()
    assert path.stat().st_mode & 0o777 == 0o600
    assert database.is_ours(path)
    assert sorted(each.name for each in path.parent.iterdir()) == ["waypost.db"]


def test_half_made_store_of_a_dead_process_is_no_hindrance(path: Path) -> None:
    """It was never seen under its name."""
    path.with_name(".waypost.db.new").write_bytes(b"half")
    path.with_name(".waypost.db.new-wal").write_bytes(b"half")
    made(path).close()
    assert Store.open(path).offset("segment") == 7


def test_other_file_in_its_place_is_noticed(path: Path, tmp_path: Path) -> None:
    """Deleted, or replaced by a copy."""
    opened = made(path)
    assert opened.is_current()
    path.rename(tmp_path / "moved.db")
    assert not opened.is_current()
    made(path).close()
    assert not opened.is_current()
    opened.close()


def test_failed_transaction_leaves_nothing(path: Path) -> None:
    """Whatever raised."""
    opened = made(path)

    def fail() -> None:
        with opened.transaction():
            opened.set_offset("segment", 8)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert opened.offset("segment") == 7
    opened.close()


def test_what_is_set_aside_can_be_opened_again(path: Path) -> None:
    """With its write-ahead log, and as often as there is something to set aside."""
    opened = made(path)
    names = [database.set_aside(path, "corrupt")]
    assert not path.exists()
    made(path).close()
    names.append(database.set_aside(path, "corrupt"))
    opened.close()
    assert len(set(names)) == 2
    for name in names:
        assert Store.open(name).offset("segment") == 7


def test_log_without_its_database_is_kept(path: Path) -> None:
    """A new database must not play it, and nobody's data is deleted."""
    path.with_name("waypost.db-wal").write_bytes(b"frames")
    made(path).close()
    (kept,) = path.parent.glob("waypost.db.orphan-*-wal")
    assert kept.read_bytes() == b"frames"


def test_soundness_is_sqlites_judgement(path: Path) -> None:
    """Both of what is sound and what is not."""
    made(path).close()
    assert not database.is_malformed(path)
    with path.open("r+b") as file:
        file.seek(4096)
        file.write(b"\xaa" * 8192)
    assert database.is_malformed(path)


def test_readers_of_a_missing_or_empty_file_find_an_empty_store(path: Path) -> None:
    """And none is made for them."""
    with database.reading(path) as db:
        assert db["clicks"].count == 0
    assert not path.exists()
    path.touch()
    with database.reading(path) as db:
        assert db["clicks"].count == 0


def test_readers_cannot_write(path: Path) -> None:
    """Only the ingester does."""
    made(path).close()
    with pytest.raises(StoreError, match="readonly"), database.reading(path) as db:
        db.execute("DELETE FROM segments")


def test_store_of_an_older_version_is_an_error_to_readers(path: Path) -> None:
    """They do not change it; starting the service does."""
    opened = made(path)
    opened.db.execute("DELETE FROM _sqlite_migrations WHERE name = 'rollups'")
    opened.close()
    with pytest.raises(StoreError, match="start `waypost tracker` once") as caught:
        database.reading(path).__enter__()
    assert caught.value.cause == "outdated"


def test_other_databases_are_an_error_to_readers(path: Path) -> None:
    """A wrong `[store] url` shows at once."""
    with sqlite3.connect(path) as other:
        other.execute("CREATE TABLE letters (text)")
    other.close()
    with pytest.raises(StoreError, match="no store"):
        database.reading(path).__enter__()


def test_errors_are_named_by_what_to_do() -> None:
    """Those of SQLite by their code, those of the disk by theirs."""
    assert database.cause_of(OSError(errno.ENOSPC, "")) == "full"
    assert database.cause_of(OSError(errno.EIO, "")) == "failing"
    assert database.cause_of(ValueError()) == "failing"
    with pytest.raises(sqlite3.OperationalError) as caught:
        sqlite3.connect("/nonexistent/waypost.db")
    assert database.cause_of(caught.value) == "cannot be opened"
