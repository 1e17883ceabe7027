"""A file that takes the place of the store, while others read and change it."""

import contextlib
import errno
import shutil
import sqlite3
import threading
from pathlib import Path

import pytest

from tracker.store import database
from tracker.store.file import file_store, files, replacement
from tracker.store.file.file_store import FileStore
from tracker.store.file.replacement import Busy, Progress, Replacement


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Return a store whose one row is in its write-ahead log alone."""
    path = tmp_path / "waypost.db"
    FileStore.open(path).close()
    put(path, 1)
    return path


def put(path: Path, offset: int) -> None:
    """Change the row of a store that stays open elsewhere."""
    with database.changing(path) as opened, opened.transaction():
        opened.set_offset("segment", offset)


def read(path: Path) -> int:
    """Return the row, as anybody finds it who opens the store now."""
    with database.reading(path) as db:
        return database.offsets(db)["segment"]


def write_copy(begun: Replacement, offset: int) -> None:
    """Write a file that differs from the store by the row."""
    begun.discard()
    with contextlib.closing(sqlite3.connect(begun.path)) as conn:
        conn.execute("VACUUM INTO ?", [str(begun.file)])
    with contextlib.closing(sqlite3.connect(begun.file)) as conn, conn:
        conn.execute("UPDATE segments SET offset = ?", [offset])


def swap(path: Path, offset: int) -> None:
    """Replace the store."""
    with replacement.replacing(path, "rewritten") as begun:
        write_copy(begun, offset)
        begun.swap()


def test_new_file_is_read_and_the_old_one_by_who_has_it_open(path: Path):
    """Never half of each; not even by what the old one's log holds."""
    with contextlib.closing(file_store.connect(path, 1000)) as old:
        old.execute("UPDATE segments SET offset = 2")
        old.commit()
        swap(path, 7)
        assert old.execute("SELECT offset FROM segments").fetchone() == (2,)
        assert read(path) == 7
        put(path, 8)
        assert old.execute("SELECT offset FROM segments").fetchone() == (2,)
    assert read(path) == 8
    left = [each.name for each in path.parent.iterdir() if "rewritten" in each.name]
    assert (left, files.file_id(path) is not None) == ([], True)


def test_last_to_close_the_old_file_leaves_the_new_log_alone(path: Path):
    """SQLite deletes the log of a database by its name."""
    old = file_store.connect(path, 1000)
    swap(path, 7)
    new = file_store.connect(path, 1000)
    new.execute("UPDATE segments SET offset = 9")
    new.commit()
    old.close()
    assert files.beside(path)[0].stat().st_size > 0
    assert read(path) == 9
    new.close()


def test_swap_that_was_cut_short_is_finished_by_who_comes_next(path: Path):
    """The process died when the file was complete: after it, nothing counts but the new file."""
    put(path, 2)
    with replacement.replacing(path, "rewritten") as begun:
        write_copy(begun, 7)
        complete = path.with_name(f".{path.name}.instead-of-{path.stat().st_ino}")
        begun.file.rename(complete)
    files.beside(path)[0].unlink(missing_ok=True)
    assert read(path) == 7
    assert not complete.exists()


def test_file_that_was_to_replace_another_store_is_left_alone(path: Path):
    """Somebody put a copy back since then."""
    stale = path.with_name(f".{path.name}.instead-of-1")
    shutil.copy(path, stale)
    assert read(path) == 1
    assert stale.exists()


def test_whoever_changes_the_store_waits_and_is_told_how_far_it_is(path: Path):
    """And then changes the new one."""
    told: list[Progress] = []
    asked = threading.Event()

    def waiting(progress: Progress) -> None:
        told.append(progress)
        asked.set()

    def change() -> None:
        with database.changing(path, waiting) as opened, opened.transaction():
            opened.set_offset("other", 3)

    changer = threading.Thread(target=change)
    with replacement.replacing(path, "upgraded") as begun:
        begun.tell(40, 100)
        changer.start()
        assert asked.wait(20)
        write_copy(begun, 7)
        begun.swap()
    changer.join()
    assert str(told[0]) == "the store is being upgraded, 40 %"
    with database.reading(path) as db:
        assert database.offsets(db) == {"segment": 7, "other": 3}


def test_command_that_has_the_store_open_goes_on_in_the_new_one(path: Path):
    """Each of its transactions is on the file that is in place."""
    with database.changing(path) as opened:
        with opened.transaction():
            opened.set_offset("segment", 2)
        swap(path, 7)
        with opened.transaction():
            opened.set_offset("other", 3)
            assert opened.offset("segment") == 7
    with database.reading(path) as db:
        assert database.offsets(db) == {"segment": 7, "other": 3}


def test_store_that_is_being_changed_is_not_replaced(path: Path, monkeypatch: pytest.MonkeyPatch):
    """It is tried again later."""
    monkeypatch.setattr(replacement, "PATIENCE_S", 0.0)
    with database.changing(path) as opened, opened.transaction():
        with pytest.raises(Busy), replacement.replacing(path, "rewritten"):
            pass
        assert replacement.in_progress(path) is None


def test_progress_is_told_as_long_as_somebody_is_at_it(path: Path):
    """A process that died is not."""
    with replacement.replacing(path, "rewritten") as begun:
        begun.tell(1, 0)
        assert str(replacement.in_progress(path)) == "the store is written anew, 0 %"
        begun.tell(5, 5)
        assert str(replacement.in_progress(path)) == "the store is written anew, 99 %"
    assert replacement.in_progress(path) is None


def test_disk_without_room_is_an_error_that_says_how_much_is_needed(path: Path):
    """Before anything is written."""
    with replacement.replacing(path, "rewritten") as begun:
        begun.require_room(1)
        with pytest.raises(
            OSError, match=r"a second file needs \d+ octets, and \d+ are free"
        ) as caught:
            begun.require_room(2**62)
    assert caught.value.errno == errno.ENOSPC


def test_unfinished_file_is_for_the_owner_alone_and_starts_empty(path: Path):
    """What an earlier one left may hold somebody who was forgotten since."""
    path.with_name(".waypost.db.rewritten").write_bytes(b"ann@example.org")
    with replacement.replacing(path, "rewritten") as begun:
        begun.make()
        assert (begun.file.read_bytes(), begun.file.stat().st_mode & 0o777) == (b"", 0o600)
        begun.discard()
        assert not begun.file.exists()
