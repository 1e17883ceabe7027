"""The store written anew, without what was deleted."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from tracker.store import database
from tracker.store.file import replacement, rewriting
from tracker.store.file.file_store import FileStore
from tracker.store.file.files import MARKS, beside

NAME = b"ann@example.org"


@pytest.fixture
def path(tmp_path: Path) -> Iterator[Path]:
    """Return a store that has deleted somebody, and wants to be written anew; it stays open."""
    path = tmp_path / "waypost.db"
    opened = FileStore.open(path)
    with opened.transaction():
        opened.db.execute("INSERT INTO persons (id, name) VALUES (7, ?)", [NAME.decode()])
        opened.db.execute("INSERT INTO persons (id, name) VALUES (9, 'bob@example.org')")
    rewriting.begin(opened, 1000.0)
    with opened.transaction():
        opened.db.execute("DELETE FROM persons WHERE id = 7")
    rewriting.end(opened, 1001.0, wanted=True)
    yield path
    opened.close()


def test_no_octet_of_what_was_deleted_is_left_and_all_else_is(path: Path):
    """Neither in the file nor in what SQLite keeps beside it; rows keep their numbers."""
    assert NAME in beside(path)[0].read_bytes()
    rewriting.rewrite(path)
    assert all(NAME not in each.read_bytes() for each in path.parent.iterdir())
    with database.reading(path) as db:
        assert db.execute("SELECT id, name FROM persons").fetchall() == [(9, "bob@example.org")]
        for mark, value in MARKS.items():
            assert db.execute(f"PRAGMA {mark}").fetchone() == (value,)
        assert not rewriting.is_wanted(db)


def test_store_that_cannot_be_written_anew_still_wants_to_be(
    path: Path, monkeypatch: pytest.MonkeyPatch
):
    """No room; what was begun is gone, or it would fill the disk."""
    monkeypatch.setattr(replacement, "SPARE_OCTETS", 2**62)
    with pytest.raises(OSError, match="are free"):
        rewriting.rewrite(path)
    assert rewriting.is_wanted_at(path)
    assert not list(path.parent.glob("*.rewritten"))


def test_service_that_stops_does_not_wait_for_it(path: Path, monkeypatch: pytest.MonkeyPatch):
    """The next one begins again."""
    monkeypatch.setattr(rewriting, "_TELL_EACH_STEPS", 1)
    with pytest.raises(sqlite3.OperationalError, match="interrupted"):
        rewriting.rewrite(path, lambda: True)
    assert rewriting.is_wanted_at(path)
    assert not list(path.parent.glob("*.rewritten"))


def test_what_was_begun_and_not_ended_is_known_the_next_time(path: Path):
    """Whoever died on the way may have left what the next one does not find any more."""
    with database.changing(path) as opened:
        assert not rewriting.begin(opened, 2000.0)
        assert rewriting.begin(opened, 2001.0)
        rewriting.end(opened, 2002.0, wanted=False)
        assert not rewriting.begin(opened, 2003.0)
