"""The header of a database says what it is, whatever the rest is like."""

import contextlib
import sqlite3
from pathlib import Path

from config.files import store_header
from config.files.store_header import APPLICATION_ID, FORM


def made(path: Path, application_id: int, form: int) -> Path:
    """Return a database with these marks."""
    with contextlib.closing(sqlite3.connect(path)) as conn:
        conn.execute(f"PRAGMA application_id = {application_id}")
        conn.execute(f"PRAGMA user_version = {form}")
    return path


def test_marks_of_a_store_are_read(tmp_path: Path) -> None:
    """Of this version, and of an earlier one."""
    header = store_header.read(made(tmp_path / "now.db", APPLICATION_ID, FORM))
    assert header is not None
    assert (header.is_ours, header.is_earlier) == (True, False)
    header = store_header.read(made(tmp_path / "earlier.db", APPLICATION_ID, 0))
    assert header is not None
    assert (header.is_ours, header.is_earlier) == (True, True)


def test_database_of_another_program_is_none_of_ours(tmp_path: Path) -> None:
    """Nor an earlier one."""
    header = store_header.read(made(tmp_path / "other.db", 7, 0))
    assert header is not None
    assert (header.is_ours, header.is_earlier) == (False, False)


def test_what_is_no_database_has_no_marks(tmp_path: Path) -> None:
    """Too short, or of another kind."""
    for octets in (b"", b"SQLite format 3\0", b"no database" * 10):
        path = tmp_path / "file"
        path.write_bytes(octets)
        assert store_header.read(path) is None
