"""Who may feed a store."""

from pathlib import Path

from tracker.ingest.lock import Lock


def test_lock_is_for_one(tmp_path: Path) -> None:
    """Another gets it when the first lets go."""
    first, second = Lock(tmp_path), Lock(tmp_path)
    assert (first.acquire(), second.acquire()) == (True, False)
    assert (first.is_held, second.is_held) == (True, False)
    first.release()
    assert second.acquire()
    second.release()


def test_lock_that_was_deleted_is_no_lock(tmp_path: Path) -> None:
    """Who held it takes it anew, or gives way."""
    first, second = Lock(tmp_path), Lock(tmp_path)
    assert first.acquire()
    (tmp_path / "ingester.lock").unlink()
    assert second.acquire()
    assert not first.acquire()
    second.release()
    assert first.acquire()
    first.release()
