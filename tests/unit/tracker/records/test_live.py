"""What is in force while a service runs: no loss of a file takes any of it back."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from config.telemetry.observe import REGISTRY
from tests.support.checks.losses import damage, delete, empty
from tests.support.log_lines import capture_logs
from tests.support.state import beside
from tracker.decisions.files import CONSENTS, DECISIONS
from tracker.decisions.overrides import Decision, Overrides, decision
from tracker.records import jsonl, record_file, watch
from tracker.records.live import LiveRecords


@pytest.fixture
def store(tmp_path: Path) -> Path:
    """Name a store."""
    return tmp_path / "waypost.db"


def revoke(store: Path, *hosts: str) -> None:
    """Decide against hosts, as `waypost revoke host` does."""
    for host in hosts:
        DECISIONS.append(beside(store), decision("revoke", "host", host))


def started(store: Path) -> LiveRecords[Decision, Overrides]:
    """Start a service on the store."""
    kill_list = LiveRecords(DECISIONS, beside(store))
    kill_list.refresh()
    return kill_list


def metric(name: str, **labels: str) -> float | None:
    """Return a gauge as monitoring sees it."""
    return REGISTRY.get_sample_value(f"waypost_overrides_{name}", labels)


def test_a_first_start_is_nothing_to_be_told_of(store: Path) -> None:
    """No file, no copy, nothing withdrawn: normal, and no file is made."""
    with capture_logs() as logged:
        assert started(store)().in_force == 0
    assert logged == []
    assert [metric(name) for name in ("in_force", "lost", "damaged_lines")] == [0, 0, 0]
    assert [metric("unusable", what=what) for what in ("file", "copy")] == [0, 0]
    assert list(store.parent.iterdir()) == []


def test_a_decision_is_in_force_at_the_next_look(store: Path) -> None:
    """And another takes it back."""
    kill_list = started(store)
    revoke(store, "one.test", "two.test")
    assert kill_list().hosts == set()
    kill_list.refresh()
    assert kill_list().hosts == {"one.test", "two.test"}
    assert metric("in_force") == 2
    DECISIONS.append(beside(store), decision("restore", "host", "one.test"))
    kill_list.refresh()
    assert kill_list().hosts == {"two.test"}


def replace(file: Path) -> None:
    """Put something else into its place."""
    file.unlink()
    file.mkdir()


LOSSES = pytest.mark.parametrize(
    "lose", [delete, empty, damage, replace], ids=lambda lose: lose.__name__
)


@LOSSES
@pytest.mark.parametrize("restarted", [False, True], ids=["running", "restarted"])
def test_a_lost_file_takes_nothing_back(
    store: Path, lose: Callable[[Path], None], *, restarted: bool
) -> None:
    """Neither in memory nor, by the copy, after a restart; what is decided then comes on top."""
    revoke(store, "one.test", "two.test")
    kill_list = started(store)
    lose(DECISIONS.file_of(beside(store)))
    kill_list.refresh()
    if restarted:
        kill_list = started(store)
    assert kill_list().hosts == {"one.test", "two.test"}
    assert metric("in_force") == 2
    if lose is replace:
        assert metric("unusable", what="file") == 1
        return
    assert metric("lost") == 2
    assert metric("damaged_lines") == (2 if lose is damage else 0)
    revoke(store, "three.test")
    DECISIONS.append(beside(store), decision("restore", "host", "one.test"))
    kill_list.refresh()
    assert kill_list().hosts == started(store)().hosts == {"two.test", "three.test"}
    assert metric("lost") == 2


def test_a_loss_is_logged_once_and_its_end_as_well(store: Path) -> None:
    """With the number, and where they are still to be found."""
    revoke(store, "one.test", "two.test")
    kill_list = started(store)
    DECISIONS.file_of(beside(store)).unlink()
    with capture_logs() as logged:
        for _ in range(3):
            kill_list.refresh()
        DECISIONS.file_of(beside(store)).write_bytes(DECISIONS.copy_of(beside(store)).read_bytes())
        kill_list.refresh()
    lost, found = logged
    assert (lost["event"], lost["lines"]) == ("overrides_lost", 2)
    assert lost["copy"] == str(DECISIONS.copy_of(beside(store)))
    assert found["event"] == "overrides_found"
    assert metric("lost") == 0


def test_a_lost_copy_is_written_anew(store: Path) -> None:
    """From memory, even with the file gone as well."""
    revoke(store, "one.test")
    kill_list = started(store)
    DECISIONS.file_of(beside(store)).unlink()
    DECISIONS.copy_of(beside(store)).unlink()
    kill_list.refresh()
    assert started(store)().hosts == {"one.test"}


def test_a_file_that_cannot_be_read_at_the_start_fails_open(store: Path) -> None:
    """P8: links live, it is told, and the file counts as soon as it can be read."""
    file = DECISIONS.file_of(beside(store))
    file.mkdir()
    with capture_logs() as logged:
        kill_list = started(store)
        kill_list.refresh()
    assert kill_list().in_force == 0
    assert [each["event"] for each in logged] == ["file_unusable"]
    assert metric("unusable", what="file") == 1
    file.rmdir()
    revoke(store, "one.test")
    kill_list.refresh()
    assert kill_list().hosts == {"one.test"}
    assert metric("unusable", what="file") == 0


def test_a_copy_that_cannot_be_written_is_told_once_and_tried_again(store: Path) -> None:
    """Meanwhile decisions are in force all the same."""
    DECISIONS.copy_of(beside(store)).mkdir()
    revoke(store, "one.test")
    with capture_logs() as logged:
        kill_list = started(store)
        kill_list.refresh()
    assert kill_list().hosts == {"one.test"}
    assert [each["event"] for each in logged].count("overrides_not_copied") == 1
    assert metric("unusable", what="copy") == 1
    DECISIONS.copy_of(beside(store)).rmdir()
    kill_list.refresh()
    assert metric("unusable", what="copy") == 0
    DECISIONS.file_of(beside(store)).unlink()
    assert started(store)().hosts == {"one.test"}


def test_a_copy_that_can_only_be_read_is_in_force(
    store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A full disk at the start does not revive what only the copy knows."""
    DECISIONS.remember(beside(store), (decision("revoke", "host", "one.test"),))
    revoke(store, "two.test")

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(record_file, "locked", full)
    assert started(store)().hosts == {"one.test", "two.test"}
    assert metric("unusable", what="copy") == 1


def test_two_trackers_know_the_same(store: Path) -> None:
    """What one of them learned from a file that is gone, the other finds in the copy."""
    first, second = started(store), started(store)
    revoke(store, "one.test")
    first.refresh()
    DECISIONS.file_of(beside(store)).unlink()
    second.refresh()
    assert second().hosts == {"one.test"}


async def test_it_is_watched(store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Within seconds, without a signal."""
    monkeypatch.setattr(watch, "INTERVAL_S", 0.01)
    kill_list = started(store)
    async with watch.watching(kill_list), asyncio.timeout(10):
        revoke(store, "one.test")
        while not kill_list().hosts:  # noqa: ASYNC110 - a test looks from outside
            await asyncio.sleep(0.01)
    assert kill_list().hosts == {"one.test"}


def test_who_only_looks_leaves_the_copy_to_others(store: Path) -> None:
    """As the process for large messages does, which comes and goes."""
    revoke(store, "one.test")
    kill_list = LiveRecords(DECISIONS, beside(store))
    revoke(store, "two.test")
    kill_list.look()
    assert kill_list().hosts == {"one.test", "two.test"}
    assert not DECISIONS.copy_of(beside(store)).exists()


def test_a_copy_that_cannot_be_read_any_more_is_told(store: Path) -> None:
    """Even while nothing new is to be written there."""
    revoke(store, "one.test")
    kill_list = started(store)
    kill_list.refresh()
    DECISIONS.copy_of(beside(store)).unlink()
    DECISIONS.copy_of(beside(store)).mkdir()
    kill_list.refresh()
    assert metric("unusable", what="copy") == 1
    assert kill_list().hosts == {"one.test"}
    DECISIONS.copy_of(beside(store)).rmdir()
    kill_list.refresh()
    assert metric("unusable", what="copy") == 0
    assert DECISIONS.copy_of(beside(store)).exists()


def test_at_rest_nothing_is_read(store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The proxy looks at every message."""
    revoke(store, "one.test")
    kill_list = started(store)
    kill_list.refresh()
    read: list[Path] = []
    real = jsonl.octets_of
    monkeypatch.setattr(jsonl, "octets_of", lambda path: read.append(path) or real(path))
    kill_list.refresh()
    assert read == []
    revoke(store, "two.test")
    kill_list.refresh()
    assert DECISIONS.file_of(beside(store)) in read


def test_threads_look_at_one_time(store: Path) -> None:
    """The one that watches, and those with messages: each sees what was there before it looked."""
    kill_list = started(store)

    def decide(number: int) -> bool:
        host = f"{number}.test"
        DECISIONS.append(beside(store), decision("revoke", "host", host))
        (kill_list.refresh if number % 2 else kill_list.look)()
        return host in kill_list().hosts

    with ThreadPoolExecutor(8) as threads:
        assert all(threads.map(decide, range(200)))
    kill_list.refresh()
    assert len(started(store)().hosts) == 200


def test_what_other_nodes_said_is_in_force_too(store: Path) -> None:
    """From the file to which their log is written; this node's own file has not lost it."""
    kill_list = LiveRecords(DECISIONS, beside(store))
    line = jsonl.dump([decision("revoke", "host", "far.test")], DECISIONS.adapter)
    DECISIONS.shared_of(beside(store)).write_bytes(b'{"seq":7,' + line[1:])
    kill_list.refresh()
    assert kill_list().hosts == {"far.test"}
    assert REGISTRY.get_sample_value("waypost_overrides_lost") == 0


def test_what_other_nodes_agreed_to_is_not_taken_for_nothing(store: Path) -> None:
    """Where that cannot be read, nor anything else: mail must not be tracked then."""
    CONSENTS.shared_of(beside(store)).mkdir()
    consents = LiveRecords(CONSENTS, beside(store))
    with pytest.raises(OSError, match=r"consents\.shared"):
        consents()
