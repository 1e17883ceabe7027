"""The store's file: made, told apart from others, set aside."""

import contextlib
import errno
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tracker.store import database
from tracker.store.database import Store, StoreError
from tracker.store.file import file_store, files
from tracker.store.file.file_store import FileStore

LATER = """
    INSERT INTO _sqlite_migrations (migration_set, name, applied_at)
    VALUES ('waypost-second-form', 'of_tomorrow', '')
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Return a place for a store."""
    return tmp_path / "waypost.db"


def made(path: Path) -> Store:
    """Make a store with one row."""
    opened = FileStore.open(path)
    with opened.transaction():
        opened.set_offset("segment", 7)
    return opened


def test_store_is_for_its_owner_alone_and_says_what_it_is(path: Path) -> None:
    """It holds addresses of people."""
    made(path).close()
    assert path.stat().st_mode & 0o777 == 0o600
    assert files.is_ours(path)
    assert sorted(each.name for each in path.parent.iterdir()) == ["waypost.db"]


def test_half_made_store_of_a_dead_process_is_no_hindrance(path: Path) -> None:
    """It was never seen under its name."""
    path.with_name(".waypost.db.new").write_bytes(b"half")
    path.with_name(".waypost.db.new-wal").write_bytes(b"half")
    made(path).close()
    assert FileStore.open(path).offset("segment") == 7


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
    names = [files.set_aside(path, "corrupt")]
    assert not path.exists()
    made(path).close()
    names.append(files.set_aside(path, "corrupt"))
    opened.close()
    assert len(set(names)) == 2
    for name in names:
        assert FileStore.open(name).offset("segment") == 7


def test_log_without_its_database_is_kept(path: Path) -> None:
    """A new database must not play it, and nobody's data is deleted."""
    path.with_name("waypost.db-wal").write_bytes(b"frames")
    made(path).close()
    (kept,) = path.parent.glob("waypost.db.orphan-*-wal")
    assert kept.read_bytes() == b"frames"


def test_soundness_is_sqlites_judgement(path: Path) -> None:
    """Both of what is sound and what is not."""
    made(path).close()
    assert not file_store.is_malformed(path)
    with path.open("r+b") as file:
        file.seek(4096)
        file.write(b"\xaa" * 8192)
    assert file_store.is_malformed(path)


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
    opened.db.execute("DELETE FROM _sqlite_migrations WHERE name = 'second_form'")
    opened.close()
    with pytest.raises(
        StoreError, match="of an earlier version; start `waypost tracker` once"
    ) as caught:
        database.reading(path).__enter__()
    assert caught.value.cause == "outdated"


def later(opened: Store) -> None:
    """Have a store be as a later version leaves it."""
    opened.db.execute(
        "INSERT INTO _sqlite_migrations (migration_set, name, applied_at)"
        " VALUES ('waypost-second-form', 'of_a_later_version', '')"
    )
    opened.close()


def fed(path: Path) -> None:
    """Open a store as who feeds it does."""
    FileStore.open(path).close()


def read(path: Path) -> None:
    """Open a store as reports do."""
    with file_store.reading(path):
        pass


def changed(path: Path) -> None:
    """Open a store as `waypost purge` does."""
    with file_store.changing(path) as opened, opened.transaction():
        pass


@pytest.mark.parametrize("used", [fed, read, changed])
def test_a_store_of_a_later_version_is_left_alone(path: Path, used: Callable[[Path], None]) -> None:
    """Sums that this one does not know would be wrong for ever, were anything counted or purged."""
    later(made(path))
    with pytest.raises(StoreError, match="of a later version of Waypost") as caught:
        used(path)
    assert caught.value.cause == "foreign"


def test_other_databases_are_an_error_to_readers(path: Path) -> None:
    """A wrong `[store] url` shows at once."""
    with sqlite3.connect(path) as other:
        other.execute("CREATE TABLE letters (text)")
    other.close()
    with pytest.raises(StoreError, match="database of another program") as caught:
        database.reading(path).__enter__()
    assert caught.value.cause == "foreign"


def rollback_journal(path: Path) -> None:
    """Make somebody's database as SQLite does by itself."""
    with contextlib.closing(sqlite3.connect(path)) as other:
        other.execute("CREATE TABLE letters (text)")


def write_ahead_log(path: Path) -> None:
    """Make somebody's database with a write-ahead log, closed."""
    with contextlib.closing(sqlite3.connect(path)) as other:
        other.execute("PRAGMA journal_mode = WAL")
        other.execute("CREATE TABLE letters (text)")


def log_of_a_dead_process(path: Path) -> None:
    """Make somebody's database whose process was killed before the log was in it."""
    write_ahead_log(path)
    script = "import os, sqlite3, sys; db = sqlite3.connect(sys.argv[1]);"
    script += "db.execute('INSERT INTO letters VALUES (1)'); db.commit(); os._exit(0)"
    subprocess.run([sys.executable, "-c", script, path], check=True)


def other_id(path: Path) -> None:
    """Make a database that says whose it is, with tables that are called as ours."""
    made(path).close()
    with contextlib.closing(sqlite3.connect(path)) as other:
        other.execute("PRAGMA application_id = 1234")


def no_tables(path: Path) -> None:
    """Make a database that is just being begun."""
    with contextlib.closing(sqlite3.connect(path)) as other:
        other.execute("PRAGMA user_version = 1")


@pytest.mark.parametrize(
    "make", [rollback_journal, write_ahead_log, log_of_a_dead_process, other_id, no_tables]
)
def test_databases_of_others_are_refused_and_not_touched(
    path: Path, make: Callable[[Path], None]
) -> None:
    """By whoever feeds, reads or changes: no octet, no file beside them, no time of theirs."""
    make(path)
    before = {each.name: (each.read_bytes(), each.stat().st_mtime_ns) for each in beside(path)}
    for use in (
        lambda: FileStore.open(path),
        lambda: database.reading(path).__enter__(),
        lambda: database.changing(path).__enter__(),
    ):
        with pytest.raises(StoreError, match=r"name another file in \[store\] url") as caught:
            use()
        assert caught.value.cause == "foreign"
    after = {each.name: (each.read_bytes(), each.stat().st_mtime_ns) for each in beside(path)}
    assert after == before


def beside(path: Path) -> list[Path]:
    """Return a database and what stands beside it, but for its shared memory: that is no data."""
    return [each for each in path.parent.iterdir() if not each.name.endswith("-shm")]


def test_store_of_ours_that_does_not_say_so_is_known_by_its_tables(path: Path) -> None:
    """It is read, and says so once it was opened to be fed."""
    made(path).close()
    with contextlib.closing(sqlite3.connect(path)) as older:
        older.execute("PRAGMA application_id = 0")
    assert not files.is_ours(path)
    with database.reading(path) as db:
        assert database.offsets(db) == {"segment": 7}
    FileStore.open(path).close()
    assert files.is_ours(path)


def test_looking_whose_a_store_is_ends_no_lock_of_this_process(path: Path) -> None:
    """Else another process would take itself for the last, and delete the log that is in use."""
    opened = made(path)
    log = path.with_name("waypost.db-wal")
    held = log.stat().st_ino
    file_store.require_ours(path)
    with database.reading(path) as db:
        assert database.offsets(db) == {"segment": 7}
    script = "import sqlite3, sys; db = sqlite3.connect(sys.argv[1]);"
    script += "db.execute('SELECT * FROM segments').fetchall(); db.close()"
    subprocess.run([sys.executable, "-c", script, path], check=True)
    assert log.stat().st_ino == held
    opened.close()


def test_abandoned_store_leaves_no_log_of_its_own(path: Path, tmp_path: Path) -> None:
    """One that came with the other file stays with it."""
    opened = made(path)
    path.rename(tmp_path / "moved.db")
    log = path.with_name("waypost.db-wal")
    held = log.read_bytes()
    opened.abandon()
    (kept,) = tmp_path.glob("waypost.db.orphan-*Z-wal")
    assert kept.read_bytes() == held
    opened = made(path)
    for name in ("waypost.db", "waypost.db-wal"):
        (tmp_path / name).rename(tmp_path / f"old-{name}")
    log.write_bytes(b"of another")
    opened.abandon()
    assert log.read_bytes() == b"of another"


def test_errors_are_named_by_what_to_do() -> None:
    """Those of SQLite by their code, those of the disk by theirs."""
    assert database.cause_of(OSError(errno.ENOSPC, "")) == "full"
    assert database.cause_of(OSError(errno.EIO, "")) == "failing"
    assert database.cause_of(ValueError()) == "failing"
    with pytest.raises(sqlite3.OperationalError) as caught:
        sqlite3.connect("/nonexistent/waypost.db")
    assert database.cause_of(caught.value) == "cannot be opened"


@pytest.mark.parametrize("name", ["waypost.db", "waypost.db-wal"])
def test_what_cannot_be_opened_is_named(path: Path, name: str) -> None:
    """SQLite says "unable to open database file", or "disk I/O error", and no more."""
    FileStore.open(path).close()
    path.with_name(name).unlink(missing_ok=True)
    path.with_name(name).mkdir()
    with pytest.raises(sqlite3.OperationalError, match=f"{name} is not a file"):
        FileStore.open(path)


def test_a_store_is_read_without_a_trace(tmp_path: Path) -> None:
    """Whoever copies it leaves it as it is, and nothing beside it."""
    path = tmp_path / "w.db"
    FileStore.open(path).close()
    before = path.read_bytes(), path.stat().st_mtime_ns
    with file_store.unchanged(path) as db, pytest.raises(sqlite3.OperationalError):
        db.execute("DELETE FROM campaigns")
    assert (path.read_bytes(), path.stat().st_mtime_ns) == before
    assert not any(each.exists() for each in files.beside(path))


@pytest.mark.parametrize(
    ("sql", "said"),
    [
        ("DELETE FROM _sqlite_migrations WHERE name = 'webhooks'", "start `waypost tracker` once"),
        ("UPDATE _sqlite_migrations SET name = name || '_2' WHERE name = 'webhooks'", "later"),
        (
            LATER,
            "of a later version of Waypost",
        ),
    ],
)
def test_one_of_another_version_is_not_read_so(sql: str, said: str, tmp_path: Path) -> None:
    """Neither an earlier, nor a later one, of which something might be left behind."""
    path = tmp_path / "w.db"
    FileStore.open(path).close()
    with contextlib.closing(sqlite3.connect(path)) as conn:
        conn.execute(sql)
        conn.commit()
    with pytest.raises(StoreError, match=said), file_store.unchanged(path):
        pass


def test_one_that_is_not_there_is_told(tmp_path: Path) -> None:
    """No empty store stands in for it."""
    with pytest.raises(StoreError, match="is not there"), file_store.unchanged(tmp_path / "w.db"):
        pass
