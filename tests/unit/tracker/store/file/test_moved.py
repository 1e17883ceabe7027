"""A store in a file that was given up for another place."""

from pathlib import Path

import pytest

from tests.support import moving
from tracker.store import database
from tracker.store.file import moved
from tracker.store.opened import StoreError


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Return a store in a file."""
    return moving.fed(tmp_path / "w.db")


def test_it_says_where_it_went_and_what_to_do(path: Path) -> None:
    """Until it is taken back."""
    assert moved.find(path) is None
    assert moved.give_up(path, "postgresql:///one")
    found = moved.find(path)
    assert found is not None
    assert "is being copied to postgresql:///one, or was" in str(found)
    assert f"delete {path}.moved" in str(found)
    moved.take_back(path)
    moved.take_back(path)
    assert moved.find(path) is None


def test_it_may_be_given_up_for_another_place_again(path: Path) -> None:
    """As where the first had no room for it; who can read the file is the owner alone."""
    moved.give_up(path, "one")
    assert not moved.give_up(path, "two")
    assert moved.find(path) == moved.Moved(path, "two")
    assert moved.mark_of(path).stat().st_mode & 0o777 == 0o600


def test_nobody_changes_it_any_more(path: Path) -> None:
    """Neither who opens it now, nor who has had it open."""
    with database.changing(path) as before:
        moved.give_up(path, "elsewhere")
        with pytest.raises(StoreError, match="is being copied to elsewhere"), before.transaction():
            pass
    with pytest.raises(StoreError) as told, database.changing(path):
        pass
    assert told.value.cause == "moved"


def test_it_is_read_as_before(path: Path) -> None:
    """Pages and reports show what was counted until then."""
    moved.give_up(path, "elsewhere")
    with database.reading(path) as db:
        assert db.execute("SELECT count(*) FROM clicks").fetchone()[0] > 0


def test_a_link_in_its_place_is_not_followed(path: Path, tmp_path: Path) -> None:
    """What it leads to may be nobody's business."""
    (tmp_path / "secret").write_text("of root\n")
    moved.mark_of(path).symlink_to(tmp_path / "secret")
    assert moved.find(path) is None
