"""Who feeds a store keeps room beside it, and says where it cannot; who deletes rows may have it."""

import pytest

from config.files import reserve
from config.schema import Config
from config.telemetry import observe
from tests.support.feeding import spool_message
from tracker.ingest import reserving
from tracker.ingest.catch_up import catch_up
from tracker.ingest.reserving import Reserving


@pytest.fixture
def config(storing: Config) -> Config:
    """Return a configuration whose store is there."""
    spool_message(storing, "Spring", 1)
    catch_up(storing)
    return storing


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return the names of what is logged."""
    names: list[str] = []
    monkeypatch.setattr(observe, "log", lambda event, **_: names.append(event.name))
    monkeypatch.setattr(reserving, "EACH_S", 0.0)
    return names


def lacking() -> float:
    """Return what the metric says."""
    value = observe.REGISTRY.get_sample_value("waypost_store_reserve_lacking_octets")
    assert value is not None
    return value


def test_what_can_be_kept_is_kept_and_needs_no_word(config: Config, told: list[str]) -> None:
    """The metric says that nothing is missing."""
    Reserving(config.store.path).attend()
    assert reserve.held_octets(config.store.path) == reserve.wanted_octets(config.store.path) > 0
    assert lacking() == 0
    assert told == []


def test_what_cannot_be_kept_is_said_once_and_so_is_that_it_can(
    config: Config, told: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever is tried in between."""
    keeping = Reserving(config.store.path)
    with monkeypatch.context() as disk:
        disk.setattr(reserve, "_free_octets", lambda _store: 0)
        keeping.attend()
        keeping.attend()
    assert told == ["store_reserve_missing"]
    assert lacking() == 2 * reserve.wanted_octets(config.store.path)
    keeping.attend()
    keeping.attend()
    assert lacking() == 0
    assert told == ["store_reserve_missing", "store_reserve_kept"]


def test_a_file_that_cannot_be_made_is_no_reason_not_to_feed(
    config: Config, told: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A folder stands in its place."""
    reserve.file_of(config.store.path).mkdir()
    monkeypatch.setattr(reserve, "held_octets", lambda _store: 0)
    Reserving(config.store.path).attend()
    assert told == ["store_reserve_missing"]
    assert lacking() > 0


def test_what_is_left_of_a_store_that_was_a_file_goes(config: Config, told: list[str]) -> None:
    """Where it was moved to a server, that file needs no room any more; nothing is made anew."""
    Reserving(config.store.path).attend()
    moved = Reserving(config.store.path, is_needed=False)
    for _ in range(2):
        moved.attend()
        assert not reserve.file_of(config.store.path).exists()
    assert (lacking(), told) == (0, [])


def test_room_is_made_on_a_full_disk_alone(
    config: Config, told: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """And said."""
    path = config.store.path
    reserve.keep(path)
    assert reserving.make_room(path) == ""
    monkeypatch.setattr(reserve, "_free_octets", lambda _store: 0)
    assert reserving.make_room(path).startswith(f"The disk is full: {path}.reserve is deleted")
    assert reserving.make_room(path) == ""
    assert told == ["store_reserve_given_up"]
