"""The files of a store as files: whose they are, and what is set aside."""

from pathlib import Path

import pytest

from tracker.store.file import files
from tracker.store.file.file_store import FileStore


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Return a place for a store."""
    return tmp_path / "waypost.db"


def test_former_stores_are_found_until_somebody_takes_them_away(path: Path) -> None:
    """Those of which something may be had back."""
    FileStore.open(path).close()
    first = files.set_aside(path, "corrupt")
    path.touch()
    second = files.set_aside(path, "emptied")
    path.with_name("waypost.db-wal").write_bytes(b"frames")
    files.set_aside(path, "orphan")
    assert files.asides(path) == [first, second]


def test_a_file_is_told_from_one_that_takes_its_place(path: Path, tmp_path: Path) -> None:
    """And from none; an empty one from one that holds something."""
    assert files.file_id(path) is None
    assert not files.is_empty(path)
    path.touch()
    first = files.file_id(path)
    assert files.is_empty(path)
    (tmp_path / "other").write_text("something")
    (tmp_path / "other").rename(path)
    assert first != files.file_id(path) is not None
    assert not files.is_empty(path)


def test_why_a_store_cannot_be_used_is_said(path: Path) -> None:
    """Which file it is, and where a link leads."""
    assert files.why_unusable(path) == ""
    path.touch()
    assert files.why_unusable(path) == ""
    log, _ = files.beside(path)
    log.mkdir()
    assert files.why_unusable(path) == "waypost.db-wal is not a file"
    path.unlink()
    path.symlink_to("elsewhere.db")
    why = "waypost.db, a link to elsewhere.db, cannot be reached"
    assert files.why_unusable(path) == why


def test_only_a_store_says_that_it_is_one(path: Path) -> None:
    """Whatever the rest of it is like; not a file that bears the mark somewhere, nor a short one."""
    FileStore.open(path).close()
    assert files.is_ours(path)
    octets = path.read_bytes()
    path.write_bytes(octets[:100] + b"\xaa" * 5000)
    assert files.is_ours(path)
    for other in (octets[:70], b"x" + octets[1:], b""):
        path.write_bytes(other)
        assert not files.is_ours(path)


def test_what_stands_beside_may_be_set_aside_alone(path: Path) -> None:
    """The database stays; shared memory is no data, and goes."""
    path.write_bytes(b"database")
    for beside in files.beside(path):
        beside.write_bytes(b"beside")
    aside = files.set_aside(path, "orphan", database=False)
    assert path.read_bytes() == b"database"
    assert not aside.exists()
    assert aside.with_name(f"{aside.name}-wal").read_bytes() == b"beside"
    assert {each.name for each in path.parent.iterdir()} == {"waypost.db", f"{aside.name}-wal"}
