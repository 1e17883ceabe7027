"""Who may feed a store."""

import os
from pathlib import Path

from tracker.ingest.lock import Lock
from tracker.ingest.trouble import Trouble


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


def test_holder_tells_others_of_its_trouble(tmp_path: Path) -> None:
    """As long as it has the lock; what a dead one told is of no use to the next."""
    holder, other = Lock(tmp_path), Lock(tmp_path)
    assert other.told() == Trouble()
    holder.tell(Trouble("not ours to tell"))
    assert holder.acquire()
    assert other.told() == Trouble()
    for trouble in (Trouble("a long story " * 20), Trouble("short")):
        holder.tell(trouble)
        assert other.told() == trouble
    holder.release()
    assert other.told() == Trouble()
    assert other.acquire()
    assert Lock(tmp_path).told() == Trouble()
    other.release()


def test_news_alone_is_written(tmp_path: Path) -> None:
    """A file that never changes wears no disk out."""
    holder = Lock(tmp_path)
    assert holder.acquire()
    holder.tell(Trouble("the same"))
    file = tmp_path / "ingester.lock"
    os.utime(file, (1, 1))
    holder.tell(Trouble("the same"))
    assert file.stat().st_mtime == 1
    holder.release()
