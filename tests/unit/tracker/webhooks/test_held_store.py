"""The store of a sender, whatever becomes of its file."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from tracker.store.file import replacement
from tracker.store.file.file_store import FileStore
from tracker.webhooks.held_store import HeldStore


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Return the path of a store."""
    path = tmp_path / "waypost.db"
    FileStore.open(path).close()
    return path


@pytest.fixture
def held(path: Path) -> Iterator[HeldStore]:
    """Hold it."""
    store = HeldStore(path)
    with contextlib.closing(store):
        yield store


def test_a_change_is_all_or_nothing(held: HeldStore) -> None:
    """What raises leaves nothing."""
    with held.transaction() as db:
        db.execute("INSERT INTO webhooks (name) VALUES ('one')")
    with contextlib.suppress(ZeroDivisionError), held.transaction() as db:
        db.execute("INSERT INTO webhooks (name) VALUES ('two')")
        _ = 1 / 0
    assert [row["name"] for row in held.db()["webhooks"].rows] == ["one"]


def test_another_file_in_its_place_is_opened(held: HeldStore, path: Path) -> None:
    """Nothing is asked of, or written to, a file that is gone."""
    with held.transaction() as db:
        db.execute("INSERT INTO webhooks (name) VALUES ('one')")
    for each in path.parent.glob("waypost.db*"):
        each.unlink()
    FileStore.open(path).close()
    assert list(held.db()["webhooks"].rows) == []


def test_it_is_told_whether_there_is_a_file(held: HeldStore, path: Path) -> None:
    """Before the first event there is none."""
    assert held.is_there
    assert not HeldStore(path.with_name("other.db")).is_there


def test_who_is_to_stop_waits_for_no_replacement(path: Path) -> None:
    """That may take minutes."""
    with contextlib.closing(HeldStore(path, lambda: True)) as held:
        held.db()
        with (
            replacement.replacing(path, "rewritten"),
            pytest.raises(InterruptedError),
            held.transaction(),
        ):
            raise AssertionError
