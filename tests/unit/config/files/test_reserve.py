"""Room is kept beside a store where there is some, and given up where there is none."""

from pathlib import Path

import pytest

from config.files import reserve

MIB = 1024 * 1024


@pytest.fixture
def store(tmp_path: Path) -> Path:
    """Return a store of 100,000 octets."""
    path = tmp_path / "waypost.db"
    path.write_bytes(bytes(100_000))
    return path


def free(octets: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have so much free on the disk, as far as the reserve can tell."""
    monkeypatch.setattr(reserve, "_free_octets", lambda _store: octets)


def test_it_is_made_for_its_owner_alone_with_room_that_is_taken(store: Path) -> None:
    """Not a file with a hole, which keeps nothing."""
    reserve.keep(store)
    found = reserve.file_of(store).stat()
    assert found.st_size == reserve.held_octets(store) == MIB
    assert found.st_blocks * 512 >= MIB
    assert found.st_mode & 0o777 == 0o600


def test_it_grows_with_the_store_up_to_a_bound(store: Path) -> None:
    """And never shrinks by itself."""
    reserve.keep(store)
    store.write_bytes(bytes(MIB))
    reserve.keep(store)
    assert reserve.held_octets(store) == 4 * MIB
    store.write_bytes(bytes(100_000))
    reserve.keep(store)
    assert reserve.held_octets(store) == 4 * MIB
    store.write_bytes(bytes(40 * MIB))
    assert reserve.wanted_octets(store) == reserve.MOST_OCTETS


def test_nothing_is_kept_for_a_store_that_is_not_there(tmp_path: Path) -> None:
    """There is nothing to delete in it."""
    store = tmp_path / "waypost.db"
    reserve.keep(store)
    assert not reserve.file_of(store).exists()
    assert reserve.lacking_octets(store) == 0


def test_it_leaves_as_much_free_as_it_takes(store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Else the next purge would find the disk full because of it."""
    free(2 * MIB - 1, monkeypatch)
    reserve.keep(store)
    assert reserve.held_octets(store) == 0
    assert reserve.lacking_octets(store) == 2 * MIB
    free(2 * MIB, monkeypatch)
    assert reserve.lacking_octets(store) == 0
    reserve.keep(store)
    assert reserve.held_octets(store) == MIB


def test_it_is_given_up_where_less_is_free_than_it_holds(
    store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Once: then there is none."""
    reserve.keep(store)
    free(MIB, monkeypatch)
    assert reserve.give_up(store) == 0
    free(MIB - 1, monkeypatch)
    assert reserve.give_up(store) == MIB
    assert not reserve.file_of(store).exists()
    assert reserve.give_up(store) == 0
